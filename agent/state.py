"""What the graph remembers between nodes and turns.

`last_*` fields and the turn are ids and live as long as the conversation. All others are words of a
turn: they are set anew by its first node (`fresh_turn`), pass from node to node and never reach a
checkpoint; where a turn waits for an answer, they wait with the question (`agent.words`). Knows
names of fields. Does not know pictures, tokens or tensors: those stay in memory and travel as ids.
"""

from typing import Annotated, Any, Final, Literal, TypeVar

from langchain_core.messages import AnyMessage
from langgraph.channels import UntrackedValue

# Python 3.11 makes no JSON schema of its own TypedDict.
from typing_extensions import TypedDict

from omnipersona.model.bagel.prompts import Intent, PictureRef

T = TypeVar("T")
Passing = Annotated[T, UntrackedValue]
"""A channel whose value lives as long as a run of the graph."""

EvidenceSource = Literal["you said", "from a file", "learned tokens", "nobody"]


class ConceptCard(TypedDict):
    """One of the user's concepts, as far as a conversation needs it.

    Fields: its id, its name as spelled, its noun or "", whether it has tokens to use, and what to
    say about a running learning job ("" if none runs).
    """

    concept_id: str
    name: str
    kind: str
    has_tokens: bool
    learning: str


class Evidence(TypedDict):
    """One retrieved answer and who gave it.

    Fields: the question (with slots), the answer or "", its source, the id of the fact behind it
    or "", when that was said, the model's confidence in [0, 1] or None where it gives none, and
    what the other witness says where it differs.
    """

    question: str
    answer: str
    source: EvidenceSource
    fact_id: str
    when: str
    confidence: float | None
    other: str


class Teaching(TypedDict):
    """What is known so far about a concept to be taught; `facts` are [attribute, value]."""

    name: str
    kind: str
    facts: list[list[str]]
    picture_ids: list[str]
    asks_consent: bool
    has_consent: bool


class InputState(TypedDict, total=False):
    """What a turn brings: words and the ids of kept pictures, or messages of another graph.

    Of messages the last one of a person counts, with its pictures. `last_picture_id` comes only
    where the conversation was held elsewhere so far. The assistant's own session gives `turn_id`
    alone; words are in the context there.
    """

    text: str
    picture_ids: list[str]
    messages: list[AnyMessage]
    last_picture_id: str
    turn_id: str


class OutputState(TypedDict, total=False):
    """What a turn gives back: the answer, also as a message, its pictures and how it came about."""

    answer: str
    reply_picture_ids: list[str]
    details: dict[str, Any]
    messages: list[AnyMessage]


class State(TypedDict, total=False):
    """The conversation and the turn in progress."""

    turn_id: str
    last_concept_id: str
    last_picture_id: str
    last_drawing_id: str

    messages: Passing[list[AnyMessage]]
    text: Passing[str]
    picture_ids: Passing[list[str]]
    cards: Passing[list[ConceptCard]]
    message: Passing[str]
    names: Passing[list[str]]
    concept_ids: Passing[list[str]]
    num_mentioned: Passing[int]
    new_names: Passing[list[str]]
    intent: Passing[Intent]
    picture_ref: Passing[PictureRef]
    concepts: Passing[list[str]]
    questions: Passing[list[str]]
    evidence: Passing[list[Evidence]]
    prompt: Passing[str]
    source_picture_id: Passing[str]
    teaching: Passing[Teaching]
    choice: Passing[str]
    wants_new_seed: Passing[bool]
    notes: Passing[list[str]]
    answer: Passing[str]
    reply_picture_ids: Passing[list[str]]
    details: Passing[dict[str, Any]]


KEPT: Final = ("turn_id", "last_concept_id", "last_picture_id", "last_drawing_id")
"""Fields that checkpoints hold."""


def fresh_turn() -> State:
    """Return the per-turn fields at their starting values."""
    return State(
        cards=[],
        message="",
        names=[],
        concept_ids=[],
        num_mentioned=0,
        new_names=[],
        intent="converse",
        picture_ref="none",
        concepts=[],
        questions=[],
        evidence=[],
        prompt="",
        source_picture_id="",
        teaching=Teaching(
            name="", kind="", facts=[], picture_ids=[], asks_consent=False, has_consent=False
        ),
        choice="",
        wants_new_seed=False,
        notes=[],
        answer="",
        reply_picture_ids=[],
        details={},
    )

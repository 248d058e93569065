"""What the graph remembers between nodes and turns: text and ids only, so that it checkpoints.

Knows names of fields. Does not know pictures, tokens or tensors: those stay in memory and travel
as ids. `last_*` fields live as long as the conversation; all others are set anew by the first node
of every turn (`fresh_turn`).
"""

from typing import Any, Literal, NotRequired, TypedDict

from omnipersona.model.skills import Intent, PictureRef

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


class InputState(TypedDict):
    """What a turn brings: the user's words and the ids of pictures stored for them.

    `last_picture_id` comes only where the conversation was held elsewhere so far.
    """

    text: str
    picture_ids: list[str]
    last_picture_id: NotRequired[str]


class State(TypedDict, total=False):
    """The conversation and the turn in progress."""

    text: str
    picture_ids: list[str]

    last_concept_id: str
    last_picture_id: str
    last_drawing_id: str

    cards: list[ConceptCard]
    message: str
    names: list[str]
    concept_ids: list[str]
    num_mentioned: int
    new_names: list[str]
    intent: Intent
    picture_ref: PictureRef
    concepts: list[str]
    questions: list[str]
    evidence: list[Evidence]
    prompt: str
    source_picture_id: str
    teaching: Teaching
    choice: str
    wants_new_seed: bool
    notes: list[str]
    answer: str
    reply_picture_ids: list[str]
    details: dict[str, Any]


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

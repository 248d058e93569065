"""What the graph remembers between nodes and turns.

`last_*` fields and the turn are ids and live as long as the conversation. All others are words of a
turn: they are set anew by its first node (`fresh_turn`), pass from node to node and never reach a
checkpoint; where a turn waits for an answer, they wait with the question (`agent.words`). Knows
names of fields. Does not know pictures, tokens or tensors: those stay in memory and travel as ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar

from langchain_core.messages import AnyMessage
from langgraph.channels import UntrackedValue
from pydantic import TypeAdapter

# Python 3.11 makes no JSON schema of its own TypedDict.
from typing_extensions import TypedDict

from omnipersona.model.contract import Intent, PictureRef
from omnipersona.model.slotted_text import ConceptRef, SlottedText

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One retrieved answer and who gave it.

    Attributes:
        question: What was asked.
        answer: Empty where nobody knows.
        source: Who said it.
        fact_id: Of the fact behind it; "" for none.
        when: When that was said.
        confidence: The model's, in [0, 1]; None where it gives none.
        other: What the other witness says where it differs.
    """

    question: SlottedText
    answer: SlottedText = SlottedText()
    source: EvidenceSource = "nobody"
    fact_id: str = ""
    when: str = ""
    confidence: float | None = None
    other: SlottedText = SlottedText()

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-able values, names as spelled."""
        return {
            "question": self.question.spelled,
            "answer": self.answer.spelled,
            "source": self.source,
            "fact_id": self.fact_id,
            "when": self.when,
            "confidence": self.confidence,
            "other": self.other.spelled,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What the message says of a concept, or of the user where the subject is None."""

    subject: ConceptRef | None
    attribute: str
    value: SlottedText


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
    message: Passing[SlottedText]
    in_play: Passing[list[ConceptRef]]
    intent: Passing[Intent]
    picture_ref: Passing[PictureRef]
    about: Passing[list[ConceptRef]]
    questions: Passing[list[SlottedText]]
    said: Passing[list[Said] | None]
    evidence: Passing[list[Evidence]]
    prompt: Passing[SlottedText]
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
        message=SlottedText(),
        in_play=[],
        intent="converse",
        picture_ref="none",
        about=[],
        questions=[],
        said=[],
        evidence=[],
        prompt=SlottedText(),
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


_WORDS: Final = TypeAdapter(State)


def words_of(state: State) -> dict[str, Any]:
    """Return the words of a turn as JSON-able values, to be kept beside a question."""
    passing = {key: value for key, value in state.items() if key not in (*KEPT, "messages")}
    words: dict[str, Any] = _WORDS.dump_python(State(**passing), mode="json")  # type: ignore[typeddict-item]
    return words


def with_words_of(kept: Mapping[str, Any]) -> State:
    """Return the words of a turn as they were kept.

    Raises: ValueError: they were kept by another edition and cannot be read.
    """
    return _WORDS.validate_python(dict(kept))


def new_names(state: State) -> list[ConceptRef]:
    """Return the names in the message that nobody has yet, in order of mention."""
    return [one for one in state["message"].concepts if not one.id]

"""The common form of a data set: concepts with their photos, and the items asked of a model.

In every text the item's concept stands as its slot `<c0>`, so that a text can go into a request
with that concept alone. Does not know how any data set is laid out, nor how answers are scored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar

from omnipersona.bench.datasets.folder import DatasetError, Photo
from omnipersona.model.contract import slot

SLOT: Final = slot(0)

Layout = Literal["unifybench", "yollava", "rap"]
Group = Literal["own", "look_alike", "other_concept", "easy"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Concept:
    """Someone or something to be learned.

    Attributes:
        name: Its name in the data set, without angle brackets.
        kind: Its noun ("dog"), or None where the data set does not say.
        description: How it looks, in words; may be empty.
        facts: Sentences that no training photo shows.
        training_photos: What it is learned from; one at least.
        test_photos: Photos kept back.
        look_alikes: Photos of something that is easily taken for it.
    """

    name: str
    kind: str | None
    description: str
    facts: tuple[str, ...]
    training_photos: tuple[Photo, ...]
    test_photos: tuple[Photo, ...] = ()
    look_alikes: tuple[Photo, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RecognitionItem:
    """Is the concept in this photo? `group` says where the photo comes from."""

    concept: str
    photo: Photo
    question: str
    is_present: bool
    group: Group


@dataclass(frozen=True, kw_only=True, slots=True)
class VisualQuestion:
    """An open question about a photo."""

    concept: str
    photo: Photo
    question: str
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TextQuestion:
    """An open question about the concept, without a photo."""

    concept: str
    question: str
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoiceQuestion:
    """A question with lettered options, about a photo if there is one.

    Attributes:
        concept: Whom it is about.
        photo: None where it is about what was learned.
        question: Without its options, except where these could not be told from it.
        options: Letters and texts; empty where they stand in the question.
        answer: The right letter.
    """

    concept: str
    photo: Photo | None
    question: str
    options: tuple[tuple[str, str], ...]
    answer: str

    def written(self) -> str:
        """Write the question, its options and how to answer, one a line."""
        lines = [f"{letter}. {text}" for letter, text in self.options]
        return "\n".join([self.question, *lines, "Answer with the letter of one option."])


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerationPrompt:
    """Something to draw.

    Attributes:
        concept: Who is drawn.
        prompt: What the user would write.
        facts: Sentences among which those stand that the picture must show; empty where the
            prompt says all.
        explicit: The prompt with the needed facts written out, where the data set has it.
    """

    concept: str
    prompt: str
    facts: tuple[str, ...] = ()
    explicit: str | None = None

    @property
    def needs_knowledge(self) -> bool:
        """Say whether the picture must show what the prompt does not."""
        return bool(self.facts) or self.explicit is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class EditItem:
    """A change to make to a photo; `kind` is one of `training`'s kinds of edits."""

    concept: str
    photo: Photo
    instruction: str
    kind: str


Item = (
    RecognitionItem | VisualQuestion | TextQuestion | ChoiceQuestion | GenerationPrompt | EditItem
)
AnyItem = TypeVar("AnyItem", bound=Item)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """A data set in the common form.

    Attributes:
        layout: How it lies on disk.
        folder: Where.
        concepts: By the data set's own order, or by name.
        items: By concept, in the data set's order.
        easy_negatives: Photos with none of the concepts.
    """

    layout: Layout
    folder: Path
    concepts: tuple[Concept, ...]
    items: tuple[Item, ...]
    easy_negatives: tuple[Photo, ...] = ()

    def concept(self, name: str) -> Concept:
        """Return a concept by name; raise DatasetError if there is none."""
        for one in self.concepts:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.concepts)
        raise DatasetError(f"{self.folder} has no concept '{name}'; it has {known}.")

    def of(self, kind: type[AnyItem], concept: str | None = None) -> Iterator[AnyItem]:
        """Yield the items of one class, of one concept or of all."""
        for item in self.items:
            if isinstance(item, kind) and concept in (None, item.concept):
                yield item

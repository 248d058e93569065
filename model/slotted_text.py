"""A text and the concepts it names, as one value: shown to a person, or to a model.

A name never reaches a model: it reads slots, `<c0>`, `<c1>`, ..., and writes them. Imports no
torch. Knows slots. Does not know how people spell names.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from omnipersona.model.contract import slot

_SLOT: Final = re.compile(r"<c(\d+)>")


@dataclass(frozen=True, slots=True)
class ConceptRef:
    """A concept that a text names.

    Attributes:
        name: As its user spells it.
        id: Of the store; "" for a name that nobody has yet.
    """

    name: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class SlottedText:
    """A text with concepts.

    Attributes:
        template: The text with slots, numbered by first mention; what a model reads of it alone.
        concepts: `concepts[i]` stands at `<ci>`; each once, and none that is not mentioned.
    """

    template: str = ""
    concepts: tuple[ConceptRef, ...] = ()

    @classmethod
    def of(cls, text: str, concepts: Sequence[ConceptRef]) -> Self:
        """Return a text whose slot `<ci>` is `concepts[i]`.

        Raises: IndexError: a slot names none of the concepts.
        """
        named = [concepts[int(match[1])] for match in _SLOT.finditer(text)]
        order = tuple(dict.fromkeys(named))
        template = _SLOT.sub(lambda match: slot(order.index(concepts[int(match[1])])), text)
        return cls(template, order)

    @property
    def spelled(self) -> str:
        """The text for a person, e.g. `<bo> at the beach`."""
        return _SLOT.sub(lambda match: f"<{self.concepts[int(match[1])].name}>", self.template)

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.template.strip())


class Slots:
    """The numbering of a request: one for all of its texts.

    Args:
        concepts: In the order of their slots; each once.
    """

    def __init__(self, concepts: Iterable[ConceptRef]) -> None:
        self.concepts: Final = tuple(dict.fromkeys(concepts))

    @classmethod
    def of(cls, *texts: SlottedText, also: Iterable[ConceptRef] = ()) -> Self:
        """Return a numbering of the concepts that texts mention, by mention; then of others."""
        return cls((*(one for text in texts for one in text.concepts), *also))

    def write(self, text: SlottedText) -> str:
        """Return a text for the model."""
        order = [self.of_concept(one) for one in text.concepts]
        return _SLOT.sub(lambda match: order[int(match[1])], text.template)

    def read(self, text: str) -> SlottedText:
        """Return what the model wrote; slots that it was not given lose their meaning and go."""
        known = _SLOT.sub(
            lambda match: match[0] if int(match[1]) < len(self.concepts) else "", text
        )
        return SlottedText.of(known, self.concepts)

    def of_concept(self, concept: ConceptRef) -> str:
        """Return the slot of a concept."""
        return slot(self.concepts.index(concept))

    def concept(self, text: str) -> ConceptRef:
        """Return the concept of one slot, e.g. `<c0>`.

        Raises: ValueError: the text is no slot of this numbering.
        """
        match = _SLOT.fullmatch(text)
        if match is None or int(match[1]) >= len(self.concepts):
            raise ValueError(f"{text!r} is none of the {len(self.concepts)} slots.")
        return self.concepts[int(match[1])]

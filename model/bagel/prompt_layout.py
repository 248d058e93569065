"""Where concept vectors stand: the prefix `<sks> is <und_1>...<gen_16>.` and slots in texts.

Knows the tokenizer and segments. Does not know values of vectors: a concept is a place in the
request's soft-vector table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from omnipersona.model.bagel.sequence import SoftRow, TextSegment
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.concepts.tokens import ConceptTokens
from omnipersona.model.contract import Routing

Use = Literal["read", "draw"]
"""What a prompt is for: answers in words, or a picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConceptRows:
    """Where one concept's vectors lie in a soft table: sks, und, gen, and gen_sks if it has one.

    Attributes:
        start: Row of the sks vector.
        num_und: Understanding tokens.
        num_gen: Generation tokens.
        routing: Which expert reads the gen tokens.
        has_gen_sks: Whether drawn prompts have an identifier of their own; it lies last.
    """

    start: int
    num_und: int
    num_gen: int
    routing: Routing = "decoupled"
    has_gen_sks: bool = False

    @property
    def num_rows(self) -> int:
        """Rows of the concept."""
        return 1 + self.num_und + self.num_gen + self.has_gen_sks

    def identifier(self, use: Use) -> int:
        """Return the row that fills the concept's slot."""
        return self.start + (self.num_rows - 1 if self.has_gen_sks and use == "draw" else 0)

    @classmethod
    def of(cls, tokens: ConceptTokens, start: int) -> "ConceptRows":
        """Return where a concept's vectors lie if its table begins at a row."""
        return cls(
            start=start,
            num_und=tokens.num_und,
            num_gen=tokens.num_gen,
            routing=tokens.routing,
            has_gen_sks=tokens.gen_sks is not None,
        )


class Prompter:
    """Turns texts with slots into segments.

    Args:
        tokenizer: Of the model.
        concepts: Concept `i` fills slot `<ci>`.
    """

    def __init__(self, tokenizer: Tokenizer, concepts: Sequence[ConceptRows] = ()) -> None:
        self.tokenizer = tokenizer
        self.concepts = tuple(concepts)

    def text(
        self,
        text: str,
        *,
        use: Use = "read",
        has_loss: bool = False,
        weight: float = 1.0,
        dropped: bool = False,
        branch: int = 0,
    ) -> TextSegment:
        """Return a text between begin and end; filled slots become identifiers."""
        ids, places = self.tokenizer.encode(text, filled=range(len(self.concepts)))
        return TextSegment(
            ids=[self.tokenizer.begin, *ids, self.tokenizer.end],
            soft=tuple(
                SoftRow(at=at + 1, index=self.concepts[c].identifier(use)) for at, c in places
            ),
            has_loss=has_loss,
            weight=weight,
            dropped=dropped,
            branch=branch,
        )

    def exchange(
        self, question: str, answer: str, branch: int, weight: float = 1.0
    ) -> tuple[TextSegment, TextSegment]:
        """Return a question and the answer that is learned, both on a side branch.

        Questions name what others ask for ("what color is the dog?"); on branches of their own
        they cannot be read instead of the picture.
        """
        asked = self.text(question, branch=branch)
        return asked, self.text(answer, has_loss=True, weight=weight, branch=branch)

    def prefix(self, index: int, use: Use) -> TextSegment:
        """Return `<sks> is <und...> <gen...>.` of concept `index`, a segment of its own.

        Under `apart` routing, only the tokens of the side that the prompt is for.
        """
        rows = self.concepts[index]
        shown = range(rows.num_und + rows.num_gen)
        if rows.routing == "apart":
            shown = shown[: rows.num_und] if use == "read" else shown[rows.num_und :]
        token = self.tokenizer
        begin = token.begin
        middle, _ = token.encode(" is")
        first = 2 + len(middle)
        soft = [SoftRow(at=1, index=rows.identifier(use))]
        for at, i in enumerate(shown, start=first):
            is_gen = i >= rows.num_und and rows.routing != "unified"
            soft.append(SoftRow(at=at, index=rows.start + 1 + i, is_gen=is_gen))
        ids = [begin, begin, *middle, *[begin] * len(shown)]
        return TextSegment(ids=[*ids, *token.encode(".")[0], token.end], soft=tuple(soft))

    def prefixes(self, use: Use) -> list[TextSegment]:
        """Return the prefix of every concept in play, in slot order."""
        return [self.prefix(i, use) for i in range(len(self.concepts))]

"""Which facts answer a question; ranks by meaning and knows no language model.

Facts of the concepts that the question is about come first. A fact counts if its meaning is near
enough or if the question names its attribute. Retired facts never count.
"""

import re
from collections.abc import Sequence
from typing import Final

from omnipersona.memory.concepts import ConceptStore
from omnipersona.memory.facts import FactStore
from omnipersona.memory.index import FactIndex, Scores
from omnipersona.memory.records import Fact, RankedFact
from omnipersona.memory.text import clean_text, compare_key

# From a small trial (11 questions, 5 facts) with all-MiniLM-L6-v2: facts that were asked for scored
# 0.26 to 0.63, but one 0.16; unrelated questions reached 0.20, wrong facts of fair ones 0.28.
MIN_SCORE: Final = 0.25
MAX_LIMIT: Final = 100
_DEPTH: Final = 4


class Recall:
    """Search over the facts of one user at a time."""

    def __init__(self, concepts: ConceptStore, facts: FactStore, index: FactIndex) -> None:
        self._concepts = concepts
        self._facts = facts
        self._index = index

    def recall(
        self, user_id: str, question: str, concept_ids: Sequence[str] = (), limit: int = 5
    ) -> tuple[RankedFact, ...]:
        """Return the current facts that bear on `question`, the best first.

        Args:
            user_id: Whose facts.
            question: In plain words.
            concept_ids: Concepts that the question is about; their facts come first.
            limit: Most facts returned, 1 to 100.
        Returns: Facts in an order that the same question always gives; perhaps none.

        Raises:
            UnknownConcept: a concept is not the user's.
            InvalidText: the question is empty or too long.
            ValueError: the limit is out of range.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise ValueError(f"limit is {limit}; it must lie between 1 and {MAX_LIMIT}.")
        question = clean_text(question, "the question")
        for concept_id in concept_ids:
            self._concepts.get(user_id, concept_id)
        # Facts are read while the index is held, so a fact forgotten meanwhile cannot return to it.
        with self._index.held(user_id):
            facts = self._facts.list(user_id, history=True)
            current = [fact for fact in facts if fact.retired_at is None]
            if not current:
                return ()
            named = [fact for fact in current if fact.concept_id in concept_ids]
            others = [fact for fact in current if fact.concept_id not in concept_ids]
            near_named, near_others = self._index.nearest(
                user_id,
                {fact.id: sentence_of(fact) for fact in facts},
                question,
                ([fact.id for fact in named], [fact.id for fact in others]),
                _DEPTH * limit,
            )
        ranked = _rank(named, near_named, question) + _rank(others, near_others, question)
        return tuple(ranked[:limit])


def sentence_of(fact: Fact) -> str:
    """Return what the encoder reads of a fact; names are left out, so renaming costs nothing."""
    return f"{fact.attribute}: {fact.value}"


def _rank(facts: Sequence[Fact], scores: Scores, question: str) -> list[RankedFact]:
    asked = compare_key(question)
    found = [
        (_names(asked, fact), RankedFact(fact=fact, score=round(scores[fact.id], 6)))
        for fact in facts
        if fact.id in scores
    ]
    kept = [pair for pair in found if pair[0] or pair[1].score >= MIN_SCORE]
    # Sorting keeps the order of storing among equals.
    kept.sort(key=lambda pair: (not pair[0], -pair[1].score))
    return [ranked for _, ranked in kept]


def _names(asked: str, fact: Fact) -> bool:
    attribute = re.escape(compare_key(fact.attribute))
    return re.search(rf"(?<!\w){attribute}(?!\w)", asked) is not None

"""Which facts answer a question; ranks by meaning and knows no language model.

Facts of the concepts that the question is about come first. A fact counts if its meaning is near
enough or if the question names its attribute. Retired facts never count. What is read grows like
what is asked for, not like all that is known: the nearest come from the index, what the question
names from the records, and every answer is looked up there.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import sqlalchemy as sa

from omnipersona.memory.encoder import Encoder
from omnipersona.memory.facts import check_concepts, fact_of
from omnipersona.memory.index import FactIndex, Scores, Vectors, as_bytes, as_vectors
from omnipersona.memory.records import Fact, RankedFact
from omnipersona.store.database import Database, Records, Row
from omnipersona.store.schema import fact_vectors, facts
from omnipersona.store.text import clean_text, compare_key

# From a small trial (11 questions, 5 facts) with all-MiniLM-L6-v2: facts that were asked for scored
# 0.26 to 0.63, but one 0.16; unrelated questions reached 0.20, wrong facts of fair ones 0.28.
MIN_SCORE: Final = 0.25
MAX_LIMIT: Final = 100
_DEPTH: Final = 4
_DEEPEST: Final = 4096
_ENCODED_AT_ONCE: Final = 500
_MOST_NAMED: Final = 400  # newest facts of concepts in question, or of an attribute it names
_LONGEST_ATTRIBUTE: Final = 6  # words


class Retriever:
    """Search over the facts of one user at a time."""

    def __init__(self, database: Database, encoder: Encoder, index: FactIndex) -> None:
        self._database = database
        self._encoder = encoder
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
        with self._database.reading(user_id) as records:
            check_concepts(records, concept_ids)
            if records.first(sa.select(facts.c.id).limit(1)) is None:
                return ()
        self._encode_new(user_id)
        self._index.follow(user_id)
        [asked] = as_vectors(as_bytes(self._encoder.encode([question])))
        near = self._near(user_id, asked, concept_ids, limit)
        with self._database.reading(user_id) as records:
            named = _named(records, concept_ids, _attributes(question))
            found = {row["id"]: row for row in (*near, *named)}
            scores = self._scores(records, list(found), asked)
        about = [row for row in found.values() if row["concept_id"] in concept_ids]
        others = [row for row in found.values() if row["concept_id"] not in concept_ids]
        ranked = _rank(about, scores, question) + _rank(others, scores, question)
        return tuple(ranked[:limit])

    def warm_up(self) -> None:
        """Load the encoder now, which takes seconds, instead of at the first search."""
        self._encoder.encode(["ready"])

    def _encode_new(self, user_id: str) -> None:
        """Give vectors to facts that have none of this encoder yet; they may be forgotten soon."""
        name, column = self._encoder.name, facts.c.encoder
        # Three queries, because only so does an index find them among all of the user's facts.
        elsewhere = (column.is_(None), column < name, column > name)
        while True:
            with self._database.reading(user_id) as records:
                queries = (sa.select(facts).where(one) for one in elsewhere)
                found = (records.rows(query.limit(_ENCODED_AT_ONCE)) for query in queries)
                new = next((rows for rows in found if rows), ())
            if not new:
                return
            made = as_bytes(self._encoder.encode([sentence_of(fact_of(row)) for row in new]))
            vectors = dict(zip((row["id"] for row in new), made, strict=True))
            with self._database.writing(user_id) as records:
                # In one order for all, or two of them could wait for each other's rows.
                left = sorted(row["id"] for row in _by_ids(records, list(vectors)))
                for fact_id in left:
                    vector = {"encoder": name, "fact_id": fact_id, "vector": vectors[fact_id]}
                    records.insert_missing(fact_vectors, vector)
                records.update(facts, {"encoder": name}, facts.c.id.in_(left))

    def _near(
        self, user_id: str, asked: Vectors, concept_ids: Sequence[str], limit: int
    ) -> list[Row]:
        """Return current facts that lie nearest, so many that the best are among them."""
        count = _DEPTH * limit
        while True:
            ids = list(self._index.nearest(user_id, asked, count))
            with self._database.reading(user_id) as records:
                rows = _by_ids(records, ids)
            current = [row for row in rows if row["retired_at"] is None]
            others = [row for row in current if row["concept_id"] not in concept_ids]
            if len(others) >= limit or len(ids) < count or count >= _DEEPEST:
                return current
            count *= 4

    def _scores(self, records: Records, ids: list[str], asked: Vectors) -> Scores:
        found = Scores()
        query = sa.select(fact_vectors.c.fact_id, fact_vectors.c.vector).where(
            fact_vectors.c.encoder == self._encoder.name
        )
        for row in records.rows_in(query, fact_vectors.c.fact_id, ids):
            [vector] = as_vectors([row["vector"]])
            found[row["fact_id"]] = float(np.dot(vector, asked))
        return found


def sentence_of(fact: Fact) -> str:
    """Return what the encoder reads of a fact; names are left out, so renaming costs nothing."""
    return f"{fact.attribute}: {fact.value}"


def _by_ids(records: Records, ids: list[str]) -> list[Row]:
    return records.rows_in(sa.select(facts), facts.c.id, ids)


def _named(records: Records, concept_ids: Sequence[str], attributes: set[str]) -> list[Row]:
    """Return the newest current facts of concepts, and those whose attribute the question names."""
    found = list[Row]()
    for where in (
        facts.c.concept_id.in_(list(concept_ids)),
        facts.c.attribute_key.in_(sorted(attributes)),
    ):
        query = sa.select(facts).where(where, facts.c.retired_at.is_(None))
        found += records.rows(query.order_by(facts.c.number.desc()).limit(_MOST_NAMED))
    return found


def _attributes(question: str) -> set[str]:
    """Return every run of words in a question that could be an attribute."""
    words = re.findall(r"[^\W_]+(?:['\u2019-][^\W_]+)*", compare_key(question))
    return {
        " ".join(words[start : start + count])
        for count in range(1, _LONGEST_ATTRIBUTE + 1)
        for start in range(len(words) - count + 1)
    }


def _rank(rows: Iterable[Row], scores: Scores, question: str) -> list[RankedFact]:
    asked = compare_key(question)
    found = [
        (
            _names(asked, row["attribute_key"]),
            row["number"],
            RankedFact(fact=fact_of(row), score=round(scores[row["id"]], 6)),
        )
        for row in rows
        if row["id"] in scores
    ]
    kept = [one for one in found if one[0] or one[2].score >= MIN_SCORE]
    # Among equals the order of storing counts.
    kept.sort(key=lambda one: (not one[0], -one[2].score, one[1]))
    return [ranked for _, _, ranked in kept]


def _names(asked: str, attribute: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(attribute)}(?!\w)", asked) is not None

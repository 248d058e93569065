"""Facts of a user, each with its source; knows nothing of their meaning or of the index.

A fact is never changed: correcting it retires the old one and adds one that replaces it. A fact
that was forgotten is gone with every version that it replaced.
"""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from omnipersona.memory.records import Fact, FactSource
from omnipersona.store.database import Database, Records, Row, new_id, now
from omnipersona.store.errors import UnknownConcept, UnknownFact
from omnipersona.store.schema import concepts, facts
from omnipersona.store.text import clean_text, compare_key

MAX_ATTRIBUTE: Final = 100


class FactStore:
    """Facts, each read and written in the name of one user."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        user_id: str,
        *,
        concept_id: str | None,
        attribute: str,
        value: str,
        source: FactSource,
        origin: str,
    ) -> Fact:
        """Keep a fact and return it; a current fact that says the same is returned instead.

        Args:
            user_id: Whose memory.
            concept_id: What it is about; None is the user.
            attribute: At most 100 characters.
            value: At most 4000 characters.
            source: Who says so.
            origin: Id of the turn, or of the lesson.

        Raises:
            UnknownConcept: the user has no concept of this id.
            InvalidText: the attribute or the value is empty or too long.
        """
        attribute = clean_text(attribute, "the attribute", MAX_ATTRIBUTE)
        value = clean_text(value, "the value")
        with self._database.writing(user_id) as records:
            if concept_id is not None:
                check_concepts(records, [concept_id])
            for fact in _find(
                records,
                _is_about(concept_id),
                facts.c.attribute_key == compare_key(attribute),
                facts.c.retired_at.is_(None),
            ):
                if compare_key(fact.value) == compare_key(value):
                    return fact
            fact = _new_fact(user_id, concept_id, attribute, value, source, origin, None)
            _insert(records, fact)
            return fact

    def correct(
        self, user_id: str, fact_id: str, value: str, *, source: FactSource, origin: str
    ) -> Fact:
        """Retire a fact and return the one that replaces it.

        Raises:
            UnknownFact: the user has no such current fact.
            InvalidText: the value is empty or too long.
        """
        value = clean_text(value, "the value")
        with self._database.writing(user_id) as records:
            old = self._retire(records, user_id, fact_id)
            fact = _new_fact(user_id, old.concept_id, old.attribute, value, source, origin, old.id)
            _insert(records, fact)
            return fact

    def retire(self, user_id: str, fact_id: str) -> Fact:
        """Take a fact out of use, keeping it as history, and return it.

        Raises: UnknownFact: the user has no such current fact.
        """
        with self._database.writing(user_id) as records:
            self._retire(records, user_id, fact_id)
            return self.get(user_id, fact_id)

    def get(self, user_id: str, fact_id: str) -> Fact:
        """Return one fact, current or retired.

        Raises: UnknownFact: the user has no such fact.
        """
        with self._database.reading(user_id) as records:
            found = _find(records, facts.c.id == fact_id)
        if not found:
            raise UnknownFact(f"There is no fact {fact_id[:40]!r}; it may be forgotten.")
        return found[0]

    def list(self, user_id: str, *, history: bool = False) -> tuple[Fact, ...]:
        """Return every current fact, oldest first; with `history` the retired ones too."""
        with self._database.reading(user_id) as records:
            return _find(records, *_unless(history))

    def of_concept(
        self, user_id: str, concept_id: str, *, history: bool = False
    ) -> tuple[Fact, ...]:
        """Return the facts about one concept; none if it is unknown."""
        with self._database.reading(user_id) as records:
            return _find(records, _is_about(concept_id), *_unless(history))

    def of_user(self, user_id: str, *, history: bool = False) -> tuple[Fact, ...]:
        """Return the facts about the user, not about any concept."""
        with self._database.reading(user_id) as records:
            return _find(records, _is_about(None), *_unless(history))

    def newest(
        self,
        user_id: str,
        about: Sequence[str],
        limit: int,
        *,
        attribute: str | None = None,
    ) -> tuple[Fact, ...]:
        """Return the newest current facts about concepts, the newest first.

        Args:
            user_id: Whose.
            about: Ids of concepts; none means the user.
            limit: At most so many.
            attribute: Only those of this very name, in whatever case.
        """
        where = (facts.c.retired_at.is_(None), *_of_attribute(attribute))
        is_meant = facts.c.concept_id.in_(about) if about else _is_about(None)
        query = (
            sa.select(facts).where(*where, is_meant).order_by(facts.c.number.desc()).limit(limit)
        )
        with self._database.reading(user_id) as records:
            return tuple(map(fact_of, records.rows(query)))

    def versions(self, user_id: str, fact_id: str) -> tuple[Fact, ...]:
        """Return a fact and all that it replaced, the newest first.

        Raises: UnknownFact: the user has no such fact.
        """
        with self._database.reading(user_id):
            found = [self.get(user_id, fact_id)]
            while (replaced := found[-1].replaces) is not None:
                found.append(self.get(user_id, replaced))
            return tuple(found)

    def _retire(self, records: Records, user_id: str, fact_id: str) -> Fact:
        fact = self.get(user_id, fact_id)
        if fact.retired_at is not None:
            raise UnknownFact(
                f"The fact '{fact.attribute}: {fact.value[:60]}' was retired before; "
                "correct the one that replaced it."
            )
        records.update(facts, {"retired_at": now()}, facts.c.id == fact_id)
        return fact


def check_concepts(records: Records, concept_ids: Sequence[str]) -> None:
    """Refuse what facts cannot be about.

    Raises: UnknownConcept: a concept is not the owner's.
    """
    known = records.rows_in(sa.select(concepts.c.id), concepts.c.id, concept_ids)
    missing = set(concept_ids) - {row["id"] for row in known}
    if missing:
        raise UnknownConcept(f"There is no concept {min(missing)[:40]!r}; it may be forgotten.")


def fact_of(row: Row) -> Fact:
    """Return the record in a row of the facts table."""
    hidden = ("number", "attribute_key", "encoder")
    return Fact(**{key: value for key, value in row.items() if key not in hidden})


def _find(records: Records, *where: "sa.ColumnElement[bool]") -> tuple[Fact, ...]:
    query = sa.select(facts).where(*where).order_by(facts.c.number)
    return tuple(map(fact_of, records.rows(query)))


def _is_about(concept_id: str | None) -> "sa.ColumnElement[bool]":
    column = facts.c.concept_id
    return column.is_(None) if concept_id is None else column == concept_id


def _of_attribute(attribute: str | None) -> "Sequence[sa.ColumnElement[bool]]":
    return () if attribute is None else (facts.c.attribute_key == compare_key(attribute),)


def _unless(history: bool) -> "Sequence[sa.ColumnElement[bool]]":
    return () if history else (facts.c.retired_at.is_(None),)


def _new_fact(
    user_id: str,
    concept_id: str | None,
    attribute: str,
    value: str,
    source: FactSource,
    origin: str,
    replaces: str | None,
) -> Fact:
    return Fact(
        id=new_id(),
        user_id=user_id,
        concept_id=concept_id,
        attribute=attribute,
        value=value,
        source=source,
        origin=origin,
        created_at=now(),
        replaces=replaces,
        retired_at=None,
    )


def _insert(records: Records, fact: Fact) -> None:
    values: dict[str, Any] = {name: getattr(fact, name) for name in Fact.__slots__}
    records.insert(facts, {**values, "attribute_key": compare_key(fact.attribute)})

"""Facts of a user, each with its source; knows nothing of their meaning or of the index.

A fact is never changed: correcting it retires the old one and adds one that replaces it. A fact
that was forgotten is gone with every version that it replaced.
"""

from typing import Final

from omnipersona.memory.database import BrokenRule, Database, Row, Writer, add_user
from omnipersona.memory.errors import UnknownConcept, UnknownFact
from omnipersona.memory.records import Fact, FactSource, new_id, now
from omnipersona.memory.text import clean_text, compare_key

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
            origin: Id of the message or picture.

        Raises:
            UnknownConcept: the user has no concept of this id.
            InvalidText: the attribute or the value is empty or too long.
        """
        attribute = clean_text(attribute, "the attribute", MAX_ATTRIBUTE)
        value = clean_text(value, "the value")
        with self._database.transaction() as writer:
            add_user(writer, user_id)
            for fact in self._select(user_id, "concept_id IS ? AND retired_at IS NULL", concept_id):
                if _says(fact) == (compare_key(attribute), compare_key(value)):
                    return fact
            fact = _new_fact(user_id, concept_id, attribute, value, source, origin, None)
            _insert(writer, fact)
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
        with self._database.transaction() as writer:
            old = self._retire(writer, user_id, fact_id)
            fact = _new_fact(user_id, old.concept_id, old.attribute, value, source, origin, old.id)
            _insert(writer, fact)
            return fact

    def retire(self, user_id: str, fact_id: str) -> Fact:
        """Take a fact out of use, keeping it as history, and return it.

        Raises: UnknownFact: the user has no such current fact.
        """
        with self._database.transaction() as writer:
            self._retire(writer, user_id, fact_id)
            return self.get(user_id, fact_id)

    def get(self, user_id: str, fact_id: str) -> Fact:
        """Return one fact, current or retired.

        Raises: UnknownFact: the user has no such fact.
        """
        facts = self._select(user_id, "id = ?", fact_id)
        if not facts:
            raise UnknownFact(f"There is no fact {fact_id[:40]!r}; it may be forgotten.")
        return facts[0]

    def list(self, user_id: str, *, history: bool = False) -> tuple[Fact, ...]:
        """Return every current fact, oldest first; with `history` the retired ones too."""
        return self._select(user_id, "(? = 1 OR retired_at IS NULL)", int(history))

    def of_concept(
        self, user_id: str, concept_id: str, *, history: bool = False
    ) -> tuple[Fact, ...]:
        """Return the facts about one concept; none if it is unknown."""
        return self._about(user_id, concept_id, history)

    def of_user(self, user_id: str, *, history: bool = False) -> tuple[Fact, ...]:
        """Return the facts about the user, not about any concept."""
        return self._about(user_id, None, history)

    def _about(self, user_id: str, concept_id: str | None, history: bool) -> tuple[Fact, ...]:
        condition = "concept_id IS ? AND (? = 1 OR retired_at IS NULL)"
        return self._select(user_id, condition, concept_id, int(history))

    def _select(self, user_id: str, condition: str, *values: str | int | None) -> tuple[Fact, ...]:
        rows = self._database.rows(
            f"SELECT * FROM facts WHERE user_id = ? AND {condition} ORDER BY number",
            (user_id, *values),
        )
        return tuple(map(_fact_of, rows))

    def _retire(self, writer: Writer, user_id: str, fact_id: str) -> Fact:
        fact = self.get(user_id, fact_id)
        if fact.retired_at is not None:
            raise UnknownFact(
                f"The fact '{fact.attribute}: {fact.value[:60]}' was retired before; "
                "correct the one that replaced it."
            )
        writer.execute(
            "UPDATE facts SET retired_at = ? WHERE user_id = ? AND id = ?",
            (now(), user_id, fact_id),
        )
        return fact


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


def _insert(writer: Writer, fact: Fact) -> None:
    try:
        writer.execute(
            "INSERT INTO facts (id, user_id, concept_id, attribute, value, source, origin,"
            " created_at, replaces) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (fact.id, fact.user_id, fact.concept_id, fact.attribute, fact.value)
            + (fact.source, fact.origin, fact.created_at, fact.replaces),
        )
    except BrokenRule as error:
        if not error.is_link:
            raise
        raise UnknownConcept(
            f"There is no concept {fact.concept_id!r} to keep a fact about; it may be forgotten."
        ) from error


def _says(fact: Fact) -> tuple[str, str]:
    return compare_key(fact.attribute), compare_key(fact.value)


def _fact_of(row: Row) -> Fact:
    return Fact(**{key: value for key, value in row.items() if key != "number"})

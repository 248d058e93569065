"""Concepts of a user: record, names, token file and photos; knows nothing of what tokens mean."""

import difflib
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from omnipersona.memory.pictures import PictureStore, linked_pictures, picture_of
from omnipersona.memory.records import Concept, ConceptState, Picture
from omnipersona.store.database import Database, Records, Row, new_id, now
from omnipersona.store.errors import DuplicateConcept, InvalidName, UnknownConcept
from omnipersona.store.names import clean_name, name_key, possible_keys
from omnipersona.store.schema import concept_names, concept_photos, concepts
from omnipersona.store.shelf import Shelf
from omnipersona.store.stores import TOKENS
from omnipersona.store.text import clean_text

MAX_KIND: Final = 60
_NAMES_COMPARED: Final = 1000  # for "did you mean"; more would make a slip of the pen slow


class ConceptStore:
    """Concepts, each read and written in the name of one user."""

    def __init__(self, database: Database, shelf: Shelf, pictures: PictureStore) -> None:
        self._database = database
        self._shelf = shelf
        self._pictures = pictures

    def add(
        self, user_id: str, name: str, *, kind: str | None = None, consent: bool = False
    ) -> Concept:
        """Keep a new concept in state "new".

        Raises:
            InvalidName: the name breaks the rules.
            DuplicateConcept: the user has it already, in whatever case.
        """
        name = clean_name(name)
        kind = None if kind is None else clean_text(kind, "the kind", MAX_KIND)
        concept_id, moment = new_id(), now()
        with self._database.writing(user_id) as records:
            _check_free(records, name, None)
            made = {"id": concept_id, "kind": kind, "state": "new", "consent": consent}
            records.insert(concepts, {**made, "created_at": moment, "updated_at": moment})
            _name(records, concept_id, name)
            return self.get(user_id, concept_id)

    def get(self, user_id: str, concept_id: str) -> Concept:
        """Return one concept.

        Raises: UnknownConcept: the user has no concept of this id.
        """
        with self._database.reading(user_id) as records:
            row = records.first(_named().where(concepts.c.id == concept_id))
        if row is None:
            raise UnknownConcept(f"There is no concept {concept_id[:40]!r}; it may be forgotten.")
        return _concept_of(row)

    def find(self, user_id: str, name: str) -> Concept:
        """Return the concept of this name, in whatever case and with or without `<` and `>`.

        Raises: UnknownConcept: the user has none; the text suggests a similar name.
        """
        try:
            key = name_key(name)
        except InvalidName:
            key = ""
        with self._database.reading(user_id) as records:
            named = sa.select(concept_names.c.concept_id).where(concept_names.c.name_key == key)
            found = records.first(named)
            if found is None:
                advice = _advice(records, key)
                raise UnknownConcept(f"I do not know {name[:60]!r} yet. {advice}")
            return self.get(user_id, found["concept_id"])

    def list(self, user_id: str) -> tuple[Concept, ...]:
        """Return the user's concepts, oldest first."""
        with self._database.reading(user_id) as records:
            return tuple(map(_concept_of, records.rows(_named().order_by(concepts.c.number))))

    def in_play(self, user_id: str, text: str, spoken_of: str, limit: int) -> tuple[Concept, ...]:
        """Return the concepts that a text may mean, oldest first.

        Args:
            user_id: Whose.
            text: The user's words.
            spoken_of: Id of the one that "it" would mean; "" for none.
            limit: So many of the oldest come along, whom the words may mean without a name.
        """
        keys = sorted(possible_keys(text))
        with self._database.reading(user_id) as records:
            oldest = sa.select(concepts.c.id).order_by(concepts.c.number).limit(limit)
            ids = {row["id"] for row in records.rows(oldest)} | {spoken_of}
            named = sa.select(concept_names.c.concept_id)
            rows = records.rows_in(named, concept_names.c.name_key, keys)
            return _of_ids(records, sorted(ids | {row["concept_id"] for row in rows}))

    def of_ids(self, user_id: str, concept_ids: Sequence[str]) -> tuple[Concept, ...]:
        """Return those of the concepts that the user has, oldest first."""
        with self._database.reading(user_id) as records:
            return _of_ids(records, concept_ids)

    def names(self, user_id: str, limit: int) -> tuple[str, ...]:
        """Return main names, oldest first, at most so many."""
        query = _named().order_by(concepts.c.number).limit(limit)
        with self._database.reading(user_id) as records:
            return tuple(row["name"] for row in records.rows(query))

    def count(self, user_id: str) -> int:
        """Return how many concepts the user has."""
        query = sa.select(sa.func.count(concepts.c.id).label("count")).select_from(concepts)
        with self._database.reading(user_id) as records:
            row = records.first(query)
        return 0 if row is None else int(row["count"])

    def of_other_weights(self, user_id: str, base_fingerprint: str) -> tuple[Concept, ...]:
        """Return learned concepts, oldest first, whose tokens belong to others than these weights.

        Only those that have photos to be learned from again.
        """
        has_photos = sa.select(concept_photos.c.concept_id)
        query = _named().where(
            concepts.c.state == "ready",
            concepts.c.base_fingerprint != base_fingerprint,
        )
        with self._database.reading(user_id) as records:
            foreign = records.rows(query.order_by(concepts.c.number))
            ids = [row["id"] for row in foreign]
            taught = records.rows_in(has_photos, concept_photos.c.concept_id, ids)
            taught_ids = {row["concept_id"] for row in taught}
            return tuple(_concept_of(row) for row in foreign if row["id"] in taught_ids)

    def update(
        self,
        user_id: str,
        concept_id: str,
        *,
        name: str | None = None,
        kind: str | None = None,
        state: ConceptState | None = None,
        consent: bool | None = None,
    ) -> Concept:
        """Change the given fields and return the concept; None leaves a field as it is.

        Raises:
            UnknownConcept: the user has no concept of this id.
            InvalidName: the new name breaks the rules.
            DuplicateConcept: another concept has the new name.
        """
        changes: dict[str, Any] = {"updated_at": now()}
        if kind is not None:
            changes["kind"] = clean_text(kind, "the kind", MAX_KIND)
        if state is not None:
            changes["state"] = state
        if consent is not None:
            changes["consent"] = consent
        with self._database.writing(user_id) as records:
            self.get(user_id, concept_id)
            if name is not None:
                _check_free(records, name, concept_id)
                records.delete(
                    concept_names,
                    concept_names.c.concept_id == concept_id,
                    concept_names.c.is_main,
                )
                _name(records, concept_id, clean_name(name))
            records.update(concepts, changes, concepts.c.id == concept_id)
            return self.get(user_id, concept_id)

    def name_tokens(
        self, user_id: str, concept_id: str, sha256: str, base_fingerprint: str
    ) -> Concept:
        """Make a file that is kept already a concept's tokens and mark the concept ready.

        Args:
            user_id: Whose concept.
            concept_id: Which concept.
            sha256: Of the safetensors file.
            base_fingerprint: Fingerprint of the weights that it belongs to.
        Raises: UnknownConcept: the user has no concept of this id.
        """
        changes = {"tokens_sha256": sha256, "base_fingerprint": base_fingerprint}
        changes["learned_at"] = now()
        with self._database.writing(user_id) as records:
            self.get(user_id, concept_id)
            ready = {**changes, "state": "ready", "updated_at": now()}
            records.update(concepts, ready, concepts.c.id == concept_id)
            return self.get(user_id, concept_id)

    def drop_tokens(self, user_id: str, concept_id: str) -> None:
        """Take a concept's tokens away; their file is no longer named."""
        nothing = {"tokens_sha256": None, "base_fingerprint": None, "learned_at": None}
        with self._database.writing(user_id) as records:
            records.update(concepts, nothing, concepts.c.id == concept_id)

    def read_tokens(self, user_id: str, concept_id: str) -> bytes:
        """Return the learned token file.

        Raises:
            UnknownConcept: the user has no such concept, or it has not been learned yet.
            StorageFailed: its file is gone or damaged.
        """

        def named() -> str:
            concept = self.get(user_id, concept_id)
            if concept.tokens_sha256 is None:
                raise UnknownConcept(
                    f"<{concept.name}> has not been learned yet; send photos of it first."
                )
            return concept.tokens_sha256

        return self._shelf.read(user_id, named, TOKENS)

    def attach_photo(self, user_id: str, concept_id: str, picture_id: str) -> None:
        """Make a picture one of the concept's photos; doing it twice is doing it once.

        Raises: UnknownConcept, UnknownPicture: the user has no such concept or picture.
        """
        with self._database.writing(user_id) as records:
            self.get(user_id, concept_id)
            self._pictures.get(user_id, picture_id)
            link = {"concept_id": concept_id, "picture_id": picture_id}
            records.insert_missing(concept_photos, link)

    def photos(self, user_id: str, concept_id: str) -> tuple[Picture, ...]:
        """Return the concept's photos, oldest first.

        Raises: UnknownConcept: the user has no concept of this id.
        """
        with self._database.reading(user_id) as records:
            self.get(user_id, concept_id)
            query = linked_pictures(concept_photos, concept_id)
            return tuple(map(picture_of, records.rows(query)))


def _named() -> "sa.Select[Any]":
    """Return concepts with their main names."""
    return (
        sa.select(concepts, concept_names.c.name)
        .join(concept_names, concept_names.c.concept_id == concepts.c.id)
        .where(concept_names.c.is_main)
    )


def _of_ids(records: Records, concept_ids: Sequence[str]) -> tuple[Concept, ...]:
    rows = records.rows_in(_named(), concepts.c.id, concept_ids)
    return tuple(_concept_of(row) for row in sorted(rows, key=lambda row: row["number"]))


def _name(records: Records, concept_id: str, name: str) -> None:
    """Give a concept its main name; whoever took it a moment ago keeps it."""
    names = {"name": name, "name_key": name_key(name), "is_main": True}
    if not records.insert_missing(concept_names, {**names, "concept_id": concept_id}):
        _check_free(records, name, concept_id)


def _check_free(records: Records, name: str, own_id: str | None) -> None:
    taken = records.first(
        sa.select(concept_names.c.concept_id, concept_names.c.name).where(
            concept_names.c.name_key == name_key(name)
        )
    )
    if taken is not None and taken["concept_id"] != own_id:
        raise DuplicateConcept(
            f"You already have <{taken['name']}>, so <{clean_name(name)}> is taken; "
            "choose another name."
        )


def _advice(records: Records, key: str) -> str:
    query = sa.select(concept_names.c.name, concept_names.c.name_key).limit(_NAMES_COMPARED)
    names = {row["name_key"]: row["name"] for row in records.rows(query)}
    near = difflib.get_close_matches(key, names, n=1)
    if near:
        return f"Did you mean {names[near[0]]!r}?"
    return "Send photos of it and tell me its name."


def _concept_of(row: Row) -> Concept:
    return Concept(**{key: value for key, value in row.items() if key != "number"})

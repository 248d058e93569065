"""Concepts of a user: record, token file and photos; knows nothing of what tokens mean."""

import difflib
from typing import Final

from omnipersona.memory.blobs import BlobStore
from omnipersona.memory.database import Database, Row, Value, Writer, add_user
from omnipersona.memory.errors import DuplicateConcept, InvalidName, UnknownConcept
from omnipersona.memory.names import clean_name, name_key
from omnipersona.memory.pictures import PictureStore, picture_of
from omnipersona.memory.records import Concept, ConceptState, Picture, new_id, now
from omnipersona.memory.text import clean_text, compare_key

TOKENS_SUFFIX: Final = ".safetensors"
MAX_KIND: Final = 60


class ConceptStore:
    """Concepts, each read and written in the name of one user."""

    def __init__(self, database: Database, blobs: BlobStore, pictures: PictureStore) -> None:
        self._database = database
        self._blobs = blobs
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
        with self._database.transaction() as writer:
            add_user(writer, user_id)
            self._check_free(user_id, name, None)
            writer.execute(
                "INSERT INTO concepts (id, user_id, name, name_key, kind, state, consent,"
                " created_at, updated_at) VALUES (?, ?, ?, ?, ?, 'new', ?, ?, ?)",
                (concept_id, user_id, name, name_key(name), kind, int(consent), moment, moment),
            )
            return self.get(user_id, concept_id)

    def get(self, user_id: str, concept_id: str) -> Concept:
        """Return one concept.

        Raises: UnknownConcept: the user has no concept of this id.
        """
        rows = self._database.rows(
            "SELECT * FROM concepts WHERE user_id = ? AND id = ?", (user_id, concept_id)
        )
        if not rows:
            raise UnknownConcept(f"There is no concept {concept_id[:40]!r}; it may be forgotten.")
        return _concept_of(rows[0])

    def find(self, user_id: str, name: str) -> Concept:
        """Return the concept of this name, in whatever case and with or without `<` and `>`.

        Raises: UnknownConcept: the user has none; the text suggests a similar name.
        """
        try:
            key = name_key(name)
        except InvalidName:
            key = ""
        rows = self._database.rows(
            "SELECT * FROM concepts WHERE user_id = ? AND name_key = ?", (user_id, key)
        )
        if not rows:
            raise UnknownConcept(f"I do not know {name[:60]!r} yet. {self._advice(user_id, key)}")
        return _concept_of(rows[0])

    def list(self, user_id: str) -> tuple[Concept, ...]:
        """Return the user's concepts, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM concepts WHERE user_id = ? ORDER BY number", (user_id,)
        )
        return tuple(map(_concept_of, rows))

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
        changes: dict[str, Value] = {"updated_at": now()}
        if name is not None:
            changes |= {"name": clean_name(name), "name_key": name_key(name)}
        if kind is not None:
            changes["kind"] = clean_text(kind, "the kind", MAX_KIND)
        if state is not None:
            changes["state"] = state
        if consent is not None:
            changes["consent"] = int(consent)
        with self._database.transaction() as writer:
            self.get(user_id, concept_id)
            if name is not None:
                self._check_free(user_id, name, concept_id)
            _write(writer, user_id, concept_id, changes)
            return self.get(user_id, concept_id)

    def save_tokens(
        self, user_id: str, concept_id: str, data: bytes, base_fingerprint: str
    ) -> Concept:
        """Keep a learned token file in place of the old one and mark the concept ready.

        Args:
            user_id: Whose concept.
            concept_id: Which concept.
            data: The safetensors file.
            base_fingerprint: Fingerprint of the weights that it belongs to.

        Raises:
            UnknownConcept: the user has no concept of this id.
            StorageFailed: the disk refused; the old file stays in use.
        """
        with self._database.lock:
            with self._database.transaction() as writer:
                old = self.get(user_id, concept_id).tokens_sha256
                changes: dict[str, Value] = {
                    "tokens_sha256": self._blobs.put(user_id, data, TOKENS_SUFFIX),
                    "base_fingerprint": base_fingerprint,
                    "state": "ready",
                    "updated_at": now(),
                }
                _write(writer, user_id, concept_id, changes)
            in_use = {concept.tokens_sha256 for concept in self.list(user_id)}
            if old is not None and old not in in_use:
                self._blobs.delete(user_id, old, TOKENS_SUFFIX)
            return self.get(user_id, concept_id)

    def read_tokens(self, user_id: str, concept_id: str) -> bytes:
        """Return the learned token file.

        Raises:
            UnknownConcept: the user has no such concept, or it has not been learned yet.
            StorageFailed: its file is gone or damaged.
        """
        with self._database.lock:
            concept = self.get(user_id, concept_id)
            if concept.tokens_sha256 is None:
                raise UnknownConcept(
                    f"<{concept.name}> has not been learned yet; send photos of it first."
                )
            return self._blobs.get(user_id, concept.tokens_sha256, TOKENS_SUFFIX)

    def attach_photo(self, user_id: str, concept_id: str, picture_id: str) -> None:
        """Make a picture one of the concept's photos; doing it twice is doing it once.

        Raises: UnknownConcept, UnknownPicture: the user has no such concept or picture.
        """
        with self._database.transaction() as writer:
            self.get(user_id, concept_id)
            self._pictures.get(user_id, picture_id)
            writer.execute(
                "INSERT INTO concept_photos VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (user_id, concept_id, picture_id),
            )

    def photos(self, user_id: str, concept_id: str) -> tuple[Picture, ...]:
        """Return the concept's photos, oldest first.

        Raises: UnknownConcept: the user has no concept of this id.
        """
        self.get(user_id, concept_id)
        rows = self._database.rows(
            "SELECT pictures.* FROM pictures JOIN concept_photos AS link"
            " ON link.user_id = pictures.user_id AND link.picture_id = pictures.id"
            " WHERE link.user_id = ? AND link.concept_id = ? ORDER BY pictures.number",
            (user_id, concept_id),
        )
        return tuple(map(picture_of, rows))

    def _check_free(self, user_id: str, name: str, own_id: str | None) -> None:
        rows = self._database.rows(
            "SELECT id, name FROM concepts WHERE user_id = ? AND name_key = ?",
            (user_id, name_key(name)),
        )
        if rows and rows[0]["id"] != own_id:
            raise DuplicateConcept(
                f"You already have <{rows[0]['name']}>, so <{clean_name(name)}> is taken; "
                "choose another name."
            )

    def _advice(self, user_id: str, key: str) -> str:
        names = {compare_key(concept.name): concept.name for concept in self.list(user_id)}
        near = difflib.get_close_matches(key, names, n=1)
        if near:
            return f"Did you mean {names[near[0]]!r}?"
        return "Send photos of it and tell me its name."


def _write(writer: Writer, user_id: str, concept_id: str, changes: dict[str, Value]) -> None:
    # The column names are literals of this file; only the values come from outside.
    columns = ", ".join(f"{column} = ?" for column in changes)
    writer.execute(
        f"UPDATE concepts SET {columns} WHERE user_id = ? AND id = ?",
        (*changes.values(), user_id, concept_id),
    )


def _concept_of(row: Row) -> Concept:
    skipped = ("number", "name_key", "consent")
    fields = {key: value for key, value in row.items() if key not in skipped}
    return Concept(**fields, consent=bool(row["consent"]))

"""Pictures of a user: records and PNG bytes together; knows nothing of what they show.

What a picture shows is only a link to concepts, given by whoever drew it.
"""

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from PIL import Image, UnidentifiedImageError

from omnipersona.memory.blobs import BlobStore
from omnipersona.memory.database import BrokenRule, Database, Row, add_user
from omnipersona.memory.errors import PictureRejected, UnknownConcept, UnknownPicture
from omnipersona.memory.records import Picture, PictureOrigin, new_id, now

PNG_SUFFIX: Final = ".png"


class PictureStore:
    """Pictures, each read and written in the name of one user."""

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs

    def add(
        self,
        user_id: str,
        png: bytes,
        *,
        origin: PictureOrigin,
        thread_id: str | None = None,
        parent_id: str | None = None,
        details: Mapping[str, Any] | None = None,
        shows: Iterable[str] = (),
    ) -> Picture:
        """Keep a picture.

        Args:
            user_id: Whose picture.
            png: PNG bytes, from `intake.clean_picture` or from the model.
            origin: How it came to be.
            thread_id: Conversation it belongs to.
            parent_id: Picture that it was edited from.
            details: JSON values worth keeping.
            shows: Ids of the concepts drawn in it.

        Raises:
            PictureRejected: the bytes are no PNG.
            UnknownPicture: the parent is not the user's.
            UnknownConcept: a shown concept is not the user's.
        """
        width, height = _png_size(png)
        text = json.dumps(dict(details or {}), allow_nan=False)
        with self._database.transaction() as writer:
            add_user(writer, user_id)
            if parent_id is not None:
                self.get(user_id, parent_id)
            sha256 = self._blobs.put(user_id, png, PNG_SUFFIX)
            picture_id = new_id()
            writer.execute(
                "INSERT INTO pictures (id, user_id, sha256, width, height, origin, thread_id,"
                " parent_id, details, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (picture_id, user_id, sha256, width, height)
                + (origin, thread_id, parent_id, text, now()),
            )
            try:
                writer.executemany(
                    "INSERT INTO picture_concepts VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    [(user_id, concept_id, picture_id) for concept_id in shows],
                )
            except BrokenRule as error:
                raise UnknownConcept(
                    "The picture names a concept that you do not have; list your concepts."
                ) from error
            return self.get(user_id, picture_id)

    def get(self, user_id: str, picture_id: str) -> Picture:
        """Return one picture's record.

        Raises: UnknownPicture: the user has no such picture.
        """
        rows = self._database.rows(
            "SELECT * FROM pictures WHERE user_id = ? AND id = ?", (user_id, picture_id)
        )
        if not rows:
            raise UnknownPicture(f"There is no picture {picture_id[:40]!r}; it may be forgotten.")
        return picture_of(rows[0])

    def read(self, user_id: str, picture_id: str) -> bytes:
        """Return one picture's PNG bytes.

        Raises:
            UnknownPicture: the user has no such picture.
            StorageFailed: its file is gone or damaged.
        """
        with self._database.lock:
            picture = self.get(user_id, picture_id)
            return self._blobs.get(user_id, picture.sha256, PNG_SUFFIX)

    def list(self, user_id: str, thread_id: str | None = None) -> tuple[Picture, ...]:
        """Return the user's pictures, oldest first; with `thread_id` those of one conversation."""
        rows = self._database.rows(
            "SELECT * FROM pictures WHERE user_id = ? AND (? IS NULL OR thread_id = ?)"
            " ORDER BY number",
            (user_id, thread_id, thread_id),
        )
        return tuple(map(picture_of, rows))

    def last(
        self, user_id: str, thread_id: str, origin: PictureOrigin | None = None
    ) -> Picture | None:
        """Return the newest picture of a conversation, of one origin if given; None if it has none.

        "Newest" is the order of storing, whatever the clock said.
        """
        rows = self._database.rows(
            "SELECT * FROM pictures WHERE user_id = ? AND thread_id = ?"
            " AND (? IS NULL OR origin = ?) ORDER BY number DESC LIMIT 1",
            (user_id, thread_id, origin, origin),
        )
        return picture_of(rows[0]) if rows else None

    def family(self, user_id: str, picture_id: str) -> tuple[Picture, ...]:
        """Return a picture, all that it was edited from and all edits of these, oldest first.

        Raises: UnknownPicture: the user has no such picture.
        """
        first = self.get(user_id, picture_id)
        while first.parent_id is not None:
            first = self.get(user_id, first.parent_id)
        rows = self._database.rows(
            "WITH RECURSIVE family (id) AS (SELECT ? UNION SELECT pictures.id FROM pictures"
            " JOIN family ON pictures.parent_id = family.id WHERE pictures.user_id = ?)"
            " SELECT pictures.* FROM pictures JOIN family USING (id) ORDER BY number",
            (first.id, user_id),
        )
        return tuple(map(picture_of, rows))

    def shown_concepts(self, user_id: str, picture_id: str) -> tuple[str, ...]:
        """Return the ids of the concepts that a picture was drawn of.

        Raises: UnknownPicture: the user has no such picture.
        """
        self.get(user_id, picture_id)
        rows = self._database.rows(
            "SELECT concepts.id FROM concepts JOIN picture_concepts AS link"
            " ON link.user_id = concepts.user_id AND link.concept_id = concepts.id"
            " WHERE link.user_id = ? AND link.picture_id = ? ORDER BY concepts.number",
            (user_id, picture_id),
        )
        return tuple(row["id"] for row in rows)

    def showing(self, user_id: str, concept_id: str) -> tuple[Picture, ...]:
        """Return the pictures drawn of a concept, oldest first; none if it is unknown."""
        rows = self._database.rows(
            "SELECT pictures.* FROM pictures JOIN picture_concepts AS link"
            " ON link.user_id = pictures.user_id AND link.picture_id = pictures.id"
            " WHERE link.user_id = ? AND link.concept_id = ? ORDER BY pictures.number",
            (user_id, concept_id),
        )
        return tuple(map(picture_of, rows))


def picture_of(row: Row) -> Picture:
    """Return the record in a row of the pictures table."""
    fields = {key: value for key, value in row.items() if key not in ("number", "details")}
    return Picture(**fields, details=json.loads(row["details"]))


def _png_size(png: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
            return picture.size
    except (UnidentifiedImageError, SyntaxError, ValueError, OSError) as error:
        raise PictureRejected("The picture to be kept is not a PNG; clean it first.") from error

"""Pictures of a user: records and PNG bytes together; knows nothing of what they show.

What a picture shows is only a link to concepts, given by whoever drew it.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Required, TypedDict, Unpack

import sqlalchemy as sa
from PIL import Image, UnidentifiedImageError

from omnipersona.memory.records import Picture, PictureOrigin
from omnipersona.store.database import Database, Records, Row, new_id, now
from omnipersona.store.errors import PictureRejected, UnknownConcept, UnknownPicture
from omnipersona.store.schema import concepts, picture_concepts, pictures
from omnipersona.store.shelf import Shelf
from omnipersona.store.stores import PICTURE
from omnipersona.store.text import fold


class Told(TypedDict, total=False):
    """What is known of a picture that is to be kept.

    Attributes:
        origin: How it came to be.
        thread_id: Conversation it belongs to.
        turn_id: Turn it came from.
        parent_id: Picture that it was edited from.
        details: JSON values worth keeping.
        shows: Ids of the concepts drawn in it.
    """

    origin: Required[PictureOrigin]
    thread_id: str | None
    turn_id: str | None
    parent_id: str | None
    details: Mapping[str, Any]
    shows: Sequence[str]


class PictureStore:
    """Pictures, each read and written in the name of one user.

    Attributes:
        max_side: Pixels to which a longer side of what is sent is scaled down.
    """

    def __init__(self, database: Database, shelf: Shelf, max_side: int) -> None:
        self._database = database
        self._shelf = shelf
        self.max_side = max_side

    def add(self, user_id: str, png: bytes, **told: Unpack[Told]) -> Picture:
        """Keep a picture.

        Args:
            user_id: Whose picture.
            png: PNG bytes, from `image_sanitizer.clean_picture` or from the model.
            told: What is known of it.

        Raises:
            PictureRejected: the bytes are no PNG.
            UnknownPicture: the parent is not the user's.
            UnknownConcept: a shown concept is not the user's.
        """
        self._check(user_id, told)
        with self._shelf.of(user_id) as files:
            files.put(png, PICTURE)
            return self.add_kept(user_id, png, **told)

    def add_kept(self, user_id: str, png: bytes, **told: Unpack[Told]) -> Picture:
        """Add the record of a picture whose file is kept already; as `add`."""
        width, height = _png_size(png)
        details, picture_id = dict(told.get("details") or {}), new_id()
        story = json.dumps(details, allow_nan=False, ensure_ascii=False)
        made: dict[str, Any] = {"id": picture_id, "sha256": hashlib.sha256(png).hexdigest()}
        made |= {"width": width, "height": height, "origin": told["origin"]}
        made |= {key: told.get(key) for key in ("thread_id", "turn_id", "parent_id")}
        made |= {"details": details, "folded": fold(story), "created_at": now()}
        with self._database.writing(user_id) as records:
            made["family_id"] = self._check(user_id, told) or picture_id
            records.insert(pictures, made)
            shows = dict.fromkeys(told.get("shows", ()))
            links = [{"concept_id": one, "picture_id": picture_id} for one in shows]
            records.insert_all(picture_concepts, links)
            return self.get(user_id, picture_id)

    def add_upload(self, user_id: str, png: bytes, thread_id: str | None) -> Picture:
        """Keep a picture that a user sent; the same one, in the same conversation, is kept once.

        Raises: PictureRejected: the bytes are no PNG.
        """
        with self._shelf.of(user_id):
            if thread_id is not None:
                query = sa.select(pictures).where(
                    pictures.c.sha256 == hashlib.sha256(png).hexdigest(),
                    pictures.c.thread_id == thread_id,
                    pictures.c.origin == "uploaded",
                )
                if found := self._pictures(user_id, query):
                    return found[0]
            return self.add(user_id, png, origin="uploaded", thread_id=thread_id)

    def get(self, user_id: str, picture_id: str) -> Picture:
        """Return one picture's record.

        Raises: UnknownPicture: the user has no such picture.
        """
        with self._database.reading(user_id) as records:
            return picture_of(_row(records, picture_id))

    def read(self, user_id: str, picture_id: str) -> bytes:
        """Return one picture's PNG bytes.

        Raises:
            UnknownPicture: the user has no such picture.
            StorageFailed: its file is gone or damaged.
        """
        return self._shelf.read(user_id, lambda: self.get(user_id, picture_id).sha256, PICTURE)

    def list(self, user_id: str, thread_id: str | None = None) -> tuple[Picture, ...]:
        """Return the user's pictures, oldest first; with `thread_id` those of one conversation."""
        query = sa.select(pictures).order_by(pictures.c.number)
        if thread_id is not None:
            query = query.where(pictures.c.thread_id == thread_id)
        return self._pictures(user_id, query)

    def last(
        self, user_id: str, thread_id: str, origin: PictureOrigin | None = None
    ) -> Picture | None:
        """Return the newest picture of a conversation, of one origin if given; None if it has none.

        "Newest" is the order of storing, whatever the clock said.
        """
        query = sa.select(pictures).where(pictures.c.thread_id == thread_id)
        if origin is not None:
            query = query.where(pictures.c.origin == origin)
        found = self._pictures(user_id, query.order_by(pictures.c.number.desc()).limit(1))
        return found[0] if found else None

    def family(self, user_id: str, picture_id: str) -> tuple[Picture, ...]:
        """Return a picture, all that it was edited from and all edits of these, oldest first.

        Raises: UnknownPicture: the user has no such picture.
        """
        with self._database.reading(user_id) as records:
            family_id = _row(records, picture_id)["family_id"]
            query = sa.select(pictures).where(pictures.c.family_id == family_id)
            return self._pictures(user_id, query.order_by(pictures.c.number))

    def shown_concepts(self, user_id: str, picture_id: str) -> tuple[str, ...]:
        """Return the ids of the concepts that a picture was drawn of.

        Raises: UnknownPicture: the user has no such picture.
        """
        link = picture_concepts.c
        query = (
            sa.select(concepts.c.id)
            .join(picture_concepts, link.concept_id == concepts.c.id)
            .where(link.picture_id == picture_id)
            .order_by(concepts.c.number)
        )
        with self._database.reading(user_id) as records:
            _row(records, picture_id)
            return tuple(row["id"] for row in records.rows(query))

    def showing(self, user_id: str, concept_id: str) -> tuple[Picture, ...]:
        """Return the pictures drawn of a concept, oldest first; none if it is unknown."""
        return self._pictures(user_id, linked_pictures(picture_concepts, concept_id))

    def _pictures(self, user_id: str, query: "sa.Select[Any]") -> tuple[Picture, ...]:
        with self._database.reading(user_id) as records:
            return tuple(map(picture_of, records.rows(query)))

    def _check(self, user_id: str, told: Told) -> str | None:
        """Refuse what is not the user's; return the family of the parent."""
        shows, parent_id = set(told.get("shows", ())), told.get("parent_id")
        with self._database.reading(user_id) as records:
            known = records.rows(sa.select(concepts.c.id).where(concepts.c.id.in_(shows)))
            if len(known) < len(shows):
                raise UnknownConcept(
                    "The picture names a concept that you do not have; list your concepts."
                )
            if parent_id is None:
                return None
            family_id: str = _row(records, parent_id)["family_id"]
            return family_id


def linked_pictures(link: sa.Table, concept_id: str) -> "sa.Select[Any]":
    """Return the pictures that a table links to a concept, oldest first."""
    return (
        sa.select(pictures)
        .join(link, link.c.picture_id == pictures.c.id)
        .where(link.c.concept_id == concept_id)
        .order_by(pictures.c.number)
    )


def picture_of(row: Row) -> Picture:
    """Return the record in a row of the pictures table."""
    hidden = ("number", "family_id", "folded")
    return Picture(**{key: value for key, value in row.items() if key not in hidden})


def _row(records: Records, picture_id: str) -> Row:
    row = records.first(sa.select(pictures).where(pictures.c.id == picture_id))
    if row is None:
        raise UnknownPicture(f"There is no picture {picture_id[:40]!r}; it may be forgotten.")
    return row


def _png_size(png: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
            return picture.size
    except (UnidentifiedImageError, SyntaxError, ValueError, OSError) as error:
        raise PictureRejected("The picture to be kept is not a PNG; clean it first.") from error

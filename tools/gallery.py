"""Pictures that are kept: their bytes, and how they came about.

Knows how to keep a picture and to look it up. Makes none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omnipersona.memory.records import Picture
from omnipersona.store.errors import UnknownPicture
from omnipersona.store.image_sanitizer import clean_picture
from omnipersona.tools.outcome import ToolDeps, tool_border


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureRecord:
    """One kept picture.

    Attributes:
        picture_id: Its identity.
        is_upload: The user sent it.
        parent_id: The picture it was edited from; "" if none.
        details: What was kept when it was made; empty for uploads.
    """

    picture_id: str
    is_upload: bool
    parent_id: str
    details: Mapping[str, Any]


def keep_pictures(
    deps: ToolDeps, user_id: str, pictures: Sequence[bytes], thread_id: str | None = None
) -> tuple[Picture, ...]:
    """Store picture files, of a conversation or none; a refused one leaves nothing behind.

    What was sent in a conversation before, to the page or in a turn, is the same picture.

    Raises: StoreError: one is no picture, or cannot be kept.
    """
    # All are cleaned before one is kept.
    max_side = deps.memory.pictures.max_side
    cleaned = [clean_picture(data, max_side=max_side) for data in pictures]
    return tuple(
        deps.memory.pictures.add_upload(user_id, picture.png, thread_id) for picture in cleaned
    )


def find_picture(deps: ToolDeps, user_id: str, picture_id: str) -> PictureRecord | None:
    """Return a picture's record, or None if the user has none of this id (any more)."""
    try:
        return _record(deps.memory.pictures.get(user_id, picture_id))
    except UnknownPicture:
        return None


def find_versions(deps: ToolDeps, user_id: str, picture_id: str) -> tuple[PictureRecord, ...]:
    """Return a picture's family, oldest first: its sources, and all edits of any of them.

    Raises: ToolFailed: the user has no such picture.
    """
    with tool_border():
        return tuple(map(_record, deps.memory.pictures.family(user_id, picture_id)))


def read_picture(deps: ToolDeps, user_id: str, picture_id: str) -> bytes:
    """Return a picture's PNG bytes; raise `ToolFailed` if the user has none of this id."""
    with tool_border():
        return deps.memory.pictures.read(user_id, picture_id)


def shown_in(deps: ToolDeps, user_id: str, picture_id: str) -> tuple[str, ...]:
    """Return the ids of the concepts that a picture, or what it was edited from, was drawn of.

    Raises: ToolFailed: the user has no such picture.
    """
    with tool_border():
        return deps.memory.pictures.shown_concepts(user_id, picture_id)


def _record(picture: Picture) -> PictureRecord:
    return PictureRecord(
        picture_id=picture.id,
        is_upload=picture.origin == "uploaded",
        parent_id=picture.parent_id or "",
        details=picture.details,
    )

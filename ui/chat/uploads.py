"""Files that came with a message: how many, how large, and their bytes.

Knows where the frame puts them. What they hold is decided by the session, which trusts no name and
no type that a browser claims.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from chainlit.element import Element

MAX_FILES: Final = 10
MAX_BYTES: Final = 20 * 2**20
_KEPT_SECONDS: Final = 20.0
_DROPPING: Final = set[asyncio.Task[None]]()


class UploadRefused(ValueError):
    """Files cannot be taken; the message is for the user."""


async def read_uploads(names: Sequence[str]) -> tuple[bytes, ...]:
    """Return the bytes of uploaded files, in order.

    Raises: UploadRefused: too many, too large, or gone.
    """
    if len(names) > MAX_FILES:
        raise UploadRefused(
            f"You sent {len(names)} files; at most {MAX_FILES} at once. Send fewer."
        )
    return await asyncio.to_thread(_read, [Path(name) for name in names])


def drop_later(elements: "Sequence[Element]", files: dict[str, Any]) -> None:
    """Remove the files of a message soon; what was taken in of them is kept elsewhere by then.

    Args:
        elements: Of the message.
        files: What the frame holds for the tab.
    """
    task = asyncio.create_task(_drop(list(elements), files))
    _DROPPING.add(task)
    task.add_done_callback(_DROPPING.discard)


async def _drop(elements: "list[Element]", files: dict[str, Any]) -> None:
    await asyncio.sleep(_KEPT_SECONDS)
    for element in elements:
        files.pop(element.chainlit_key or "", None)
        if element.path:
            await asyncio.to_thread(Path(element.path).unlink, missing_ok=True)


def _read(paths: Sequence[Path]) -> tuple[bytes, ...]:
    try:
        for path in paths:
            if (size := path.stat().st_size) > MAX_BYTES:
                raise UploadRefused(
                    f"A file has {size // 2**20} MB; at most {MAX_BYTES // 2**20} MB are taken."
                )
        return tuple(path.read_bytes() for path in paths)
    except OSError as error:
        # Uploads live as long as the tab that sent them.
        raise UploadRefused("The files are no longer there. Please send them again.") from error

"""Pictures in requests and answers: bytes inside of the body, never an address to fetch.

Knows data: URLs, uploads and limits. What a picture shows is the session's affair.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import UploadFile

from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.agent.lesson import clean_photos
from omnipersona.agent.turn import MAX_PICTURES as MAX_PICTURES
from omnipersona.serve.http.problems import Problem

MAX_PICTURE: Final = 10 * 2**20
_DATA: Final = re.compile(r"data:[\w.+/-]*(?:;[\w=.+-]+)*;base64,", re.IGNORECASE)
_IN_TEXT: Final = re.compile(r"!\[[^\]]*\]\((data:image/[^)\s]+)\)")


def as_data_url(png: bytes) -> str:
    """Return a picture of ours as a data: URL."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def pictures_in(text: str) -> list[str]:
    """Return the data: URLs of the pictures in a Markdown text."""
    return _IN_TEXT.findall(text)


def words_of(text: str) -> str:
    """Return a Markdown text without the pictures in it."""
    return _IN_TEXT.sub("", text).strip()


async def read_data_url(url: str, param: str) -> bytes:
    """Return the picture in a data: URL, clean.

    Raises: Problem: it is another kind of address, too large, or no picture; names `param`.
    """
    check_data_url(url, param)
    head = _DATA.match(url)
    if head is None:
        raise Problem(
            400, "A data: URL of a picture begins with data:image/png;base64, or so.", param=param
        )
    code = url[head.end() :]
    _check_size(len(code) * 3 // 4, param)
    try:
        data = base64.b64decode(code, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem(400, "What follows ;base64, is not base64.", param=param) from error
    return await clean(data, param)


def check_data_url(url: str, param: str) -> None:
    """Refuse an address that would have to be fetched."""
    if not url[:5].lower() == "data:":
        raise Problem(
            400,
            "Pictures are not fetched from addresses. Send the picture itself, as a data: URL.",
            param=param,
            code="remote_url",
        )


async def read_uploads(files: Sequence[UploadFile], param: str) -> tuple[bytes, ...]:
    """Return uploaded pictures, clean.

    Raises: Problem: there are too many, or one is too large or no picture; names `param`.
    """
    check_count(len(files), param)
    pictures = []
    for index, file in enumerate(files):
        where = f"{param}[{index}]" if len(files) > 1 else param
        _check_size(file.size or 0, where)
        pictures.append(await clean(await file.read(), where))
    return tuple(pictures)


def check_count(count: int, param: str) -> None:
    """Refuse too many pictures."""
    if count > MAX_PICTURES:
        raise Problem(
            400, f"{count} pictures were sent; at most {MAX_PICTURES} at once.", param=param
        )


async def clean(data: bytes, param: str) -> bytes:
    """Return a picture as the session takes it; raise `Problem` if it is none."""
    try:
        [png] = await asyncio.to_thread(clean_photos, (data,))
    except EXPECTED_ERRORS as error:
        raise Problem(400, str(error), param=param, code="invalid_picture") from error
    return png


def _check_size(size: int, param: str) -> None:
    if size > MAX_PICTURE:
        raise Problem(
            413,
            f"The picture has {size} bytes; at most {MAX_PICTURE} are taken.",
            param=param,
            code="too_large",
        )

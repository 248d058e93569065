"""Texts with pictures in between, as a request writes them; imports no torch.

`<p0>` inside a text is the place where the request's first picture is read. Pictures that a text
does not mark are read before it.
"""

import re
from collections.abc import Iterator
from typing import Final

_MARK: Final = re.compile(r"<p(\d+)>")


def picture_mark(index: int) -> str:
    """Return what stands for picture `index` inside a text, e.g. `<p0>`."""
    return f"<p{index}>"


def interleaved(text: str, num_pictures: int) -> Iterator[str | int]:
    """Yield the parts of a text: words, and numbers of pictures; every picture comes at least once.

    A mark beyond the request's pictures is words.
    """
    marks = [mark for mark in _MARK.finditer(text) if int(mark[1]) < num_pictures]
    marked = {int(mark[1]) for mark in marks}
    yield from (i for i in range(num_pictures) if i not in marked)
    end = 0
    for mark in marks:
        if text[end : mark.start()].strip():
            yield text[end : mark.start()].strip()
        yield int(mark[1])
        end = mark.end()
    if text[end:].strip():
        yield text[end:].strip() if marks else text

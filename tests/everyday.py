"""What a person does with the assistant, through whatever client: teach, ask, draw, edit."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from visit import sample_photos

Say = Callable[[str, list[str]], Awaitable[tuple[str, list[str]]]]
"""Says something with pictures; gives the answer's words and the ids of its pictures."""

Keep = Callable[[bytes], Awaitable[str]]
"""Keeps a picture; gives its id."""

SECONDS = 120


async def everyday(say: Say, keep: Keep) -> tuple[str, str]:
    """Teach <bo>, ask for his toy, draw him with it, edit that.

    Returns: The ids of the drawing and of the edit.
    """
    photos = [await keep(Path(photo).read_bytes()) for photo in sample_photos()[:3]]
    told, _ = await say("this is my dog <bo>, his toy is a red ball", photos)
    assert "<bo>" in told
    answer, _ = await say("what is the toy of <bo>?", [])
    assert "red ball" in answer
    drawn = await _until_drawn(say)
    _, [edited] = await say("change the background to the snow", [])
    assert edited != drawn
    return drawn, edited


async def _until_drawn(say: Say) -> str:
    """Draw as soon as the first version is learned; before, the assistant says so."""
    for _ in range(SECONDS):
        words, pictures = await say("draw <bo> with his toy", [])
        if pictures:
            assert "red ball" in words
            return pictures[0]
        await asyncio.sleep(1)
    raise AssertionError(words)

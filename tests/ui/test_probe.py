"""After each kind of forgetting on the page no file of its data folder holds what was forgotten.

Names are typed as people type them: straight and curly apostrophes, accents in one character or
two, capitals, two spaces. Every spelling ends in the same plain letters, which are looked for.
"""

import io
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from servers import files_with
from tab import LOGINS, Tab

pytestmark = pytest.mark.slow

CAMERA = "QuokkaCam"
TAIL = "armalade"
SPELLINGS = (
    "<Zo\u00eb M'armalade>",
    "<Zoe\u0308  M\u2019armalade>",
    "<ZO\u00cb M\u02bcARMALADE>",
)
TRACE_SECONDS = 150.0
"""What SQLite moved before it was deleted goes in the next idle minute."""


def photo() -> bytes:
    """Return a JPEG as a camera writes it."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = CAMERA
    Image.effect_noise((200, 150), 90).convert("RGB").save(out, "JPEG", exif=exif)
    return out.getvalue()


def is_gone(folder: Path, *words: str) -> None:
    """Wait until no file holds a word; most are gone at once."""
    left: list[str] = []

    def look() -> bool:
        left[:] = [f"{word} in {one}" for word in words for one in files_with(folder, word)]
        return not left

    end = time.monotonic() + TRACE_SECONDS
    while not look():
        assert time.monotonic() < end, left
        time.sleep(0.2)


async def teach(tab: Tab) -> None:
    """Tell and draw somebody, in several spellings, and look at the whole."""
    first, second, third = SPELLINGS
    await tab.say(f"This is my dog {first}, his toy is a zebraball.", ("one.jpg", photo()))
    await tab.shows("I know")
    await tab.shows("now.")
    await tab.say(f"draw {second} with his toy")
    await tab.say(f"give {third} a hat")


async def test_no_file_of_the_page_knows_what_was_forgotten(
    tmp_path: Path, start_own_page: Callable[..., str]
) -> None:
    folder = tmp_path / "data"
    server = str(Path(__file__).with_name("page_server.py"))
    url = start_own_page([server, str(folder), "{port}", "password"], {})
    ana, eve = LOGINS.items()
    async with Tab(url, login=eve) as other:
        await other.say("hello", ("kept.png", photo()))
    async with Tab(url, login=ana) as tab:
        is_gone(folder, CAMERA)
        await teach(tab)
        thread_id = await tab.kept("This is my dog", "Here it is", pictures=3)
        assert files_with(folder, TAIL)
        assert files_with(folder, "zebraball")

        _, page = await tab.get("/known")
        found = re.search(r'name="fact_id" value="(\w+)"', page.decode())
        assert found is not None
        await tab.post("/known/facts/forget", fact_id=found[1])
        is_gone(folder, "zebraball")
        assert files_with(folder, TAIL), "the dog itself is not forgotten"

        name = SPELLINGS[1].strip("<>")
        _, told = await tab.post("/known/forget", name=name, is_sure="true", drawings="true")
        assert "Forgotten" in told
        is_gone(folder, TAIL, CAMERA)
        assert await tab.kept_threads(), "what else was said stays"

        await tab.say("hello sunflower")
        assert await tab.kept("This is my dog", "hello sunflower") == thread_id
    async with Tab(url, login=ana) as tab:
        await tab.say("hello tulip", ("two.jpg", photo()))
        other_id = await tab.kept("hello tulip", pictures=1)
        num_files = len(blobs(folder))
        assert await tab.delete_thread(other_id) == 200
        is_gone(folder, "tulip")
        assert len(blobs(folder)) == num_files - 1, "its picture went, too"
        assert files_with(folder, "sunflower")

    async with Tab(url, login=ana) as tab:
        await teach(tab)
        await tab.kept("This is my dog", "Here it is", pictures=3)
        await tab._upload("unsent.jpg", photo())
        assert files_with(folder, CAMERA), "it waits to be sent"
        _, told = await tab.post("/known/forget-me", is_sure="true")
        assert "every conversation" in told
    is_gone(folder, TAIL, CAMERA, "sunflower", "zebraball")
    assert len(blobs(folder)) == 1, "what is left is somebody else's"
    async with Tab(url, login=eve) as other:
        await other.kept("hello", pictures=1)
        assert await other.delete_thread(await other.kept("hello")) == 200
    assert blobs(folder) == []


def blobs(folder: Path) -> list[Path]:
    """Return the files of all users."""
    return [path for path in folder.glob("blobs/*/*") if path.is_file()]

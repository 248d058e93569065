"""The page with its records, conversations and pictures on servers, in a real browser."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from servers import TestPlaces, wait_for
from visit import DRAWINGS, MINUTE, Visit

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_a_conversation_is_kept_and_forgotten(
    on_servers: TestPlaces, start_own_page: Callable[..., str], browser: Browser
) -> None:
    server = str(Path(__file__).with_name("page_server.py"))
    keys = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    urls = {"OMNIPERSONA_DATABASE": on_servers.database, "OMNIPERSONA_BLOBS": on_servers.blobs}
    visit = Visit(browser, start_own_page([server, "{data}", "{port}"], {**keys, **urls}))
    visit.say("This is my dog <bo>, his toy is a red ball.")
    visit.shows("I know <bo> now.")
    visit.say("draw <bo> with his toy")
    assert visit.drawings() == 1
    visit.reload()
    expect(visit.page.locator(DRAWINGS)).to_have_count(1, timeout=MINUTE)
    assert visit.drawings() == 1
    assert on_servers.holds("red ball")
    assert on_servers.files()
    visit.begin("forget <bo>")
    visit.page.get_by_role("button", name="yes, keep the drawings").last.click(timeout=MINUTE)
    visit.shows("Forgotten <bo>:")
    # Words that are on their way are looked through until the last of them has arrived.
    for word in ("red ball", "<bo>"):
        wait_for(partial(_is_gone, on_servers, word), Path(os.devnull))
    visit.check()


def _is_gone(places: TestPlaces, word: str) -> bool:
    return places.holds(word) == []

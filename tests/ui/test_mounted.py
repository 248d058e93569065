"""The page inside another app, as the example mounts it, in a real browser."""

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, expect
from visit import DRAWINGS, MINUTE, Visit, sample_photos

pytestmark = [pytest.mark.slow, pytest.mark.browser]

ROOT: Final = str(Path(__file__).parents[2])
COMMAND: Final = ("-m", "uvicorn", "--app-dir", ROOT, "--factory", "examples.mounted:build_app")


def test_the_page_works_under_a_path(
    browser: Browser, start_page: Callable[..., str], tmp_path: Path
) -> None:
    env = {"OMNIPERSONA_DATA": str(tmp_path / "data")}
    url = start_page([*COMMAND, "--port", "{port}"], env, 300.0)
    visit = Visit(browser, f"{url}/assistant")
    visit.say("draw a red cat", sample_photos()[0])
    assert visit.drawings() == 1
    visit.page.reload()
    visit.page.locator("#thread-history a").first.click(timeout=MINUTE)
    expect(visit.page.locator(DRAWINGS)).to_have_count(1, timeout=MINUTE)
    assert visit.drawings() == 1
    for icon in visit.page.locator("img").all():
        assert icon.evaluate("image => image.complete && image.naturalWidth > 0")
    visit.page.get_by_text("What I know").click()
    visit.shows("I know nobody yet.")
    visit.page.fill("[name=attribute]", "home")
    visit.page.fill("[name=value]", "Lyon")
    visit.page.get_by_text("Tell me").click()
    visit.shows("Noted.")
    visit.page.locator("a.back").click()
    visit.shows("draw a red cat")
    visit.check()  # every request, icons included, stayed below the path


def test_the_app_around_it_keeps_its_own_paths(start_page: Callable[..., str]) -> None:
    url = start_page([*COMMAND, "--port", "{port}"], {}, 300.0)
    with urllib.request.urlopen(f"{url}/health") as answer:
        assert answer.read() == b'{"status":"ok"}'
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{url}/known")

"""The whole page in a real browser with a real model: teach, ask, draw, edit, stop.

`OMNIPERSONA_MODEL` names another model, `OMNIPERSONA_SCREENSHOTS` a folder for screenshots.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

pytestmark = [pytest.mark.slow, pytest.mark.browser]

# Read before the fixture that takes settings out of the environment of every test.
MODEL: Final = os.environ.get("OMNIPERSONA_MODEL", "nano")
SCREENSHOTS: Final = os.environ.get("OMNIPERSONA_SCREENSHOTS")
IS_CI: Final = os.environ.get("CI") == "true"
COMMAND: Final = ("-m", "omnipersona.ui.cli", "--data", "{data}", "chat", "--port", "{port}")
ARGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
REPLIES: Final = "[data-step-type=assistant_message]"
DRAWINGS: Final = "[data-step-type=assistant_message] img.inline-image"
MINUTE: Final = 60_000
LONG: Final = "60"  # steps of a drawing: long enough for a preview to be shown, and stopped


@pytest.fixture
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None and not IS_CI:
        pytest.skip("No Chromium was found; install one to run the browser test.")
    assert path is not None, "CI has to install Chromium."
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, headless=True, args=list(ARGS))
        yield opened
        opened.close()


class Visit:
    """A page in the browser; every request and every complaint of the browser is kept."""

    def __init__(
        self, browser: Browser, url: str, scheme: str = "light", width: int = 1280
    ) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": 1280, "height": 900},
            locale="en-US",
            color_scheme="dark" if scheme == "dark" else "light",
        )
        self.url = url
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)
        self.page.goto(url)
        expect(self.page.locator("#starters button")).to_have_count(5, timeout=MINUTE)

    def _note(self, message: object) -> None:
        if (text := str(getattr(message, "text", ""))) and "Security Policy" in text:
            self.complaints.append(text)

    def begin(self, text: str, *files: str) -> None:
        """Send a message with files; these wait for the connection, or they would be lost."""
        if files:
            self.page.fill("#chat-input", text)
            expect(self.page.locator("#chat-submit")).to_be_enabled(timeout=MINUTE)
            self.page.set_input_files("#upload-button-input", list(files))
            expect(self.page.locator("#attachments img")).to_have_count(len(files), timeout=MINUTE)
        replies = self.page.locator(REPLIES).count()
        # The composer is made anew when the first message of a page appears, and loses its text.
        for _ in range(5):
            self.page.fill("#chat-input", text)
            try:
                self.page.click("#chat-submit", timeout=MINUTE / 4)
            except PlaywrightTimeout:
                continue
            running = "document.querySelector('#stop-button')"
            answered = f"document.querySelectorAll('{REPLIES}').length > {replies}"
            self.page.wait_for_function(f"() => {running} || {answered}", timeout=MINUTE)
            return
        raise AssertionError(f"{text!r} could not be sent.")

    def ends(self) -> None:
        """Wait until the turn has ended."""
        expect(self.page.locator("#stop-button")).to_have_count(0, timeout=5 * MINUTE)

    def say(self, text: str, *files: str) -> None:
        self.begin(text, *files)
        self.ends()

    def shows(self, text: str) -> None:
        expect(self.page.get_by_text(text).last).to_be_visible(timeout=10 * MINUTE)

    def stop_at(self, selector: str) -> None:
        """Press Stop in the frame in which `selector` appears."""
        seen = f"document.querySelector('{selector}')"
        stop = "document.querySelector('#stop-button')"
        press = f"() => {{ if (!{seen} || !{stop}) return false; {stop}.click(); return true }}"
        self.page.wait_for_function(press, polling="raf", timeout=MINUTE)

    def drawings(self) -> int:
        """Return how many pictures the assistant shows; each must have arrived."""
        # They load when they come into view, and are made anew when the page is: asked at once.
        arrived = "image => (image.loading = 'eager', image.complete && image.naturalWidth > 0)"
        self.page.wait_for_function(
            f"() => [...document.querySelectorAll('{DRAWINGS}')].every({arrived})", timeout=MINUTE
        )
        return self.page.locator(DRAWINGS).count()

    def shoot(self, name: str, pause: int = 800) -> None:
        if SCREENSHOTS:
            self.page.wait_for_timeout(pause)
            self.page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")

    def check(self) -> None:
        """Nothing left the machine, nothing broke, nothing is wider than the window."""
        own = (self.url, "data:", "blob:", self.url.replace("http", "ws", 1))
        assert [url for url in self.requests if not url.startswith(own)] == []
        assert self.complaints == []
        overflow = "document.documentElement.scrollWidth - window.innerWidth"
        assert self.page.evaluate(overflow) <= 0


def test_teach_ask_draw_edit_and_stop(browser: Browser, start_page: Callable[..., str]) -> None:
    env = {"OMNIPERSONA_MODEL": MODEL, "OMNIPERSONA_STEPS": LONG}
    url = start_page([*COMMAND, "--headless"], env, 300.0)
    samples = resources.files("omnipersona.ui.page") / "samples"
    photos = [str(samples / name) for name in ("bo_1_beach.png", "bo_2_meadow.png")]
    visit = Visit(browser, url)
    visit.shoot("start")

    visit.say("this is my dog <bo>, his toy is a red ball", *photos)
    visit.shows("I am learning <bo>")
    visit.shoot("learning")
    visit.shows("I know <bo>")

    visit.say("what is the toy of <bo>?")
    visit.shows("red ball")
    visit.shoot("asked")

    visit.say("draw <bo> in the snow")
    assert visit.drawings() == 1
    visit.shoot("drawn")

    visit.say("put a red hat on <bo>")
    assert visit.drawings() == 2
    visit.shoot("edited")

    visit.begin("draw <bo> at the beach")
    visit.stop_at(".omni-preview")
    visit.shoot("stopped")
    visit.ends()
    assert visit.drawings() == 2
    visit.say("draw <bo> in the forest")
    assert visit.drawings() == 3

    visit.page.reload()
    visit.shows("draw <bo> in the forest")
    assert visit.drawings() == 3
    visit.shoot("reopened")
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.shoot("phone")
    visit.check()

    visit.page.goto(f"{url}/known")
    visit.shows("<bo>")
    visit.shows("a red ball")
    visit.shoot("known_phone")
    visit.page.set_viewport_size({"width": 1280, "height": 900})
    visit.shoot("known")
    visit.check()

    reloaded = Visit(browser, url, "dark")
    reloaded.shoot("start_dark")
    reloaded.say("what is the toy of <bo>?")
    reloaded.shows("red ball")
    reloaded.shoot("asked_dark")
    reloaded.page.set_viewport_size({"width": 390, "height": 844})
    reloaded.shoot("phone_dark")
    reloaded.check()

"""A page in a real browser, as a person uses it.

`OMNIPERSONA_SCREENSHOTS` names a folder for screenshots, relative to the repository; lessons then
take the time they take, since half-learned concepts make poor pictures.
"""

import io
import os
import re
from importlib import resources
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from tab import LOGINS

SCREENSHOTS: Final = os.environ.get("OMNIPERSONA_SCREENSHOTS", "")
_ROOT: Final = Path(__file__).parent.parent
SAID: Final = "[data-step-type=user_message]"
REPLIES: Final = "[data-step-type=assistant_message]"
DRAWINGS: Final = "[data-step-type=assistant_message] img.inline-image"
MINUTE: Final = 60_000
expect.set_options(timeout=MINUTE)


def sample_photos() -> list[str]:
    """Return the photos of <bo> that come with the page."""
    samples = resources.files("omnipersona.ui.page") / "samples"
    return sorted(str(one) for one in samples.iterdir() if one.name.startswith("bo_"))


class Visit:
    """A page in the browser; every request and every complaint of the browser is kept."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        scheme: str = "light",
        login: str = "",
        **options: Any,
    ) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": 1280, "height": 900},
            locale="en-US",
            color_scheme="dark" if scheme == "dark" else "light",
            **options,
        )
        # The library's own half a minute is short for a page on a machine that has much to do.
        self.page.set_default_timeout(MINUTE)
        self.url = url
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)
        self.page.goto(url)
        if login:
            self._log_in(login)
        expect(self.page.locator("#starters button")).to_have_count(5, timeout=MINUTE)

    def _log_in(self, name: str) -> None:
        self.page.fill("#email", name, timeout=MINUTE)
        self.page.fill("#password", LOGINS[name])
        self.page.click("button[type=submit]")

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
        running = "document.querySelector('#stop-button')"
        said, answered = self._more_of(SAID), self._more_of(REPLIES)
        # The composer is made anew when the page connects and when its first message appears. It
        # loses its text then, or a click: what does not stand in the conversation was not sent.
        for _ in range(5):
            self.page.fill("#chat-input", text)
            try:
                self.page.click("#chat-submit", timeout=MINUTE / 4)
                seen = f"() => {said} || {running} || {answered}"
                self.page.wait_for_function(seen, timeout=MINUTE / 4)
            except PlaywrightTimeout:
                continue
            self.page.wait_for_function(f"() => {running} || {answered}", timeout=MINUTE)
            return
        raise AssertionError(f"{text!r} could not be sent.")

    def _more_of(self, selector: str) -> str:
        """Return a script that says whether there are more of an element than now."""
        count = self.page.locator(selector).count()
        return f"document.querySelectorAll('{selector}').length > {count}"

    def ends(self) -> None:
        """Wait until the turn has ended."""
        expect(self.page.locator("#stop-button")).to_have_count(0, timeout=5 * MINUTE)

    def say(self, text: str, *files: str) -> None:
        self.begin(text, *files)
        self.ends()

    def reload(self) -> None:
        """Reload the conversation; it has its address once the list of conversations has come."""
        self.page.wait_for_url("**/thread/*", timeout=MINUTE)
        self.page.reload()

    def shows(self, text: str | re.Pattern[str]) -> None:
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
            shot = Image.open(io.BytesIO(self.page.screenshot()))
            shot.quantize(256).save(_ROOT / SCREENSHOTS / f"{name}.png", optimize=True)

    def check(self) -> None:
        """Nothing left the machine, nothing broke, nothing is wider than the window."""
        own = (self.url, "data:", "blob:", self.url.replace("http", "ws", 1))
        assert [url for url in self.requests if not url.startswith(own)] == []
        assert self.complaints == []
        overflow = "document.documentElement.scrollWidth - window.innerWidth"
        assert self.page.evaluate(overflow) <= 0

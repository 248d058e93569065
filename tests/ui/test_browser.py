"""The whole page in a real browser with a real model: teach, ask, draw, edit, stop.

`OMNIPERSONA_MODEL` names another model.
"""

import os
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Browser
from visit import SCREENSHOTS, Visit, sample_photos

pytestmark = [pytest.mark.slow, pytest.mark.browser]

# Read before the fixture that takes settings out of the environment of every test.
MODEL: Final = os.environ.get("OMNIPERSONA_MODEL", "nano")
COMMAND: Final = ("-m", "omnipersona", "--data", "{data}", "chat", "--port", "{port}")
LONG: Final = "60"  # steps of a drawing: long enough for a preview to be shown, and stopped


def test_teach_ask_draw_edit_and_stop(browser: Browser, start_page: Callable[..., str]) -> None:
    env = {"OMNIPERSONA_MODEL": MODEL, "OMNIPERSONA_STEPS": LONG}
    url = start_page([*COMMAND, "--headless"], env, 300.0)
    visit = Visit(browser, url)
    assert f"{url}/login" not in visit.requests
    visit.shoot("start")

    visit.say("this is my dog <bo>, his toy is a red ball", *sample_photos())
    visit.shows("I am learning <bo>")
    visit.shoot("learning")
    visit.shows("I know <bo> now." if SCREENSHOTS else "I know <bo>")

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

    visit.reload()
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

"""What a person does with a memory, in a real browser with a real model: correct, undo, forget."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from hasty import hasty
from playwright.sync_api import Browser, expect
from visit import MINUTE, SCREENSHOTS, Visit, sample_photos

pytestmark = [pytest.mark.slow, pytest.mark.browser]

COMMAND: Final = ("-m", "omnipersona", "--data", "{data}", "chat", "--port", "{port}")
LONG: Final = "200"
WISH: Final = "draw <bo> with his toy"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return "nano" if SCREENSHOTS else str(hasty(tmp_path_factory.mktemp("model") / "hasty"))


@pytest.fixture
def open_page(browser: Browser, start_page: Callable[..., str], model: str) -> Callable[..., Visit]:
    def opened(**settings: str) -> Visit:
        env = {f"OMNIPERSONA_{name.upper()}": value for name, value in settings.items()}
        url = start_page([*COMMAND, "--headless"], {"OMNIPERSONA_MODEL": model, **env}, 300.0)
        return Visit(browser, url)

    return opened


def teach(visit: Visit) -> None:
    visit.say("this is my dog <bo>, his toy is a red ball", *sample_photos())
    visit.shows("I know <bo> now.")


def press(visit: Visit, label: str) -> None:
    """Press the last button of a label, as soon as it is there."""
    visit.page.get_by_role("button", name=label, exact=True).last.click(timeout=MINUTE)


def test_correct_why_undo_branch_and_forget(open_page: Callable[..., Visit]) -> None:
    visit = open_page()
    teach(visit)

    visit.say(WISH)
    visit.shows("Look into memory: a red ball (you said")
    visit.shows("Rewrite the prompt: <bo> with a red ball")
    visit.say("No, his toy is a green star")
    visit.say(WISH)
    visit.shows("Rewrite the prompt: <bo> with a green star")
    assert visit.drawings() == 2
    visit.shoot("corrected")
    visit.say("Why did you draw it like that?")
    visit.shows("you told me: a green star")

    visit.say("change the background to the forest")
    assert visit.drawings() == 3
    press(visit, "Before and after")
    expect(visit.page.locator(".omni-stack img")).to_have_count(2, timeout=MINUTE)
    visit.shoot("before_and_after")
    visit.say("undo that")
    visit.shows("Here is the picture as it was before.")
    press(visit, "All versions")
    versions = visit.page.locator(".omni-versions").last.locator("li")
    expect(versions).to_have_count(2, timeout=MINUTE)
    versions.first.get_by_role("button").click()
    visit.shows("Here it is again.")
    visit.say("change the background to the beach")
    press(visit, "All versions")
    expect(versions.filter(has_text="from 1")).to_have_count(2, timeout=MINUTE)
    visit.shoot("versions")

    visit.begin("forget <bo>")
    press(visit, "yes, keep the drawings")
    visit.shows("Forgotten <bo>:")
    visit.shoot("forgotten")
    visit.say("draw <bo> at the beach")
    visit.shows("I do not know <bo> yet")
    visit.check()


def test_a_page_reloaded_in_the_middle_shows_what_goes_on(
    open_page: Callable[..., Visit],
) -> None:
    visit = open_page(model="nano", steps=LONG)
    visit.say("this is my dog <bo>, his toy is a red ball", *sample_photos())
    visit.reload()
    visit.shows("I am still learning <bo>.")
    visit.shows("I know <bo> well enough to begin")

    visit.begin("draw <bo> at the beach")
    expect(visit.page.locator(".omni-preview")).to_be_visible(timeout=MINUTE)
    visit.reload()
    visit.shows("I am still working on this.")
    expect(visit.page.locator(".omni-preview")).to_be_visible(timeout=MINUTE)
    visit.shoot("reloaded_while_drawing")
    visit.shows(re.compile("made by a model"))
    assert visit.drawings() == 1
    visit.check()


def test_a_reloaded_page_shows_its_conversation(browser: Browser, page_url: str) -> None:
    # Of the two connections that the frame begins, the one that knows the conversation must stay.
    visit = Visit(browser, page_url)
    visit.say("hello")
    for _ in range(5):
        visit.reload()
        expect(visit.page.get_by_text("Hello.")).to_be_visible(timeout=MINUTE)
    visit.page.wait_for_timeout(1000)
    expect(visit.page.get_by_text("Hello.")).to_be_visible()
    visit.check()


def test_two_people_see_nothing_of_each_other(
    browser: Browser, start_page: Callable[..., str]
) -> None:
    server = str(Path(__file__).with_name("page_server.py"))
    url = start_page([server, "{data}", "{port}", "password"], {})
    ana = Visit(browser, url, login="ana")
    ana.say("This is my dog <bo>, his toy is a red ball.")
    ana.shows("I know <bo> now.")
    eve = Visit(browser, url, login="eve")
    eve.say("draw <bo> with his toy")
    eve.shows("I do not know <bo> yet")
    expect(eve.page.get_by_text("his toy is a red ball")).to_have_count(0)
    eve.page.goto(f"{url}/known")
    eve.shows("I know nobody yet.")
    ana.reload()
    ana.shows("I know <bo> now.")
    for visit in (ana, eve):
        visit.check()

"""Conversations are listed, opened again, joined while they run, deleted and redacted."""

import asyncio
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from fakes import LastingModel, WordEncoder, png
from tab import LIMIT, Tab

from omnipersona.accounts.signing_key import signing_secret
from omnipersona.agent.assistant import Assistant
from omnipersona.agent.settings import Settings
from omnipersona.memory.memory import Memory
from omnipersona.store.text import FORGOTTEN

if TYPE_CHECKING:
    from chainlit.step import StepDict

STEP = {"id": "s1", "threadId": "t1", "type": "user_message", "name": "User"}


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    secret = signing_secret(folder)
    assert len(secret) >= 32
    assert signing_secret(folder) == secret
    [path] = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the frame, when it is imported
async def test_an_earlier_state_that_is_slow_to_write_does_not_undo_a_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINLIT_APP_ROOT", str(tmp_path))
    from chainlit.context import init_http_context

    from omnipersona.ui.history import owner
    from omnipersona.ui.history.layer import HistoryLayer

    init_http_context()
    model = LastingModel()
    async with await Assistant.open(
        Settings(data=tmp_path / "data"), model=model, encoder=WordEncoder()
    ) as session:
        kept = session.conversations
        put, states = kept.put_step, list[str]()

        def slow_at_first(user_id: str, thread_id: str, step: Mapping[str, Any]) -> None:
            states.append(step["output"])
            if len(states) == 1:
                time.sleep(0.2)
            put(user_id, thread_id, step)

        monkeypatch.setattr(kept, "put_step", slow_at_first)
        layer = HistoryLayer(session)
        begun, ended = (cast("StepDict", {**STEP, "output": text}) for text in ("", "Here."))
        with pytest.raises(owner.NoOwner):
            await layer.create_step(begun)
        owner._OWNER.set("ana")
        await asyncio.gather(layer.create_step(begun), layer.update_step(ended))
        [step] = kept.steps("ana", "t1")
        assert step["output"] == "Here."


@pytest.mark.slow
async def test_a_conversation_is_opened_again_with_words_steps_and_pictures(page_url: str) -> None:
    async with Tab(page_url) as tab:
        await tab.say("what is this?", ("ok.png", png()))
        thread_id = await tab.kept("what is this?", "a red picture", pictures=1)
    async with Tab(page_url, thread_id) as again:
        [thread] = again.of("resume_thread")
        said = [step["output"] for step in thread["steps"] if "message" in step["type"]]
        assert said == ["what is this?", "a red picture"]
        titles = [step["name"] for step in thread["steps"] if step["type"] == "tool"]
        assert any(title.startswith("Look at the picture") for title in titles)
        [picture] = thread["elements"]
        status, data = await again.get(picture["url"])
        assert (status, data[:4]) == (200, b"\x89PNG")
        assert await again.delete_thread(thread_id) == 200
        assert thread_id not in [one["id"] for one in await again.kept_threads()]
        status, _ = await again.get(picture["url"])
        assert status == 404


@pytest.mark.slow
async def test_a_page_reloaded_while_drawing_shows_progress_and_then_the_picture(
    page_url: str,
) -> None:
    async with Tab(page_url) as tab:
        await tab.say("This is my dog <bo>, his toy is a red ball.")
        await tab.shows("I know <bo>")
    async with Tab(page_url) as tab:
        await tab.begin("draw <bo> with his toy, please")
        await tab.until(lambda: tab.elements("custom"))
        thread_id = await tab.kept("draw <bo> with his toy, please")
    async with Tab(page_url, thread_id) as reloaded:
        await reloaded.shows("I am still working on this.")
        await reloaded.until(lambda: reloaded.elements("custom"))
        await reloaded.until(lambda: len(reloaded.of("resume_thread")) == 2)
        last = reloaded.of("resume_thread")[-1]
        assert any(step["output"].startswith("Here it is") for step in last["steps"])
        assert any(one["type"] == "image" for one in last["elements"])
        await reloaded.until(lambda: reloaded.of("action"))
        labels = [one["label"] for one in reloaded.of("action")]
        assert labels == ["Draw it again", "Why did you draw it like that?"]
        await reloaded.say("give <bo> a hat")
    async with Tab(page_url, thread_id) as again:
        await again.until(lambda: len(again.of("action")) == 4)
        asked = {one["label"]: one for one in again.of("action")}
        assert {"Undo that", "All versions"} <= set(asked)
        assert len({one["forId"] for one in asked.values()}) == 1
        await again.press(asked["Before and after"])
        await again.until(lambda: again.elements("custom"))


@pytest.mark.slow
async def test_stop_on_a_reloaded_page_stops_the_drawing(page_url: str) -> None:
    async with Tab(page_url) as tab:
        await tab.say("This is my dog <bo>, his toy is a red ball.")
        await tab.shows("I know <bo>")
    async with Tab(page_url) as tab:
        await tab.begin("draw <bo> with his toy now")
        await tab.until(lambda: tab.elements("custom"))
        thread_id = await tab.kept("draw <bo> with his toy now")
    async with Tab(page_url, thread_id) as reloaded:
        await reloaded.until(lambda: reloaded.elements("custom"))
        await reloaded.stop()
        await reloaded.until(lambda: len(reloaded.of("resume_thread")) == 2)
        last = reloaded.of("resume_thread")[-1]
        assert not any(one["type"] == "image" for one in last["elements"])
        assert (await reloaded.say("hello")).startswith("Hello.")


@pytest.mark.slow
async def test_the_buttons_of_a_waiting_question_come_back(page_url: str) -> None:
    async with Tab(page_url) as tab:
        await tab.say("This is my friend <kim>", ("kim.png", png()))
        thread_id = await tab.kept("This is my friend <kim>")
    async with Tab(page_url, thread_id) as reloaded:
        await reloaded.until(lambda: len(reloaded.of("action")) == 2)
        no = next(one for one in reloaded.of("action") if one["label"] == "no")
        await reloaded.press(no)
        await reloaded.shows("Then I do not learn <kim>")


async def _opened(page_url: str, thread_id: str) -> dict[str, Any]:
    async with Tab(page_url, thread_id) as tab:
        [thread] = tab.of("resume_thread")
        return cast(dict[str, Any], thread)


@pytest.mark.slow
async def test_forgetting_reaches_what_was_shown(page_url: str) -> None:
    async with Tab(page_url) as tab:
        await tab.say("This is my dog <waldo>, his toy is a red ball.", ("w.png", png()))
        await tab.shows("I know <waldo> now.")
        question = await tab.say("forget <waldo>")
        assert "<waldo>" in question
        await tab.say("everything, also drawings of it")
        thread_id = ""
        async with asyncio.timeout(LIMIT):
            while not thread_id:
                names = {one["name"]: one["id"] for one in await tab.kept_threads()}
                thread_id = next((i for name, i in names.items() if FORGOTTEN in (name or "")), "")
                await asyncio.sleep(0.1)
    # The last words of the turn that forgets are taken out when they have been kept.
    async with asyncio.timeout(LIMIT):
        thread = await _opened(page_url, thread_id)
        while any("waldo" in str(step.get("output")) for step in thread["steps"]):
            thread = await _opened(page_url, thread_id)
    assert thread["elements"] == []


@pytest.mark.slow
async def test_a_message_that_the_end_of_the_program_left_unanswered_is_told(
    tmp_path: Path, start_own_page: Callable[..., str]
) -> None:
    thread_id = "0b9c4c2e-5f0e-4d52-9d0a-3f1f5f0f2a11"
    memory = Memory.open(tmp_path / "data", WordEncoder())
    said = {"id": "s1", "threadId": thread_id, "type": "user_message", "name": "User"}
    memory.conversations.put_thread("me", thread_id, name="draw a dog")
    memory.conversations.put_step("me", thread_id, {**said, "output": "draw a dog"})
    memory.close()
    server = str(Path(__file__).with_name("page_server.py"))
    url = start_own_page([server, str(tmp_path / "data"), "{port}"], {})
    async with Tab(url, thread_id) as tab:
        await tab.shows("I was stopped before I could answer this.")

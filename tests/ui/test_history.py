"""Conversations are listed, opened again, joined while they run, deleted and redacted."""

import asyncio
import json
import sqlite3
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from fakes import png
from servers import TestPlaces
from tab import LIMIT, Tab

from omnipersona.agent.history.store import FORGOTTEN, History
from omnipersona.agent.settings import Settings
from omnipersona.ui.history.secret import signing_secret

if TYPE_CHECKING:
    from chainlit.step import StepDict

both_stores = pytest.mark.both_stores
STEP = {"id": "s1", "threadId": "t1", "type": "user_message", "name": "User"}
PICTURE = {"id": "e1", "threadId": "t1", "forId": "s1", "name": "a.png", "mime": "image/png"}


@pytest.fixture
def settings(places: TestPlaces) -> Settings:
    places.folder.mkdir()
    return Settings(data=places.folder, **places.urls)


@pytest.fixture
def history(settings: Settings) -> Iterator[History]:
    opened = History.open(settings)
    yield opened
    opened.close()


@both_stores
def test_what_is_kept_is_read_back_after_a_restart(settings: Settings) -> None:
    first = History.open(settings)
    user = first.put_user("ana", {"a": 1})
    first.put_thread("t1", user_id=user.id, name="draw <bo>", metadata={"a": 1, "b": 2})
    first.put_step({**STEP, "output": "draw <bo>", "createdAt": "2026-01-02T00:00:00Z"})
    first.put_step({**STEP, "id": "s0", "output": "hello", "createdAt": "2026-01-01T00:00:00Z"})
    first.put_element(PICTURE, b"pixels")
    first.close()
    again = History.open(settings)
    assert again.user("ana") == user
    thread = again.thread("t1")
    assert thread is not None
    assert (thread.owner, thread.name, thread.metadata) == ("ana", "draw <bo>", {"a": 1, "b": 2})
    assert [step["output"] for step in again.steps("t1")] == ["hello", "draw <bo>"]
    assert again.elements("t1") == [PICTURE]
    assert again.element_content("e1") == ("ana", "image/png", b"pixels")
    again.close()


@both_stores
def test_later_states_add_to_earlier_ones(history: History) -> None:
    history.put_step({**STEP, "output": "a", "createdAt": None, "icon": "eye"})
    history.put_step({**STEP, "output": "b", "icon": None})
    [step] = history.steps("t1")
    assert (step["output"], step["icon"]) == ("b", "eye")
    assert step["createdAt"]
    history.put_thread("t1", metadata={"a": 1, "b": 2})
    history.put_thread("t1", metadata={"a": None})
    history.put_thread("t1", user_id=history.put_user("ana", {}).id)
    thread = history.thread("t1")
    assert thread is not None
    assert thread.metadata == {"b": 2}


@both_stores
def test_pages_and_search_show_a_user_their_own_threads(history: History) -> None:
    ana, eve = (history.put_user(name, {}) for name in ("ana", "eve"))
    for i in range(5):
        history.put_thread(f"t{i}", user_id=(eve if i == 4 else ana).id)
        history.put_step({**STEP, "id": f"s{i}", "threadId": f"t{i}", "output": f"words {i}"})
    first, has_more = history.threads(ana.id, first=3)
    assert ([one.id for one in first], has_more) == (["t3", "t2", "t1"], True)
    rest, has_more = history.threads(ana.id, first=3, after="t1")
    assert ([one.id for one in rest], has_more) == (["t0"], False)
    found, _ = history.threads(ana.id, first=3, search="WORDS 2")
    assert [one.id for one in found] == ["t2"]
    assert history.threads(ana.id, first=3, search="words 4") == ([], False)


@both_stores
def test_nothing_of_a_deleted_thread_is_left(history: History, places: TestPlaces) -> None:
    history.put_thread("t1", user_id=history.put_user("ana", {}).id)
    history.put_step({**STEP, "output": "a very secret word"})
    history.put_element(PICTURE, b"secret pixels")
    assert places.holds("secret")
    history.delete_thread("t1")
    assert history.thread("t1") is None
    assert places.holds("secret") == []


@both_stores
def test_a_forgotten_name_is_taken_out_with_the_pictures(
    history: History, places: TestPlaces
) -> None:
    ana = history.put_user("ana", {})
    for thread_id, words in (("t1", r"draw \<Waldo\-1\> at home"), ("t2", "draw a robot")):
        history.put_thread(thread_id, user_id=ana.id, name=words)
        history.put_step({**STEP, "id": thread_id, "threadId": thread_id, "output": words})
        history.put_element({**PICTURE, "id": thread_id, "threadId": thread_id}, b"pixels")
    assert history.redact("ana", ["waldo-1"]) == 1
    assert history.steps("t1")[0]["output"] == rf"draw \<{FORGOTTEN}\> at home"
    assert history.steps("t2")[0]["output"] == "draw a robot"
    assert (len(history.elements("t1")), len(history.elements("t2"))) == (0, 1)
    assert places.holds("waldo") == []
    assert history.redact("eve", ["robot"]) == 0


def test_a_file_made_before_steps_had_numbers_keeps_everything_in_order(
    settings: Settings,
) -> None:
    with closing(sqlite3.connect(settings.data / "history.sqlite3")) as old:
        old.executescript(
            """
            CREATE TABLE users (id TEXT PRIMARY KEY, identifier TEXT NOT NULL UNIQUE,
                metadata TEXT NOT NULL, created_at TEXT NOT NULL);
            CREATE TABLE threads (id TEXT PRIMARY KEY,
                user_id TEXT REFERENCES users ON DELETE CASCADE, name TEXT,
                metadata TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
            CREATE INDEX threads_of_user ON threads (user_id, updated_at);
            CREATE TABLE steps (id TEXT PRIMARY KEY,
                thread_id TEXT NOT NULL REFERENCES threads ON DELETE CASCADE, data TEXT NOT NULL);
            CREATE INDEX steps_of_thread ON steps (thread_id);
            CREATE TABLE elements (id TEXT PRIMARY KEY,
                thread_id TEXT NOT NULL REFERENCES threads ON DELETE CASCADE,
                step_id TEXT NOT NULL, data TEXT NOT NULL, content BLOB NOT NULL);
            CREATE INDEX elements_of_thread ON elements (thread_id);
            INSERT INTO users VALUES ('u1', 'ana', '{}', 'then');
            INSERT INTO threads VALUES ('t1', 'u1', 'draw', '{}', 'then', 'then');
            """
        )
        for name in ("z", "a", "m"):
            step = json.dumps({**STEP, "id": name, "output": name, "createdAt": "2026-01-01"})
            old.execute("INSERT INTO steps VALUES (?, 't1', ?)", (name, step))
            values = (name, json.dumps({**PICTURE, "id": name}), name.encode())
            old.execute("INSERT INTO elements VALUES (?, 't1', 's1', ?, ?)", values)
        old.commit()
    for _ in range(2):
        history = History.open(settings)
        assert [step["output"] for step in history.steps("t1")] == ["z", "a", "m"]
        assert [one["id"] for one in history.elements("t1")] == ["z", "a", "m"]
        assert history.element_content("m") == ("ana", "image/png", b"m")
        history.close()
    history = History.open(settings)
    history.delete_thread("t1")
    assert history.steps("t1") == history.elements("t1") == []
    history.close()


@both_stores
def test_odd_words_are_kept_and_found(history: History) -> None:
    ana = history.put_user("ana", {})
    words = "50% of {x} ? 'quoted' \x00 \ud800 \N{GRINNING FACE} GR\u00dcN"
    history.put_thread("t1", user_id=ana.id, name="\x00draw 100% ?")
    history.put_step({**STEP, "output": words})
    assert history.steps("t1")[0]["output"] == words
    [found], _ = history.threads(ana.id, first=3, search="gr\u00fcn")
    assert found.name.endswith("draw 100% ?")


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
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINLIT_APP_ROOT", str(tmp_path))
    from chainlit.context import init_http_context

    from omnipersona.ui.history.layer import HistoryLayer

    init_http_context()
    put, states = history.put_step, list[str]()

    def slow_at_first(step: Mapping[str, Any]) -> None:
        states.append(step["output"])
        if len(states) == 1:
            time.sleep(0.2)
        put(step)

    async def nothing(owner: str, thread_id: str) -> None:
        raise AssertionError((owner, thread_id))

    monkeypatch.setattr(history, "put_step", slow_at_first)
    layer = HistoryLayer(history, nothing)
    begun, ended = (cast("StepDict", {**STEP, "output": text}) for text in ("", "Here it is."))
    await asyncio.gather(layer.create_step(begun), layer.update_step(ended))
    [kept] = history.steps("t1")
    assert kept["output"] == "Here it is."


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

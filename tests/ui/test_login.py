"""Passwords are kept as hashes; two people see nothing of each other; open pages are refused."""

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from fakes import png
from tab import LOGINS, Tab
from typer.testing import CliRunner

from omnipersona.accounts.passwords import LOGINS_FILE, Logins, PasswordRefused
from omnipersona.agent.settings import load_settings
from omnipersona.ui.cli import app
from omnipersona.ui.serve import check_login

PASSWORD = "a long password"


def test_only_the_right_password_is_accepted(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    logins.put("ana", PASSWORD)
    logins.put("eve", PASSWORD)
    assert logins.accepts("ana", PASSWORD)
    assert not logins.accepts("ana", PASSWORD.upper())
    assert not logins.accepts("nobody", PASSWORD)
    assert not logins.accepts("nobody", "")
    text = (tmp_path / LOGINS_FILE).read_text()
    assert PASSWORD not in text
    hashes = {entry["hash"] for entry in json.loads(text).values()}
    assert len(hashes) == 2, "equal passwords have different hashes"
    assert stat.S_IMODE((tmp_path / LOGINS_FILE).stat().st_mode) == 0o600


def test_wrong_passwords_make_the_next_attempt_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("omnipersona.accounts.passwords.time.monotonic", lambda: now)
    logins = Logins(tmp_path)
    logins.put("ana", PASSWORD)
    logins.put("eve", PASSWORD)
    for _ in range(3):
        assert not logins.accepts("ana", "wrong")
    assert not logins.accepts("ana", PASSWORD), "it is not looked at while a wait is due"
    assert logins.accepts("eve", PASSWORD)
    now = 1.5
    assert logins.accepts("ana", PASSWORD)
    assert not logins.accepts("ana", "wrong")
    assert logins.accepts("ana", PASSWORD), "a right one ends the counting"


def test_a_short_password_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PasswordRefused, match="at least 8"):
        Logins(tmp_path).put("ana", "short")
    assert Logins(tmp_path).names() == []


def _run(data: Path, *words: str, typed: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(app, ["--data", str(data), "users", *words], input=typed)
    return done.exit_code, done.output


def test_people_are_added_listed_and_removed(tmp_path: Path) -> None:
    assert "Nobody yet" in _run(tmp_path, "list")[1]
    twice = f"{PASSWORD}\n{PASSWORD}\n"
    assert _run(tmp_path, "add", "ana", typed=twice)[0] == 0
    assert PASSWORD not in _run(tmp_path, "add", "eve", typed=twice)[1]
    assert json.loads(_run(tmp_path, "list", "--json")[1]) == {"users": ["ana", "eve"]}
    assert _run(tmp_path, "remove", "eve")[0] == 0
    assert Logins(tmp_path).names() == ["ana"]
    for words, sentence in (
        (("remove", "eve"), "has no password"),
        (("add", "\u202e"), "cannot be a name"),
    ):
        code, output = _run(tmp_path, *words)
        assert code == 1
        assert sentence in output
    code, output = _run(tmp_path, "add", "kim", typed="short\nshort\n")
    assert code == 1
    assert "at least 8" in output


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"host": "0.0.0.0"}, "could use this page"),
        ({"login": "password"}, "Nobody has a password yet"),
        ({"login": "oauth"}, "Nobody may come in"),
    ],
)
def test_a_page_for_everybody_or_nobody_does_not_start(
    tmp_path: Path, values: dict[str, str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exception, match="1"):
        check_login(load_settings(data=tmp_path, **values))
    assert sentence in capsys.readouterr().err


def test_a_page_of_this_machine_needs_no_login(tmp_path: Path) -> None:
    check_login(load_settings(data=tmp_path))
    Logins(tmp_path).put("ana", PASSWORD)
    check_login(load_settings(data=tmp_path, host="0.0.0.0", login="password"))


@pytest.fixture
async def ana(guarded_page: str) -> AsyncIterator[Tab]:
    async with Tab(guarded_page, login=("ana", LOGINS["ana"])) as tab:
        yield tab


@pytest.mark.slow
async def test_nobody_comes_in_without_a_password(guarded_page: str) -> None:
    for login in (("ana", LOGINS["eve"]), ("nobody", LOGINS["ana"]), ("", "")):
        assert await Tab(guarded_page, login=login).log_in() in (401, 422)
    assert await Tab(guarded_page).log_in() == 400, "there is no other way in"
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{guarded_page}/project/threads", json={}) as response,
    ):
        assert response.status == 401


@pytest.mark.slow
async def test_two_people_see_nothing_of_each_other(guarded_page: str, ana: Tab) -> None:
    await ana.say("This is my dog <rex>, his toy is a red ball.", ("rex.png", png()))
    await ana.shows("I know <rex> now.")
    thread_id = await ana.kept("This is my dog <rex>", "I know <rex> now.", pictures=1)
    assert [one["id"] for one in await ana.kept_threads()] == [thread_id]
    async with Tab(guarded_page, login=("eve", LOGINS["eve"])) as eve:
        assert await eve.kept_threads() == []
        assert "<rex>" in await eve.say("draw <rex> with his toy")
        assert not eve.elements("image")
        status, _ = await eve.get(f"/project/thread/{thread_id}")
        assert status == 404
        assert await eve.delete_thread(thread_id) == 404
    async with Tab(guarded_page, thread_id, ("ana", LOGINS["ana"])) as again:
        [resumed] = again.of("resume_thread")
        picture = resumed["elements"][0]["url"]
        assert (await again.get(picture))[0] == 200
    async with Tab(guarded_page, login=("eve", LOGINS["eve"])) as eve:
        assert (await eve.get(picture))[0] == 404


def test_names_that_nobody_has_do_not_pile_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnipersona.accounts.passwords._MOST_FAILURES", 3)
    logins = Logins(tmp_path)
    for number in range(6):
        assert not logins.accepts(f"nobody {number}", "wrong")
    assert len(logins._failures) == 3

"""Everything that the page offers, tried with another user's ids: nothing is seen or changed.

Routes, socket events and buttons are found in the running frame and in our code, and compared with
a plain count of their declarations, so that a new one cannot be missed. What is not used of the
frame must not be there at all.
"""

import json
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import socketio  # type: ignore[import-untyped]  # has no types
from fakes import png
from starlette.routing import BaseRoute, Mount, Route
from tab import LOGINS, Tab

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the frame, when it is imported
]
ROOT: Final = Path(__file__).parent.parent.parent
SECRET: Final = "quokkaball"
PHRASE: Final = f"This is my dog <rex>, his toy is a red ball of {SECRET}."
WRITES: Final = ("POST", "PUT", "DELETE")

# What a stranger may be told at an address: it is everybody's, or their own.
EVERYBODYS: Final = frozenset(
    ("/public/{filename:path}", "/assets/{filename:path}", "/auth/config", "/user", "/health")
    + (
        "/project/translations",
        "/project/settings",
        "/favicon",
        "/logo",
        "/avatars/{avatar_id:str}",
    )
    + ("/login", "/logout", "/auth/header", "/set-session-cookie", "/", "/{full_path:path}")
    + ("/project/threads", "/known", "/known/facts", "/known/forget", "/known/forget-me")
)


@dataclass
class Owned:
    """Ids of the owner's, by the names under which requests give them."""

    ids: dict[str, str] = field(default_factory=dict)
    job_id: str = ""
    photo_id: str = ""


@pytest.fixture
async def ana(guarded_page: str) -> AsyncIterator[Tab]:
    async with Tab(guarded_page, login=("ana", LOGINS["ana"])) as tab:
        yield tab


@pytest.fixture
async def eve(guarded_page: str) -> AsyncIterator[Tab]:
    async with Tab(guarded_page, login=("eve", LOGINS["eve"])) as tab:
        yield tab


@pytest.fixture
async def owned(ana: Tab) -> Owned:
    """Have the owner teach, so that there is one of everything."""
    name = f"rex{uuid.uuid4().hex[:6]}"
    said = PHRASE.replace("<rex>", f"<{name}>")
    await ana.say(said, ("rex.png", png()))
    await ana.shows(f"I know <{name}> now.")
    thread_id = await ana.kept(f"This is my dog <{name}>", f"I know <{name}> now.", pictures=1)
    thread = json.loads((await ana.get(f"/project/thread/{thread_id}"))[1])
    _, album = await ana.get("/known")
    photo = re.search(r"/known/photos/(\w+)", album.decode())
    fact = re.search(r'name="fact_id" value="(\w+)"', album.decode())
    concept = re.search(r'name="concept_id" value="(\w+)"', album.decode())
    assert photo
    assert fact
    assert concept
    step = next(one["id"] for one in thread["steps"] if one["type"] == "user_message")
    ids = {
        **dict.fromkeys(("thread_id", "threadId", "full_path"), thread_id),
        **dict.fromkeys(("element_id", "file_id", "id"), thread["elements"][0]["id"]),
        **dict.fromkeys(("forId", "messageId", "feedbackId"), step),
        **{"sessionId": ana.session_id, "session_id": ana.session_id, "name": name},
        **{"picture_id": photo[1], "fact_id": fact[1], "concept_id": concept[1]},
        **{"provider_id": "village", "avatar_id": "x", "filename": "page.css"},
    }
    return Owned(ids=ids, photo_id=photo[1])


async def everything(ana: Tab, owned: Owned) -> tuple[object, ...]:
    """Return all that the owner sees."""
    album = (await ana.get("/known"))[1]
    thread = (await ana.get(f"/project/thread/{owned.ids['thread_id']}"))[1]
    picture = (await ana.get(f"/pictures/{owned.photo_id}"))[1]
    threads = [one["id"] for one in await ana.kept_threads()]
    return album, thread, picture, threads


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Import the frame as the page does."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CHAINLIT_APP_ROOT", str(tmp_path_factory.mktemp("frame")))
        from chainlit import server
    return server


def routes_of(router: Any) -> Iterator[tuple[str, str]]:
    """Yield method and path of every route, of mounts and included routers, too."""
    for route in router.routes:
        yield from _methods(route)


def _methods(route: BaseRoute) -> Iterator[tuple[str, str]]:
    if isinstance(route, Mount):
        yield "MOUNT", route.path
    elif isinstance(route, Route):
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, route.path


def ours() -> list[tuple[str, str]]:
    from omnipersona.ui.album.routes import album_routes

    found = [pair for route in album_routes() for pair in _methods(route)]
    return [*found, ("GET", "/pictures/{picture_id}")]


def declared(path: Path, pattern: str) -> int:
    return len(re.findall(pattern, path.read_text(encoding="utf-8")))


def test_no_declaration_is_missed(frame: Any, capsys: pytest.CaptureFixture[str]) -> None:
    source = Path(frame.__file__)
    found = set(routes_of(frame.router))
    # Those of chat platforms are made only where their keys are set.
    decorated = declared(source, r"(?m)^@router\.(get|post|put|delete)\(")
    assert len(found) >= decorated > 30
    mounts = {pair for pair in routes_of(frame.app.router) if pair[0] == "MOUNT"}
    assert len(mounts) == declared(source, r"(?m)^app\.mount\(") == 1
    mine = ours()
    in_code = declared(ROOT / "ui/album/routes.py", r"\bAPIRoute\(f?[\"A]")
    assert len(mine) == in_code + declared(ROOT / "ui/app.py", r"\bAPIRoute\(PICTURES")
    sio = frame.sio
    __import__("chainlit.socket")

    events = declared(source.with_name("socket.py"), r"(?m)^@sio\.on\(")
    assert len(sio.handlers["/"]) == events > 10
    actions = declared(ROOT / "ui/app.py", r"@cl\.action_callback\(")
    assert actions == len(BUTTONS)
    with capsys.disabled():
        print(
            f"\ntwo users: {len(found)} routes of the frame, {len(mounts)} mount, {len(mine)} of "
            f"ours, {events} socket events, {actions} buttons"
        )


def filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: ids.get(found[1], "x"), path)


def body(ids: dict[str, str]) -> dict[str, Any]:
    """Return a body that names the owner's things in every way that a request might."""
    element = {**ids, "type": "custom", "name": "../../shown/x", "display": "inline", "props": {}}
    feedback = {**ids, "value": 1, "comment": "stolen"}
    action = {"name": "go_on_from", "payload": {"picture_id": ids["picture_id"]}, "id": "a"}
    return {
        **ids,
        **{"element": element, "feedback": feedback, "action": action, "isShared": True},
        **{"name": "stolen", "attribute": "toy", "value": "stolen", "is_sure": True},
    }


async def test_no_address_gives_or_changes_anothers_things(
    frame: Any, ana: Tab, eve: Tab, owned: Owned
) -> None:
    from omnipersona.ui.page.narrow import OnlyWhatIsUsed

    used = OnlyWhatIsUsed(frame.app, has_oauth=False)
    before = await everything(ana, owned)
    invented = dict.fromkeys(owned.ids, uuid.uuid4().hex) | {"filename": "page.css"}
    num_tried = 0
    for method, path in sorted({*routes_of(frame.router), *ours()}):
        if path == "/known/forget-me":
            continue  # it takes no id: what it forgets is the visitor's own
        answers = []
        for ids in (owned.ids, invented):
            address = filled(path, ids)
            status, text = await eve.send(method, f"/{address.lstrip('/')}", body(ids))
            scope = {"method": method, "path": f"/{address.lstrip('/')}"}
            assert SECRET not in text, (method, path)
            assert owned.ids["name"] not in text or ids["name"] in str(body(ids)), (method, path)
            if not used._is_used(scope):
                assert status == 404, (method, path, status)
            elif path not in EVERYBODYS:
                assert status >= 400 or method == "POST", (method, path, status)
            answers.append(status)
            num_tried += 1
        if "sessionId" not in path and path not in EVERYBODYS and method in ("GET", "DELETE"):
            assert answers[0] == answers[1], (method, path, "another's is like an unknown one")
        if method in WRITES:
            assert await everything(ana, owned) == before, (method, path)
    assert await everything(ana, owned) == before
    assert num_tried > 60


BUTTONS: Final = ("say", "compare", "versions", "go_on_from", "cancel_learning")


@pytest.mark.parametrize("button", BUTTONS)
async def test_no_button_reaches_anothers_things(
    ana: Tab, eve: Tab, owned: Owned, button: str
) -> None:
    before = await everything(ana, owned)
    payload = {
        **owned.ids,
        "job_id": owned.job_id,
        "text": "why did you draw that?",
    }
    await eve.begin("hello")
    await eve.ends()
    await eve.press({"name": button, "payload": payload, "id": "a", "label": "x"})
    await eve.say("hello")
    assert SECRET not in str(eve.events)
    assert await everything(ana, owned) == before


async def test_no_message_reaches_anothers_conversation(ana: Tab, eve: Tab, owned: Owned) -> None:
    before = await everything(ana, owned)
    for event in ("client_message", "edit_message", "message_favorite", "window_message"):
        message = {
            **{"id": owned.ids["forId"], "threadId": owned.ids["thread_id"], "output": "stolen"},
            **{"name": "User", "type": "user_message", "metadata": {"favorite": True}},
            "createdAt": "2026-01-01T00:00:00Z",
        }
        payload = {"message": message, "fileReferences": [{"id": owned.ids["file_id"]}]}
        await eve._socket.emit(event, payload)
    await eve.say("hello")
    assert await everything(ana, owned) == before
    [thread_id] = [one["id"] for one in await eve.kept_threads() if one["name"] == "stolen"][:1]
    assert thread_id != owned.ids["thread_id"]


@pytest.mark.parametrize("whose", ["another's", "nobody's", "odd"])
async def test_a_socket_joins_ones_own_conversations_alone(
    guarded_page: str, owned: Owned, whose: str
) -> None:
    thread_id = {
        "another's": owned.ids["thread_id"],
        "nobody's": str(uuid.uuid4()),
        "odd": "../../x",
    }[whose]
    tab = Tab(guarded_page, thread_id, login=("eve", LOGINS["eve"]))
    assert await tab.log_in() == 200
    with pytest.raises(socketio.exceptions.ConnectionError, match="failed to connect"):
        await tab.connect()


async def test_nothing_is_served_without_a_login(frame: Any, guarded_page: str) -> None:
    nobody = Tab(guarded_page)
    for method, path in sorted({*routes_of(frame.router), *ours()}):
        if path in EVERYBODYS and not path.startswith("/known") and path != "/project/threads":
            continue
        address = filled(path, {"filename": "x"})
        status, _ = await nobody.send(method, f"/{address.lstrip('/')}", {})
        assert status in (400, 401, 404, 405, 422), (method, path, status)


async def test_anothers_tab_is_as_unknown_as_one_that_nobody_has(guarded_page: str) -> None:
    first, second = LOGINS.items()
    async with Tab(guarded_page, login=first) as ana, Tab(guarded_page, login=second) as eve:
        for tab_id in (ana.session_id, str(uuid.uuid4())):
            action = {"name": "say", "payload": {"text": "hello"}, "id": "1"}
            body = {"sessionId": tab_id, "action": action}
            query = f"session_id={tab_id}"
            told = {
                await eve.send("POST", "/project/action", body),
                await eve.send("POST", f"/project/file?{query}", {}),
                await eve.send("GET", f"/project/file/x?{query}", {}),
            }
            assert told == {(404, "There is no such tab.")}
        assert "hello" not in ana.texts()

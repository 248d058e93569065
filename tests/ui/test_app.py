"""The page's handlers, through the frame's own protocol, on a scripted model."""

from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import aiohttp
import pytest
from fakes import png
from tab import Tab

pytestmark = pytest.mark.slow

STARTER = "This is my dog <bo>, his toy is a red ball."


async def teach(tab: Tab) -> None:
    """Teach <bo> unless the page knows him."""
    await tab.say(STARTER)
    await tab.shows("I know <bo>")


async def test_a_starter_brings_its_photos_and_learning_is_shown(page_url: str) -> None:
    async with Tab(page_url) as tab:
        message_id = await tab.begin(STARTER)
        await tab.shows("I am learning <bo> (dog) from 6 photos")
        photos = [one for one in tab.elements("image") if one["forId"] == message_id]
        assert len(photos) == 6
        await tab.shows("I know <bo> well enough to begin")
        await tab.shows("I know <bo> now.")
        await tab.until(lambda: "remove_element" in tab.names())
        bars = tab.elements("custom")
        assert {one["name"] for one in bars} == {"LearnProgress"}
        assert bars[-1]["props"]["num_steps"] == 20
        assert tab.of("remove_element")[-1]["id"] == bars[0]["id"]
        labels = [one["label"] for one in tab.of("action")]
        assert labels == ["Draw <bo> in the snow", "What do you know about <bo>?"]


async def test_a_drawing_shows_steps_progress_and_an_enlarged_picture(page_url: str) -> None:
    async with Tab(page_url) as tab:
        await teach(tab)
        text = await tab.say("draw <bo> with his toy")
        assert text.startswith("Here it is: <bo> with a red ball.")
        assert "30 steps" in text
        steps = tab.steps("tool")
        titles = [one["name"] for one in steps]
        assert titles[0].startswith("Understand the request: generate, <bo>")
        assert titles[1].startswith("Look into memory: a red ball (you said")
        assert titles[2] == "Rewrite the prompt: <bo> with a red ball"
        assert "**prompt:** \\<bo\\> with a red ball" in steps[2]["output"]
        progress = tab.elements("custom")
        assert len(progress) > 2
        assert progress[-1]["props"]["preview"].startswith("data:image/png;base64,")
        assert tab.of("remove_element")[-1]["id"] == progress[0]["id"]
        [picture] = tab.elements("image")
        assert picture["chainlitKey"] is None, "it lies in one place"
        status, data = await tab.get(picture["url"])
        assert status == 200
        width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
        assert max(width, height) == 256


async def test_an_edit_can_be_compared_and_any_version_gone_on_from(page_url: str) -> None:
    async with Tab(page_url) as tab:
        await teach(tab)
        await tab.say("draw <bo> with his toy")
        await tab.say("give <bo> a hat")
        asked = {one["label"]: one for one in tab.of("action")}

        await tab.press(asked["Before and after"])
        await tab.until(lambda: "BeforeAfter" in shown(tab))
        assert set(shown(tab)["BeforeAfter"]) == {"before", "after"}

        await tab.press(asked["All versions"])
        await tab.until(lambda: "Versions" in shown(tab))
        versions = shown(tab)["Versions"]["versions"]
        assert [(one["number"], one["parent"]) for one in versions] == [(1, None), (2, 1)]
        assert [one["words"] for one in versions] == ["<bo> with a red ball", "put a hat on <bo>"]

        go_on = {"name": "go_on_from", "id": "1"}
        await tab.press({**go_on, "payload": {"picture_id": versions[0]["id"]}})
        await tab.shows("Here it is again")
        await tab.press({**go_on, "payload": {"picture_id": "of nobody"}})
        await tab.shows("There is no picture 'of nobody'")
        await tab.say("give <bo> a hat")
        await tab.press(asked["All versions"])
        await tab.until(lambda: "Versions" in shown(tab))
        assert [one["parent"] for one in shown(tab)["Versions"]["versions"]] == [None, 1, 1]


def shown(tab: Tab) -> dict[str, dict[str, Any]]:
    """Return the newest props of every panel by its name."""
    return {one["name"]: one["props"] for one in tab.elements("custom")}


async def test_stop_ends_a_drawing_and_the_next_message_works(page_url: str) -> None:
    async with Tab(page_url) as tab:
        await teach(tab)
        await tab.begin("draw <bo> with his toy")
        await tab.until(lambda: tab.elements("custom"))
        await tab.stop()
        await tab.ends()
        assert tab.elements("custom")[-1]["props"]["step"] < 30
        assert tab.of("remove_element")
        assert tab.steps("tool")[-1]["name"] == "Draw: stopped"
        assert not tab.elements("image")
        assert (await tab.say("hello")).startswith("Hello.")


async def test_words_of_a_reply_are_no_markup(page_url: str) -> None:
    async with Tab(page_url) as tab:
        await tab.say("hello")
        written = tab.steps("assistant_message")[-1]["output"]
        assert written.startswith("Hello\\. \\*Not\\* a \\[link\\]\\(http\\://example\\.org\\)")


async def test_a_file_that_is_no_picture_is_refused_and_the_next_is_read(page_url: str) -> None:
    async with Tab(page_url) as tab:
        text = await tab.say("what is this?", ("../../etc/passwd.png", b"no picture at all"))
        assert text.startswith("The file is not a PNG, JPEG, WEBP, GIF, AVIF or HEIC picture")
        assert await tab.say("what is this?", ("ok.png", png())) == "a red picture"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "x" * 300 + ".png", "\U0001f436.png", "CON", "<b>.svg"]
)
async def test_the_name_of_a_file_means_nothing(page_url: str, name: str) -> None:
    async with Tab(page_url) as tab:
        assert await tab.say("what is this?", (name, png())) == "a red picture"


@pytest.mark.parametrize(
    ("name", "data"),
    [("a\x00b.png", png()), ("", png()), ("empty.png", b"")],
    ids=["null in the name", "no name", "no byte"],
)
async def test_after_an_upload_that_the_frame_may_not_take_the_next_is_read(
    page_url: str, name: str, data: bytes
) -> None:
    part = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
    head = f"--x\r\n{part}Content-Type: image/png\r\n\r\n".encode()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    async with Tab(page_url) as tab:
        where = f"{page_url}/project/file?session_id={tab.session_id}"
        async with (
            aiohttp.ClientSession(cookies=tab.cookies) as http,
            http.post(where, data=head + data + b"\r\n--x--\r\n", headers=headers) as response,
        ):
            assert response.status != 401
        assert await tab.say("what is this?", ("ok.png", png())) == "a red picture"


async def test_eleven_files_are_refused(page_url: str) -> None:
    async with Tab(page_url) as tab:
        text = await tab.say("what is this?", *[(f"{i}.png", png()) for i in range(11)])
        assert text == "You sent 11 files; at most 10 at once. Send fewer."


@pytest.mark.parametrize("is_typed", [True, False])
async def test_a_question_is_answered_by_a_button_or_by_words(
    page_url: str, is_typed: bool
) -> None:
    async with Tab(page_url) as tab:
        text = await tab.say("This is my friend <zoe>", ("zoe.png", png()))
        assert text == "<zoe> is a person. Does <zoe> agree that I learn their looks?"
        yes, no = tab.of("action")
        assert (yes["label"], no["label"]) == ("yes", "no")
        if is_typed:
            assert (await tab.say("no")).startswith("Then I do not learn <zoe>")
        else:
            tab.events.clear()
            await tab.press(no)
            await tab.shows("Then I do not learn <zoe>")
            await tab.ends()
        assert {one["id"] for one in tab.of("remove_action")} == {yes["id"], no["id"]}


async def test_a_page_opened_while_learning_shows_it_and_can_cancel(page_url: str) -> None:
    async with Tab(page_url) as tab:
        await tab.say(STARTER.replace("<bo>", "<rex>"), ("rex.png", png()))
    async with Tab(page_url) as reloaded:
        await reloaded.shows("I am still learning <rex>.")
        await reloaded.until(lambda: reloaded.elements("custom"))
        job_id = reloaded.elements("custom")[0]["props"]["job_id"]
        action = {"name": "cancel_learning", "payload": {"job_id": job_id}, "id": "1"}
        await reloaded.press(action)
        await reloaded.shows("I stopped learning <rex>.")
        await reloaded.press({**action, "payload": {"job_id": "of nobody"}})
        await reloaded.shows("There is no learning job")


async def test_the_start_page_names_no_other_host(page_url: str) -> None:
    with urlopen(page_url) as response:
        html, policy = response.read().decode(), response.headers["Content-Security-Policy"]
    assert "://" not in html
    assert "default-src 'self'" in policy


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://example.org"}, {"Origin": "null"}, {"Host": "example.org"}]
)
async def test_a_foreign_site_is_refused(page_url: str, headers: dict[str, str]) -> None:
    with pytest.raises(HTTPError, match="403"):
        urlopen(Request(page_url, headers=headers))
    address = f"{page_url}/ws/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(address, headers=headers)


async def test_an_element_cannot_name_a_file_of_this_machine(page_url: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    async with Tab(page_url) as tab:
        tab.events.clear()
        element = {
            "id": "1",
            "type": "custom",
            "name": "LearnProgress",
            "forId": "1",
            "path": str(secret),
            "url": secret.as_uri(),
            "display": "inline",
            "props": {},
        }
        body = {"sessionId": tab.session_id, "element": element}
        async with aiohttp.ClientSession() as http:
            async with http.put(f"{page_url}/project/element", json=body) as response:
                assert response.status < 500
            for shown in tab.elements("custom"):
                assert not (shown["url"] or "").startswith("file:")
                key = shown["chainlitKey"]
                address = f"{page_url}/project/file/{key}?session_id={tab.session_id}"
                async with http.get(address) as response:
                    assert "secret" not in await response.text()
        assert await tab.say("what is this?", ("ok.png", png())) == "a red picture"

"""The page of what is known shows, corrects, gives out and forgets a user's own things alone."""

import re

import aiohttp
import pytest
from fakes import png
from tab import LOGINS, Tab

pytestmark = pytest.mark.slow


async def _known(tab: Tab) -> str:
    status, body = await tab.get("/known")
    assert status == 200
    return body.decode()


async def _teach(tab: Tab, name: str) -> None:
    await tab.say(f"This is my dog <{name}>, his toy is a red ball.", (f"{name}.png", png()))
    await tab.shows(f"I know <{name}> now.")


async def test_everything_known_is_shown_corrected_taken_along_and_forgotten(
    page_url: str,
) -> None:
    async with Tab(page_url) as tab:
        await _teach(tab, "ada")
        page = await _known(tab)
        assert "&lt;ada&gt;" in page
        assert re.search(r"<b>toy</b>\s*a red ball", page)
        assert "you said, 2" in page
        photo = re.search(r"/known/photos/\w+", page)
        assert photo is not None
        status, data = await tab.get(photo[0])
        assert (status, data[:4]) == (200, b"\x89PNG")
        status, data = await tab.get("/known/files/ada")
        assert (status, data[:2]) == (200, b"PK")
        section = page[page.index("&lt;ada&gt;") :]
        concept_id = re.search(r'name="concept_id" value="(\w+)"', section)
        assert concept_id is not None
        status, page = await tab.post(
            "/known/facts", concept_id=concept_id[1], attribute="toy", value="a <b>kite</b>"
        )
        assert status == 200
        assert "a &lt;b&gt;kite&lt;/b&gt;" in page
        assert "</b> a red ball" not in page[page.index("&lt;ada&gt;") :].split("</section>")[0]
        fact_id = re.search(r'name="fact_id" value="(\w+)"', page[page.index("&lt;ada&gt;") :])
        assert fact_id is not None
        _, page = await tab.post("/known/facts/forget", fact_id=fact_id[1])
        assert "kite" not in page
        _, page = await tab.post("/known/forget", name="ada")
        assert "Yes, forget &lt;ada&gt; for good" in page
        _, page = await tab.post("/known/forget", name="ada", is_sure="true", drawings="true")
        assert "Forgotten &lt;ada&gt;:" in page
        assert "&lt;ada&gt;</h2>" not in page
        assert (await tab.get(photo[0]))[0] == 404


async def test_facts_about_the_user_are_kept_there_too(page_url: str) -> None:
    async with Tab(page_url) as tab:
        _, page = await tab.post("/known/facts", concept_id="", attribute="home", value="Lyon")
        assert re.search(r"<b>home</b>\s*Lyon", page[page.index("<h2>You</h2>") :])


async def test_what_cannot_be_done_is_told_on_the_page(page_url: str) -> None:
    async with Tab(page_url) as tab:
        for where, fields, sentence in (
            ("/known/facts", {"attribute": "toy", "value": " "}, "is empty"),
            ("/known/facts", {"concept_id": "f" * 32, "attribute": "a", "value": "b"}, "."),
            ("/known/facts/forget", {"fact_id": "f" * 32}, "."),
            ("/known/forget", {"name": "nobody", "is_sure": "true"}, "do not know"),
        ):
            status, page = await tab.post(where, **fields)
            assert status == 400
            told = re.search(r'role="status">([^<]+)<', page)
            assert told is not None
            assert sentence in told[1]
        assert (await tab.get("/known"))[0] == 200


async def test_another_user_finds_and_changes_nothing(guarded_page: str) -> None:
    async with Tab(guarded_page, login=("ana", LOGINS["ana"])) as ana:
        await _teach(ana, "ivo")
        page = await _known(ana)
        photo = re.search(r"/known/photos/\w+", page)
        fact_id = re.search(r'name="fact_id" value="(\w+)"', page)
        assert photo is not None
        assert fact_id is not None
        async with Tab(guarded_page, login=("eve", LOGINS["eve"])) as eve:
            assert "ivo" not in await _known(eve)
            assert (await eve.get(photo[0]))[0] == 404
            assert (await eve.get("/known/files/ivo"))[0] == 400
            assert (await eve.post("/known/facts/forget", fact_id=fact_id[1]))[0] == 400
            assert (await eve.post("/known/forget", name="ivo", is_sure="true"))[0] == 400
        assert "a red ball" in await _known(ana)


async def test_who_is_not_logged_in_is_sent_to_the_login(guarded_page: str) -> None:
    async with aiohttp.ClientSession() as http:
        for method, where in (("GET", "/known"), ("POST", "/known/forget")):
            data = {"name": "ivo"} if method == "POST" else None
            async with http.request(
                method, f"{guarded_page}{where}", data=data, allow_redirects=False
            ) as response:
                assert response.status in (303, 401)
                assert "ivo" not in await response.text()

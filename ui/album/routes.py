"""The page of what is known: concepts with photos and facts, to correct, take along and forget.

Plain HTML and forms, so that it works without scripts and on any width. Knows HTTP. Who asks comes
from the login; what is asked for is looked up among that user's own things alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Form
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader
from starlette.responses import HTMLResponse, RedirectResponse, Response

from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.ui.chat.pictures import PICTURE_HEADERS
from omnipersona.ui.history.joining import drop_files_of
from omnipersona.ui.login.callbacks import Owner
from omnipersona.ui.page_state import page_state

ALBUM: Final = "/known"

_PNG: Final = "image/png"
_templates: Final = Environment(loader=PackageLoader("omnipersona.ui", "album"), autoescape=True)
_STYLE: Final = (resources.files("omnipersona.ui.album") / "album.css").read_text("utf-8")


async def show(owner: Owner, told: str = "") -> Response:
    """Show everything that is known to the visitor's assistant."""
    return await _page(owner, told)


async def photo(picture_id: str, owner: Owner) -> Response:
    """Return a photo's bytes to its owner."""
    try:
        png = await page_state().session.picture(owner, picture_id)
    except EXPECTED_ERRORS:
        return Response(status_code=404)
    return Response(png, media_type=_PNG, headers=PICTURE_HEADERS)


async def export(name: str, owner: Owner) -> Response:
    """Return a concept as a file."""

    async def work() -> Response:
        data = await page_state().session.export_concept(owner, name)
        file = f"attachment; filename*=UTF-8''{quote(name)}.zip"
        return Response(data, headers={"Content-Disposition": file})

    return await _or_told(owner, work)


async def state(
    owner: Owner,
    attribute: Annotated[str, Form()],
    value: Annotated[str, Form()],
    concept_id: Annotated[str, Form()] = "",
) -> Response:
    """Keep what the user writes of a concept or of themselves; it replaces what was there."""

    async def work() -> Response:
        await page_state().session.state_fact(owner, concept_id, attribute, value)
        return _back("Noted.")

    return await _or_told(owner, work)


async def forget_fact(owner: Owner, fact_id: Annotated[str, Form()]) -> Response:
    """Forget one fact for good."""

    async def work() -> Response:
        told = await page_state().session.forget_fact(owner, fact_id)
        return _back(f"Forgotten. {told}".strip())

    return await _or_told(owner, work)


async def forget(
    owner: Owner,
    name: Annotated[str, Form()],
    is_sure: Annotated[bool, Form()] = False,
    drawings: Annotated[bool, Form()] = False,
) -> Response:
    """Forget a concept everywhere, after a second click; show the receipt."""

    async def work() -> Response:
        if not is_sure:
            view = await page_state().session.concept_card(owner, name)
            return await _page(owner, "", asks_about=view.name)
        outcome = await page_state().session.forget_concept(owner, name, drawings=drawings)
        return _back(outcome.text)

    return await _or_told(owner, work)


async def forget_me(owner: Owner, is_sure: Annotated[bool, Form()] = False) -> Response:
    """Forget everything of the visitor, after a second click; show the receipt."""
    if not is_sure:
        return await _page(owner, "", asks_about_all=True)

    async def work() -> Response:
        gone = await page_state().session.forget_user(owner)
        await asyncio.to_thread(drop_files_of, owner)
        return _back(
            f"Forgotten: {gone.concepts} concepts, {gone.facts} facts, {gone.photos} photos, "
            f"{gone.drawings} drawings and every conversation."
        )

    return await _or_told(owner, work)


async def _page(
    user_id: str,
    told: str,
    asks_about: str = "",
    *,
    asks_about_all: bool = False,
    status: int = 200,
) -> Response:
    album = await page_state().session.album(user_id)
    html = _templates.get_template("album.html").render(
        album=album,
        told=told,
        asks_about=asks_about,
        asks_about_all=asks_about_all,
        style=_STYLE,
        prefix=page_state().prefix,
    )
    return HTMLResponse(html, status)


async def _or_told(user_id: str, work: Callable[[], Awaitable[Response]]) -> Response:
    """Do some work; an error that has a sentence is shown on the page."""
    try:
        return await work()
    except EXPECTED_ERRORS as error:
        return await _page(user_id, str(error), status=400)


def _back(told: str) -> Response:
    return RedirectResponse(f"{page_state().prefix}{ALBUM}?told={quote(told)}", 303)


def album_routes() -> list[APIRoute]:
    """Return the page's addresses."""
    return [
        APIRoute(ALBUM, show, methods=["GET"]),
        APIRoute(f"{ALBUM}/photos/{{picture_id}}", photo, methods=["GET"]),
        APIRoute(f"{ALBUM}/files/{{name}}", export, methods=["GET"]),
        APIRoute(f"{ALBUM}/facts", state, methods=["POST"]),
        APIRoute(f"{ALBUM}/facts/forget", forget_fact, methods=["POST"]),
        APIRoute(f"{ALBUM}/forget", forget, methods=["POST"]),
        APIRoute(f"{ALBUM}/forget-me", forget_me, methods=["POST"]),
    ]

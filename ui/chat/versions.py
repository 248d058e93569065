"""An edited picture beside its source, and all its versions, to go on from any of them.

Knows how versions look. What is shown here is not kept: it can be asked for again.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import chainlit as cl

from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.ui.chat.elements import (
    inline_picture,
    panel,
    passing_message,
    picture_buttons,
    show_panel,
)
from omnipersona.ui.chat.pictures import data_url
from omnipersona.ui.login.callbacks import current_user
from omnipersona.ui.page_state import page_state

if TYPE_CHECKING:
    from omnipersona.tools.gallery import PictureRecord

_YOURS: Final = "your picture"
_CHOSEN: Final = "Here it is again. What you ask for next starts from it."


async def compare(picture_id: str) -> None:
    """Show a picture over the one that it was edited from, with a slider between them."""
    after = await _version(picture_id)
    props = {"before": await _url(after.parent_id), "after": await _url(picture_id)}
    await show_panel(panel("BeforeAfter"), props, await passing_message("Before and after:"))


async def show_versions(picture_id: str) -> None:
    """Show all versions of a picture."""
    versions = await page_state().session.versions(current_user(), picture_id)
    numbers = {one.picture_id: number for number, one in enumerate(versions, 1)}
    shown = [
        {
            "id": one.picture_id,
            "number": numbers[one.picture_id],
            "parent": numbers.get(one.parent_id),
            "words": _YOURS if one.is_upload else one.details.get("rewritten", ""),
            "picture": await _url(one.picture_id),
        }
        for one in versions
    ]
    message = await passing_message("All versions of this picture:")
    await show_panel(panel("Versions"), {"versions": shown}, message)


async def go_on_from(picture_id: str) -> None:
    """Make a version the picture that the conversation speaks of."""
    here, user_id = page_state(), current_user()
    await here.session.go_on_from(user_id, cl.context.session.thread_id, picture_id)
    await cl.Message(_CHOSEN, elements=[inline_picture(picture_id)]).send()


async def buttons_of(picture_id: str) -> list[cl.Action]:
    """Return what can be done with a picture that is shown again; nothing with the user's own."""
    shown = await _version(picture_id)
    return [] if shown.is_upload else picture_buttons(picture_id, is_edit=bool(shown.parent_id))


async def or_told(look: Callable[[str], Awaitable[None]], action: cl.Action) -> None:
    """Do what a button asks about its picture; an error that has a sentence is said."""
    try:
        await look(str(action.payload.get("picture_id")))
    except EXPECTED_ERRORS as error:
        await cl.Message(str(error)).send()


async def _version(picture_id: str) -> "PictureRecord":
    versions = await page_state().session.versions(current_user(), picture_id)
    (own,) = (one for one in versions if one.picture_id == picture_id)
    return own


async def _url(picture_id: str) -> str:
    return data_url(await page_state().session.picture(current_user(), picture_id))

"""What several parts of the page show: buttons that speak for the user, and panels that change."""

from collections.abc import Sequence
from typing import Any, Final

import chainlit as cl

from omnipersona.ui.chat.markup import as_markdown
from omnipersona.ui.history.layer import PICTURES
from omnipersona.ui.page_state import page_state

SAY: Final = "say"
CANCEL_LEARNING: Final = "cancel_learning"
COMPARE: Final = "compare"
VERSIONS: Final = "versions"
GO_ON_FROM: Final = "go_on_from"
_WHY: Final = "Why did you draw it like that?"


def say_buttons(words: Sequence[str]) -> list[cl.Action]:
    """Return buttons that say their own label in the user's name."""
    return [cl.Action(name=SAY, label=text, payload={"text": text}) for text in words]


def picture_buttons(picture_id: str, *, is_edit: bool) -> list[cl.Action]:
    """Return what can be done with a picture next; words are understood like any other message."""
    if not is_edit:
        return say_buttons(("Draw it again", _WHY))
    payload = {"picture_id": picture_id}
    return [
        *say_buttons(("Undo that", _WHY)),
        cl.Action(name=COMPARE, label="Before and after", payload=payload),
        cl.Action(name=VERSIONS, label="All versions", payload=payload),
    ]


def inline_picture(picture_id: str) -> cl.Image:
    """Return a picture to be kept in a message; its bytes stay where they are."""
    url = page_state().prefix + PICTURES.format(picture_id=picture_id)
    return cl.Image(name=f"{picture_id}.png", url=url, display="inline", size="medium")


async def passing_message(text: str, actions: Sequence[cl.Action] = ()) -> cl.Message:
    """Send a message that is shown and not kept."""
    message = cl.Message(as_markdown(text), actions=list(actions))
    message.persisted = True  # the frame keeps what it believes not to be kept yet
    await message.send()
    return message


def panel(name: str) -> cl.CustomElement:
    """Return an element of `public/elements`, not yet shown."""
    # With an address of its own the frame writes its props to no file.
    url = f"{page_state().prefix}/public/elements/{name}.jsx"
    return cl.CustomElement(name=name, props={}, display="inline", url=url)


async def show_panel(element: cl.CustomElement, props: dict[str, Any], message: cl.Message) -> None:
    """Show a panel with new props under a message; nothing of it outlives the conversation."""
    element.props = props
    await element.send(for_id=message.id, persist=False)

"""What several parts of the page show: buttons that speak for the user, and panels that change."""

import json
from collections.abc import Sequence
from typing import Any, Final

import chainlit as cl

SAY: Final = "say"
CANCEL_LEARNING: Final = "cancel_learning"


def say_buttons(words: Sequence[str]) -> list[cl.Action]:
    """Return buttons that say their own label in the user's name."""
    return [cl.Action(name=SAY, label=text, payload={"text": text}) for text in words]


def panel(name: str) -> cl.CustomElement:
    """Return an element of `public/elements`, not yet shown."""
    return cl.CustomElement(name=name, props={}, display="inline")


async def show_panel(element: cl.CustomElement, props: dict[str, Any], message: cl.Message) -> None:
    """Show a panel with new props under a message; nothing of it outlives the conversation."""
    element.props, element.content = props, json.dumps(props)
    element.chainlit_key = None
    await element.send(for_id=message.id, persist=False)

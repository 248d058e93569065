"""Messages of another graph as words and pictures of a turn.

Knows LangChain's messages. Keeps nothing.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, convert_to_messages

from omnipersona.tools.outcome import ToolFailed


def last_words(messages: Sequence[AnyMessage]) -> tuple[str, list[bytes]]:
    """Return text and pictures of the last thing that a person said; nothing if nobody did.

    Raises: ToolFailed: a picture is not sent as base64.
    """
    said = [one for one in convert_to_messages(list(messages)) if isinstance(one, HumanMessage)]
    if not said:
        return "", []
    return str(said[-1].text).strip(), list(_pictures(said[-1].content_blocks))


def _pictures(blocks: Iterable[Mapping[str, Any]]) -> Iterable[bytes]:
    for block in blocks:
        if block["type"] != "image":
            continue
        data = block.get("base64")
        try:
            yield base64.b64decode(data or "", validate=True)
        except binascii.Error as error:
            raise ToolFailed("A picture is no base64.") from error
        if not data:
            raise ToolFailed("Send pictures as base64; addresses are not fetched.")

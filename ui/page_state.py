"""The one session of this process, its settings, and who may see it.

Knows who holds them between start and shutdown. Does not know the page.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omnipersona.accounts.passwords import Logins
from omnipersona.agent.assistant import Assistant

if TYPE_CHECKING:
    from omnipersona.agent.settings import Settings


@dataclass(frozen=True, slots=True)
class PageState:
    """What the page works with; `prefix` is the path under which it is reached."""

    session: Assistant
    settings: "Settings"
    logins: Logins
    prefix: str


_held: PageState | None = None


def hold(session: Assistant, settings: "Settings", prefix: str = "") -> PageState:
    """Keep a session for the handlers of the page."""
    global _held
    _held = PageState(session, settings, Logins(settings.data), prefix)
    return _held


def page_state() -> PageState:
    """Return what is held; asking before the page has started is a mistake of ours."""
    assert _held is not None, "the session is opened before the page is served"
    return _held


async def close() -> None:
    """Close the session, once."""
    global _held
    held, _held = _held, None
    if held is not None:
        await held.session.close()

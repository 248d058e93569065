"""The one session of this process, its settings, what the page showed before, and who may see it.

Knows who holds them between start and shutdown. Does not know the page.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omnipersona.agent.runtime import Session
from omnipersona.ui.history.store import History
from omnipersona.ui.login.passwords import Logins

if TYPE_CHECKING:
    from omnipersona.agent.settings import Settings


@dataclass(frozen=True, slots=True)
class Assistant:
    """What the page works with."""

    session: Session
    settings: "Settings"
    history: History
    logins: Logins


_held: Assistant | None = None


def hold(session: Session, settings: "Settings") -> Assistant:
    """Keep a session for the handlers of the page, and open what belongs to the page."""
    global _held
    _held = Assistant(session, settings, History.open(settings.data), Logins(settings.data))
    return _held


def assistant() -> Assistant:
    """Return what is held; asking before the page has started is a mistake of ours."""
    assert _held is not None, "the session is opened before the page is served"
    return _held


async def close() -> None:
    """Close session and history, once."""
    global _held
    held, _held = _held, None
    if held is not None:
        await held.session.close()
        held.history.close()

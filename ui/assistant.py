"""The one session of this process, whose page it is, and what the page showed before.

Knows who holds them between start and shutdown. Does not know the page.
"""

from dataclasses import dataclass

from omnipersona.agent.runtime import Session
from omnipersona.ui.history.store import History


@dataclass(frozen=True, slots=True)
class Assistant:
    """An open session, the user of a page without a login, and the history."""

    session: Session
    user: str
    history: History


_held: Assistant | None = None


def hold(session: Session, user: str, history: History) -> Assistant:
    """Keep them for the handlers of the page."""
    global _held
    _held = Assistant(session, user, history)
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

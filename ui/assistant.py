"""The one session of this process, and whose page it is.

Knows who holds the session between start and shutdown. Does not know the page.
"""

from dataclasses import dataclass

from omnipersona.agent.runtime import Session


@dataclass(frozen=True, slots=True)
class Assistant:
    """An open session and the user of a page without a login."""

    session: Session
    user: str


_held: Assistant | None = None


def hold(session: Session, user: str) -> Assistant:
    """Keep the session for the handlers of the page."""
    global _held
    _held = Assistant(session, user)
    return _held


def assistant() -> Assistant:
    """Return what is held; asking before the page has started is a mistake of ours."""
    assert _held is not None, "the session is opened before the page is served"
    return _held


async def close() -> None:
    """Close the session, once."""
    global _held
    held, _held = _held, None
    if held is not None:
        await held.session.close()

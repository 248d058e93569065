"""The page inside another FastAPI app.

Knows how the chat frame is mounted. The session and its life are the app's.
"""

from typing import TYPE_CHECKING

from omnipersona.ui import page_state
from omnipersona.ui.page.frame import HANDLERS, load_frame

if TYPE_CHECKING:
    from fastapi import FastAPI

    from omnipersona.agent.assistant import Assistant
    from omnipersona.agent.settings import Settings


def mount_page(
    app: "FastAPI", session: "Assistant", settings: "Settings", path: str = "/assistant"
) -> None:
    """Serve the page under a path of an app; a process has one page.

    Without a login it answers requests from this machine alone, by its names; it never answers
    scripts of other sites.

    Args:
        app: The app around it.
        session: An open session; the app closes it.
        settings: What the session was opened with.
        path: Where the page is, with a slash at its front and none at its end.
    Raises: OSError: a file of the page cannot be written.
    """
    page_state.hold(session, settings, prefix=path)
    load_frame(settings, prefix=path)
    from chainlit.utils import mount_chainlit

    mount_chainlit(app, str(HANDLERS), path)

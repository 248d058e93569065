"""Loading the chat frame: its folder first, then the frame, then our handlers into it.

Knows the frame's start, which happens once in a process. Does not know what the page does (`app`).
"""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omnipersona.accounts.signing_key import signing_secret
from omnipersona.ui.page.root import make_root

if TYPE_CHECKING:
    from fastapi import FastAPI

    from omnipersona.agent.settings import Settings

PAGE_FOLDER: Final = "page"
HANDLERS: Final = Path(__file__).parents[1] / "app.py"


def load_frame(settings: "Settings", *, prefix: str = "") -> "FastAPI":
    """Return the chat frame on a folder of its own; `HANDLERS` is still to be loaded into it.

    Args:
        settings: Data folder and login.
        prefix: Path under which it is reached.
    Raises: OSError: a file of the page cannot be written.
    """
    folder = (settings.data / PAGE_FOLDER).resolve()
    has_login = settings.login != "none"
    root = make_root(folder, prefix=prefix, has_login=has_login)
    os.environ["CHAINLIT_APP_ROOT"] = str(root)
    os.environ["CHAINLIT_AUTH_SECRET"] = signing_secret(settings.data)
    # Imported now, not at the top: the frame reads its folder when it is imported.
    from chainlit.config import config
    from chainlit.server import app

    logging.getLogger("chainlit").setLevel(logging.ERROR)
    # The frame's page knows "system", its settings do not.
    config.ui.default_theme = "system"
    return app

"""A page on a scripted model, for tests: `python page_server.py DATA_FOLDER PORT [LOGIN]`."""

import asyncio
import sys
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parent.parent))

from fakes import LastingModel, WordEncoder
from tab import LOGINS

from omnipersona.accounts.passwords import Logins
from omnipersona.agent.assistant import Assistant
from omnipersona.agent.settings import Settings
from omnipersona.serve.address import listen
from omnipersona.ui.serve import serve_session

Login = Literal["none", "password", "header", "oauth"]

COMPLETIONS = {
    "message: hello": "converse; none; none; none",
    "Chat\nmessage: hello": "Hello. *Not* a [link](http://example.org).",
    "message: This is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: This is my dog <c0>": "<c0> kind: dog; <c0> toy: a red ball",
    "Facts\nmessage: This is my dog <c0>, his toy is a zebraball": (
        "<c0> kind: dog; <c0> toy: a zebraball"
    ),
    "Recall\nevidence:\n- the toy of <c0> is a zebraball": "a zebraball",
    "message: This is my friend <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: This is my friend <c0>": "<c0> kind: friend",
    "message: draw <c0>": "generate; none; <c0>; what is the toy of <c0>?",
    "Recall\nevidence:\n- the toy of <c0> is a red ball": "a red ball",
    "Rewrite draw": "<c0> with a red ball",
    "message: give <c0> a hat": "edit; shown; <c0>; none",
    "Rewrite edit": "put a hat on <c0>",
    "message: forget <c0>": "forget; none; <c0>; none",
    "message: what is": "understand; attached; none; none",
}


async def main(data: Path, port: int, login: Login) -> None:
    """Serve until stopped."""
    model = LastingModel(
        completions=COMPLETIONS,
        answers={"what is": "a red picture"},
        num_steps=30,
        num_learn_steps=20,
        step_seconds=0.05,
    )
    settings = Settings(data=data, port=port, login=login, login_allowed="village:ana")
    for name, password in LOGINS.items():
        Logins(data).put(name, password)
    with listen(settings.host, port) as listener:
        session = await Assistant.open(settings, model=model, encoder=WordEncoder())
        await serve_session(settings, session, listener, headless=True)


if __name__ == "__main__":
    chosen: Login = sys.argv[3] if sys.argv[3:] else "none"  # type: ignore[assignment]
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), chosen))

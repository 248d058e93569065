"""The assistant over HTTP, on a loopback port, in a thread of this process."""

import asyncio
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, Self

import httpx
from fakes import LastingModel, WordEncoder
from openai import OpenAI

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.settings import Settings
from omnipersona.model.contract import PersonaModel
from omnipersona.serve.address import listen
from omnipersona.serve.http.app_state import AppState
from omnipersona.serve.http.server import make_server, serve_door
from omnipersona.testing import ScriptedModel

NO_KEY: Final = "none"
SCRIPT: Final = {
    "message: hello": "converse; none; none; none",
    "Chat\nmessage: hello": "Hello.",
    "message: this is my dog": "teach; attached; none; none",
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog": "<c0> kind: dog; <c0> toy: a red ball",
    "message: draw": "generate; none; none; none",
    "message: draw <c0>": "generate; none; <c0>; what is the toy of <c0>?",
    "message: his toy is": "remember; none; none; none",
    "Recall\nevidence:\n- the toy of <c0> is a red ball": "a red ball",
    "Rewrite draw": "a red cat",
    "message: give": "edit; shown; none; none",
    "Rewrite edit": "put a hat on it",
    "message: forget <c0>": "forget; none; <c0>; none",
    "message: what is": "understand; attached; none; none",
    "message: and now": "understand; shown; none; none",
    "message: is <c0>": "understand; attached; <c0>; none",
}
ANSWERS: Final = {"what is": "a red picture", "and now": "still red", "is <c0>": "yes"}


def scripted_model(**values: Any) -> ScriptedModel:
    return LastingModel(completions=dict(SCRIPT), answers=ANSWERS, **values)


class Served:
    """A server; `with Served(...) as served` starts and stops it."""

    def __init__(self, data: Path, own: PersonaModel | None, **values: Any) -> None:
        self.settings = Settings(data=data, **{"api_rate": 100_000, **values})
        self.url = ""
        self._model = own
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result(120)
        deadline = time.monotonic() + 120
        while not self._server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(120)
        assert not self._thread.is_alive()

    @property
    def fake(self) -> ScriptedModel:
        assert isinstance(self._model, ScriptedModel)
        return self._model

    def client(self, key: str = NO_KEY) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0, timeout=120)

    def http(self, key: str = NO_KEY) -> httpx.Client:
        headers = {} if key == NO_KEY else {"Authorization": f"Bearer {key}"}
        # Reading the certificates would take longer than most requests here.
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=False)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise

    async def _serve(self) -> None:
        with listen("127.0.0.1", 0) as listener:
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            encoder = None if self._model is None else WordEncoder()
            session = await Assistant.open(self.settings, model=self._model, encoder=encoder)
            app_state = AppState(session, self.settings)
            self._server = make_server(app_state)
            self._ready.set_result(None)
            await serve_door(app_state, self._server, listener)


def wait_for_job(http: httpx.Client, job_id: str, seconds: float = 120) -> dict[str, Any]:
    """Return a learning job once it has ended."""
    deadline = time.monotonic() + seconds
    while True:
        job: dict[str, Any] = http.get(f"/v1/jobs/{job_id}").json()
        if job["state"] in ("ready", "failed", "cancelled"):
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.05)

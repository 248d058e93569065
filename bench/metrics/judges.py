"""Who judges: this project's own model, or a server with OpenAI's chat interface.

Both take one case per call, at temperature 0, and turn every failure into a verdict.
"""

import base64
from dataclasses import dataclass, field
from typing import Final

import httpx

from omnipersona.bench.metrics.judge import Case, Verdict, read_score
from omnipersona.model.contract import AnswerRequest, PersonaModel, text_of
from omnipersona.model.errors import Cancelled, ModelError

_MAX_TOKENS: Final = 8
_MAX_TOKENS_SERVER: Final = 512
_TIMEOUT: Final = 120.0
_PATH: Final = "/chat/completions"


@dataclass(frozen=True, slots=True)
class ModelJudge:
    """The model itself as judge; concepts are never in play."""

    model: PersonaModel

    def judge(self, case: Case) -> Verdict:
        """Return the verdict on one case; only a cancelled call is raised."""
        try:
            request = AnswerRequest(
                question=case.written(), images=case.images, max_tokens=_MAX_TOKENS
            )
            return read_score(text_of(self.model.answer(request)))
        except Cancelled:
            raise
        except ModelError as error:
            return Verdict.failed(str(error))


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerJudge:
    """A model behind a URL.

    Attributes:
        url: Up to and with the version, e.g. `http://localhost:8000/v1`.
        model: The server's name for it.
        key: Sent as bearer token if given; never shown.
        timeout: Seconds for one call.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    timeout: float = _TIMEOUT

    def judge(self, case: Case) -> Verdict:
        """Return the verdict on one case; nothing is kept between calls."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        url = self.url.rstrip("/") + _PATH
        try:
            response = httpx.post(url, json=self._body(case), headers=headers, timeout=self.timeout)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Verdict.failed(f"{url} cannot be asked ({type(error).__name__}: {error})")
        if response.status_code != httpx.codes.OK:
            return Verdict.failed(f"{url} replied {response.status_code}: {response.text}")
        return _read(response)

    def _body(self, case: Case) -> dict[str, object]:
        content: list[dict[str, object]] = [{"type": "text", "text": case.written()}]
        content += [
            {
                "type": "image_url",
                "image_url": {"url": f"data:image/png;base64,{base64.b64encode(one).decode()}"},
            }
            for one in case.images
        ]
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
            "temperature": 0,
            "max_tokens": _MAX_TOKENS_SERVER,
        }


def _read(response: httpx.Response) -> Verdict:
    try:
        reply = response.json()["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        return Verdict.failed(f"the reply is no chat completion ({error}): {response.text}")
    if not isinstance(reply, str):
        return Verdict.failed(f"the reply holds no text: {response.text}")
    return read_score(reply)

"""What is told of a request that cannot be served: OpenAI's form, and the field that is wrong.

Knows HTTP statuses and sentences. Never passes on what only the log may hold: paths, tracebacks.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from omnipersona.agent.errors import TURN_ERRORS, kind_of, subject_of
from omnipersona.agent.events import Failed, FailKind

logger = logging.getLogger(__name__)

BUSY_SECONDS: Final = 2
_INSIDE: Final = "Something went wrong inside; the log says what."
_STATUS: Final[Mapping[FailKind, int]] = {
    "unknown": 404,
    "taken": 409,
    "refused": 400,
    "busy": 503,
    "cancelled": 503,
    "inside": 500,
}
_CODES: Final[Mapping[FailKind, str]] = {
    "unknown": "not_found",
    "taken": "already_exists",
    "refused": "invalid_value",
    "busy": "busy",
    "cancelled": "cancelled",
    "inside": "internal_error",
}
_CODES_OF_CHECKS: Final = {
    "missing": "missing_required_parameter",
    "extra_forbidden": "unknown_parameter",
    "unsupported_parameter": "unsupported_parameter",
}
_TYPES: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class Problem(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str = "invalid_value",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what is told.

        Args:
            status: Of HTTP.
            message: A sentence for people.
            param: The field that is wrong.
            code: A word for programs.
            headers: To go with the answer.
        """
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Return the answer's body."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        return {
            "error": {
                "message": str(self),
                "type": _TYPES.get(self.status, kind),
                "param": self.param,
                "code": self.code,
            }
        }

    def response(self) -> JSONResponse:
        """Return the answer."""
        return JSONResponse(self.body(), self.status, headers=self.headers)


def problem_of_turn(failed: Failed, param: str) -> Problem:
    """Return the problem of a turn that failed; `param` is the field that held its words."""
    if failed.kind == "inside":
        logger.warning("turn %s: %s", failed.turn_id, failed.text)
        text = f"Something went wrong inside; the log says what at {failed.turn_id}."
        return Problem(500, text, code="internal_error")
    return _problem(failed.kind, failed.text, param)


def problem_of_error(error: Exception, fields: Mapping[str, str] | None = None) -> Problem:
    """Return the problem of an error that has a sentence.

    Args:
        error: One of `TURN_ERRORS`.
        fields: What an error can be about, and the request's field for it.
    """
    kind, subject = kind_of(error), subject_of(error)
    if kind == "inside":
        logger.warning("a request failed", exc_info=error)
        return Problem(500, _INSIDE, code="internal_error")
    return _problem(kind, str(error), (fields or {}).get(subject, subject) or None)


def add_handlers(app: FastAPI) -> None:
    """Have every error of an application answered in the one form."""
    for kind in TURN_ERRORS:
        app.add_exception_handler(kind, _expected)
    app.add_exception_handler(Problem, _problem_itself)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


def spelled(location: Sequence[str | int], body: object) -> str:
    """Return where in a body something is wrong, e.g. `messages[0].content[1].image_url.url`.

    Args:
        location: As the checks report it; it also names the alternatives that were tried.
        body: What was sent; what is not in it is such an alternative, unless it comes last.
    """
    words, inside = "", body
    for index, step in enumerate(location):
        is_last = index == len(location) - 1
        if isinstance(step, int):
            words += f"[{step}]"
            inside = inside[step] if isinstance(inside, list) and step < len(inside) else None
        elif isinstance(inside, Mapping) and step in inside:
            words += f".{step}"
            inside = inside[step]
        elif is_last and (isinstance(inside, Mapping) or not words):
            words += f".{step}"
    return words.lstrip(".")


def _problem(kind: FailKind, text: str, param: str | None) -> Problem:
    headers = {"Retry-After": str(BUSY_SECONDS)} if kind == "busy" else None
    if kind in ("busy", "cancelled"):
        param = None
    return Problem(_STATUS[kind], text, param=param, code=_CODES[kind], headers=headers)


async def _expected(request: Request, error: Exception) -> JSONResponse:
    fields = {"": "name"} if "name" in request.path_params else None
    return problem_of_error(error, fields).response()


async def _problem_itself(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem), "it is registered for problems alone"
    return error.response()


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError), "it is registered for these alone"
    first = error.errors()[0]
    where, *location = first["loc"]
    if first["type"] == "json_invalid":
        return Problem(400, "The body is not valid JSON.", param="body").response()
    body = error.body if where == "body" else None
    param = spelled(location, body) or str(where)
    code = _CODES_OF_CHECKS.get(first["type"], "invalid_value")
    message = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    return Problem(400, f"{param}: {message}.", param=param, code=code).response()


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException), "it is registered for these alone"
    sentences = {
        404: "There is no such address; /docs lists them.",
        405: "This address does not take this method; /docs lists what it takes.",
        413: "The body is too large.",
    }
    message = sentences.get(error.status_code, str(error.detail))
    codes = {404: "unknown_url", 405: "method_not_allowed", 413: "too_large"}
    code = codes.get(error.status_code, "invalid_value")
    param = "body" if error.status_code in (400, 413) else None
    return Problem(error.status_code, message, param=param, code=code).response()


async def _bug(_: Request, error: Exception) -> JSONResponse:
    return Problem(500, _INSIDE, code="internal_error").response()

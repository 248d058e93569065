"""Log lines with fields, as text or as JSON.

A line is a short message and the mapping `fields` in its `extra`. Knows how lines look. Does not
know what is logged.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Literal

LogFormat = Literal["text", "json"]


# Ours: structlog has other names, levels and times; to have these, both lines would be built alike.
class TextLines(logging.Formatter):
    """`time level logger message key=value ...`, with the trace of an error below."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        words = [
            _time(record),
            record.levelname,
            record.name,
            record.getMessage(),
            *(f"{key}={value}" for key, value in _fields(record).items()),
        ]
        return "\n".join([" ".join(words), *_trace(self, record)])


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the fields, the trace of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if trace := _trace(self, record):
            line["trace"] = trace[0]
        return json.dumps(line, default=str)


def configure(level: str, form: LogFormat) -> None:
    """Write what is logged from `level` on to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return dict(getattr(record, "fields", {}))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    return [formatter.formatException(record.exc_info)] if record.exc_info else []

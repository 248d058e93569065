"""Errors whose text is a sentence for the user; anything else is a bug."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from omnipersona.agent.events import FailKind
from omnipersona.agent.settings import UnknownSetting
from omnipersona.agent.tracing import TracingUnavailable
from omnipersona.model.errors import (
    Cancelled,
    ConceptError,
    ImageError,
    ModelBusy,
    ModelError,
    OutOfMemory,
    RequestError,
    WeightsError,
)
from omnipersona.store.errors import (
    DataFolderBusy,
    DuplicateConcept,
    InvalidName,
    InvalidText,
    PictureRejected,
    StorageFailed,
    StoreError,
    UnknownConcept,
    UnknownFact,
    UnknownPicture,
)
from omnipersona.tools.outcome import ToolFailed, ToolRetry

EXPECTED_ERRORS: Final = (
    ToolFailed,
    ToolRetry,
    ModelError,
    StoreError,
    UnknownSetting,
    TracingUnavailable,
)
TURN_ERRORS: Final = (*EXPECTED_ERRORS, sqlite3.OperationalError)
"""What may end a turn; the last comes from the file of conversations."""


_KINDS: Final[Mapping[type[Exception], FailKind]] = {
    UnknownConcept: "unknown",
    UnknownFact: "unknown",
    UnknownPicture: "unknown",
    DuplicateConcept: "taken",
    ModelBusy: "busy",
    OutOfMemory: "busy",
    Cancelled: "cancelled",
    DataFolderBusy: "inside",
    StorageFailed: "inside",
    WeightsError: "inside",
    sqlite3.OperationalError: "inside",
}
_SUBJECTS: Final[Mapping[type[Exception], str]] = {
    UnknownConcept: "name",
    DuplicateConcept: "name",
    InvalidName: "name",
    InvalidText: "text",
    PictureRejected: "picture",
    ImageError: "picture",
    ConceptError: "file",
    ToolRetry: "arguments",
}


def kind_of(error: Exception) -> FailKind:
    """Return why an error of `TURN_ERRORS` happened; what is not known better was asked wrongly."""
    return next((kind for one, kind in _KINDS.items() if isinstance(_root(error), one)), "refused")


def subject_of(error: Exception) -> str:
    """Return what an error is about: a request's field, or name, text, picture, file, arguments.

    Returns: "" where it is about none of these.
    """
    root = _root(error)
    if isinstance(root, RequestError):
        return root.field
    return next((word for one, word in _SUBJECTS.items() if isinstance(root, one)), "")


def _root(error: Exception) -> Exception:
    """Return what model or memory said, where a tool passed it on."""
    cause = error.__cause__
    return cause if isinstance(cause, ModelError | StoreError) else error


def sentence_of(error: Exception) -> str:
    """Return what the user is told of an error of `TURN_ERRORS`."""
    if isinstance(error, sqlite3.OperationalError):
        return (
            f"This conversation could not be kept: {error}. "
            "Free some space or make the data folder writable, and say it again."
        )
    return str(error)

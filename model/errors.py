"""Errors of the model, each a sentence that says what is wrong and what to do.

ModelError
|-- WeightsError      a checkpoint folder does not fit
|-- ConceptError      a concept file is damaged or belongs to another model
|-- MissingFiles      a request names files that are not here
|-- ImageError        picture bytes that cannot be used
|   |-- ImageSizeError  a readable picture of an impossible size
|   `-- ForeignPicture  a picture of what the model does not know
|-- RequestError      an argument outside its range; names the field
|-- LearningFailed    learning stopped; the last good tokens are kept
|-- ModelBusy         the queue is full
|-- OutOfMemory       the device has no room for this work
`-- Cancelled         the caller asked to stop

Catch `ModelError` to show its text to a user; anything else is a bug.
"""

from collections.abc import Sequence
from typing import Any


class ModelError(Exception):
    """Base of every error whose text may be shown to a user; it survives pickling.

    Attributes:
        retry_after: Seconds after which the same request may work; None if it will not.
    """

    def __init__(self, text: str, *, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what makes it anew in another process, whatever its class takes."""
        return _restored, (type(self), self.args, dict(self.__dict__))


def _restored(kind: type[ModelError], args: tuple[Any, ...], fields: dict[str, Any]) -> ModelError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(fields)
    return error


class WeightsError(ModelError):
    """A checkpoint folder lacks a file, a key or the right shape."""


class DeviceError(ModelError):
    """A device is unknown or not there."""


class ConceptError(ModelError):
    """A concept file cannot be read, or belongs to another base model."""


class MissingFiles(ModelError):
    """A request names files that whoever answers it has not seen; send them with their data.

    Attributes:
        sha256: Of the files.
    """

    def __init__(self, sha256: Sequence[str]) -> None:
        super().__init__(f"{len(sha256)} files are not here; send them whole.", retry_after=0.0)
        self.sha256 = tuple(sha256)


class ImageError(ModelError):
    """Picture bytes cannot be decoded safely."""


class ImageSizeError(ImageError):
    """A picture decodes, but its size cannot be used."""


class ForeignPicture(ImageError):
    """A picture, or most photos of a concept, show what the model does not know."""


class RequestError(ModelError):
    """A request's argument is outside its range.

    Attributes:
        field: Name of the offending field.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class LearningFailed(ModelError):
    """Learning stopped early, for instance on a loss that is not a number."""


class ModelBusy(ModelError):
    """Too many jobs are waiting."""


class OutOfMemory(ModelError):
    """The device has no room for what the work needs; smaller work may fit."""


class Cancelled(ModelError):
    """The caller cancelled the job between two steps."""

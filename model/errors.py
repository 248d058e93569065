"""Errors of the model, each a sentence that says what is wrong and what to do.

ModelError
|-- WeightsError      a checkpoint folder does not fit
|-- ConceptError      a concept file is damaged or belongs to another model
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


class ModelError(Exception):
    """Base of every error whose text may be shown to a user."""


class WeightsError(ModelError):
    """A checkpoint folder lacks a file, a key or the right shape."""


class DeviceError(ModelError):
    """A device is unknown or not there."""


class ConceptError(ModelError):
    """A concept file cannot be read, or belongs to another base model."""


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

"""Errors of the memory, each a sentence that says what is wrong and what to do.

MemoryStoreError
|-- UnknownConcept    no such concept of this user
|-- DuplicateConcept  the name is taken
|-- UnknownFact       no such fact of this user, or it is retired
|-- UnknownPicture    no such picture of this user
|-- InvalidName       a concept name or user id that cannot be used
|-- InvalidText       a text that is empty, too long or nothing but control characters
|-- DataFolderBusy    another process owns the data folder or the database
|-- PictureRejected   picture bytes that cannot be used
`-- StorageFailed     a disk, database or store refused, or is damaged

Another user's ids are unknown, never forbidden: nobody learns that they exist. Catch
`MemoryStoreError` to show its text to a user; anything else is a bug.
"""


class MemoryStoreError(Exception):
    """Base of every error whose text may be shown to a user."""


class UnknownConcept(MemoryStoreError):
    """The user has no such concept."""


class DuplicateConcept(MemoryStoreError):
    """The user already has a concept of this name."""


class UnknownFact(MemoryStoreError):
    """The user has no such current fact."""


class UnknownPicture(MemoryStoreError):
    """The user has no such picture."""


class InvalidName(MemoryStoreError):
    """A concept name or a user id breaks the rules of `omnipersona.memory.names`."""


class InvalidText(MemoryStoreError):
    """A text has nothing to keep, or is too long."""


class DataFolderBusy(MemoryStoreError):
    """Another process owns the data folder or the database."""


class PictureRejected(MemoryStoreError):
    """Picture bytes cannot be taken in; the text says why."""


class StorageFailed(MemoryStoreError):
    """A disk, database or store refused, or what lies there is damaged."""

"""Errors of all that lasts, each a sentence that says what is wrong and what to do.

StoreError
|-- UnknownConcept    no such concept of this user
|-- DuplicateConcept  the name is taken
|-- UnknownFact       no such fact of this user, or it is retired
|-- UnknownPicture    no such picture of this user
|-- UnknownThread     no such conversation of this user
|-- InvalidName       a concept name or user id that cannot be used
|-- InvalidText       a text that is empty, too long or nothing but control characters
|-- DataFolderBusy    another process owns the data folder or the database
|-- PictureRejected   picture bytes that cannot be used
`-- StorageFailed     a disk, database or store refused, or is damaged

Another user's ids are unknown, never forbidden: nobody learns that they exist. Catch
`StoreError` to show its text to a user; anything else is a bug.
"""


def is_panic(error: BaseException) -> bool:
    """Return whether an error is a fault inside a library written in Rust.

    It is no `Exception`, so that nothing swallows it by chance; but it is that library's fault
    alone, and the program goes on without what was asked of it.
    """
    return type(error).__name__ == "PanicException"


class StoreError(Exception):
    """Base of every error whose text may be shown to a user."""


class UnknownConcept(StoreError):
    """The user has no such concept."""


class DuplicateConcept(StoreError):
    """The user already has a concept of this name."""


class UnknownFact(StoreError):
    """The user has no such current fact."""


class UnknownPicture(StoreError):
    """The user has no such picture."""


class UnknownThread(StoreError):
    """The user has no such conversation, or not this in it."""


class InvalidName(StoreError):
    """A concept name or a user id breaks the rules of `omnipersona.store.names`."""


class InvalidText(StoreError):
    """A text has nothing to keep, or is too long."""


class DataFolderBusy(StoreError):
    """Another process owns the data folder or the database."""


class PictureRejected(StoreError):
    """Picture bytes cannot be taken in; the text says why."""


class StorageFailed(StoreError):
    """A disk, database or store refused, or what lies there is damaged.

    Attributes:
        is_full: The data folder's disk has no room left.
    """

    def __init__(self, text: str, *, is_full: bool = False) -> None:
        super().__init__(text)
        self.is_full = is_full

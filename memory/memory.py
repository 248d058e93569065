"""The door of the memory: everything that tools may do with it.

It owns a data folder for as long as it is open. Records and files are the truth (`store`), the
index is made from them (`index`); what is forgotten goes from both.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from omnipersona.memory.encoder import Encoder, MiniLmEncoder
from omnipersona.memory.errors import MemoryStoreError
from omnipersona.memory.index import FactIndex
from omnipersona.memory.lock import FolderLock
from omnipersona.memory.opening import Places
from omnipersona.memory.recall import Recall
from omnipersona.memory.records import RankedFact, Receipt
from omnipersona.memory.store import MemoryStore


class Memory:
    """What the assistant knows, for all users of one data folder; may be used from any thread.

    Attributes:
        concepts: People, pets and things (`ConceptStore`).
        facts: What is known of them and of the user (`FactStore`).
        pictures: Photos and drawings (`PictureStore`).
        mentions: What conversations may still hold of forgotten things (`MentionStore`).
    """

    def __init__(self, store: MemoryStore, index: FactIndex, lock: FolderLock) -> None:
        self._store = store
        self._index = index
        self._lock = lock
        self.concepts = store.concepts
        self.facts = store.facts
        self.pictures = store.pictures
        self.mentions = store.mentions
        self._recall = Recall(store.concepts, store.facts, index)

    @classmethod
    def open(
        cls,
        data_dir: Path,
        encoder: Encoder | None = None,
        *,
        database: str = "",
        blobs: str = "",
    ) -> Self:
        """Take a data folder, making it if it is missing; opens nothing slow.

        Args:
            data_dir: The folder.
            encoder: Turns sentences into vectors; None is all-MiniLM-L6-v2, loaded at first use.
            database: URL of the PostgreSQL database of records and vectors; "" is the folder.
            blobs: URL of the store of files; "" is the folder.

        Raises:
            DataFolderBusy: another process has the folder or the database.
            StorageFailed: a store cannot be used, or is damaged.
        """
        lock = FolderLock(data_dir)
        lock.acquire()
        places = Places(folder=data_dir, database=database, blobs=blobs)
        try:
            store, index = MemoryStore.open(places, encoder or MiniLmEncoder())
        except MemoryStoreError:
            lock.release()
            raise
        return cls(store, index, lock)

    def warm_up(self) -> None:
        """Load what recall needs, which takes seconds; call it in a thread at the start."""
        self._index.warm_up()

    def ensure_user(self, user_id: str) -> None:
        """Make the user known; every other write does so by itself.

        Raises: InvalidName: the id cannot be used.
        """
        self._store.ensure_user(user_id)

    def recall(
        self, user_id: str, question: str, concept_ids: Sequence[str] = (), limit: int = 5
    ) -> tuple[RankedFact, ...]:
        """Return the current facts that bear on `question`, those of `concept_ids` first.

        The first call with any fact stored loads the encoder, which takes seconds.

        Raises: UnknownConcept, InvalidText, ValueError: as `Recall.recall` says.
        """
        return self._recall.recall(user_id, question, concept_ids, limit)

    def forget_concept(self, user_id: str, concept_id: str, *, delete_drawings: bool) -> Receipt:
        """Delete a concept with its facts, tokens, vectors and own photos.

        `mentions` says what to take out of conversations, which are kept elsewhere.

        Args:
            user_id: Whose concept.
            concept_id: Which concept.
            delete_drawings: Delete pictures drawn of it too; kept ones lose their details.
        Raises: UnknownConcept: the user has no concept of this id.
        """
        receipt = self._store.forget_concept(user_id, concept_id, delete_drawings=delete_drawings)
        self._index.drop(user_id)
        return receipt

    def forget_fact(self, user_id: str, fact_id: str) -> Receipt:
        """Delete a fact with its vector and the versions that it replaced.

        `mentions` says what to take out of conversations, which are kept elsewhere.

        Raises: UnknownFact: the user has no such fact.
        """
        receipt = self._store.forget_fact(user_id, fact_id)
        self._index.drop(user_id)
        return receipt

    def forget_thread(self, user_id: str, thread_id: str) -> Receipt:
        """Delete the pictures of a conversation; photos of concepts stay, outside of it."""
        return self._store.forget_thread(user_id, thread_id)

    def forget_user(self, user_id: str) -> Receipt:
        """Delete everything of a user; an unknown one gives an empty receipt."""
        receipt = self._store.forget_user(user_id)
        self._index.drop(user_id)
        return receipt

    def close(self) -> None:
        """Close every file and give the data folder back."""
        self._index.close()
        self._store.close()
        self._lock.release()

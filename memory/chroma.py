"""Search indexes in Chroma, in folders of the disk: a folder per user, few of them open at once.

An open index costs a dozen file descriptors, some threads and megabytes, so those used least lately
are closed. Chroma leaves the vectors of deleted rows on the disk; forgetting makes a new folder. A
folder that failed is never opened again under its own path, because Chroma keeps a failed client
per path.
"""

import shutil
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import sqlalchemy as sa

from omnipersona.memory.index import Scores, Vectors, as_vectors
from omnipersona.store.database import Database
from omnipersona.store.errors import StorageFailed, is_panic
from omnipersona.store.files import folder_name
from omnipersona.store.lock import UserLocks
from omnipersona.store.schema import fact_vectors, indexes

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api.client import Client

MAX_OPEN: Final = 16
_BATCH: Final = 2000


class ChromaIndex:
    """The indexes of all users under one folder.

    Args:
        root: The folder.
        database: Where vectors lie beside their facts.
        encoder: Name of what made the vectors; those of two are never mixed.
        max_open: Most users whose indexes are open at once.
    """

    def __init__(
        self, root: Path, database: Database, encoder: str, max_open: int = MAX_OPEN
    ) -> None:
        self._root = root
        self._database = database
        self._encoder = encoder
        self._max_open = max_open
        self._open: OrderedDict[str, tuple[Client, Collection]] = OrderedDict()
        self._guard = threading.Lock()
        self._locks = UserLocks()

    def follow(self, user_id: str) -> None:
        """Take in the vectors that the records have got since.

        Raises: StorageFailed: the index cannot be written, not even a new one.
        """
        with self._locks.of(user_id), self._mending(user_id):
            self._take_in(user_id, self._collection(user_id))

    def nearest(self, user_id: str, vector: Vectors, count: int) -> Scores:
        """Return the ids of so many facts that lie nearest, with their cosine similarities.

        Raises: StorageFailed: the index cannot be read, not even a new one.
        """
        with self._locks.of(user_id):
            for _ in range(2):
                with self._mending(user_id):
                    return _query(self._collection(user_id), vector, count)
                self.follow(user_id)
        raise self._unusable("it fails again when it is made anew")

    def renew(self, user_id: str) -> None:
        """Make a user's index anew from the records, without a byte of what was forgotten.

        Raises: StorageFailed: it cannot be written.
        """
        with self._locks.of(user_id):
            self.drop(user_id)
            self.follow(user_id)

    def drop(self, user_id: str) -> None:
        """Remove a user's index from the disk.

        Raises: StorageFailed: the folder is read-only.
        """
        with self._locks.of(user_id):
            # Of a forgotten user nothing is left to write to.
            if self._database.has(user_id):
                with self._database.writing(user_id) as records:
                    records.delete(indexes, indexes.c.encoder == self._encoder)
            self._close(user_id)
            folder = self._root / folder_name(user_id)
            try:
                if folder.is_dir():
                    shutil.rmtree(folder)
                else:
                    folder.unlink(missing_ok=True)
            except OSError as error:
                raise StorageFailed(
                    f"The search index in {self._root} could not be removed: "
                    f"{error.strerror or error}. Make the folder writable and try again."
                ) from error

    def close(self) -> None:
        """Close every user's index."""
        for user_id in tuple(self._open):
            with self._locks.of(user_id):
                self._close(user_id)

    @contextmanager
    def _mending(self, user_id: str) -> Iterator[None]:
        """Drop an index that fails, so that it is made anew; swallow the failure once."""
        from chromadb.errors import ChromaError

        try:
            yield
        except ChromaError:
            self.drop(user_id)
        except BaseException as error:
            if not is_panic(error):
                raise
            self.drop(user_id)

    def _take_in(self, user_id: str, collection: "Collection") -> None:
        while True:
            with self._database.reading(user_id) as records:
                place = records.first(
                    sa.select(indexes.c.last_number).where(indexes.c.encoder == self._encoder)
                )
                last = -1 if place is None else place["last_number"]
                query = (
                    sa.select(fact_vectors)
                    .where(fact_vectors.c.encoder == self._encoder, fact_vectors.c.number > last)
                    .order_by(fact_vectors.c.number)
                    .limit(_BATCH)
                )
                rows = records.rows(query)
            if not rows:
                return
            collection.upsert(
                ids=[row["fact_id"] for row in rows],
                embeddings=cast("Any", as_vectors([row["vector"] for row in rows])),
            )
            with self._database.writing(user_id) as records:
                reached = {"last_number": rows[-1]["number"]}
                records.update(indexes, reached, indexes.c.encoder == self._encoder)

    def _collection(self, user_id: str) -> "Collection":
        with self._guard:
            found = self._open.get(user_id)
            if found is not None:
                self._open.move_to_end(user_id)
                return found[1]
        opened = self._connect(user_id)
        with self._guard:
            self._open[user_id] = opened
            full = len(self._open) > self._max_open
            oldest = next(iter(self._open)) if full else None
        if oldest is not None:
            self._close_idle(oldest)
        return opened[1]

    def _close_idle(self, user_id: str) -> None:
        """Close an index, unless somebody is searching it just now."""
        lock = self._locks.of(user_id)
        if lock.acquire(blocking=False):
            try:
                self._close(user_id)
            finally:
                lock.release()

    def _close(self, user_id: str) -> None:
        with self._guard:
            opened = self._open.pop(user_id, None)
        if opened is not None:
            opened[0].close()

    def _connect(self, user_id: str) -> "tuple[Client, Collection]":
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        client = chromadb.PersistentClient(str(self._directory(user_id)), settings)
        collection = client.get_or_create_collection(
            f"facts.{self._encoder}",
            configuration={"hnsw": {"space": "cosine"}},
            embedding_function=None,
        )
        # The interface that Chroma declares lacks close(), which its client has.
        return cast("Client", client), collection

    def _directory(self, user_id: str) -> Path:
        """Return the folder that the records name, or a new one if it is not there."""
        with self._database.reading(user_id) as records:
            row = records.first(
                sa.select(indexes.c.folder).where(indexes.c.encoder == self._encoder)
            )
        if row is not None:
            path = self._root / folder_name(user_id) / str(row["folder"])
            if path.is_dir():
                return path
        self.drop(user_id)
        name = uuid.uuid4().hex
        with self._database.writing(user_id) as records:
            records.insert(indexes, {"encoder": self._encoder, "folder": name, "last_number": -1})
        return self._root / folder_name(user_id) / name

    def _unusable(self, reason: object) -> StorageFailed:
        return StorageFailed(
            f"The search index in {self._root} cannot be used: {reason}. Free some space or make "
            "the folder writable."
        )


def _query(collection: "Collection", vector: Vectors, count: int) -> Scores:
    result = collection.query(
        query_embeddings=cast("Any", vector[None]), n_results=count, include=["distances"]
    )
    distances = result["distances"] or [[]]
    pairs = zip(result["ids"][0], distances[0], strict=True)
    return {key: 1.0 - float(distance) for key, distance in pairs}

"""Vectors of facts in Chroma, in a folder of the disk; knows nothing of what they mean.

Each user has a directory. Deleting a row in Chroma leaves its vector on the disk, so forgetting
removes the directory. A directory that failed is never opened again under its own path, because
Chroma keeps a failed client per path.
"""

import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from omnipersona.memory.blobs import folder_name
from omnipersona.memory.encoder import Encoder
from omnipersona.memory.errors import StorageFailed
from omnipersona.memory.index import FactIndex, Scores, missing

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api.client import Client


class ChromaIndex(FactIndex):
    """The vectors of all users under one folder."""

    def __init__(self, root: Path, encoder: Encoder) -> None:
        super().__init__(encoder)
        self._root = root
        self._open: dict[str, tuple[Client, Collection]] = {}

    def nearest(
        self,
        user_id: str,
        sentences: Mapping[str, str],
        question: str,
        groups: Sequence[Sequence[str]],
        limit: int,
    ) -> tuple[Scores, ...]:
        """Return the nearest sentences of each group with their cosine similarity.

        Args:
            user_id: Whose index.
            sentences: Every fact that the user has, by id; the index is brought level with them.
            question: What to compare with.
            groups: Ids to choose among; all of them keys of `sentences`.
            limit: Most results per group.
        Raises: StorageFailed: the index cannot be written, not even a new one.
        """
        from chromadb.errors import ChromaError

        vector = self._encoder.encode([question])[0]
        with self.held(user_id):
            try:
                return self._search(user_id, sentences, vector, groups, limit)
            except ChromaError:
                self.drop(user_id)
            try:
                return self._search(user_id, sentences, vector, groups, limit)
            except ChromaError as error:
                raise StorageFailed(
                    f"The search index in {self._root} cannot be written: {error}. "
                    "Free some space or make the folder writable."
                ) from error

    def warm_up(self) -> None:
        """Load the encoder and Chroma now, which takes seconds, instead of at the first search."""
        import chromadb  # noqa: F401  # the import is the slow part

        super().warm_up()

    def drop(self, user_id: str) -> None:
        """Remove a user's vectors from the disk; the next search makes them again.

        Raises: StorageFailed: the folder is read-only.
        """
        with self.held(user_id):
            opened = self._open.pop(user_id, None)
            if opened is not None:
                opened[0].close()
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
            with self.held(user_id):
                client, _ = self._open.pop(user_id)
                client.close()

    def _search(
        self,
        user_id: str,
        sentences: Mapping[str, str],
        vector: list[float],
        groups: Sequence[Sequence[str]],
        limit: int,
    ) -> tuple[Scores, ...]:
        collection = self._level(user_id, sentences)
        return tuple(_query(collection, vector, ids, limit) for ids in groups)

    def _level(self, user_id: str, sentences: Mapping[str, str]) -> "Collection":
        collection = self._collection(user_id)
        present = set(collection.get(include=[])["ids"])
        if not present <= sentences.keys():
            self.drop(user_id)
            collection, present = self._collection(user_id), set()
        for ids, vectors in missing(sentences, present, self._encoder):
            # Chroma's stubs want numpy rows, though it takes lists of floats as documented.
            collection.upsert(ids=ids, embeddings=vectors)  # type: ignore[arg-type]
        return collection

    def _collection(self, user_id: str) -> "Collection":
        if user_id not in self._open:
            self._open[user_id] = self._connect(user_id)
        return self._open[user_id][1]

    def _connect(self, user_id: str) -> "tuple[Client, Collection]":
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        client = chromadb.PersistentClient(str(self._directory(user_id)), settings)
        collection = client.get_or_create_collection(
            # An encoder's name is part of the collection's: vectors of two are never mixed.
            f"facts.{self._encoder.name}",
            configuration={"hnsw": {"space": "cosine"}},
            embedding_function=None,
        )
        # The interface that Chroma declares lacks close(), which its client has.
        return cast("Client", client), collection

    def _directory(self, user_id: str) -> Path:
        folder = self._root / folder_name(user_id)
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        if len(found) == 1:
            return found[0]
        self.drop(user_id)
        return folder / uuid.uuid4().hex


def _query(collection: "Collection", vector: list[float], ids: Sequence[str], limit: int) -> Scores:
    if not ids:
        return {}
    result = collection.query(
        query_embeddings=[vector],  # type: ignore[arg-type]  # as in upsert
        ids=list(ids),
        n_results=min(limit, len(ids)),
        include=["distances"],
    )
    distances = result["distances"] or [[]]
    pairs = zip(result["ids"][0], distances[0], strict=True)
    return {key: 1.0 - float(distance) for key, distance in pairs}

"""The records of all users: the one source of truth, made of a database and files.

Every read and write takes the user id first; another user's ids behave as unknown. The store knows
nothing of vectors: they are made from it and can be made again (`omnipersona.memory.index`).
"""

from typing import Self

from omnipersona.memory.blobs import BlobStore
from omnipersona.memory.concepts import ConceptStore
from omnipersona.memory.database import Database, add_user
from omnipersona.memory.encoder import Encoder
from omnipersona.memory.errors import StorageFailed
from omnipersona.memory.facts import FactStore
from omnipersona.memory.forgetting import Forgetter
from omnipersona.memory.index import FactIndex
from omnipersona.memory.mentions import MentionStore
from omnipersona.memory.opening import Places
from omnipersona.memory.pictures import PictureStore
from omnipersona.memory.records import Receipt


class MemoryStore:
    """The open records; may be used from several threads.

    Attributes:
        concepts: People, pets and things.
        facts: What is known of them and of the user.
        pictures: Photos and drawings.
        mentions: What conversations may still hold of forgotten things.
    """

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self.facts = FactStore(database)
        self.pictures = PictureStore(database, blobs)
        self.mentions = MentionStore(database)
        self.concepts = ConceptStore(database, blobs, self.pictures)
        self._forget = Forgetter(database, blobs, self.concepts, self.facts, self.pictures)

    @classmethod
    def open(cls, places: Places, encoder: Encoder) -> tuple[Self, FactIndex]:
        """Open the records, bring them up to date, sweep lost files and open the index.

        Raises:
            DataFolderBusy: another process owns the database.
            StorageFailed: a store refused, or is damaged.
        """
        database = places.open_records()
        try:
            blobs = places.open_blobs(database)
            blobs.sweep(_named_files(database))
            return cls(database, blobs), places.open_index(database, encoder)
        except StorageFailed:
            database.close()
            raise

    def ensure_user(self, user_id: str) -> None:
        """Make the user known; every other write does so by itself.

        Raises: InvalidName: the id cannot be used.
        """
        with self._database.transaction() as writer:
            add_user(writer, user_id)

    def forget_concept(self, user_id: str, concept_id: str, *, delete_drawings: bool) -> Receipt:
        """Delete a concept with its facts, tokens, own photos and, if asked, drawings of it.

        Raises: UnknownConcept: the user has no concept of this id.
        """
        return self._forget.concept(user_id, concept_id, delete_drawings)

    def forget_fact(self, user_id: str, fact_id: str) -> Receipt:
        """Delete a fact and the versions that it replaced.

        Raises: UnknownFact: the user has no such fact.
        """
        return self._forget.fact(user_id, fact_id)

    def forget_thread(self, user_id: str, thread_id: str) -> Receipt:
        """Delete the pictures of a conversation, except photos of concepts."""
        return self._forget.thread(user_id, thread_id)

    def forget_user(self, user_id: str) -> Receipt:
        """Delete everything of a user."""
        return self._forget.user(user_id)

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _named_files(database: Database) -> set[tuple[str, str]]:
    rows = database.rows(
        "SELECT user_id, sha256 FROM pictures UNION SELECT user_id, tokens_sha256 FROM concepts"
        " WHERE tokens_sha256 IS NOT NULL"
    )
    return {(row["user_id"], row["sha256"]) for row in rows}

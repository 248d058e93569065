"""The door of the memory: everything that tools may do with it.

It owns a data folder for as long as it is open. Records and files are the truth, the index is made
from them; what is forgotten goes from all.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from omnipersona.memory.concepts import ConceptStore
from omnipersona.memory.encoder import Encoder, MiniLmEncoder
from omnipersona.memory.facts import FactStore
from omnipersona.memory.forgetting import Forgetter
from omnipersona.memory.index import FactIndex
from omnipersona.memory.jobs import JobStore
from omnipersona.memory.pictures import PictureStore
from omnipersona.memory.records import Concept, Learned, RankedFact, Receipt
from omnipersona.memory.retriever import Retriever
from omnipersona.store.conversations import Conversations
from omnipersona.store.database import Database
from omnipersona.store.files import Files
from omnipersona.store.image_sanitizer import MAX_SIDE
from omnipersona.store.lock import FolderLock
from omnipersona.store.shelf import Shelf
from omnipersona.store.stores import PICTURE, TOKENS, Places
from omnipersona.store.tombstones import Tombstones
from omnipersona.store.upkeep import Upkeep


class Memory:
    """What the assistant knows, for all users of one data folder; may be used from any thread.

    Attributes:
        concepts: People, pets and things (`ConceptStore`).
        facts: What is known of them and of the user (`FactStore`).
        pictures: Photos and drawings (`PictureStore`).
        jobs: Lessons under way (`JobStore`).
        conversations: What was said and shown (`Conversations`).
        upkeep: What is done in idle moments (`Upkeep`).
    """

    def __init__(
        self,
        places: Places,
        encoder: Encoder,
        lock: FolderLock,
        database: Database,
        files: Files,
        max_side: int,
    ) -> None:
        self._shelf = shelf = Shelf(database, files)
        tombstones = Tombstones(places.folder, database)
        self._database = database
        self._lock = lock
        self._index = _index_of(places, database, encoder)
        self._recall = Retriever(database, encoder, self._index)
        self.conversations = Conversations(database)
        self.conversations.end_lost_turns()
        self.facts = FactStore(database)
        self.pictures = PictureStore(database, shelf, max_side)
        self.concepts = ConceptStore(database, shelf, self.pictures)
        self.jobs = JobStore(database, shelf, self.concepts)
        stores = (self.concepts, self.facts, self.pictures, self.jobs)
        self._forget = Forgetter(database, shelf, tombstones, stores)
        self._forget.again()
        self.upkeep = Upkeep(places.folder, database, files, tombstones, self._index.renew)

    @classmethod
    def open(
        cls,
        data_dir: Path,
        encoder: Encoder | None = None,
        *,
        database: str = "",
        blobs: str = "",
        max_side: int = MAX_SIDE,
    ) -> Self:
        """Take a data folder, making it if it is missing; opens nothing slow.

        Args:
            data_dir: The folder.
            encoder: Turns sentences into vectors; None is all-MiniLM-L6-v2, loaded at first use.
            database: URL of the PostgreSQL database of records and vectors; "" is the folder.
            blobs: URL of the store of files; "" is the folder.
            max_side: Pixels to which a longer side of what is sent is scaled down.

        Raises:
            DataFolderBusy: another process has the folder or the database.
            StorageFailed: a store cannot be used, or is damaged.
        """
        lock = FolderLock(data_dir)
        lock.acquire()
        places = Places(folder=data_dir, database=database, blobs=blobs)
        try:
            records, files = places.open()
            try:
                return cls(places, encoder or MiniLmEncoder(), lock, records, files, max_side)
            except BaseException:
                records.close()
                raise
        except BaseException:
            lock.release()
            raise

    def warm_up(self) -> None:
        """Load what recall needs, which takes seconds; call it in a thread at the start."""
        self._recall.warm_up()

    def ensure_user(self, user_id: str) -> None:
        """Make the user known; every other write does so by itself.

        Raises: InvalidName: the id cannot be used.
        """
        with self._database.writing(user_id):
            pass

    def recall(
        self, user_id: str, question: str, concept_ids: Sequence[str] = (), limit: int = 5
    ) -> tuple[RankedFact, ...]:
        """Return the current facts that bear on `question`, those of `concept_ids` first.

        The first call with any fact stored loads the encoder, which takes seconds.

        Raises: UnknownConcept, InvalidText, ValueError: as `Retriever.recall` says.
        """
        return self._recall.recall(user_id, question, concept_ids, limit)

    @contextmanager
    def whole(self, user_id: str) -> Iterator[None]:
        """Make everything that is written inside of a user's records one: all is kept, or nothing.

        No file may be written inside.

        Raises: StorageFailed: the records cannot be written.
        """
        with self._database.writing(user_id):
            yield

    def add_learned(self, user_id: str, learned: Learned) -> Concept:
        """Keep a concept that was learned elsewhere, with all that came along, or nothing of it.

        Raises:
            DuplicateConcept, InvalidName: the name is taken, or cannot be used.
            InvalidText, PictureRejected: a fact or a photo cannot be kept.
        """
        with self._shelf.of(user_id) as files:
            for png in learned.photos:
                files.put(png, PICTURE)
            sha256 = files.put(learned.tokens, TOKENS)
            with self.whole(user_id):
                concept = self.concepts.add(
                    user_id, learned.name, kind=learned.kind, consent=learned.consent
                )
                for png in learned.photos:
                    picture = self.pictures.add_kept(user_id, png, origin="uploaded")
                    self.concepts.attach_photo(user_id, concept.id, picture.id)
                for attribute, value in learned.facts:
                    self.facts.add(
                        user_id,
                        concept_id=concept.id,
                        attribute=attribute,
                        value=value,
                        source="said",
                        origin=learned.origin,
                    )
                name_tokens = self.concepts.name_tokens
                return name_tokens(user_id, concept.id, sha256, learned.base_fingerprint)

    def forget_concept(self, user_id: str, concept_id: str, *, delete_drawings: bool) -> Receipt:
        """Delete a concept with its facts, tokens, own photos, and its names in conversations.

        Args:
            user_id: Whose concept.
            concept_id: Which concept.
            delete_drawings: Delete pictures drawn of it too; kept ones lose their details.
        Raises: UnknownConcept: the user has no concept of this id.
        """
        return self._forgetting(lambda: self._forget.concept(user_id, concept_id, delete_drawings))

    def forget_fact(self, user_id: str, fact_id: str) -> Receipt:
        """Delete a fact with the versions that it replaced, and its words where it was told.

        Raises: UnknownFact: the user has no such fact.
        """
        return self._forgetting(lambda: self._forget.fact(user_id, fact_id))

    def forget_thread(self, user_id: str, thread_id: str) -> Receipt:
        """Delete a conversation with its pictures; photos of concepts stay, outside of it."""
        return self._forgetting(lambda: self._forget.thread(user_id, thread_id))

    def forget_user(self, user_id: str) -> Receipt:
        """Delete everything of a user; an unknown one gives an empty receipt."""
        receipt = self._forgetting(lambda: self._forget.user(user_id))
        self._index.drop(user_id)
        return receipt

    def _forgetting(self, forget: Callable[[], Receipt]) -> Receipt:
        self.upkeep.drop_copy()
        return self.upkeep.reserve.used_for(forget)

    def close(self) -> None:
        """Close every file and give the data folder back."""
        self._index.close()
        self._database.close()
        self._lock.release()


def _index_of(places: Places, database: Database, encoder: Encoder) -> FactIndex:
    if database.is_sqlite:
        # Chroma takes seconds to import.
        from omnipersona.memory.chroma import ChromaIndex

        return ChromaIndex(places.folder / "index", database, encoder.name)
    from omnipersona.memory.vectors import VectorTable

    return VectorTable(database, encoder.name)

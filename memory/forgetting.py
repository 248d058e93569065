"""Forgetting for good: records, files and the bytes they leave; knows nothing of the index.

Records go first, in one transaction, then files that no record names any more. A crash between
the two leaves files that the next opening sweeps away, never a record without its file.
"""

import json
from collections.abc import Collection, Sequence

from omnipersona.memory.blobs import BlobStore
from omnipersona.memory.concepts import TOKENS_SUFFIX, ConceptStore
from omnipersona.memory.database import Database, Writer
from omnipersona.memory.errors import StorageFailed
from omnipersona.memory.facts import FactStore
from omnipersona.memory.intake import without_words
from omnipersona.memory.mentions import note_mention
from omnipersona.memory.pictures import PNG_SUFFIX, PictureStore
from omnipersona.memory.records import Fact, Picture, Receipt


class Forgetter:
    """Deletes what a user wants forgotten and says what it was."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        concepts: ConceptStore,
        facts: FactStore,
        pictures: PictureStore,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._concepts = concepts
        self._facts = facts
        self._pictures = pictures

    def concept(self, user_id: str, concept_id: str, delete_drawings: bool) -> Receipt:
        """Forget a concept, its facts, its tokens and the photos of nothing else.

        Raises: UnknownConcept: the user has no concept of this id.
        """
        with self._database.lock:
            with self._database.transaction() as writer:
                concept = self._concepts.get(user_id, concept_id)
                facts = self._facts.of_concept(user_id, concept_id, history=True)
                photos = self._concepts.photos(user_id, concept_id)
                drawings = self._pictures.showing(user_id, concept_id)
                writer.execute(
                    "DELETE FROM concepts WHERE user_id = ? AND id = ?", (user_id, concept_id)
                )
                asked = photos + drawings if delete_drawings else photos
                gone = self._free(user_id, asked)
                writer.executemany(
                    "DELETE FROM pictures WHERE user_id = ? AND id = ?",
                    [(user_id, picture.id) for picture in gone],
                )
                words = [f"<{concept.name}>", *(fact.id for fact in facts)]
                kept = self._telling_of(user_id, words, showing={one.id for one in drawings})
                self._take_words(writer, user_id, kept)
                note_mention(writer, user_id, (concept_id, concept.name), concept.name)
            sha256s = self._remove_files(user_id, [*gone, *kept], [concept.tokens_sha256])
            self._database.erase()
        return _receipt(gone, sha256s, concepts=1, facts=len(facts))

    def fact(self, user_id: str, fact_id: str) -> Receipt:
        """Forget a fact and the versions that it replaced; drawings made with it lose their words.

        Raises: UnknownFact: the user has no such fact.
        """
        with self._database.lock:
            with self._database.transaction() as writer:
                gone = self._versions(user_id, fact_id)
                made_with = self._telling_of(user_id, [fact.id for fact in gone])
                self._take_words(writer, user_id, made_with)
                writer.executemany(
                    "DELETE FROM facts WHERE user_id = ? AND id = ?",
                    [(user_id, fact.id) for fact in gone],
                )
                words = [word for fact in gone for word in (fact.id, fact.value)]
                note_mention(writer, user_id, words)
            self._remove_files(user_id, made_with, [])
            self._database.erase()
        return Receipt(facts=len(gone))

    def thread(self, user_id: str, thread_id: str) -> Receipt:
        """Forget the pictures of a conversation; photos of concepts stay, outside of it."""
        with self._database.lock:
            with self._database.transaction() as writer:
                gone = self._free(user_id, self._pictures.list(user_id, thread_id))
                writer.executemany(
                    "DELETE FROM pictures WHERE user_id = ? AND id = ?",
                    [(user_id, picture.id) for picture in gone],
                )
                writer.execute(
                    "UPDATE pictures SET thread_id = NULL WHERE user_id = ? AND thread_id = ?",
                    (user_id, thread_id),
                )
            sha256s = self._remove_files(user_id, gone, [])
            self._database.erase()
        return _receipt(gone, sha256s, concepts=0, facts=0)

    def user(self, user_id: str) -> Receipt:
        """Forget everything about a user; an unknown one gives an empty receipt."""
        with self._database.lock:
            with self._database.transaction() as writer:
                concepts = self._concepts.list(user_id)
                facts = self._facts.list(user_id, history=True)
                pictures = self._pictures.list(user_id)
                writer.execute("DELETE FROM users WHERE id = ?", (user_id,))
            tokens = [concept.tokens_sha256 for concept in concepts]
            self._blobs.delete_user(user_id)
            self._database.erase()
        sha256s = {picture.sha256 for picture in pictures} | {t for t in tokens if t is not None}
        return _receipt(pictures, sha256s, concepts=len(concepts), facts=len(facts))

    def _free(self, user_id: str, pictures: Sequence[Picture]) -> tuple[Picture, ...]:
        rows = self._database.rows(
            "SELECT DISTINCT picture_id FROM concept_photos WHERE user_id = ?", (user_id,)
        )
        used = {row["picture_id"] for row in rows}
        unique = {picture.id: picture for picture in pictures}
        return tuple(picture for picture in unique.values() if picture.id not in used)

    def _telling_of(
        self, user_id: str, words: Sequence[str], showing: Collection[str] = ()
    ) -> list[Picture]:
        """Return the pictures whose id is in `showing` or whose story holds one of `words`."""
        sought = [word.casefold() for word in words]

        def tells(picture: Picture) -> bool:
            story = json.dumps(picture.details, ensure_ascii=False).casefold()
            return any(word in story for word in sought)

        return [one for one in self._pictures.list(user_id) if one.id in showing or tells(one)]

    def _take_words(self, writer: Writer, user_id: str, drawings: Sequence[Picture]) -> None:
        """Take prompts, which repeat the facts that were drawn, out of records and files.

        A drawing whose file is damaged goes: nobody can look at it, but words may be left in it.
        """
        for drawing in drawings:
            try:
                png = self._blobs.get(user_id, drawing.sha256, PNG_SUFFIX)
            except StorageFailed:
                writer.execute(
                    "DELETE FROM pictures WHERE user_id = ? AND id = ?", (user_id, drawing.id)
                )
                continue
            sha256 = self._blobs.put(user_id, without_words(png), PNG_SUFFIX)
            writer.execute(
                "UPDATE pictures SET details = '{}', sha256 = ? WHERE user_id = ? AND id = ?",
                (sha256, user_id, drawing.id),
            )

    def _versions(self, user_id: str, fact_id: str) -> list[Fact]:
        versions = [self._facts.get(user_id, fact_id)]
        while (replaced := versions[-1].replaces) is not None:
            versions.append(self._facts.get(user_id, replaced))
        return versions

    def _remove_files(
        self, user_id: str, pictures: Sequence[Picture], tokens: Sequence[str | None]
    ) -> set[str]:
        shown = {picture.sha256 for picture in pictures}
        shown -= {picture.sha256 for picture in self._pictures.list(user_id)}
        learned = {sha256 for sha256 in tokens if sha256 is not None}
        learned -= {concept.tokens_sha256 or "" for concept in self._concepts.list(user_id)}
        for sha256 in shown:
            self._blobs.delete(user_id, sha256, PNG_SUFFIX)
        for sha256 in learned:
            self._blobs.delete(user_id, sha256, TOKENS_SUFFIX)
        return shown | learned


def _receipt(
    pictures: Sequence[Picture], sha256s: Collection[str], *, concepts: int, facts: int
) -> Receipt:
    photos = sum(picture.origin == "uploaded" for picture in pictures)
    return Receipt(
        concepts=concepts,
        facts=facts,
        photos=photos,
        drawings=len(pictures) - photos,
        sha256s=tuple(sorted(sha256s)),
    )

"""Forgetting for good: records, words of conversations, files; and a receipt that says so.

Records and words go in one transaction, then files that no record names any more. A crash between
the two leaves files that nobody can reach; they are found and removed later (`store.upkeep`).
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from omnipersona.memory.concepts import ConceptStore
from omnipersona.memory.facts import FactStore
from omnipersona.memory.jobs import JobStore
from omnipersona.memory.pictures import PictureStore, picture_of
from omnipersona.memory.records import Concept, Fact, Picture, Receipt
from omnipersona.store.conversations import Unsaid, unsay
from omnipersona.store.database import Database, Records, Row, in_parts, now
from omnipersona.store.errors import (
    StorageFailed,
    UnknownConcept,
    UnknownFact,
    UnknownPicture,
    UnknownThread,
)
from omnipersona.store.image_sanitizer import without_words
from omnipersona.store.schema import (
    concept_names,
    concept_photos,
    concepts,
    earlier_tokens,
    facts,
    indexes,
    jobs,
    pictures,
    questions,
    threads,
    turn_facts,
    users,
)
from omnipersona.store.shelf import OwnFiles, Shelf
from omnipersona.store.stores import PICTURE, TOKENS
from omnipersona.store.text import fold
from omnipersona.store.tombstones import Tombstones

_UNKNOWN: Final = (UnknownConcept, UnknownFact, UnknownPicture, UnknownThread)
_UNTOLD: Final = {"details": {}, "folded": ""}


class Forgetter:
    """Deletes what a user wants forgotten and says what it was."""

    def __init__(
        self,
        database: Database,
        shelf: Shelf,
        tombstones: Tombstones,
        stores: tuple[ConceptStore, FactStore, PictureStore, JobStore],
    ) -> None:
        self._database = database
        self._shelf = shelf
        self._tombstones = tombstones
        self._concepts, self._facts, self._pictures, self._jobs = stores

    def concept(self, user_id: str, concept_id: str, delete_drawings: bool) -> Receipt:
        """Forget a concept, its facts, its tokens and the photos of nothing else.

        Raises: UnknownConcept: the user has no concept of this id.
        """
        with self._shelf.of(user_id) as files:
            with self._database.writing(user_id) as records:
                concept = self._concepts.get(user_id, concept_id)
                names = _names(records, concept_id)
                known = self._facts.of_concept(user_id, concept_id, history=True)
                photos = self._concepts.photos(user_id, concept_id)
                drawings = self._pictures.showing(user_id, concept_id)
                tokens = _token_files(records, concept_id)
                turn_ids = _turns_of(records, known)
                told = _telling_of(records, names, known, turn_ids, drawings)
                records.delete(concepts, concepts.c.id == concept_id)
                gone = _free(records, photos + drawings if delete_drawings else photos)
                left = _except(told, gone)
                _delete_pictures(records, gone)
                unsaid = Unsaid(
                    names=tuple(names),
                    values=tuple({fact.value for fact in known}),
                    turn_ids=tuple(turn_ids),
                    about=tuple(names),
                )
                num_messages = unsay(records, unsaid)
                digests = [
                    *self._tombstones.bury(records, concepts, [vars_of(concept)]),
                    *self._tombstones.bury(records, facts, map(vars_of, known)),
                    *self._tombstones.bury(records, pictures, map(vars_of, gone)),
                    *self._bury_files(records, [*gone, *left], tokens),
                ]
                if known:
                    mark_stale(records)
            removed = self._finish(user_id, files, digests, gone, left, tokens)
        return _receipt(gone, removed, concepts=1, facts=len(known), messages=num_messages)

    def fact(self, user_id: str, fact_id: str) -> Receipt:
        """Forget a fact and the versions that it replaced, where they were said and drawn, too.

        Raises: UnknownFact: the user has no such fact.
        """
        with self._shelf.of(user_id) as files:
            with self._database.writing(user_id) as records:
                gone = self._facts.versions(user_id, fact_id)
                turn_ids = _turns_of(records, gone)
                left = _telling_of(records, (), gone, turn_ids)
                about = _names(records, gone[0].concept_id) if gone[0].concept_id else []
                unsaid = Unsaid(
                    values=tuple({fact.value for fact in gone}),
                    turn_ids=tuple(turn_ids),
                    about=tuple(about),
                )
                num_messages = unsay(records, unsaid)
                _delete_facts(records, gone)
                tokens, lesson_id = self._learn_without(records, gone)
                digests = [
                    *self._tombstones.bury(records, facts, map(vars_of, gone)),
                    *self._bury_files(records, left, tokens),
                ]
                mark_stale(records)
            removed = self._finish(user_id, files, digests, (), left, tokens)
        receipt = _receipt((), removed, concepts=0, facts=len(gone), messages=num_messages)
        return replace(receipt, lesson_id=lesson_id)

    def _learn_without(self, records: Records, gone: Sequence[Fact]) -> tuple[set[str], str]:
        """Let a concept be learned anew if its tokens, or a lesson, may hold a forgotten fact.

        Returns: Hashes of token files that go, and the lesson's id, or "".
        """
        concept_id = gone[0].concept_id
        if concept_id is None:
            return set(), ""
        concept = self._concepts.get(records.owner, concept_id)
        is_in_tokens = concept.learned_at is not None and any(
            fact.created_at <= concept.learned_at for fact in gone
        )
        if not is_in_tokens and concept.state != "learning":
            return set(), ""
        if not self._concepts.photos(records.owner, concept_id):
            # There is nothing to learn it from: how it looks is worth more than one fact.
            return set(), ""
        tokens = _token_files(records, concept_id)
        return tokens, self._jobs.add_afresh(records.owner, concept_id).id

    def thread(self, user_id: str, thread_id: str) -> Receipt:
        """Forget a conversation with its pictures; photos of concepts stay, outside of it."""
        with self._shelf.of(user_id) as files:
            with self._database.writing(user_id) as records:
                gone = _free(records, self._pictures.list(user_id, thread_id))
                _delete_pictures(records, gone)
                records.update(pictures, {"thread_id": None}, pictures.c.thread_id == thread_id)
                rows = records.rows(sa.select(threads).where(threads.c.id == thread_id))
                records.delete(threads, threads.c.id == thread_id)
                records.delete(questions, questions.c.thread_id == thread_id)
                digests = [
                    *self._tombstones.bury(records, pictures, map(vars_of, gone)),
                    *self._tombstones.bury(records, threads, rows),
                    *self._bury_files(records, gone, ()),
                ]
            removed = self._finish(user_id, files, digests, gone, (), ())
        return _receipt(gone, removed, concepts=0, facts=0, messages=0)

    def user(self, user_id: str) -> Receipt:
        """Forget everything about a user; an unknown one gives an empty receipt."""
        with self._shelf.of(user_id) as files:
            if not self._database.has(user_id):
                # A first import that was cut may have left files before any record.
                files.delete_all()
                return Receipt()
            with self._database.writing(user_id) as records:
                num_concepts = len(records.rows(sa.select(concepts.c.id)))
                num_facts = len(records.rows(sa.select(facts.c.id)))
                gone = self._pictures.list(user_id)
                row = records.myself()
                hashes = _token_files(records)
                digests = [
                    *self._tombstones.bury(records, users, [row]),
                    *self._bury_files(records, gone, hashes),
                ]
                records.delete_myself()
            files.delete_all()
            self._tombstones.engrave(digests)
        self._database.empty_log()
        removed = {one.sha256 for one in gone} | hashes
        return _receipt(gone, removed, concepts=num_concepts, facts=num_facts, messages=0)

    def again(self) -> None:
        """Forget what came back with an older copy of the records, with all that was said of it.

        Raises: StorageFailed: the records or a file cannot be written.
        """
        for table, row in self._tombstones.risen():
            user_id = row.get("user_id", row["id"])
            # What went with something before is gone.
            with suppress(*_UNKNOWN):
                if table is users:
                    self.user(user_id)
                elif table is facts:
                    self.fact(user_id, row["id"])
                elif table is concepts:
                    self.concept(user_id, row["id"], delete_drawings=False)
                elif table is threads:
                    self.thread(user_id, row["id"])
                else:
                    self._picture(user_id, row["id"])
        self._tombstones.settle()

    def _picture(self, user_id: str, picture_id: str) -> None:
        with self._shelf.of(user_id) as files:
            with self._database.writing(user_id) as records:
                gone = [self._pictures.get(user_id, picture_id)]
                _delete_pictures(records, gone)
            files.delete_unnamed([gone[0].sha256], PICTURE)

    def _bury_files(
        self, records: Records, old: Iterable[Picture], tokens: Collection[str]
    ) -> list[str]:
        hashes = {picture.sha256 for picture in old} | set(tokens)
        return self._tombstones.bury_files(records, records.owner, hashes)

    def _finish(
        self,
        user_id: str,
        files: OwnFiles,
        digests: Sequence[str],
        gone: Sequence[Picture],
        left: Sequence[Picture],
        tokens: Collection[str],
    ) -> set[str]:
        """Do what follows the write: files, stones, the log; return hashes of removed files."""
        self._tombstones.engrave(digests)
        old = [picture.sha256 for picture in gone]
        old += [sha256 for picture in left for sha256 in self._untell(user_id, files, picture)]
        removed = files.delete_unnamed(old, PICTURE) | files.delete_unnamed(tokens, TOKENS)
        self._database.empty_log()
        return removed

    def _untell(self, user_id: str, files: OwnFiles, picture: Picture) -> list[str]:
        """Take the story out of a picture's file, where version 0.1 wrote it; return old hashes.

        A drawing whose file is damaged goes: nobody can look at it, but words may be left in it.
        """
        try:
            png = files.get(picture.sha256, PICTURE)
        except StorageFailed:
            with self._database.writing(user_id) as records:
                _delete_pictures(records, [picture])
            return [picture.sha256]
        bare = without_words(png)
        if bare == png:
            return []
        sha256 = files.put(bare, PICTURE)
        with self._database.writing(user_id) as records:
            records.update(pictures, {"sha256": sha256}, pictures.c.id == picture.id)
        return [picture.sha256]


def mark_stale(records: Records) -> None:
    """Note that the owner's search index holds what is forgotten, until it is made anew."""
    records.update(indexes, {"stale_since": now()}, indexes.c.stale_since.is_(None))


def vars_of(record: Concept | Fact | Picture) -> Row:
    """Return a record as the row that it came from."""
    return {name: getattr(record, name) for name in type(record).__slots__}  # type: ignore[return-value]  # read alike


def _names(records: Records, concept_id: str) -> list[str]:
    query = sa.select(concept_names.c.name).where(concept_names.c.concept_id == concept_id)
    return [row["name"] for row in records.rows(query)]


def _token_files(records: Records, concept_id: str = "") -> set[str]:
    """Return the hashes of a concept's token files; "" means of all concepts."""
    found = set[str]()
    for table, key, column in (
        (concepts, concepts.c.id, concepts.c.tokens_sha256),
        (earlier_tokens, earlier_tokens.c.concept_id, earlier_tokens.c.sha256),
        (jobs, jobs.c.concept_id, jobs.c.saved_sha256),
    ):
        query = sa.select(column.label("sha256")).select_from(table).where(column.is_not(None))
        if concept_id:
            query = query.where(key == concept_id)
        found |= {row["sha256"] for row in records.rows(query)}
    return found


def _turns_of(records: Records, gone: Sequence[Fact]) -> set[str]:
    """Return the turns that stated or used facts."""
    found = {fact.origin for fact in gone if fact.origin}
    query = sa.select(turn_facts.c.turn_id)
    rows = records.rows_in(query, turn_facts.c.fact_id, [fact.id for fact in gone])
    return found | {row["turn_id"] for row in rows}


def _telling_of(
    records: Records,
    names: Sequence[str],
    known: Sequence[Fact],
    turn_ids: Collection[str],
    showing: Sequence[Picture] = (),
) -> list[Picture]:
    """Take the stories of pictures that show or name a concept or a fact; return these pictures."""
    words = [fold(f"<{name}>") for name in names] + [fact.id for fact in known]
    holds = [pictures.c.folded.contains(word, autoescape=True) for word in words]
    holds += [pictures.c.turn_id.in_(some) for some in in_parts(sorted(turn_ids))]
    found = {picture.id: picture for picture in showing}
    for one in holds:
        for row in records.rows(sa.select(pictures).where(one)):
            found[row["id"]] = picture_of(row)
    for some in in_parts(list(found)):
        records.update(pictures, _UNTOLD, pictures.c.id.in_(some))
    return list(found.values())


def _free(records: Records, candidates: Iterable[Picture]) -> tuple[Picture, ...]:
    """Return the pictures that are no photos of any concept."""
    unique = {picture.id: picture for picture in candidates}
    query = sa.select(concept_photos.c.picture_id)
    rows = records.rows_in(query, concept_photos.c.picture_id, list(unique))
    kept = {row["picture_id"] for row in rows}
    return tuple(picture for picture in unique.values() if picture.id not in kept)


def _except(some: Iterable[Picture], others: Iterable[Picture]) -> tuple[Picture, ...]:
    gone = {picture.id for picture in others}
    return tuple({one.id: one for one in some if one.id not in gone}.values())


def _delete_pictures(records: Records, gone: Sequence[Picture]) -> None:
    for some in in_parts([picture.id for picture in gone]):
        records.update(pictures, {"parent_id": None}, pictures.c.parent_id.in_(some))
        records.delete(pictures, pictures.c.id.in_(some))


def _delete_facts(records: Records, gone: Sequence[Fact]) -> None:
    for fact in gone:
        # A newer version stays, without what it replaced.
        records.update(facts, {"replaces": None}, facts.c.replaces == fact.id)
        records.delete(facts, facts.c.id == fact.id)


def _receipt(
    gone: Sequence[Picture],
    removed: Collection[str],
    *,
    concepts: int,
    facts: int,
    messages: int,
) -> Receipt:
    photos = sum(picture.origin == "uploaded" for picture in gone)
    return Receipt(
        concepts=concepts,
        facts=facts,
        photos=photos,
        drawings=len(gone) - photos,
        messages=messages,
        sha256s=tuple(sorted(removed)),
    )

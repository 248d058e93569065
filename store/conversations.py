"""Conversations: threads, what was said and shown in them, and turns under way.

The one place where words of a conversation are kept. Steps and elements are kept as the JSON that
pages send and read, so that no field of theirs is lost; pictures are the memory's, by their ids.
Knows rows of an owner. Does not know pages.
"""

import builtins
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from omnipersona.store.database import Database, Records, Row, new_id, now
from omnipersona.store.errors import UnknownThread
from omnipersona.store.schema import (
    elements,
    facts,
    questions,
    redactions,
    steps,
    threads,
    turn_facts,
    turns,
)
from omnipersona.store.text import fold, redact

_SAID: Final = ("name", "input", "output")
_USERS: Final = "user_message"
_NEWEST: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredThread:
    """A conversation without what was said in it."""

    id: str
    user_id: str
    name: str
    metadata: Mapping[str, Any]
    created_at: str


class Conversations:
    """Conversations, each read and written in the name of one user.

    A user's ids of threads, steps and elements are their own: another user's equal ones are others.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_thread(
        self,
        user_id: str,
        thread_id: str,
        *,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Make a thread, or change what is given; a metadata value of None is taken away."""
        with self._database.writing(user_id) as records:
            row = _ensure_thread(records, thread_id)
            changes: dict[str, Any] = {}
            if name is not None:
                # PostgreSQL keeps no NUL, which a pasted message may begin with.
                title = _allowed(records, {"title": name.replace("\0", "")}, None)["title"]
                changes |= {"name": title, "folded": fold(title)}
            if metadata is not None:
                merged = {**row["metadata"], **metadata}
                changes["metadata"] = {k: v for k, v in merged.items() if v is not None}
            if changes:
                records.update(threads, changes, threads.c.id == thread_id)

    def thread(self, user_id: str, thread_id: str) -> StoredThread:
        """Return a thread.

        Raises: UnknownThread: the user has none of this id.
        """
        with self._database.reading(user_id) as records:
            row = records.first(sa.select(threads).where(threads.c.id == thread_id))
        if row is None:
            raise UnknownThread(f"There is no conversation {thread_id[:40]!r}.")
        return _thread_of(row)

    def list(
        self, user_id: str, *, first: int, after: str | None = None, search: str | None = None
    ) -> tuple[list[StoredThread], bool]:
        """Return a user's threads, the newest words first, and whether there are more.

        Args:
            user_id: Whose.
            first: At most this many.
            after: Id of the last thread of the page before.
            search: Only threads in which this was said.
        """
        query = sa.select(threads).order_by(threads.c.updated_at.desc(), threads.c.id.desc())
        with self._database.reading(user_id) as records:
            if after is not None:
                last = records.first(sa.select(threads).where(threads.c.id == after))
                if last is not None:
                    place = sa.tuple_(threads.c.updated_at, threads.c.id)
                    query = query.where(place < (last["updated_at"], last["id"]))
            if search:
                said = sa.select(steps.c.thread_id).where(
                    steps.c.user_id == user_id, _holds(steps, search)
                )
                query = query.where(threads.c.id.in_(said))
            rows = records.rows(query.limit(first + 1))
        return [_thread_of(row) for row in rows[:first]], len(rows) > first

    def put_step(self, user_id: str, thread_id: str, step: Mapping[str, Any]) -> None:
        """Keep a step, or its newer state; fields that are missing stay as they were.

        It belongs to the turn that is under way in the thread, if one is; a user's message to the
        turn that answers it, though the one before may not have ended.

        Raises: UnknownThread: the user has a step of this id in another thread.
        """
        step_id = str(step["id"])
        given = {key: value for key, value in step.items() if value is not None}
        with self._database.writing(user_id) as records:
            _ensure_thread(records, thread_id)
            row = records.first(sa.select(steps).where(steps.c.id == step_id))
            if row is None:
                data = {"createdAt": now(), **given}
                turn_id = _turn_of(records, thread_id, data)
            elif row["thread_id"] == thread_id:
                data = {**row["data"], **given}
                turn_id = row["turn_id"] or _turn_of(records, thread_id, data)
            else:
                raise UnknownThread("This message belongs to another conversation.")
            said = _allowed(records, _texts(data), turn_id)
            changes = {"data": {**data, **said}, "folded": _folded(said), "turn_id": turn_id}
            if row is None:
                records.insert(steps, {**changes, "id": step_id, "thread_id": thread_id})
            else:
                records.update(steps, changes, steps.c.id == step_id)
            records.update(threads, {"updated_at": now()}, threads.c.id == thread_id)

    def steps(self, user_id: str, thread_id: str) -> builtins.list[dict[str, Any]]:
        """Return the steps of a thread in the order in which they were stored."""
        query = sa.select(steps.c.data).where(steps.c.thread_id == thread_id)
        with self._database.reading(user_id) as records:
            return [row["data"] for row in records.rows(query.order_by(steps.c.number))]

    def delete_step(self, user_id: str, step_id: str) -> None:
        """Delete a step and what is shown with it; harmless if there is none."""
        with self._database.writing(user_id) as records:
            records.delete(elements, elements.c.step_id == step_id)
            records.delete(steps, steps.c.id == step_id)

    def put_element(
        self, user_id: str, thread_id: str, element: Mapping[str, Any], picture_id: str | None
    ) -> None:
        """Keep what is shown with a step.

        Args:
            user_id: Whose.
            thread_id: Where.
            element: With an id and, as `forId`, the step's.
            picture_id: The user's picture that it shows; None if it shows none.
        Raises: UnknownThread: the user has an element of this id in another thread.
        """
        element_id = str(element["id"])
        made = {"step_id": str(element["forId"]), "picture_id": picture_id, "data": dict(element)}
        with self._database.writing(user_id) as records:
            _ensure_thread(records, thread_id)
            row = records.first(sa.select(elements).where(elements.c.id == element_id))
            if row is None:
                records.insert(elements, {**made, "id": element_id, "thread_id": thread_id})
            elif row["thread_id"] == thread_id:
                records.update(elements, made, elements.c.id == element_id)
            else:
                raise UnknownThread("This picture belongs to another conversation.")

    def elements(self, user_id: str, thread_id: str) -> builtins.list[dict[str, Any]]:
        """Return what is shown in a thread, in the order of storing, with `pictureId`s."""
        query = sa.select(elements).where(elements.c.thread_id == thread_id)
        with self._database.reading(user_id) as records:
            rows = records.rows(query.order_by(elements.c.number))
        return [{**row["data"], "pictureId": row["picture_id"]} for row in rows]

    def delete_element(self, user_id: str, element_id: str) -> None:
        """Delete what is shown; harmless if there is nothing of this id."""
        with self._database.writing(user_id) as records:
            records.delete(elements, elements.c.id == element_id)

    def begin_turn(self, user_id: str, thread_id: str, turn_id: str = "") -> str:
        """Note that words of a turn are on their way; return the turn's id, a new one for ""."""
        turn_id, moment = turn_id or new_id(), now()
        made = {"id": turn_id, "thread_id": thread_id, "state": "running"}
        with self._database.writing(user_id) as records:
            records.insert(turns, {**made, "started_at": moment, "seen_at": moment})
            # What was said is often kept before its turn begins, with the frame's own note of it.
            newest = sa.select(steps).where(steps.c.thread_id == thread_id)
            rows = records.rows(newest.order_by(steps.c.number.desc()).limit(_NEWEST))
            said = next((row for row in rows if row["data"].get("type") == _USERS), None)
            if said is not None and said["turn_id"] is None:
                its = [row["number"] for row in rows if _belongs(row, said["id"])]
                records.update(steps, {"turn_id": turn_id}, steps.c.number.in_(its))
        return turn_id

    def end_turn(self, user_id: str, turn_id: str) -> None:
        """Note that all words of a turn have arrived.

        After the last one of a user nothing can bring back what was forgotten meanwhile, and the
        words to look for are forgotten themselves.
        """
        if not self._database.has(user_id):
            return
        with self._database.writing(user_id) as records:
            num_words = 0
            records.delete(turns, turns.c.id == turn_id)
            if records.first(sa.select(turns.c.id).where(turns.c.state == "running")) is None:
                num_words = records.delete(redactions)
        if num_words:
            self._database.empty_log()

    def note_facts(self, user_id: str, turn_id: str, fact_ids: Iterable[str]) -> None:
        """Note which facts a turn used, where forgetting them has to look."""
        with self._database.writing(user_id) as records:
            for fact_id in set(fact_ids):
                if records.first(sa.select(facts.c.id).where(facts.c.id == fact_id)) is not None:
                    records.insert_missing(turn_facts, {"fact_id": fact_id, "turn_id": turn_id})

    def put_question(self, user_id: str, thread_id: str, draft: Mapping[str, Any]) -> None:
        """Keep the question that a conversation waits on, in place of an older one.

        Args:
            user_id: Whose.
            thread_id: Where; need not be a kept thread.
            draft: With `kind`; JSON values.
        """
        asked = {"thread_id": thread_id, "kind": draft["kind"], "draft": draft, "asked_at": now()}
        with self._database.writing(user_id) as records:
            records.put(questions, asked)

    def question(self, user_id: str, thread_id: str) -> Mapping[str, Any] | None:
        """Return the question that a conversation waits on; None if it waits on none."""
        query = sa.select(questions.c.draft).where(questions.c.thread_id == thread_id)
        with self._database.reading(user_id) as records:
            row = records.first(query)
        return None if row is None else row["draft"]

    def drop_question(self, user_id: str, thread_id: str) -> None:
        """Note that a question was answered, or taken back; harmless if there is none."""
        with self._database.writing(user_id) as records:
            records.delete(questions, questions.c.thread_id == thread_id)

    def end_lost_turns(self) -> None:
        """Note that no turn is under way; for a program that starts and owns the database."""
        with self._database.of_all() as connection:
            connection.execute(sa.delete(turns).where(turns.c.state == "running"))
            num_words = connection.execute(sa.delete(redactions)).rowcount
        if num_words:
            self._database.empty_log()


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsaid:
    """What conversations are to lose.

    Attributes:
        names: Struck out wherever they are said.
        values: Struck out in turns that stated or used them. Of old messages nobody knows to which
            turn they belong: there, in conversations in which one of `about` is said.
        turn_ids: These turns.
        about: Names of what the values are of; none if they are of the user.
    """

    names: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    turn_ids: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


def unsay(records: Records, unsaid: Unsaid) -> int:
    """Take words out of an owner's conversations, and out of what is still on its way there.

    Args:
        records: The owner's, inside the write that forgets.
        unsaid: What to take out.
    Returns: How many messages held one.
    """
    is_told = _is_told(records, unsaid)
    touched = dict[int, str]()
    # Values first: one that holds a name would not be found without it.
    for word in sorted(unsaid.values, key=len, reverse=True):
        found = _strike(records, word, is_told)
        touched |= found
        # A conversation is named after the first words in it.
        _rename_threads(records, word, threads.c.id.in_(set(found.values())))
    for word in unsaid.names:
        touched |= _strike(records, word, sa.true())
        _rename_threads(records, word, sa.true())
    _take_back(records, (*unsaid.names, *unsaid.values))
    if records.first(sa.select(turns.c.id).where(turns.c.state == "running")) is not None:
        names, told = {"words": list(unsaid.names)}, {"words": list(unsaid.values)}
        records.insert(redactions, {**names, "turns": None})
        records.insert(redactions, {**told, "turns": list(unsaid.turn_ids)})
    return len(touched)


def _is_told(records: Records, unsaid: Unsaid) -> "sa.ColumnElement[bool]":
    """Return where values are struck out; asked before the names are."""
    is_old: sa.ColumnElement[bool] = steps.c.turn_id.is_(None)
    if unsaid.about:
        found = set[str]()
        for name in unsaid.about:
            query = sa.select(steps.c.thread_id).distinct().where(_holds(steps, name))
            found |= {row["thread_id"] for row in records.rows(query)}
        is_old = sa.and_(is_old, steps.c.thread_id.in_(sorted(found)))
    return sa.or_(steps.c.turn_id.in_(unsaid.turn_ids), is_old)


def _strike(records: Records, word: str, where: "sa.ColumnElement[bool]") -> dict[int, str]:
    """Strike a word out of messages; return their numbers and threads."""
    touched = dict[int, str]()
    for row in records.rows(sa.select(steps).where(_holds(steps, word), where)):
        old = _texts(row["data"])
        said = _without(old, [word])
        if said != old:
            touched[row["number"]] = row["thread_id"]
            changes = {"data": {**row["data"], **said}, "folded": _folded(said)}
            records.update(steps, changes, steps.c.number == row["number"])
    return touched


def _take_back(records: Records, words: Iterable[str]) -> None:
    """Drop questions whose words are no longer to be known; a turn that forgets goes on."""
    folded = [fold(word) for word in words]
    for row in records.rows(sa.select(questions.c.thread_id, questions.c.draft)):
        text = fold(json.dumps(row["draft"], ensure_ascii=False))
        if any(word in text for word in folded):
            records.delete(questions, questions.c.thread_id == row["thread_id"])


def _holds(table: sa.Table, word: str) -> "sa.ColumnElement[bool]":
    return table.c.folded.contains(fold(word), autoescape=True)


def _rename_threads(records: Records, word: str, where: "sa.ColumnElement[bool]") -> None:
    query = sa.select(threads.c.id, threads.c.name).where(_holds(threads, word), where)
    for row in records.rows(query):
        name = redact(row["name"], [word])
        records.update(threads, {"name": name, "folded": fold(name)}, threads.c.id == row["id"])


def _allowed(records: Records, said: dict[str, str], turn_id: str | None) -> dict[str, str]:
    """Return a step's texts without what was forgotten while they were on their way."""
    for row in records.rows(sa.select(redactions).order_by(redactions.c.turns.is_(None))):
        if row["turns"] is None or turn_id in row["turns"]:
            said = _without(said, row["words"])
    return said


def _without(said: Mapping[str, str], words: Iterable[str]) -> dict[str, str]:
    """Return a step's texts without words, and without the end of a title that was cut in them."""
    left = {key: redact(text, list(words)) for key, text in said.items()}
    title, dots, _ = left.get("name", "").partition(": ")
    if dots and left != said and left["name"].endswith("..."):
        left["name"] = title
    return left


def _ensure_thread(records: Records, thread_id: str) -> Row:
    moment = now()
    made: dict[str, Any] = {"id": thread_id, "name": "", "folded": "", "metadata": {}}
    made |= {"created_at": moment, "updated_at": moment}
    records.insert_missing(threads, made)
    row = records.first(sa.select(threads).where(threads.c.id == thread_id))
    assert row is not None, "it was just made"
    return row


def _turn_of(records: Records, thread_id: str, data: Mapping[str, Any]) -> str | None:
    """Return the turn that a new step belongs to."""
    query = (
        sa.select(turns.c.id)
        .where(turns.c.thread_id == thread_id, turns.c.state == "running")
        .order_by(turns.c.started_at.desc())
    )
    row = records.first(query.limit(1))
    if row is None:
        return None
    turn_id: str = row["id"]
    if data.get("type") == _USERS:
        its = records.rows(sa.select(steps.c.data).where(steps.c.turn_id == turn_id))
        return None if any(one["data"].get("type") == _USERS for one in its) else turn_id
    said = records.first(sa.select(steps).where(steps.c.id == str(data.get("parentId"))))
    if said is not None and said["data"].get("type") == _USERS:
        return said["turn_id"]  # type: ignore[no-any-return]  # text or None
    return turn_id


def _belongs(row: Row, said_id: str) -> bool:
    """Return whether a step without a turn is a message of the user, or hangs on it."""
    is_it = row["id"] == said_id or row["data"].get("parentId") == said_id
    return is_it and row["turn_id"] is None


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    return {key: data[key] for key in _SAID if isinstance(data.get(key), str)}


def _folded(said: Mapping[str, str]) -> str:
    return fold("\n".join(said.values()))


def _thread_of(row: Row) -> StoredThread:
    return StoredThread(
        id=row["id"],
        user_id=row["user_id"],
        name=row["name"],
        metadata=row["metadata"],
        created_at=row["created_at"],
    )

"""Lessons under way: what outlives the program that gives them.

A lesson waits as a row until a worker leases it. A worker that is gone gives nothing back, but its
lease ends, and whoever leases the lesson next goes on from the tokens that were saved last. Knows
rows, leases and saved tokens. Does not know how a model learns.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from omnipersona.memory.concepts import ConceptStore
from omnipersona.memory.records import ConceptState
from omnipersona.store.database import Database, Records, Row, new_id, now
from omnipersona.store.errors import UnknownConcept
from omnipersona.store.schema import OWNER, jobs
from omnipersona.store.shelf import Shelf
from omnipersona.store.stores import TOKENS

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
LEASE: Final = timedelta(minutes=5)
"""How long a worker may be silent."""

_UNFINISHED: Final = ("waiting", "running")
_FREE: Final = {"state": "waiting", "leased_by": None, "leased_until": None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A lesson as it is kept.

    Attributes:
        id: Its identity.
        user_id: Whose it is.
        concept_id: What is learned.
        state: Where in its life it is.
        step: Steps behind the saved tokens; 0 without any.
        saved_sha256: Hash of the saved tokens' file, or None.
        error: Why it failed, for people.
    """

    id: str
    user_id: str
    concept_id: str
    state: JobState
    step: int
    saved_sha256: str | None
    error: str | None


class JobStore:
    """Lessons; each but leasing is done in the name of one user."""

    def __init__(self, database: Database, shelf: Shelf, concepts: ConceptStore) -> None:
        self._database = database
        self._shelf = shelf
        self._concepts = concepts
        self._holder = new_id()

    def add(self, user_id: str, concept_id: str) -> Job:
        """Queue the lesson of a concept, in place of one that has not ended.

        Tokens that an earlier lesson saved and did not bring to an end are taken over.

        Raises: UnknownConcept: the user has no concept of this id.
        """
        job_id, moment = new_id(), now()
        with self._database.writing(user_id) as records:
            self._concepts.update(user_id, concept_id, state="learning")
            saved = _saved_of(records, concept_id)
            records.update(
                jobs,
                {"state": "cancelled", "leased_by": None, "leased_until": None},
                jobs.c.concept_id == concept_id,
                jobs.c.state.in_(_UNFINISHED),
            )
            records.update(jobs, {"saved_sha256": None, "step": 0}, jobs.c.concept_id == concept_id)
            row = {"id": job_id, "concept_id": concept_id, "kind": "lesson", "state": "waiting"}
            records.insert(jobs, {**row, **saved, "created_at": moment, "updated_at": moment})
            return self.get(user_id, job_id)

    def add_afresh(self, user_id: str, concept_id: str) -> Job:
        """Queue a lesson that begins with nothing but photos and facts; tokens are no longer named.

        Raises: UnknownConcept: the user has no concept of this id.
        """
        with self._database.writing(user_id) as records:
            nothing = {"saved_sha256": None, "step": 0}
            records.update(jobs, nothing, jobs.c.concept_id == concept_id)
            self._concepts.drop_tokens(user_id, concept_id)
            return self.add(user_id, concept_id)

    def get(self, user_id: str, job_id: str) -> Job:
        """Return a lesson.

        Raises: UnknownConcept: the user has no lesson of this id; its concept may be forgotten.
        """
        with self._database.reading(user_id) as records:
            row = records.first(sa.select(jobs).where(jobs.c.id == job_id))
        if row is None:
            raise UnknownConcept(f"There is no lesson {job_id[:40]!r}; it may be forgotten.")
        return _job_of(row)

    def take_back(self) -> tuple[Job, ...]:
        """Let everything unfinished wait again, oldest first.

        For a program that starts and is alone with the database: whoever had leases is gone.
        """
        with self._database.of_all() as connection:
            connection.execute(sa.update(jobs).where(jobs.c.state == "running").values(_FREE))
            waiting = sa.select(jobs).where(jobs.c.state == "waiting").order_by(jobs.c.number)
            return tuple(map(_job_of, connection.execute(waiting).mappings()))

    def lease(self) -> Job | None:
        """Take the oldest lesson that waits, or whose worker has been silent for too long."""
        with self._database.of_all() as connection:
            is_free = (jobs.c.state == "waiting") | (
                (jobs.c.state == "running") & (jobs.c.leased_until < now())
            )
            oldest = sa.select(jobs).where(is_free).order_by(jobs.c.number).limit(1)
            row = connection.execute(oldest.with_for_update(skip_locked=True)).mappings().first()
            if row is None:
                return None
            self._lease(connection, row)
            return _job_of(row)

    def renew(self, job: Job) -> bool:
        """Tell that a leased lesson is under way; return whether it still is to go on."""
        if not self._is_there(job):
            return False
        with self._database.writing(job.user_id) as records:
            until = {"leased_until": _lease_end()}
            return records.update(jobs, until, *self._is_held(job)) > 0

    def give_back(self, job: Job) -> None:
        """Let a leased lesson wait for the next worker."""
        if not self._is_there(job):
            return
        with self._database.writing(job.user_id) as records:
            records.update(jobs, _FREE, *self._is_held(job))

    def save(self, job: Job, data: bytes, step: int) -> bool:
        """Keep the tokens so far, from which the lesson goes on after a cut.

        Returns: Whether the lesson still is to go on; if not, nothing is kept.
        Raises: StorageFailed: they cannot be written.
        """
        if not self._is_there(job):
            return False
        with self._shelf.of(job.user_id) as files:
            sha256 = files.put(data, TOKENS)
            with self._database.writing(job.user_id) as records:
                old = _saved(records, job)
                made = {"saved_sha256": sha256, "step": step, "leased_until": _lease_end()}
                is_held = records.update(jobs, made, *self._is_held(job)) > 0
            files.delete_unnamed({old, sha256} - {None}, TOKENS)  # type: ignore[arg-type]  # no None left
        return is_held

    def read_saved(self, job: Job) -> bytes | None:
        """Return the tokens that were saved last, if any were.

        Raises: UnknownConcept, StorageFailed: the lesson or the file is gone.
        """
        saved = self.get(job.user_id, job.id).saved_sha256
        if saved is None:
            return None
        with self._shelf.of(job.user_id) as files:
            return files.get(saved, TOKENS)

    def keep(self, job: Job, data: bytes, base_fingerprint: str, *, is_last: bool) -> bool:
        """Make what a pass learned the concept's tokens, in place of the old and the saved ones.

        Args:
            job: A leased lesson.
            data: The safetensors file.
            base_fingerprint: Of the weights that it belongs to.
            is_last: The lesson is done; if not, the concept is usable and still being learned.
        Returns: Whether the lesson was still to go on; if not, nothing is kept.

        Raises:
            UnknownConcept: the concept was forgotten.
            StorageFailed: the file cannot be written; the old one stays in use.
        """
        with self._shelf.of(job.user_id) as files:
            sha256 = files.put(data, TOKENS)
            with self._database.writing(job.user_id) as records:
                concept = self._concepts.get(job.user_id, job.concept_id)
                old = {concept.tokens_sha256, _saved(records, job), sha256}
                made: dict[str, Any] = {"saved_sha256": None, "step": 0}
                if is_last:
                    made["updated_at"] = now()
                    made |= {"state": "done", "leased_by": None, "leased_until": None}
                is_held = records.update(jobs, made, *self._is_held(job)) > 0
                if is_held:
                    name_tokens = self._concepts.name_tokens
                    name_tokens(job.user_id, job.concept_id, sha256, base_fingerprint)
                    if not is_last:
                        self._concepts.update(job.user_id, job.concept_id, state="learning")
            files.delete_unnamed(old - {None}, TOKENS)  # type: ignore[arg-type]  # no None left
        return is_held

    def end(
        self,
        job: Job,
        state: Literal["failed", "cancelled"],
        concept_state: ConceptState,
        error: str | None = None,
    ) -> None:
        """Note that a lesson ended without new tokens; a forgotten one is no matter.

        What a failed lesson saved is kept for another try, what a cancelled one saved goes.
        """
        if not self._is_there(job):
            return
        with self._shelf.of(job.user_id) as files:
            with self._database.writing(job.user_id) as records:
                old = _saved(records, job) if state == "cancelled" else None
                made: dict[str, Any] = {"state": state, "error": error, "updated_at": now()}
                made |= {"leased_by": None, "leased_until": None}
                if state == "cancelled":
                    made |= {"saved_sha256": None, "step": 0}
                is_open = (jobs.c.id == job.id, jobs.c.state.in_(_UNFINISHED))
                if records.update(jobs, made, *is_open):
                    self._concepts.update(job.user_id, job.concept_id, state=concept_state)
            files.delete_unnamed([old] if old else [], TOKENS)

    def _is_there(self, job: Job) -> bool:
        # A write would bring a forgotten user's row back.
        with self._database.reading(job.user_id) as records:
            return records.first(sa.select(jobs.c.id).where(jobs.c.id == job.id)) is not None

    def _lease(self, connection: Connection, row: Row) -> None:
        is_it = (jobs.c[OWNER] == row[OWNER], jobs.c.id == row["id"])
        lease = {"state": "running", "leased_by": self._holder, "leased_until": _lease_end()}
        connection.execute(sa.update(jobs).where(*is_it).values(lease))

    def _is_held(self, job: Job) -> tuple["sa.ColumnElement[bool]", ...]:
        return jobs.c.id == job.id, jobs.c.state == "running", jobs.c.leased_by == self._holder


def _lease_end() -> str:
    return (datetime.now(UTC) + LEASE).isoformat(timespec="microseconds")


def _saved_of(records: Records, concept_id: str) -> dict[str, object]:
    """Return what the newest lesson of a concept saved and did not bring to an end."""
    query = sa.select(jobs.c.saved_sha256, jobs.c.step).where(
        jobs.c.concept_id == concept_id, jobs.c.saved_sha256.is_not(None)
    )
    row = records.first(query.order_by(jobs.c.number.desc()))
    return dict(row) if row is not None else {"saved_sha256": None, "step": 0}


def _saved(records: Records, job: Job) -> str | None:
    row = records.first(sa.select(jobs.c.saved_sha256).where(jobs.c.id == job.id))
    return None if row is None else row["saved_sha256"]


def _job_of(row: Row) -> Job:
    return Job(**{name: row[name] for name in Job.__slots__})

"""Learning in the background: one run at a time, watched, cancelled, never half stored.

Jobs are rows of the memory, so whatever ends the program, they go on at its next start; what is
seen of their steps lives here. Old tokens stay in use until new ones are learned; a short first
pass makes a concept usable before the long one refines it. Does not know how a model learns.
"""

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from omnipersona.memory.jobs import Job
from omnipersona.memory.records import ConceptState
from omnipersona.model.contract import (
    ConceptFile,
    Fact,
    File,
    LearnEvent,
    LearnRequest,
    LearnResult,
    PersonaModel,
    Preset,
)
from omnipersona.model.errors import Cancelled, ModelError
from omnipersona.store.errors import StoreError, UnknownConcept, is_panic
from omnipersona.tools.outcome import ToolFailed

if TYPE_CHECKING:
    from omnipersona.memory.memory import Memory

logger = logging.getLogger(__name__)

MAX_PHOTOS: Final = 100
FORGOTTEN: Final = "forgotten"
JobState = Literal["waiting", "running", "ready", "failed", "cancelled"]
Reason = Literal["asked", "cut off", "new weights"]
_ENDED: Final = ("ready", "failed", "cancelled")
_RENEW_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LearnStatus:
    """How far one learning job is.

    Attributes:
        job_id: Its identity.
        user_id: Whose it is.
        concept_id: What is learned.
        concept_name: Its name as spelled.
        state: Where in its life it is.
        is_usable: The concept has tokens that can be used already.
        step: Steps done of the present pass.
        num_steps: Steps of the present pass; 0 before it starts.
        loss_text: Cross-entropy per token, nats; None before the first step.
        loss_flow: Mean squared velocity error; None before the first step.
        message: For people.
        reason: Why it is learned: somebody asked, an earlier run was cut off, or the model's
            weights are others than those that the tokens were learned with.
    """

    job_id: str
    user_id: str
    concept_id: str
    concept_name: str
    state: JobState = "waiting"
    is_usable: bool = False
    step: int = 0
    num_steps: int = 0
    loss_text: float | None = None
    loss_flow: float | None = None
    message: str = ""
    reason: Reason = "asked"

    @property
    def is_forgotten(self) -> bool:
        """Whether the concept was forgotten meanwhile."""
        return self.concept_name == FORGOTTEN

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in _ENDED


@dataclass
class _Job:
    status: LearnStatus
    row: Job
    cancel: threading.Event = field(default_factory=threading.Event)
    renewed: float = field(default_factory=time.monotonic)


class LearningJobs:
    """The queue of learning jobs of all users; one worker thread."""

    def __init__(
        self,
        model: PersonaModel,
        memory: "Memory",
        presets: Sequence[Preset] = (),
    ) -> None:
        """Go on with the jobs that an earlier program left unfinished.

        Args:
            model: Who learns.
            memory: Where jobs and photos come from and tokens go.
            presets: The passes of a job, in order; tokens are stored after each. A concept that
                has tokens gets the last one only. None given: a quick one, then the model's lesson.
        """
        self._model = model
        self._memory = memory
        self._presets = tuple(presets) or ("quick", model.describe().lesson)
        self._jobs: dict[str, _Job] = {}
        self._changed = threading.Condition()
        self._news = threading.Event()
        self._worker: threading.Thread | None = None
        self._is_closing = False
        for row in memory.jobs.take_back():
            self.take(row, "cut off")

    def start(self, user_id: str, concept_id: str, reason: Reason = "asked") -> LearnStatus:
        """Queue the learning of a concept from its stored photos and facts.

        An unfinished job of the same concept is cancelled: its photos are out of date.

        Raises: ToolFailed: the user has no such concept, or it has no photo.
        """
        try:
            concept = self._memory.concepts.get(user_id, concept_id)
            if not self._memory.concepts.photos(user_id, concept_id):
                raise ToolFailed(f"<{concept.name}> has no photo to learn from; send one.")
            row = self._memory.jobs.add(user_id, concept_id)
        except StoreError as error:
            raise ToolFailed(str(error)) from error
        return self.take(row, reason)

    def take(self, row: Job, reason: Reason = "asked") -> LearnStatus:
        """Have a job done that the memory keeps already."""
        job = self._known(row, reason)
        with self._changed:
            for old in self._jobs.values():
                is_same = old is not job and old.row.concept_id == row.concept_id
                if is_same and not old.status.has_ended:
                    self._stop(old)
        self._wake()
        return job.status

    def learn_anew(self, user_id: str) -> tuple[LearnStatus, ...]:
        """Queue what was learned with other weights than the model's; return the new jobs."""
        fingerprint = self._model.describe().fingerprint
        foreign = self._memory.concepts.of_other_weights(user_id, fingerprint)
        return tuple(self.start(user_id, concept.id, "new weights") for concept in foreign)

    def status(self, user_id: str, job_id: str) -> LearnStatus:
        """Return a job's status; raise `ToolFailed` if the user has no such job."""
        return self._job(user_id, job_id).status

    def list(self, user_id: str) -> tuple[LearnStatus, ...]:
        """Return the user's jobs of this session, oldest first."""
        with self._changed:
            return tuple(j.status for j in self._jobs.values() if j.status.user_id == user_id)

    def progress(self, user_id: str, concept_id: str) -> str:
        """Say how far the learning of a concept is, e.g. "step 40 of 250"; "" if none runs."""
        for status in reversed(self.list(user_id)):
            if status.concept_id == concept_id and not status.has_ended:
                if status.num_steps == 0:
                    return "waiting for its turn"
                return f"step {status.step} of {status.num_steps}"
        return ""

    def cancel(self, user_id: str, job_id: str) -> LearnStatus:
        """Ask a job to stop before its next step; harmless if it ended.

        Raises: ToolFailed: the user has no such job, or the memory failed.
        """
        job = self._job(user_id, job_id)
        if not job.status.has_ended:
            try:
                self._end(job, "cancelled")
            except StoreError as error:
                raise ToolFailed(str(error)) from error
            with self._changed:
                self._stop(job)
        return job.status

    def forget_concept(self, user_id: str, concept_id: str) -> None:
        """Stop the jobs of a concept, and take its name out of what is told of them."""
        with self._changed:
            for job in self._jobs.values():
                if (job.status.user_id, job.status.concept_id) == (user_id, concept_id):
                    if not job.status.has_ended:
                        self._stop(job)
                    self._set(job, concept_name=FORGOTTEN, message=FORGOTTEN)

    def forget_user(self, user_id: str) -> None:
        """Stop and forget all jobs of a user, and wait for the one that runs: it writes no more."""
        for status in self.list(user_id):
            self.forget_concept(user_id, status.concept_id)
            self.wait(user_id, status.job_id, timeout_s=_STOP_SECONDS)

    def wait(
        self,
        user_id: str,
        job_id: str,
        seen: LearnStatus | None = None,
        timeout_s: float | None = None,
    ) -> LearnStatus:
        """Block until a job's status differs from `seen`, or has ended if `seen` is None.

        Returns: The status at that moment, or the present one when `timeout_s` has passed.
        Raises: ToolFailed: the user has no such job.
        """
        job = self._job(user_id, job_id)
        with self._changed:
            self._changed.wait_for(
                lambda: job.status.has_ended if seen is None else job.status != seen, timeout_s
            )
            return job.status

    def close(self) -> None:
        """Stop the running job between two steps and wait for the worker.

        Jobs that have not ended go on at the next start.
        """
        with self._changed:
            self._is_closing = True
            for job in self._jobs.values():
                job.cancel.set()
            worker = self._worker
        self._news.set()
        if worker is not None:
            worker.join()

    def _job(self, user_id: str, job_id: str) -> _Job:
        with self._changed:
            job = self._jobs.get(job_id)
        if job is None:
            job = self._earlier(user_id, job_id)
        if job is None or job.status.user_id != user_id:
            raise ToolFailed(f"There is no learning job {job_id[:40]!r}; it may be long over.")
        return job

    def _known(self, row: Job, reason: Reason) -> _Job:
        """Return a row's job; whoever meets the row first makes it."""
        status = self._status_of(row, reason)
        with self._changed:
            return self._jobs.setdefault(row.id, _Job(status, row))

    def _earlier(self, user_id: str, job_id: str) -> _Job | None:
        """Return a job that ended before the program started."""
        try:
            row = self._memory.jobs.get(user_id, job_id)
            return _Job(self._status_of(row, "asked"), row)
        except StoreError:
            return None

    def _status_of(self, row: Job, reason: Reason) -> LearnStatus:
        concept = self._memory.concepts.get(row.user_id, row.concept_id)
        is_done = row.state == "done"
        return LearnStatus(
            job_id=row.id,
            user_id=row.user_id,
            concept_id=row.concept_id,
            concept_name=concept.name,
            state="ready" if row.state == "done" else row.state,
            is_usable=is_done or self._has_tokens(row.user_id, row.concept_id),
            message=_message(row, concept.name),
            reason=reason,
        )

    def _wake(self) -> None:
        with self._changed:
            if self._worker is None and not self._is_closing:
                self._worker = threading.Thread(target=self._work, name="learning", daemon=True)
                self._worker.start()
        self._news.set()

    def _work(self) -> None:
        while not self._is_closing:
            self._news.clear()
            try:
                row = self._memory.jobs.lease()
                job = None if row is None else self._known(row, "asked")
            except StoreError as error:
                logger.warning("no lesson can be leased: %s", error)
                self._news.wait(_PAUSE_SECONDS)
                continue
            if job is not None:
                self._run(job)
            elif not self._is_closing:
                self._news.wait(_LOOK_SECONDS)

    def _run(self, job: _Job) -> None:
        name = f"<{job.status.concept_name}>"
        try:
            # A short pass would be a step back for a concept that has refined tokens already.
            has_tokens = self._has_tokens(job.row.user_id, job.row.concept_id)
            presets = self._presets[-1:] if has_tokens else self._presets
            for preset in presets[:-1]:
                self._learn(job, preset, is_last=False)
                self._set(job, is_usable=True, message=f"{name} is usable; refining it")
            self._learn(job, presets[-1], is_last=True)
            self._set(job, state="ready", is_usable=True, message=f"{name} is learned")
        except (Cancelled, UnknownConcept):
            self._stopped(job)
        except (ModelError, StoreError) as error:
            self._failed(job, str(error))
        except BaseException as error:
            if not isinstance(error, Exception) and not is_panic(error):
                raise
            logger.exception("learning job %s failed", job.status.job_id)
            self._failed(
                job, f"Learning {name} failed; the log says why under {job.status.job_id}."
            )

    def _learn(self, job: _Job, preset: Preset, *, is_last: bool) -> None:
        for event in self._model.learn(self._request(job, preset), job.cancel):
            if isinstance(event, LearnResult):
                self._keep(job, event.concept, is_last=is_last)
                continue
            self._note(job, event)
            if event.saved is not None or time.monotonic() - job.renewed > _RENEW_SECONDS:
                self._save(job, event)

    def _save(self, job: _Job, event: LearnEvent) -> None:
        """Keep the tokens so far, or just the lease; a refusal of the store ends no lesson."""
        job.renewed = time.monotonic()
        try:
            if event.saved is None:
                is_held = self._memory.jobs.renew(job.row)
            else:
                is_held = self._memory.jobs.save(job.row, event.saved.whole, event.step)
        except StoreError as error:
            logger.warning("step %d of lesson %s is not kept: %s", event.step, job.row.id, error)
            return
        self._check(job, is_held)

    def _keep(self, job: _Job, concept: ConceptFile, *, is_last: bool) -> None:
        user_id, concept_id = job.row.user_id, job.row.concept_id
        # A concept forgotten or cancelled meanwhile must not come back.
        self._check(job, not job.cancel.is_set())
        old = self._memory.concepts.get(user_id, concept_id).tokens_sha256
        fingerprint = self._model.describe().fingerprint
        kept = self._memory.jobs.keep(job.row, concept.whole, fingerprint, is_last=is_last)
        self._check(job, kept)
        if old is not None and old != concept.sha256:
            self._model.release(old)

    @staticmethod
    def _check(job: _Job, is_held: bool) -> None:
        if not is_held:
            raise Cancelled(f"Learning <{job.status.concept_name}> was cancelled.")

    def _request(self, job: _Job, preset: Preset) -> LearnRequest:
        memory, user_id, concept_id = self._memory, job.row.user_id, job.row.concept_id
        concept = memory.concepts.get(user_id, concept_id)
        photos = memory.concepts.photos(user_id, concept_id)[-MAX_PHOTOS:]
        facts = memory.facts.of_concept(user_id, concept_id)
        data = memory.jobs.read_saved(job.row)
        if data is None and self._has_tokens(user_id, concept_id):
            data = memory.concepts.read_tokens(user_id, concept_id)
        return LearnRequest(
            name=concept.name,
            kind=concept.kind,
            photos=File.each(tuple(memory.pictures.read(user_id, photo.id) for photo in photos)),
            facts=tuple(Fact(attribute=f.attribute, value=f.value) for f in facts),
            preset=preset,
            start=None if data is None else ConceptFile.of(data),
            tenant=user_id,
        )

    def _note(self, job: _Job, event: LearnEvent) -> None:
        self._set(
            job,
            state="running",
            step=event.step,
            num_steps=event.num_steps,
            loss_text=event.loss_text,
            loss_flow=event.loss_flow,
            message=f"step {event.step} of {event.num_steps}",
        )

    def _has_tokens(self, user_id: str, concept_id: str) -> bool:
        concept = self._memory.concepts.get(user_id, concept_id)
        fingerprint = self._model.describe().fingerprint
        return concept.tokens_sha256 is not None and concept.base_fingerprint == fingerprint

    def _stop(self, job: _Job) -> None:
        """Let a job end whose row has ended, or is gone; one that runs ends after its step."""
        job.cancel.set()
        if job.status.state == "waiting":
            self._set(job, state="cancelled", message="cancelled")

    def _stopped(self, job: _Job) -> None:
        if self._is_closing:
            with suppress(StoreError):
                self._memory.jobs.give_back(job.row)
        self._set(job, state="cancelled", message="cancelled")

    def _failed(self, job: _Job, sentence: str) -> None:
        try:
            self._end(job, "failed", sentence)
        except StoreError as error:
            logger.warning("the end of lesson %s is not kept: %s", job.row.id, error)
        self._set(job, state="failed", message=sentence)

    def _end(self, job: _Job, state: Literal["failed", "cancelled"], why: str = "") -> None:
        unlearned: ConceptState = "failed" if state == "failed" else "new"
        try:
            has_tokens = self._has_tokens(job.row.user_id, job.row.concept_id)
        except UnknownConcept:
            return
        self._memory.jobs.end(job.row, state, "ready" if has_tokens else unlearned, why or None)

    def _set(self, job: _Job, **changes: object) -> None:
        with self._changed:
            job.status = replace(job.status, **changes)  # type: ignore[arg-type]  # fields above
            self._changed.notify_all()


def _message(row: Job, name: str) -> str:
    match row.state:
        case "done":
            return f"<{name}> is learned"
        case "failed":
            return row.error or "failed"
        case "cancelled":
            return "cancelled"
        case _:
            return "waiting for its turn"

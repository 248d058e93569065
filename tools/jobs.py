"""Learning in the background: one run at a time, watched, cancelled, never half stored.

Knows the life of a learning job. Does not know how a model learns. Old tokens stay in use until
new ones are stored; a short first pass makes a concept usable before the long one refines it.
"""

import logging
import queue
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from omnipersona.model.contract import (
    ConceptFile,
    Fact,
    LearnEvent,
    LearnRequest,
    LearnResult,
    PersonaModel,
    Preset,
)
from omnipersona.model.errors import Cancelled, ModelError
from omnipersona.store.errors import StoreError, UnknownConcept
from omnipersona.tools.outcome import ToolFailed

if TYPE_CHECKING:
    from omnipersona.memory.memory import Memory

logger = logging.getLogger(__name__)

MAX_PHOTOS: Final = 100
FORGOTTEN: Final = "forgotten"
JobState = Literal["waiting", "running", "ready", "failed", "cancelled"]
Reason = Literal["asked", "cut off", "new weights"]
_ENDED: Final = ("ready", "failed", "cancelled")


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
    cancel: threading.Event = field(default_factory=threading.Event)


class LearningJobs:
    """The queue of learning jobs of all users; one worker thread."""

    def __init__(
        self,
        model: PersonaModel,
        memory: "Memory",
        presets: Sequence[Preset] = (),
    ) -> None:
        """Keep the services.

        Args:
            model: Who learns.
            memory: Where photos come from and tokens go.
            presets: The passes of a job, in order; tokens are stored after each. A concept that
                has tokens gets the last one only. None given: a quick one, then the model's lesson.
        """
        self._model = model
        self._memory = memory
        self._presets = tuple(presets) or ("quick", model.describe().lesson)
        self._jobs: dict[str, _Job] = {}
        self._waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None
        self._is_closing = False

    def start(self, user_id: str, concept_id: str, reason: Reason = "asked") -> LearnStatus:
        """Queue the learning of a concept from its stored photos and facts.

        An unfinished job of the same concept is cancelled: its photos are out of date.

        Raises: ToolFailed: the user has no such concept, or it has no photo.
        """
        try:
            concept = self._memory.concepts.get(user_id, concept_id)
            if not self._memory.concepts.photos(user_id, concept_id):
                raise ToolFailed(f"<{concept.name}> has no photo to learn from; send one.")
            self.cancel_concept(user_id, concept_id)
            self._memory.concepts.update(user_id, concept_id, state="learning")
        except StoreError as error:
            raise ToolFailed(str(error)) from error
        status = LearnStatus(
            job_id=uuid.uuid4().hex,
            user_id=user_id,
            concept_id=concept_id,
            concept_name=concept.name,
            is_usable=self._has_tokens(user_id, concept_id),
            message="waiting for its turn",
            reason=reason,
        )
        job = _Job(status)
        with self._changed:
            self._jobs[status.job_id] = job
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="learning", daemon=True)
                self._worker.start()
        self._waiting.put(job)
        return status

    def resume(self, user_id: str) -> tuple[LearnStatus, ...]:
        """Start again what a crash or other weights left unlearned; return the new jobs."""
        fingerprint = self._model.describe().fingerprint
        started = []
        for concept in self._memory.concepts.list(user_id):
            is_cut_off = concept.state == "learning" and not self.progress(user_id, concept.id)
            is_foreign = (
                concept.tokens_sha256 is not None
                and concept.base_fingerprint != fingerprint
                and concept.state == "ready"
            )
            if is_cut_off or is_foreign:
                if self._memory.concepts.photos(user_id, concept.id):
                    reason: Reason = "new weights" if is_foreign else "cut off"
                    started.append(self.start(user_id, concept.id, reason))
                elif is_cut_off:
                    self._memory.concepts.update(user_id, concept.id, state="new")
        return tuple(started)

    def status(self, user_id: str, job_id: str) -> LearnStatus:
        """Return a job's status; raise `ToolFailed` if the user has no such job."""
        with self._changed:
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

        Raises: ToolFailed: the user has no such job.
        """
        with self._changed:
            job = self._job(user_id, job_id)
            job.cancel.set()
            if job.status.state == "waiting":
                self._end_cancelled(job)
            return job.status

    def cancel_concept(self, user_id: str, concept_id: str) -> None:
        """Cancel every unfinished job of a concept."""
        for status in self.list(user_id):
            if status.concept_id == concept_id and not status.has_ended:
                self.cancel(user_id, status.job_id)

    def forget_concept(self, user_id: str, concept_id: str) -> None:
        """Cancel the jobs of a concept, and take its name out of what is told of them."""
        self.cancel_concept(user_id, concept_id)
        with self._changed:
            for job in self._jobs.values():
                if (job.status.user_id, job.status.concept_id) == (user_id, concept_id):
                    self._set(job, concept_name=FORGOTTEN, message=FORGOTTEN)

    def forget_user(self, user_id: str) -> None:
        """Cancel and forget all jobs of a user."""
        for status in self.list(user_id):
            self.forget_concept(user_id, status.concept_id)

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
        with self._changed:
            job = self._job(user_id, job_id)
            self._changed.wait_for(
                lambda: job.status.has_ended if seen is None else job.status != seen, timeout_s
            )
            return job.status

    def close(self) -> None:
        """Stop the running job between two steps and wait for the worker.

        Concepts that were still being learned stay marked so; `resume` starts them again.
        """
        with self._changed:
            self._is_closing = True
            for job in self._jobs.values():
                job.cancel.set()
            worker = self._worker
        self._waiting.put(None)
        if worker is not None:
            worker.join()

    def _job(self, user_id: str, job_id: str) -> _Job:
        job = self._jobs.get(job_id)
        if job is None or job.status.user_id != user_id:
            raise ToolFailed(f"There is no learning job {job_id[:40]!r}; it may be long over.")
        return job

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None:
            if not job.status.has_ended:
                self._run(job)

    def _run(self, job: _Job) -> None:
        status = job.status
        # A short pass would be a step back for a concept that has refined tokens already.
        presets = self._presets[-1:] if status.is_usable else self._presets
        try:
            for preset in presets[:-1]:
                self._learn(job, preset)
                self._memory.concepts.update(status.user_id, status.concept_id, state="learning")
                name = job.status.concept_name
                self._set(job, is_usable=True, message=f"<{name}> is usable; refining it")
            self._learn(job, presets[-1])
            name = job.status.concept_name
            self._set(job, state="ready", is_usable=True, message=f"<{name}> is learned")
        except Cancelled:
            self._end_cancelled(job)
        except UnknownConcept:
            self._set(job, state="cancelled", message=FORGOTTEN)
        except (ModelError, StoreError) as error:
            self._end_failed(job, str(error))
        except Exception:
            logger.exception("learning job %s failed", job.status.job_id)
            self._end_failed(
                job,
                f"Learning <{job.status.concept_name}> failed; the log says why under "
                f"{job.status.job_id}.",
            )

    def _learn(self, job: _Job, preset: Preset) -> None:
        status, memory = job.status, self._memory
        request = self._request(status, preset)
        for event in self._model.learn(request, job.cancel):
            if isinstance(event, LearnResult):
                self._store(job, event.concept)
                continue
            self._note(job, event)
            if event.saved is not None:
                self._store(job, event.saved)
                memory.concepts.update(status.user_id, status.concept_id, state="learning")

    def _store(self, job: _Job, concept: ConceptFile) -> None:
        status = job.status
        # A concept forgotten or cancelled meanwhile must not come back.
        if job.cancel.is_set():
            raise Cancelled(f"Learning <{status.concept_name}> was cancelled.")
        old = self._memory.concepts.get(status.user_id, status.concept_id).tokens_sha256
        self._memory.concepts.save_tokens(
            status.user_id,
            status.concept_id,
            concept.data,
            self._model.describe().fingerprint,
        )
        if old is not None and old != concept.sha256:
            self._model.release(old)

    def _request(self, status: LearnStatus, preset: Preset) -> LearnRequest:
        memory, user_id, concept_id = self._memory, status.user_id, status.concept_id
        concept = memory.concepts.get(user_id, concept_id)
        photos = memory.concepts.photos(user_id, concept_id)[-MAX_PHOTOS:]
        facts = memory.facts.of_concept(user_id, concept_id)
        tokens = None
        if self._has_tokens(user_id, concept_id):
            data = memory.concepts.read_tokens(user_id, concept_id)
            tokens = ConceptFile.of(data)
        return LearnRequest(
            name=concept.name,
            kind=concept.kind,
            photos=tuple(memory.pictures.read(user_id, photo.id) for photo in photos),
            facts=tuple(Fact(attribute=f.attribute, value=f.value) for f in facts),
            preset=preset,
            start=tokens,
            lane=user_id,
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

    def _end_cancelled(self, job: _Job) -> None:
        if not self._is_closing:
            self._mark_concept(job, "new")
        self._set(job, state="cancelled", message="cancelled")

    def _end_failed(self, job: _Job, sentence: str) -> None:
        self._mark_concept(job, "failed")
        self._set(job, state="failed", message=sentence)

    def _mark_concept(self, job: _Job, state: Literal["new", "failed"]) -> None:
        status = job.status
        try:
            has_tokens = self._has_tokens(status.user_id, status.concept_id)
            self._memory.concepts.update(
                status.user_id, status.concept_id, state="ready" if has_tokens else state
            )
        except StoreError as error:
            logger.warning("concept of job %s not marked: %s", status.job_id, type(error).__name__)

    def _set(self, job: _Job, **changes: object) -> None:
        with self._changed:
            job.status = replace(job.status, **changes)  # type: ignore[arg-type]  # fields above
            self._changed.notify_all()

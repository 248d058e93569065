"""What is known and learned, without a conversation: concepts, facts, pictures and lessons.

Knows which ability answers which question of a page or a program, and that blocking work is done in
threads. Does not know turns.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from omnipersona.agent.lesson import Lesson, teach_lesson
from omnipersona.store.text import clean_text
from omnipersona.tools.album import Album, read_album
from omnipersona.tools.concept_service import (
    ConceptView,
    correct_fact,
    find_concept,
    forget_concept,
    forget_fact,
    view_concepts,
)
from omnipersona.tools.concepts import export_concept, import_concept
from omnipersona.tools.gallery import (
    PictureRecord,
    find_picture,
    find_versions,
    keep_pictures,
    read_picture,
)
from omnipersona.tools.jobs import LearnStatus
from omnipersona.tools.outcome import ToolDeps, ToolOutcome


class Library:
    """Everything that a session holds for its users."""

    def __init__(self, deps: ToolDeps) -> None:
        self._deps = deps
        self._met: set[str] = set()

    async def learn_anew(self, user_id: str) -> None:
        """Learn what was learned with other weights; the first turn of a user does."""
        if user_id not in self._met:
            self._met.add(user_id)
            await asyncio.to_thread(self._deps.jobs.learn_anew, user_id)

    def learn_status(self, user_id: str) -> tuple[LearnStatus, ...]:
        """Return the user's learning jobs of this session, oldest first."""
        return self._deps.jobs.list(user_id)

    async def find_learning(self, user_id: str, job_id: str) -> LearnStatus:
        """Return a job's status, also of one that ended before; raise `ToolFailed` if unknown."""
        return await asyncio.to_thread(self._deps.jobs.status, user_id, job_id)

    async def watch_learning(self, user_id: str, job_id: str) -> AsyncIterator[LearnStatus]:
        """Yield a job's status, now and at every change, until it has ended.

        Raises: ToolFailed: the user has no such job.
        """
        status = await self.find_learning(user_id, job_id)
        yield status
        while not status.has_ended:
            # The pause lets a cancelled watcher's thread come back soon.
            new = await asyncio.to_thread(self._deps.jobs.wait, user_id, job_id, status, 0.5)
            if new != status:
                status = new
                yield status

    async def cancel_learning(self, user_id: str, job_id: str) -> LearnStatus:
        """Stop a job before its next step; raise `ToolFailed` if the user has no such job."""
        return await asyncio.to_thread(self._deps.jobs.cancel, user_id, job_id)

    async def concepts(self, user_id: str) -> tuple[ConceptView, ...]:
        """Return the user's concepts, oldest first."""
        return await asyncio.to_thread(view_concepts, self._deps, user_id)

    async def concept_card(self, user_id: str, name: str) -> ConceptView:
        """Return one concept by name; raise `ToolFailed` with a suggestion if there is none."""
        return await asyncio.to_thread(find_concept, self._deps, user_id, name)

    async def teach(self, lesson: Lesson) -> LearnStatus:
        """Store a concept and queue its learning, without a conversation.

        Raises: ToolFailed, ToolRetry, StoreError: with a sentence for the user.
        """
        return await asyncio.to_thread(teach_lesson, self._deps, lesson)

    async def album(self, user_id: str) -> Album:
        """Return everything that is known to a user's assistant."""
        return await asyncio.to_thread(read_album, self._deps, user_id)

    async def state_fact(self, user_id: str, concept_id: str, attribute: str, value: str) -> None:
        """Keep what the user wrote of a concept, or of themselves where the id is "".

        It replaces what was known of the attribute.

        Raises:
            ToolFailed: The user has no such concept.
            StoreError: The words cannot be kept.
        """
        words = [clean_text(text, "the fact") for text in (attribute, value)]
        await asyncio.to_thread(correct_fact, self._deps, user_id, concept_id, *words)

    async def forget_fact(self, user_id: str, fact_id: str) -> str:
        """Delete one fact; raise `ToolFailed` if the user has none of this id.

        Conversations lose its words where they state or use it, and tokens that may hold it are
        learned anew.

        Returns: What follows of it, for people, or "".
        """
        return await asyncio.to_thread(forget_fact, self._deps, user_id, fact_id)

    async def export_concept(self, user_id: str, name: str) -> bytes:
        """Return a concept as one ZIP file; raise `ToolFailed` if it has no tokens."""
        return await asyncio.to_thread(export_concept, self._deps, user_id, name)

    async def import_concept(
        self,
        user_id: str,
        name: str,
        data: bytes,
        kind: str | None = None,
        *,
        consent: bool = False,
    ) -> ConceptView:
        """Add a concept from such a file or a token file.

        Raises:
            ToolFailed: It does not fit.
            ToolRetry: It is a person, whose consent is missing.
        """

        def take() -> ConceptView:
            return import_concept(self._deps, user_id, name, data, kind, consent=consent)

        return await asyncio.to_thread(take)

    async def forget_concept(
        self, user_id: str, name: str, *, drawings: bool = False
    ) -> ToolOutcome:
        """Delete a concept everywhere, conversations included; see text and `details`.

        Raises: ToolFailed: the user has no such concept.
        """
        view = await self.concept_card(user_id, name)

        def forget() -> ToolOutcome:
            return forget_concept(self._deps, user_id, view.concept_id, drawings=drawings)

        return await asyncio.to_thread(forget)

    async def keep_picture(self, user_id: str, data: bytes, thread_id: str | None = None) -> str:
        """Keep a picture file, of a conversation or none; return its id.

        Raises: StoreError: it is no picture, or cannot be kept.
        """
        [picture_id] = await self._keep(user_id, (data,), thread_id)
        return picture_id

    def has_picture(self, user_id: str, picture_id: str) -> bool:
        """Return whether the user has a picture of this id."""
        return find_picture(self._deps, user_id, picture_id) is not None

    async def picture(self, user_id: str, picture_id: str) -> bytes:
        """Return PNG bytes; raise `ToolFailed` if the user has no such picture."""
        return await asyncio.to_thread(read_picture, self._deps, user_id, picture_id)

    async def versions(self, user_id: str, picture_id: str) -> tuple[PictureRecord, ...]:
        """Return a picture's sources and all edits of them, oldest first: a tree by parents.

        Raises: ToolFailed: the user has no such picture.
        """
        return await asyncio.to_thread(find_versions, self._deps, user_id, picture_id)

    async def _keep(
        self, user_id: str, pictures: Sequence[bytes], thread_id: str | None
    ) -> list[str]:
        kept = await asyncio.to_thread(keep_pictures, self._deps, user_id, pictures, thread_id)
        return [picture.id for picture in kept]

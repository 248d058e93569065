"""The composition root: settings become model, memory, jobs and graph; `Session` is for the page.

Knows how a turn of the graph becomes plain events. The only module of this room that opens
anything. The model is imported when a session opens, so that importing this costs no torch.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final, Self
from weakref import WeakValueDictionary

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.types import Command

from omnipersona.agent.checkpoints import Checkpoints, thread_key
from omnipersona.agent.context import Context
from omnipersona.agent.events import Event, Failed, NeedInput, Reply, ShownPicture
from omnipersona.agent.graph import TurnGraph, build_graph
from omnipersona.agent.lessons import Lesson, teach_lesson
from omnipersona.agent.planning import Plan, Planner, read_plan_line
from omnipersona.agent.record import TurnRecord
from omnipersona.agent.settings import Settings
from omnipersona.agent.state import InputState, State
from omnipersona.agent.stores import open_checkpoints, open_memory
from omnipersona.agent.streaming import TurnStream, need_input
from omnipersona.agent.tracing import TracedModel, export_to
from omnipersona.agent.turn import UserTurn, check_turn, context_of, keep_pictures
from omnipersona.memory.encoder import Encoder
from omnipersona.memory.names import check_user_id
from omnipersona.memory.text import clean_text
from omnipersona.model.contract import ModelInfo, PersonaModel
from omnipersona.tools.album import Album, read_album
from omnipersona.tools.concepts import export_concept, import_concept
from omnipersona.tools.gallery import PictureRecord, find_versions, read_picture
from omnipersona.tools.jobs import LearningJobs, LearnStatus
from omnipersona.tools.outcome import ToolDeps, ToolFailed, ToolOutcome
from omnipersona.tools.recall import (
    ConceptView,
    correct_fact,
    find_concept,
    forget_concept,
    forget_fact,
    view_concepts,
)
from omnipersona.tools.registry import build_tools

_ANSWER_FIRST: Final = "I asked you something; answer that first, or say no."


class Session:
    """The assistant, opened on one data folder for all of its users."""

    def __init__(self, settings: Settings, deps: ToolDeps, checkpoints: Checkpoints) -> None:
        self._settings = settings
        self._deps = deps
        self._checkpoints = checkpoints
        self._graph = build_graph(deps).compile(checkpointer=checkpoints.saver)
        self._planner = Planner(deps)
        # Weak, so that conversations that nobody is in leave nothing behind.
        self._locks = WeakValueDictionary[str, asyncio.Lock]()
        self._resumed: set[str] = set()

    @classmethod
    async def open(
        cls,
        settings: Settings,
        *,
        model: PersonaModel | None = None,
        encoder: Encoder | None = None,
    ) -> Self:
        """Open memory, model, conversations and learning jobs.

        Args:
            settings: Where and with what.
            model: A ready model; None loads `settings.model`.
            encoder: Ranks facts; None means the memory's own.

        Raises:
            MemoryStoreError: the data folder cannot be used.
            ModelError: the model cannot be loaded.
        """
        if settings.traces:
            export_to(settings.traces)
        memory = await asyncio.to_thread(open_memory, settings, encoder)
        try:
            if model is None:
                model = await asyncio.to_thread(_load_model, settings)
            model = TracedModel(model)
            checkpoints = await open_checkpoints(settings)
        except BaseException:
            await asyncio.to_thread(memory.close)
            raise
        jobs = LearningJobs(model, memory)
        return cls(settings, ToolDeps(model=model, memory=memory, jobs=jobs), checkpoints)

    async def close(self) -> None:
        """Stop learning between two steps, then close everything; it goes on at the next start."""
        await asyncio.to_thread(self._deps.jobs.close)
        await asyncio.to_thread(self._deps.model.close)
        await self._checkpoints.close()
        await asyncio.to_thread(self._deps.memory.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def warm_up(self) -> None:
        """Load what the first question needs, ahead of it."""
        await asyncio.to_thread(self._deps.memory.warm_up)

    def graph(self) -> TurnGraph:
        """Return the uncompiled graph of a turn on this session's services, to be embedded."""
        return build_graph(self._deps)

    def tools(self, user_id: str) -> dict[str, BaseTool]:
        """Return every tool by name, bound to one user; see `build_tools`."""
        return build_tools(self._deps, user_id)

    def describe(self) -> ModelInfo:
        """Return what the model is and can hold."""
        return self._deps.model.describe()

    async def turn(self, turn: UserTurn) -> AsyncGenerator[Event, None]:
        """Run one turn of a conversation.

        Yields steps and progress, and last exactly one of `Reply`, `NeedInput` or `Failed`. A
        reply's details hold intent, picture, concepts, questions, evidence, rewritten and notes;
        after a drawing also seed, num_steps and what else was kept with it. Cancelling the task
        around it stops the model within one step.
        """
        record = TurnRecord(turn.user_id)
        try:
            async with self._lock(turn.user_id, turn.thread_id):
                given = await self._take_in(turn)
                async with aclosing(self._run(turn, given, record)) as events:
                    async for event in events:
                        record.note(event)
                        yield event
        except Exception as error:  # noqa: BLE001  (every turn ends with an event)
            yield record.failure(error)
        finally:
            record.end()

    async def say(self, turn: UserTurn) -> Reply | NeedInput | Failed:
        """Run one turn of a conversation and return its last event."""
        last: Event | None = None
        async for event in self.turn(turn):
            last = event
        assert isinstance(last, Reply | NeedInput | Failed), "a turn ends with one of these"
        return last

    async def plan(self, turn: UserTurn) -> Plan:
        """Say what a turn would do, without doing or storing anything.

        Raises: ModelError, MemoryStoreError, ToolFailed: with a sentence for the user.
        """
        check_user_id(turn.user_id)
        snapshot = await self._graph.aget_state(self._config(turn))
        last = {k: v for k, v in snapshot.values.items() if k.startswith("last_")}
        state = State(
            text=_clean(turn.text) if turn.text.strip() else "",
            picture_ids=[f"attached {number}" for number in range(len(turn.pictures))],
            **last,  # type: ignore[typeddict-item]  # the three `last_` fields
        )
        return await self._planner.plan(state, context_of(turn, self._settings, "", ""))

    async def plan_line(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """Plan one line of a plan file, touching no user's data.

        Args:
            line: text, and optionally concepts (names taken as known), pictures (0 or more are
                attached) and previous_picture (one was shown before).
        Returns: The plan as JSON-able values.
        Raises: ValueError: a field is missing, unknown or of another type.
        """
        text, names, num_pictures, is_shown = read_plan_line(line)
        context = Context(user_id=self._settings.user, num_examples=self._settings.num_examples)
        plan = await self._planner.plan_names(
            _clean(text), names, is_attached=num_pictures > 0, is_shown=is_shown, context=context
        )
        return plan.as_dict()

    async def resume_learning(self, user_id: str) -> None:
        """Learn on what an end or other weights left unlearned; the first turn of a user does."""
        if user_id not in self._resumed:
            self._resumed.add(user_id)
            await asyncio.to_thread(self._deps.jobs.resume, user_id)

    def learn_status(self, user_id: str) -> tuple[LearnStatus, ...]:
        """Return the user's learning jobs of this session, oldest first."""
        return self._deps.jobs.list(user_id)

    async def watch_learning(self, user_id: str, job_id: str) -> AsyncIterator[LearnStatus]:
        """Yield a job's status, now and at every change, until it has ended.

        Raises: ToolFailed: the user has no such job.
        """
        status = self._deps.jobs.status(user_id, job_id)
        yield status
        while not status.has_ended:
            # The pause lets a cancelled watcher's thread come back soon.
            new = await asyncio.to_thread(self._deps.jobs.wait, user_id, job_id, status, 0.5)
            if new != status:
                status = new
                yield status

    def cancel_learning(self, user_id: str, job_id: str) -> LearnStatus:
        """Stop a job before its next step; raise `ToolFailed` if the user has no such job."""
        return self._deps.jobs.cancel(user_id, job_id)

    async def concepts(self, user_id: str) -> tuple[ConceptView, ...]:
        """Return the user's concepts, oldest first."""
        return await asyncio.to_thread(view_concepts, self._deps, user_id)

    async def concept_card(self, user_id: str, name: str) -> ConceptView:
        """Return one concept by name; raise `ToolFailed` with a suggestion if there is none."""
        return await asyncio.to_thread(find_concept, self._deps, user_id, name)

    async def teach(self, lesson: Lesson) -> LearnStatus:
        """Store a concept and queue its learning, without a conversation.

        Raises: ToolFailed, ToolRetry, MemoryStoreError: with a sentence for the user.
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
            MemoryStoreError: The words cannot be kept.
        """
        words = [clean_text(text, "the fact") for text in (attribute, value)]
        await asyncio.to_thread(correct_fact, self._deps, user_id, concept_id, *words)

    async def forget_fact(self, user_id: str, fact_id: str) -> None:
        """Delete one fact; raise `ToolFailed` if the user has none of this id."""
        await asyncio.to_thread(forget_fact, self._deps, user_id, fact_id)

    async def export_concept(self, user_id: str, name: str) -> bytes:
        """Return a concept as one safetensors file; raise `ToolFailed` if it has none."""
        return await asyncio.to_thread(export_concept, self._deps, user_id, name)

    async def import_concept(
        self, user_id: str, name: str, data: bytes, kind: str | None = None
    ) -> ConceptView:
        """Add a concept from a safetensors file; raise `ToolFailed` if it does not fit."""
        return await asyncio.to_thread(import_concept, self._deps, user_id, name, data, kind)

    async def forget_concept(
        self, user_id: str, name: str, *, drawings: bool = False
    ) -> ToolOutcome:
        """Delete a concept everywhere; the receipt is in text and `details`.

        Raises: ToolFailed: the user has no such concept.
        """
        view = await self.concept_card(user_id, name)

        def forget() -> ToolOutcome:
            return forget_concept(self._deps, user_id, view.concept_id, drawings=drawings)

        outcome = await asyncio.to_thread(forget)
        await self._checkpoints.forget_mentions(user_id, (view.concept_id, view.name))
        return outcome

    async def keep_picture(self, user_id: str, data: bytes) -> str:
        """Keep a picture file outside of any conversation; return its id.

        Raises: MemoryStoreError: it is no picture, or cannot be kept.
        """
        [picture_id] = await self._keep(user_id, (data,), None)
        return picture_id

    async def picture(self, user_id: str, picture_id: str) -> bytes:
        """Return PNG bytes; raise `ToolFailed` if the user has no such picture."""
        return await asyncio.to_thread(read_picture, self._deps, user_id, picture_id)

    async def versions(self, user_id: str, picture_id: str) -> tuple[PictureRecord, ...]:
        """Return a picture's sources and all edits of them, oldest first: a tree by parents.

        Raises: ToolFailed: the user has no such picture.
        """
        return await asyncio.to_thread(find_versions, self._deps, user_id, picture_id)

    async def go_on_from(self, user_id: str, thread_id: str, picture_id: str) -> bytes:
        """Make a picture the one that a conversation speaks of; the next edit starts there.

        Returns: Its PNG bytes.
        Raises: ToolFailed: the user has no such picture, or owes the conversation an answer.
        """
        png = await self.picture(user_id, picture_id)
        async with self._lock(user_id, thread_id):
            if await self.pending(user_id, thread_id):
                raise ToolFailed(_ANSWER_FIRST)
            config = self._config(UserTurn(user_id=user_id, thread_id=thread_id))
            spoken_of = State(last_picture_id=picture_id, last_drawing_id=picture_id)
            await self._graph.aupdate_state(config, spoken_of, as_node="reply")
        return png

    async def delete_thread(self, user_id: str, thread_id: str) -> None:
        """Delete a conversation: its checkpoints and its pictures."""
        async with self._lock(user_id, thread_id):
            await self._checkpoints.forget_thread(user_id, thread_id)
            await asyncio.to_thread(self._deps.memory.forget_thread, user_id, thread_id)

    async def pending(self, user_id: str, thread_id: str) -> NeedInput | None:
        """Return the question that a conversation waits on, for a page that was reloaded."""
        turn = UserTurn(user_id=user_id, thread_id=thread_id)
        snapshot = await self._graph.aget_state(self._config(turn))
        return need_input(snapshot.interrupts[0].value) if snapshot.interrupts else None

    async def _take_in(self, turn: UserTurn) -> InputState:
        check_turn(turn)
        text = _clean(turn.text) if turn.text.strip() else ""
        picture_ids = await self._keep(turn.user_id, turn.pictures, turn.thread_id)
        await self.resume_learning(turn.user_id)
        return InputState(text=text, picture_ids=picture_ids)

    async def _keep(
        self, user_id: str, pictures: Sequence[bytes], thread_id: str | None
    ) -> list[str]:
        memory = self._deps.memory
        return await asyncio.to_thread(keep_pictures, memory, user_id, pictures, thread_id)

    async def _run(
        self, turn: UserTurn, given: InputState, record: TurnRecord
    ) -> AsyncGenerator[Event, None]:
        config = self._config(turn)
        snapshot = await self._graph.aget_state(config)
        names: Sequence[str] = ()
        start: InputState | Command[Any] = given
        if snapshot.interrupts:
            start = Command(resume={snapshot.interrupts[0].id: dict(given)})
            names = snapshot.values.get("names", ())
        elif turn.earlier is not None and not snapshot.values.get("last_picture_id"):
            earlier = await self._keep(turn.user_id, (turn.earlier,), turn.thread_id)
            [given["last_picture_id"]] = earlier
        stream = TurnStream(names)
        raw = self._graph.astream(
            start,
            config,
            context=context_of(turn, self._settings, record.turn_id, record.traceparent),
            stream_mode=["tasks", "custom", "updates"],
            version="v2",
            durability="exit",
        )
        async with aclosing(raw) as parts:  # type: ignore[type-var]  # an async generator
            async for part in parts:
                for event in stream.read(part):
                    yield event
        if stream.question is not None:
            yield stream.question
        else:
            yield await self._reply(turn.user_id, stream.final)

    async def _reply(self, user_id: str, final: State) -> Reply:
        details = final["details"]
        if "forgotten" in details:
            words = [
                w for item in details["forgotten"] for w in (item["concept_id"], item["concept"])
            ]
            await self._checkpoints.forget_mentions(user_id, words)
        shown = [
            ShownPicture(picture_id, await self.picture(user_id, picture_id), final["answer"])
            for picture_id in final["reply_picture_ids"]
        ]
        return Reply(final["answer"], tuple(shown), details)

    def _config(self, turn: UserTurn) -> RunnableConfig:
        key = thread_key(turn.user_id, turn.thread_id)
        return RunnableConfig(configurable={"thread_id": key}, recursion_limit=100)

    def _lock(self, user_id: str, thread_id: str) -> asyncio.Lock:
        # LangGraph lets two runs of one thread lose each other's updates.
        return self._locks.setdefault(thread_key(user_id, thread_id), asyncio.Lock())


def _load_model(settings: Settings) -> PersonaModel:
    from omnipersona.model.runtime import load_model

    return load_model(
        settings.model,
        weights=settings.weights,
        spread=settings.spread,
        compiled=settings.compiled,
    )


def _clean(text: str) -> str:
    return clean_text(text, "the message")

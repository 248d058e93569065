"""The composition root: settings become model, memory, jobs and graph; `Session` is for the page.

Knows how a turn of the graph becomes plain events. The only module of this room that opens
anything. The model is imported when a session opens, so that importing this costs no torch.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing
from typing import Any, Final, Self
from weakref import WeakValueDictionary

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.types import Command

from omnipersona.agent.checkpoints import Checkpoints, thread_key
from omnipersona.agent.context import Context
from omnipersona.agent.events import Event, Failed, NeedInput, Reply, ShownPicture
from omnipersona.agent.graph import TurnGraph, build_graph
from omnipersona.agent.history.store import History
from omnipersona.agent.library import Library
from omnipersona.agent.planning import Plan, Planner, read_plan_line
from omnipersona.agent.record import TurnRecord
from omnipersona.agent.settings import Settings
from omnipersona.agent.state import InputState, State
from omnipersona.agent.stores import open_checkpoints, open_memory
from omnipersona.agent.streaming import TurnStream, need_input
from omnipersona.agent.traces import Traces
from omnipersona.agent.tracing import TracedModel, export_to
from omnipersona.agent.turn import UserTurn, check_turn, context_of
from omnipersona.memory.encoder import Encoder
from omnipersona.memory.names import check_user_id
from omnipersona.memory.text import clean_text
from omnipersona.model.contract import ModelInfo, PersonaModel
from omnipersona.tools.jobs import LearningJobs
from omnipersona.tools.outcome import ToolDeps, ToolFailed
from omnipersona.tools.registry import build_tools

_ANSWER_FIRST: Final = "I asked you something; answer that first, or say no."


class Session(Library):
    """The assistant, opened on one data folder for all of its users."""

    def __init__(
        self, settings: Settings, deps: ToolDeps, checkpoints: Checkpoints, traces: Traces
    ) -> None:
        super().__init__(deps, traces)
        self._settings = settings
        self._checkpoints = checkpoints
        self._graph = build_graph(deps).compile(checkpointer=checkpoints.saver)
        self._planner = Planner(deps)
        # Weak, so that conversations that nobody is in leave nothing behind.
        self._locks = WeakValueDictionary[str, asyncio.Lock]()

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
        loaded: PersonaModel | None = None
        try:
            if model is None:
                model = loaded = await asyncio.to_thread(_load_model, settings)
            checkpoints = await open_checkpoints(settings)
        except BaseException:
            if loaded is not None:
                await asyncio.to_thread(loaded.close)
            await asyncio.to_thread(memory.close)
            raise
        model = TracedModel(model)
        jobs = LearningJobs(model, memory)
        traces = Traces(settings, memory, checkpoints)
        traces.clear_soon()
        deps = ToolDeps(model=model, memory=memory, jobs=jobs, on_forgotten=traces.clear_soon)
        return cls(settings, deps, checkpoints, traces)

    async def close(self) -> None:
        """Stop learning between two steps, then close everything; it goes on at the next start."""
        await asyncio.to_thread(self._deps.jobs.close)
        await asyncio.to_thread(self._deps.model.close)
        await self._traces.close()
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

    def history(self) -> History:
        """Return what pages have shown of conversations, opened at the first call.

        Raises: StorageFailed: it cannot be opened.
        """
        return self._traces.history()

    def writing(self, user_id: str) -> AbstractContextManager[None]:
        """Say, around a turn and until its words are kept, that a page is still writing them.

        What is forgotten meanwhile is taken out again afterwards.
        """
        return self._traces.writing(user_id)

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
        with self.writing(turn.user_id):
            async with aclosing(raw) as parts:  # type: ignore[type-var]  # an async generator
                async for part in parts:
                    for event in stream.read(part):
                        yield event
        if stream.question is not None:
            yield stream.question
        else:
            yield await self._reply(turn.user_id, stream.final)

    async def _reply(self, user_id: str, final: State) -> Reply:
        await self._traces.clear()
        shown = [
            ShownPicture(picture_id, await self.picture(user_id, picture_id), final["answer"])
            for picture_id in final["reply_picture_ids"]
        ]
        return Reply(final["answer"], tuple(shown), final["details"])

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

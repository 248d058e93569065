"""The composition root: settings become model, memory, jobs and graph; `Assistant` is for the page.

Knows how a turn of the graph becomes plain events. The only module of this room that opens
anything. The model is imported when a session opens, so that importing this costs no torch.
"""

import asyncio
import logging
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
)
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final, Self
from weakref import WeakValueDictionary

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.types import Command

from omnipersona.agent.admission import Admission
from omnipersona.agent.checkpoints import Checkpoints, thread_key
from omnipersona.agent.context import Context
from omnipersona.agent.events import Event, Failed, NeedInput, Reply, ShownPicture
from omnipersona.agent.graph import TurnGraph, build_graph
from omnipersona.agent.library import Library
from omnipersona.agent.planning import Plan, Planner, read_plan_line
from omnipersona.agent.settings import Settings
from omnipersona.agent.state import InputState, State
from omnipersona.agent.stores import open_checkpoints, open_memory
from omnipersona.agent.streaming import TurnStream
from omnipersona.agent.tracing import TracedModel, export_to
from omnipersona.agent.turn import UserTurn, check_turn, context_of
from omnipersona.agent.turn_log import TurnRecord
from omnipersona.agent.words import TURN, need_input
from omnipersona.memory.encoder import Encoder
from omnipersona.memory.records import Receipt
from omnipersona.model.contract import ModelInfo, PersonaModel
from omnipersona.store.conversations import Conversations
from omnipersona.store.errors import StorageFailed, is_panic
from omnipersona.store.names import check_user_id
from omnipersona.store.text import clean_text
from omnipersona.tools.jobs import LearningJobs
from omnipersona.tools.outcome import ToolDeps, ToolFailed
from omnipersona.tools.registry import build_tools

IDLE_SECONDS: Final = 60.0
"""How often is looked whether something is due that is done in idle moments."""

logger = logging.getLogger(__name__)

_NO_THREAD: Final = "ready"
"""A conversation that nobody has."""

_ANSWER_FIRST: Final = "I asked you something; answer that first, or say no."


class Assistant(Library):
    """The assistant, opened on one data folder for all of its users."""

    def __init__(self, settings: Settings, deps: ToolDeps, checkpoints: Checkpoints) -> None:
        super().__init__(deps)
        self._settings = settings
        self._checkpoints = checkpoints
        self._graph = build_graph(deps).compile(checkpointer=checkpoints.saver)
        self._planner = Planner(deps)
        # Weak, so that conversations that nobody is in leave nothing behind.
        self._locks = WeakValueDictionary[str, asyncio.Lock]()
        self._admission = Admission()
        self._num_turns = 0
        self._closing = asyncio.Event()
        self._idle = asyncio.create_task(self._keep_up())

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
            StoreError: the data folder cannot be used.
            ModelError: the model cannot be loaded.
        """
        if settings.traces:
            export_to(settings.traces)
        async with AsyncExitStack() as undo:
            memory = await asyncio.to_thread(open_memory, settings, encoder)
            undo.push_async_callback(asyncio.to_thread, memory.close)
            if model is None:
                model = await asyncio.to_thread(_load_model, settings)
                undo.push_async_callback(asyncio.to_thread, model.close)
            checkpoints = await open_checkpoints(settings)
            undo.push_async_callback(checkpoints.close)
            model = TracedModel(model)
            jobs = await asyncio.to_thread(LearningJobs, model, memory)
            undo.pop_all()
        return cls(settings, ToolDeps(model=model, memory=memory, jobs=jobs), checkpoints)

    async def close(self) -> None:
        """Stop learning between two steps, then close everything; it goes on at the next start."""
        await asyncio.to_thread(self._deps.jobs.close)
        await asyncio.to_thread(self._deps.model.close)
        self._closing.set()
        await self._idle
        await self._checkpoints.close()
        await asyncio.to_thread(self._deps.memory.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def warm_up(self) -> None:
        """Load what the first question needs, ahead of it."""
        await asyncio.to_thread(self._deps.memory.warm_up)

    async def try_parts(self, user_id: str) -> None:
        """Do what every turn does with its stores: write, search, and read a state.

        Raises: one of `agent.errors.TURN_ERRORS`: a turn would fail, and why.
        """
        turn = UserTurn(user_id=user_id, thread_id=_NO_THREAD)
        async with self.writing(user_id, _NO_THREAD):
            await asyncio.to_thread(self._deps.memory.recall, user_id, _NO_THREAD)
            await self._graph.aget_state(self._config(turn))

    def graph(self) -> TurnGraph:
        """Return the uncompiled graph of a turn on this session's services, to be embedded."""
        return build_graph(self._deps)

    def tools(self, user_id: str) -> dict[str, BaseTool]:
        """Return every tool by name, bound to one user; see `build_tools`."""
        return build_tools(self._deps, user_id, partial(self._admission.turn, user_id))

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
        record = TurnRecord(turn.user_id, turn.turn_id)
        try:
            with self._admission.turn(turn.user_id):
                async with self._lock(turn.user_id, turn.thread_id), self._noted(turn, record):
                    picture_ids = await self._take_in(turn)
                    async with aclosing(self._run(turn, picture_ids, record)) as events:
                        async for event in events:
                            record.note(event)
                            yield event
        except BaseException as error:
            # Every turn ends with an event.
            if not isinstance(error, Exception) and not is_panic(error):
                raise
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

        Raises: ModelError, StoreError, ToolFailed: with a sentence for the user.
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

    @property
    def conversations(self) -> Conversations:
        """What was said and shown, for pages that keep it and show it again."""
        return self._deps.memory.conversations

    @asynccontextmanager
    async def writing(self, user_id: str, thread_id: str, turn_id: str = "") -> AsyncIterator[str]:
        """Say, around a turn and until its words are kept, that a page is still writing them.

        Yields: The turn's id, for `UserTurn`. What is forgotten meanwhile is left out of the words
            that come after it.
        """
        begin = self.conversations.begin_turn
        turn_id = await asyncio.to_thread(begin, user_id, thread_id, turn_id)
        try:
            yield turn_id
        finally:
            await asyncio.to_thread(self.conversations.end_turn, user_id, turn_id)

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
        """Delete a conversation: what was said, its pictures and its checkpoints."""
        async with self._lock(user_id, thread_id):
            await asyncio.to_thread(self._deps.memory.forget_thread, user_id, thread_id)
            await self._forget_states(partial(self._checkpoints.forget_thread, user_id, thread_id))

    async def forget_user(self, user_id: str) -> Receipt:
        """Delete everything of a user; an unknown one gives an empty receipt."""
        await asyncio.to_thread(self._deps.jobs.forget_user, user_id)
        receipt = await asyncio.to_thread(self._deps.memory.forget_user, user_id)
        await self._forget_states(partial(self._checkpoints.forget_user, user_id))
        return receipt

    async def _forget_states(self, forget: Callable[[], Awaitable[None]]) -> None:
        """Delete states of the graph, on a full disk with the room that is kept for it."""
        try:
            await forget()
        except StorageFailed as error:
            give_up = self._deps.memory.upkeep.reserve.give_up
            if not error.is_full or not await asyncio.to_thread(give_up):
                raise
            await forget()

    async def pending(self, user_id: str, thread_id: str) -> NeedInput | None:
        """Return the question that a conversation waits on, for a page that was reloaded."""
        found = await asyncio.to_thread(self.conversations.question, user_id, thread_id)
        return None if found is None else need_input(found)

    async def _take_in(self, turn: UserTurn) -> tuple[str, ...]:
        check_turn(turn)
        picture_ids = await self._keep(turn.user_id, turn.pictures, turn.thread_id)
        await self.learn_anew(turn.user_id)
        return tuple(picture_ids)

    async def _run(
        self, turn: UserTurn, picture_ids: tuple[str, ...], record: TurnRecord
    ) -> AsyncGenerator[Event, None]:
        config = self._config(turn)
        snapshot = await self._graph.aget_state(config)
        asked = await asyncio.to_thread(self.conversations.question, turn.user_id, turn.thread_id)
        given = InputState(turn_id=record.turn_id)
        start: InputState | Command[Any] = given
        if snapshot.interrupts and asked is not None:
            start = Command(resume={snapshot.interrupts[0].id: {TURN: record.turn_id}})
        elif turn.earlier is not None and not snapshot.values.get("last_picture_id"):
            earlier = await self._keep(turn.user_id, (turn.earlier,), turn.thread_id)
            [given["last_picture_id"]] = earlier
        context = context_of(turn, self._settings, record.turn_id, record.traceparent)
        stream = TurnStream()
        raw = self._graph.astream(
            start,
            config,
            context=replace(
                context,
                text=_clean(turn.text) if turn.text.strip() else "",
                picture_ids=picture_ids,
            ),
            stream_mode=["tasks", "custom", "updates"],
            version="v2",
            durability="exit",
        )
        async with aclosing(raw) as parts:  # type: ignore[type-var]  # an async generator
            async for part in parts:
                for event in stream.read(part):
                    yield event
        await self._checkpoints.keep_newest(turn.user_id, turn.thread_id)
        if stream.has_asked:
            question = await self.pending(turn.user_id, turn.thread_id)
            assert question is not None, "it was kept when it was asked"
            yield question
        else:
            yield await self._reply(turn, record.turn_id, stream.final)

    async def _reply(self, turn: UserTurn, turn_id: str, final: State) -> Reply:
        user_id = turn.user_id
        drop = self.conversations.drop_question
        await asyncio.to_thread(drop, user_id, turn.thread_id)
        used = [one["fact_id"] for one in final["details"].get("evidence", ()) if one["fact_id"]]
        if used:
            await asyncio.to_thread(self.conversations.note_facts, user_id, turn_id, used)
        shown = [
            ShownPicture(picture_id, await self.picture(user_id, picture_id), final["answer"])
            for picture_id in final["reply_picture_ids"]
        ]
        return Reply(final["answer"], tuple(shown), final["details"])

    @asynccontextmanager
    async def _noted(self, turn: UserTurn, record: TurnRecord) -> AsyncIterator[None]:
        """Note a turn as under way, unless whoever shows it has done so."""
        self._num_turns += 1
        try:
            if turn.turn_id:
                yield
                return
            check_user_id(turn.user_id)
            async with self.writing(turn.user_id, turn.thread_id, record.turn_id):
                yield
        finally:
            self._num_turns -= 1

    async def _keep_up(self) -> None:
        """Do what is due in idle moments, until the session closes."""
        while not self._closing.is_set():
            if not self._num_turns:
                try:
                    await asyncio.to_thread(self._deps.memory.upkeep.run)
                except Exception:
                    logger.exception("upkeep failed; it is tried again")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), IDLE_SECONDS)

    def _config(self, turn: UserTurn) -> RunnableConfig:
        key = thread_key(turn.user_id, turn.thread_id)
        return RunnableConfig(configurable={"thread_id": key}, recursion_limit=100)

    def _lock(self, user_id: str, thread_id: str) -> asyncio.Lock:
        # LangGraph lets two runs of one thread lose each other's updates.
        return self._locks.setdefault(thread_key(user_id, thread_id), asyncio.Lock())


def _load_model(settings: Settings) -> PersonaModel:
    from omnipersona.model.registry import load_model

    return load_model(
        settings.model,
        weights=settings.weights,
        spread=settings.spread,
        compiled=settings.compiled,
        think_prompts=settings.think_prompts,
    )


def _clean(text: str) -> str:
    return clean_text(text, "the message")

"""A turn's events on the page: steps, text, progress, pictures and questions.

Knows how an event looks. Does not know where events come from; it is given them one by one. What
is under way when a turn is stopped is taken away or marked by `close`.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import chainlit as cl

from omnipersona.agent.events import (
    DrawProgress,
    Event,
    Failed,
    LearningStarted,
    NeedInput,
    Reply,
    StepFinished,
    StepStarted,
    TextDelta,
    ThoughtDelta,
)
from omnipersona.ui.chat.elements import (
    inline_picture,
    panel,
    picture_buttons,
    say_buttons,
    show_panel,
)
from omnipersona.ui.chat.markup import as_list, as_markdown, gist
from omnipersona.ui.chat.pictures import data_url

QUESTION: Final = "question"
_PAUSE_SECONDS: Final = 0.25
_ICONS: Final[Mapping[str, str]] = {
    "parse_intent": "ear",
    "retrieve_memory": "brain",
    "rewrite_prompt": "pen-line",
    "understand": "eye",
    "generate": "palette",
    "edit": "wand-sparkles",
    "read_teaching": "book-open",
    "teach": "graduation-cap",
    "remember": "bookmark",
    "correct": "bookmark-check",
    "find_forgettable": "search",
    "forget": "eraser",
    "again": "history",
    "undo": "undo-2",
}
_MADE: Final = ("generate", "again", "edit")
"""Intents whose pictures can be gone on with."""


class TurnView:
    """The look of one turn.

    Attributes:
        message: The reply, once there is something of it.
        learning: The learning job that the turn started, if any.
    """

    def __init__(self) -> None:
        self.message: cl.Message | None = None
        self.learning: LearningStarted | None = None
        self._steps: dict[str, cl.Step] = {}
        self._bar = panel("DrawProgress")
        self._bar_shown_at: float | None = None
        self._preview: bytes | None = None
        self._is_finished = False

    async def show(self, event: Event) -> None:
        """Show one event."""
        match event:
            case StepStarted():
                await self._start_step(event)
            case StepFinished():
                await self._finish_step(event)
            case TextDelta(text):
                await (await self._begun()).stream_token(as_markdown(text))
            case ThoughtDelta(text):
                await self._show_thought(text)
            case DrawProgress():
                await self._show_progress(event)
            case LearningStarted():
                self.learning = event
            case NeedInput():
                await self._finish(event.question, actions=say_buttons(event.choices))
                cl.user_session.set(QUESTION, self.message)
            case Reply():
                await self._show_reply(event)
            case Failed(text):
                await self._finish(text)

    async def fail(self, sentence: str) -> None:
        """End the turn with a sentence."""
        await self._finish(sentence)

    async def close(self) -> None:
        """Clear up after a turn that ended or was stopped."""
        await self._remove_bar()
        for step in self._steps.values():
            step.name, step.end = f"{step.name}: stopped", _now()
            await step.update()
        self._steps.clear()
        if self.message is not None and not self._is_finished:
            if self.message.content:
                await self.message.update()
            else:
                await self.message.remove()

    async def _start_step(self, event: StepStarted) -> None:
        icon = _ICONS.get(event.node)
        # Messages find the run that they belong to by themselves, steps made by hand do not.
        run = cl.context.current_step
        step = cl.Step(
            name=event.title,
            type="tool",
            icon=icon,
            show_input=False,
            parent_id=run.id if run else None,
        )
        step.start = _now()
        self._steps[event.step_id] = step
        await step.send()

    async def _show_thought(self, text: str) -> None:
        if self._steps:
            await list(self._steps.values())[-1].stream_token(as_markdown(text))

    async def _finish_step(self, event: StepFinished) -> None:
        step = self._steps.pop(event.step_id)
        step.name = gist(event.title, _telling(event))
        step.output, step.end = as_list(event.lines), _now()
        await step.update()

    async def _show_progress(self, event: DrawProgress) -> None:
        # Not every step has a preview: the last one stays until the next.
        if event.preview is not None:
            self._preview = event.preview
        now = time.monotonic()
        if self._bar_shown_at is not None and now - self._bar_shown_at < _PAUSE_SECONDS:
            return
        message = await self._begun()
        self._bar_shown_at = now
        props: dict[str, Any] = {"step": event.step, "num_steps": event.num_steps}
        if self._preview is not None:
            props["preview"] = data_url(self._preview)
        await show_panel(self._bar, props, message)

    async def _remove_bar(self) -> None:
        if self._bar_shown_at is not None:
            self._bar_shown_at = None
            await self._bar.remove()

    async def _show_reply(self, reply: Reply) -> None:
        pictures = [inline_picture(one.id) for one in reply.pictures]
        intent = reply.details.get("intent")
        caption = _caption(reply.details) if pictures else ""
        buttons = []
        if pictures and intent in _MADE:
            buttons = picture_buttons(reply.pictures[-1].id, is_edit=intent == "edit")
        await self._finish(reply.text, caption, pictures, buttons)

    async def _finish(
        self,
        text: str,
        caption: str = "",
        pictures: Sequence[cl.Image] = (),
        actions: Sequence[cl.Action] = (),
    ) -> None:
        message = await self._begun()
        await self._remove_bar()
        message.content = as_markdown(text) + caption
        message.elements.extend(pictures)  # type: ignore[arg-type]  # a type variable of the frame
        message.actions.extend(actions)
        await message.update()
        self._is_finished = True

    async def _begun(self) -> cl.Message:
        # Made late, so that it stands below the steps that came before it.
        if self.message is None:
            self.message = await cl.Message("").send()
        return self.message


def _caption(details: Mapping[str, Any]) -> str:
    """Return Markdown that says how a drawing was made, or nothing."""
    if "seed" not in details or "num_steps" not in details:
        return ""
    return f"\n\n*seed {details['seed']}, {details['num_steps']} steps, made by a model*"


def _telling(event: StepFinished) -> tuple[tuple[str, str], ...]:
    """Return the lines that say what is new; a drawing's prompt stood in the step before."""
    if event.node in ("generate", "edit"):
        return tuple(line for line in event.lines if line[0] != "prompt")
    return event.lines


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

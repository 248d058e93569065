"""Turns that are under way, so that a page that was reloaded meanwhile can show them again.

Knows which thread a turn belongs to and how far it is. Does not know pages.
"""

import asyncio
from dataclasses import dataclass, field

from omnipersona.agent.events import DrawProgress, Event


@dataclass(eq=False, slots=True)
class RunningTurn:
    """One turn.

    Attributes:
        task: Cancelling it stops the turn.
        progress: The newest step of its drawing; None before the first.
        ended: Set when the turn is over.
    """

    task: "asyncio.Task[object] | None"
    progress: DrawProgress | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, event: Event) -> None:
        """Remember how far it is; a step without a preview keeps the last one."""
        if isinstance(event, DrawProgress):
            last = self.progress.preview if self.progress else None
            preview = event.preview or last
            self.progress = DrawProgress(event.step, event.num_steps, preview)


_turns: dict[str, RunningTurn] = {}


def begin_turn(thread_id: str) -> RunningTurn:
    """Note that the current task runs a turn of a thread."""
    turn = _turns[thread_id] = RunningTurn(asyncio.current_task())
    return turn


def end_turn(thread_id: str, turn: RunningTurn) -> None:
    """Note that a turn is over."""
    turn.ended.set()
    if _turns.get(thread_id) is turn:
        del _turns[thread_id]


def running_turn(thread_id: str) -> RunningTurn | None:
    """Return the turn that runs in a thread."""
    return _turns.get(thread_id)

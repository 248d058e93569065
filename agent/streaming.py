"""LangGraph's stream, read into plain events.

Knows the parts that a graph sends while it runs. Runs nothing itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from omnipersona.agent.events import Event, StepFinished, StepStarted
from omnipersona.agent.narration import TITLES, narrate
from omnipersona.agent.state import State


class TurnStream:
    """The reading of one turn.

    Attributes:
        has_asked: The turn ended with a question.
        final: What the reply node returned.
    """

    def __init__(self) -> None:
        """Start before the first part."""
        self.has_asked = False
        self.final = State(answer="", reply_picture_ids=[], details={})

    def read(self, part: Mapping[str, Any]) -> Iterator[Event]:
        """Yield the events in one part of the stream."""
        data = part["data"]
        if part["type"] == "custom":
            yield data
        elif part["type"] == "updates":
            self._read_update(data)
        elif part["type"] == "tasks" and data["name"] in TITLES:
            yield from self._read_task(data)

    def _read_update(self, data: Mapping[str, Any]) -> None:
        self.has_asked |= "__interrupt__" in data
        if "reply" in data:
            self.final = cast(State, data["reply"])

    def _read_task(self, task: Mapping[str, Any]) -> Iterator[Event]:
        step_id, node = task["id"], task["name"]
        title = TITLES[node]
        if "result" not in task:
            yield StepStarted(step_id, node, title)
            return
        update = task["result"] or {}
        lines = narrate(node, update) if not task.get("error") else ()
        yield StepFinished(step_id, node, title, lines)

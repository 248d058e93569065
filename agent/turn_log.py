"""What watchers of the program see of a turn: one span and one log line, without its words.

Knows how a turn ended and what of it may be told. Runs nothing.
"""

import logging
import time
import uuid
from typing import Final

from omnipersona.agent.errors import TURN_ERRORS, kind_of, sentence_of
from omnipersona.agent.events import Event, Failed, NeedInput, Reply
from omnipersona.agent.tracing import fail, start_turn
from omnipersona.model.errors import Cancelled

logger = logging.getLogger(__name__)

_TOLD: Final = ("intent", "picture", "seed", "num_steps")


class TurnRecord:
    """The record of one turn, from its start on.

    Attributes:
        turn_id: Finds the turn in the log and among the spans.
        traceparent: What the turn's nodes name as their parent.
    """

    def __init__(self, user_id: str, turn_id: str) -> None:
        self.turn_id = turn_id or uuid.uuid4().hex
        self._span, self.traceparent = start_turn(self.turn_id)
        self._started = time.monotonic()
        self._fields: dict[str, object] = {"turn": self.turn_id, "user": user_id}
        self._fields["outcome"] = "abandoned"

    def note(self, event: Event) -> None:
        """Keep how the turn ended, if this is its last event."""
        if isinstance(event, Reply):
            told = {key: event.details[key] for key in _TOLD if key in event.details}
            num_concepts = len(event.details.get("concepts", ()))
            self._fields.update(outcome="answered", **told, concepts=num_concepts)
        elif isinstance(event, NeedInput):
            self._fields.update(outcome="asked", needs=event.kind)

    def failure(self, error: BaseException) -> Failed:
        """Return the event of a turn that an error ended; a bug's trace goes to the log."""
        if isinstance(error, Cancelled):
            self._fields["outcome"] = "cancelled"
            return Failed("The work was cancelled.", self.turn_id, "cancelled")
        fail(self._span, error)
        self._fields.update(outcome="failed", error=type(error).__name__)
        if isinstance(error, TURN_ERRORS):
            return Failed(sentence_of(error), self.turn_id, kind_of(error))
        logger.error("turn %s", self.turn_id, exc_info=error)
        sentence = f"Something went wrong inside; the log says what at {self.turn_id}."
        return Failed(sentence, self.turn_id)

    def end(self) -> None:
        """Write the line and close the span."""
        self._fields["elapsed_ms"] = round(1000 * (time.monotonic() - self._started))
        for key, value in self._fields.items():
            if key not in ("turn", "user"):
                self._span.set_attribute(f"omnipersona.{key}", str(value))
        self._span.end()
        logger.info("turn", extra={"fields": self._fields})

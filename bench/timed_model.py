"""A model that notes how long it is at work, so that the rest of a turn can be told apart."""

import threading
import time
from collections.abc import Iterator
from typing import TypeVar

from omnipersona.model.contract import (
    AnswerRequest,
    CompleteRequest,
    Completion,
    DrawEvent,
    EditRequest,
    GenerateRequest,
    PersonaModel,
)
from omnipersona.model.model_proxy import ModelProxy

T = TypeVar("T")


class TimedModel(ModelProxy):
    """Another model, and the seconds that its callers waited for it.

    Attributes:
        seconds: In texts, drawings and edits since this was last set; lessons are not counted.
    """

    def __init__(self, model: PersonaModel) -> None:
        """Pass everything on to `model`."""
        super().__init__(model)
        self.seconds = 0.0

    def answer(
        self, request: AnswerRequest, cancel: threading.Event | None = None
    ) -> Iterator[str]:
        """Yield the answer's text."""
        return self._timed(self.model.answer(request, cancel))

    def complete(
        self, request: CompleteRequest, cancel: threading.Event | None = None
    ) -> Completion:
        """Return the reply of a text task."""
        started = time.perf_counter()
        try:
            return self.model.complete(request, cancel)
        finally:
            self.seconds += time.perf_counter() - started

    def generate(
        self, request: GenerateRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield steps, then the picture."""
        return self._timed(self.model.generate(request, cancel))

    def edit(
        self, request: EditRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield steps, then the changed picture."""
        return self._timed(self.model.edit(request, cancel))

    def _timed(self, events: Iterator[T]) -> Iterator[T]:
        while True:
            started = time.perf_counter()
            event = next(events, None)
            self.seconds += time.perf_counter() - started
            if event is None:
                return
            yield event

"""A model that notes how long it is at work, so that the rest of a turn can be told apart."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from omnipersona.model.contract import (
    AnswerRequest,
    ConverseRequest,
    DrawEvent,
    EditRequest,
    GenerateRequest,
    PersonaModel,
    Reading,
    ReadRequest,
    Recalled,
    RecallRequest,
    RecogniseRequest,
    RewriteRequest,
    Rewritten,
    TextEvent,
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
    ) -> Iterator[TextEvent]:
        """Yield the answer's text."""
        return self._timed(self.model.answer(request, cancel))

    def read(self, request: ReadRequest, cancel: threading.Event | None = None) -> Reading:
        """Return what a message means."""
        return self._waited(lambda: self.model.read(request, cancel))

    def recall(self, request: RecallRequest, cancel: threading.Event | None = None) -> Recalled:
        """Return an answer from evidence."""
        return self._waited(lambda: self.model.recall(request, cancel))

    def rewrite(self, request: RewriteRequest, cancel: threading.Event | None = None) -> Rewritten:
        """Return a wish in words that can be drawn."""
        return self._waited(lambda: self.model.rewrite(request, cancel))

    def converse(
        self, request: ConverseRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        """Yield a reply to small talk."""
        return self._timed(self.model.converse(request, cancel))

    def recognise(self, request: RecogniseRequest, cancel: threading.Event | None = None) -> float:
        """Return the probability that a picture shows a concept."""
        return self._waited(lambda: self.model.recognise(request, cancel))

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

    def _waited(self, call: Callable[[], T]) -> T:
        started = time.perf_counter()
        try:
            return call()
        finally:
            self.seconds += time.perf_counter() - started

    def _timed(self, events: Iterator[T]) -> Iterator[T]:
        while True:
            started = time.perf_counter()
            event = next(events, None)
            self.seconds += time.perf_counter() - started
            if event is None:
                return
            yield event

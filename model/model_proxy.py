"""Another model behind the same contract, with everything passed on; imports no torch.

A wrapper overrides what it looks at. Knows the contract. Does not know what is looked at.
"""

import threading
from collections.abc import Iterator

from omnipersona.model.contract import (
    AnswerRequest,
    ConverseRequest,
    DrawEvent,
    EditRequest,
    GenerateRequest,
    LearnEvent,
    LearnRequest,
    LearnResult,
    ModelInfo,
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


class ModelProxy:
    """Passes every request on.

    Attributes:
        model: To whom.
    """

    def __init__(self, model: PersonaModel) -> None:
        self.model = model

    def describe(self) -> ModelInfo:
        """Return what the model is."""
        return self.model.describe()

    def answer(
        self, request: AnswerRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        """Yield the answer's text."""
        return self.model.answer(request, cancel)

    def read(self, request: ReadRequest, cancel: threading.Event | None = None) -> Reading:
        """Return what a message means."""
        return self.model.read(request, cancel)

    def recall(self, request: RecallRequest, cancel: threading.Event | None = None) -> Recalled:
        """Return an answer from evidence."""
        return self.model.recall(request, cancel)

    def rewrite(self, request: RewriteRequest, cancel: threading.Event | None = None) -> Rewritten:
        """Return a wish in words that can be drawn."""
        return self.model.rewrite(request, cancel)

    def converse(
        self, request: ConverseRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        """Yield a reply to small talk."""
        return self.model.converse(request, cancel)

    def recognise(self, request: RecogniseRequest, cancel: threading.Event | None = None) -> float:
        """Return the probability that a picture shows a concept."""
        return self.model.recognise(request, cancel)

    def generate(
        self, request: GenerateRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield steps, then the picture."""
        return self.model.generate(request, cancel)

    def edit(
        self, request: EditRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield steps, then the changed picture."""
        return self.model.edit(request, cancel)

    def learn(
        self, request: LearnRequest, cancel: threading.Event | None = None
    ) -> Iterator[LearnEvent | LearnResult]:
        """Yield steps, then the concept."""
        return self.model.learn(request, cancel)

    def cancel(self, request_id: str) -> bool:
        """Stop a request."""
        return self.model.cancel(request_id)

    def release(self, sha256: str) -> int:
        """Forget what was kept of a token file."""
        return self.model.release(sha256)

    def close(self) -> None:
        """Free the device."""
        self.model.close()

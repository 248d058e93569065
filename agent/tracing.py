"""Spans of a turn, of each node and of each request to the model, for OpenTelemetry.

They go wherever the process's tracer provider sends them: nowhere, unless the embedding program set
one or `export_to` did. No span holds words, names or pictures. Knows spans. Does not know what a
node does.
"""

import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final, TypeVar

from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime
from opentelemetry import trace
from opentelemetry.context import Context as OtelContext
from opentelemetry.propagate import extract, inject
from opentelemetry.trace import Span, Status, StatusCode

from omnipersona.agent.context import Context
from omnipersona.agent.state import State
from omnipersona.model.contract import (
    AnswerRequest,
    ConverseRequest,
    DrawEvent,
    EditRequest,
    GenerateRequest,
    ImageResult,
    LearnEvent,
    LearnRequest,
    LearnResult,
    Reading,
    ReadRequest,
    Recalled,
    RecallRequest,
    RecogniseRequest,
    RewriteRequest,
    Rewritten,
    StepEvent,
    TextEvent,
)
from omnipersona.model.errors import Cancelled
from omnipersona.model.model_proxy import ModelProxy

_TRACER: Final = trace.get_tracer("omnipersona")
_PARENT: Final = "traceparent"

Node = Callable[..., Awaitable[State]]
T = TypeVar("T")


class TracingUnavailable(Exception):
    """Traces cannot be sent; the text says what to install."""


def export_to(address: str) -> None:
    """Send this process's spans to an OTLP collector, unless something else receives them already.

    Args:
        address: Of its HTTP port, as http://localhost:4318.
    Raises: TracingUnavailable: the packages for it are not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingUnavailable(
            "Traces need more packages: pip install 'omnipersona[tracing]'"
        ) from error
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    provider = TracerProvider(resource=Resource.create({"service.name": "omnipersona"}))
    exporter = OTLPSpanExporter(endpoint=f"{address.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def start_turn(turn_id: str) -> tuple[Span, str]:
    """Begin a turn's span; return it and what its nodes name as their parent."""
    span = _TRACER.start_span("turn", attributes={"omnipersona.turn_id": turn_id})
    carrier: dict[str, str] = {}
    inject(carrier, trace.set_span_in_context(span))
    return span, carrier.get(_PARENT, "")


def traced(name: str, node: Node) -> Node:
    """Return a node that runs inside a span of its own."""
    takes_runtime = "runtime" in node.__annotations__

    async def run(state: State, runtime: Runtime[Context]) -> State:
        parent = runtime.context.traceparent if runtime.context else ""
        around = extract({_PARENT: parent}) if parent else None
        with _span(name, around) as span:
            try:
                return await (node(state, runtime) if takes_runtime else node(state))
            except GraphBubbleUp:
                raise
            except Exception as error:
                fail(span, error)
                raise

    return run


def fail(span: Span, error: BaseException) -> None:
    """Mark a span as failed by the kind of its error; the error's text may hold user's words."""
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))


class TracedModel(ModelProxy):
    """Another model, with a span around each request to it."""

    def answer(
        self, request: AnswerRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        """Yield the answer's text."""
        return _spanned("model.answer", lambda: self.model.answer(request, cancel))

    def read(self, request: ReadRequest, cancel: threading.Event | None = None) -> Reading:
        """Return what a message means."""
        with _span("model.read"):
            return self.model.read(request, cancel)

    def recall(self, request: RecallRequest, cancel: threading.Event | None = None) -> Recalled:
        """Return an answer from evidence."""
        with _span("model.recall"):
            return self.model.recall(request, cancel)

    def rewrite(self, request: RewriteRequest, cancel: threading.Event | None = None) -> Rewritten:
        """Return a wish in words that can be drawn."""
        with _span("model.rewrite"):
            return self.model.rewrite(request, cancel)

    def converse(
        self, request: ConverseRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        """Yield a reply to small talk."""
        return _spanned("model.converse", lambda: self.model.converse(request, cancel))

    def recognise(self, request: RecogniseRequest, cancel: threading.Event | None = None) -> float:
        """Return the probability that a picture shows a concept."""
        with _span("model.recognise"):
            return self.model.recognise(request, cancel)

    def generate(
        self, request: GenerateRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield steps, then the picture."""
        return _spanned("model.generate", lambda: self.model.generate(request, cancel))

    def edit(
        self, request: EditRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield steps, then the changed picture."""
        return _spanned("model.edit", lambda: self.model.edit(request, cancel))

    def learn(
        self, request: LearnRequest, cancel: threading.Event | None = None
    ) -> Iterator[LearnEvent | LearnResult]:
        """Yield steps, then the concept."""
        return _spanned("model.learn", lambda: self.model.learn(request, cancel))


def _span(name: str, around: OtelContext | None = None) -> AbstractContextManager[Span]:
    """Open a span that tells nothing of an error by itself: its text may hold user's words."""
    return _TRACER.start_as_current_span(
        name, around, record_exception=False, set_status_on_exception=False
    )


def _spanned(name: str, start: Callable[[], Iterator[T]]) -> Iterator[T]:
    """Yield a request's events; drawing steps become events of its span."""
    span = _TRACER.start_span(name)
    try:
        for event in start():
            _note(span, event)
            yield event
    except Cancelled:
        span.set_attribute("omnipersona.cancelled", True)
        raise
    except Exception as error:
        fail(span, error)
        raise
    finally:
        span.end()


def _note(span: Span, event: Any) -> None:
    if isinstance(event, StepEvent):
        span.add_event("step", {"step": event.step, "num_steps": event.num_steps})
    elif isinstance(event, ImageResult):
        span.set_attributes({"omnipersona.width": event.width, "omnipersona.height": event.height})
    elif isinstance(event, LearnResult):
        span.set_attribute("omnipersona.num_steps", event.num_steps)

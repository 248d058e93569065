"""Spans: a turn holds its nodes, a node its requests to the model, and none a word of the user."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from program import omnipersona
from talk import Talk

from omnipersona.agent.events import Failed
from omnipersona.model.errors import ModelError
from omnipersona.testing import ScriptedModel


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    return kept


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    exporter.clear()
    yield exporter
    exporter.clear()


def by_name(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


async def test_a_drawing_is_a_turn_of_nodes_with_steps(
    talk: Talk, model: ScriptedModel, spans: InMemorySpanExporter
) -> None:
    model.completions = {"draw": "generate; none; none; none"}
    await talk.reply("draw a zebrafinch")
    found = by_name(spans)
    turn, node, request = found["turn"], found["generate"], found["model.generate"]
    assert parent_of(turn) is None
    assert parent_of(node) == turn.context.span_id
    assert parent_of(request) == node.context.span_id
    assert [event.name for event in request.events] == ["step"] * len(request.events)
    assert request.events
    assert turn.attributes is not None
    assert turn.attributes["omnipersona.intent"] == "generate"
    assert "zebrafinch" not in "".join(span.to_json() for span in found.values())


async def test_a_question_to_the_user_is_no_failure(
    talk: Talk, spans: InMemorySpanExporter
) -> None:
    await talk.need("this is my dog <bo>")
    assert all(span.status.is_ok or span.status.is_unset for span in by_name(spans).values())


async def test_a_failure_names_its_kind_and_not_its_words(
    talk: Talk, model: ScriptedModel, spans: InMemorySpanExporter
) -> None:
    model.completions = {"draw": "generate; none; none; none"}
    model.faults.error = ModelError("zebrafinch")
    assert isinstance(await talk.say("draw a bird"), Failed)
    found = by_name(spans)
    assert found["turn"].status.description == "ToolFailed"
    assert "zebrafinch" not in "".join(span.to_json() for span in found.values())


@pytest.mark.slow
def test_spans_reach_a_collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            message = ExportTraceServiceRequest.FromString(body)
            for resource in message.resource_spans:
                names.extend(span.name for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        done = omnipersona(tmp_path, "ask", "hello", OMNIPERSONA_TRACES=address)
        server.shutdown()
    assert done.returncode == 0, done.stderr
    assert {"turn", "parse_intent", "converse", "model.read"} <= set(names)

"""The schema, the page that shows it, and what is counted."""

import re
from typing import Any

import pytest
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families
from served import Served

ROUTES = {
    ("POST", "/v1/chat/completions"),
    ("DELETE", "/v1/threads/{thread}"),
    ("POST", "/v1/images/generations"),
    ("POST", "/v1/images/edits"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/{model}"),
    ("GET", "/v1/concepts"),
    ("POST", "/v1/concepts"),
    ("POST", "/v1/concepts/import"),
    ("GET", "/v1/concepts/{name}"),
    ("DELETE", "/v1/concepts/{name}"),
    ("GET", "/v1/concepts/{name}/export"),
    ("GET", "/v1/concepts/{name}/facts"),
    ("PUT", "/v1/concepts/{name}/facts/{attribute}"),
    ("DELETE", "/v1/concepts/{name}/facts/{fact_id}"),
    ("GET", "/v1/jobs"),
    ("GET", "/v1/jobs/{job_id}"),
    ("POST", "/v1/jobs/{job_id}/cancel"),
    ("GET", "/v1/jobs/{job_id}/events"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
}


def schema(served: Served) -> dict[str, Any]:
    with served.http() as http:
        found: dict[str, Any] = http.get("/openapi.json").json()
    return found


def test_the_schema_is_valid_and_lists_every_route(served: Served) -> None:
    found = schema(served)
    validate(found)
    listed = {
        (method.upper(), path) for path, methods in found["paths"].items() for method in methods
    }
    assert listed == ROUTES


def test_the_schema_says_what_needs_a_key(served: Served) -> None:
    for path, methods in schema(served)["paths"].items():
        for route in methods.values():
            assert bool(route.get("security")) == path.startswith("/v1/"), path


def test_the_schema_names_the_fields_of_forms_and_bodies(served: Served) -> None:
    schemas = schema(served)["components"]["schemas"]
    assert {"messages", "seed", "stream", "metadata"} <= schemas["ChatRequest"]["properties"].keys()
    assert {"prompt", "image", "seed", "size"} <= schemas["EditForm"]["properties"].keys()


def test_the_page_loads_nothing_foreign(served: Served) -> None:
    with served.http() as http:
        page = http.get("/docs")
        assert page.status_code == 200
        links = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
        assert len(links) == 3
        for link in links:
            assert link.startswith("/docs/files/")
            assert http.get(link).status_code == 200
        assert not re.search(r"https?://", page.text)
        policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert "unsafe-eval" not in policy


def test_the_server_is_alive_and_ready(served: Served) -> None:
    with served.http() as http:
        assert http.get("/health").json() == {"status": "alive"}
        assert http.get("/ready").json() == {"status": "ready", "model": "scripted"}


def test_a_server_whose_stores_are_gone_is_not_ready(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omnipersona.agent.assistant import Assistant
    from omnipersona.tools.outcome import ToolFailed

    async def broken(*_: object) -> None:
        raise ToolFailed("/secret/folder is gone")

    with served.http() as http:
        monkeypatch.setattr(Assistant, "try_parts", broken)
        answer = http.get("/ready")
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})
        monkeypatch.undo()
        assert http.get("/ready").status_code == 200
        gone = [("records", True, "here"), ("files", False, "the bucket is gone")]
        monkeypatch.setattr("omnipersona.serve.http.health.look", lambda _: iter(gone))
        assert http.get("/ready").status_code == 503


def counted(served: Served) -> dict[tuple[str, ...], float]:
    with served.http() as http:
        text = http.get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status(served: Served) -> None:
    before = counted(served)
    with served.http() as http:
        http.get("/v1/concepts/a-secret-name")
        http.get("/v1/concepts")
        http.get("/nowhere/a-secret-name")
    after = counted(served)

    def more(*key: str) -> float:
        return after.get(key, 0.0) - before.get(key, 0.0)

    assert more("omnipersona_requests_total", "GET", "/v1/concepts/{name}", "404") == 1
    assert more("omnipersona_requests_total", "GET", "/v1/concepts", "200") == 1
    assert more("omnipersona_requests_total", "none", "none", "404") == 1
    assert more("omnipersona_request_seconds_count", "GET", "/v1/concepts") == 1
    assert after["omnipersona_turns",] == 0
    assert after["omnipersona_learning_jobs", "ready"] == 0
    assert not any("secret" in part for key in after for part in key)

"""Concepts, facts and jobs over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes import LastingModel, png
from served import Served, scripted_model, wait_for_job


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with served.http() as one:
        yield one


def teach(http: httpx.Client, name: str, **fields: Any) -> dict[str, Any]:
    answer = http.post(
        "/v1/concepts",
        data={"name": name, "kind": "dog", **fields},
        files=[("photos", ("1.png", png("red"))), ("photos", ("2.png", png("blue")))],
    )
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def test_a_concept_lives_from_teaching_to_forgetting(http: httpx.Client) -> None:
    job = teach(http, "bo", facts=["his toy is a red ball", "he lives at the beach"])
    assert (job["object"], job["concept"]) == ("job", "bo")
    assert wait_for_job(http, job["id"])["state"] == "ready"
    assert http.get("/v1/jobs").json()["data"][-1]["id"] == job["id"]
    card = http.get("/v1/concepts/bo").json()
    assert (card["kind"], card["num_photos"], card["is_usable"]) == ("dog", 2, True)
    assert len(card["facts"]) == 2
    file = http.get("/v1/concepts/bo/export")
    assert file.headers["content-type"] == "application/zip"
    receipt = http.delete("/v1/concepts/bo").json()
    assert (receipt["facts"], receipt["photos"], receipt["name"]) == (2, 2, "bo")
    assert receipt["sha256s"]
    assert http.get("/v1/concepts/bo").status_code == 404
    made = http.post(
        "/v1/concepts/import", data={"name": "copy"}, files={"file": ("bo.zip", file.content)}
    )
    assert made.status_code == 201, made.text
    assert made.json()["name"] == "copy"
    assert [one["name"] for one in http.get("/v1/concepts").json()["data"]] == ["copy"]


def test_facts_are_stated_corrected_and_deleted(http: httpx.Client) -> None:
    teach(http, "fay")
    where = "/v1/concepts/fay/facts"
    first = http.put(f"{where}/toy", json={"value": "a red ball"}).json()
    second = http.put(f"{where}/toy", json={"value": "a green star"}).json()
    assert (second["attribute"], second["value"]) == ("toy", "a green star")
    [fact] = http.get(where).json()["data"]
    assert fact["id"] == second["id"]
    assert first["id"] != second["id"]
    assert http.delete(f"{where}/{first['id']}").status_code == 404
    assert http.delete(f"{where}/{second['id']}").json()["deleted"] is True
    assert http.get(where).json()["data"] == []


def test_facts_of_the_user_have_a_place_of_their_own(http: httpx.Client) -> None:
    http.put("/v1/concepts/me/facts/home", json={"value": "Rome"})
    [fact] = http.get("/v1/concepts/me/facts").json()["data"]
    assert (fact["attribute"], fact["value"]) == ("home", "Rome")
    assert http.delete(f"/v1/concepts/me/facts/{fact['id']}").status_code == 200


def test_names_may_hold_brackets_blanks_and_accents(http: httpx.Client) -> None:
    teach(http, "<Zoé of the hill>")
    assert http.get("/v1/concepts/Zoé of the hill").json()["name"] == "Zoé of the hill"
    assert http.get("/v1/concepts/<zoé of the hill>").status_code == 200


def test_a_job_is_watched_to_its_end(tmp_path: Path) -> None:
    model = scripted_model(step_seconds=0.02)
    with Served(tmp_path, model) as served, served.http() as http:
        job = teach(http, "bo")
        with http.stream("GET", f"/v1/jobs/{job['id']}/events") as stream:
            lines = [line for line in stream.iter_lines() if line]
    told = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert lines[-1] == "data: [DONE]"
    assert told[-1]["state"] == "ready"
    assert len({one["step"] for one in told}) > 2


def test_a_job_is_stopped(tmp_path: Path) -> None:
    model = LastingModel(step_seconds=0.05, num_learn_steps=200)
    with Served(tmp_path, model) as served, served.http() as http:
        job = teach(http, "bo")
        assert http.post(f"/v1/jobs/{job['id']}/cancel").status_code == 200
        assert wait_for_job(http, job["id"], 5)["state"] == "cancelled"
        assert http.post(f"/v1/jobs/{job['id']}/cancel").json()["state"] == "cancelled"


def test_learning_goes_on_at_the_next_start(tmp_path: Path) -> None:
    slow = LastingModel(step_seconds=0.05, num_learn_steps=200)
    with Served(tmp_path, slow) as served, served.http() as http:
        teach(http, "bo")
    with Served(tmp_path, scripted_model()) as served, served.http() as http:
        for _ in range(100):
            jobs = http.get("/v1/jobs").json()["data"]
            if jobs:
                break
        assert jobs[0]["reason"] == "cut off"
        assert wait_for_job(http, jobs[0]["id"])["state"] == "ready"


def test_a_person_is_learned_with_consent_alone(http: httpx.Client) -> None:
    files = {"photos": ("1.png", png("red"))}
    fields: dict[str, Any] = {"name": "Ida", "kind": "woman"}
    refused = http.post("/v1/concepts", data=fields, files=files)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "consent"
    agreed = http.post("/v1/concepts", data={**fields, "consent": "true"}, files=files)
    assert agreed.status_code == 202

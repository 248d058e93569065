"""Who may come in, and how often; what one has, another can neither see nor touch."""

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes import png
from openai import AuthenticationError, RateLimitError
from program import omnipersona
from served import Served, scripted_model, wait_for_job

from omnipersona.accounts.keys import KEYS_FILE, ApiKeys
from omnipersona.agent.settings import Settings
from omnipersona.serve.http.rate_limit import RateLimit
from omnipersona.serve.http.server import CannotServe, check_keys

HELLO: Any = {"role": "user", "content": "hello"}


def test_only_a_hash_is_kept_in_a_file_of_its_owner(tmp_path: Path) -> None:
    key = ApiKeys(tmp_path).add("ana")
    file = tmp_path / KEYS_FILE
    assert key not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ApiKeys(tmp_path).owner(key) == "ana"
    for other in ("", key[:-1], key + "x", key.upper(), "\ud800"):
        assert ApiKeys(tmp_path).owner(other) is None


def test_a_new_key_ends_the_old_one(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path)
    old, new = keys.add("ana"), keys.add("ana")
    assert keys.owner(old) is None
    assert keys.owner(new) == "ana"
    assert keys.remove("ana")
    assert not keys.remove("ana")
    assert keys.owner(new) is None


def test_keys_are_made_listed_and_removed_on_the_command_line(tmp_path: Path) -> None:
    made = omnipersona(tmp_path, "keys", "add", "ana")
    assert made.returncode == 0, made.stderr
    assert ApiKeys(tmp_path).owner(made.stdout.strip()) == "ana"
    assert omnipersona(tmp_path, "keys", "list").stdout == "ana\n"
    assert omnipersona(tmp_path, "keys", "remove", "ana").returncode == 0
    gone = omnipersona(tmp_path, "keys", "remove", "ana")
    assert (gone.returncode, gone.stderr) == (1, "ana has no key.\n")
    assert omnipersona(tmp_path, "keys", "add", "a\tb").returncode == 1


def test_without_keys_the_server_is_for_this_machine_alone(tmp_path: Path) -> None:
    assert "speaks as me" in check_keys(Settings(data=tmp_path))
    for host in ("0.0.0.0", "192.168.1.2", "::"):
        with pytest.raises(CannotServe, match="omnipersona keys add NAME"):
            check_keys(Settings(data=tmp_path, api_host=host))
    ApiKeys(tmp_path).add("ana")
    assert "some for ana" in check_keys(Settings(data=tmp_path, api_host="0.0.0.0"))
    (tmp_path / KEYS_FILE).write_text("[]")
    with pytest.raises(CannotServe, match="cannot be read"):
        check_keys(Settings(data=tmp_path))


def test_the_command_refuses_an_open_server(tmp_path: Path) -> None:
    done = omnipersona(tmp_path, "serve", "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "Make a key" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_key_opens_nothing(tmp_path: Path) -> None:
    key = ApiKeys(tmp_path).add("ana")
    wrong = ({}, *({"Authorization": v} for v in ("Bearer", "Bearer x", f"Basic {key}", key)))
    with Served(tmp_path, scripted_model()) as served, served.http() as http:
        for headers in wrong:
            for path in ("/v1/models", "/v1/concepts", "/v1/jobs", "/v1/nothing"):
                answer = http.get(path, headers=headers)
                assert answer.status_code == 401
                assert answer.json()["error"]["code"] == "invalid_api_key"
        for path in ("/health", "/ready", "/metrics", "/openapi.json"):
            assert http.get(path).status_code == 200


def test_what_is_counted_needs_a_key_beyond_this_machine(tmp_path: Path) -> None:
    key = ApiKeys(tmp_path).add("ana")
    with Served(tmp_path, scripted_model(), api_host="0.0.0.0") as served, served.http() as http:
        assert http.get("/metrics").status_code == 401
        headers = {"Authorization": f"Bearer {key}"}
        assert http.get("/metrics", headers=headers).status_code == 200


def test_the_client_is_told_of_a_wrong_key(tmp_path: Path) -> None:
    ApiKeys(tmp_path).add("ana")
    with Served(tmp_path, scripted_model()) as served, served.client("wrong") as client:
        with pytest.raises(AuthenticationError):
            client.models.list()
        ApiKeys(tmp_path).remove("ana")
        with pytest.raises(AuthenticationError):
            client.models.list()


def test_keys_that_are_made_later_count_at_once(tmp_path: Path) -> None:
    with Served(tmp_path, scripted_model()) as served, served.http() as http:
        assert http.get("/v1/models").status_code == 200
        key = ApiKeys(tmp_path).add("ana")
        assert http.get("/v1/models").status_code == 401
        headers = {"Authorization": f"bearer {key}"}
        assert http.get("/v1/models", headers=headers).status_code == 200


def test_two_keys_see_nothing_of_each_other(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path)
    with (
        Served(tmp_path, scripted_model()) as served,
        served.http(keys.add("ana")) as ana,
        served.http(keys.add("eve")) as eve,
    ):
        taught = ana.post(
            "/v1/concepts", data={"name": "bo", "kind": "dog"}, files={"photos": ("a.png", png())}
        ).json()
        wait_for_job(ana, taught["id"])
        fact = ana.put("/v1/concepts/bo/facts/toy", json={"value": "a red ball"}).json()
        said = {"model": "scripted", "messages": [{"role": "user", "content": "draw <bo>"}]}
        drawn = ana.post("/v1/chat/completions", json=said, headers={"X-Thread": "t"}).json()
        assert drawn["omnipersona"]["evidence"][0]["answer"] == "a red ball"
        job = f"/v1/jobs/{taught['id']}"
        foreign: list[httpx.Response] = [
            eve.get("/v1/concepts/bo"),
            eve.get("/v1/concepts/bo/export"),
            eve.get("/v1/concepts/bo/facts"),
            eve.put("/v1/concepts/bo/facts/toy", json={"value": "stolen"}),
            eve.delete(f"/v1/concepts/bo/facts/{fact['id']}"),
            eve.delete(f"/v1/concepts/me/facts/{fact['id']}"),
            eve.delete("/v1/concepts/bo"),
            eve.get(job),
            eve.post(f"{job}/cancel"),
            eve.get(f"{job}/events"),
        ]
        assert [answer.status_code for answer in foreign] == [404] * len(foreign)
        assert eve.get("/v1/concepts").json()["data"] == []
        assert eve.get("/v1/jobs").json()["data"] == []
        asked = eve.post("/v1/chat/completions", json=said, headers={"X-Thread": "t"}).json()
        assert "I do not know <bo> yet" in asked["choices"][0]["message"]["content"]
        assert eve.delete("/v1/threads/t").status_code == 200
        hat = {"model": "scripted", "messages": [{"role": "user", "content": "give it a hat"}]}
        mine = ana.post("/v1/chat/completions", json=hat, headers={"X-Thread": "t"}).json()
        assert mine["choices"][0]["message"]["images"]
        assert ana.get("/v1/concepts/bo/facts").json()["data"][0]["value"] == "a red ball"


def test_the_user_of_a_body_counts_for_nothing(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path)
    with (
        Served(tmp_path, scripted_model()) as served,
        served.client(keys.add("ana")) as ana,
        served.http(keys.add("eve")) as eve,
    ):
        eve.put("/v1/concepts/me/facts/home", json={"value": "Rome"})
        ana.chat.completions.create(model="scripted", messages=[HELLO], user="eve")
        with served.http(keys.add("ana")) as http:
            assert http.get("/v1/concepts/me/facts").json()["data"] == []


def test_one_key_may_ask_so_many_times_a_minute(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path)
    with (
        Served(tmp_path, scripted_model(), api_rate=3) as served,
        served.client(keys.add("ana")) as ana,
        served.client(keys.add("eve")) as eve,
    ):
        for _ in range(3):
            ana.models.list()
        with pytest.raises(RateLimitError) as refused:
            ana.models.list()
        assert 1 <= int(refused.value.response.headers["Retry-After"]) <= 20
        eve.models.list()


def test_a_bucket_fills_again() -> None:
    now = 0.0
    pace = RateLimit(60, lambda: now)
    assert [pace.wait("ana") for _ in range(60)] == [0.0] * 60
    assert pace.wait("ana") == pytest.approx(1.0)
    now = 0.5
    assert pace.wait("ana") == pytest.approx(0.5)
    now = 1.0
    assert pace.wait("ana") == 0.0
    now = 10_000.0
    assert [pace.wait("ana") for _ in range(61)][-1] > 0


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://example.org"}, {"Host": "example.org"}, {"Origin": "null"}]
)
def test_other_sites_are_refused(served: Served, headers: dict[str, str]) -> None:
    with served.http() as http:
        answer = http.post("/v1/concepts", data={"name": "x"}, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "foreign_site"


def test_a_missing_extra_is_one_sentence(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['prometheus_client'] = None; "
        "from omnipersona.ui.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--data", str(tmp_path), "serve"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith("pip install 'omnipersona[server]'")
    assert "Traceback" not in done.stderr

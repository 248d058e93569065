"""Who may use the page."""

import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from omnipersona.agent.settings import load_settings
from omnipersona.serve.guard import OwnPageOnly


def client(is_open: bool) -> TestClient:
    return TestClient(OwnPageOnly(PlainTextResponse("ok"), is_open=is_open))


def status(is_open: bool, **headers: str) -> int:
    return client(is_open).get("/", headers=Headers(headers)).status_code


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "localhost"])
def test_a_local_page_serves_loopback_names(host: str) -> None:
    assert status(True, host=host) == 200
    assert status(True, host=host, origin=f"http://{host}") == 200


@pytest.mark.parametrize("host", ["example.org", "localhost.example.org", "", "[", "a:b:c"])
def test_a_local_page_serves_no_other_name(host: str) -> None:
    assert status(True, host=host) == 403


@pytest.mark.parametrize(
    ("peer", "expected"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.5", 403)]
)
def test_what_is_open_is_open_to_this_machine_alone(peer: str, expected: int) -> None:
    app = OwnPageOnly(PlainTextResponse("ok"), is_open=True)
    answer = TestClient(app, client=(peer, 5000)).get("/", headers={"host": "localhost"})
    assert answer.status_code == expected


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For"])
def test_what_is_open_is_not_open_to_those_behind_a_proxy(header: str) -> None:
    assert status(True, host="localhost", **{header: "192.0.2.1"}) == 403
    assert status(False, host="localhost", **{header: "192.0.2.1"}) == 200


@pytest.mark.parametrize(
    ("listed", "peer", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", 200),
        ("127.0.0.1", "10.0.0.5", 403),
        ("::1, 10.0.0.0/8", "10.0.0.5", 200),
        ("::1, 10.0.0.0/8", "::1", 200),
        ("*", "192.0.2.7", 200),
        ("", "127.0.0.1", 403),
    ],
)
def test_what_believes_its_proxies_answers_them_alone(
    listed: str, peer: str, expected: int
) -> None:
    app = OwnPageOnly(PlainTextResponse("ok"), is_open=False, proxies=listed)
    answer = TestClient(app, client=(peer, 5000)).get("/", headers={"host": "home.lan"})
    assert answer.status_code == expected
    assert (f"{peer} is none of them" in answer.text) == (expected == 403)


def test_a_proxy_that_is_no_address_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="'home' is no address"):
        load_settings(proxies="127.0.0.1, home")


@pytest.mark.parametrize("origin", ["null", "http://example.org", "http://localhost:9", "["])
@pytest.mark.parametrize("is_open", [True, False])
def test_another_site_is_refused(origin: str, is_open: bool) -> None:
    assert status(is_open, host="localhost:8000", origin=origin) == 403


def test_a_page_for_others_serves_its_own_name() -> None:
    assert status(False, host="home.lan:8000", origin="http://home.lan:8000") == 200


def test_every_answer_forbids_foreign_loads() -> None:
    answer = client(True).get("/", headers={"host": "localhost"})
    assert "default-src 'self'" in answer.headers["content-security-policy"]

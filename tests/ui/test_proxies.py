"""The proxies of docs/login.md, as written there, before a page that believes its proxies."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import pytest
from ports import free_port
from servers import wait_for
from visit import Visit

from .conftest import IS_CI, StartPage, wait_or_kill

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

SERVER: Final = str(Path(__file__).with_name("page_server.py"))
Proxy = Callable[[Path, str], AbstractContextManager[str]]
DOCS: Final = Path(__file__).parents[2] / "docs" / "login.md"
PASSWORD: Final = "open sesame"
PEOPLE: Final = "ana:{PLAIN}" + PASSWORD
ANA: Final = ("ana", PASSWORD)
LIMIT: Final = 120.0


def snippet(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(), re.DOTALL)
    return str(found)


def changed(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def needed(program: str) -> str:
    path = shutil.which(program, path="/usr/sbin:/usr/bin:/usr/local/bin:/sbin:/bin")
    if path is None and not IS_CI:
        pytest.skip(f"{program} was not found; install it to try the page behind it.")
    assert path is not None, f"CI has to install {program}."
    return path


@contextmanager
def running(folder: Path, command: list[str], url: str) -> Iterator[str]:
    """Start a proxy, and give its address once it has let ana in.

    The first request with a password counts: Caddy's hash takes a second of a whole core, ten on a
    busy machine, and is remembered only then. A browser would wait that long for its first page.
    """
    log = folder / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env={"HOME": str(folder)}, stdout=out, stderr=out)

    def lets_in() -> bool:
        assert process.poll() is None, f"The proxy ended:\n{log.read_text()}"
        try:
            return http.get(url, auth=ANA).status_code == 200
        except httpx.TransportError:
            return False

    try:
        with httpx.Client(verify=False, timeout=LIMIT) as http:
            wait_for(lets_in, log, LIMIT)
        yield url
    finally:
        process.terminate()
        wait_or_kill(process)


@contextmanager
def nginx(folder: Path, page_port: str) -> Iterator[str]:
    program, port = needed("nginx"), free_port()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *(
                "-subj",
                "/CN=localhost",
                "-keyout",
                folder / "home.key",
                "-out",
                folder / "home.pem",
            ),
        ],
        check=True,
        capture_output=True,
    )
    (folder / "people").write_text(PEOPLE)
    server = changed(
        snippet("nginx"),
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("home.example.org", "localhost"),
        ("/etc/ssl", str(folder)),
        ("/etc/nginx", str(folder)),
        ("127.0.0.1:8000", f"127.0.0.1:{page_port}"),
    )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    for path in (folder, folder / "people"):
        path.chmod(0o755)
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nuser root;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{server}}}\n"
    )
    with running(
        folder, [program, "-c", str(folder / "nginx.conf")], f"https://localhost:{port}"
    ) as url:
        yield url


@contextmanager
def caddy(folder: Path, page_port: str) -> Iterator[str]:
    program, port = needed("caddy"), free_port()
    hashed = subprocess.run(
        [program, "hash-password", "--plaintext", PASSWORD], check=True, capture_output=True
    )
    site = changed(
        snippet("caddy"),
        ("home.example.org", f"https://localhost:{port}"),
        ("127.0.0.1:8000", f"127.0.0.1:{page_port}"),
    )
    site = re.sub(r"ana \S+", lambda _: f"ana {hashed.stdout.decode().strip()}", site)
    # Without a grace period it waits, when told to end, for every request of the open page; while
    # the frame polls for news instead of using its socket, one of them lasts half a minute.
    options = (
        "{\nadmin off\nskip_install_trust\nlocal_certs\nauto_https disable_redirects\n"
        "grace_period 1s\n}\n"
    )
    (folder / "Caddyfile").write_text(options + site)
    command = [program, "run", "--config", str(folder / "Caddyfile")]
    with running(folder, command, f"https://localhost:{port}") as url:
        yield url


@pytest.fixture(scope="module")
def page_port(start_page: StartPage) -> str:
    url = start_page([SERVER, "{data}", "{port}", "header"], {})
    return url.rsplit(":", 1)[1]


@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_a_page_behind_a_proxy_knows_who_it_is(
    proxy: Proxy, page_port: str, tmp_path: Path, browser: "Browser"
) -> None:
    with (
        proxy(tmp_path, page_port) as url,
        httpx.Client(base_url=url, verify=False, timeout=LIMIT) as http,
    ):
        assert http.get("/", headers={"X-Forwarded-User": "ana"}).status_code == 401
        visit = Visit(
            browser,
            url,
            ignore_https_errors=True,
            http_credentials={"username": "ana", "password": PASSWORD},
        )
        visit.say("hello")
        visit.shows("Hello. *Not* a")
        assert visit.page.request.get(f"{url}/user").json()["identifier"] == "ana"
        # What a visitor says of themselves is overwritten.
        http.post("/auth/header", auth=ANA, headers={"X-Forwarded-User": "eve"})
        assert http.get("/user", auth=ANA).json()["identifier"] == "ana"


def test_whoever_is_no_proxy_is_refused(page_port: str) -> None:
    elsewhere = httpx.HTTPTransport(local_address="127.0.0.2")
    page = f"http://127.0.0.1:{page_port}"
    with httpx.Client(transport=elsewhere, base_url=page, timeout=LIMIT) as http:
        answer = http.post("/auth/header", headers={"X-Forwarded-User": "ana"})
    assert answer.status_code == 403
    assert "127.0.0.2 is none of them. OMNIPERSONA_PROXIES" in answer.text

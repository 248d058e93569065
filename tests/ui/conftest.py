"""A served page and a client that speaks the frame's protocol without a browser."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from ports import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IS_CI: Final = os.environ.get("CI") == "true"
ARGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")

StartPage = Callable[..., str]


def wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path, limit: float) -> None:
    """Return when the page answers; fail with its log if it ends or takes too long."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=10):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    pytest.fail(f"The page did not start:\n{log.read_text()[-3000:]}")


def wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    """Wait until a server that was told to end has ended; make it, if it takes too long."""
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def start_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartPage]:
    """Start servers by command, for all tests; `{port}` and `{data}` in it are filled in."""
    yield from _pages(tmp_path_factory)


@pytest.fixture
def start_own_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartPage]:
    """Start servers that end with the test, and let go of the database that other tests need."""
    yield from _pages(tmp_path_factory)


def _pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartPage]:
    started: list[subprocess.Popen[bytes]] = []

    def start(command: Sequence[str], env: Mapping[str, str], limit: float = 120.0) -> str:
        folder, port = tmp_path_factory.mktemp("page"), free_port()
        words = [word.format(port=port, data=folder / "data") for word in command]
        log = folder / "log.txt"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("OMNIPERSONA_")}
        # Servers and commands of other tests share the cores; their threads would wait in turns.
        kept["OMP_NUM_THREADS"] = "1"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *words], cwd=folder, env={**kept, **env}, stdout=out, stderr=out
            )
        started.append(process)
        url = f"http://127.0.0.1:{port}"
        wait_until_healthy(url, process, log, limit)
        return url

    yield start
    for process in started:
        process.send_signal(signal.SIGINT)
    for process in started:
        wait_or_kill(process)


@pytest.fixture(scope="module")
def page_url(start_page: StartPage) -> str:
    """Return the address of a page on a scripted model."""
    return start_page([str(Path(__file__).with_name("page_server.py")), "{data}", "{port}"], {})


@pytest.fixture(scope="module")
def guarded_page(start_page: StartPage) -> str:
    """Return the address of the same page with a login."""
    server = str(Path(__file__).with_name("page_server.py"))
    return start_page([server, "{data}", "{port}", "password"], {})


@pytest.fixture
def browser() -> Iterator["Browser"]:
    """Open a headless Chromium; without one the test is skipped, in CI it fails."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None and not IS_CI:
        pytest.skip("No Chromium was found; install one to run the browser test.")
    assert path is not None, "CI has to install Chromium."
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, headless=True, args=list(ARGS))
        yield opened
        opened.close()

"""Starting the page, and stopping it."""

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from ports import free_port

from omnipersona.agent.settings import Settings
from omnipersona.serve.address import listen
from omnipersona.ui.serve import serve


def test_a_taken_port_is_one_sentence_and_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    import typer

    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(typer.Exit) as end:
            serve(Settings(port=port), headless=True)
    assert end.value.exit_code == 1
    error = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1 port {port}" in error
    assert f"--port {port + 1}" in error


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_page_that_nobody_visited_stops_without_a_word(tmp_path: Path, number: int) -> None:
    server, port = str(Path(__file__).with_name("page_server.py")), free_port()
    command = [sys.executable, server, str(tmp_path / "data"), str(port)]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(300):
            assert process.poll() is None, "it ended by itself"
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10).close()
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                time.sleep(0.2)
            else:
                break
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    assert process.returncode == 0

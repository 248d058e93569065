"""Starting the page."""

import pytest

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

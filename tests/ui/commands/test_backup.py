"""Backup on the command line where records or files lie on servers."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from omnipersona.ui.cli import app

SERVERS = {
    "OMNIPERSONA_DATABASE": ("postgresql://ana:hidden@127.0.0.1:1/omni", "pg_dump"),
    "OMNIPERSONA_BLOBS": ("s3://bucket/kept", "the store of OMNIPERSONA_BLOBS"),
}


@pytest.mark.parametrize("setting", SERVERS)
@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_servers_are_copied_by_their_own_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, verb: str
) -> None:
    value, means = SERVERS[setting]
    monkeypatch.setenv(setting, value)
    file = tmp_path / "everything.zip"
    done = CliRunner().invoke(app, ["--data", str(tmp_path / "data"), verb, str(file)])
    assert done.exit_code == 1
    assert means in done.stderr
    assert "hidden" not in done.stderr
    assert list(tmp_path.glob("everything*")) == []
    assert not (tmp_path / "data").exists()

"""docs/http.md, run as it stands against a server on nano: teach, ask, draw, edit, forget."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from hasty import hasty
from openai import OpenAI
from PIL import Image
from served import Served

from omnipersona.accounts.keys import ApiKeys

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
ADDRESS: Final = "http://127.0.0.1:8001"
BLOCKS: Final = re.findall(r"^```(sh|python)\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_document_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = ApiKeys(tmp_path / "data").add("ana")
    shutil.copytree(ROOT / "ui" / "page" / "samples", tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", key)
    model = str(hasty(tmp_path / "nano"))
    with Served(tmp_path / "data", None, model=model) as served:
        told = run_blocks(served, tmp_path)
        with served.http(key) as http:
            assert http.get("/v1/concepts").json()["data"] == []
    told["client"].close()
    told["own"].close()
    printed = capsys.readouterr().out
    assert "<bo> is learned" in printed
    assert "yes" in printed.lower()
    assert "toy of <bo>" in printed
    assert "red ball" in told["reply"].omnipersona["rewritten"]
    for name in ("drawn.png", "hat.png", "beach.png", "cat.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.size == (64, 64)


def run_blocks(served: Served, folder: Path) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for language, block in BLOCKS:
        code = block.replace(ADDRESS, served.url)
        if language == "python":
            exec(compile(code, "docs/http.md", "exec"), names)
            continue
        done = subprocess.run(
            ["bash", "-e", "-c", code],
            cwd=folder,
            env={**os.environ, "no_proxy": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (code, done.stdout, done.stderr)
    assert isinstance(names["client"], OpenAI)
    return names


def test_the_document_names_every_setting_and_field_that_is_not_used() -> None:
    from omnipersona.serve.http.chat_request import ChatRequest
    from omnipersona.serve.http.images import EditForm, ImageRequest

    for model in (ChatRequest, ImageRequest, EditForm):
        for name, field in model.model_fields.items():
            if field.description == "Taken, and not used.":
                assert f"`{name}`" in DOCUMENT or name.startswith("prompt_cache_"), name

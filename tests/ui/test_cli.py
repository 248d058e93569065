"""The command line as a program: what it prints, where, and with which exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from program import omnipersona

PARITY = Path(__file__).parents[1] / "model" / "bagel" / "parity" / "open"


def test_help_loads_no_torch() -> None:
    code = (
        "import sys; from omnipersona.ui.cli import app; import typer.main; "
        "typer.main.get_command(app); print('torch' in sys.modules, 'chainlit' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False False"


def test_wrong_usage_exits_with_2(tmp_path: Path) -> None:
    assert omnipersona(tmp_path, "ask").returncode == 2
    assert omnipersona(tmp_path, "nonsense").returncode == 2
    assert omnipersona(tmp_path, "plan").returncode == 2


def test_a_missing_picture_is_one_sentence(tmp_path: Path) -> None:
    done = omnipersona(tmp_path, "ask", "what is this?", "--image", str(tmp_path / "none.png"))
    assert done.returncode == 1
    assert done.stderr.strip().endswith("cannot be read: No such file or directory.")
    assert not done.stdout


def test_a_missing_model_is_one_sentence(tmp_path: Path) -> None:
    done = omnipersona(tmp_path, "--model", str(tmp_path / "none"), "ask", "hi")
    assert done.returncode == 1
    assert "There is no folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_setting_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "omnipersona", "config"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "OMNIPERSONA_MODLE": "nano"},
    )
    assert done.returncode == 1
    assert "OMNIPERSONA_MODLE" in done.stderr
    assert "OMNIPERSONA_MODEL" in done.stderr


def test_config_says_where_values_come_from(tmp_path: Path) -> None:
    done = omnipersona(tmp_path, "config", "--json")
    rows = json.loads(done.stdout)
    assert rows["data"] == {"value": str(tmp_path), "source": "option"}
    assert rows["port"] == {"value": "8000", "source": "default"}


def test_parity_prints_a_line_per_vector_and_a_summary(tmp_path: Path) -> None:
    done = omnipersona(tmp_path, "parity", str(PARITY))
    lines = done.stdout.strip().splitlines()
    assert done.returncode == 0
    assert lines[-1] == f"{len(lines) - 1} vectors, {len(lines) - 1} ok, 0 failed"


def test_parity_fails_without_vectors(tmp_path: Path) -> None:
    done = omnipersona(tmp_path, "parity", str(tmp_path))
    assert done.returncode == 1
    assert "missing" in done.stderr


def test_a_plan_file_gives_a_line_per_line_and_touches_no_data(tmp_path: Path) -> None:
    lines = [
        {"text": "draw <bo> at home", "concepts": ["bo"], "pictures": 0, "previous_picture": False},
        {"text": "what is in this picture?", "concepts": [], "pictures": 1},
    ]
    file = tmp_path / "plans.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    done = omnipersona(tmp_path / "data", "plan", "--file", str(file))
    plans = [json.loads(line) for line in done.stdout.strip().splitlines()]
    assert done.returncode == 0, done.stderr
    assert len(plans) == 2
    assert {"intent", "concepts", "questions", "rewritten"} <= plans[0].keys()
    listed = omnipersona(tmp_path / "data", "concepts", "list", "--json")
    assert json.loads(listed.stdout) == {"concepts": []}


def test_a_bad_plan_line_names_its_number_and_field(tmp_path: Path) -> None:
    file = tmp_path / "plans.jsonl"
    file.write_text('{"text": "hi"}\n{"txt": "hi"}\n', encoding="utf-8")
    done = omnipersona(tmp_path / "data", "plan", "--file", str(file))
    assert done.returncode == 1
    assert "line 2" in done.stderr
    assert "txt" in done.stderr


@pytest.mark.slow
def test_a_drawing_is_saved_and_explained(tmp_path: Path) -> None:
    out = tmp_path / "cat.png"
    done = omnipersona(
        tmp_path / "data",
        "ask",
        "draw a red cat at the beach",
        "-o",
        str(out),
        "--seed",
        "3",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["intent"] == "generate"
    assert answer["seed"] == 3
    assert answer["rewritten"]
    with Image.open(out) as picture:
        assert picture.size == (64, 64)


@pytest.mark.slow
def test_a_concept_lives_from_learning_to_forgetting(tmp_path: Path) -> None:
    data, photo = tmp_path / "data", tmp_path / "photo.png"
    drawn = omnipersona(data, "ask", "draw a blue dog in the snow", "-o", str(photo), "--seed", "1")
    assert drawn.returncode == 0, drawn.stderr
    learned = omnipersona(
        data, "learn", "bo", str(photo), "--kind", "dog", "--fact", "his toy is a red ball"
    )
    assert learned.returncode == 0, learned.stderr
    shown = omnipersona(data, "concepts", "show", "bo", "--json")
    assert json.loads(shown.stdout)["kind"] == "dog"
    file = tmp_path / "bo.safetensors"
    assert omnipersona(data, "concepts", "export", "bo", str(file)).returncode == 0
    assert omnipersona(data, "concepts", "import", "copy", str(file)).returncode == 0
    forgotten = omnipersona(data, "concepts", "forget", "bo", "--yes")
    assert forgotten.returncode == 0, forgotten.stderr
    listed = json.loads(omnipersona(data, "concepts", "list", "--json").stdout)
    assert [concept["name"] for concept in listed["concepts"]] == ["copy"]


@pytest.mark.slow
def test_a_text_renamed_to_png_is_refused_and_the_next_request_works(tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("not a picture", encoding="utf-8")
    done = omnipersona(tmp_path / "data", "ask", "what is this?", "--image", str(bad))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert omnipersona(tmp_path / "data", "ask", "hi").returncode == 0

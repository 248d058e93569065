"""The image and the services around it: linted, and the image's steps done without Docker."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from ports import free_port

ROOT: Final = Path(__file__).parents[1]
BIN: Final = Path(sys.executable).parent
STEPS: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


def steps(kind: str) -> list[str]:
    """Return what follows each instruction of one kind."""
    return re.findall(rf"^\s*{kind} (.*)$", STEPS, re.MULTILINE)


def test_the_image_is_linted() -> None:
    done = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_services_fit_the_specification() -> None:
    command: list[str | Path] = [
        BIN / "check-jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        ROOT / "compose.yaml",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_it_does_not_run_as_root() -> None:
    assert steps("USER") == ["10001"]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Copy what .dockerignore lets through, and install it as the image does."""
    app = tmp_path_factory.mktemp("image") / "app"
    app.mkdir()
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    for name in (line[1:] for line in allowed if line.startswith("!")):
        (app / name).parent.mkdir(exist_ok=True)
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, app / name, symlinks=True, ignore=unwanted)
        else:
            shutil.copy2(ROOT / name, app / name)
    [install] = [step for step in steps("RUN") if "setup.sh" in step]
    # The packages are at hand already; a real build keeps no cache.
    install = install.replace("UV_NO_CACHE=1", "")
    arguments = dict(step.split("=", 1) for step in steps("ARG"))
    done = subprocess.run(
        ["bash", "-c", install],
        cwd=app,
        env={**os.environ, **arguments},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    yield app
    shutil.rmtree(app)


@pytest.mark.slow
def test_its_steps_end_in_a_page_with_a_login(image: Path, tmp_path: Path) -> None:
    data = tmp_path / "volume"
    data.mkdir()
    variables = dict(re.findall(r"(OMNIPERSONA_\w+)=(\S+)", " ".join(steps("ENV"))))
    port = free_port()
    variables |= {
        "OMNIPERSONA_DATA": str(data),
        "OMNIPERSONA_HOST": "127.0.0.1",
        "OMNIPERSONA_PORT": str(port),
    }
    home = {"HOME": str(tmp_path), "PATH": f"{image}/.venv/bin:{os.environ['PATH']}"}
    environment = {**home, **variables, "OMP_NUM_THREADS": "1"}
    entry, command = (json.loads(steps(kind)[-1]) for kind in ("ENTRYPOINT", "CMD"))
    add = subprocess.run(
        [*entry, "users", "add", "ana"],
        input="a long password\na long password\n",
        env=environment,
        capture_output=True,
        text=True,
    )
    assert add.returncode == 0, add.stderr
    [health] = steps("HEALTHCHECK")
    check = json.loads(health.split("CMD ", 1)[1].replace(":8000", f":{port}"))
    with subprocess.Popen([*entry, *command], env=environment, cwd=data) as server:
        try:
            assert healthy_within(120, check, environment)
        finally:
            server.terminate()
            assert server.wait(30) == 0


def healthy_within(seconds: float, check: list[str], environment: dict[str, str]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if subprocess.run(check, env=environment, capture_output=True).returncode == 0:
            return True
        time.sleep(1)
    return False

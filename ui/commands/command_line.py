"""What all commands share: settings from global options, files, and one way to fail."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

if TYPE_CHECKING:
    from omnipersona.agent.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

_MAX_FILE: Final = 200 * 2**20


def fail(sentence: str) -> NoReturn:
    """Print one sentence on stderr and exit with 1."""
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


@contextmanager
def guarded() -> Iterator[None]:
    """Turn errors that carry a sentence for the user into that sentence and exit 1."""
    from pydantic import ValidationError

    from omnipersona.agent.errors import EXPECTED_ERRORS

    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        fail(f"The setting {field} is refused: {first['msg']} (it is {first['input']!r}).")
    except EXPECTED_ERRORS as error:
        fail(str(error))
    except ModuleNotFoundError as error:
        if error.name != "omnipersona.training":
            raise
        fail(
            "This needs nano's drawn world, which is not installed with the program. Run it in a "
            "checkout of the source code, where the folder training/ lies."
        )
    except KeyboardInterrupt:
        fail("Stopped.")


def settings_of(context: typer.Context, **values: Any) -> "Settings":
    """Read the settings; options win over environment and file."""
    from omnipersona.agent.logs import configure
    from omnipersona.agent.settings import load_settings

    with guarded():
        settings = load_settings(**context.obj, **values)
    configure(settings.log_level, settings.log_format)
    return settings


def read_files(paths: list[Path]) -> tuple[bytes, ...]:
    """Read files whole; a missing, unreadable or huge one is a failure."""
    return tuple(_read(path) for path in paths)


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > _MAX_FILE:
            fail(f"{path} has {size // 2**20} MB; at most {_MAX_FILE // 2**20} MB are read.")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        fail(f"{path} cannot be read: {reason}.")


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    half: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            half = Path(file.name)
            file.write(data)
        half.replace(path)
    except OSError as error:
        if half is not None:
            half.unlink(missing_ok=True)
        fail(f"{path} cannot be written: {error.strerror or error}.")

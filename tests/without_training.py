"""The command line where `training/` is not installed, as in a wheel.

With arguments it is `omnipersona` with them. Without, it reads lists of arguments from standard
input, one JSON list a line, runs them one after the other, and writes `{"exit", "output"}` each.
"""

import importlib.abc
import importlib.machinery
import json
import sys
from collections.abc import Sequence
from types import ModuleType

ROOM = "omnipersona.training"


class _Hidden(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name == ROOM or name.startswith(f"{ROOM}."):
            raise ModuleNotFoundError(f"No module named {ROOM!r}", name=ROOM)
        return None


def main() -> None:
    sys.meta_path.insert(0, _Hidden())
    from omnipersona.ui.cli import app
    from omnipersona.ui.cli import main as program

    if len(sys.argv) > 1:
        program()
        return
    from typer.testing import CliRunner

    for line in sys.stdin:
        done = CliRunner().invoke(app, json.loads(line))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        print(json.dumps({"exit": done.exit_code, "output": done.output}), flush=True)


if __name__ == "__main__":
    main()

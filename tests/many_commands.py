"""Run commands of `omnipersona` one after the other, in the Python that runs this file.

Arguments are modules that are imported first. Reads lists of words from standard input, one JSON
list a line, and writes `{"exit", "output"}` for each.
"""

import json
import sys
from importlib import import_module

from typer.testing import CliRunner

from omnipersona.ui.cli import app

for module in sys.argv[1:]:
    import_module(module)
for line in sys.stdin:
    done = CliRunner().invoke(app, json.loads(line))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    print(json.dumps({"exit": done.exit_code, "output": done.output}), flush=True)

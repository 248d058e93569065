"""The last part of a run, in which the rates fall; kept on disk, so that a cut one goes on.

Knows steps. Does not know what is trained.
"""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Self

_FILE: Final = "cooldown.json"
_TAKEN: Final = 0.9


@dataclass(frozen=True, slots=True)
class Cooldown:
    """Steps over which the rates fall to a tenth.

    Attributes:
        first: The step at which they begin to fall.
        last: The step at which the run ends.
        is_finished: What comes after the last step is done, too.
    """

    first: int
    last: int
    is_finished: bool = False

    @classmethod
    def unfinished(cls, state: Path, step: int) -> Self | None:
        """Return the cooldown that a run in this state folder is in at a step, or None."""
        path = state / _FILE
        if not path.exists():
            return None
        found = cls(**json.loads(path.read_text(encoding="utf-8")))
        is_in = found.first <= step <= found.last and not found.is_finished
        return found if is_in else None

    @classmethod
    def at(cls, state: Path, step: int, num_steps: int) -> Self:
        """Return the cooldown that was begun, or begin one of `num_steps`."""
        cooldown = cls.unfinished(state, step) or cls(step, step + num_steps)
        cooldown._write(state)
        return cooldown

    def finish(self, state: Path) -> None:
        """Note that all is done; the next cooldown is another one."""
        replace(self, is_finished=True)._write(state)

    def share(self, step: int) -> float:
        """Return which share of the rates is left at a step, 1 at first and 0.1 at last."""
        return 1.0 - _TAKEN * (step - self.first) / (self.last - self.first)

    def _write(self, state: Path) -> None:
        # Every process of a team writes the same.
        partial = state / f"{_FILE}.{os.getpid()}"
        partial.write_text(json.dumps(asdict(self)), encoding="utf-8")
        partial.replace(state / _FILE)

"""The last part of a run, in which the rates fall; kept on disk, so that a cut one goes on.

Knows steps. Does not know what is trained.
"""

import json
import os
from dataclasses import asdict, dataclass
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
    """

    first: int
    last: int

    @classmethod
    def unfinished(cls, state: Path, step: int) -> Self | None:
        """Return the cooldown that a run in this state folder is in at a step, or None."""
        path = state / _FILE
        if not path.exists():
            return None
        found = cls(**json.loads(path.read_text(encoding="utf-8")))
        return found if found.first <= step < found.last else None

    @classmethod
    def at(cls, state: Path, step: int, num_steps: int) -> Self:
        """Return the cooldown that was begun, or begin one of `num_steps`."""
        cooldown = cls.unfinished(state, step) or cls(step, step + num_steps)
        # Every process of a team writes the same.
        partial = state / f"{_FILE}.{os.getpid()}"
        partial.write_text(json.dumps(asdict(cooldown)), encoding="utf-8")
        partial.replace(state / _FILE)
        return cooldown

    def share(self, step: int) -> float:
        """Return which share of the rates is left at a step, 1 at first and 0.1 at last."""
        return 1.0 - _TAKEN * (step - self.first) / (self.last - self.first)

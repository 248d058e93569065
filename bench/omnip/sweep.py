"""One setting over several values, everything else as in the plan.

Knows plans. Does not know results.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from omnipersona.bench.errors import BenchError
from omnipersona.bench.omnip.run import Plan

_SETTINGS: Final[dict[str, tuple[Callable[[Plan, int], Plan], tuple[int, ...]]]] = {
    "examples": (lambda plan, n: replace(plan, num_examples=n), (0, 1, 2, 4, 6)),
    "photos": (lambda plan, n: replace(plan, num_photos=n), (1, 3, 5, 10)),
    "steps": (
        lambda plan, n: replace(plan, config=replace(plan.config, num_steps=n)),
        (12, 50, 100, 200, 400),
    ),
    "tokens": (
        lambda plan, n: replace(plan, config=replace(plan.config, num_und=n, num_gen=n)),
        (4, 8, 16, 32),
    ),
}
SWEEPS: Final = tuple(_SETTINGS)


def swept(plan: Plan, setting: str) -> Iterator[tuple[str, Plan]]:
    """Yield a name such as `4 tokens` and the plan for every value of a setting.

    Raises:
        BenchError: There is no such setting.
    """
    if setting not in _SETTINGS:
        raise BenchError(f"There is no sweep over '{setting}'; there are {', '.join(SWEEPS)}.")
    change, values = _SETTINGS[setting]
    for value in values:
        yield f"{value} {setting}", change(plan, value)

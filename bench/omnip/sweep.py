"""One setting over several values, everything else as in the plan.

Knows plans. Does not know results.
"""

from dataclasses import replace
from typing import Any

from omnipersona.bench.errors import BenchError
from omnipersona.bench.omnip.run import Plan
from omnipersona.model.bagel.concept_training.trainer import PRESETS


def swept(plan: Plan, setting: str) -> dict[str, Plan]:
    """Return the plan for every value of a setting, by a name such as `tokens 4`.

    Raises:
        BenchError: There is no such setting.
    """

    def learning(**changed: Any) -> Plan:
        return replace(plan, config=replace(plan.config, **changed))

    plans = {
        "examples": {f"examples {n}": replace(plan, num_examples=n) for n in (0, 1, 2, 4, 6)},
        "photos": {f"photos {n}": replace(plan, num_photos=n) for n in (1, 3, 5, 10)},
        "preset": {f"preset {name}": replace(plan, config=one) for name, one in PRESETS.items()},
        "steps": {f"steps {n}": learning(num_steps=n) for n in (12, 50, 100, 200, 400)},
        "tokens": {f"tokens {n}": learning(num_und=n, num_gen=n) for n in (4, 8, 16, 32)},
    }
    if setting not in plans:
        raise BenchError(f"There is no sweep over '{setting}'; there are {', '.join(plans)}.")
    return plans[setting]

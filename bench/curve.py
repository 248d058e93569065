"""The learning curve: what a concept's tokens can do after so many seconds of learning.

Every point learns anew, by the configuration of its preset with fewer steps, and is tested like the
table's concepts. Knows the studio's doors and the exam. Does not know how tokens are learned.
"""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import Final

from omnipersona.bench.asking import Asker
from omnipersona.bench.concepts import Exam, teach
from omnipersona.bench.reader import load_reader
from omnipersona.bench.sample import Progress
from omnipersona.model.bagel.backbone import LocalPersonaModel, load_pipeline
from omnipersona.model.bagel.concept_training.trainer import PRESETS, TrainingConfig, learned
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.contract import ConceptFile, LearnRequest, Preset

_BUDGETS: Final[tuple[tuple[Preset, int], ...]] = (
    ("quick", 1),
    ("quick", 6),
    ("quick", 12),
    ("nano", 25),
    ("nano", 50),
    ("nano", 100),
    ("nano", 200),
)
_HEADS: Final = ("preset", "steps", "seconds", "recognised", "facts", "traits", "nearer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One point of the curve; shares in [0, 1].

    Attributes:
        preset: Whose configuration.
        num_steps: Updates.
        seconds: Median from photos to tokens.
        recognised: Weighted, against look-alikes.
        facts: Recalled.
        traits: Right in drawings.
        nearer: Drawings nearer to the character than to a look-alike.
    """

    preset: str
    num_steps: int
    seconds: float
    recognised: float
    facts: float
    traits: float
    nearer: float


def learning_curve(
    model: str, *, concepts: int, seed: int, on_progress: Progress
) -> Iterator[Point]:
    """Yield a point per budget, the shortest first.

    Args:
        model: Name or checkpoint folder.
        concepts: Characters per point, the same for all.
        seed: Of characters.
        on_progress: Told the budget of each point as it begins.
    """
    pipeline, device = load_pipeline(model)
    persona, reader = LocalPersonaModel(pipeline, device), load_reader()
    try:
        for preset, num_steps in _BUDGETS:
            on_progress(f"{preset}, {num_steps} steps")
            learner = _Learner(pipeline, replace(PRESETS[preset], num_steps=num_steps))
            exam = Exam(Asker(persona), reader, pipeline.config.image_size, seed)
            for i in range(concepts):
                exam.take(teach(learner.learn, seed, i, exam.size, preset), i)
            yield Point(
                preset=preset,
                num_steps=num_steps,
                seconds=median(learner.seconds),
                recognised=exam.recognised().value,
                facts=exam.known.row("facts").value,
                traits=exam.drawn.row("traits").value,
                nearer=exam.likeness.row("nearer").value,
            )
    finally:
        persona.close()


@dataclass(slots=True)
class _Learner:
    """Learns by one configuration and times it."""

    pipeline: Pipeline
    config: TrainingConfig
    seconds: list[float] = field(default_factory=list)

    def learn(self, request: LearnRequest) -> ConceptFile:
        started = time.monotonic()
        (concept,) = learned(self.pipeline, [request], self.config)
        self.seconds.append(time.monotonic() - started)
        return concept


def curve_table(points: Iterable[Point]) -> str:
    """Write points as an aligned table."""
    lines: list[tuple[str, ...]] = [_HEADS]
    for point in points:
        shares = (point.recognised, point.facts, point.traits, point.nearer)
        told = (point.preset, str(point.num_steps), f"{point.seconds:.1f}")
        lines.append((*told, *(f"{share:.2f}" for share in shares)))
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEADS))]
    return "\n".join("  ".join(map(str.rjust, line, widths)) for line in lines)


def curve_json(points: Iterable[Point]) -> str:
    """Write points as one JSON object."""
    return json.dumps({"points": [asdict(point) for point in points]})

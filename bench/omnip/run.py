"""A whole comparison: methods x repetitions x concepts, each result a file, so that it resumes.

Knows the order of work and the results folder. Does not know what a score means.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from omnipersona.bench.omnip.library import Library
from omnipersona.bench.omnip.methods import methods
from omnipersona.bench.omnip.persona import Method, Persona
from omnipersona.bench.omnip.pictures import keep_pictures
from omnipersona.bench.omnip.scores import Scores
from omnipersona.bench.omnip.subjects import QUICK, Counts, Subject
from omnipersona.model.bagel.concept_training.trainer import TrainingConfig
from omnipersona.model.bagel.pipeline import Pipeline

_TOGETHER: Final = 5

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is compared.

    Attributes:
        names: Methods.
        concepts: How many, of the drawn world held-out ones.
        seeds: Repetitions.
        counts: Items per concept of the drawn world.
        config: How tokens are learned.
        num_photos: Photos that are taught.
        num_examples: In-context examples of the parse task.
        data: Folder of a data set of photos; empty for the drawn world.
    """

    names: tuple[str, ...]
    concepts: int
    seeds: int
    counts: Counts
    config: TrainingConfig
    num_photos: int = 10
    num_examples: int = 0
    data: str = ""

    @property
    def is_quick(self) -> bool:
        """Whether it asks too little for a verdict on a claim."""
        return self.counts == QUICK


@dataclass(frozen=True, slots=True)
class Result:
    """Scores of one method on one concept in one repetition, and what teaching cost."""

    method: str
    seed: int
    concept: int
    scores: dict[str, list[float]]
    seconds: float
    num_bytes: int


def run(
    pipeline: Pipeline, subjects: Sequence[Subject], plan: Plan, out: Path, tell: Progress
) -> list[Result]:
    """Measure what is not in `out` yet, and return all results of the plan.

    Args:
        pipeline: Runs every method; its weights never change.
        subjects: The plan's concepts.
        plan: What is compared.
        out: Results folder; results of other weights or plans in it are not mixed in.
        tell: Told what is under way.
    """
    known = methods(plan.config, Library(out / "tokens"))
    unknown = [name for name in plan.names if name not in known]
    if unknown:
        raise ValueError(f"there is no method '{unknown[0]}'; there are {', '.join(known)}")
    folder = results_folder(pipeline, plan, out)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(asdict(plan), indent=1) + "\n", "utf-8")
    results: list[Result] = []
    for seed in range(plan.seeds):
        for name in plan.names:
            for start in range(0, len(subjects), _TOGETHER):
                part = subjects[start : start + _TOGETHER]
                tell(f"{name}, repetition {seed + 1}, concepts {start + 1} to {start + len(part)}")
                work = _Work(pipeline, plan, folder, name, seed)
                results += work.results(known[name], part)
    return results


def results_folder(pipeline: Pipeline, plan: Plan, out: Path) -> Path:
    """Return where a plan's results lie: what changes a result changes the folder."""
    deciding = {
        "plan": asdict(replace(plan, names=(), concepts=0, seeds=0)),
        "sampling": asdict(pipeline.config.sampling),
    }
    digest = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()
    return out / "results" / f"{pipeline.fingerprint[:12]}-{digest[:8]}"


def pictures_of(folder: Path, name: str, concept: int) -> Path:
    """Return where the pictures of a method lie, those of the first repetition."""
    return folder / "pictures" / name / str(concept)


@dataclass(frozen=True, slots=True)
class _Work:
    pipeline: Pipeline
    plan: Plan
    folder: Path
    name: str
    seed: int

    def results(self, method: Method, part: Sequence[Subject]) -> Iterator[Result]:
        """Teach what is missing, together, and yield every result."""
        missing = [one for one in part if not self._path(one).exists()]
        if missing:
            started = time.monotonic()
            count = self.plan.num_photos
            lessons = [one.lesson(self.seed, count) for one in part]
            personas = method(self.pipeline, lessons)
            seconds = (time.monotonic() - started) / len(part)
            for one, persona in zip(part, personas, strict=True):
                if one in missing:
                    self._measure(
                        replace(persona, num_examples=self.plan.num_examples), one, seconds
                    )
        for one in part:
            yield Result(**json.loads(self._path(one).read_text("utf-8")))

    def _measure(self, persona: Persona, subject: Subject, seconds: float) -> None:
        scores = Scores()
        for found in subject.scores(persona, self.seed):
            scores = found
        num_bytes = sum(len(file.whole) for file in persona.concepts)
        result = Result(self.name, self.seed, subject.number, scores.by_metric, seconds, num_bytes)
        if self.seed == 0:
            keep_pictures(pictures_of(self.folder, self.name, subject.number), scores.pictures)
        _write(self._path(subject), asdict(result))

    def _path(self, subject: Subject) -> Path:
        return self.folder / f"{self.name}-{self.seed}-{subject.number}.json"


def _write(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content) + "\n", "utf-8")
    partial.replace(path)

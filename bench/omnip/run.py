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

from omnipersona.agent.prompts import PARSE_EXAMPLES, take
from omnipersona.bench.omnip.items import ConceptItems, Counts, concept_items
from omnipersona.bench.omnip.library import Library
from omnipersona.bench.omnip.methods import methods
from omnipersona.bench.omnip.persona import Method, Persona
from omnipersona.bench.omnip.scores import Scores, noise_seed, score
from omnipersona.bench.reader import Reader
from omnipersona.model.fit import FitConfig
from omnipersona.model.studio import Studio

_TOGETHER: Final = 5

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is compared.

    Attributes:
        names: Methods.
        concepts: How many held-out concepts.
        seeds: Repetitions.
        counts: Items per concept.
        config: How tokens are learned.
        num_photos: Photos that are taught.
        num_examples: In-context examples of the parse task.
    """

    names: tuple[str, ...]
    concepts: int
    seeds: int
    counts: Counts
    config: FitConfig
    num_photos: int = 10
    num_examples: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """Scores of one method on one concept in one repetition, and what teaching cost."""

    method: str
    seed: int
    concept: int
    scores: dict[str, list[float]]
    seconds: float
    num_bytes: int


def run(studio: Studio, reader: Reader, plan: Plan, out: Path, tell: Progress) -> list[Result]:
    """Measure what is not in `out` yet, and return all results of the plan.

    Args:
        studio: Runs every method; its weights never change.
        reader: Judges pictures.
        plan: What is compared.
        out: Results folder; results of other weights or plans in it are not mixed in.
        tell: Told what is under way.
    """
    known = methods(plan.config, Library(out / "tokens"))
    unknown = [name for name in plan.names if name not in known]
    if unknown:
        raise ValueError(f"there is no method '{unknown[0]}'; there are {', '.join(known)}")
    folder = results_folder(studio, plan, out)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(asdict(plan), indent=1) + "\n", "utf-8")
    size = studio.config.image_size
    items = [concept_items(i, size, plan.counts) for i in range(plan.concepts)]
    results: list[Result] = []
    for seed in range(plan.seeds):
        for name in plan.names:
            for start in range(0, plan.concepts, _TOGETHER):
                part = items[start : start + _TOGETHER]
                tell(f"{name}, repetition {seed + 1}, concepts {start + 1} to {start + len(part)}")
                work = _Work(studio, reader, plan, folder, name, seed)
                results += work.results(known[name], part)
    return results


def results_folder(studio: Studio, plan: Plan, out: Path) -> Path:
    """Return where a plan's results lie: what changes a result changes the folder."""
    deciding = asdict(replace(plan, names=(), concepts=0, seeds=0))
    digest = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()
    return out / "results" / f"{studio.fingerprint[:12]}-{digest[:8]}"


@dataclass(frozen=True, slots=True)
class _Work:
    studio: Studio
    reader: Reader
    plan: Plan
    folder: Path
    name: str
    seed: int

    def results(self, method: Method, part: Sequence[ConceptItems]) -> Iterator[Result]:
        """Teach what is missing, together, and yield every result."""
        missing = [one for one in part if not self._path(one).exists()]
        if missing:
            started = time.monotonic()
            personas = method(
                self.studio, [one.lesson(self.seed, self.plan.num_photos) for one in part]
            )
            examples = take(PARSE_EXAMPLES, self.plan.num_examples)
            seconds = (time.monotonic() - started) / len(part)
            for one, persona in zip(part, personas, strict=True):
                if one in missing:
                    self._measure(replace(persona, examples=examples), one, seconds)
        for one in part:
            yield Result(**json.loads(self._path(one).read_text("utf-8")))

    def _measure(self, persona: Persona, items: ConceptItems, seconds: float) -> None:
        scores = Scores()
        for found in score(persona, items, self.reader, noise_seed(items.number, self.seed)):
            scores = found
        num_bytes = sum(len(file.data) for file in persona.concepts)
        result = Result(self.name, self.seed, items.number, scores.by_metric, seconds, num_bytes)
        if self.seed == 0:
            self._keep_pictures(items, scores)
        _write(self._path(items), asdict(result))

    def _path(self, items: ConceptItems) -> Path:
        return self.folder / f"{self.name}-{self.seed}-{items.number}.json"

    def _keep_pictures(self, items: ConceptItems, scores: Scores) -> None:
        folder = self.folder / "pictures" / self.name / str(items.number)
        folder.mkdir(parents=True, exist_ok=True)
        words = {}
        for i, (asked, made) in enumerate(scores.pictures.items()):
            made.image.save(folder / f"{i}.png")
            words[f"{i}.png"] = (asked, *made.lines)
        _write(folder / "asked.json", words)


def _write(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content) + "\n", "utf-8")
    partial.replace(path)

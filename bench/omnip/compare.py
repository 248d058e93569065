"""One comparison from a model's name to table, JSON and report.

Knows how the parts of this package are put together.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from omnipersona.bench.datasets.layouts import read_dataset
from omnipersona.bench.errors import BenchError
from omnipersona.bench.metrics.intervals import Interval
from omnipersona.bench.omnip.claims import alignment_line, claims_table, findings
from omnipersona.bench.omnip.instruments import Sources
from omnipersona.bench.omnip.library import Library
from omnipersona.bench.omnip.methods import methods
from omnipersona.bench.omnip.photo_subjects import photo_subjects
from omnipersona.bench.omnip.report import write_report
from omnipersona.bench.omnip.run import Plan, Result, results_folder, run
from omnipersona.bench.omnip.subjects import ALIGNMENT, QUICK, Counts, Subject
from omnipersona.bench.omnip.summary import as_table, figures, gains
from omnipersona.bench.omnip.sweep import swept
from omnipersona.model.bagel.backbone import LocalPersonaModel, load_pipeline
from omnipersona.model.bagel.concept_training.trainer import PRESETS
from omnipersona.model.bagel.pipeline import Pipeline

_PICTURED: Final = 3


def plan_of(
    names: tuple[str, ...],
    *,
    concepts: int,
    seeds: int,
    quick: bool,
    num_photos: int,
    num_examples: int,
    alignment: bool = False,
    data: Path | None = None,
) -> Plan:
    """Return a plan; no names are all methods. With `alignment` there are only prompts, many.

    Raises: BenchError: a method is unknown.
    """
    config = PRESETS["quick"] if quick else PRESETS["nano"]
    known = methods(config, Library(Path()))
    for name in names:
        if name not in known:
            raise BenchError(f"There is no method '{name}'; there are {', '.join(known)}.")
    counts = ALIGNMENT if alignment else QUICK if quick else Counts()
    return Plan(
        names=names or tuple(known),
        concepts=concepts,
        seeds=seeds,
        counts=counts,
        config=config,
        num_photos=num_photos,
        num_examples=num_examples,
        data="" if data is None else str(data.resolve()),
    )


@dataclass(frozen=True, slots=True)
class Ground:
    """The loaded model that runs every method, and the concepts it is compared on."""

    pipeline: Pipeline
    subjects: Sequence[Subject]


def ground(model: str, plan: Plan, sources: Sources) -> Ground:
    """Load a model and a plan's concepts: of its data set, or of the drawn world.

    Raises:
        DatasetError: The data set is not laid out as its reader expects.
        MetricError: An encoder cannot be loaded.
    """
    pipeline, device = load_pipeline(model)
    # Pictures are the comparison's own, however they turn out; a refusal would end it.
    pipeline.config = replace(pipeline.config, max_strangeness=None)
    if not plan.data:
        # Only these rows need the drawn world, which a wheel does not hold.
        from omnipersona.bench.omnip.world_subjects import world_subjects
        from omnipersona.bench.reader import load_reader

        return Ground(pipeline, world_subjects(pipeline, load_reader(), plan.concepts, plan.counts))
    dataset = read_dataset(Path(plan.data))
    instruments = sources.load(LocalPersonaModel(pipeline, device))
    return Ground(pipeline, photo_subjects(pipeline, dataset, instruments, plan.concepts))


def compare(
    on: Ground, plan: Plan, out: Path, tell: Callable[[str], None], *, as_json: bool
) -> str:
    """Run a plan, and return what to print.

    Writes `figures.json`, `claims.md` and `report.html` into `out`. A quick plan claims nothing.
    """
    pipeline = on.pipeline
    results = run(pipeline, on.subjects, plan, out, tell)
    found = figures(results)
    claimed = findings(results, is_quick=plan.is_quick)
    claims = "\n\n".join(filter(None, (claims_table(claimed), alignment_line(results))))
    (out / "claims.md").write_text(claims + "\n", "utf-8")
    lessons = [one.lesson(0, plan.num_photos) for one in on.subjects[:_PICTURED]]
    folder = results_folder(pipeline, plan, out)
    write_report(found, claimed, lessons, folder, out / "report.html")
    told = _told(pipeline, plan, found, out / "figures.json", as_json=as_json)
    return told if as_json else f"{told}\n\n{claims}"


def sweep(
    on: Ground, plan: Plan, setting: str, out: Path, tell: Callable[[str], None], *, as_json: bool
) -> str:
    """Run a plan for every value of a setting, write `sweep-SETTING.json`, return what to print.

    A method's last row has the differences between the last value and the first.

    Raises: BenchError: there is no such setting.
    """
    results = dict[str, list[Result]]()
    for label, changed in swept(plan, setting).items():
        tell(label)
        results[label] = run(on.pipeline, on.subjects, changed, out, tell)
    of_label = {label: figures(found) for label, found in results.items()}
    first, *_, last = results
    gained = gains(results[last], results[first])
    found = dict[str, dict[str, Interval]]()
    for name in plan.names:
        found |= {f"{name}, {label}": rows[name] for label, rows in of_label.items()}
        found[f"{name}, {last} - {first}"] = gained[name]
    return _told(on.pipeline, plan, found, out / f"sweep-{setting}.json", as_json=as_json)


def _told(
    pipeline: Pipeline,
    plan: Plan,
    found: dict[str, dict[str, Interval]],
    path: Path,
    *,
    as_json: bool,
) -> str:
    """Write figures into a file, and return them as a table or as that file's JSON."""
    content = {
        name: {metric: asdict(interval) for metric, interval in row.items()}
        for name, row in found.items()
    }
    text = json.dumps(
        {"fingerprint": pipeline.fingerprint, "plan": asdict(plan), "figures": content}
    )
    path.write_text(text + "\n", "utf-8")
    return text if as_json else as_table(found)

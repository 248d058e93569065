"""One comparison from a model's name to table, JSON and report.

Knows how the parts of this package are put together.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from omnipersona.bench.metrics.intervals import Interval
from omnipersona.bench.omnip.claims import alignment_line, claims_table, findings
from omnipersona.bench.omnip.items import ALIGNMENT, QUICK, Counts
from omnipersona.bench.omnip.library import Library
from omnipersona.bench.omnip.methods import methods
from omnipersona.bench.omnip.report import write_report
from omnipersona.bench.omnip.run import Plan, results_folder, run
from omnipersona.bench.omnip.summary import as_table, figures
from omnipersona.bench.omnip.sweep import swept
from omnipersona.bench.reader import load_reader
from omnipersona.model.fit import PRESETS
from omnipersona.model.runtime import load_studio
from omnipersona.model.studio import Studio

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
) -> Plan:
    """Return a plan; no names are all methods. With `alignment` there are only prompts, many.

    Raises: ValueError: a method is unknown.
    """
    config = PRESETS["quick"] if quick else PRESETS["nano"]
    known = methods(config, Library(Path()))
    for name in names:
        if name not in known:
            raise ValueError(f"There is no method '{name}'; there are {', '.join(known)}.")
    counts = ALIGNMENT if alignment else QUICK if quick else Counts()
    return Plan(
        names=names or tuple(known),
        concepts=concepts,
        seeds=seeds,
        counts=counts,
        config=config,
        num_photos=num_photos,
        num_examples=num_examples,
    )


def compare(
    model: str, plan: Plan, out: Path, tell: Callable[[str], None], *, as_json: bool
) -> str:
    """Run a plan, and return what to print.

    Writes `figures.json`, `claims.md` and `report.html` into `out`.
    """
    studio, _ = load_studio(model)
    results = run(studio, load_reader(), plan, out, tell)
    found = figures(results)
    claims = "\n\n".join(filter(None, (claims_table(findings(results)), alignment_line(results))))
    (out / "claims.md").write_text(claims + "\n", "utf-8")
    pictured = range(min(_PICTURED, plan.concepts))
    write_report(found, results_folder(studio, plan, out), out / "report.html", pictured)
    told = _told(studio, found, out / "figures.json", as_json=as_json)
    return told if as_json else f"{told}\n\n{claims}"


def sweep(
    model: str, plan: Plan, setting: str, out: Path, tell: Callable[[str], None], *, as_json: bool
) -> str:
    """Run a plan for every value of a setting, write `sweep-SETTING.json`, return what to print.

    Raises: ValueError: there is no such setting.
    """
    studio, _ = load_studio(model)
    reader, found = load_reader(), dict[str, dict[str, Interval]]()
    for label, changed in swept(plan, setting):
        tell(label)
        for name, row in figures(run(studio, reader, changed, out, tell)).items():
            found[f"{name}, {label}"] = row
    return _told(studio, found, out / f"sweep-{setting}.json", as_json=as_json)


def _told(
    studio: Studio, found: dict[str, dict[str, Interval]], path: Path, *, as_json: bool
) -> str:
    """Write figures into a file, and return them as a table or as that file's JSON."""
    content = {
        name: {metric: asdict(interval) for metric, interval in row.items()}
        for name, row in found.items()
    }
    text = json.dumps({"fingerprint": studio.fingerprint, "figures": content})
    path.write_text(text + "\n", "utf-8")
    return text if as_json else as_table(found)

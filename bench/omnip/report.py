"""A page that a person would rather look at than read: methods x prompts, with the figures above.

Knows results folders and HTML. Does not know how anything was measured.
"""

import base64
import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from omnipersona.bench.metrics.intervals import Interval

_SHOWN: Final = ("rec", "vqa", "qa", "identity", "text alignment", "parg", "edit")
_STYLE: Final = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1200px;padding:0 1rem;
color:#222;background:#fcfcfa}
table{border-collapse:collapse}th,td{padding:.35rem .6rem;text-align:left;vertical-align:top}
.bar{display:inline-block;height:.6rem;background:#6a8fd8;border-radius:.3rem}
.range{color:#888;font-size:.8rem}img{width:112px;height:112px;border-radius:8px;display:block}
.wall p{margin:.2rem 0;font-size:.75rem;max-width:112px}
.wall{overflow-x:auto}.wall th{font-weight:600;font-size:.8rem;max-width:112px}
"""


def write_report(
    found: dict[str, dict[str, Interval]], folder: Path, path: Path, concepts: Sequence[int]
) -> None:
    """Write one HTML file with figures and pictures inside; it needs no other file."""
    parts = [f"<h2>Figures</h2>{_figures(found)}"]
    for concept in concepts:
        wall = _wall(list(found), folder / "pictures", concept)
        if wall:
            parts.append(f"<h2>Concept {concept}</h2><div class=wall>{wall}</div>")
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>OmniPBench</title>'
        f"<style>{_STYLE}</style><h1>OmniPBench</h1>{''.join(parts)}</html>\n"
    )
    path.write_text(page, "utf-8")


def _figures(found: dict[str, dict[str, Interval]]) -> str:
    head = "".join(f"<th>{html.escape(metric)}</th>" for metric in ("method", *_SHOWN))
    rows = []
    for name, row in found.items():
        cells = "".join(f"<td>{_bar(row.get(metric))}</td>" for metric in _SHOWN)
        rows.append(f"<tr><th>{html.escape(name)}</th>{cells}</tr>")
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _bar(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    width = round(60 * interval.value)
    return (
        f'<span class=bar style="width:{width}px"></span> {interval.value:.2f}'
        f"<br><span class=range>{interval.low:.2f} to {interval.high:.2f}</span>"
    )


def _wall(names: list[str], pictures: Path, concept: int) -> str:
    columns: list[str] = []
    lines = []
    for name in names:
        asked_path = pictures / name / str(concept) / "asked.json"
        if not asked_path.exists():
            continue
        asked: dict[str, list[str]] = json.loads(asked_path.read_text("utf-8"))
        columns = columns or [words for words, *_ in asked.values()]
        images = "".join(
            f"<td>{_image(asked_path.parent / file)}{_lines(lines)}</td>"
            for file, (_, *lines) in asked.items()
        )
        lines.append(f"<tr><th>{html.escape(name)}</th>{images}</tr>")
    if not lines:
        return ""
    head = "".join(f"<th>{html.escape(words)}</th>" for words in ("", *columns))
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def _lines(lines: Sequence[str]) -> str:
    """Write the steps from a wish to its prompt under a picture."""
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines)


def _image(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<img alt="" src="data:image/png;base64,{data}">'

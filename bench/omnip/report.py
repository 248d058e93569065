"""A page that a person would rather look at than read: figures, claims, and pictures side by side.

Knows results folders and HTML. Does not know how anything was measured.
"""

import base64
import html
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from omnipersona.bench.metrics.intervals import Interval
from omnipersona.bench.omnip.claims import Finding, reservations
from omnipersona.bench.omnip.methods import BELOW_THEIR_BEST
from omnipersona.bench.omnip.pictures import Kept, kept_pictures
from omnipersona.bench.omnip.run import pictures_of
from omnipersona.model.contract import LearnRequest

_SHOWN: Final = ("rec", "vqa", "qa", "identity", "text alignment", "parg", "edit")
_RECAPTIONED: Final = ("hybrid", "omnipersona")
_NUM_CARDS: Final = 12
_NUM_PHOTOS: Final = 5
_WIDEST: Final = 256
_SAID_BEGIN: Final = "<section>"
_SAID_END: Final = "</section>"
_STYLE: Final = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1240px;padding:0 1rem;
color:#222;background:#fcfcfa}
h2{margin:2.5rem 0 .6rem}p,li{max-width:46rem}
table{border-collapse:collapse}th,td{padding:.35rem .6rem;text-align:left;vertical-align:top}
.bar{display:inline-block;width:60px;height:.6rem;background:#e7eaf2;border-radius:.3rem}
.bar i{display:block;height:100%;background:#6a8fd8;border-radius:.3rem}
.range{color:#777;font-size:.8rem}
.reproduced{color:#1c7a3d}.not-reproduced{color:#b3341f}.undecided{color:#8a6a00}
.withdrawn,.no-claim{color:#777}
img{width:112px;border-radius:8px;display:block}
.taught{display:flex;gap:.5rem;flex-wrap:wrap}.taught img{width:72px}
.wall{overflow-x:auto}.wall th{font-weight:600;font-size:.8rem;max-width:112px}
.wall th:first-child{position:sticky;left:0;background:#fcfcfa;min-width:130px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(340px,1fr));gap:1rem}
.card{display:flex;align-items:flex-start;gap:.8rem;padding:.7rem;border:1px solid #e3e3de;
border-radius:10px;background:#fff}
.card dl{flex:1;min-width:0;margin:0;display:grid;grid-template-columns:auto 1fr;
gap:.1rem .5rem;font-size:.85rem;align-content:start}.card dt{font-weight:600}.card dd{margin:0}
.card.missed{border-color:#e0a99f;background:#fff8f6}
"""


def write_report(
    found: dict[str, dict[str, Interval]],
    claims: Sequence[Finding],
    lessons: Sequence[LearnRequest],
    folder: Path,
    path: Path,
) -> None:
    """Write one HTML file with everything inside; it needs no other file.

    Args:
        found: Figures by method.
        claims: What became of the paper's claims.
        lessons: Of the concepts that are pictured, by their number.
        folder: Results folder that the pictures lie in.
        path: File to write.
    """
    page = "".join(
        (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>OmniPBench</title>',
            f"<style>{_STYLE}</style><h1>OmniPBench</h1>",
            f"<h2>Figures</h2>{_figures(found)}",
            f"{_SAID_BEGIN}{_said(found, claims)}{_SAID_END}",
            _cards(list(found), folder),
            *(_wall(list(found), lesson, i, folder) for i, lesson in enumerate(lessons)),
            "</html>\n",
        )
    )
    path.write_text(page, "utf-8")


def said_anew(page: str, methods: Iterable[str], claims: Sequence[Finding]) -> str:
    """Return a written report with what is said of its figures now; figures and pictures stay."""
    start, end = page.index(_SAID_BEGIN) + len(_SAID_BEGIN), page.index(_SAID_END)
    return f"{page[:start]}{_said(methods, claims)}{page[end:]}"


def _said(methods: Iterable[str], claims: Sequence[Finding]) -> str:
    """Show which methods have less than their best, and what became of the claims."""
    below = [(name, BELOW_THEIR_BEST[name]) for name in methods if name in BELOW_THEIR_BEST]
    items = "".join(f"<li><b>{name}</b>: {html.escape(why)}</li>" for name, why in below)
    told = f"<p>Not measured in the best format they can have:</p><ul>{items}</ul>" if items else ""
    return told + _claims(claims)


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
    return (
        f'<span class=bar><i style="width:{100 * interval.value:.0f}%"></i></span> '
        f"{interval.value:.2f}"
        f"<br><span class=range>{interval.low:.2f} to {interval.high:.2f}</span>"
    )


def _claims(found: Sequence[Finding]) -> str:
    """Show every claim with its verdict, and beneath what has to be known beside them."""
    rows = []
    for one in found:
        claim, apart = one.claim, one.difference
        who = f"{claim.better} over {claim.worse}, {claim.metric}"
        rows.append(
            f"<tr><td>{html.escape(claim.idea)}</td><td>{html.escape(who)}</td>"
            f"<td>{one.better:.2f} / {one.worse:.2f}</td>"
            f"<td>{apart.value:+.2f} <span class=range>{apart.low:+.2f} to {apart.high:+.2f}"
            f'</span></td><td class="{one.verdict.replace(" ", "-")}">{one.told}</td></tr>'
        )
    notes = "".join(f"<li>{html.escape(one)}</li>" for one in reservations(found))
    return f"<h2>Claims</h2><table>{''.join(rows)}</table><ul>{notes}</ul>" if rows else ""


def _cards(names: Sequence[str], folder: Path) -> str:
    """Show the steps from wishes to pictures of the best method that has them; failures, too."""
    name = next((one for one in _RECAPTIONED if one in names), None)
    if name is None:
        return ""
    wishes = [one for one in _pictures_of_all(folder, name) if dict(one.steps).get("shown")]
    missed = [one for one in wishes if _is_missed(one)][:_NUM_CARDS]
    met = [one for one in wishes if not _is_missed(one)][:_NUM_CARDS]
    cards = "".join(map(_card, (*met, *missed)))
    title = f"<h2>From a wish to a picture: {html.escape(name)}</h2>"
    return f"{title}<div class=cards>{cards}</div>" if cards else ""


def _pictures_of_all(folder: Path, name: str) -> Iterator[Kept]:
    concept = 0
    while found := kept_pictures(pictures_of(folder, name, concept)):
        yield from found
        concept += 1


def _is_missed(one: Kept) -> bool:
    return "missing" in dict(one.steps)["shown"]


def _card(one: Kept) -> str:
    lines = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd>"
        for name, text in (("T", one.asked), *one.steps)
    )
    kind = "card missed" if _is_missed(one) else "card"
    return f'<div class="{kind}">{_image(one.image)}<dl>{lines}</dl></div>'


def _wall(names: Sequence[str], lesson: LearnRequest, concept: int, folder: Path) -> str:
    """Show what was taught, then what every method made of every request."""
    made = {name: kept_pictures(pictures_of(folder, name, concept)) for name in names}
    drawn = {name: [one for one in all_ if one.before is None] for name, all_ in made.items()}
    edited = {name: [one for one in all_ if one.before] for name, all_ in made.items()}
    tables = "".join(f"<div class=wall>{_table(rows)}</div>" for rows in (drawn, edited))
    return f"{_taught(lesson, concept)}{tables}" if any(made.values()) else ""


def _table(rows: Mapping[str, Sequence[Kept]]) -> str:
    """Show pictures by method, with what was asked above them, and what was edited."""
    rows = {name: row for name, row in rows.items() if row}
    first = next(iter(rows.values()), [])
    lines = ["<th></th>" + "".join(f"<th>{html.escape(one.asked)}</th>" for one in first)]
    if before := "".join(f"<td>{_image(one.before)}</td>" for one in first if one.before):
        lines.append(f"<th>before</th>{before}")
    for name, row in rows.items():
        images = "".join(f"<td>{_image(one.image)}</td>" for one in row)
        lines.append(f"<th>{html.escape(name)}</th>{images}")
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _taught(lesson: LearnRequest, concept: int) -> str:
    photos = "".join(_embedded(photo.whole) for photo in lesson.photos[:_NUM_PHOTOS])
    facts = "; ".join(f"{fact.attribute}: {fact.value}" for fact in lesson.facts)
    title = f"Concept {concept + 1}, a {lesson.kind}" if lesson.kind else f"Concept {concept + 1}"
    return (
        f"<h2>{html.escape(title)}</h2><div class=taught>{photos}</div>"
        f"<p>Taught with {len(lesson.photos)} photos, and: {html.escape(facts)}.</p>"
    )


def _image(path: Path) -> str:
    return _embedded(path.read_bytes())


def _embedded(picture: bytes) -> str:
    image, file = Image.open(io.BytesIO(picture)).convert("RGB"), io.BytesIO()
    image.thumbnail((_WIDEST, _WIDEST))
    image.save(file, "WEBP", quality=90)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return f'<img alt="" src="data:image/webp;base64,{data}">'

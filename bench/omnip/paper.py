"""What the paper reports, by our names of methods and metrics.

Source: OmniPersona (CVPR 2026), BAGEL-7B on 20 concepts. `identity` stands for its CLIP-I;
`two-sets` is its row of Yo'Chameleon, `staged` of UniCTokens, `text-prompt` of BAGEL with a long
text.
"""

from collections.abc import Mapping
from typing import Final

from omnipersona.bench.metrics.intervals import Interval

METRICS: Final = ("rec", "vqa", "identity", "parg", "edit")

PAPER: Final[Mapping[str, Mapping[str, float]]] = {
    "text-prompt": {"rec": 0.788, "vqa": 0.542, "identity": 0.697, "parg": 0.813, "edit": 0.432},
    "two-sets": {"rec": 0.764, "vqa": 0.507, "identity": 0.697, "parg": 0.266, "edit": 0.234},
    "staged": {"rec": 0.790, "vqa": 0.523, "identity": 0.750, "parg": 0.359, "edit": 0.184},
    "omnipersona": {"rec": 0.852, "vqa": 0.603, "identity": 0.791, "parg": 0.613, "edit": 0.658},
    "without-decoupling": {"rec": 0.804, "identity": 0.778, "edit": 0.633},
    "without-recaptioning": {"identity": 0.765, "parg": 0.312},
    "without-edit-data": {"rec": 0.840, "identity": 0.772, "edit": 0.638},
}


def paper_table(found: Mapping[str, Mapping[str, Interval]]) -> str:
    """Write the paper's figures beside ours as a Markdown table, a method per line."""
    lines = [f"| paper / here | {' | '.join(METRICS)} |", f"|---|{'---|' * len(METRICS)}"]
    for name, theirs in PAPER.items():
        ours = found.get(name, {})
        cells = [f"{_figure(theirs.get(one))} / {_value(ours.get(one))}" for one in METRICS]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _value(interval: Interval | None) -> str:
    return _figure(None if interval is None else interval.value)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"

"""A contact sheet: drawings and edits beside the words they were asked with.

Knows the layout of the sheet. Does not know how a picture is judged.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from omnipersona.bench.asking import Asker
from omnipersona.bench.drawings import sample_drawing
from omnipersona.bench.edits import sample_item
from omnipersona.model.contract import PersonaModel
from omnipersona.training.corpus.edits import EDIT_KINDS
from omnipersona.training.world.render import render

_SIDE: Final = 128
_GAP: Final = 12
_FONT_SIZE: Final = 12
_LINE: Final = 15
_NUM_LINES: Final = 5
_LETTER: Final = 6.2
_CELLS_WIDE: Final = 6
_INK: Final = (40, 40, 50)
_PAPER: Final = (252, 252, 250)


@dataclass(frozen=True, slots=True)
class Cell:
    """Words, and the picture they led to; an edit also shows its source, on the left."""

    words: str
    pictures: tuple[Image.Image, ...]


def contact_sheet(
    model: PersonaModel, *, seed: int = 0, num_drawings: int = 12, edits_per_kind: int = 1
) -> Image.Image:
    """Draw held-out captions and edit held-out instructions; return them as one picture."""
    asker, size = Asker(model), model.describe().image_size
    cells = []
    for i in range(num_drawings):
        _, caption = sample_drawing(seed, i)
        cells.append(Cell(caption, (asker.draw(caption, seed=i),)))
    for i in range(edits_per_kind):
        for kind in EDIT_KINDS:
            edit = sample_item(seed, kind, i)
            source = render(edit.source, size)
            result = asker.edit(source, edit.instruction, seed=i)
            cells.append(Cell(edit.instruction, (source, result)))
    return laid_out(cells)


def laid_out(cells: Sequence[Cell]) -> Image.Image:
    """Place cells row by row, each with its words below; wide cells take two places."""
    rows: list[list[Cell]] = [[]]
    for cell in cells:
        taken = sum(len(one.pictures) for one in rows[-1])
        if taken + len(cell.pictures) > _CELLS_WIDE:
            rows.append([])
        rows[-1].append(cell)
    height = _SIDE + _NUM_LINES * _LINE + _GAP
    width = _CELLS_WIDE * (_SIDE + _GAP) + _GAP
    sheet = Image.new("RGB", (width, len(rows) * height + _GAP), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT_SIZE)
    for r, row in enumerate(rows):
        x, y = _GAP, _GAP + r * height
        for cell in row:
            start = x
            for picture in cell.pictures:
                sheet.paste(picture.resize((_SIDE, _SIDE), Image.Resampling.NEAREST), (x, y))
                x += _SIDE + _GAP
            letters = int((x - start - _GAP) / _LETTER)
            lines = textwrap.wrap(cell.words, letters)[:_NUM_LINES]
            pen.multiline_text((start, y + _SIDE + 3), "\n".join(lines), fill=_INK, font=font)
    return sheet

"""Train the reader on renders, softened the way a decoder softens.

It names the traits of a picture, and for the sake of learning also what each of its cells shows.
Every batch is partly new, partly replayed from earlier ones, mirrored and softened anew. Runs for a
given time, the learning rate falling with it; data and noise depend on the seed alone. The last
part of the time goes to the embedding of identities (`train_identity`).
Goes on from a trained reader with `--start FILE`; give it another seed then.
`python -m omnipersona.bench.train_reader --minutes 60 --out FILE`
"""

import argparse
import logging
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from omnipersona.bench.judging import accuracy, held_out_scenes, identity_told
from omnipersona.bench.reader import POOLED, SIDE, WEIGHTS, Reader, load_reader, save_reader
from omnipersona.bench.train_identity import train_identity
from omnipersona.bench.traits import TRAITS, traits_of_figure, truth
from omnipersona.model.bagel.images import to_uint8
from omnipersona.model.engine.devices import training_precision
from omnipersona.training.samples.pixels import random_scene
from omnipersona.training.world.labels import LABELS, show
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import MAX_FIGURES, Scene

logger = logging.getLogger(__name__)

_NEW: Final = 16
_REPLAYED: Final = 32
_BUFFER: Final = 16_000
_PEAK_RATE: Final = 4e-3
_CELLS_SHARE: Final = 0.5
_IDENTITY_SHARE: Final = 0.15
_WARM_SHARE: Final = 0.04
_LOG_STEPS: Final = 100
_UNSEEN: Final = -1
_TESTED: Final = 1500
_GRID: Final = SIDE // 8
# A mirror exchanges left and right, so who faces where is left out.
_CELLS: Final = [i for i, (group, _) in enumerate(LABELS) if group != "facing"]
_SLOTS: Final = tuple(
    torch.tensor([list(TRAITS).index(trait) for trait in traits_of_figure(i)])
    for i in range(MAX_FIGURES)
)


def labels(scene: Scene) -> Tensor:
    """Return the index of every trait's word (A,); -1 where no such figure is."""
    true = truth(scene)
    found = [
        words.index(true[trait]) if trait in true else _UNSEEN for trait, words in TRAITS.items()
    ]
    return torch.tensor(found)


def mirrored(pixels_CYX: Tensor, known_A: Tensor) -> tuple[Tensor, Tensor]:
    """Return a picture and its labels with left and right exchanged."""
    both = known_A[_SLOTS[1]] != _UNSEEN
    turned = known_A.clone()
    if both.any():
        turned[_SLOTS[0]], turned[_SLOTS[1]] = known_A[_SLOTS[1]], known_A[_SLOTS[0]]
    return pixels_CYX.flip(-1), turned


def softened(pixels_BCYX: Tensor, noise: torch.Generator) -> Tensor:
    """Return pictures as a decoder might give them back: blurred, noisy, blotchy, off in light."""
    batch = len(pixels_BCYX)

    def strength(share: float) -> Tensor:
        """Draw (B, 1, 1, 1) in [0, 1], zero for all but `share` of the pictures."""
        drawn = torch.rand(2, batch, 1, 1, 1, generator=noise)
        return drawn[0] * (drawn[1] < share)

    small = F.avg_pool2d(pixels_BCYX, 2)
    coarse = F.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    soft = pixels_BCYX.lerp(coarse, strength(0.6))
    grain = torch.randn(pixels_BCYX.shape, generator=noise)
    blots = torch.randn(batch, 3, SIDE // 4, SIDE // 4, generator=noise)
    blots = F.interpolate(blots, scale_factor=4, mode="bilinear", align_corners=False)
    soft = soft + 0.15 * strength(0.5) * grain + 0.2 * strength(0.5) * blots
    light = 0.04 * torch.randn(2, batch, 3, 1, 1, generator=noise)
    return soft * (1.0 + light[0]) + light[1]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A picture in bytes (3, 64, 64), its traits (A,) and what its cells show, (8, 8, labels)."""

    picture: Tensor
    known: Tensor
    cells: Tensor

    def turned(self) -> "_Kept":
        """Return its mirror image."""
        picture, known = mirrored(self.picture, self.known)
        return _Kept(picture, known, self.cells.flip(1))


class _Supply:
    """Rendered scenes with their labels; keeps the latest ones for replay."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"{seed} reader")
        self.noise = torch.Generator().manual_seed(seed)
        self.kept: list[_Kept] = []
        self.made = 0

    def batch(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return pixels (B, 3, 64, 64), every other one softened, traits (B, A), and cells."""
        rng = self.rng
        chosen = [self._new() for _ in range(_NEW)] + rng.choices(self.kept, k=_REPLAYED)
        rng.shuffle(chosen)
        shown = [one.turned() if rng.random() < 0.5 else one for one in chosen]
        pixels = torch.stack([one.picture for one in shown]).float() / 127.5 - 1.0
        pixels[::2] = softened(pixels[::2], self.noise)
        cells = torch.stack([one.cells for one in shown]).float() / 255.0
        return pixels, torch.stack([one.known for one in shown]), cells

    def _new(self) -> _Kept:
        scene = random_scene(self.rng)
        shown = show(scene, SIDE)
        cells = shown.cells(_GRID, _GRID)[:, _CELLS].unflatten(0, (_GRID, _GRID))
        picture = to_uint8(shown.pixels).permute(2, 0, 1).contiguous()
        one = _Kept(picture, labels(scene), (255.0 * cells).byte())
        if len(self.kept) < _BUFFER:
            self.kept.append(one)
        else:
            self.kept[self.made % _BUFFER] = one
        self.made += 1
        return one


def train_reader(seconds: float, seed: int = 0, start: Reader | None = None) -> Reader:
    """Train a reader for a time: a fresh one, or `start`, which is changed."""
    torch.manual_seed(seed)
    reader = (start or Reader()).train()
    cell_head = nn.Conv2d(POOLED, len(_CELLS), 1)
    supply = _Supply(seed)
    parameters = [*reader.parameters(), *cell_head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=_PEAK_RATE, weight_decay=0.02)
    started, step = time.monotonic(), 0
    naming_seconds = seconds * (1.0 - _IDENTITY_SHARE)
    while (share := (time.monotonic() - started) / naming_seconds) < 1.0:
        rate = _PEAK_RATE * min(1.0, share / _WARM_SHARE) * 0.5 * (1 + math.cos(math.pi * share))
        for group in optimizer.param_groups:
            group["lr"] = rate
        pixels, known, cells = supply.batch()
        with training_precision():
            hidden = reader.features(pixels.contiguous(memory_format=torch.channels_last))
            named = cell_head(hidden).permute(0, 2, 3, 1).float()
        hidden = hidden.float()
        missed = F.binary_cross_entropy_with_logits(named, cells, reduction="sum")
        loss = _loss(reader.named(hidden), known) + _CELLS_SHARE * missed / cells[..., 0].numel()
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        step += 1
        if step % _LOG_STEPS == 0:
            logger.info("step %d, %.0f %% of the time, loss %.3f", step, 100 * share, loss.item())
    reader.eval()
    train_identity(reader, seconds * _IDENTITY_SHARE, seed)
    return reader


def _loss(logits: dict[str, Tensor], known_BA: Tensor) -> Tensor:
    parts = [
        F.cross_entropy(one, known_BA[:, a], ignore_index=_UNSEEN, reduction="sum")
        for a, one in enumerate(logits.values())
    ]
    return torch.stack(parts).sum() / len(known_BA)


def main() -> None:
    """Train, write and test a reader from the command line."""
    parser = argparse.ArgumentParser(description=train_reader.__doc__)
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, help="A trained reader to go on from.")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    start = load_reader(chosen.start) if chosen.start else None
    save_reader(train_reader(60.0 * chosen.minutes, chosen.seed, start), chosen.out)
    reader = load_reader(chosen.out)
    for count in (1, 2):
        scenes = held_out_scenes(count, _TESTED)
        tally = accuracy(reader, scenes, [render(scene, SIDE) for scene in scenes])
        for trait in tally.hits:
            logger.info("%d figure(s), %s: %.4f", count, trait, tally.share(trait))
    logger.info("told from look-alikes: %.4f", identity_told(reader, _TESTED))


if __name__ == "__main__":
    main()

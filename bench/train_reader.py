"""Train the reader on renders, softened the way a decoder softens.

Every batch is partly new, partly replayed from earlier ones, mirrored and softened anew. Runs for a
given time, the learning rate falling with it; data and noise depend on the seed alone. Goes on from
a trained reader with `--start FILE`; give it another seed then.
`python -m omnipersona.bench.train_reader --minutes 12 --out FILE`
"""

import argparse
import logging
import math
import random
import time
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from omnipersona.bench.judging import accuracy, held_out_scenes
from omnipersona.bench.reader import SIDE, WEIGHTS, Reader, load_reader, save_reader
from omnipersona.bench.traits import TRAITS, traits_of_figure, truth
from omnipersona.model.nano.pixels import random_scene
from omnipersona.model.nano.render import render
from omnipersona.model.nano.world import MAX_FIGURES, Scene
from omnipersona.model.vision.images import to_pixels, to_uint8

logger = logging.getLogger(__name__)

_NEW: Final = 20
_REPLAYED: Final = 44
_BUFFER: Final = 16_000
_PEAK_RATE: Final = 4e-3
_WARM_SHARE: Final = 0.04
_LOG_STEPS: Final = 100
_UNSEEN: Final = -1
_TESTED: Final = 1500
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


class _Supply:
    """Rendered scenes with their labels; keeps the latest ones for replay."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"{seed} reader")
        self.noise = torch.Generator().manual_seed(seed)
        self.pictures: list[Tensor] = []
        self.labels: list[Tensor] = []
        self.made = 0

    def batch(self) -> tuple[Tensor, Tensor]:
        """Return pixels (B, 3, 64, 64), every other one softened, and labels (B, A)."""
        chosen = [self._new() for _ in range(_NEW)]
        chosen += [self.rng.randrange(len(self.pictures)) for _ in range(_REPLAYED)]
        self.rng.shuffle(chosen)
        pairs = [self._turned(i) for i in chosen]
        pixels = torch.stack([picture for picture, _ in pairs]).float() / 127.5 - 1.0
        pixels[::2] = softened(pixels[::2], self.noise)
        return pixels, torch.stack([known for _, known in pairs])

    def _turned(self, i: int) -> tuple[Tensor, Tensor]:
        picture, known = self.pictures[i], self.labels[i]
        return mirrored(picture, known) if self.rng.random() < 0.5 else (picture, known)

    def _new(self) -> int:
        scene = random_scene(self.rng)
        picture = to_uint8(to_pixels(render(scene, SIDE))).permute(2, 0, 1).contiguous()
        known = labels(scene)
        at = self.made % _BUFFER
        if at == len(self.pictures):
            self.pictures.append(picture)
            self.labels.append(known)
        else:
            self.pictures[at], self.labels[at] = picture, known
        self.made += 1
        return at


def train_reader(seconds: float, seed: int = 0, start: Reader | None = None) -> Reader:
    """Train a reader for a time: a fresh one, or `start`, which is changed."""
    torch.manual_seed(seed)
    reader = (start or Reader()).train()
    supply = _Supply(seed)
    optimizer = torch.optim.AdamW(reader.parameters(), lr=_PEAK_RATE, weight_decay=0.02)
    started, step = time.monotonic(), 0
    while (share := (time.monotonic() - started) / seconds) < 1.0:
        rate = _PEAK_RATE * min(1.0, share / _WARM_SHARE) * 0.5 * (1 + math.cos(math.pi * share))
        for group in optimizer.param_groups:
            group["lr"] = rate
        pixels, known = supply.batch()
        loss = _loss(reader(pixels), known)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        step += 1
        if step % _LOG_STEPS == 0:
            logger.info("step %d, %.0f %% of the time, loss %.3f", step, 100 * share, loss.item())
    return reader.eval()


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


if __name__ == "__main__":
    main()

"""A short run on a borrowed GPU: `python -m omnipersona.training.borrowed`.

Start, pool, train, evaluate, write, within so many minutes from its first line; asked to stop from
outside it evaluates and writes what it has. What is worth carrying home fits into a few small
files; moments stay behind. Needs the packages of `omnipersona.training` alone.
"""

import argparse
import logging
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch

from omnipersona.model.bagel.checkpoint.loading import load_folder, save_folder
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.engine.devices import pick_device
from omnipersona.training.build import begin_from
from omnipersona.training.recipe import RECIPE, Recipe, read_recipe
from omnipersona.training.trainers.init import fresh_model
from omnipersona.training.trainers.network import Pretraining
from omnipersona.training.trainers.stopping import heeding_signals
from omnipersona.training.trainers.validation import Probe

logger = logging.getLogger(__name__)

_FALLING: Final = 0.4  # of the steps
_SHARD_BYTES: Final = 15 * 2**20
_LOSSES: Final = "losses.md"
_UNTIL: Final = 10**9  # time ends a run, not its steps


def borrowed(
    recipe: Recipe,
    start: Path,
    out: Path,
    *,
    seconds: float,
    reserve: float,
    device: str,
    makers: int,
    scale: int,
) -> None:
    """Train from a checkpoint folder for a time and write the averaged weights.

    Args:
        recipe: Mix, rates, pool.
        start: Checkpoint folder that a training wrote.
        out: Folder for weights in shards, configuration and a table of losses.
        seconds: From this call to its return.
        reserve: Of them, for evaluating and writing at the end.
        device: Where the network learns.
        makers: Processes that draw samples.
        scale: How many times as many samples a step has as the recipe says.
    """
    began = time.monotonic()
    place = torch.device(pick_device(device).name)
    config = replace(recipe.config, autoencoder=load_folder(start).config.autoencoder)
    recipe = replace(recipe, config=config)
    tokenizer = Tokenizer.read(start)
    with tempfile.TemporaryDirectory() as folder, heeding_signals():
        state = Path(folder)
        begin_from(start, recipe, state)
        model = fresh_model(recipe).to(place)
        if place.type == "cuda":
            model.decoder.compile_training()
        run = Pretraining(model, tokenizer, recipe, state, makers=makers, scale=scale)
        probe = Probe(tokenizer, state)
        before = probe.measure(run.averaged())
        logger.info("measured after %.0f s", time.monotonic() - began)

        def write() -> None:
            averaged = run.averaged()
            save_folder(averaged.model, out, dtype=torch.float16, shard_bytes=_SHARD_BYTES)
            averaged.encoder.write(out, run.step)

        try:
            first, left = run.step, seconds - reserve - (time.monotonic() - began)
            run.run(_UNTIL, (1.0 - _FALLING) * left, write)
            num_falling = max(1, round((run.step - first) * _FALLING / (1.0 - _FALLING)))
            left = seconds - reserve - (time.monotonic() - began)
            run.run(_UNTIL, left, write, num_falling)
        finally:
            run.close()
        after = probe.measure(run.averaged())
    (out / _LOSSES).write_text(_table(before, after, run.step - first), encoding="utf-8")
    # The autoencoder is the one it began with.
    (out / "ae.safetensors").unlink()
    logger.info("ended after %.0f s", time.monotonic() - began)


def _table(before: dict[str, float], after: dict[str, float], num_steps: int) -> str:
    lines = [f"{num_steps} steps", "", "| held out | before | after |", "|---|---|---|"]
    lines += [f"| {name} | {before[name]:.4f} | {after[name]:.4f} |" for name in before]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train for a few minutes on a machine that goes back, and write what is worth keeping."""
    parser = argparse.ArgumentParser(prog="omnipersona.training.borrowed", description=main.__doc__)
    parser.add_argument("--start", type=Path, required=True, help="checkpoint folder to begin from")
    parser.add_argument("--out", type=Path, required=True, help="folder for what is kept")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--minutes", type=float, default=8.0, help="from start to end")
    parser.add_argument("--reserve", type=float, default=0.75, help="minutes for the end")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--makers", type=int, default=15, help="processes that draw samples")
    parser.add_argument("--scale", type=int, default=6, help="times the samples of the recipe")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_float32_matmul_precision("high")
    borrowed(
        read_recipe(chosen.recipe),
        chosen.start,
        chosen.out,
        seconds=60.0 * chosen.minutes,
        reserve=60.0 * chosen.reserve,
        device=chosen.device,
        makers=chosen.makers,
        scale=chosen.scale,
    )


if __name__ == "__main__":
    main()

"""Nano's training without the rest of the program: `python -m omnipersona.training`.

Needs torch, numpy, pillow, safetensors, tokenizers and einops alone, for machines on which nothing
else is installed; `omnipersona pretrain` does the same where everything is.
"""

import argparse
import logging
from pathlib import Path

from omnipersona.training.build import build_nano
from omnipersona.training.recipe import RECIPE, read_recipe

_FOREVER = 10**9


def main() -> None:
    """Train until a time, a step or a signal, and go on where the state folder says."""
    parser = argparse.ArgumentParser(prog="omnipersona.training", description=main.__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the training state")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument("--start", type=Path, help="begin from this checkpoint folder")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--minutes", type=float, default=_FOREVER)
    parser.add_argument("--steps", type=int, default=_FOREVER, help="stop the network at this step")
    parser.add_argument("--cooldown", type=int, default=0, help="steps over which rates fall")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    build_nano(
        read_recipe(chosen.recipe),
        chosen.state,
        chosen.out,
        until=chosen.steps,
        seconds=60.0 * chosen.minutes,
        start=chosen.start,
        cooldown=chosen.cooldown,
    )


if __name__ == "__main__":
    main()

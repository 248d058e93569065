"""Which code runs a checkpoint: from its `model_type` to a backbone; imports no torch.

A further family of models is a folder beside `bagel/` and a line in `BACKBONES`. Its module offers
`load_model` as the one named there does, and keeps the contract (`omnipersona.testing`).
"""

import importlib
import json
from pathlib import Path
from typing import Final

from omnipersona.model.contract import PersonaModel, Weights
from omnipersona.model.errors import WeightsError

NANO: Final = "nano"
NANO_FOLDER: Final = Path(__file__).with_name("nano") / "checkpoint"
"""Our own tiny weights, shipped with the package."""

BACKBONES: Final[dict[str, str]] = {"bagel": "omnipersona.model.bagel.backbone"}
"""The module of each `model_type`; checkpoints that name none have BAGEL's published layout."""


def folder_of(name_or_path: str) -> Path:
    """Return the checkpoint folder of a name or path."""
    return NANO_FOLDER if name_or_path == NANO else Path(name_or_path).expanduser()


def load_model(
    name_or_path: str,
    device: str = "auto",
    weights: Weights = "full",
    *,
    spread: bool = False,
    compiled: bool = False,
    think_prompts: Path | None = None,
) -> PersonaModel:
    """Load a model, whatever its family.

    Args:
        name_or_path: `nano`, or a checkpoint folder.
        device: `auto`, `cpu`, `cuda` or `mps`.
        weights: Number type of the experts' matrices.
        spread: Put layers that the GPU cannot hold elsewhere.
        compiled: Compile the steps of drawings.
        think_prompts: A file of system prompts for thinking, in place of our own.

    Raises:
        WeightsError: The folder does not fit, or is of a family that nobody has written yet.
        DeviceError: The device is unknown or not there.
    """
    module = importlib.import_module(BACKBONES[_model_type(folder_of(name_or_path))])
    model: PersonaModel = module.load_model(
        name_or_path,
        device,
        weights,
        spread=spread,
        compiled=compiled,
        think_prompts=think_prompts,
    )
    return model


def _model_type(folder: Path) -> str:
    path = folder / "config.json"
    if not path.exists():
        return "bagel"
    try:
        found = json.loads(path.read_text(encoding="utf-8")).get("model_type", "bagel")
    except (ValueError, AttributeError, OSError) as error:
        raise WeightsError(
            f"{path} is not a JSON object ({error}). Fetch the file again."
        ) from error
    if found not in BACKBONES:
        raise WeightsError(
            f"{path} is of a model of type {found!r}; known are {', '.join(sorted(BACKBONES))}."
        )
    return str(found)

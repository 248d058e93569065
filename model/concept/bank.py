"""The concept bank beside a checkpoint: known concepts, and how a new one begins near them.

Knows vectors and the looks of pictures. Does not know words, learning or users.
"""

# N known concepts, R rows of a concept, D width, F numbers of looks

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from omnipersona.model.omni import OmniModel
from omnipersona.model.sequence.segments import UndImage

BANK: Final = "concept_bank.safetensors"
_RIDGE: Final = 1.0


@dataclass(frozen=True, slots=True)
class ConceptBank:
    """Concepts whose vectors were trained together with the weights.

    Attributes:
        tokens_NRD: Their vectors.
        looks_NF: Their looks, from `looks_of` a few pictures each.
        step: Of the training.
    """

    tokens_NRD: Tensor
    looks_NF: Tensor
    step: int

    @classmethod
    def read(cls, folder: Path) -> "ConceptBank | None":
        """Return the bank of a checkpoint folder; None if it has none."""
        path = folder / BANK
        if not path.exists():
            return None
        with safe_open(path, framework="pt") as file:
            tokens, looks = (file.get_tensor(name).float() for name in ("tokens", "looks"))
            return cls(tokens, looks, int((file.metadata() or {})["step"]))

    def write(self, folder: Path) -> None:
        """Write the bank into a checkpoint folder, float16."""
        tensors = {"tokens": self.tokens_NRD, "looks": self.looks_NF}
        halves = {name: value.half().contiguous() for name, value in tensors.items()}
        save_file(halves, folder / BANK, metadata={"step": str(self.step)})

    def like(self, looks_F: Tensor) -> Tensor:
        """Return the vectors (R, D) that a concept of these looks probably has.

        Kernel ridge regression from looks to vectors over the known concepts.
        """
        mean, spread = self.looks_NF.mean(0), self.looks_NF.std(0) + 1e-4
        known, new = (self.looks_NF - mean) / spread, (looks_F - mean) / spread
        alike = known @ known.T / known.shape[1]
        weights = torch.linalg.solve(
            alike + _RIDGE * torch.eye(len(known)), known @ new / known.shape[1]
        )
        middle = self.tokens_NRD.mean(0)
        return middle + torch.einsum("n,nrd->rd", weights, self.tokens_NRD - middle)


@torch.no_grad()
def looks_of(model: OmniModel, pictures: Sequence[UndImage]) -> Tensor:
    """Return (F,): the mean and the peak of each vision feature, averaged over pictures."""
    found = []
    for picture in pictures:
        features = model.vision(picture.patches, picture.position_ids, [len(picture.patches)])
        found.append(torch.cat([features.mean(0), features.amax(0)]))
    return torch.stack(found).mean(0).float()

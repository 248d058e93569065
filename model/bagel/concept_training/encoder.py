"""The concept encoder beside a checkpoint: from photos to the vectors that a concept starts with.

Trained together with the weights, on characters that are never met again; learning then refines
what it predicts. Knows vision features and vectors. Does not know words, learning or users.
"""

# n patches of all photos, F vision width, R rows of a concept, D width, K width of keys

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import UndImage
from omnipersona.model.concepts.tokens import NUM_GEN, NUM_UND

ENCODER: Final = "concept_encoder.safetensors"
_KEYS: Final = 64
_NUM_ROWS: Final = 1 + NUM_UND + NUM_GEN


class ConceptEncoder(nn.Module):
    """Every row of a concept attends to all patches of its photos, in one step.

    Args:
        vision_width: Of the features.
        width: Of the vectors.
    """

    def __init__(self, vision_width: int, width: int) -> None:
        super().__init__()
        self.keys = nn.Linear(vision_width, _KEYS)
        self.values = nn.Linear(vision_width, width)
        self.queries = nn.Parameter(torch.empty(_NUM_ROWS, _KEYS).uniform_(-1.0, 1.0))
        self.rows = nn.Parameter(torch.zeros(_NUM_ROWS, width))
        self.mlp = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Linear(2 * width, width),
        )

    def forward(self, features_nF: Tensor) -> Tensor:
        """Return the vectors (R, D), sks first, of a concept with photos of these features."""
        scores_Rn = self.queries @ self.keys(features_nF).T / _KEYS**0.5
        seen_RD = self.rows + scores_Rn.softmax(-1) @ self.values(features_nF)
        refined: Tensor = self.mlp(seen_RD)
        return seen_RD + refined

    @classmethod
    def read(cls, folder: Path) -> "tuple[ConceptEncoder, int] | None":
        """Return the encoder of a checkpoint folder and its step; None if it has none."""
        path = folder / ENCODER
        if not path.exists():
            return None
        with safe_open(path, framework="pt") as file:
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
            step = int((file.metadata() or {})["step"])
        width, vision_width = weights["values.weight"].shape
        encoder = cls(vision_width, width)
        encoder.load_state_dict(weights)
        return encoder, step

    def write(self, folder: Path, step: int) -> None:
        """Write the weights into a checkpoint folder, float16."""
        weights = {k: v.detach().half().contiguous() for k, v in self.state_dict().items()}
        save_file(weights, folder / ENCODER, metadata={"step": str(step)})


@torch.no_grad()
def photo_features(model: OmniModel, photos: Sequence[UndImage]) -> Tensor:
    """Return the vision features of all patches of photos, (n, F), on the model's device."""
    lengths = [len(photo.patches) for photo in photos]
    patches = torch.cat([photo.patches for photo in photos])
    ids = torch.cat([photo.position_ids for photo in photos])
    features: Tensor = model.vision(patches, ids, lengths)
    return features.float()

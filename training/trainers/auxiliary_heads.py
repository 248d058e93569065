"""Naming what is where, from features half-way through the network; only in training.

Linear heads read the vision encoder's features of seen pictures, and the generation expert's rows
of half-painted ones in the middle of the decoder, and name what each cell shows; two more read a
concept's vectors of either kind and name its looks; a last one reads seen pictures deep in the
decoder, after a concept, and names in what the figures there differ from it: "is it in this
picture?" alone is one bit per picture. All are dropped afterwards. For drawing, this
follows Yu et al. 2024, "Representation Alignment for Generation", arXiv:2410.06940, with labels in
place of another encoder's features.
"""

from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.concepts.tokens import NUM_GEN, NUM_UND
from omnipersona.training.samples.aims import LABEL_SCALE, Aim, Aims
from omnipersona.training.world.labels import LABELS, LOOKS, TRAITS

_WEIGHT: Final = 0.2
_COMPARED_WEIGHT: Final = 0.5
_RARE: Final = -4.0  # logit of a label that few cells show
_PROPORTION: Final = 4.0
"""What naming a proportion counts, against 1: it is a measurement, and told by a few pixels."""


def naming_head(width: int, num_labels: int = len(LABELS)) -> nn.Linear:
    """Return a fresh head that names what features (n, width) show, as logits (n, labels)."""
    head = nn.Linear(width, num_labels)
    nn.init.zeros_(head.weight)
    nn.init.constant_(head.bias, _RARE)
    return head


class Naming(nn.Module):
    """The heads; those of pictures listen to a model's forward calls.

    Args:
        model: Whose features are read.

    Attributes:
        label_weights: What naming each of `LABELS` counts.
    """

    label_weights: Tensor

    def __init__(self, model: OmniModel) -> None:
        super().__init__()
        config = model.config
        self.of_seen = naming_head(config.vision.hidden_size)
        self.of_painted = naming_head(config.text.hidden_size)
        self.of_und = naming_head(NUM_UND * config.text.hidden_size, len(LOOKS))
        self.of_gen = naming_head(NUM_GEN * config.text.hidden_size, len(LOOKS))
        self.of_compared = naming_head(config.text.hidden_size, len(TRAITS))
        weights = [_PROPORTION if group == "proportion" else 1.0 for group, _ in LABELS]
        self.register_buffer("label_weights", torch.tensor(weights), persistent=False)
        self._seen: Tensor | None = None
        self._painted: Tensor | None = None
        self._compared: Tensor | None = None
        model.vision.register_forward_hook(self._keep_seen)
        layers, count = model.decoder.layers, config.text.num_hidden_layers
        layers[(count - 1) // 2].register_forward_hook(self._keep_painted)
        # Deep, but the answer still has to be read off it.
        layers[(2 * count - 1) // 3].register_forward_hook(self._keep_compared)

    def _keep_seen(self, _module: nn.Module, _args: Any, features: Tensor) -> None:
        self._seen = features

    def _keep_painted(self, _module: nn.Module, _args: Any, rows: tuple[Tensor, ...]) -> None:
        self._painted = rows[1]

    def _keep_compared(self, _module: nn.Module, _args: Any, rows: tuple[Tensor, ...]) -> None:
        self._compared = rows[0]

    def loss(self, aims: Aims) -> tuple[Tensor, Tensor]:
        """Return the summed losses of naming what is shown, and of naming what differs.

        Args:
            aims: Of the pack that went through the model last.
        """
        weights = self.label_weights
        named = self._missed(self.of_seen, self._seen, aims.seen, weights)
        named = named + self._missed(self.of_painted, self._painted, aims.painted, weights)
        # Patches are the last of the understanding expert's rows.
        rows = None if self._compared is None else self._compared[-aims.compared.num_rows :]
        compared = self._missed(self.of_compared, rows, aims.compared)
        return _WEIGHT * named, _COMPARED_WEIGHT * compared

    def _missed(
        self,
        head: nn.Linear,
        features: Tensor | None,
        aim: Aim,
        weights: Tensor | None = None,
    ) -> Tensor:
        """Return the summed cross-entropy of a head's names, each with its weight."""
        if not len(aim.rows) or features is None:
            return head.weight.new_zeros(())
        logits = head(features.index_select(0, aim.rows))
        labels = aim.labels.to(logits.dtype) / LABEL_SCALE
        return F.binary_cross_entropy_with_logits(logits, labels, weights, reduction="sum")

    def concepts_loss(self, tables_CRD: Tensor, looks_CL: Tensor) -> Tensor:
        """Return the mean loss of naming concepts by their vectors.

        Args:
            tables_CRD: Of each concept sks, und and gen vectors.
            looks_CL: What is true of each.
        """
        rows = F.layer_norm(tables_CRD.float(), tables_CRD.shape[-1:])
        looks = looks_CL.to(rows.device)
        und, gen = rows[:, 1 : 1 + NUM_UND], rows[:, 1 + NUM_UND :]
        named = torch.stack([self.of_und(und.flatten(1)), self.of_gen(gen.flatten(1))])
        missed = F.binary_cross_entropy_with_logits(named, looks.expand_as(named), reduction="sum")
        return _WEIGHT * missed / named[..., 0].numel()

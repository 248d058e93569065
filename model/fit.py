"""Learning one concept's tokens; every other weight stays as it is.

Knows lessons, the frozen model and an optimiser. Does not know photos as files, jobs or users.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from omnipersona.model.concept.tokens import ConceptTokens
from omnipersona.model.contract import LearnEvent, Preset
from omnipersona.model.errors import LearningFailed
from omnipersona.model.lessons import Teacher
from omnipersona.model.omni import OmniModel
from omnipersona.model.sequence.pack import Markers, pack
from omnipersona.model.sequence.segments import GenImage


@dataclass(frozen=True, kw_only=True, slots=True)
class FitConfig:
    """Length and pace of learning.

    Attributes:
        num_steps: Updates.
        num_drawings: Drawings per step.
        rate: Peak learning rate; falls along a cosine to a tenth.
        is_thorough: Whether the model first draws others of the kind and edits, to learn from.
    """

    num_steps: int
    num_drawings: int
    rate: float
    is_thorough: bool = True

    def __post_init__(self) -> None:
        if self.num_steps < 1 or self.num_drawings < 1 or not self.rate > 0:
            raise ValueError(
                f"num_steps {self.num_steps}, num_drawings {self.num_drawings} and rate "
                f"{self.rate} must all be above zero"
            )


PRESETS: Final[dict[Preset, FitConfig]] = {
    "quick": FitConfig(num_steps=12, num_drawings=4, rate=0.02, is_thorough=False),
    "nano": FitConfig(num_steps=140, num_drawings=5, rate=0.01),
    "paper": FitConfig(num_steps=2000, num_drawings=4, rate=1e-3),
}


def fit(
    model: OmniModel, tokens: ConceptTokens, teacher: Teacher, markers: Markers, config: FitConfig
) -> Iterator[LearnEvent]:
    """Learn in place, one event per update.

    Joint loss: cross-entropy of answers + velocity error of drawings + velocity error of edits.

    Args:
        model: Frozen by this call.
        tokens: Start values; trained in place.
        teacher: Draws the samples.
        markers: Ids around pictures.
        config: Length and pace.

    Raises:
        LearningFailed: A loss or gradient is not a number; `tokens` keep their last good values.
    """
    model.requires_grad_(requires_grad=False)
    optimizer = torch.optim.AdamW(tokens.parameters(), lr=config.rate, weight_decay=0.0)
    for step in range(config.num_steps):
        decay = 0.55 + 0.45 * math.cos(math.pi * step / config.num_steps)
        for group in optimizer.param_groups:
            group["lr"] = config.rate * decay
        text, flow, edit = _losses(model, tokens, teacher, markers, config.num_drawings)
        loss = text + flow + (edit if edit is not None else 0.0)
        if not bool(torch.isfinite(loss)):
            raise _failed(step, config, f"the loss is {loss.item()}")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        grads = [vector.grad for vector in tokens.parameters() if vector.grad is not None]
        if not all(bool(torch.isfinite(grad).all()) for grad in grads):
            raise _failed(step, config, "the gradient is not a number")
        optimizer.step()
        yield LearnEvent(
            step=step + 1,
            num_steps=config.num_steps,
            loss_text=text.item(),
            loss_flow=flow.item(),
            loss_edit=None if edit is None else edit.item(),
        )


def _failed(step: int, config: FitConfig, reason: str) -> LearningFailed:
    return LearningFailed(
        f"Learning stopped at step {step + 1} of {config.num_steps}: {reason}. "
        "What was learned before is kept; teach it again with other photos."
    )


def _losses(
    model: OmniModel, tokens: ConceptTokens, teacher: Teacher, markers: Markers, num_drawings: int
) -> tuple[Tensor, Tensor, Tensor | None]:
    drawings, edits = teacher.drawing(num_drawings), teacher.editing()
    samples = [*teacher.reading(), *drawings, *edits]
    with torch.enable_grad():
        packed = pack(samples, markers)
        losses = model(packed, tokens.table())
    per_picture = losses.mse.mean(-1)
    targets = [sample.segments[-1] for sample in edits]
    num_edit_rows = sum(len(one.tokens) for one in targets if isinstance(one, GenImage))
    split = per_picture.shape[0] - num_edit_rows
    edit = per_picture[split:].mean() if num_edit_rows else None
    return losses.ce.mean(), per_picture[:split].mean(), edit

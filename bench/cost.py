"""What a forward costs: floating-point operations, from sizes alone.

Counted are the matrices and the attention of the decoder and its head, two operations per
multiplication and addition; norms, embeddings, the vision encoder and the autoencoder are not.
Knows arithmetic; a test holds it against PyTorch's own counter.
"""

# B sequences, T grid rows of each, P past rows, D width

from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.flow.guidance import GuidanceConfig
from omnipersona.model.bagel.flow.matching import timesteps
from omnipersona.model.bagel.memory_plan import count_parameters


def forward_flops(
    config: ModelConfig, *, num_rows: int, num_looks: int, num_logits: int = 0
) -> int:
    """Return the operations of one forward.

    Args:
        config: Sizes.
        num_rows: Rows of both experts; each goes through one of them.
        num_looks: Pairs of a row and a column on the attention's grid, B * T * (P + T).
        num_logits: Rows that the head reads.
    """
    text = config.text
    one_expert = count_parameters(config).experts // 2
    looking = 2 * text.num_hidden_layers * num_looks * text.hidden_size
    return 2 * (one_expert * num_rows + looking + num_logits * text.vocab_size * text.hidden_size)


def drawing_flops(
    config: ModelConfig,
    scales: GuidanceConfig,
    *,
    num_steps: int,
    timestep_shift: float,
    num_tokens: int,
    num_past: int,
    num_branches: int,
) -> int:
    """Return the operations of one picture's steps.

    Args:
        config: Sizes.
        scales: Guidance; where it is off, one branch runs.
        num_steps: Velocity evaluations.
        timestep_shift: Of the time grid.
        num_tokens: Latent tokens.
        num_past: Rows of the longest context.
        num_branches: Contexts that guidance compares.
    """
    total = 0
    for t in timesteps(num_steps, timestep_shift)[:-1].tolist():
        rows = (num_branches if scales.is_on(t) else 1) * (num_tokens + 2)
        looks = rows * (num_past + num_tokens + 2)
        total += forward_flops(config, num_rows=rows, num_looks=looks)
    return total

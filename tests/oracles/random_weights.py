"""Real parts at toy width: models of random weights, a tokenizer and pictures."""

import io

import torch
from PIL import Image
from torch import Tensor

from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.images import grid_ids
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import GenImage, UndImage
from omnipersona.model.bagel.tokenizer import Tokenizer

SENTENCES = (
    "draw <c0> with a red ball at the beach",
    "what is the toy of <c0>? a blue kite",
    "put a green hat on <c1>, please",
    "is <c0> in this picture? yes, no, unknown",
)


def random_model(config: ModelConfig, seed: int = 0) -> OmniModel:
    """Return a model whose every weight differs from its start value and from its twin."""
    model = OmniModel(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            drawn = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() == 1:
                parameter.copy_(0.1 * drawn + (1.0 if name.endswith("weight") else 0.0))
            else:
                parameter.copy_(drawn / parameter[0].numel() ** 0.5)
    return model.eval()


def small_tokenizer() -> Tokenizer:
    """Return a tokenizer of 290 ids, trained on a few sentences."""
    return Tokenizer.train(SENTENCES * 2, 290)


def noise(seed: int, *shape: int) -> Tensor:
    """Return standard normal numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def und_image(config: ModelConfig, rows: int, columns: int, seed: int = 0) -> UndImage:
    """Return a picture of random patches."""
    width = config.vision.num_channels * config.vision.patch_size**2
    ids = grid_ids(rows, columns, config.vit_max_num_patch_per_side)
    return UndImage(patches=noise(seed, rows * columns, width), position_ids=ids)


def gen_image(config: ModelConfig, rows: int, columns: int, seed: int = 0) -> GenImage:
    """Return a clean picture of random latent tokens."""
    ids = grid_ids(rows, columns, config.max_latent_size)
    tokens = noise(seed, rows * columns, config.latent_width)
    return GenImage(tokens=tokens, position_ids=ids)


def gen_target(
    config: ModelConfig, rows: int, columns: int, seed: int = 0, t: float = 0.6
) -> GenImage:
    """Return a noisy target of random latent tokens."""
    clean = gen_image(config, rows, columns, seed)
    added = noise(seed + 1000, *clean.tokens.shape)
    return GenImage(tokens=clean.tokens, position_ids=clean.position_ids, noise=added, t=t)


def png(size: tuple[int, int] = (32, 32), seed: int = 0) -> bytes:
    """Return a PNG of random colours in a 4 x 4 pattern."""
    cells = torch.randint(0, 256, (4, 4, 3), generator=torch.Generator().manual_seed(seed))
    picture = Image.fromarray(cells.to(torch.uint8).numpy()).resize(size, Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()

"""How many bytes a model takes, from its sizes alone, before anything is loaded.

Knows arithmetic: parameters and KV caches exactly, activations to within `ACCURACY` of what the
code allocates. Does not load or measure; tests hold the formulas against measured allocations.
Attention kernels and convolutions may take working memory of their own beyond it.
"""

# B branches or packed rows, T rows of one, P past rows, D width, I inner width, e bytes per number

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal

from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.images import fitted_size
from omnipersona.model.contract import Weights

WeightType = Literal["float32", "bfloat16", "int8", "nf4"]
WEIGHT_TYPES: Final[tuple[WeightType, ...]] = ("float32", "bfloat16", "int8", "nf4")
WorkKind = Literal["drawing", "editing", "learning"]

ACCURACY: Final = 1.5
PROCESS: Final = 600 * 2**20
_FLOAT: Final = 4
_GROUP: Final = 64
_SCALE: Final = 2
_TEXT_ROWS: Final = 128
_NUM_DRAWINGS: Final = 4
_SIZES: Final = (512, 1024)
_FREQUENCIES: Final = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterCount:
    """Numbers in a model.

    Attributes:
        experts: In the matrices of the decoder's layers, which weight-only types shrink.
        network: In everything else of the network.
        tables: In the fixed position tables, which no checkpoint needs to hold.
        autoencoder: In the autoencoder, which stays float32.
    """

    experts: int
    network: int
    tables: int
    autoencoder: int

    @property
    def total(self) -> int:
        """Parameters, without tables."""
        return self.experts + self.network + self.autoencoder


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """Something a user asks for: what, and at how many pixels a side."""

    kind: WorkKind
    size: int

    def __str__(self) -> str:
        return f"{self.kind} at {self.size} px"


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryPlan:
    """Bytes that one piece of work takes.

    Attributes:
        weights: Of the model.
        kv_cache: Keys and values of all contexts.
        activations: At the widest moment of the decoder.
        autoencoder: At the widest moment of encoding or decoding pictures.
    """

    weights: int
    kv_cache: int
    activations: int
    autoencoder: int

    @property
    def total(self) -> int:
        """Bytes at the widest moment; the decoder and the autoencoder take turns."""
        return PROCESS + self.weights + self.kv_cache + max(self.activations, self.autoencoder)


def weight_type(dtype_name: str, weights: Weights) -> WeightType:
    """Return the type that counts for the experts' matrices, by the network's and the setting."""
    if weights == "nf4":
        return "nf4"
    if weights in ("int8", "float8"):
        return "int8"
    return "bfloat16" if dtype_name == "bfloat16" else "float32"


def count_parameters(config: ModelConfig) -> ParameterCount:
    """Return how many numbers a model holds."""
    text, vision, width = config.text, config.vision, config.text.hidden_size
    kv_width = text.num_key_value_heads * text.head_dim
    matrices = 2 * width * (width + kv_width) + 3 * width * text.intermediate_size
    vectors = width + 2 * kv_width + 2 * text.head_dim + 2 * width
    layers = 2 * text.num_hidden_layers
    network = layers * vectors + 2 * text.vocab_size * width + 2 * width
    network += _linear(vision.hidden_size, width) + _linear(width, width)
    network += _linear(_FREQUENCIES, width) + _linear(width, width)
    network += _linear(config.latent_width, width) + _linear(width, config.latent_width)
    sides = config.max_latent_size**2 + config.vit_max_num_patch_per_side**2
    return ParameterCount(
        experts=layers * matrices,
        network=network + _vision_parameters(config),
        tables=sides * width,
        autoencoder=_autoencoder_parameters(config),
    )


def _linear(into: int, out: int) -> int:
    return into * out + out


def _vision_parameters(config: ModelConfig) -> int:
    vision = config.vision
    width, inner = vision.hidden_size, vision.intermediate_size
    layer = 4 * _linear(width, width) + _linear(width, inner) + _linear(inner, width) + 4 * width
    patches = _linear(vision.num_channels * vision.patch_size**2, width)
    positions = (vision.image_size // vision.patch_size) ** 2 * width
    return patches + positions + vision.num_kept_layers * layer + 2 * width


def _autoencoder_parameters(config: ModelConfig) -> int:
    inner = config.autoencoder
    widths = [inner.ch * factor for factor in inner.ch_mult]
    top = widths[-1]
    middle = 2 * _block(top, top) + 2 * top + 4 * _linear(top, top)
    encoder = _conv(inner.in_channels, inner.ch) + middle + 2 * top
    encoder += _conv(top, 2 * inner.z_channels)
    decoder = _conv(inner.z_channels, top) + middle + 2 * widths[0]
    decoder += _conv(widths[0], inner.out_ch)
    for i, width in enumerate(widths):
        repeated = _block(width, width)
        encoder += _block(widths[max(i - 1, 0)] if i else inner.ch, width)
        encoder += (inner.num_res_blocks - 1) * repeated
        decoder += _block(widths[min(i + 1, len(widths) - 1)], width)
        decoder += inner.num_res_blocks * repeated
        encoder += _conv(width, width) if i < len(widths) - 1 else 0
        decoder += _conv(width, width) if i else 0
    return encoder + decoder


def _conv(into: int, out: int) -> int:
    return 9 * into * out + out


def _block(into: int, out: int) -> int:
    shortcut = _linear(into, out) if into != out else 0
    return 2 * into + _conv(into, out) + 2 * out + _conv(out, out) + shortcut


def weight_bytes(config: ModelConfig, kind: WeightType) -> int:
    """Return the bytes of a model's weights.

    `int8` (and float8) keeps one scale per row, `nf4` a byte per 64 numbers, both for the matrices
    of the decoder's layers; everything else of the network is then bfloat16.
    """
    count, text = count_parameters(config), config.text
    wide = _FLOAT if kind == "float32" else 2
    rest = wide * (count.network + count.tables) + _FLOAT * count.autoencoder
    if kind == "int8":
        kv_width = text.num_key_value_heads * text.head_dim
        rows = 3 * text.hidden_size + 2 * kv_width + 2 * text.intermediate_size
        return rest + count.experts + _SCALE * 2 * text.num_hidden_layers * rows
    if kind == "nf4":
        return rest + ceil(count.experts / 2) + ceil(count.experts / _GROUP)
    return rest + wide * count.experts


def kv_bytes(config: ModelConfig, num_rows: int, itemsize: int) -> int:
    """Return the bytes of keys and values of rows, in all layers."""
    text = config.text
    numbers = 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim
    return numbers * num_rows * itemsize


def velocity_bytes(
    config: ModelConfig, *, num_branches: int, num_rows: int, num_past: int, itemsize: int
) -> int:
    """Return the widest moment of one forward of noisy pictures against contexts.

    Args:
        config: Sizes.
        num_branches: Contexts that share the forward (B).
        num_rows: Latent rows and markers of each (T).
        num_past: Rows of the longest context (P).
        itemsize: Bytes per number (e).
    """
    text = config.text
    width, kv_width = text.hidden_size, text.num_key_value_heads * text.head_dim
    rows, columns = num_branches * num_rows, num_branches * (num_past + num_rows)
    looks = columns * num_rows
    carried = rows * 2 * (2 * width + 2 * kv_width) + 2 * columns * kv_width
    feeding = rows * (3 * text.intermediate_size + 4 * width)
    attending = rows * 2 * width + 2 * columns * width + looks
    return itemsize * (carried + max(feeding, attending)) + looks


def training_bytes(
    config: ModelConfig, sample_rows: Sequence[int], itemsize: int, *, recomputes: bool = False
) -> int:
    """Return the widest moment of one learning step: what backward needs of every layer.

    Args:
        config: Sizes.
        sample_rows: Rows of each sample of the pack.
        itemsize: Bytes per number.
        recomputes: Whether layers run again in the backward pass, one by one.
    """
    text = config.text
    width, kv_width = text.hidden_size, text.num_key_value_heads * text.head_dim
    longest, rows = max(sample_rows), sum(sample_rows)
    num_packed = ceil(rows / longest)
    looks = num_packed * longest**2
    feeding = rows * 3 * text.intermediate_size * itemsize
    norms = rows * (3 * width + kv_width) * _FLOAT
    attending = (num_packed * longest * 4 * width + looks) * itemsize
    layer = feeding + norms + attending
    if recomputes:
        return text.num_hidden_layers * rows * width * itemsize + layer + feeding + looks
    return text.num_hidden_layers * layer + feeding + looks


def decode_bytes(config: ModelConfig, size: int) -> int:
    """Return the widest moment of decoding a picture of `size` pixels a side."""
    widths = [config.autoencoder.ch * factor for factor in config.autoencoder.ch_mult]
    before = [*widths[1:], widths[-1]]
    pairs = enumerate(zip(before, widths, strict=True))
    return _FLOAT * size**2 * max((3 * a + 2 * b) // 4**i for i, (a, b) in pairs)


def encode_bytes(config: ModelConfig, size: int) -> int:
    """Return the widest moment of encoding a picture of `size` pixels a side."""
    widths = [config.autoencoder.ch * factor for factor in config.autoencoder.ch_mult]
    before = [config.autoencoder.ch, *widths[:-1]]
    pairs = enumerate(zip(before, widths, strict=True))
    return _FLOAT * size**2 * max((4 * a + 2 * b) // 4**i for i, (a, b) in pairs)


def works(config: ModelConfig) -> list[Work]:
    """Return what a plan is made for: drawing, editing and learning at 512 and 1024 pixels.

    A model that draws smaller pictures only is planned at its own size.
    """
    longest = config.max_latent_size * config.latent_stride
    sizes = [size for size in _SIZES if size <= longest] or [config.image_size]
    kinds: tuple[WorkKind, ...] = ("drawing", "editing", "learning")
    return [Work(kind=kind, size=size) for kind in kinds for size in sizes]


def plan(
    config: ModelConfig, work: Work, kind: WeightType, *, recomputes: bool = False
) -> MemoryPlan:
    """Return the bytes of one piece of work with weights of a type.

    A request has one concept and a short text; learning is a step of the longest preset, with
    layers that run again in its backward pass if it `recomputes`.
    """
    itemsize = _FLOAT if kind == "float32" else 2
    latents, patches = _picture_rows(config, work.size)
    if work.kind == "learning":
        rows = [_TEXT_ROWS + patches] * 2 + [_TEXT_ROWS + latents] * _NUM_DRAWINGS
        rows += [_TEXT_ROWS + 2 * latents]
        kv_rows, activations = 0, training_bytes(config, rows, itemsize, recomputes=recomputes)
    else:
        num_branches = 3 if work.kind == "editing" else 2
        picture = latents + patches if work.kind == "editing" else 0
        past = picture + _TEXT_ROWS
        # The contexts' own rows, and their padded copies: all branches, and one without guidance.
        kv_rows = past + picture + _TEXT_ROWS + (num_branches + 1) * past
        activations = velocity_bytes(
            config,
            num_branches=num_branches,
            num_rows=latents,
            num_past=past,
            itemsize=itemsize,
        )
    encoding = 0 if work.kind == "drawing" else encode_bytes(config, work.size)
    return MemoryPlan(
        weights=weight_bytes(config, kind),
        kv_cache=kv_bytes(config, kv_rows, itemsize),
        activations=activations,
        autoencoder=max(encoding, decode_bytes(config, work.size)),
    )


def _picture_rows(config: ModelConfig, size: int) -> tuple[int, int]:
    """Return rows with markers of a square picture: as latents, as vision patches."""
    width, height = fitted_size(size, size, config.vit_resize)
    patch = config.vision.patch_size
    return (size // config.latent_stride) ** 2 + 2, (width // patch) * (height // patch) + 2

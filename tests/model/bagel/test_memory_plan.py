"""The formulas of the memory plan against what the code really allocates."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from oracles.peak_memory import peak_bytes
from oracles.random_weights import gen_image, gen_target, noise, und_image
from torch import Tensor

from omnipersona.model.bagel.checkpoint.inspect import skeleton
from omnipersona.model.bagel.checkpoint.loading import load_folder
from omnipersona.model.bagel.checkpoint.published import bagel_7b_mot
from omnipersona.model.bagel.config import (
    AutoencoderConfig,
    ModelConfig,
    TextConfig,
    VisionConfig,
    tiny,
)
from omnipersona.model.bagel.images import grid_ids
from omnipersona.model.bagel.memory_plan import (
    ACCURACY,
    WEIGHT_TYPES,
    WeightType,
    Work,
    count_parameters,
    decode_bytes,
    encode_bytes,
    kv_bytes,
    plan,
    training_bytes,
    velocity_bytes,
    weight_bytes,
    works,
)
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import Markers, Sample, SoftRow, TextSegment, pack
from omnipersona.model.bagel.velocity_batch import CFGContexts, Context, VelocityBatch
from omnipersona.model.registry import NANO_FOLDER

MARKERS = Markers(1, 2)
PARITY = Path(__file__).parent / "parity" / "open"


def _sizes(width: int = 256, inner: int = 1024, layers: int = 3) -> ModelConfig:
    return ModelConfig(
        text=TextConfig(
            vocab_size=300,
            hidden_size=width,
            intermediate_size=inner,
            num_hidden_layers=layers,
            num_attention_heads=8,
            num_key_value_heads=2,
        ),
        vision=VisionConfig(
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=3,
            num_attention_heads=2,
            patch_size=14,
            image_size=140,
        ),
        autoencoder=AutoencoderConfig(ch=32),
        vit_max_num_patch_per_side=10,
    )


def _within(formula: int, measured: int) -> bool:
    return measured / ACCURACY <= formula <= measured * ACCURACY


@pytest.mark.parametrize(
    "config",
    [tiny(), _sizes(), bagel_7b_mot(), ModelConfig.read(PARITY), ModelConfig.read(NANO_FOLDER)],
    ids=["tiny", "small", "published", "parity", "nano"],
)
def test_parameters_are_counted_exactly(config: ModelConfig) -> None:
    model, count = skeleton(config), count_parameters(config)
    layers = [p for p in model.decoder.layers.parameters() if p.dim() == 2]
    assert count.experts == sum(p.numel() for p in layers)
    assert count.autoencoder == sum(p.numel() for p in model.autoencoder.parameters())
    assert count.total == sum(p.numel() for p in model.parameters())
    assert count.tables == model.latent_positions.numel() + model.vit_positions.numel()


def _held(tensors: list[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def test_weights_take_what_a_loaded_model_holds(checkpoint: Path) -> None:
    kinds: list[tuple[WeightType, torch.dtype]]
    kinds = [("float32", torch.float32), ("bfloat16", torch.bfloat16)]
    for kind, dtype in kinds:
        model = load_folder(checkpoint, dtype=dtype)
        assert weight_bytes(model.config, kind) == _held([*model.parameters(), *model.buffers()])


def test_smaller_types_take_less_and_the_published_sizes_are_as_known() -> None:
    sizes = [weight_bytes(bagel_7b_mot(), kind) / 1e9 for kind in WEIGHT_TYPES]
    assert sizes == sorted(sizes, reverse=True)
    assert [round(size, 1) for size in sizes] == [58.8, 29.5, 16.5, 10.2]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_kv_cache_takes_its_formula_exactly(dtype: torch.dtype) -> None:
    model = OmniModel(_sizes()).to(dtype)
    context = Context(model, MARKERS)
    with torch.no_grad():
        context.add(TextSegment(ids=[3] * 50))
        context.add(TextSegment(ids=[4] * 7))
    held = _held([*context.cache.keys, *context.cache.values])
    assert held == kv_bytes(model.config, 57, dtype.itemsize)


def test_an_edit_holds_the_keys_and_values_that_its_plan_counts() -> None:
    small = _sizes()
    config = replace(
        small, vision=replace(small.vision, image_size=224), vit_max_num_patch_per_side=16
    )
    model = OmniModel(config).eval()
    guidance = CFGContexts.empty(model, MARKERS)
    ids = [grid_ids(8, 8, config.max_latent_size)]
    with torch.no_grad():
        guidance.add_picture(gen_image(config, 8, 8), und_image(config, 16, 16))
        guidance.add_text(TextSegment(ids=[3] * 128))
    contexts = [guidance.full, guidance.without_text, guidance.without_image]
    tensors = [t for one in contexts for t in (*one.cache.keys, *one.cache.values)]
    for canvas in (VelocityBatch(contexts[:1], ids), VelocityBatch(contexts, ids * 3)):
        assert canvas.past is not None
        tensors += [*canvas.past.keys, *canvas.past.values]
    planned = plan(config, Work(kind="editing", size=128), "float32")
    assert planned.kv_cache == _held(tensors)


@pytest.mark.parametrize(
    ("side", "past", "branches"), [(16, 100, 2), (16, 600, 3), (24, 30, 1), (8, 900, 3)]
)
def test_drawing_peaks_where_the_formula_says(side: int, past: int, branches: int) -> None:
    config = _sizes()
    model = OmniModel(config).eval()
    x_t = [noise(0, side * side, config.latent_width)] * branches
    with torch.no_grad():
        contexts = [Context(model, MARKERS) for _ in range(branches)]
        for context in contexts:
            context.add(TextSegment(ids=[3] * past))
        canvas = VelocityBatch(contexts, [grid_ids(side, side, config.max_latent_size)] * branches)
        measured = peak_bytes(lambda: canvas.velocities(x_t, 0.5))
    formula = velocity_bytes(
        config, num_branches=branches, num_rows=side * side + 2, num_past=past, itemsize=4
    )
    assert _within(formula, measured), (formula, measured)


@pytest.mark.parametrize(("width", "inner", "layers"), [(256, 1024, 3), (128, 256, 6)])
@pytest.mark.parametrize(("side", "count"), [(12, 3), (20, 2)])
@pytest.mark.parametrize("recomputes", [False, True])
def test_learning_peaks_where_the_formula_says(
    width: int, inner: int, layers: int, side: int, count: int, *, recomputes: bool
) -> None:
    config = _sizes(width, inner, layers)
    model = OmniModel(config).requires_grad_(requires_grad=False)
    model.decoder.recomputes = recomputes
    soft = torch.randn(33, width, requires_grad=True)
    rows = tuple(SoftRow(at=i + 2, index=i, is_gen=i > 16) for i in range(33))
    prefix = TextSegment(ids=[3] * 40, soft=rows)
    answer = TextSegment(ids=[4] * 20, has_loss=True)
    samples = [Sample(segments=(prefix, gen_target(config, side, side, i))) for i in range(count)]
    samples.append(Sample(segments=(prefix, und_image(config, 10, 10), answer)))
    packed = pack(samples, MARKERS)

    def step() -> None:
        losses = model(packed, soft)
        (losses.ce.mean() + losses.mse.mean()).backward()

    formula = training_bytes(config, packed.sample_lens, 4, recomputes=recomputes)
    measured = peak_bytes(step)
    assert _within(formula, measured), (formula, measured)


@pytest.mark.parametrize("size", [64, 128])
def test_the_autoencoder_peaks_where_the_formulas_say(size: int) -> None:
    config = _sizes()
    autoencoder = OmniModel(config).autoencoder
    with torch.no_grad():
        decoding = peak_bytes(lambda: autoencoder.decode(noise(0, 1, 16, size // 8, size // 8)))
        encoding = peak_bytes(lambda: autoencoder.encode(noise(1, 1, 3, size, size)))
    assert _within(decode_bytes(config, size), decoding)
    assert _within(encode_bytes(config, size), encoding)


def test_works_follow_what_the_model_can_draw() -> None:
    assert [str(work) for work in works(bagel_7b_mot())] == [
        "drawing at 512 px",
        "drawing at 1024 px",
        "editing at 512 px",
        "editing at 1024 px",
        "learning at 512 px",
        "learning at 1024 px",
    ]
    assert {work.size for work in works(tiny())} == {32}


def test_a_plan_grows_with_size_type_and_work() -> None:
    config = bagel_7b_mot()
    drawing = plan(config, Work(kind="drawing", size=512), "bfloat16")
    larger = plan(config, Work(kind="drawing", size=1024), "bfloat16")
    editing = plan(config, Work(kind="editing", size=1024), "bfloat16")
    learning = plan(config, Work(kind="learning", size=1024), "bfloat16")
    assert drawing.total < larger.total < editing.total < learning.total
    assert larger.autoencoder == 4 * drawing.autoencoder
    assert plan(config, Work(kind="drawing", size=512), "float32").total > drawing.total
    assert larger.total < 40e9, "the published card asks for 40 GB in bfloat16"
    assert learning.kv_cache == 0
    twice = plan(config, Work(kind="learning", size=1024), "bfloat16", recomputes=True)
    assert twice.activations < learning.activations / 4

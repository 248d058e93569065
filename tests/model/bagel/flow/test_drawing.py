"""Laws of drawing: branches, batches, and contexts that stay as they were."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from oracles.random_weights import gen_image, noise, random_model, und_image
from torch import Tensor

from omnipersona.model.bagel.config import tiny
from omnipersona.model.bagel.flow.guidance import GuidanceConfig
from omnipersona.model.bagel.flow.sampling import DrawInputs, Grid, Source, draw
from omnipersona.model.bagel.omni import Hidden, OmniModel
from omnipersona.model.bagel.sequence import Markers, PackedSequence, TextSegment
from omnipersona.model.bagel.velocity_batch import CFGContexts

CONFIG = tiny()
MARKERS = Markers(start_of_image=1, end_of_image=2)
EVERYWHERE = GuidanceConfig(cfg_text_scale=4.0, cfg_img_scale=2.0, cfg_interval=(0.0, 1.0))


@pytest.fixture(scope="module")
def net() -> OmniModel:
    return random_model(CONFIG)


@pytest.fixture(autouse=True)
def _without_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def _guidance(net: OmniModel, ids: list[int], *, has_picture: bool = False) -> CFGContexts:
    guidance = CFGContexts.empty(net, MARKERS)
    if has_picture:
        guidance.add_picture(gen_image(CONFIG, 2, 2), und_image(CONFIG, 2, 2))
    guidance.add_text(TextSegment(ids=ids))
    return guidance


def _sizes(guidance: CFGContexts) -> list[tuple[int, int]]:
    contexts = (guidance.full, guidance.without_text, guidance.without_image)
    return [(one.cache.length, one.cache.next_position) for one in contexts]


def _painting(guidance: CFGContexts, rows: int, columns: int, seed: int = 3) -> DrawInputs:
    start = noise(seed, rows * columns, CONFIG.latent_width)
    return DrawInputs(guidance=guidance, noise_TE=start, grid=Grid(rows=rows, columns=columns))


def _final(inputs_list: list[DrawInputs], config: GuidanceConfig) -> list[Tensor]:
    *_, last = draw(inputs_list, num_steps=3, timestep_shift=3.0, config=config)
    return [tokens for tokens, _ in last]


def _rows_of_first_step(
    net: OmniModel, inputs: DrawInputs, config: GuidanceConfig, monkeypatch: pytest.MonkeyPatch
) -> int:
    seen: list[int] = []
    run = net.run

    def counted(packed: PackedSequence, *rest: Any, **named: Any) -> Hidden:
        seen.append(len(packed.sample_lens))
        return run(packed, *rest, **named)

    monkeypatch.setattr(net, "run", counted)
    next(draw([inputs], num_steps=1, timestep_shift=3.0, config=config))
    return sum(seen)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_scale_of_one_draws_the_conditional_picture(net: OmniModel, scale: float) -> None:
    guidance = _guidance(net, [5, 6, 7], has_picture=True)
    alone = CFGContexts(guidance.full, guidance.full, guidance.full)
    off = GuidanceConfig(cfg_text_scale=scale, cfg_img_scale=2.0)
    on = GuidanceConfig(cfg_text_scale=4.0, cfg_img_scale=2.0)
    [plain] = _final([_painting(guidance, 2, 2)], off)
    [same] = _final([_painting(alone, 2, 2)], on)
    torch.testing.assert_close(plain, same, atol=1e-4, rtol=1e-4)


def _changing(
    guidance: CFGContexts, rows: int, columns: int, limit: float = 0.0, fresh: int | None = None
) -> DrawInputs:
    source = Source(noise(8, rows * columns, CONFIG.latent_width), limit, fresh)
    return replace(_painting(guidance, rows, columns), source=source)


def test_a_picture_stays_where_the_text_changes_nothing(net: OmniModel) -> None:
    guidance = _guidance(net, [5, 6, 7], has_picture=True)
    silent = CFGContexts(guidance.without_text, guidance.without_text, guidance.without_image)
    unchanged = _changing(silent, 2, 2)
    assert unchanged.source is not None
    [tokens] = _final([unchanged], EVERYWHERE)
    torch.testing.assert_close(tokens, unchanged.source.tokens_TE, atol=1e-4, rtol=1e-4)


def test_what_the_text_moves_is_drawn_anew_and_nothing_else(net: OmniModel) -> None:
    guidance = _guidance(net, [5, 6, 7], has_picture=True)
    [anew] = _final([_painting(guidance, 2, 2)], EVERYWHERE)
    [all_of_it] = _final([_changing(guidance, 2, 2)], EVERYWHERE)
    torch.testing.assert_close(all_of_it, anew, atol=1e-4, rtol=1e-4)

    part = _changing(guidance, 2, 2, limit=1e6)
    assert part.source is not None
    [changed] = _final([part], EVERYWHERE)
    stays = (changed - part.source.tokens_TE).abs().amax(-1) < 1e-4
    assert 0 < int(stays.sum()) < 4


def test_fresh_noise_depends_on_its_seed_and_leaves_the_rest(net: OmniModel) -> None:
    guidance = _guidance(net, [5, 6, 7], has_picture=True)

    def changed(fresh: int | None) -> Tensor:
        [tokens] = _final([_changing(guidance, 2, 2, 1e6, fresh)], EVERYWHERE)
        return tokens

    source = _changing(guidance, 2, 2).source
    assert source is not None
    kept = (changed(None) - source.tokens_TE).abs().amax(-1) < 1e-4
    assert 0 < int(kept.sum()) < 4
    first, again, other = changed(1), changed(1), changed(2)
    torch.testing.assert_close(first, again, atol=0, rtol=0)
    torch.testing.assert_close(first[kept], source.tokens_TE[kept], atol=1e-4, rtol=1e-4)
    assert not torch.allclose(first[~kept], other[~kept], atol=1e-3)


def test_pictures_changed_together_are_those_changed_alone(net: OmniModel) -> None:
    inputs_list = [
        _changing(_guidance(net, [5, 6, 7], has_picture=True), 2, 2, limit=1e6),
        _painting(_guidance(net, [9]), 2, 2),
        _changing(_guidance(net, [9], has_picture=True), 2, 3, fresh=5),
    ]
    for inputs, tokens in zip(inputs_list, _final(inputs_list, EVERYWHERE), strict=True):
        [alone] = _final([inputs], EVERYWHERE)
        torch.testing.assert_close(tokens, alone, atol=1e-4, rtol=1e-4)


def test_drawing_leaves_the_contexts_as_they_were(net: OmniModel) -> None:
    guidance = _guidance(net, [5, 6, 7])
    before = _sizes(guidance)
    _final([_painting(guidance, 2, 2)], EVERYWHERE)
    assert _sizes(guidance) == before


def test_pictures_drawn_together_are_those_drawn_alone(net: OmniModel) -> None:
    inputs_list = [
        _painting(_guidance(net, [5, 6, 7]), 2, 2),
        _painting(_guidance(net, [9], has_picture=True), 2, 3, seed=4),
        _painting(_guidance(net, [4, 4, 4, 4, 8]), 1, 2, seed=5),
    ]
    for config in (EVERYWHERE, GuidanceConfig(cfg_text_scale=1.0)):
        together = _final(inputs_list, config)
        for inputs, tokens in zip(inputs_list, together, strict=True):
            [alone] = _final([inputs], config)
            torch.testing.assert_close(tokens, alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("text", "image", "has_picture", "branches"),
    [
        (1.0, 2.0, True, 1),
        (4.0, 1.0, True, 2),
        (4.0, 2.0, True, 3),
        (4.0, 2.0, False, 2),
    ],
)
def test_only_branches_that_count_are_computed(
    net: OmniModel,
    monkeypatch: pytest.MonkeyPatch,
    text: float,
    image: float,
    has_picture: bool,
    branches: int,
) -> None:
    config = GuidanceConfig(cfg_text_scale=text, cfg_img_scale=image, cfg_interval=(0.0, 1.0))
    inputs = _painting(_guidance(net, [5, 6], has_picture=has_picture), 2, 2)
    assert _rows_of_first_step(net, inputs, config, monkeypatch) == branches


def test_a_step_cache_without_tolerance_changes_nothing(net: OmniModel) -> None:
    inputs = _painting(_guidance(net, [5, 6, 7], has_picture=True), 2, 2)
    assert torch.equal(_cached(inputs, 0.0), _final([inputs], EVERYWHERE)[0])


def test_a_step_cache_leaves_deep_layers_out() -> None:
    net, calls = random_model(CONFIG), list[int]()
    for i, layer in enumerate(net.decoder.layers):
        layer.register_forward_hook(lambda *_, i=i: calls.append(i))
    inputs = _painting(_guidance(net, [5, 6, 7]), 2, 2)
    calls.clear()
    found = _cached(inputs, 1.0)
    # Three steps: the first whole, two of the first layer alone.
    assert calls == [0, 1, 0, 0]
    assert bool(torch.isfinite(found).all())
    assert not torch.equal(found, _final([inputs], EVERYWHERE)[0])


def _cached(inputs: DrawInputs, reuse_below: float) -> Tensor:
    *_, [(tokens, _)] = draw(
        [inputs], num_steps=3, timestep_shift=3.0, config=EVERYWHERE, reuse_below=reuse_below
    )
    return tokens

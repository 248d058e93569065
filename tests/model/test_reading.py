"""Laws of reading: caches, forks, experts and packs."""

from dataclasses import replace
from typing import cast, get_args

import pytest
import torch
from oracles.random_weights import gen_image, gen_target, noise, random_model, und_image
from torch import Tensor

from omnipersona.model.bagel.config import Prediction, tiny
from omnipersona.model.bagel.flow.matching import as_velocity
from omnipersona.model.bagel.omni import Hidden, OmniModel
from omnipersona.model.bagel.prompt_layout import ConceptRows, Prompter
from omnipersona.model.bagel.sequence import Sample, Segment, TextSegment, pack
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.bagel.velocity_batch import Context, velocity
from omnipersona.model.contract import Routing

CONFIG = tiny()


def _segments(tokenizer: Tokenizer, num_concepts: int, routing: Routing) -> list[Segment]:
    rows = [
        ConceptRows(start=9 * i, num_und=4, num_gen=4, routing=routing) for i in range(num_concepts)
    ]
    prompter = Prompter(tokenizer, rows)
    return [
        *prompter.prefixes("read"),
        gen_image(CONFIG, 2, 3),
        und_image(CONFIG, 3, 2),
        prompter.text("put a red hat on <c0>"),
        und_image(CONFIG, 1, 4, seed=3),
        prompter.text("is <c1> here?"),
    ]


def _read_step_by_step(net: OmniModel, tokenizer: Tokenizer, segments: list[Segment]) -> Hidden:
    context = Context(net, tokenizer.markers, noise(7, 27, 32))
    *_, last = [context.add(segment) for segment in segments]
    return last


@torch.no_grad()
@pytest.mark.parametrize("num_concepts", [0, 1, 3])
@pytest.mark.parametrize("routing", ["decoupled", "unified"])
def test_cache_and_full_forward_agree(
    net: OmniModel, tokenizer: Tokenizer, num_concepts: int, routing: Routing
) -> None:
    segments = _segments(tokenizer, num_concepts, routing)
    stepwise = _read_step_by_step(net, tokenizer, segments)
    whole = net.run(pack([Sample(segments=tuple(segments))], tokenizer.markers), noise(7, 27, 32))
    context = Context(net, tokenizer.markers, noise(7, 27, 32))
    for segment in segments[:-1]:
        context.add(segment)
    block = gen_image(CONFIG, 2, 2, seed=5)
    seen = velocity(context, block.tokens, block.position_ids, 0.4)
    target = gen_target(CONFIG, 2, 2, seed=5, t=0.4)
    noisy = type(target)(
        tokens=block.tokens, position_ids=block.position_ids, noise=block.tokens, t=0.4
    )
    packed = pack([Sample(segments=(*segments[:-1], noisy))], tokenizer.markers)
    velocities = net.run(packed, noise(7, 27, 32)).velocity_nE
    last = segments[-1]
    assert isinstance(last, TextSegment)
    # Soft rows lie behind all text rows, so only the vocabulary rows of the last text are a tail.
    start = packed_tail(segments)
    torch.testing.assert_close(
        whole.und_UD[start - _num_text(last) : start], stepwise.und_UD[: _num_text(last)],
        atol=1e-5, rtol=1e-5,
    )  # fmt: skip
    assert velocities is not None
    torch.testing.assert_close(velocities[-4:], seen, atol=1e-5, rtol=1e-5)


def _num_text(segment: TextSegment) -> int:
    return len(segment.ids) - len(segment.soft)


def packed_tail(segments: list[Segment]) -> int:
    """Return how many vocabulary rows (texts and markers) a pack of one sample has."""
    return sum(_num_text(s) if isinstance(s, TextSegment) else 2 for s in segments)


@torch.no_grad()
def test_writing_token_by_token_equals_reading_the_text(
    net: OmniModel, tokenizer: Tokenizer
) -> None:
    ids = [tokenizer.begin, *tokenizer.encode("a blue kite at the beach")[0]]
    context = Context(net, tokenizer.markers)
    context.add(und_image(CONFIG, 2, 2))
    fork = context.fork()
    fed = torch.stack([fork.feed(token) for token in ids])
    whole = net.decoder.lm_head(context.add(TextSegment(ids=ids)).und_UD)
    torch.testing.assert_close(fed, whole, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_fork_grows_alone(net: OmniModel, tokenizer: Tokenizer) -> None:
    context = Context(net, tokenizer.markers)
    context.add(TextSegment(ids=[tokenizer.begin, 40, 41, tokenizer.end]))
    keys = [layer.clone() for layer in context.cache.keys]
    fork = context.fork()
    fork.add(und_image(CONFIG, 2, 2))
    block = gen_image(CONFIG, 2, 2)
    velocity(fork, block.tokens, block.position_ids, 0.5)
    assert (context.cache.length, context.cache.next_position) == (4, 4)
    assert (fork.cache.length, fork.cache.next_position) == (10, 5)
    assert all(torch.equal(a, b) for a, b in zip(keys, context.cache.keys, strict=True))


@torch.no_grad()
def test_gen_weights_do_not_touch_a_turn_without_gen_rows(
    net: OmniModel, tokenizer: Tokenizer
) -> None:
    def logits() -> Tensor:
        context = Context(net, tokenizer.markers)
        context.add(und_image(CONFIG, 3, 3))
        hidden = context.add(TextSegment(ids=[tokenizer.begin, 50, 60, tokenizer.end]))
        logits: Tensor = net.decoder.lm_head(hidden.und_UD)
        return logits

    before = logits()
    for name, parameter in net.named_parameters():
        if ".gen" in name or name.startswith(
            ("vae2llm", "llm2vae", "time_embedder", "autoencoder")
        ):
            parameter.add_(1.0)
    assert torch.equal(before, logits())


@torch.no_grad()
@pytest.mark.parametrize("expert", ["und", "gen"])
@pytest.mark.parametrize("routing", ["decoupled", "unified"])
def test_each_concept_vector_goes_through_its_own_expert(
    net: OmniModel, tokenizer: Tokenizer, expert: str, routing: Routing
) -> None:
    """Keys of the first layer depend on the row's own expert alone."""
    prompter = Prompter(tokenizer, [ConceptRows(start=0, num_und=3, num_gen=2, routing=routing)])

    def keys() -> Tensor:
        context = Context(net, tokenizer.markers, noise(7, 6, 32))
        context.add(prompter.prefix(0, "draw"))
        return context.cache.keys[0].flatten(1)

    before = keys()
    getattr(net.decoder.layers[0], expert).k_proj.bias.add_(1.0)
    changed = (keys() - before).abs().amax(1) > 1e-6
    is_gen = torch.zeros(len(before), dtype=torch.bool)
    if routing == "decoupled":
        # The tail is ". <end>"; the gen vectors stand right before it.
        tail = 1 + len(tokenizer.encode(".")[0])
        is_gen[-tail - 2 : -tail] = True
    assert torch.equal(changed, is_gen if expert == "gen" else ~is_gen)


@torch.no_grad()
def test_markers_of_a_painted_picture_go_through_the_und_expert(
    net: OmniModel, tokenizer: Tokenizer
) -> None:
    def keys() -> Tensor:
        context = Context(net, tokenizer.markers)
        context.add(gen_image(CONFIG, 2, 2))
        return context.cache.keys[0].flatten(1)

    before = keys()
    net.decoder.layers[0].gen.k_proj.bias.add_(1.0)  # type: ignore[union-attr,operator]  # torch types children loosely
    changed = (keys() - before).abs().amax(1) > 1e-6
    assert changed.tolist() == [False, True, True, True, True, False]


def _many_samples(tokenizer: Tokenizer) -> list[Sample]:
    text = Prompter(tokenizer, [ConceptRows(start=0, num_und=4, num_gen=4)])
    return [
        Sample(segments=(text.text("what is it?"), text.text("a kite", has_loss=True))),
        Sample(segments=(text.text("a dog"), gen_target(CONFIG, 2, 3))),
        Sample(segments=(und_image(CONFIG, 3, 3), text.text("yes", has_loss=True))),
        Sample(
            segments=(text.prefix(0, "draw"), text.text("<c0>"), gen_target(CONFIG, 3, 3, seed=4))
        ),
        Sample(
            segments=(gen_image(CONFIG, 2, 2), text.text("hat"), gen_target(CONFIG, 2, 2, seed=6))
        ),
        Sample(segments=(text.text("no", has_loss=True),)),
    ]


@torch.no_grad()
def test_a_sample_means_the_same_alone_and_among_others(
    net: OmniModel, tokenizer: Tokenizer
) -> None:
    samples, soft = _many_samples(tokenizer), noise(7, 9, 32)
    together = net(pack(samples, tokenizer.markers), soft)
    alone = [net(pack([sample], tokenizer.markers), soft) for sample in samples]
    ce = torch.cat([one.ce for one in alone])
    mse = torch.cat([one.mse for one in alone])
    torch.testing.assert_close(together.ce, ce, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(together.mse, mse, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_an_exchange_about_a_picture_means_the_same_alone_and_after_others(
    net: OmniModel, tokenizer: Tokenizer
) -> None:
    text, picture = Prompter(tokenizer), und_image(CONFIG, 3, 3)
    turns = (("what is it?", "a kite"), ("is it a blue kite?", "yes"), ("the toy?", "a ball"))
    asked = [text.exchange(*turn, branch=i) for i, turn in enumerate(turns, start=1)]
    samples = [Sample(segments=(picture, *one)) for one in asked]
    together = Sample(segments=(picture, *(segment for one in asked for segment in one)))
    alone = torch.cat([net(pack([sample], tokenizer.markers)).ce for sample in samples])
    found = net(pack([together], tokenizer.markers)).ce
    torch.testing.assert_close(found, alone, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_another_sample_in_the_pack_changes_nothing(net: OmniModel, tokenizer: Tokenizer) -> None:
    samples, soft = _many_samples(tokenizer), noise(7, 9, 32)
    before = net(pack(samples, tokenizer.markers), soft)
    other = Sample(segments=(TextSegment(ids=[tokenizer.begin, 99, 98, tokenizer.end]),))
    after = net(pack([*samples, other], tokenizer.markers), soft)
    torch.testing.assert_close(before.ce, after.ce, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(before.mse, after.mse, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_the_network_s_output_is_read_as_the_configuration_says(tokenizer: Tokenizer) -> None:
    block = gen_image(CONFIG, 2, 3)
    for prediction in get_args(Prediction):
        net = random_model(replace(tiny(), prediction=prediction))
        net.llm2vae.weight.zero_()
        net.llm2vae.bias.fill_(2.0)
        seen = velocity(Context(net, tokenizer.markers), block.tokens, block.position_ids, 0.5)
        output = torch.full_like(block.tokens, 2.0)
        time = torch.full((6, 1), 0.5)
        torch.testing.assert_close(seen, as_velocity(output, block.tokens, time, prediction))
    with pytest.raises(ValueError, match="prediction is 'noise'"):
        replace(tiny(), prediction=cast("Prediction", "noise"))

"""Learning moves the concept's tokens and nothing else."""

import math
import random
import threading
from dataclasses import replace

import pytest
import torch
from oracles.random_weights import png
from torch import Tensor, nn

from omnipersona.model.bagel.backbone import LocalPersonaModel
from omnipersona.model.bagel.concept_training import trainer
from omnipersona.model.bagel.concept_training.dataset import ConceptDataset, Photo, Picture
from omnipersona.model.bagel.concept_training.sampler import ConceptSampler
from omnipersona.model.bagel.concept_training.trainer import (
    PRESETS,
    TrainedConcept,
    TrainingConfig,
    fit,
    learn,
    learned,
)
from omnipersona.model.bagel.images import read_png
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.prompt_layout import ConceptRows, Prompter
from omnipersona.model.bagel.sequence import clean_image, seen_image
from omnipersona.model.concepts.file_format import check_concept, read_card
from omnipersona.model.concepts.files import read_adapter, read_concept, write_concept
from omnipersona.model.concepts.tokens import ConceptTokens
from omnipersona.model.contract import (
    ConceptFile,
    DrawSettings,
    Fact,
    File,
    GenerateRequest,
    ImageResult,
    LearnEvent,
    LearnRequest,
    LearnResult,
)
from omnipersona.model.errors import Cancelled, LearningFailed

FACTS = (Fact(attribute="toy", value="a red ball"), Fact(attribute="home", value="the beach"))


def _photos(count: int) -> tuple[bytes, ...]:
    return tuple(png(seed=i) for i in range(count))


def _copy(net: nn.Module) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in net.state_dict().items()}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the thorough preset; its steps differ only in number."""
    monkeypatch.setitem(PRESETS, "nano", replace(PRESETS["nano"], num_steps=3))


@pytest.mark.parametrize(
    ("num_photos", "kind", "facts"),
    [(1, None, ()), (1, "dog", FACTS), (3, "dog", ()), (3, None, FACTS)],
)
def test_a_quick_lesson_ends_with_a_concept_of_this_model(
    pipeline: Pipeline, num_photos: int, kind: str | None, facts: tuple[Fact, ...]
) -> None:
    request = LearnRequest(
        name="Bo",
        photos=File.each(_photos(num_photos)),
        kind=kind,
        facts=facts,
        preset="quick",
        seed=3,
    )
    before = _copy(pipeline.model)
    *events, result = learn(pipeline, request)
    after = pipeline.model.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert isinstance(result, LearnResult)
    tokens = read_concept(result.concept, 32, pipeline.fingerprint)
    assert (tokens.num_und, tokens.num_gen) == (16, 16)
    assert (read_card(result.concept).name, read_card(result.concept).kind) == ("Bo", kind)
    steps = [event.step for event in events if isinstance(event, LearnEvent)]
    assert steps == [0] * 2 * num_photos + list(range(1, PRESETS["quick"].num_steps + 1))


@pytest.mark.usefixtures("short")
def test_a_thorough_lesson_leaves_every_weight_as_it_was(pipeline: Pipeline) -> None:
    before = _copy(pipeline.model)
    request = LearnRequest(
        name="Bo", photos=File.each(_photos(1)), kind="dog", facts=FACTS, preset="nano"
    )
    *events, result = learn(pipeline, request)
    after = pipeline.model.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert isinstance(result, LearnResult)
    assert all(p.grad is None for p in pipeline.model.parameters())
    assert all(math.isfinite(e.loss_text) for e in events if isinstance(e, LearnEvent))


def test_the_same_request_learns_the_same_tokens(pipeline: Pipeline) -> None:
    request = LearnRequest(name="Bo", photos=File.each(_photos(2)), preset="quick", seed=9)
    tables = []
    for _ in range(2):
        *_, result = learn(pipeline, request)
        assert isinstance(result, LearnResult)
        tables.append(read_concept(result.concept, 32, pipeline.fingerprint).table())
    assert torch.equal(tables[0], tables[1])


def test_where_memory_is_short_layers_run_twice_and_tokens_are_the_same(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = LearnRequest(name="Bo", photos=File.each(_photos(1)), preset="quick", seed=9)
    tables = []
    for memory in (10**12, 1):
        monkeypatch.setattr(
            "omnipersona.model.bagel.concept_training.trainer.memory_of", lambda _, m=memory: m
        )
        *_, result = learn(pipeline, request)
        assert isinstance(result, LearnResult)
        assert pipeline.model.decoder.recomputes == (memory == 1)
        tables.append(read_concept(result.concept, 32, pipeline.fingerprint).table())
    assert torch.equal(tables[0], tables[1])


def test_concepts_learned_together_are_the_concepts_asked_for(pipeline: Pipeline) -> None:
    requests = [
        LearnRequest(name=name, photos=File.each(_photos(1)), kind=kind, seed=i)
        for i, (name, kind) in enumerate((("Bo", "dog"), ("Mia", "cat")))
    ]
    config = replace(PRESETS["quick"], num_steps=2)
    files = learned(pipeline, requests, config)
    assert [read_card(file).name for file in files] == ["Bo", "Mia"]
    bo, mia = (read_concept(file, 32, pipeline.fingerprint).table() for file in files)
    assert not torch.equal(bo, mia)


def test_one_pupil_never_moves_another(pipeline: Pipeline) -> None:
    tokens, silent = _tokens(), _tokens()
    sampler = _sampler(pipeline)
    config = TrainingConfig(num_steps=2, num_drawings=1, rate=0.01, gen_rate=0.01)
    with torch.no_grad():
        before = silent.table().clone()
    about_the_first = [TrainedConcept(tokens, sampler), TrainedConcept(silent, sampler)]
    list(fit(pipeline.model, about_the_first, pipeline.tokenizer.markers, config))
    assert torch.equal(silent.table(), before)
    assert not torch.equal(tokens.table(), before)


def test_learning_goes_on_from_earlier_tokens(pipeline: Pipeline) -> None:
    first = LearnRequest(name="Bo", photos=File.each(_photos(1)), preset="quick")
    *_, result = learn(pipeline, first)
    assert isinstance(result, LearnResult)
    earlier = read_concept(result.concept, 32, pipeline.fingerprint).table()
    config = TrainingConfig(
        num_steps=1, num_drawings=1, rate=1e-4, gen_rate=1e-4, is_thorough=False
    )
    files = learned(pipeline, [replace(first, start=result.concept)], config)
    later = read_concept(files[0], 32, pipeline.fingerprint).table()
    assert 0 < float((later - earlier).detach().abs().max()) < 1e-2


@pytest.mark.parametrize(
    "config",
    [
        TrainingConfig(
            num_steps=1, num_drawings=1, rate=0.01, gen_rate=0.01, num_und=4, num_gen=32
        ),
        TrainingConfig(
            num_steps=1, num_drawings=1, rate=0.01, gen_rate=0.01, routing="unified", start="noun"
        ),
        TrainingConfig(
            num_steps=1, num_drawings=1, rate=0.01, gen_rate=0.01, with_drawing=False, start="noise"
        ),
        TrainingConfig(
            num_steps=1,
            num_drawings=1,
            rate=0.01,
            gen_rate=0.01,
            with_reading=False,
            with_edits=False,
        ),
    ],
)
def test_every_variant_of_a_comparison_learns(pipeline: Pipeline, config: TrainingConfig) -> None:
    request = LearnRequest(name="Bo", photos=File.each(_photos(1)), kind="dog", facts=FACTS)
    files = learned(pipeline, [request], replace(config, is_thorough=False))
    tokens = read_concept(files[0], 32, pipeline.fingerprint)
    assert (tokens.num_und, tokens.num_gen) == (config.num_und, config.num_gen)
    assert tokens.routing == config.routing


def _sampler(pipeline: Pipeline, facts: tuple[Fact, ...] = FACTS) -> ConceptSampler:
    image = read_png(png())
    latents = pipeline.encode(image, torch.Generator().manual_seed(0)).detach()
    picture = Picture(
        seen_image(pipeline.config, pipeline.vision_pixels(image)),
        clean_image(pipeline.config, latents),
    )
    dataset = ConceptDataset(facts, "dog", photos=[Photo(picture, "<c0> at the beach")])
    rows = ConceptRows(start=0, num_und=16, num_gen=16)
    noise = torch.Generator().manual_seed(1)
    return ConceptSampler(
        dataset, Prompter(pipeline.tokenizer, [rows]), 1.0, random.Random(1), noise
    )


def _tokens() -> ConceptTokens:
    table = 0.1 * torch.randn(33, 32, generator=torch.Generator().manual_seed(4))
    return ConceptTokens.from_table(table)


def test_the_loss_falls(pipeline: Pipeline) -> None:
    config = TrainingConfig(num_steps=25, num_drawings=2, rate=0.02, gen_rate=0.02)
    markers = pipeline.tokenizer.markers
    events = list(
        fit(pipeline.model, [TrainedConcept(_tokens(), _sampler(pipeline))], markers, config)
    )
    totals = [event.loss_text + event.loss_flow for event in events]
    assert sum(totals[-5:]) < sum(totals[:5])


def test_every_vector_of_the_concept_learns(pipeline: Pipeline) -> None:
    tokens, before = _tokens(), _tokens().table()
    config = TrainingConfig(num_steps=1, num_drawings=1, rate=0.01, gen_rate=0.01)
    list(
        fit(
            pipeline.model,
            [TrainedConcept(tokens, _sampler(pipeline))],
            pipeline.tokenizer.markers,
            config,
        )
    )
    moved = (tokens.table() - before).abs().amax(1)
    assert bool((moved > 0).all())


@pytest.mark.parametrize("reads", [True, False])
def test_apart_each_side_moves_its_own_vectors_alone(pipeline: Pipeline, reads: bool) -> None:
    tokens = ConceptTokens.from_table(_tokens().table(), routing="apart")
    before = {name: value.detach().clone() for name, value in tokens.named_parameters()}
    sampler = replace(
        _sampler(pipeline),
        prompter=Prompter(pipeline.tokenizer, [ConceptRows.of(tokens, 0)]),
    )
    config = TrainingConfig(
        num_steps=1,
        num_drawings=1,
        rate=0.01,
        gen_rate=0.01,
        routing="apart",
        with_reading=reads,
        with_drawing=not reads,
        with_edits=False,
    )
    list(fit(pipeline.model, [TrainedConcept(tokens, sampler)], pipeline.tokenizer.markers, config))
    moved = {n for n, v in tokens.named_parameters() if not torch.equal(v, before[n])}
    assert moved == ({"sks", "und"} if reads else {"gen", "gen_sks"})


@pytest.mark.parametrize("bad_step", [1, 4])
def test_a_loss_that_is_no_number_stops_with_the_last_good_tokens(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, bad_step: int
) -> None:
    real, calls = trainer._losses, 0

    def failing(*args: object) -> object:
        nonlocal calls
        calls += 1
        text, flow, edit = real(*args)  # type: ignore[arg-type]  # passed through as they came
        return text * (math.nan if calls == bad_step else 1.0), flow, edit

    monkeypatch.setattr(trainer, "_losses", failing)
    tokens, good = _tokens(), _tokens().table()
    config = TrainingConfig(num_steps=9, num_drawings=1, rate=0.01, gen_rate=0.01)
    steps = fit(
        pipeline.model,
        [TrainedConcept(tokens, _sampler(pipeline))],
        pipeline.tokenizer.markers,
        config,
    )

    def go_on() -> None:
        nonlocal good
        for _ in steps:
            good = tokens.table().detach().clone()

    with pytest.raises(LearningFailed, match=rf"step {bad_step} of 9.*nan"):
        go_on()
    assert torch.equal(tokens.table(), good)


def test_a_gradient_that_is_no_number_never_reaches_the_tokens(pipeline: Pipeline) -> None:
    tokens = _tokens()
    tokens.und.register_hook(lambda grad: grad * math.nan)
    good = tokens.table().detach().clone()
    config = TrainingConfig(num_steps=3, num_drawings=1, rate=0.01, gen_rate=0.01)
    with pytest.raises(LearningFailed, match="gradient"):
        list(
            fit(
                pipeline.model,
                [TrainedConcept(tokens, _sampler(pipeline))],
                pipeline.tokenizer.markers,
                config,
            )
        )
    assert torch.equal(tokens.table(), good)


def test_a_run_of_no_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="num_steps 0"):
        TrainingConfig(num_steps=0, num_drawings=1, rate=0.1, gen_rate=0.1)


def test_cancel_stops_learning_and_the_model_goes_on(model: LocalPersonaModel) -> None:
    cancel = threading.Event()
    request = LearnRequest(name="Bo", photos=File.each(_photos(1)), preset="paper")
    events = model.learn(request, cancel)
    next(events)
    next(events)
    cancel.set()
    with pytest.raises(Cancelled):
        list(events)
    settings = DrawSettings(seed=1, num_steps=1)
    *_, last = model.generate(GenerateRequest(prompt="a", settings=settings))
    assert isinstance(last, ImageResult)


def test_a_drawing_does_not_wait_for_learning(model: LocalPersonaModel) -> None:
    learning = model.learn(LearnRequest(name="Bo", photos=File.each(_photos(1)), preset="paper"))
    next(learning)
    settings = DrawSettings(seed=1, num_steps=2)
    *_, last = model.generate(GenerateRequest(prompt="a", settings=settings))
    assert isinstance(last, ImageResult)
    event = next(learning)
    assert isinstance(event, LearnEvent)
    assert event.step < event.num_steps
    learning.close()  # type: ignore[attr-defined]  # a generator, promised as an iterator


def test_a_learned_concept_is_used_at_once(model: LocalPersonaModel) -> None:
    *_, result = model.learn(LearnRequest(name="Bo", photos=File.each(_photos(1)), preset="quick"))
    assert isinstance(result, LearnResult)
    check_concept(result.concept, model.describe())
    settings = DrawSettings(seed=1, num_steps=1)
    pictures = []
    for concepts in ((), (result.concept,)):
        request = GenerateRequest(prompt="<c0>", concepts=concepts, settings=settings)
        *_, last = model.generate(request)
        assert isinstance(last, ImageResult)
        pictures.append(last.png)
    assert pictures[0] != pictures[1]


def test_an_adapter_is_learned_along_and_drawn_with_where_it_is_asked_for(
    pipeline: Pipeline,
) -> None:
    request = LearnRequest(name="Bo", photos=File.each(_photos(2)), kind="dog", seed=1)
    config = TrainingConfig(
        num_steps=3,
        num_drawings=1,
        rate=0.01,
        gen_rate=0.01,
        is_thorough=False,
        lora_rank=2,
        lora_rate=0.1,
    )
    before = _copy(pipeline.model)
    (concept,) = learned(pipeline, [request], config)
    after = pipeline.model.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    matrices = read_adapter(concept)
    assert any("lora_B" in key and bool(value.any()) for key, value in matrices.items())

    tokens = read_concept(concept, 32, pipeline.fingerprint)
    bare = write_concept(tokens, read_card(concept))
    assert not read_adapter(bare)

    def drawn(file: ConceptFile, *, with_adapters: bool) -> bytes:
        settings = DrawSettings(seed=2, num_steps=2, previews=False, with_adapters=with_adapters)
        *_, result = pipeline.generate(
            GenerateRequest(prompt="<c0> here", concepts=(file,), settings=settings)
        )
        assert isinstance(result, ImageResult)
        return result.png

    without = drawn(bare, with_adapters=False)
    assert drawn(concept, with_adapters=False) == without
    assert drawn(bare, with_adapters=True) == without
    assert drawn(concept, with_adapters=True) != without


def test_several_concepts_do_not_share_a_batch_with_adapters(pipeline: Pipeline) -> None:
    request = LearnRequest(name="Bo", photos=File.each(_photos(1)))
    config = TrainingConfig(num_steps=1, num_drawings=1, rate=0.01, gen_rate=0.01, lora_rank=2)
    with pytest.raises(ValueError, match="learn one at a time"):
        learned(pipeline, [request, request], config)


def test_a_run_that_was_cut_off_goes_on_at_its_step(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "_SAVE_SECONDS", 0.0)
    request = LearnRequest(
        name="Bo", photos=File.each(_photos(2)), kind="dog", facts=FACTS, preset="quick"
    )
    saved = None
    for event in learn(pipeline, request):
        if isinstance(event, LearnEvent) and event.step == 5:
            saved = event.saved
            break
    assert saved is not None

    def steps(again: LearnRequest) -> list[int]:
        events = [event for event in learn(pipeline, again) if isinstance(event, LearnEvent)]
        return [event.step for event in events if event.step]

    num_steps = PRESETS["quick"].num_steps
    assert steps(replace(request, start=saved)) == list(range(6, num_steps + 1))
    others = replace(request, start=saved, photos=File.each(_photos(3)))
    assert steps(others) == list(range(1, num_steps + 1))
    *_, result = learn(pipeline, request)
    assert isinstance(result, LearnResult)
    assert steps(replace(request, start=result.concept)) == list(range(1, num_steps + 1))

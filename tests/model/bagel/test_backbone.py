"""The model in this process: what it says, repeats, stops and survives."""

import logging
import shutil
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from oracles.random_weights import noise, png, small_tokenizer
from safetensors.torch import load_file, save_file

from omnipersona.model.bagel.backbone import LocalPersonaModel, load_model
from omnipersona.model.bagel.config import tiny
from omnipersona.model.bagel.text_tasks import CompleteRequest, last_of, run
from omnipersona.model.concepts.file_format import ConceptCard, check_concept
from omnipersona.model.concepts.files import write_concept
from omnipersona.model.concepts.tokens import ConceptTokens
from omnipersona.model.contract import (
    AnswerRequest,
    ConceptFile,
    DrawSettings,
    EditRequest,
    Example,
    GenerateRequest,
    ImageResult,
    ReadRequest,
    StepEvent,
    text_of,
)
from omnipersona.model.errors import (
    Cancelled,
    ConceptError,
    DeviceError,
    ModelBusy,
    ModelError,
    WeightsError,
)

PHOTO = png()


def _concept(model: LocalPersonaModel, seed: int = 1) -> ConceptFile:
    tokens = ConceptTokens(noise(seed, 1, 32), noise(seed + 1, 16, 32), noise(seed + 2, 16, 32))
    fingerprint = model.describe().fingerprint
    return write_concept(tokens, ConceptCard(name="bo", kind=None, fingerprint=fingerprint))


def _draw(
    model: LocalPersonaModel, prompt: str = "a red ball", *, concepts: tuple[ConceptFile, ...] = ()
) -> ImageResult:
    settings = DrawSettings(seed=3, num_steps=2)
    request = GenerateRequest(prompt=prompt, concepts=concepts, settings=settings)
    *_, last = model.generate(request)
    assert isinstance(last, ImageResult)
    return last


def test_it_says_what_it_is(model: LocalPersonaModel) -> None:
    info = model.describe()
    assert (info.name, info.device, info.image_size, info.max_image_size) == ("tiny", "cpu", 32, 32)
    assert info.dtype.startswith("float32 (")
    assert info.num_steps == tiny().sampling.num_steps


def test_a_drawing_tells_its_steps_and_repeats_by_seed(model: LocalPersonaModel) -> None:
    request = GenerateRequest(prompt="a dog", width=24, height=16, settings=DrawSettings(seed=5))
    *steps, result = model.generate(request)
    assert isinstance(result, ImageResult)
    assert [s.step for s in steps if isinstance(s, StepEvent)] == [1, 2, 3]
    assert (result.width, result.height, result.seed) == (24, 16, 5)
    *_, again = model.generate(request)
    assert isinstance(again, ImageResult)
    assert again.png == result.png


def test_a_drawing_without_a_seed_names_the_one_it_drew(model: LocalPersonaModel) -> None:
    request = GenerateRequest(prompt="a dog", settings=DrawSettings(num_steps=1))
    seeds = set()
    for _ in range(3):
        *_, result = model.generate(request)
        assert isinstance(result, ImageResult)
        seeds.add(result.seed)
    assert len(seeds) > 1


def test_settings_of_the_request_outweigh_the_models(model: LocalPersonaModel) -> None:
    settings = DrawSettings(seed=1, num_steps=4, cfg_text_scale=1.0, previews=False)
    *steps, result = model.generate(GenerateRequest(prompt="a", settings=settings))
    assert isinstance(result, ImageResult)
    assert (result.num_steps, result.cfg_text_scale) == (4, 1.0)
    assert all(isinstance(step, StepEvent) and step.preview is None for step in steps)


def test_concepts_change_a_drawing_and_their_order_names_them(model: LocalPersonaModel) -> None:
    one, two = _concept(model, 1), _concept(model, 10)
    pictures = [
        _draw(model, "<c0>").png,
        _draw(model, "<c0>", concepts=(one,)).png,
        _draw(model, "<c0>", concepts=(two,)).png,
        _draw(model, "<c0> and <c1>", concepts=(one, two)).png,
        _draw(model, "<c1> and <c0>", concepts=(one, two)).png,
    ]
    assert len(set(pictures)) == len(pictures)


def test_answers_come_in_pieces_and_repeat(model: LocalPersonaModel) -> None:
    request = AnswerRequest(
        question="what is <c0> doing?",
        images=(PHOTO, png(seed=2)),
        concepts=(_concept(model),),
        examples=(Example(prompt="who?", reply="a dog"),),
        max_tokens=8,
        temperature=0.9,
        seed=4,
    )
    pieces = list(model.answer(request))
    assert text_of(model.answer(request)) == text_of(pieces)
    assert all(piece.text for piece in pieces)
    assert [piece.sequence for piece in pieces] == list(range(len(pieces)))


def test_a_completion_is_text_and_how_sure_it_is(model: LocalPersonaModel) -> None:
    request = CompleteRequest(prompt="Parse\nmessage: draw", max_tokens=5)
    first = run(last_of(model.pipeline.complete(request)))
    assert first.log_probability <= 0.0
    assert run(last_of(model.pipeline.complete(request))) == first


def test_a_completion_reads_the_picture_before_its_prompt(model: LocalPersonaModel) -> None:
    def sure(*images: bytes) -> float:
        request = CompleteRequest(prompt="is <c0> here?", images=images, max_tokens=1)
        return run(last_of(model.pipeline.complete(request))).log_probability

    assert len({sure(), sure(PHOTO), sure(png(seed=2))}) == 3


def test_an_edit_keeps_the_size_of_its_source(model: LocalPersonaModel) -> None:
    settings = DrawSettings(seed=1, num_steps=1)
    request = EditRequest(image=png((32, 16)), instruction="a hat", settings=settings)
    *_, result = model.edit(request)
    assert isinstance(result, ImageResult)
    assert (result.width, result.height) == (32, 16)


def test_cancel_stops_within_one_step(model: LocalPersonaModel) -> None:
    cancel = threading.Event()
    settings = DrawSettings(num_steps=1000, previews=False)
    steps = model.generate(GenerateRequest(prompt="a", settings=settings), cancel)
    seen = [next(steps)]
    cancel.set()
    with pytest.raises(Cancelled):
        seen.extend(steps)
    numbers = [one.step for one in seen if isinstance(one, StepEvent)]
    assert len(numbers) < 1000
    assert all(b == a + 1 for a, b in pairwise(numbers))
    assert _draw(model).num_steps == 2


def test_a_cancelled_text_task_says_so(model: LocalPersonaModel) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        model.read(ReadRequest(message="hi"), cancel)


def test_threads_get_what_they_would_get_alone(model: LocalPersonaModel) -> None:
    prompts = [f"a {word} ball" for word in ("red", "blue", "green", "big")]
    alone = [_draw(model, prompt).png for prompt in prompts]
    together: dict[int, bytes] = {}

    def call(i: int) -> None:
        together[i] = _draw(model, prompts[i]).png

    threads = [threading.Thread(target=call, args=(i,)) for i in range(len(prompts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    assert [together[i] for i in range(len(prompts))] == alone


def test_check_concept_knows_its_own(model: LocalPersonaModel) -> None:
    check_concept(_concept(model), model.describe())
    data = b"not a concept"
    with pytest.raises(ConceptError):
        check_concept(ConceptFile.of(data), model.describe())


def test_a_concept_of_another_base_is_refused(
    model: LocalPersonaModel, checkpoint: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    shutil.copytree(checkpoint, folder)
    tensors = load_file(folder / "ema.safetensors")
    tensors["language_model.model.norm.weight"] += 0.5
    save_file(tensors, folder / "ema.safetensors")
    other = load_model(str(folder), device="cpu")
    try:
        with pytest.raises(ConceptError, match="another base model"):
            check_concept(_concept(model), other.describe())
    finally:
        other.close()


def test_a_closed_model_refuses_work(model: LocalPersonaModel) -> None:
    model.close()
    with pytest.raises(ModelBusy, match="closed"):
        model.generate(GenerateRequest(prompt="a"))


def test_loading_logs_device_and_reason_but_no_text(
    checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        loaded = load_model(str(checkpoint), device="cpu")
        loaded.read(ReadRequest(message="a secret"))
        loaded.close()
    assert "cpu" in caplog.text
    assert "secret" not in caplog.text


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="nowhere"):
        load_model(str(tmp_path / "nowhere"))


def test_an_unknown_device_is_refused(checkpoint: Path) -> None:
    with pytest.raises(DeviceError, match="'tpu'"):
        load_model(str(checkpoint), device="tpu")


def test_a_tokenizer_of_another_size_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    shutil.copytree(checkpoint, folder)
    words = [f"w{i:03d}" for i in range(400)]
    type(small_tokenizer()).train([" ".join(words)] * 9, 500).write(folder)
    with pytest.raises(ModelError, match="same checkpoint"):
        load_model(str(folder), device="cpu")

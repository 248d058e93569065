"""Requests out of range name their field; the next good request works."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from oracles.random_weights import png

from omnipersona.model.bagel.backbone import LocalPersonaModel
from omnipersona.model.contract import (
    AnswerRequest,
    ConceptFile,
    DrawSettings,
    EditRequest,
    Example,
    Fact,
    File,
    GenerateRequest,
    ImageResult,
    LearnRequest,
    ReadRequest,
    text_of,
)
from omnipersona.model.errors import (
    ConceptError,
    ImageError,
    ImageSizeError,
    ModelError,
    RequestError,
)

FILE = ConceptFile(data=b"", sha256="")
EMPTY_FACT = Fact(attribute="toy", value=" ")
HALF_EXAMPLE = Example(prompt="\ud800", reply="")
BAD: list[tuple[str, Callable[[], object]]] = [
    *(("num_steps", lambda n=n: DrawSettings(num_steps=n)) for n in (0, -1, 10**6, 2.5, True)),
    *(
        (name, lambda name=name, v=v: DrawSettings(**{name: v}))
        for name in ("cfg_text_scale", "cfg_img_scale")
        for v in (math.nan, math.inf, -math.inf, -0.1, 1e9)
    ),
    *(("seed", lambda s=s: DrawSettings(seed=s)) for s in (-1, 2**32, 0.5, True)),
    *(("seed", lambda s=s: AnswerRequest(question="a", seed=s)) for s in (-1, 2**32)),
    *(
        (side, lambda side=side, n=n: GenerateRequest(prompt="a", **{side: n}))
        for side in ("width", "height")
        for n in (0, -8, 10**5, 7.5)
    ),
    *(("max_tokens", lambda n=n: AnswerRequest(question="a", max_tokens=n))
      for n in (0, -1, 10**6)),
    *(("temperature", lambda t=t: AnswerRequest(question="a", temperature=t))
      for t in (-1.0, math.nan, math.inf)),
    *((field, lambda make=make, text=text: make(text))
      for field, make in (
          ("question", lambda text: AnswerRequest(question=text)),
          ("message", lambda text: ReadRequest(message=text)),
          ("prompt", lambda text: GenerateRequest(prompt=text)),
          ("instruction", lambda text: EditRequest(image=b"", instruction=text)),
          ("name", lambda text: LearnRequest(name=text, photos=File.each((b"",)))),
      )
      for text in ("", "  \n\t", "half a \ud800 character", "a" * 10**6)),
    ("photos", lambda: LearnRequest(name="a", photos=File.each(()))),
    ("photos", lambda: LearnRequest(name="a", photos=File.each((b"",) * 101))),
    ("kind", lambda: LearnRequest(name="a", photos=File.each((b"",)), kind="\udfff")),
    ("facts", lambda: LearnRequest(name="a", photos=File.each((b"",)), facts=(EMPTY_FACT,))),
    ("concepts", lambda: GenerateRequest(prompt="a", concepts=(FILE,) * 11)),
    ("examples", lambda: AnswerRequest(question="a", examples=(HALF_EXAMPLE,))),
]  # fmt: skip


@pytest.mark.parametrize(("field", "make"), BAD, ids=[f"{f}-{i}" for i, (f, _) in enumerate(BAD)])
def test_an_argument_out_of_range_names_its_field(field: str, make: Callable[[], object]) -> None:
    with pytest.raises(RequestError) as caught:
        make()
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_seeds_reach_to_both_ends(seed: int) -> None:
    assert DrawSettings(seed=seed).seed == seed


def _finish(steps: Iterator[Any]) -> ImageResult:
    *_, last = steps
    assert isinstance(last, ImageResult)
    return last


GOOD = GenerateRequest(prompt="a red ball", settings=DrawSettings(seed=1, num_steps=1))
FOREIGN = ConceptFile(data=b"no concept", sha256="")
UNUSABLE: dict[str, tuple[type[ModelError], Callable[[LocalPersonaModel], Iterator[Any]]]] = {
    "a size that is no multiple": (
        ImageSizeError,
        lambda m: m.generate(GenerateRequest(prompt="a", width=12, height=16)),
    ),
    "a size beyond the grid": (
        ImageSizeError,
        lambda m: m.generate(GenerateRequest(prompt="a", width=4096, height=4096)),
    ),
    "a source that is no picture": (
        ImageError,
        lambda m: m.edit(EditRequest(image=b"hello", instruction="a")),
    ),
    "a question about no picture": (
        ImageError,
        lambda m: m.answer(AnswerRequest(question="a", images=(b"",))),
    ),
    "a concept of nobody": (
        ConceptError,
        lambda m: m.generate(GenerateRequest(prompt="<c0>", concepts=(FOREIGN,))),
    ),
    "photos that are none": (
        ImageError,
        lambda m: m.learn(LearnRequest(name="a", photos=File.each((b"x",)), preset="quick")),
    ),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_after_an_unusable_request_the_next_good_one_works(
    model: LocalPersonaModel, name: str
) -> None:
    kind, ask = UNUSABLE[name]
    with pytest.raises(kind, match=r"\."):
        list(ask(model))
    assert _finish(model.generate(GOOD)).num_steps == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1), (7, 33)])
def test_pictures_of_any_shape_can_be_asked_about_and_edited(
    model: LocalPersonaModel, size: tuple[int, int]
) -> None:
    picture = png(size)
    text_of(model.answer(AnswerRequest(question="what?", images=(picture,), max_tokens=2)))
    request = EditRequest(image=picture, instruction="a hat", settings=GOOD.settings)
    assert _finish(model.edit(request)).png.startswith(b"\x89PNG")

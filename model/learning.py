"""A learn request from photos to a concept file, step by step.

Knows the studio, lessons and fit. Does not know queues or users.
"""

import random
import time
from collections.abc import Iterator
from typing import Final

import torch
from PIL import Image
from safetensors import safe_open
from torch import Tensor

from omnipersona.model.concept.files import ConceptCard, write_concept
from omnipersona.model.concept.prompt import ConceptRows, Prompter
from omnipersona.model.concept.tokens import NUM_GEN, NUM_UND, ConceptTokens
from omnipersona.model.contract import (
    MAX_SEED,
    AnswerRequest,
    DrawSettings,
    EditRequest,
    GenerateRequest,
    ImageResult,
    LearnEvent,
    LearnRequest,
    LearnResult,
)
from omnipersona.model.fit import PRESETS, fit
from omnipersona.model.lessons import Eyes, Lessons, Picture, Teacher, prepare
from omnipersona.model.sequence.pictures import clean_image, seen_image
from omnipersona.model.studio import Studio
from omnipersona.model.vision.images import read_png, resized, write_png

BANK: Final = "concept_bank.safetensors"
_START_NOISE: Final = 0.02
_DRAFT_STEPS: Final = 8


def learn(studio: Studio, request: LearnRequest) -> Iterator[LearnEvent | LearnResult]:
    """Yield an event per update, then the concept.

    Preparing the lessons yields events of step 0, so that a caller sees life and can stop.

    Raises:
        LearningFailed: A loss was not a number.
    """
    started = time.monotonic()
    config = PRESETS[request.preset]
    images = [read_png(photo) for photo in request.photos]
    lessons = Lessons(request.facts, request.kind)
    for _ in prepare(lessons, images, _eyes(studio), request.seed, is_thorough=config.is_thorough):
        yield LearnEvent(step=0, num_steps=config.num_steps, loss_text=0.0, loss_flow=0.0)
    tokens = ConceptTokens.from_table(starting_table(studio, request))
    rows = ConceptRows(start=0, num_und=tokens.num_und, num_gen=tokens.num_gen)
    teacher = Teacher(
        lessons,
        Prompter(studio.tokenizer, [rows]),
        studio.config.sampling.timestep_shift,
        random.Random(request.seed),
        torch.Generator().manual_seed(request.seed),
    )
    yield from fit(studio.model, tokens, teacher, studio.tokenizer.markers, config)
    card = ConceptCard(name=request.name, kind=request.kind, fingerprint=studio.fingerprint)
    yield LearnResult(
        concept=write_concept(tokens, card),
        num_steps=config.num_steps,
        elapsed_ms=(time.monotonic() - started) * 1000.0,
    )


@torch.no_grad()
def starting_table(studio: Studio, request: LearnRequest) -> Tensor:
    """Return starting vectors (33, D).

    With a concept bank beside the checkpoint: the mean of the known concepts of this kind, or of
    all. Without one: the embedding of the kind's noun plus small noise.
    """
    path = studio.folder / BANK
    if path.exists():
        with safe_open(path, framework="pt") as file:
            bank = file.get_tensor("tokens").float()
            kinds = (file.metadata() or {}).get("kinds", "").split()
        same = [i for i, kind in enumerate(kinds) if kind == request.kind]
        return (bank[same] if same else bank).mean(0)
    ids, _ = studio.tokenizer.encode(f" {request.kind or 'thing'}")
    noun = studio.model.decoder.embed_tokens(torch.tensor(ids)).mean(0).float()
    generator = torch.Generator().manual_seed(request.seed)
    count = 1 + NUM_UND + NUM_GEN
    return noun + _START_NOISE * torch.randn(count, noun.shape[0], generator=generator)


def _eyes(studio: Studio) -> Eyes:
    def see(image: Image.Image) -> Picture:
        fitted = resized(image, studio.config.vae_resize)
        latents = studio.encode(fitted, torch.Generator().manual_seed(0))
        with torch.no_grad():
            return Picture(
                seen_image(studio.config, studio.vision_pixels(fitted)),
                clean_image(studio.config, latents.detach()),
            )

    def ask(question: str, image: Image.Image) -> str:
        request = AnswerRequest(question=question, images=(write_png(image),), max_tokens=12)
        return "".join(studio.answer(request)).strip()

    def settings(seed: int) -> DrawSettings:
        return DrawSettings(seed=seed % (MAX_SEED + 1), num_steps=_DRAFT_STEPS, previews=False)

    def paint(prompt: str, seed: int) -> Image.Image:
        return _result(studio.generate(GenerateRequest(prompt=prompt, settings=settings(seed))))

    def change(image: Image.Image, instruction: str, seed: int) -> Image.Image:
        request = EditRequest(
            image=write_png(image), instruction=instruction, settings=settings(seed)
        )
        return _result(studio.edit(request))

    return Eyes(see, ask, paint, change)


def _result(steps: Iterator[object]) -> Image.Image:
    *_, last = steps
    assert isinstance(last, ImageResult), "a drawing ends with its picture"
    return read_png(last.png)

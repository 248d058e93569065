"""Learn requests from photos to concept files, step by step.

Knows the studio, lessons and fit. Does not know queues or users.
"""

import hashlib
import random
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

import torch
from PIL import Image
from torch import Tensor

from omnipersona.model.concept.encoder import ConceptEncoder, photo_features
from omnipersona.model.concept.files import (
    ConceptCard,
    read_card,
    read_concept,
    write_concept,
)
from omnipersona.model.concept.prompt import ConceptRows, Prompter
from omnipersona.model.concept.tokens import NUM_UND, ConceptTokens
from omnipersona.model.contract import (
    AnswerRequest,
    ConceptFile,
    LearnEvent,
    LearnRequest,
    LearnResult,
)
from omnipersona.model.devices import memory_of
from omnipersona.model.drafts import draw_drafts, edit_drafts
from omnipersona.model.errors import ForeignPicture
from omnipersona.model.fit import PRESETS, FitConfig, Pupil, fit
from omnipersona.model.lessons import Eyes, Lessons, Picture, prepare
from omnipersona.model.memory_plan import Work, plan, weight_type
from omnipersona.model.sequence.pictures import clean_image, seen_image
from omnipersona.model.sequence.segments import UndImage
from omnipersona.model.studio import Studio
from omnipersona.model.teacher import Teacher
from omnipersona.model.team import ALONE, Team
from omnipersona.model.vision.images import read_png, resized, write_png

_RANKS_APART: Final = 1_000_003
_START_NOISE: Final = 0.02
_LONGEST_ANSWER: Final = 12
_PHOTOS_PER_HELD_OUT: Final = 5
_SAVE_SECONDS: Final = 20.0


def learn(studio: Studio, request: LearnRequest) -> Iterator[LearnEvent | LearnResult]:
    """Yield an event per update, then the concept.

    Preparing the lessons yields events of step 0, so that a caller sees life and can stop.

    Raises:
        ForeignPicture: Most photos show what the model does not know.
        LearningFailed: A loss was not a number.
    """
    started = time.monotonic()
    config = PRESETS[request.preset]
    for event in learn_together(studio, [request], config):
        if isinstance(event, LearnEvent):
            yield event
            continue
        yield LearnResult(
            concept=event[0],
            num_steps=config.num_steps,
            elapsed_ms=(time.monotonic() - started) * 1000.0,
        )


def learn_together(
    studio: Studio,
    requests: Sequence[LearnRequest],
    config: FitConfig,
    team: Team = ALONE,
) -> Iterator[LearnEvent | list[ConceptFile]]:
    """Learn several concepts in one batch, by one configuration; ends with their files.

    Processes of a team prepare the same lessons and draw other samples of them.

    Raises:
        ForeignPicture: Most photos of a concept show what the model does not know.
        LearningFailed: A loss was not a number.
        ValueError: Several are learned with adapters, which cannot share a batch.
    """
    if config.lora_rank and len(requests) > 1:
        raise ValueError(f"{len(requests)} concepts with adapters; learn one at a time")
    pupils: list[Pupil] = []
    if _must_recompute(studio):
        studio.model.decoder.recomputes = True
    row = 0
    for request in requests:
        lessons = Lessons(request.facts, request.kind)
        photos = [read_png(photo) for photo in request.photos]
        is_thorough = config.is_thorough
        preparing = prepare(lessons, photos, _eyes(studio), request.seed, is_thorough=is_thorough)
        for _ in chain(_refuse_foreign(studio, photos), preparing):
            yield LearnEvent(step=0, num_steps=config.num_steps, loss_text=0.0, loss_flow=0.0)
        seen = [photo.picture.seen for photo in lessons.photos]
        if config.probe_every:
            count = len(lessons.photos) // _PHOTOS_PER_HELD_OUT
            lessons.held_out = [lessons.photos.pop() for _ in range(count)]
        tokens = _starting_tokens(studio, request, config, seen)
        rows = ConceptRows.of(tokens, row)
        pupils.append(Pupil(tokens, _teacher(studio, request, lessons, rows, team.rank)))
        row += rows.num_rows
    adapter = None
    if config.lora_rank:
        adapter = yield from _fit_with_adapter(studio, pupils[0], config)
    elif len(requests) == 1:
        yield from _fit_and_save(studio, requests[0], pupils[0], config, team)
    else:
        yield from fit(studio.model, pupils, studio.tokenizer.markers, config, team=team)
    yield [
        write_concept(pupil.tokens, _card(studio, one), adapter)
        for pupil, one in zip(pupils, requests, strict=True)
    ]


def _must_recompute(studio: Studio) -> bool:
    """Whether a step keeps more than the device holds, unless its layers run twice."""
    work = Work(kind="learning", size=studio.config.image_size)
    kind = weight_type(str(studio.model.dtype).removeprefix("torch."), "full")
    return plan(studio.config, work, kind).total > memory_of(studio.model.device.type)


def _refuse_foreign(studio: Studio, photos: Sequence[Image.Image]) -> Iterator[None]:
    """Raise if most photos are foreign; a single one may be an odd picture of a known thing.

    Pauses after each photo.
    """
    num_foreign = 0
    for photo in photos:
        num_foreign += studio.is_foreign(photo)
        yield
    if 2 * num_foreign > len(photos):
        raise ForeignPicture(
            f"I cannot learn from these photos: {num_foreign} of {len(photos)} show what I do not "
            f"know. {studio.config.world}"
        )


def _card(studio: Studio, request: LearnRequest) -> ConceptCard:
    return ConceptCard(name=request.name, kind=request.kind, fingerprint=studio.fingerprint)


def _fit_and_save(
    studio: Studio, request: LearnRequest, pupil: Pupil, config: FitConfig, team: Team
) -> Iterator[LearnEvent]:
    """Learn one concept from where its start was cut off; events carry the tokens now and then."""
    num_done = _num_done(request, config)
    saved = time.monotonic()
    for event in fit(studio.model, [pupil], studio.tokenizer.markers, config, num_done, team):
        if time.monotonic() - saved < _SAVE_SECONDS or event.step == config.num_steps:
            yield event
            continue
        card = replace(_card(studio, request), unfinished=f"{_run_name(request)} {event.step}")
        yield replace(event, saved=write_concept(pupil.tokens, card))
        saved = time.monotonic()


def _num_done(request: LearnRequest, config: FitConfig) -> int:
    """Return the steps that the request's start has behind it of the same run."""
    unfinished = read_card(request.start).unfinished if request.start is not None else ""
    name, _, step = unfinished.partition(" ")
    is_same = name == _run_name(request) and step.isdecimal() and int(step) < config.num_steps
    return int(step) if is_same else 0


def _run_name(request: LearnRequest) -> str:
    """Return a name that other photos, facts or presets change."""
    digest = hashlib.sha256(repr((request.kind, request.facts, request.seed)).encode())
    for photo in request.photos:
        digest.update(hashlib.sha256(photo).digest())
    return f"{request.preset}-{digest.hexdigest()[:8]}"


def _fit_with_adapter(
    studio: Studio, pupil: Pupil, config: FitConfig
) -> Generator[LearnEvent, None, dict[str, Tensor]]:
    """Learn tokens and an adapter; return the adapter's matrices."""
    adapters = studio.adapters
    name = adapters.add(config.lora_rank)
    try:
        taught = replace(pupil, adapter=adapters.parameters(name))
        steps = fit(studio.model, [taught], studio.tokenizer.markers, config)
        yield from adapters.while_stepping([name], steps)
        return {key: matrix.clone() for key, matrix in adapters.tensors(name).items()}
    finally:
        adapters.remove(name)


def learned(
    studio: Studio, requests: Sequence[LearnRequest], config: FitConfig
) -> list[ConceptFile]:
    """Return the concepts of `learn_together`, for callers that do not watch."""
    *_, files = learn_together(studio, requests, config)
    assert isinstance(files, list), "learning ends with the files"
    return files


def _teacher(
    studio: Studio,
    request: LearnRequest,
    lessons: Lessons,
    rows: ConceptRows,
    rank: int,
) -> Teacher:
    return Teacher(
        lessons,
        Prompter(studio.tokenizer, [rows]),
        studio.config.sampling.timestep_shift,
        random.Random(request.seed + rank * _RANKS_APART),
        torch.Generator().manual_seed(request.seed + rank * _RANKS_APART),
        edit_ports=studio.config.edit_ports,
    )


def _starting_tokens(
    studio: Studio, request: LearnRequest, config: FitConfig, photos: Sequence[UndImage]
) -> ConceptTokens:
    """Return where learning starts: at earlier tokens if the request brings them."""
    if request.start is not None:
        return read_concept(request.start, studio.config.text.hidden_size, studio.fingerprint)
    table = starting_table(studio, request, config, photos)
    return ConceptTokens.from_table(table, config.num_und, config.routing)


@torch.no_grad()
def starting_table(
    studio: Studio, request: LearnRequest, config: FitConfig, photos: Sequence[UndImage]
) -> Tensor:
    """Return starting vectors (1 + num_und + num_gen, D).

    What the concept encoder beside the checkpoint makes of the photos; without one, the embedding
    of the kind's noun. Noise is added where vectors would be equal.
    """
    count = 1 + config.num_und + config.num_gen
    generator = torch.Generator().manual_seed(request.seed)
    noise = torch.randn(count, studio.config.text.hidden_size, generator=generator)
    found = ConceptEncoder.read(studio.folder) if config.start == "photos" else None
    if found is not None:
        encoder, _ = found
        return _resized(encoder(photo_features(studio.model, photos).cpu()), config, noise)
    if config.start == "noise":
        return noise * studio.model.decoder.embed_tokens.weight.std().float()
    ids, _ = studio.tokenizer.encode(f" {request.kind or 'thing'}")
    noun = studio.model.decoder.embed_tokens(torch.tensor(ids, device=studio.model.device))
    noun = noun.float().mean(0).cpu()
    return noun + _START_NOISE * noise


def _resized(table: Tensor, config: FitConfig, noise: Tensor) -> Tensor:
    """Return as many vectors of each side as asked for, repeated with noise where they run out."""
    sides = (table[1 : 1 + NUM_UND], config.num_und), (table[1 + NUM_UND :], config.num_gen)
    picked = [table[:1]]
    for rows, count in sides:
        picked.append(rows[torch.arange(count) % len(rows)])
    found = torch.cat(picked)
    extra = torch.cat([torch.zeros(1), *(torch.arange(n) >= len(r) for r, n in sides)]).bool()
    return torch.where(extra[:, None], found + _START_NOISE * noise, found)


def _eyes(studio: Studio) -> Eyes:
    def see(image: Image.Image) -> Picture:
        fitted = resized(image, studio.config.vae_resize)
        seen = seen_image(studio.config, studio.vision_pixels(fitted))
        with torch.no_grad():
            latents = studio.encode(fitted, torch.Generator().manual_seed(0))
            rows = studio.model.vision_rows(seen.patches, seen.position_ids, [len(seen.patches)])
        return Picture(replace(seen, rows=rows), clean_image(studio.config, latents))

    def ask(question: str, image: Image.Image) -> str:
        request = AnswerRequest(
            question=question, images=(write_png(image),), max_tokens=_LONGEST_ANSWER
        )
        return "".join(studio.answer(request)).strip()

    return Eyes(
        see,
        ask,
        lambda prompts, seed: draw_drafts(studio, prompts, seed),
        lambda images, told, seed: edit_drafts(studio, images, told, seed),
    )

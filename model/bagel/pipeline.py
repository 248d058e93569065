"""The pipeline: a loaded model's abilities as generators of steps.

Knows the network, its tokenizer and the contract's requests. Does not know queues, threads or
users. `<p0>` inside a text is the place where the request's first picture is read; pictures that a
text does not mark are read before it.
"""

# T latent tokens, E numbers per token, S soft vectors, D width

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch
from PIL import Image
from torch import Tensor

from omnipersona.model.bagel.checkpoint.loading import fingerprint
from omnipersona.model.bagel.decoding import Feed, text_steps, token_steps
from omnipersona.model.bagel.flow.guidance import (
    GuidanceConfig,
    drawing_scales,
    editing_scales,
    with_settings,
)
from omnipersona.model.bagel.flow.sampling import DrawInputs, DrawJob, Grid, Source, run_jobs
from omnipersona.model.bagel.images import read_png, resized, to_pixels
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.ood import ood_score
from omnipersona.model.bagel.prompt_layout import ConceptRows, Prompter, Use
from omnipersona.model.bagel.prompts import (
    FOREIGN_PICTURE,
    certainty_of_yes,
    recognition_question,
)
from omnipersona.model.bagel.sequence import GenImage, TextSegment, clean_image, seen_image
from omnipersona.model.bagel.text_batch import TextBatch
from omnipersona.model.bagel.text_tasks import CompleteRequest, Completion, Task, last_of
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.bagel.velocity_batch import CFGContexts, Context
from omnipersona.model.concepts.files import read_adapter, read_concept
from omnipersona.model.contract import (
    MAX_SEED,
    AnswerRequest,
    ConceptFile,
    DrawEvent,
    DrawSettings,
    EditRequest,
    GenerateRequest,
    RecogniseRequest,
    ThoughtEvent,
    slot,
)
from omnipersona.model.engine.prefix_cache import PrefixCache
from omnipersona.model.engine.scheduler import MAX_TEXTS
from omnipersona.model.errors import (
    ForeignPicture,
    ImageSizeError,
    RequestError,
    WeightsError,
)
from omnipersona.model.thinking import MAX_THOUGHT, ThinkPrompts

if TYPE_CHECKING:
    from omnipersona.model.concepts.lora import LoraAdapters


_MARK: Final = re.compile(r"<p(\d+)>")


def picture_mark(index: int) -> str:
    """Return what stands for picture `index` inside a text, e.g. `<p0>`."""
    return f"<p{index}>"


def interleaved(text: str, num_pictures: int) -> Iterator[str | int]:
    """Yield the parts of a text: words, and numbers of pictures; every picture comes at least once.

    A mark beyond the request's pictures is words.
    """
    marks = [mark for mark in _MARK.finditer(text) if int(mark[1]) < num_pictures]
    marked = {int(mark[1]) for mark in marks}
    yield from (i for i in range(num_pictures) if i not in marked)
    end = 0
    for mark in marks:
        if text[end : mark.start()].strip():
            yield text[end : mark.start()].strip()
        yield int(mark[1])
        end = mark.end()
    if text[end:].strip():
        yield text[end:].strip() if marks else text


class Pipeline:
    """Understands, draws and edits with one loaded model; one caller at a time."""

    def __init__(
        self,
        model: OmniModel,
        tokenizer: Tokenizer,
        folder: Path,
    ) -> None:
        if tokenizer.vocab_size > model.config.text.vocab_size:
            raise WeightsError(
                f"The tokenizer has {tokenizer.vocab_size} ids, the model only "
                f"{model.config.text.vocab_size}. They must come from the same checkpoint."
            )
        self.model = model
        self.tokenizer = tokenizer
        self.folder = folder
        self.think_prompts = ThinkPrompts()
        self.config = model.config
        self.fingerprint = fingerprint(model)
        self.beginnings = PrefixCache()
        self.texts = TextBatch(model, MAX_TEXTS)

    def prompter(self, concepts: tuple[ConceptFile, ...]) -> tuple[Prompter, Tensor | None]:
        """Return a prompter whose slots are filled, and the soft table (S, D)."""
        rows, tables, start = [], [], 0
        for file in concepts:
            tokens = read_concept(file, self.config.text.hidden_size, self.fingerprint)
            rows.append(ConceptRows.of(tokens, start))
            start += rows[-1].num_rows
            tables.append(tokens.table().detach())
        return Prompter(self.tokenizer, rows), torch.cat(tables) if tables else None

    def answer(self, request: AnswerRequest) -> Iterator[str]:
        """Yield the answer's text piece by piece; arguments and errors are `answer_steps`'."""
        return (step for step in self.answer_steps(request) if not isinstance(step, Feed))

    @torch.no_grad()
    def answer_steps(self, request: AnswerRequest) -> Iterator[Feed | str]:
        """Yield the answer's text piece by piece, and before each what is to be fed.

        Raises:
            ForeignPicture: A picture shows what the model does not know, as a look at it tells, or
                the model's own words.
        """
        images = [read_png(image) for image in request.images]
        self._refuse_foreign(*images)
        prompter, context = self._reading(request, think=request.think)
        for part in interleaved(request.question, len(images)):
            if isinstance(part, int):
                context.add(seen_image(self.config, self.vision_pixels(images[part])))
            else:
                context.add(prompter.text(part))
        max_tokens = request.max_tokens or self.config.longest_answer
        text = ""
        for step in text_steps(
            context,
            self.tokenizer,
            max_tokens=max_tokens + MAX_THOUGHT * request.think,
            temperature=request.temperature,
            generator=torch.Generator().manual_seed(request.seed),
            batch=self.texts,
        ):
            text += "" if isinstance(step, Feed) else step
            yield step
        if text.strip() == FOREIGN_PICTURE:
            raise self._foreign()

    @torch.no_grad()
    def complete(self, request: CompleteRequest) -> Iterator[Feed | Completion]:
        """Yield what is to be fed for each token, then the reply."""
        prompter, context = self._reading(request)
        for image in map(read_png, request.images):
            context.add(seen_image(self.config, self.vision_pixels(image)))
        context.add(prompter.text(request.prompt))
        ids, scores = [], []
        for step in token_steps(
            context,
            begin=self.tokenizer.begin,
            end=self.tokenizer.end,
            max_length=request.max_tokens + 1,
            batch=self.texts,
        ):
            if isinstance(step, Feed):
                yield step
                continue
            ids.append(step[0])
            scores.append(step[1])
        mean = sum(scores) / len(scores) if scores else 0.0
        yield Completion(text=self.tokenizer.decode(ids).strip(), log_probability=mean)

    def recognise(self, request: RecogniseRequest) -> Task[float]:
        """Return the probability of a yes to whether a concept is in a picture."""
        asked = CompleteRequest(
            prompt=recognition_question(slot(0)),
            images=(request.image,),
            concepts=(request.concept,),
            max_tokens=1,
        )
        reply = yield from last_of(self.complete(asked))
        return certainty_of_yes(reply.text, reply.log_probability)

    @torch.no_grad()
    def generate(self, request: GenerateRequest) -> Iterator[DrawEvent]:
        """Yield what is thought, a step per velocity evaluation, then the picture.

        Raises:
            ForeignPicture: A picture to go by shows what the model does not know.
        """
        self._refuse_foreign(*map(read_png, request.images))
        yield from self._adapted(self._generate(request), request)

    @torch.no_grad()
    def generate_many(self, requests: Sequence[GenerateRequest]) -> Iterator[list[DrawEvent]]:
        """Yield one event per request after each step: those of `generate`, for all together.

        They ask for the same number of steps, scales and step cache, and neither think nor need
        adapters.
        """
        self._refuse_foreign(*(read_png(one) for request in requests for one in request.images))
        jobs = []
        for request in requests:
            seed, generator = _seeded(request.settings)
            inputs = self.drawing_of(request, generator)
            jobs.append(DrawJob(inputs=inputs, settings=request.settings, seed=seed))
        scales = with_settings(drawing_scales(self.config.sampling), requests[0].settings)
        for events in run_jobs(self.model, jobs, scales):
            yield [*events]

    @torch.no_grad()
    def edit(self, request: EditRequest) -> Iterator[DrawEvent]:
        """Yield what is thought, a step per velocity evaluation, then the changed picture.

        Raises:
            ForeignPicture: The source shows what the model does not know.
        """
        self._refuse_foreign(*map(read_png, (request.image, *request.images)))
        yield from self._adapted(self._edit(request), request)

    @cached_property
    def adapters(self) -> "LoraAdapters":
        """Adapters of the generation expert; peft takes seconds to import."""
        from omnipersona.model.concepts.lora import LoraAdapters  # noqa: PLC0415

        return LoraAdapters(self.model.decoder)

    def _generate(self, request: GenerateRequest) -> Iterator[DrawEvent]:
        seed, generator = _seeded(request.settings)
        inputs = self.drawing_of(request, generator)
        yield from self._paint(inputs, request, seed, drawing_scales(self.config.sampling))

    def _edit(self, request: EditRequest) -> Iterator[DrawEvent]:
        seed, generator = _seeded(request.settings)
        inputs = self.editing_of(request, generator)
        yield from self._paint(inputs, request, seed, editing_scales(self.config.sampling))

    def _adapted(
        self, steps: Iterator[DrawEvent], request: GenerateRequest | EditRequest
    ) -> Iterator[DrawEvent]:
        """Yield from steps that run with the adapters of the request's concepts, if it asks so."""
        found = map(read_adapter, request.concepts) if request.settings.with_adapters else ()
        matrices = [one for one in found if one]
        if not matrices:
            yield from steps
            return
        names: list[str] = []
        try:
            for one in matrices:
                names.append(self.adapters.put(one))
            yield from self.adapters.while_stepping(names, steps)
        finally:
            for name in names:
                self.adapters.remove(name)

    def drawing_of(self, request: GenerateRequest, generator: torch.Generator) -> DrawInputs:
        """Return a new picture before its first step; its noise comes from the generator."""
        sides = self._sides(request)
        guidance, prompter = self._guidance(request)
        for part in interleaved(request.prompt, len(request.images)):
            if isinstance(part, int):
                self._show(guidance, request.images[part], generator)
            else:
                guidance.add_text(prompter.text(part, use="draw"))
        return self._painting(guidance, self._grid(*sides), generator)

    def editing_of(self, request: EditRequest, generator: torch.Generator) -> DrawInputs:
        """Return a changed picture before its first step; its noise comes from the generator."""
        guidance, prompter = self._guidance(request)
        for reference in request.images:
            self._show(guidance, reference, generator)
        clean, image = self._show(guidance, request.image, generator)
        guidance.add_text(prompter.text(request.instruction, use="draw"))
        inputs = self._painting(guidance, self._grid(image.width, image.height), generator)
        sampling = self.config.sampling
        if self.config.edit_ports:
            inputs = replace(inputs, ported_TE=clean.tokens)
        if sampling.edit_limit is None:
            return inputs
        source = Source(clean.tokens, sampling.edit_limit)
        if sampling.edit_fresh_noise:
            seed = int(torch.randint(MAX_SEED, (), generator=generator))
            source = replace(source, fresh_noise=seed)
        return replace(inputs, source=source)

    @torch.no_grad()
    def is_foreign(self, image: Image.Image) -> bool:
        """Whether a picture is none of the model's world."""
        limit = self.config.max_strangeness
        if limit is None:
            return False
        pixels = to_pixels(resized(image, self.config.vae_resize))
        clean = clean_image(self.config, self.model.autoencoder.encode(pixels[None])[0])
        return float(ood_score(self.model, self.tokenizer.markers, [clean])) > limit

    def _refuse_foreign(self, *images: Image.Image) -> None:
        if any(map(self.is_foreign, images)):
            raise self._foreign()

    def _foreign(self) -> ForeignPicture:
        return ForeignPicture(f"{FOREIGN_PICTURE} {self.config.world}")

    def vision_pixels(self, image: Image.Image) -> Tensor:
        """Return pixels (3, Y, X) for the vision encoder, after both resize rules."""
        first = resized(image, self.config.vae_resize)
        return to_pixels(resized(first, self.config.vit_resize))

    def encode(self, image: Image.Image, generator: torch.Generator) -> Tensor:
        """Return sampled latents (Z, Y/f, X/f) of a picture that the VAE rule has fitted."""
        pixels = to_pixels(image)[None]
        factor = self.config.autoencoder.downsample
        shape = (
            1,
            self.config.autoencoder.z_channels,
            image.height // factor,
            image.width // factor,
        )
        eps = torch.randn(shape, generator=generator)
        return self.model.autoencoder.encode(pixels, eps)[0]

    def _reading(
        self, request: AnswerRequest | CompleteRequest, *, think: bool = False
    ) -> tuple[Prompter, Context]:
        """Return a context that has read the request's concepts and examples."""
        prompter, soft = self.prompter(request.concepts)

        def read() -> Context:
            context = Context(self.model, self.tokenizer.markers, soft)
            if think:
                context.add(self._think_prompt("read"))
            for prefix in prompter.prefixes("read"):
                context.add(prefix)
            for example in request.examples:
                context.add(prompter.text(example.prompt))
                context.add(prompter.text(example.reply))
            return context

        files = tuple(file.sha256 for file in request.concepts)
        key = ("read", think, files, request.examples)
        return prompter, self.beginnings.grown_from(key, files, read)

    def _guidance(self, request: GenerateRequest | EditRequest) -> tuple[CFGContexts, Prompter]:
        """Return contexts that have read the prefix of every concept."""
        prompter, soft = self.prompter(request.concepts)
        settings = request.settings

        def read() -> CFGContexts:
            guidance = CFGContexts.empty(self.model, self.tokenizer.markers, soft)
            if settings.think:
                guidance.add_system(self._think_prompt("draw"))
            for prefix in prompter.prefixes("draw"):
                keeps = self.config.keep_concepts_in_cfg_text
                guidance.add_prefix(prefix, keep_without_text=keeps)
            return guidance

        if settings.with_adapters:  # they change what a prefix becomes
            return read(), prompter
        files = tuple(file.sha256 for file in request.concepts)
        key = ("draw", settings.think, files)
        return self.beginnings.grown_from(key, files, read), prompter

    def _think_prompt(self, use: Use) -> TextSegment:
        if not self.config.can_think:
            raise RequestError("think", f"is on, but {self.config.name} cannot think in words.")
        prompts = self.think_prompts
        return Prompter(self.tokenizer).text(prompts.read if use == "read" else prompts.draw)

    def _show(
        self, guidance: CFGContexts, png: bytes, generator: torch.Generator
    ) -> tuple[GenImage, Image.Image]:
        """Let contexts read a picture; return its latents, and the picture as the VAE rule fits it.

        Posterior noise comes from the generator.
        """
        image = resized(read_png(png), self.config.vae_resize)
        clean = clean_image(self.config, self.encode(image, generator))
        guidance.add_picture(clean, seen_image(self.config, self.vision_pixels(image)))
        return clean, image

    def _sides(self, request: GenerateRequest) -> tuple[int | None, int | None]:
        """Return width and height as asked for, else those of the last picture to go by."""
        if not request.images or request.width or request.height:
            return request.width, request.height
        return resized(read_png(request.images[-1]), self.config.vae_resize).size

    def _painting(
        self, guidance: CFGContexts, grid: Grid, generator: torch.Generator
    ) -> DrawInputs:
        noise = torch.randn(grid.num_tokens, self.config.latent_width, generator=generator)
        return DrawInputs(guidance=guidance, noise_TE=noise, grid=grid)

    def _grid(self, width: int | None, height: int | None) -> Grid:
        stride = self.config.latent_stride
        sides = [side or self.config.image_size for side in (width, height)]
        longest = self.config.max_latent_size * stride
        for side in sides:
            if side % stride or not stride <= side <= longest:
                raise ImageSizeError(
                    f"A picture of {sides[0]} x {sides[1]} pixels cannot be drawn; sides must be "
                    f"multiples of {stride} from {stride} to {longest}."
                )
        return Grid(rows=sides[1] // stride, columns=sides[0] // stride)

    def _paint(
        self,
        inputs: DrawInputs,
        request: GenerateRequest | EditRequest,
        seed: int,
        config: GuidanceConfig,
    ) -> Iterator[DrawEvent]:
        settings, thought = request.settings, ""
        if settings.think:
            for piece in self._thinking(inputs.guidance, request):
                thought += piece
                yield ThoughtEvent(piece)
        order = DrawJob(inputs=inputs, settings=settings, seed=seed, thought=thought)
        for [event] in run_jobs(self.model, [order], with_settings(config, settings)):
            yield event

    def _thinking(
        self, guidance: CFGContexts, request: GenerateRequest | EditRequest
    ) -> Iterator[str]:
        """Yield a thought about what to draw; the context with words and pictures reads it."""
        thought = ""
        steps = text_steps(guidance.full.fork(), self.tokenizer, max_tokens=MAX_THOUGHT)
        for piece in steps:
            if not isinstance(piece, Feed):
                thought += piece
                yield piece
        prompter, _ = self.prompter(request.concepts)
        guidance.add_thought(prompter.text(thought, use="draw"))


def _seeded(settings: DrawSettings) -> tuple[int, torch.Generator]:
    seed = secrets.randbelow(MAX_SEED + 1) if settings.seed is None else settings.seed
    return seed, torch.Generator().manual_seed(seed)

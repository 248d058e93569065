"""Where training stands: answers and drawings for phrasings that are never trained.

Teacher-forced, so that it costs one forward: an answer counts when each of its tokens is the
likeliest one. `omnipersona bench nano` measures what users get. Knows tasks and the log.
"""

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import (
    Markers,
    PackedSequence,
    Sample,
    Segment,
    clean_image,
    pack,
    target_image,
)
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.training.corpus.captions import caption
from omnipersona.training.corpus.dialogue import TASKS, sample_turn
from omnipersona.training.corpus.edits import EDIT_KINDS, sample_edit
from omnipersona.training.corpus.questions import TOPICS, ask, recognise
from omnipersona.training.samples.pixels import encoded, random_scene
from omnipersona.training.samples.plans import Latent, Plan
from omnipersona.training.samples.tasks import TaskSampler, laid_out
from omnipersona.training.trainers.checkpoint import CsvLog
from omnipersona.training.trainers.network import Trainee
from omnipersona.training.world.labels import show
from omnipersona.training.world.scene import look_alike, sample_scene

_NUM_LOOKS: Final = 300
_NUM_TURNS: Final = 50
_NUM_RECOGNITIONS: Final = 100
_NUM_DRAWINGS: Final = 70
_PACK: Final = 30
_TIMES: Final = (0.8, 0.5, 0.2)
_MOSTLY: Final = 0.5
_EVERY_SECONDS: Final = 1800.0


class Probe:
    """Measures now and then, always on the same samples, and keeps a table.

    Args:
        tokenizer: Of the network.
        state: Folder of the table.
    """

    def __init__(self, tokenizer: Tokenizer, state: Path) -> None:
        self.tokenizer = tokenizer
        columns = [*(f"look: {t}" for t in TOPICS), *(f"text: {t}" for t in TASKS), "recognised"]
        self.columns = (*columns, *(name for one in _targets() for name in one.columns))
        self.log = CsvLog(state / "probe.csv", ("step", *self.columns))
        self._last = time.monotonic()

    def write_when_due(self, trainee: Trainee, step: int) -> None:
        """Add a line to the table if the last one is half an hour old."""
        if time.monotonic() - self._last > _EVERY_SECONDS:
            found = self.measure(trainee)
            self.log.write(step, *(found[name] for name in self.columns))
            self._last = time.monotonic()

    @torch.no_grad()
    def measure(self, trainee: Trainee) -> dict[str, float]:
        """Return the share of right answers by topic, and errors of drawings and edits."""
        rng = random.Random("probe")
        sampler = TaskSampler(
            self.tokenizer, trainee.model.config, trainee.concepts.num_embeddings, rng
        )
        sampler.split = "held_out"
        right = defaultdict[str, list[bool]](list)
        plans = [*_looks(sampler), *_turns(sampler), *_recognitions(sampler)]
        table = trainee.soft_table(sampler.used)
        for at in range(0, len(plans), _PACK):
            part = plans[at : at + _PACK]
            samples = laid_out(part, trainee.model.config)
            packed = pack(samples, self.tokenizer.markers).to(trainee.model.device)
            for plan, is_right in zip(part, _all_likeliest(trainee, packed, table), strict=True):
                right[plan.task].append(is_right)
        shares = {task: sum(found) / len(found) for task, found in right.items()}
        return shares | self._errors(sampler, trainee.model)

    def _errors(self, sampler: TaskSampler, model: OmniModel) -> dict[str, float]:
        """Return the mean squared error of predicted clean latents, by time and by where it is."""
        drawings, edits = _targets()
        size, rng = model.config.image_size, sampler.rng
        for i in range(_NUM_DRAWINGS):
            scene = random_scene(rng)
            plan = Plan("draw", [sampler.plain.text(caption(scene, {}, rng, "held_out"))])
            plan.paint(sampler.config, show(scene, size))
            drawings.add(plan)
            kind, edit = EDIT_KINDS[i % len(EDIT_KINDS)], None
            while edit is None:
                edit = sample_edit(random_scene(rng), {}, rng, "held_out", kind)
            plan, told = Plan("edit"), sampler.plain.text(edit.instruction)
            plan.change(sampler.config, told, show(edit.source, size), show(edit.target, size))
            edits.add(plan)
        markers = self.tokenizer.markers
        return drawings.errors(model, markers) | edits.errors(model, markers)


class _Targets:
    """Plans that end in a target, and the errors of predicting it, in front and behind.

    Args:
        name: Of what is painted.
        front: Of cells that are more than half foreground.
        behind: Of the others.
    """

    def __init__(self, name: str, front: str, behind: str) -> None:
        self.names = {
            t: (f"{name} at {t:g}: {front}", f"{name} at {t:g}: {behind}") for t in _TIMES
        }
        self.plans: list[Plan] = []

    @property
    def columns(self) -> list[str]:
        """Names of all errors."""
        return [name for names in self.names.values() for name in names]

    def add(self, plan: Plan) -> None:
        """Note a plan; of an edit's copies one is kept."""
        while sum(isinstance(part, Latent) and part.is_target for part in plan.parts) > 1:
            plan.parts.pop()
            plan.foreground.pop()
        self.plans.append(plan)

    def errors(self, model: OmniModel, markers: Markers) -> dict[str, float]:
        """Return the mean squared error of the clean prediction by time and place."""
        found: dict[str, float] = {}
        front = torch.cat([plan.foreground[0] for plan in self.plans]) > _MOSTLY
        for t, (in_front, behind) in self.names.items():
            noise = torch.Generator().manual_seed(0)
            missed = torch.cat(
                [
                    self._missed(model, markers, self.plans[at : at + _PACK], t, noise)
                    for at in range(0, len(self.plans), _PACK)
                ]
            )
            found |= {in_front: float(missed[front].mean()), behind: float(missed[~front].mean())}
        return found

    def _missed(
        self,
        model: OmniModel,
        markers: Markers,
        plans: list[Plan],
        t: float,
        noise: torch.Generator,
    ) -> Tensor:
        samples = [
            Sample(segments=tuple(self._segment(model, part, t, noise) for part in plan.parts))
            for plan in plans
        ]
        # A velocity's error is the clean prediction's over t.
        return model(pack(samples, markers)).mse.mean(-1).cpu() * t**2

    def _segment(
        self, model: OmniModel, part: Segment | Latent, t: float, noise: torch.Generator
    ) -> Segment:
        if not isinstance(part, Latent):
            return part
        pixels = [part.pixels] if part.source is None else [part.pixels, part.source]
        clean, *sources = (clean_image(model.config, one.cpu()) for one in encoded(model, pixels))
        if not part.is_target:
            return clean
        target = target_image(clean, t, noise)
        return replace(target, source=sources[0].tokens) if sources else target


def _targets() -> tuple[_Targets, _Targets]:
    """Return drawings and edits, without plans yet."""
    return _Targets("drawing", "figures", "place"), _Targets("edit", "changed", "rest")


def _looks(sampler: TaskSampler) -> list[Plan]:
    plans, rng = list[Plan](), sampler.rng
    for _ in range(_NUM_LOOKS):
        scene = random_scene(rng)
        question = ask(scene, {}, rng, sampler.split)
        plan = Plan(f"look: {question.topic}")
        plan.see(sampler.config, show(scene, sampler.config.image_size))
        plan.exchange(sampler.plain, question.text, question.answer)
        plans.append(plan)
    return plans


def _turns(sampler: TaskSampler) -> list[Plan]:
    plans = list[Plan]()
    for task in TASKS * _NUM_TURNS:
        turn = sample_turn(sampler.rng, sampler.split, task)
        plan = Plan(f"text: {task}")
        plan.exchange(sampler.plain, turn.prompt, turn.reply)
        plans.append(plan)
    return plans


def _recognitions(sampler: TaskSampler) -> list[Plan]:
    """Ask for concepts known from photos alone; half of the pictures show a look-alike."""
    plans, rng = list[Plan](), sampler.rng
    for i in range(_NUM_RECOGNITIONS):
        cast = sampler.meet(None)
        own, present = cast.concepts[0].identity, i % 2 == 0
        scene = sample_scene(rng, [own if present else look_alike(own, rng)])
        plan = Plan("recognised", [*cast.prompter.prefixes("read")])
        plan.see(sampler.config, show(scene, sampler.config.image_size))
        question = recognise("<c0>", present, rng, sampler.split)
        plan.exchange(cast.prompter, question.text, question.answer)
        plans.append(plan)
    return plans


def _all_likeliest(
    trainee: Trainee, packed: PackedSequence, table: Tensor | None
) -> Iterator[bool]:
    """Yield for each sample whether every labelled token is the likeliest one."""
    hidden = trainee.model.run(packed, table).und_UD.index_select(0, packed.label_rows)
    is_likeliest = trainee.model.decoder.lm_head(hidden).argmax(-1) == packed.labels
    rows = packed.layout.und_at[packed.label_rows]
    is_likeliest, rows = is_likeliest.cpu(), rows.cpu()
    for at, count in zip(packed.sample_at, packed.sample_lens, strict=True):
        yield bool(is_likeliest[(rows >= at) & (rows < at + count)].all())

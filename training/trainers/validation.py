"""Where training stands: answers and drawings for phrasings that are never trained.

Teacher-forced, so that it costs one forward: an answer counts when each of its tokens is the
likeliest one. `omnipersona bench nano` measures what users get. Knows tasks and the log.
"""

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from omnipersona.model.omni import OmniModel
from omnipersona.model.sequence.pack import PackedSequence, pack
from omnipersona.model.sequence.pictures import clean_image, target_image
from omnipersona.model.sequence.segments import Sample
from omnipersona.model.text.tokenizer import Tokenizer
from omnipersona.training.corpus.captions import caption
from omnipersona.training.corpus.dialogue import TASKS, sample_turn
from omnipersona.training.corpus.questions import TOPICS, ask, recognise
from omnipersona.training.samples.pixels import encoded, random_scene
from omnipersona.training.samples.plans import Plan
from omnipersona.training.samples.tasks import TaskSampler, laid_out
from omnipersona.training.trainers.checkpoint import CsvLog
from omnipersona.training.trainers.network import Trainee
from omnipersona.training.world.labels import show
from omnipersona.training.world.scene import look_alike, sample_scene

_NUM_LOOKS: Final = 300
_NUM_TURNS: Final = 50
_NUM_RECOGNITIONS: Final = 60
_NUM_DRAWINGS: Final = 48
_PACK: Final = 30
_TIME: Final = 0.8
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
        self.columns = (*columns, "error: background", "error: foreground")
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
        """Return the share of right answers by topic, and errors of drawings at t = 0.8."""
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
            packed = pack(samples, self.tokenizer.markers)
            for plan, is_right in zip(part, _all_likeliest(trainee, packed, table), strict=True):
                right[plan.task].append(is_right)
        shares = {task: sum(found) / len(found) for task, found in right.items()}
        return shares | self._errors(sampler, trainee.model)

    def _errors(self, sampler: TaskSampler, model: OmniModel) -> dict[str, float]:
        """Return the mean squared error of the predicted clean latents, by where it is."""
        rng, side = sampler.rng, model.config.max_latent_size
        scenes = [random_scene(rng) for _ in range(_NUM_DRAWINGS)]
        shown = [show(scene, model.config.image_size) for scene in scenes]
        noise = torch.Generator().manual_seed(0)
        latents = encoded(model, [one.pixels for one in shown])
        samples = [
            Sample(
                segments=(
                    sampler.plain.text(caption(scene, {}, rng, "held_out")),
                    target_image(clean_image(model.config, one), _TIME, noise),
                )
            )
            for scene, one in zip(scenes, latents, strict=True)
        ]
        # A velocity's error is the clean prediction's over t.
        missed = torch.cat(
            [
                model(pack(samples[at : at + _PACK], self.tokenizer.markers)).mse.mean(-1)
                for at in range(0, len(samples), _PACK)
            ]
        ) * (_TIME**2)
        front = torch.cat([one.foreground(side, side) for one in shown]) > 0.5
        return {
            "error: background": float(missed[~front].mean()),
            "error: foreground": float(missed[front].mean()),
        }


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
    for at, count in zip(packed.sample_at, packed.sample_lens, strict=True):
        yield bool(is_likeliest[(rows >= at) & (rows < at + count)].all())

"""nano from its recipe: autoencoder, vision encoder, vocabulary, network, checkpoint folder.

Each stage is skipped when its result lies in the state folder already.
"""

import logging
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from omnipersona.model.bagel.checkpoint.loading import load_folder, save_folder
from omnipersona.model.bagel.concept_training.encoder import ENCODER, ConceptEncoder
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.ood import ood_score
from omnipersona.model.bagel.sequence import clean_image
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.bagel.vae import Autoencoder
from omnipersona.model.engine.devices import pick_device
from omnipersona.model.engine.distributed import Team
from omnipersona.model.errors import DeviceError, WeightsError
from omnipersona.training.corpus.captions import caption
from omnipersona.training.corpus.dialogue import sample_turn
from omnipersona.training.corpus.edits import sample_edit
from omnipersona.training.corpus.questions import ask
from omnipersona.training.recipe import Recipe
from omnipersona.training.samples.pixels import encoded, random_scene
from omnipersona.training.trainers.autoencoder import (
    latent_statistics,
    pretrain_autoencoder,
    rendered,
)
from omnipersona.training.trainers.auxiliary_heads import Naming
from omnipersona.training.trainers.checkpoint import done_steps, has_state, save_state
from omnipersona.training.trainers.cooldown import Cooldown
from omnipersona.training.trainers.decoder import pretrain_decoder
from omnipersona.training.trainers.distributed import run_team
from omnipersona.training.trainers.init import fresh_model, grow
from omnipersona.training.trainers.network import Pretraining, Trainee
from omnipersona.training.trainers.validation import Probe
from omnipersona.training.trainers.vision import Seeing, pretrain_vision

logger = logging.getLogger(__name__)

_CORPUS_SAMPLES = 60_000
_NUM_FAMILIAR = 1000
_FAMILIAR = 0.985  # a few pictures are strange to the network although they are its world's


def corpus_texts(seed: int, count: int) -> Iterator[str]:
    """Yield sentences of every task, for learning the vocabulary."""
    rng = random.Random(f"{seed} corpus")
    for i in range(count):
        scene = random_scene(rng)
        if i % 3 == 0:
            turn = sample_turn(rng, "train")
            yield turn.prompt
            yield turn.reply
        elif i % 3 == 1:
            yield caption(scene, {}, rng, "train")
            edit = sample_edit(scene, {}, rng, "train")
            if edit is not None:
                yield edit.instruction
        else:
            question = ask(scene, {}, rng, "train")
            yield question.text
            yield question.answer


def build_nano(
    recipe: Recipe,
    state: Path,
    out: Path,
    *,
    until: int,
    seconds: float,
    start: Path | None = None,
    processes: int = 1,
    cooldown: int = 0,
    device: str = "cpu",
    makers: int = 0,
    scale: int = 1,
) -> None:
    """Train, or go on training, and write the checkpoint folder.

    Args:
        recipe: What to make.
        state: Folder of the training state, outside the repository.
        out: Checkpoint folder, written after every save.
        until: Last step of the network.
        seconds: Wall time for the network at most.
        start: Checkpoint folder to begin from, with fresh moments, where `state` is empty.
        processes: How many train the network together, a thread each.
        cooldown: Steps over which the rate falls; then the checkpoint is finished and the run ends.
            One that was cut goes on. 0 keeps the rate.
        device: Where the network learns; a GPU takes one process.
        makers: Processes that draw samples ahead; a GPU wants as many as there are idle cores.
        scale: How many times as many samples a step has as the recipe says.

    Raises:
        WeightsError: `start` cannot be read.
        DeviceError: The device is not there, or is to be shared by several processes.
    """
    if device != "cpu" and processes > 1:
        raise DeviceError(
            f"{processes} processes cannot share a GPU; leave --processes out, and use --makers"
        )
    place = torch.device(pick_device(device).name)
    torch.set_flush_denormal(True)
    state.mkdir(parents=True, exist_ok=True)
    if start is not None and not has_state(state / "network"):
        begin_from(start, recipe, state)
    torch.manual_seed(recipe.seed)
    autoencoder = Autoencoder(recipe.config.autoencoder)
    size = recipe.config.image_size
    pretrain_autoencoder(autoencoder, state, steps=recipe.autoencoder_steps, image_size=size)
    recipe = _with_statistics(recipe, autoencoder)
    _tokenizer(recipe, state)
    if not has_state(state / "network"):
        begin_afresh(recipe, state)
    weights = autoencoder.state_dict()
    work = _Work(recipe, weights, state, out, until, seconds, cooldown, place, makers, scale)
    run_team(processes, _pretrain, work)
    step = done_steps(state / "network")
    cooling = Cooldown.unfinished(state, step)
    if cooldown and cooling is not None and step == cooling.last:
        _finish(out, recipe)
        cooling.finish(state)


class _Work(NamedTuple):
    """What every process of a team is to do."""

    recipe: Recipe
    autoencoder: dict[str, Tensor]
    state: Path
    out: Path
    until: int
    seconds: float
    cooldown: int
    device: torch.device
    makers: int
    scale: int


def _pretrain(team: Team, work: _Work) -> None:
    torch.set_flush_denormal(True)
    if work.device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    tokenizer = Tokenizer.read(work.state)
    model = fresh_model(work.recipe)
    model.autoencoder.load_state_dict(work.autoencoder)
    model.to(work.device)
    run = Pretraining(model, tokenizer, work.recipe, work.state, team, work.makers, work.scale)
    probe = Probe(tokenizer, work.state)

    def on_save() -> None:
        averaged = run.averaged()
        export(averaged, run.step, tokenizer, work.out)
        probe.write_when_due(averaged, run.step)

    try:
        run.run(work.until, work.seconds, on_save, work.cooldown)
    finally:
        run.close()


def _finish(folder: Path, recipe: Recipe) -> None:
    """Let the decoder of a checkpoint folder learn from its network, and find what is strange."""
    model, tokenizer = load_folder(folder), Tokenizer.read(folder)
    pretrain_decoder(model, tokenizer, steps=recipe.decoder_steps)
    model.config = replace(model.config, max_strangeness=_strangest(model, tokenizer))
    save_folder(model, folder, dtype=torch.float16)


def _with_statistics(recipe: Recipe, autoencoder: Autoencoder) -> Recipe:
    scale, shift = latent_statistics(autoencoder, recipe.config.image_size)
    config = replace(recipe.config.autoencoder, scale_factor=scale, shift_factor=shift)
    return replace(recipe, config=replace(recipe.config, autoencoder=config))


def _tokenizer(recipe: Recipe, state: Path) -> Tokenizer:
    if not (state / "tokenizer.json").exists():
        logger.info("learning a vocabulary of %d", recipe.vocab_size)
        texts = corpus_texts(recipe.seed, _CORPUS_SAMPLES)
        Tokenizer.train(texts, recipe.vocab_size).write(state)
    return Tokenizer.read(state)


def export(trainee: Trainee, step: int, tokenizer: Tokenizer, out: Path) -> None:
    """Write weights, float16, and the concept encoder as a checkpoint folder."""
    save_folder(trainee.model, out, dtype=torch.float16)
    tokenizer.write(out)
    trainee.encoder.write(out, step)


def _strangest(model: OmniModel, tokenizer: Tokenizer) -> float:
    """Return how strange a picture of the world is at most, but for a few."""
    pixels = rendered(random.Random(0), _NUM_FAMILIAR, model.config.image_size)
    pictures = [clean_image(model.config, one) for one in encoded(model, list(pixels))]
    found = ood_score(model, tokenizer.markers, pictures)
    return round(float(found.quantile(_FAMILIAR)), 4)


def begin_afresh(recipe: Recipe, state: Path) -> None:
    """Train the vision encoder and make a training state in which all else is new."""
    torch.manual_seed(recipe.seed)
    seeing = Seeing(recipe.config)
    pretrain_vision(seeing, recipe.config, state, steps=recipe.vision_steps)
    model = fresh_model(recipe)
    model.vision.load_state_dict(seeing.vision.state_dict())
    naming = Naming(model)
    naming.of_seen.load_state_dict(seeing.head.state_dict())
    save_state(state / "naming", naming, None, 0)
    save_state(state / "network", Trainee(model, recipe.num_concepts), None, 0)


def begin_from(start: Path, recipe: Recipe, state: Path) -> None:
    """Make a training state from an exported checkpoint folder; moments start anew.

    Where the recipe asks for more than the folder holds, the network is grown.

    Raises:
        WeightsError: The folder lacks a file or does not fit.
    """
    trained, tokenizer = load_folder(start), Tokenizer.read(start)
    found = ConceptEncoder.read(start)
    if found is None:
        raise WeightsError(f"{ENCODER} is missing in {start}. Give a folder that pretrain wrote.")
    config = replace(recipe.config, autoencoder=trained.config.autoencoder)
    model = fresh_model(replace(recipe, config=config))
    grow(model, trained)
    trainee, step = Trainee(model, recipe.num_concepts), found[1]
    trainee.encoder.load_state_dict(found[0].state_dict())
    state.mkdir(parents=True, exist_ok=True)
    tokenizer.write(state)
    save_state(state / "autoencoder", model.autoencoder, None, recipe.autoencoder_steps)
    save_state(state / "network", trainee, None, step)

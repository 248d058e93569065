"""nano from its recipe: autoencoder, vocabulary, network, checkpoint folder.

Each stage is skipped when its result lies in the state folder already.
"""

import logging
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from omnipersona.model.latent.autoencoder import Autoencoder
from omnipersona.model.learning import BANK
from omnipersona.model.nano.corpus.captions import caption
from omnipersona.model.nano.corpus.dialogue import sample_turn
from omnipersona.model.nano.corpus.edits import sample_edit
from omnipersona.model.nano.corpus.questions import ask
from omnipersona.model.nano.pixels import random_scene
from omnipersona.model.nano.pretrain import Pretraining, fresh_model
from omnipersona.model.nano.pretrain_autoencoder import latent_statistics, pretrain_autoencoder
from omnipersona.model.nano.pseudo import pseudo_concept
from omnipersona.model.nano.recipe import Recipe
from omnipersona.model.omni import OmniModel
from omnipersona.model.text.tokenizer import Tokenizer
from omnipersona.model.weights.load import save_folder

logger = logging.getLogger(__name__)

_CORPUS_SAMPLES = 60_000


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


def build_nano(recipe: Recipe, state: Path, out: Path, *, until: int, seconds: float) -> None:
    """Train, or go on training, and write the checkpoint folder.

    Args:
        recipe: What to make.
        state: Folder of the training state, outside the repository.
        out: Checkpoint folder, written after every save.
        until: Last step of the network.
        seconds: Wall time for the network at most.
    """
    torch.set_flush_denormal(True)
    state.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    autoencoder = Autoencoder(recipe.config.autoencoder)
    size = recipe.config.image_size
    pretrain_autoencoder(autoencoder, state, steps=recipe.autoencoder_steps, image_size=size)
    recipe = _with_statistics(recipe, autoencoder)
    tokenizer = _tokenizer(recipe, state)
    model = fresh_model(recipe, tokenizer.vocab_size)
    model.autoencoder.load_state_dict(autoencoder.state_dict())
    run = Pretraining(model, tokenizer, recipe, state)
    run.run(until, seconds, on_save=lambda: export(run, recipe, tokenizer, out))


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


@torch.no_grad()
def export(run: Pretraining, recipe: Recipe, tokenizer: Tokenizer, out: Path) -> None:
    """Write the averaged weights, float16, and the concept bank as a checkpoint folder."""
    averaged = OmniModel(recipe.config)
    averaged.load_state_dict(run.trainee.model.state_dict())
    named = averaged.named_parameters()
    run.ema.copy_to([p for name, p in named if not name.startswith("autoencoder.")])
    save_folder(averaged, out, dtype=torch.float16)
    tokenizer.write(out)
    rows = run.trainee.concepts.weight.view(recipe.num_concepts, -1, recipe.config.text.hidden_size)
    kinds = [pseudo_concept(i).identity.species for i in range(recipe.num_concepts)]
    bank = {"tokens": rows.half().contiguous()}
    save_file(bank, out / BANK, metadata={"kinds": " ".join(kinds)})

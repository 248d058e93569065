"""Questions about a picture with their answers, read off the scene that was rendered.

Answers are one or few words in a canonical form. `slots` names figures that are known concepts.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from omnipersona.training.corpus import wordings
from omnipersona.training.corpus.captions import Slots, canonical_caption
from omnipersona.training.corpus.phrasing import Phrases, Split, typed
from omnipersona.training.corpus.words import CANONICAL_PLACES, colored, random_color
from omnipersona.training.world.scene import (
    ACCESSORIES,
    COLORS,
    OBJECTS,
    SPECIES,
    Figure,
    Scene,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question, its answer and what it asks for (a row of the benchmark)."""

    topic: str
    text: str
    answer: str


TOPICS: Final = (
    "species",
    "color",
    "pattern",
    "pattern color",
    "eyes",
    "pose",
    "accessory",
    "object",
    "scene",
    "count",
    "presence",
)
_VAGUE: Final = 0.3

YES: Final = "yes"
NO: Final = "no"
NOT_HERE: Final = "no, it is not here"


def not_here(slot: str) -> str:
    """Return the answer for an absent concept."""
    return f"no, {slot} is not here"


def _name(scene: Scene, index: int, slots: Slots, rng: random.Random) -> str:
    if index in slots:
        return slots[index]
    species = scene.figures[index].identity.species
    if len(scene.figures) == 1 and rng.random() < _VAGUE:
        return rng.choice(("it", "he", "she", "the animal", "this animal"))
    if len(scene.figures) == 1 or scene.figures[1 - index].identity.species != species:
        return f"the {species}"
    return f"the {'left' if index == 0 else 'right'} {species}"


def _ask(
    topic: str, phrases: Phrases, answer: str, rng: random.Random, split: Split, **filling: str
) -> Question:
    text = typed(rng, phrases.pick(rng, split, **filling))
    return Question(topic=topic, text=text, answer=answer)


def _figure_question(
    scene: Scene, index: int, slots: Slots, rng: random.Random, split: Split
) -> Question:
    figure = scene.figures[index]
    who = _name(scene, index, slots, rng)
    identity = figure.identity
    answers: dict[str, tuple[Phrases, str, float]] = {
        "color": (wordings.COLOR, identity.color, 1.4),
        "pattern": (wordings.PATTERN, identity.pattern, 1.2),
        "accessory": (wordings.ACCESSORY, _worn(figure), 1.4),
        "pose": (wordings.POSE, figure.pose, 1.0),
    }
    if identity.pattern_color is not None:
        answers["pattern color"] = (wordings.PATTERN_COLOR, identity.pattern_color, 0.7)
    if figure.pose != "sleeping":
        answers["eyes"] = (wordings.EYES, identity.eye_color, 0.4)
    topic = rng.choices(list(answers), [weight for _, _, weight in answers.values()])[0]
    phrases, answer, _ = answers[topic]
    marks = {"spotted": "spots", "striped": "stripes", "patched": "patches"}
    filling = {"who": who, "marks": marks.get(identity.pattern, "marks")}
    return _ask(topic, phrases, answer, rng, split, **filling)


def _worn(figure: Figure) -> str:
    if figure.accessory is None:
        return "nothing"
    return colored(figure.accessory.color, figure.accessory.kind)


def _species(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> Question:
    if not scene.figures:
        return _ask("species", wordings.SPECIES, "no animal", rng, split)
    answer = " and ".join(f"a {figure.identity.species}" for figure in scene.figures)
    return _ask("species", wordings.SPECIES, answer, rng, split)


def _place(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> Question:
    who = _someone(scene, slots, rng)
    return _ask("scene", wordings.PLACE, CANONICAL_PLACES[scene.place], rng, split, who=who)


def _thing(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> Question:
    who, thing = _someone(scene, slots, rng), scene.thing
    answer = "no object" if thing is None else colored(thing.color, thing.kind)
    return _ask("object", wordings.THING, answer, rng, split, who=who)


def _someone(scene: Scene, slots: Slots, rng: random.Random) -> str:
    if not scene.figures:
        return "the place"
    return _name(scene, rng.randrange(len(scene.figures)), slots, rng)


def _count(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> Question:
    return _ask("count", wordings.COUNT, ("none", "one", "two")[len(scene.figures)], rng, split)


def _is_there(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> Question:
    """Ask for something that is there, or for something that differs in one word."""
    candidates: list[tuple[str, bool]] = []
    for figure in scene.figures:
        candidates.append((f"a {figure.identity.species}", True))
        if figure.accessory is not None:
            candidates.append((_worn(figure), True))
    if scene.thing is not None:
        candidates.append((colored(scene.thing.color, scene.thing.kind), True))
    absent = _absent(scene, rng)
    chosen, present = rng.choice(candidates) if candidates and rng.random() < 0.5 else absent
    return _ask("presence", wordings.IS_THERE, YES if present else NO, rng, split, it=chosen)


def _absent(scene: Scene, rng: random.Random) -> tuple[str, bool]:
    shown = {figure.identity.species for figure in scene.figures}
    worn = {_worn(figure) for figure in scene.figures}
    thing = scene.thing
    options = [f"a {rng.choice([s for s in SPECIES if s not in shown])}"]
    options.append(_other_than(worn, random_color(rng), rng.choice(ACCESSORIES)))
    if thing is not None:
        color = rng.choice([c for c in COLORS if c != thing.color])
        options.append(colored(color, thing.kind))
    kind = rng.choice([o for o in OBJECTS if thing is None or o != thing.kind])
    options.append(colored(random_color(rng), kind))
    return rng.choice(options), False


def _other_than(worn: set[str], color: str, kind: str) -> str:
    phrase = colored(color, kind)
    return phrase if phrase not in worn else colored("gray" if color != "gray" else "red", kind)


_Maker = Callable[[Scene, Slots, random.Random, Split], Question]
_SCENE_QUESTIONS: Final[tuple[tuple[_Maker, float], ...]] = (
    (_species, 1.2),
    (_place, 1.0),
    (_thing, 1.4),
    (_count, 0.5),
    (_is_there, 1.0),
)


def ask(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> Question:
    """Return a random short question about a scene."""
    if scene.figures and rng.random() < 0.55:
        return _figure_question(scene, rng.randrange(len(scene.figures)), slots, rng, split)
    kinds, weights = zip(*_SCENE_QUESTIONS, strict=True)
    return rng.choices(kinds, weights)[0](scene, slots, rng, split)


def describe(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> Question:
    """Return the question for a whole description, which says all that single answers say."""
    answer = canonical_caption(scene, slots)
    return _ask("caption", wordings.CAPTION, answer, rng, split)


def recognise(slot: str, present: bool, rng: random.Random, split: Split) -> Question:
    """Return a question whether a concept is in the picture."""
    answer = YES if present else not_here(slot)
    return _ask("recognition", wordings.RECOGNISE, answer, rng, split, it=slot)

"""Questions about photos of the drawn world, and photos of something else.

An answer counts when it is the true one, letter for letter.
"""

import random

from omnipersona.bench.asking import DECLINED, Asker
from omnipersona.bench.photographs import photograph
from omnipersona.bench.rows import Row, Tally
from omnipersona.bench.sample import Section, within
from omnipersona.training.corpus.questions import ask, describe
from omnipersona.training.samples.pixels import random_scene
from omnipersona.training.world.foreign import foreign_picture
from omnipersona.training.world.render import render

_ALL = 0.95
_DESCRIBED_EVERY = 4
_FOREIGN = 0.95
_DECLINED = 0.02


def photo_rows(asker: Asker, section: Section, seed: int, size: int) -> list[Row]:
    """Ask held-out phrasings about new scenes; one row per topic, one for all.

    Every fourth photo is described as well, in one sentence with all that is in it.
    """
    exact, declined, described = Tally(), Tally(), Tally()

    def one(i: int) -> None:
        rng = random.Random(f"{seed} photo {i}")
        scene = random_scene(rng)
        question = ask(scene, {}, rng, "held_out")
        answer = asker.answer(question.text, render(scene, size))
        exact.add(question.topic, answer == question.answer)
        declined.add("photo", answer == DECLINED)
        if i % _DESCRIBED_EVERY == 0:
            whole = describe(scene, {}, rng, "held_out")
            described.add("whole", asker.answer(whole.text, render(scene, size)) == whole.answer)

    for _ in within(section, one):
        pass
    rows = [exact.total_row("photo questions", _ALL)]
    rows += [exact.row(f"photo questions: {topic}", topic) for topic in sorted(exact.hits)]
    rows.append(described.row("photos described, every word right", "whole"))
    return [*rows, declined.row_at_most("photos wrongly declined", "photo", _DECLINED)]


def foreign_rows(asker: Asker, section: Section, seed: int, size: int) -> list[Row]:
    """Ask about pictures of something else; the right answer says that they cannot be read."""
    tally, makers = Tally(), {"photographs": photograph, "foreign pictures": foreign_picture}

    def one(i: int) -> None:
        rng, kind = random.Random(f"{seed} foreign {i}"), list(makers)[i % len(makers)]
        question = ask(random_scene(rng), {}, rng, "held_out")
        answer = asker.answer(question.text, makers[kind](rng, size))
        tally.add(kind, answer == DECLINED)

    for _ in within(section, one):
        pass
    return [tally.row(f"{kind} declined", kind, _FOREIGN) for kind in makers]

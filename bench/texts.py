"""The agent's text tasks in held-out phrasings: intents, facts, recall, rewriting, declining.

A reply counts when it is the gold one, letter for letter.
"""

import random

from omnipersona.bench.asking import Asker
from omnipersona.bench.rows import Row, Tally
from omnipersona.bench.sample import Section, within
from omnipersona.model.nano.corpus.dialogue import Turn, sample_turn
from omnipersona.model.nano.corpus.dialogue.parse import sample_parse
from omnipersona.model.skills import CANNOT, INTENTS

_INTENT = 0.95
_DECLINES = 0.9
_WRONGLY = 0.02
_OUTSIDE = "outside"
_TASKS = ("facts", "recall", "rewrite", _OUTSIDE)


def intent_rows(asker: Asker, section: Section, seed: int) -> list[Row]:
    """Parse messages of all intents evenly; one row for the intent, one for the whole reply."""
    intents, whole = Tally(), Tally()

    def one(i: int) -> None:
        rng, intent = random.Random(f"{seed} intent {i}"), INTENTS[i % len(INTENTS)]
        turn = sample_parse(rng, "held_out", intent)
        reply = asker.complete(turn, rng)
        intents.add(intent, reply.partition(";")[0].strip() == intent)
        whole.add(intent, reply == turn.reply)

    for _ in within(section, one):
        pass
    rows = [intents.total_row("intents", _INTENT), whole.total_row("parses, whole")]
    return rows + [intents.row(f"intents: {intent}", intent) for intent in INTENTS]


def text_rows(asker: Asker, section: Section, seed: int) -> list[Row]:
    """Read facts, recall and rewrite; among the rewrites, decline what lies outside the world."""
    tally = Tally()

    def one(i: int) -> None:
        rng, task = random.Random(f"{seed} text {i}"), _TASKS[i % len(_TASKS)]
        turn = _outside(rng) if task == _OUTSIDE else sample_turn(rng, "held_out", task)
        reply = asker.complete(turn, rng)
        if task == _OUTSIDE:
            tally.add(task, reply.startswith(CANNOT))
            return
        tally.add(task, reply == turn.reply)
        if turn.found:
            tally.add("found", all(value in reply for value in turn.found))
        if task == "rewrite" and not turn.reply.startswith(CANNOT):
            tally.add("wrongly", reply.startswith(CANNOT))

    for _ in within(section, one):
        pass
    return [
        tally.row("facts read", "facts"),
        tally.row("recall", "recall"),
        tally.row("rewrites", "rewrite"),
        tally.row("rewrites that hold what was found", "found"),
        tally.row("outside requests declined", _OUTSIDE, _DECLINES),
        tally.row_at_most("good requests wrongly declined", "wrongly", _WRONGLY),
    ]


def _outside(rng: random.Random) -> Turn:
    """Draw a request for something that the drawn world does not hold."""
    while True:
        turn = sample_turn(rng, "held_out", "rewrite")
        if turn.reply.startswith(CANNOT):
            return turn

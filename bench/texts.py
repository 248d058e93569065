"""The text tasks in held-out phrasings: intents, facts, recall, rewriting, declining.

A reply counts when it is the gold one, letter for letter.
"""

import random

from omnipersona.bench.rows import Row, Tally
from omnipersona.bench.sample import Section, within
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.prompts import CANNOT
from omnipersona.model.bagel.text_tasks import CompleteRequest, last_of, run
from omnipersona.model.contract import INTENTS, Example
from omnipersona.training.corpus.dialogue import Turn, sample_examples, sample_turn
from omnipersona.training.corpus.dialogue.parse import sample_parse

_INTENT = 0.95
_DECLINES = 0.9
_WRONGLY = 0.02
_OUTSIDE = "outside"
_TASKS = ("facts", "recall", "rewrite", _OUTSIDE)


def intent_rows(pipeline: Pipeline, section: Section, seed: int) -> list[Row]:
    """Parse messages of all intents evenly; one row for the intent, one for the whole reply."""
    intents, whole = Tally(), Tally()

    def one(i: int) -> None:
        rng, intent = random.Random(f"{seed} intent {i}"), INTENTS[i % len(INTENTS)]
        turn = sample_parse(rng, "held_out", intent)
        reply = _reply(pipeline, turn, rng)
        intents.add(intent, reply.partition(";")[0].strip() == intent)
        whole.add(intent, reply == turn.reply)

    for _ in within(section, one):
        pass
    rows = [intents.total_row("intents", _INTENT), whole.total_row("parses, whole")]
    return rows + [intents.row(f"intents: {intent}", intent) for intent in INTENTS]


def text_rows(pipeline: Pipeline, section: Section, seed: int) -> list[Row]:
    """Read facts, recall and rewrite; among the rewrites, decline what lies outside the world."""
    tally = Tally()

    def one(i: int) -> None:
        rng, task = random.Random(f"{seed} text {i}"), _TASKS[i % len(_TASKS)]
        turn = _outside(rng) if task == _OUTSIDE else sample_turn(rng, "held_out", task)
        reply = _reply(pipeline, turn, rng)
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


def _reply(pipeline: Pipeline, turn: Turn, rng: random.Random) -> str:
    """Return the reply to a turn, after as many examples as the model works best with."""
    shown = sample_examples(rng, "train", turn, pipeline.config.num_examples)
    examples = tuple(Example(prompt=e.prompt, reply=e.reply) for e in shown)
    request = CompleteRequest(prompt=turn.prompt, examples=examples)
    return run(last_of(pipeline.complete(request))).text


def _outside(rng: random.Random) -> Turn:
    """Draw a request for something that the drawn world does not hold."""
    while True:
        turn = sample_turn(rng, "held_out", "rewrite")
        if turn.reply.startswith(CANNOT):
            return turn

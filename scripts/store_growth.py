"""How the store's costs grow with what a user has, and with how many users there are.

    python scripts/store_growth.py [--database URL] [--most 100000] [--crowd 1000]

Facts with made-up vectors, concepts and conversations of one user in growing numbers; the median of
eleven calls in milliseconds of wall time, and the ratio to the first column. The crowd searches one
after another in one process, whose open files and threads are counted; `ulimit -n 1024` before it.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from talk import Talk

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.settings import Settings
from omnipersona.memory.index import as_bytes
from omnipersona.memory.memory import Memory
from omnipersona.store import schema
from omnipersona.store.database import new_id, now
from omnipersona.store.text import fold
from omnipersona.testing import ScriptedModel

WIDTH: Final = 384
CALLS: Final = 11
AT_ONCE: Final = 2000
SCRIPT: Final = {"message: what is": "understand; none; <c0>; what is the thing of <c0>?"}


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


class Numbers:
    """An encoder whose vectors are random, but the same for the same words."""

    name = "numbers-384"

    def encode(self, sentences: list[str]) -> list[list[float]]:
        """Return one vector of length 1 per sentence."""
        found = []
        for sentence in sentences:
            vector = np.random.default_rng(hash(sentence) % 2**32).normal(size=WIDTH)
            found.append((vector / np.linalg.norm(vector)).tolist())
        return found


def fill(memory: Memory, user_id: str, count: int) -> None:
    """Give a user so many facts with vectors, spread over a hundredth as many concepts."""
    database, encoder = memory._database, Numbers()
    concepts = [memory.concepts.add(user_id, f"{user_id} {i}").id for i in range(count // 100)]
    chance = random.Random(0)
    for start in range(0, count, AT_ONCE):
        rows, vectors = [], []
        for i in range(start, min(count, start + AT_ONCE)):
            fact_id = new_id()
            told = {"attribute": f"thing {i}", "attribute_key": f"thing {i}", "value": f"of {i}"}
            rows.append(
                {
                    **{"id": fact_id, "concept_id": chance.choice(concepts), **told},
                    **{"source": "said", "origin": "t", "created_at": now()},
                    "encoder": encoder.name,
                }
            )
            [vector] = as_bytes(encoder.encode([f"{i}"]))
            vectors.append({"encoder": encoder.name, "fact_id": fact_id, "vector": vector})
        with database.writing(user_id) as records:
            records.insert_all(schema.facts, rows)
            records.insert_all(schema.fact_vectors, vectors)
    with database.writing(user_id) as records:
        moment = now()
        threads = [
            {
                **{"id": f"t{i}", "name": f"talk {i}", "folded": fold(f"talk {i}")},
                **{"metadata": {}, "created_at": moment, "updated_at": f"{moment}{i:09d}"},
            }
            for i in range(count)
        ]
        records.insert_all(schema.threads, threads)


def measured(call: Callable[[int], object]) -> float:
    """Return the median milliseconds of a call; the first one warms up."""
    call(0)
    took = []
    for i in range(1, CALLS + 1):
        started = time.perf_counter()
        call(i)
        took.append(1000.0 * (time.perf_counter() - started))
    return statistics.median(took)


class Calls:
    """What is measured, of one user."""

    def __init__(self, session: Assistant, runner: asyncio.Runner, user_id: str) -> None:
        self._session = session
        self._memory = session._deps.memory
        self._runner = runner
        self._user_id = user_id
        self._name = f"{user_id} 5"
        self._some = self._memory.concepts.find(user_id, self._name).id

    def by_name(self) -> dict[str, Callable[[int], object]]:
        """Return each call under what it is called; it takes a number of its own."""
        user_id, memory, some = self._user_id, self._memory, self._some
        return {
            "recall": lambda i: memory.recall(user_id, f"what is thing {i}?", [some]),
            "add a fact": self._add,
            "20 facts of a concept": lambda _: memory.facts.newest(user_id, [some], 20),
            "20 names": lambda _: memory.concepts.names(user_id, 20),
            "first page of conversations": lambda _: memory.conversations.list(user_id, first=20),
            "a turn outside the model": self._turn,
            "forget a fact": self._forget,
        }

    def _add(self, i: int) -> None:
        told = {"attribute": f"new {i}", "value": "x", "source": "said", "origin": "t"}
        self._memory.facts.add(self._user_id, concept_id=self._some, **told)  # type: ignore[arg-type]  # as named

    def _turn(self, i: int) -> None:
        talk = Talk(self._session, self._user_id, f"new {i}")
        self._runner.run(talk.reply(f"what is thing {i} of <{self._name}>?"))

    def _forget(self, i: int) -> None:
        [fact] = self._memory.facts.newest(self._user_id, [self._some], 1)
        self._memory.forget_fact(self._user_id, fact.id)


def growth(session: Assistant, runner: asyncio.Runner, most: int) -> None:
    """Print the table of costs; the model of a turn answers at once."""
    sizes = [size for size in (1000, 10_000, 100_000) if size <= most]
    table: dict[str, list[float]] = {}
    for size in sizes:
        user_id = f"user of {size}"
        fill(session._deps.memory, user_id, size)
        for name, call in Calls(session, runner, user_id).by_name().items():
            table.setdefault(name, []).append(measured(call))
    say("| ms | " + " | ".join(f"{size:,} facts" for size in sizes) + " |")
    say("|---|" + "---|" * len(sizes))
    for name, times in table.items():
        cells = [f"{ms:.1f} ({ms / times[0]:.1f} x)" for ms in times]
        say(f"| {name} | " + " | ".join(cells) + " |")


def crowd(memory: Memory, count: int) -> None:
    """Let users search one after another, and print what stays open."""
    started = time.perf_counter()
    for i in range(count):
        user_id = f"guest {i}"
        memory.facts.add(
            user_id, concept_id=None, attribute="toy", value=f"b{i}", source="said", origin="t"
        )
        [hit] = memory.recall(user_id, "which toy?")
        assert hit.fact.value == f"b{i}", "each finds their own"
    files, threads = (len(os.listdir(f"/proc/self/{kind}")) for kind in ("fd", "task"))
    took = time.perf_counter() - started
    say(f"{count} users searched: {files} open files, {threads} threads, {took:.0f} s")


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--database", default="", help="URL of PostgreSQL")
    parser.add_argument("--most", type=int, default=100_000, help="facts of the largest user")
    parser.add_argument("--crowd", type=int, default=0, help="users who search after each other")
    chosen = parser.parse_args()
    model = ScriptedModel(completions=SCRIPT)
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        settings = Settings(data=Path(folder) / "data", database=chosen.database)
        session = runner.run(Assistant.open(settings, model=model, encoder=Numbers()))
        if chosen.crowd:
            crowd(session._deps.memory, chosen.crowd)
        else:
            growth(session, runner, chosen.most)
        runner.run(session.close())


if __name__ == "__main__":
    main()

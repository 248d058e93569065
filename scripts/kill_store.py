"""The store, killed at random moments: nothing lost, nothing torn, no lesson stuck.

    python scripts/kill_store.py [--kills 400] [--seed 0]

A process that is warm forks one that does one random thing after the other and is killed; a twin
that is never killed does the same. What is left must be the twin's memory before or after the thing
that was cut. Ends with 1 at the first fault.
"""

import argparse
import hashlib
import io
import logging
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from PIL import Image

from omnipersona.memory.memory import Memory
from omnipersona.memory.records import Concept, Learned
from omnipersona.store.backup import back_up, restore
from omnipersona.store.stores import DATABASE_FILE, Places

ANA, EVE = "ana", "eve"
THREADS: Final = ("one", "two", "three")
LONGEST: Final = 0.8
"""Seconds after which a process of the store is killed at the latest."""

_BACKUPS_EVERY: Final = 10


class Fault(Exception):
    """What a kill must not leave."""


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Numbers:
    """An encoder whose vectors are random, but the same for the same words."""

    name = "numbers-16"

    def encode(self, sentences: list[str]) -> list[list[float]]:
        """Return one vector of length 1 per sentence."""
        found = []
        for sentence in sentences:
            seed = int.from_bytes(hashlib.sha256(sentence.encode()).digest()[:4])
            vector = np.random.default_rng(seed).normal(size=16)
            found.append((vector / np.linalg.norm(vector)).tolist())
        return found


def opened(folder: Path) -> Memory:
    """Open a memory as the program does."""
    memory = Memory.open(folder, Numbers())
    memory.jobs.take_back()
    return memory


def png(number: int) -> bytes:
    """Return a small picture of its own colour."""
    out = io.BytesIO()
    colour = (number % 256, number // 256 % 256, 128)
    Image.new("RGB", (16, 16), colour).save(out, "PNG")
    return out.getvalue()


# One thing after the other: each does the same in equal memories.

Act = Callable[[Memory, int, random.Random], None]


def tell(memory: Memory, n: int, chance: random.Random) -> None:
    """Keep a fact of somebody or of the user."""
    about = chance.choice([None, *concepts_of(memory)])
    memory.facts.add(
        ANA,
        concept_id=None if about is None else about.id,
        attribute=f"thing {n % 9}",
        value=f"value {n}",
        source="said",
        origin=f"turn {n}",
    )


def correct(memory: Memory, n: int, chance: random.Random) -> None:
    """Correct a fact."""
    known = sorted(memory.facts.list(ANA), key=lambda fact: fact.value)
    if known:
        fact_id = chance.choice(known).id
        memory.facts.correct(ANA, fact_id, f"corrected {n}", source="said", origin=f"turn {n}")


def send(memory: Memory, n: int, chance: random.Random) -> None:
    """Keep a picture."""
    memory.pictures.add(ANA, png(n), origin="uploaded", thread_id=chance.choice(THREADS))


def teach(memory: Memory, n: int, chance: random.Random) -> None:
    """Keep a concept with photos and a fact, and queue its lesson."""
    photos = [one for one in memory.pictures.list(ANA) if one.origin == "uploaded"][-3:]
    if not photos:
        return
    with memory.whole(ANA):
        concept = memory.concepts.add(ANA, f"Bo {n}", kind="dog")
        for photo in photos:
            memory.concepts.attach_photo(ANA, concept.id, photo.id)
        memory.facts.add(
            ANA,
            concept_id=concept.id,
            attribute="toy",
            value=f"ball {n}",
            source="said",
            origin=f"turn {n}",
        )
        memory.jobs.add(ANA, concept.id)


def learn_some(memory: Memory, n: int, chance: random.Random) -> None:
    """Save tokens of the oldest lesson."""
    job = memory.jobs.lease()
    if job is not None:
        memory.jobs.save(job, f"tokens so far {n}".encode(), n)
        memory.jobs.give_back(job)


def learn_all(memory: Memory, n: int, chance: random.Random) -> None:
    """Bring the oldest lesson to its end."""
    job = memory.jobs.lease()
    if job is not None:
        memory.jobs.keep(job, f"tokens {n}".encode(), "base", is_last=True)


def take_in(memory: Memory, n: int, chance: random.Random) -> None:
    """Import a concept."""
    learned = Learned(
        name=f"Mia {n}",
        kind="cat",
        consent=False,
        tokens=f"learned elsewhere {n}".encode(),
        base_fingerprint="base",
        photos=(png(n), png(n + 1)),
        facts=(("home", f"tower {n}"),),
        origin="file",
    )
    memory.add_learned(ANA, learned)


def draw(memory: Memory, n: int, chance: random.Random) -> None:
    """Keep a drawing of somebody."""
    known = concepts_of(memory)
    if known:
        memory.pictures.add(
            ANA,
            png(n + 7),
            origin="drawn",
            thread_id=chance.choice(THREADS),
            details={"prompt": f"<{chance.choice(known).name}> {n}"},
            shows=[chance.choice(known).id],
        )


def talk(memory: Memory, n: int, chance: random.Random) -> None:
    """Keep a message that names somebody."""
    known = concepts_of(memory)
    named = f"<{chance.choice(known).name}>" if known else "nobody"
    step = {"id": f"step {n}", "type": "user_message", "name": "User", "output": f"{named} {n}"}
    thread_id = chance.choice(THREADS)
    memory.conversations.put_step(ANA, thread_id, {**step, "threadId": thread_id})


def recall(memory: Memory, n: int, chance: random.Random) -> None:
    """Search, which brings the index up to date."""
    current = {fact.id for fact in memory.facts.list(ANA)}
    found = memory.recall(ANA, f"thing {n % 9}", limit=20)
    if not {one.fact.id for one in found} <= current:
        raise Fault("a forgotten or retired fact was found")


def forget_fact(memory: Memory, n: int, chance: random.Random) -> None:
    """Forget a fact."""
    known = sorted(memory.facts.list(ANA), key=lambda fact: fact.value)
    if known:
        memory.forget_fact(ANA, chance.choice(known).id)


def forget_concept(memory: Memory, n: int, chance: random.Random) -> None:
    """Forget somebody."""
    known = concepts_of(memory)
    if known:
        is_all = chance.random() < 0.5
        memory.forget_concept(ANA, chance.choice(known).id, delete_drawings=is_all)


def forget_thread(memory: Memory, n: int, chance: random.Random) -> None:
    """Forget a conversation."""
    memory.forget_thread(ANA, chance.choice(THREADS))


def of_eve(memory: Memory, n: int, chance: random.Random) -> None:
    """Tell and send something as somebody else, or be forgotten."""
    if chance.random() < 0.2:
        memory.forget_user(EVE)
        return
    memory.facts.add(
        EVE, concept_id=None, attribute="home", value=f"hut {n}", source="said", origin=f"turn {n}"
    )


def keep_up(memory: Memory, n: int, chance: random.Random) -> None:
    """Do what is due in idle moments."""
    memory.upkeep.run()


ACTS: Final[Mapping[Act, int]] = {
    **{tell: 8, correct: 3, send: 4, teach: 3, learn_some: 4, learn_all: 3, take_in: 2, draw: 3},
    **{talk: 6, recall: 2, forget_fact: 3, forget_concept: 4, forget_thread: 1, of_eve: 3},
    **{keep_up: 1},
}


def act_of(seed: int, n: int) -> tuple[Act, random.Random]:
    """Return the thing of a number, and its chance."""
    chance = random.Random(f"{seed} {n}")
    [act] = chance.choices(list(ACTS), list(ACTS.values()))
    return act, chance


def concepts_of(memory: Memory) -> list[Concept]:
    """Return the concepts in an order that ids have no part in."""
    return sorted(memory.concepts.list(ANA), key=lambda concept: concept.name)


# What is there.


def snapshot(memory: Memory) -> dict[str, Any]:
    """Return everything of both users, without ids and times; files are read and checked."""
    lessons = {one.concept_id: one for one in memory.jobs.take_back()}
    return {user: _of_user(memory, user, lessons) for user in (ANA, EVE)}


def _of_user(memory: Memory, user: str, lessons: Mapping[str, Any]) -> dict[str, Any]:
    known = {}
    for concept in memory.concepts.list(user):
        lesson = lessons.get(concept.id)
        is_learned = concept.tokens_sha256 is not None
        photos = memory.concepts.photos(user, concept.id)
        known[concept.name] = {
            "state": concept.state,
            "tokens": memory.concepts.read_tokens(user, concept.id).decode() if is_learned else "",
            "photos": sorted(photo.sha256 for photo in photos),
            "lesson": None
            if lesson is None
            else (lesson.step, str(memory.jobs.read_saved(lesson))),
            "facts": _facts(memory.facts.of_concept(user, concept.id, history=True)),
        }
        if concept.state == "learning" and lesson is None:
            raise Fault(f"{concept.name} is being learned by no lesson")
    pictures = []
    for picture in memory.pictures.list(user):
        memory.pictures.read(user, picture.id)
        pictures.append([picture.sha256, picture.origin, picture.thread_id, dict(picture.details)])
    threads, _ = memory.conversations.list(user, first=50)
    said = {
        one.id: [s["output"] for s in memory.conversations.steps(user, one.id)] for one in threads
    }
    own = _facts(memory.facts.of_user(user, history=True))
    return {"concepts": known, "pictures": pictures, "said": said, "own": own}


def _facts(facts: Any) -> list[Any]:
    return [[fact.attribute, fact.value, fact.retired_at is None] for fact in facts]


def check_files(memory: Memory, folder: Path) -> None:
    """See that the sweeps leave the files that records name alone, and the database is whole."""
    memory.upkeep.sweep(timedelta(0))
    memory.upkeep.sweep(timedelta(0))
    num_files = sum(path.is_file() for path in folder.glob("blobs/*/*"))
    with closing(sqlite3.connect(folder / DATABASE_FILE)) as records:
        [(num_named,)] = records.execute(
            "SELECT count(*) FROM (SELECT user_id, sha256 FROM pictures"
            " UNION SELECT user_id, tokens_sha256 FROM concepts WHERE tokens_sha256 IS NOT NULL"
            " UNION SELECT user_id, saved_sha256 FROM jobs WHERE saved_sha256 IS NOT NULL)"
        )
        [(told,)] = records.execute("PRAGMA integrity_check")
    if (num_files, told) != (num_named, "ok"):
        raise Fault(f"{num_files} files, {num_named} named; the database: {told}")


# Kills of the store.


class Store:
    """A memory that is killed and its twin that is not."""

    def __init__(self, root: Path, seed: int) -> None:
        self._root = root
        self._seed = seed
        self._next = 0
        self.cut: Counter[str] = Counter()

    def kill_once(self, after: float) -> int:
        """Let a process work and kill it; compare; return how many things it did."""
        lines = killed(lambda tell: self._work(tell), after)
        done = len(lines) // 2
        in_flight = self._next + done if len(lines) % 2 else None
        if in_flight is not None:
            self.cut[act_of(self._seed, in_flight)[0].__name__] += 1
        told = asked(lambda: self._compare(self._next + done, in_flight))
        if told:
            raise Fault(told)
        self._next += done + len(lines) % 2
        return done

    def _work(self, tell: Callable[[str], None]) -> None:
        memory, n = opened(self._root / "killed"), self._next
        while True:
            tell(f"{n}")
            act, chance = act_of(self._seed, n)
            act(memory, n, chance)
            tell(f"{n} done")
            n += 1

    def _compare(self, end: int, in_flight: int | None) -> str:
        memory, twin = opened(self._root / "killed"), opened(self._root / "twin")
        for n in range(self._next, end):
            act, chance = act_of(self._seed, n)
            act(twin, n, chance)
        left, right = snapshot(memory), snapshot(twin)
        name = "nothing"
        if left != right and in_flight is not None:
            act, chance = act_of(self._seed, in_flight)
            act(twin, in_flight, chance)
            right, name = snapshot(twin), act.__name__
        if left != right:
            return f"{name} was cut: {_difference(left, right)}"
        check_files(memory, self._root / "killed")
        recall(memory, end, random.Random(0))
        memory.close()
        twin.close()
        return ""

    def back_up_once(self, after: float) -> None:
        """Kill a backup and a restore; what is there must be whole, or absent and made anew."""
        kept, file, place = self._root / "killed", self._root / "backup", self._root / "restored"

        def work(tell: Callable[[str], None]) -> None:
            back_up(Places(folder=kept), file)
            tell("kept")
            if place.exists():
                # At once: a folder that is half deleted would be no fault of the restore.
                place.rename(Path(tempfile.mkdtemp(dir=self._root)) / "old")
            tell("cleared")
            restore(file, Places(folder=place))
            tell("restored")

        killed(work, after)
        told = asked(lambda: self._compare_backup(file, place))
        if told:
            raise Fault(told)

    def _compare_backup(self, file: Path, place: Path) -> str:
        if not file.exists():
            back_up(Places(folder=self._root / "killed"), file)
        if not (place / DATABASE_FILE).exists():
            restore(file, Places(folder=place))
        memory = opened(place)
        left = snapshot(memory)
        check_files(memory, place)
        memory.close()
        again = self._root / "again"
        shutil.rmtree(again, ignore_errors=True)
        restore(file, Places(folder=again))
        other = opened(again)
        right = snapshot(other)
        other.close()
        return "" if left == right else f"a backup was cut: {_difference(left, right)}"


def killed(work: Callable[[Callable[[str], None]], None], after: float) -> list[str]:
    """Do some work in a fork and kill it after some seconds; return what it told."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        _end(lambda: work(lambda line: _tell(write, line)), write)
    os.close(write)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(read) as told:
        lines = told.read().splitlines()
    errors = [line for line in lines if line.startswith("!")]
    if errors:
        raise Fault(errors[0])
    return lines


def asked(work: Callable[[], str]) -> str:
    """Do some work in a fork and return its answer."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        _end(lambda: _tell(write, work()), write)
    os.close(write)
    with os.fdopen(read) as told:
        text = told.read().strip()
    os.waitpid(child, 0)
    return text


def _tell(pipe: int, line: str) -> None:
    os.write(pipe, f"{line}\n".encode())


def _end(work: Callable[[], None], pipe: int) -> NoReturn:
    """Do a fork's work and end it, whatever happens; an error is told as one."""
    try:
        work()
    except Exception as error:  # noqa: BLE001  # whatever it was is told, and is a fault
        traceback.print_exc()
        _tell(pipe, f"! {type(error).__name__}: {error}".replace("\n", " "))
    finally:
        os._exit(0)


def _difference(left: Any, right: Any, where: str = "") -> str:
    """Return the first place at which two snapshots differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            if left.get(key) != right.get(key):
                return _difference(left.get(key), right.get(key), f"{where}/{key}")
    return f"at {where}: {str(left)[:300]} instead of {str(right)[:300]}"


def _begun(root: Path) -> str:
    """Make the memory whose files are backed up first."""
    opened(root / "killed").close()
    return ""


def kill_store(kills: int, seed: int) -> None:
    """Kill the store so many times."""
    # A fork has all that was imported, and no thread of it.
    import chromadb  # noqa: F401
    from alembic import command  # noqa: F401

    chance, started, num_done = random.Random(seed), time.monotonic(), 0
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        store = Store(root, seed)
        if told := asked(lambda: _begun(root)):
            raise Fault(told)
        for kill in range(1, kills + 1):
            num_done += store.kill_once(chance.uniform(0.02, LONGEST))
            if kill % _BACKUPS_EVERY == 0:
                store.back_up_once(chance.uniform(0.02, LONGEST))
            if kill % 50 == 0:
                say(f"{kill} kills, {num_done} things done, {_since(started)} s")
    say(f"{kills} kills and {kills // _BACKUPS_EVERY} of backups: nothing lost, torn or stuck")
    say(f"cut: {_counts(store.cut)}")


def _since(started: float) -> str:
    return f"{time.monotonic() - started:.0f}"


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def main() -> None:
    """Kill the store as often as is asked for."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--kills", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    try:
        kill_store(chosen.kills, chosen.seed)
    except Fault as error:
        say(f"FAULT: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()

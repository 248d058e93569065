"""The program, killed at random moments: nothing that it answered is lost, no lesson is stuck.

    python scripts/kill_program.py [--kills 100] [--seed 0]

A server on nano's weights is asked over HTTP for one thing after the other and killed; the next one
must know all that was answered, and the lessons that were cut must come to their end. Ends with 1
at the first fault.
"""

import argparse
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Any

import httpx


class Fault(Exception):
    """What a kill must not leave."""


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Program:
    """A server that is killed, and what it has answered."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._url = f"http://127.0.0.1:{port}/v1"
        self._command = [
            sys.executable,
            "-m",
            "omnipersona",
            "--data",
            str(folder / "data"),
            "serve",
        ]
        self._command += ["--port", str(port)]
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx.Client(timeout=120)
        self.facts: dict[str, str] = {}
        self.concepts: set[str] = set()
        self.unsure: set[str] = set()
        self.answered: Counter[str] = Counter()
        self.cut: Counter[str] = Counter()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        end = time.monotonic() + 120
        while True:
            with suppress(httpx.HTTPError):
                if self._http.get(f"{self._url}/models").status_code == 200:
                    return
            if self._process.poll() is not None or time.monotonic() > end:
                raise Fault((self._folder / "log").read_text()[-2000:])
            time.sleep(0.1)

    def work(self, chance: random.Random, until: float) -> None:
        """Ask for one thing after the other until the server is killed."""
        acts = (self._state, self._state, self._ask, self._teach, self._forget, self._draw)
        while time.monotonic() < until:
            act = chance.choice(acts)
            try:
                act(chance)
                self.answered[act.__name__[1:]] += 1
            except httpx.TransportError:
                self.cut[act.__name__[1:]] += 1
                return

    def kill(self) -> None:
        """Kill the server, and whatever it started."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def look(self) -> None:
        """Compare what the server knows with what it has answered."""
        known = {one["name"]: one for one in self._get("/concepts")}
        missing = self.concepts - known.keys() - self.unsure
        extra = known.keys() - self.concepts - self.unsure
        if missing or extra:
            raise Fault(f"missing {missing}, not forgotten {extra}")
        self.concepts = set(known)
        told = {one["attribute"]: one["value"] for one in self._get("/concepts/me/facts")}
        for attribute, value in self.facts.items():
            if attribute not in self.unsure and told.get(attribute) != value:
                raise Fault(f"{attribute} is {told.get(attribute)!r}, {value!r} was kept")
        self.facts = told
        self.unsure.clear()

    def wait_for_lessons(self) -> None:
        """See that every concept is learned in the end."""
        end = time.monotonic() + 1800
        while True:
            known = self._get("/concepts")
            learning = {one["name"]: one["learning"] for one in known if one["learning"]}
            lost = [one["name"] for one in known if not one["learning"] and not one["is_usable"]]
            if lost or time.monotonic() > end:
                raise Fault(f"never learned: {lost}; stuck: {learning}")
            if not learning:
                return
            time.sleep(2)

    def _state(self, chance: random.Random) -> None:
        attribute, value = f"thing {chance.randrange(5)}", f"value {chance.randrange(10**6)}"
        with self._until_answered(attribute):
            self._sent("PUT", f"/concepts/me/facts/{attribute}", json={"value": value})
        self.facts[attribute] = value

    def _ask(self, chance: random.Random) -> None:
        message = {"role": "user", "content": f"what is my thing {chance.randrange(5)}?"}
        self._sent(
            "POST", "/chat/completions", json={"model": "omnipersona", "messages": [message]}
        )

    def _teach(self, chance: random.Random) -> None:
        if len(self.concepts) > 3:
            return self._forget(chance)
        name = f"Bo{chance.randrange(10**6)}"
        photos = [("photos", (f"{i}.png", sample(i), "image/png")) for i in range(2)]
        with self._until_answered(name):
            self._sent("POST", "/concepts", data={"name": name, "kind": "dog"}, files=photos)
        self.concepts.add(name)
        return None

    def _forget(self, chance: random.Random) -> None:
        if self.concepts:
            name = chance.choice(sorted(self.concepts))
            with self._until_answered(name):
                self._sent("DELETE", f"/concepts/{name}?drawings=true")
            self.concepts.discard(name)

    def _draw(self, chance: random.Random) -> None:
        self._sent("POST", "/images/generations", json={"prompt": "a red dog"})

    @contextmanager
    def _until_answered(self, name: str) -> Iterator[None]:
        """Say that nobody knows how it went, until it has been answered."""
        self.unsure.add(name)
        yield
        self.unsure.discard(name)

    def _sent(self, method: str, path: str, **body: Any) -> None:
        answer = self._http.request(method, self._url + path, **body)
        if answer.status_code >= 500 or (answer.status_code >= 400 and method != "POST"):
            raise Fault(f"{method} {path}: {answer.status_code} {answer.text[:300]}")

    def _get(self, path: str) -> list[dict[str, Any]]:
        answer = self._http.get(self._url + path)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["data"]
        return found


def kill_program(kills: int, seed: int) -> None:
    """Kill the program so many times."""
    chance, started = random.Random(seed), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        program = Program(Path(name), free_port())
        for kill in range(1, kills + 1):
            program.start()
            program.look()
            after = time.monotonic() + chance.uniform(0.1, 6.0)
            killer = threading.Timer(after - time.monotonic(), program.kill)
            killer.start()
            program.work(chance, after + 60)
            killer.join()
            if kill % 10 == 0:
                say(f"{kill} kills, {program.answered.total()} answers, {_since(started)} s")
        program.start()
        program.look()
        program.wait_for_lessons()
        program.kill()
    say(f"{kills} kills: nothing lost, no lesson stuck")
    say(f"answered: {_counts(program.answered)}")
    say(f"cut: {_counts(program.cut)}")


def sample(number: int) -> bytes:
    """Return a photo that nano knows."""
    folder = resources.files("omnipersona.ui.page") / "samples"
    names = sorted(one.name for one in folder.iterdir() if one.name.startswith("bo_"))
    return (folder / names[number % len(names)]).read_bytes()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _since(started: float) -> str:
    return f"{time.monotonic() - started:.0f}"


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def main() -> None:
    """Kill the program as often as is asked for."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    try:
        kill_program(chosen.kills, chosen.seed)
    except Fault as error:
        say(f"FAULT: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()

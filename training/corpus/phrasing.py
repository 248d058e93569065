"""Many ways to say one thing, split into phrasings for training and held-out ones.

The split is by template, not by sample: every fourth template of a group is held out, so a held-out
sentence was never seen with any filling. What a held-out sentence is made of does occur in
training: a network that has read nothing else cannot know a word that it never met. Also the small
noise of people's typing.
"""

import random
import re
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Final, Literal

Split = Literal["train", "held_out"]

_HELD_OUT_EVERY: Final = 4
_FILLED: Final = re.compile(r"\{\w*\}")
_WORD: Final = re.compile(r"[a-z']+")
_CHOICE: Final = re.compile(r"\[([^\[\]]*)\]")


class Phrases:
    """Interchangeable templates for `str.format`; `[this|that|]` is a choice, which may nest.

    With fewer than four templates all are used in both splits.
    """

    def __init__(self, *templates: str) -> None:
        held_out = templates[_HELD_OUT_EVERY - 1 :: _HELD_OUT_EVERY]
        self._templates: dict[Split, tuple[str, ...]] = {
            "train": tuple(t for t in templates if t not in held_out),
            "held_out": held_out or templates,
        }

    def pick(self, rng: random.Random, split: Split, **filling: str) -> str:
        """Return one phrasing of the split, filled in."""
        return _chosen(rng.choice(self._templates[split]), rng.choice).format(**filling)

    def words(self, split: Split) -> frozenset[str]:
        """Return the words of the split's templates, without what fills them."""
        bare = (_FILLED.sub(" ", template) for template in self._templates[split])
        return frozenset(word for template in bare for word in _WORD.findall(template))

    def canonical(self, **filling: str) -> str:
        """Return the first phrasing, filled in; it is never held out."""
        return _chosen(self._templates["train"][0], lambda options: options[0]).format(**filling)


def read_phrases(name: str) -> dict[str, Phrases]:
    """Read groups of templates from `phrases/NAME.txt`: a line `# group`, then a template per line.

    New templates are appended to their group: the place in it decides what is held out.
    """
    text = (resources.files(__package__) / "phrases" / f"{name}.txt").read_text("utf-8")
    groups = (block.splitlines() for block in text.strip().split("\n\n"))
    return {title.removeprefix("# "): Phrases(*templates) for title, *templates in groups}


def _chosen(template: str, choose: Callable[[Sequence[str]], str]) -> str:
    """Return the template with every choice made, inner ones first, and single spaces."""
    while (found := _CHOICE.search(template)) is not None:
        option = choose(found[1].split("|"))
        template = template[: found.start()] + option + template[found.end() :]
    return " ".join(template.split())


def typed(rng: random.Random, sentence: str) -> str:
    """Return the sentence as a person might type it: case, punctuation, now and then a slip.

    Slots such as `<c0>` stay whole.
    """
    roll = rng.random()
    if roll < 0.35:
        sentence = sentence[:1].upper() + sentence[1:]
    elif roll < 0.45:
        sentence = sentence.lower()
    if rng.random() < 0.25:
        sentence = sentence.rstrip(".?!")
    elif rng.random() < 0.1:
        sentence = sentence.rstrip(".?!") + rng.choice(("!", "...", " :)", "."))
    return _slipped(rng, sentence) if rng.random() < 0.06 else sentence


def _slipped(rng: random.Random, sentence: str) -> str:
    words = sentence.split(" ")
    long = [i for i, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    if not long:
        return sentence
    i = rng.choice(long)
    at = rng.randrange(1, len(words[i]) - 1)
    word = words[i]
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    words[i] = rng.choice((swapped, word[:at] + word[at + 1 :]))
    return " ".join(words)

"""Words without sense, said once and asked for again: what copying in texts is made of.

Every agent task copies (a name, a value, the end of a wish), but most of what it copies could be
guessed, so a network learns to guess. Here nothing can be. The words are those of the agent's
tasks, out of order. Knows ids.
Source: Olsson et al. 2022, "In-context Learning and Induction Heads", arXiv:2209.11895.
"""

import random
from typing import Final

from omnipersona.model.bagel.sequence import TextSegment
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.training.corpus.dialogue import sample_turn
from omnipersona.training.samples.plans import Plan

_FEWEST_WORDS: Final = 4
_NUM_ASKED: Final = 6
_NUM_FOLLOWING: Final = 3
_WHOLE: Final = 0.5


class Echoes:
    """Draws such samples.

    Args:
        tokenizer: Of the network.
        rng: Draws everything.
        num_words: In the longest; the shortest have a quarter.
    """

    def __init__(self, tokenizer: Tokenizer, rng: random.Random, num_words: int) -> None:
        self.tokenizer = tokenizer
        self.rng = rng
        self.num_words = num_words

    def sample(self) -> Plan:
        """Say some words; then say all of them again, or what follows after this one and that."""
        rng = self.rng
        said = self._words()
        plan = Plan("echo", [self._segment(said)])
        if rng.random() < _WHOLE:
            plan.parts.append(self._segment(said, has_loss=True))
            return plan
        for branch in range(1, 1 + _NUM_ASKED):
            at = rng.randrange(len(said) - _NUM_FOLLOWING)
            following = said[at + 1 : at + 1 + _NUM_FOLLOWING]
            plan.parts.append(self._segment(said[at : at + 1], branch=branch))
            plan.parts.append(self._segment(following, branch=branch, has_loss=True))
        return plan

    def _words(self) -> list[int]:
        """Return pieces of words, each once."""
        rng, found = self.rng, dict[int, None]()
        while len(found) < self.num_words:
            found |= dict.fromkeys(self.tokenizer.encode(sample_turn(rng, "train").prompt)[0])
        fewest = max(_FEWEST_WORDS, self.num_words // 4)
        return rng.sample(list(found), rng.randint(fewest, self.num_words))

    def _segment(self, ids: list[int], *, branch: int = 0, has_loss: bool = False) -> TextSegment:
        token = self.tokenizer
        whole = [token.begin, *ids, token.end]
        return TextSegment(ids=whole, branch=branch, has_loss=has_loss)

"""Messages about what the assistant holds or did: forget, list, explain, undo, again, talk.

Knows their wording and gold. Does not know what is stored.
"""

import random
from typing import Final

from omnipersona.model.nano.corpus.dialogue.cast import refer, sample_state
from omnipersona.model.nano.corpus.dialogue.chat import small_talk
from omnipersona.model.nano.corpus.dialogue.spelling import spelled
from omnipersona.model.nano.corpus.facts import fact_statement, nouns_of, sample_fact
from omnipersona.model.nano.corpus.phrasing import Phrases, Split
from omnipersona.model.skills import Parsed, ParseState, PictureRef, fact_question

Heard = tuple[str, ParseState, Parsed]

_FORGET: Final = Phrases(
    "forget {o}",
    "please forget {o}",
    "delete {o} from your memory",
    "delete everything you know about {o}",
    "remove {o} from your memory",
    "forget everything about {o}",
    "i want you to forget {o}",
    "erase {o} from memory",
    "you can forget {o} now",
    "delete what you know about {o}",
    "unlearn {o}",
    "could you forget {o}?",
    "wipe all you know of {o}",
    "don't remember {o} any more",
    "throw away what you learned about {o}",
    "delete the concept {o}",
)
_FORGET_FACT: Final = Phrases(
    "forget that {x}",
    "forget about {p} {noun}",
    "delete {p} {noun}",
    "forget {p} {noun}",
    "please forget that {x}",
    "delete the {noun} of {o}",
    "don't remember that {x}",
    "forget what i said about {p} {noun}",
    "remove the fact that {x}",
    "you should forget that {x}",
    "erase {p} {noun} from memory",
    "delete that {x}",
    "please delete {p} {noun}",
    "forget that {x}, please",
    "that {x} should be forgotten",
)
_FORGET_ME: Final = Phrases(
    "forget everything about me",
    "forget me",
    "delete all you know about me",
    "erase what you know about me",
    "forget what i told you about myself",
)
_LIST: Final = Phrases(
    "who do you know?",
    "show my concepts",
    "list all concepts",
    "what do you know?",
    "whom do you know?",
    "which concepts do you know?",
    "show me everyone you know",
    "what have i taught you?",
    "list everybody",
    "what have you learned so far?",
    "who have you learned?",
    "show the list of names",
    "who are my friends here?",
    "which names do you know?",
    "tell me who you know",
    "what is in your memory?",
    "what did i tell you so far?",
    "list my concepts",
    "show everything you remember",
    "can you list whom you know?",
    "what concepts do you know?",
    "who have i taught you?",
    "show me my concepts",
    "which people do you know?",
    "who is in your memory?",
    "list",
    "show all concepts",
)
_LIST_ONE: Final = Phrases(
    "what do you know about {o}?",
    "tell me everything about {o}",
    "show me what you know about {o}",
    "list the facts about {o}",
    "what have i told you about {o}?",
    "what do you remember about {o}?",
    "show the facts of {o}",
    "what did you learn about {o}?",
    "tell me about {o}",
    "list all you know of {o}",
    "show {p} card",
    "give me all facts about {o}",
    "who is {s}?",
    "everything you know about {o}?",
    "which facts do you have about {o}?",
    "show me the notes on {o}",
    "what do you know of {o}?",
    "what do you know about {o} so far?",
    "tell me what you know about {o}",
    "summarise what you know about {o}",
)
_EXPLAIN: Final = Phrases(
    "why did you draw it like that?",
    "how do you know?",
    "why?",
    "how do you know that?",
    "explain the last picture",
    "why does it look like that?",
    "how did you make this picture?",
    "what did you use to draw that?",
    "why that color?",
    "which facts did you use?",
    "what prompt did you use?",
    "where did you get that from?",
    "why did you paint it this way?",
    "who told you that?",
    "explain yourself",
    "what was the seed?",
    "how did you come up with that?",
    "why did you draw that?",
    "explain how you did that",
    "what made you draw it so?",
)
_EXPLAIN_ONE: Final = Phrases(
    "why did you draw {o} like that?",
    "how do you know that {x}?",
    "why does {s} look like that?",
    "how do you know {p} {noun}?",
    "who told you that {x}?",
    "why did you think that {x}?",
    "explain why you drew {o} so",
    "why do you say that {x}?",
    "where did you learn that {x}?",
    "why is {s} drawn like this?",
    "when did i say that {x}?",
    "what made you paint {o} this way?",
)
_UNDO: Final = Phrases(
    "undo",
    "undo that",
    "go back",
    "undo the last change",
    "revert that",
    "take that back",
    "undo it please",
    "go back to the picture before",
    "i liked it better before",
    "no, undo",
    "back to the previous picture",
    "revert the last edit",
    "please undo the edit",
    "restore the old picture",
    "that was better before, go back",
    "one step back",
    "can you undo this?",
    "reverse the last edit",
    "cancel that change",
    "bring back the earlier version",
    "undo the edit",
    "revert",
    "go back to the last version",
    "restore it",
    "undo my last change",
    "put it back as it was",
    "i want the old one back",
)
_AGAIN: Final = Phrases(
    "again",
    "another one",
    "try again",
    "once more",
    "draw another one",
    "try again with another seed",
    "one more please",
    "do it again",
    "draw it again",
    "the same again",
    "same thing, new seed",
    "can you try once more?",
    "give me another version",
    "repeat that",
    "make another one like it",
    "a different one please",
    "show me another one",
    "redo it",
    "again, with a different seed",
    "i don't like it, try again",
    "one more time",
    "paint another version of it",
    "new seed please",
    "roll again",
    "make another",
    "can i see another one?",
    "another please",
    "draw one more",
    "let me see another version",
    "new one",
    "do another one",
)


def _acts_on(state: ParseState) -> PictureRef:
    """Return the picture that an act on the assistant's own picture means."""
    return "shown" if state.shown else "none"


def sample_forget(rng: random.Random, split: Split) -> Heard:
    """Draw a wish to forget a concept, a fact, or the user."""
    state = sample_state(rng, least=1, attached=0.04, shown=0.3)
    if rng.random() < 0.07:
        text = spelled(rng, _FORGET_ME.pick(rng, split))
        return text, state, Parsed(intent="forget")
    one = refer(rng, state)
    words = one.first.filling()
    if rng.random() < 0.55:
        text = spelled(rng, _FORGET.pick(rng, split, **words))
        if not (state.attached or state.shown) and rng.random() < 0.08:
            text = spelled(rng, f"delete {one.first.object}")
        return text, state, Parsed(intent="forget", concepts=(one.slot,))
    fact = sample_fact(rng)
    text = _FORGET_FACT.pick(
        rng,
        split,
        x=fact_statement(rng, split, one.first.subject, fact),
        noun=rng.choice(nouns_of(fact.attribute)),
        **words,
    )
    asked = (fact_question(one.slot, fact.attribute),)
    parsed = Parsed(intent="forget", concepts=(one.slot,), questions=asked)
    return spelled(rng, text), state, parsed


def sample_list(rng: random.Random, split: Split) -> Heard:
    """Draw a wish to see what is known, of everybody or of one concept."""
    state = sample_state(rng, attached=0.05, shown=0.3)
    if not state.known or rng.random() < 0.5:
        return spelled(rng, _LIST.pick(rng, split)), state, Parsed(intent="list")
    one = refer(rng, state)
    text = spelled(rng, _LIST_ONE.pick(rng, split, **one.first.filling()))
    return text, state, Parsed(intent="list", concepts=(one.slot,))


def sample_explain(rng: random.Random, split: Split) -> Heard:
    """Draw a question after the reasons of the last picture or answer."""
    state = sample_state(rng, attached=0.03, shown=0.75)
    picture = _acts_on(state)
    if not state.known or rng.random() < 0.6:
        text = spelled(rng, _EXPLAIN.pick(rng, split))
        return text, state, Parsed(intent="explain", picture=picture)
    one = refer(rng, state)
    fact = sample_fact(rng)
    text = _EXPLAIN_ONE.pick(
        rng,
        split,
        x=fact_statement(rng, split, one.first.subject, fact),
        noun=rng.choice(nouns_of(fact.attribute)),
        **one.first.filling(),
    )
    parsed = Parsed(intent="explain", picture=picture, concepts=(one.slot,))
    return spelled(rng, text), state, parsed


def sample_undo(rng: random.Random, split: Split) -> Heard:
    """Draw a wish to take the last edit back."""
    state = sample_state(rng, attached=0.03, shown=0.85)
    text = spelled(rng, _UNDO.pick(rng, split))
    return text, state, Parsed(intent="undo", picture=_acts_on(state))


def sample_again(rng: random.Random, split: Split) -> Heard:
    """Draw a wish for the last drawing with another seed."""
    state = sample_state(rng, attached=0.03, shown=0.85)
    text = spelled(rng, _AGAIN.pick(rng, split))
    return text, state, Parsed(intent="again", picture=_acts_on(state))


def sample_converse(rng: random.Random, split: Split) -> Heard:
    """Draw small talk."""
    state = sample_state(rng, attached=0.03, shown=0.3)
    message, _ = small_talk(rng, split)
    return message, state, Parsed(intent="converse")

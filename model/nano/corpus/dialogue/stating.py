"""Messages that state something: teaching, remembering and correcting.

Knows the wording and what was stated; the parse task and the facts task learn from the same ones.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from omnipersona.model.nano.corpus.dialogue.cast import (
    Someone,
    named,
    new_slot,
    picture_of,
    refer,
    sample_kind,
    sample_state,
    slots_of,
)
from omnipersona.model.nano.corpus.dialogue.spelling import spelled
from omnipersona.model.nano.corpus.facts import (
    StatedFact,
    another_value,
    fact_statement,
    invented_fact,
    invented_word,
    nouns_of,
    open_fact,
    sample_fact,
    wording,
)
from omnipersona.model.nano.corpus.phrasing import Phrases, Split
from omnipersona.model.skills import Parsed, ParseState, Statement

_INVENTED: Final = 0.25
_OPEN: Final = 0.07


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A message and the facts in it."""

    message: str
    statements: tuple[Statement, ...]


_MEET_KIND: Final = Phrases(
    "this is my {kind} {it}",
    "[meet|greet|say hi to|say a big hello to] my {kind} {it}",
    "here is my {kind}, {it}",
    "this is {it}, my {kind}",
    "{it} is my {kind}",
    "i have a {kind} called {it}",
    "learn my {kind} {it}",
    "say hello to my {kind} {it}",
    "my {kind} is called {it}",
    "these are photos of my {kind} {it}",
    "please learn my {kind}, {it}",
    "the {kind} in these photos is {it}",
    "{it} is a {kind}",
    "this {kind} is called {it}",
    "i want you to know my {kind} {it}",
    "this is my new {kind}, it is named {it}",
    "this is {it}, a {kind}",
    "here are photos of my {kind} {it}",
    "this is our {kind} {it}",
    "this {kind} is {it}",
    "these are pictures of my {kind} {it}",
    "learn this {kind}: {it}",
    "i have a {kind} named {it}",
    "my {kind}, {it}",
    "my {kind} is named {it}",
    "my {kind}'s name is {it}",
    "here is my {kind} {it}",
    "please meet my {kind}, {it}",
    "[say|please say] [hi|hello] to [our|my new|this] {kind}[,| called| named|] {it}",
    "[that is|here is|here comes|here you see|you see] {it}, [my|our] [new|dear|] {kind}",
    "[on|in] [this|these|the] [photos|pictures|images] you see my {kind}[,|] {it}",
    "you see my {kind} {it} here",
    "the {kind} [in|on|you see in] [the|this|that] [photo|picture|image] is [called|named|] {it}",
    "i [got|have|own|bought|adopted] a new {kind}[, its name is| called| named] {it}",
    "[my|our] [new|little|dear|] {kind} is [called|named] {it}",
    "our {kind}, {it}",
    "[my|our] [new|little|dear|lovely] {kind}[,|] {it}",
    "[that|the one here] is [a|my|our] [new|] {kind}[,| and] it is [named|called] {it}",
    "this is my {kind}[, it is called|, its name is|, we named it|. it is named] {it}",
    "this is a new {kind}, it is called {it}",
    "[remember|memorise|store|save|keep] [this|my|our] {kind}[:| as| under the name] {it}",
    "this {kind} [here is|is known as|answers to|has the name|of mine is] {it}",
    "i'd like you to [meet|learn|know|get to know] my {kind}[,|] {it}",
    "i want you to meet our {kind} {it}",
    "let me introduce [you to|] [my|our] {kind}[,|] {it}",
    "the name of [my|our|this|the] {kind} [here|] is {it}",
    "[photos|pictures|some photos|some pictures|images] of my {kind}[,|:] {it}",
    "some photos of our {kind} {it}",
    "[this|that] [cute|lovely|sweet|fine|old|small] {kind} is [called|named|] {it}",
    "[new|a new] {kind}: {it}",
    "learn what my {kind} looks like[, its name is|, it is called|:] {it}",
)
_MEET: Final = Phrases(
    "this is {it}",
    "meet {it}",
    "learn {it}",
    "here is {it}",
    "please learn {it} from these photos",
    "these are photos of {it}",
    "this one is called {it}",
    "that's {it}",
    "i want to teach you {it}",
    "let me introduce {it}",
    "remember this one as {it}",
    "get to know {it}",
    "can you learn who {it} is?",
    "the one in the photo is {it}",
    "[look|look there|hey], [that's {it}|it's {it}|{it}]!",
    "new concept: {it}",
    "here are photos of {it}",
    "these are pictures of {it}",
    "this one's name is {it}",
    "her name is {it}",
    "his name is {it}",
    "its name is {it}",
    "learn this: {it}",
    "call this one {it}",
    "please learn {it}",
    "here are some pictures of {it}",
    "[that is|here comes|here you have|here we have|and this is|this here is] {it}",
    "and that is {it}",
    "that's [how {it} looks|what {it} looks like|the one called {it}|the one named {it}]",
    "[i want|i'd like|i would like] you to [get to know|meet|learn|know] {it}",
    "[please|now|you may|you can now] get to know {it}[ well| too|, please|]",
    "please get to know {it} from this photo",
    "[a|another|my] new concept[:| called| named|,] {it}",
    "[add|make|create|start|learn] [a new|this] concept[:| called| named] {it}",
    "[the name is|the name of this one is|its name:|name:] {it}",
    "this new concept is named {it}",
    "[her|his] name [here is|on the photo is|would be|in this photo is|was] {it}",
    "[she|he|it|this] is [called|named|known as] {it}",
    "[please|] [call|name] [it|her|him|that one] {it}",
    "please call this {it}",
    "[you can|you may|we] call this one {it}",
    "[these|here] are [some|a few|two] [photos|pictures|images|shots] of {it}",
    "[photos|pictures|images] of {it}[ for you|]",
    "a few photos of {it}",
    "[remember|save|store|memorise] [this|her|him] [as|under the name] {it}",
    "[look|see|hey][,|!] [this|here] is {it}[!|]",
    "the [one|animal] [here|on it|in this picture|on the photo] is [called|named|] {it}",
    "see, {it}!",
    "[say|please say] [hello|hi] to {it}",
    "[i would like to|i'd like to|i want to|allow me to|may i] [introduce|show you|present] {it}",
    "[can|could|will] you [please|] [learn|remember] [what {it} looks like|this one as {it}]?",
    "will you remember who {it} is?",
)
_MORE_PHOTOS: Final = Phrases(
    "here is another photo of {o}",
    "here are more photos of {o}",
    "one more picture of {o} for you",
    "this is {o} too",
    "another picture of {o} to learn from",
    "learn {o} better from these",
    "some more photos of {o}",
    "this is also {o}",
    "use these photos of {o} as well",
    "study {o} again with this photo",
    "more pictures of {o} to practise with",
    "this one shows {o} as well",
    "[this|here] is {o} [again|once more|as well]",
    "[that|this one|here] is also {o}",
    "[this|the] [photo|picture|image] [also|] shows {o}[ again| as well| too|]",
    "that is {o} again",
    "[these|the] [photos|pictures] [also show|show] {o}[ too| as well|]",
    "[also|here too|and again]: {o}",
    "[here|these] are [some|a few|two|several] more [pictures|photos|images|shots] of {o}",
    "a few more shots of {o}",
    "[one|yet one|still one] more [photo|shot|image] of {o}[ for you| to learn from|]",
    "[and another|yet another|still another] [photo|picture|shot] of {o}[ too|]",
    "[learn|study] {o} [again|more|better][ with these| from this| from these photos]",
    "study {o} better with these photos",
    "[use|take] [this|these|these photos|this one|this picture] for {o}[ as well| too|]",
    "[this one|this photo|that|the new one] [is of|is|also shows] {o}[ too| also]",
    "in this [one|photo|picture] you [also see|see] {o}[ again| as well| too]",
    "in these photos you see {o} as well",
    "you can [learn|study] {o} from [this|these] [as well|too|]",
)
_REMEMBER: Final = Phrases(
    "{x}",
    "{x}",
    "remember that {x}",
    "please remember: {x}",
    "{x}",
    "by the way, {x}",
    "did you know that {x}?",
    "note that {x}",
    "{x}, keep that in mind",
    "you should know that {x}",
    "fun fact: {x}",
    "for later: {x}",
    "oh, and {x}",
    "just so you know, {x}",
    "keep in mind that {x}",
    "i forgot to say that {x}",
    "[remember|memorise|save|store|learn] this: {x}",
    "please [remember|keep in mind|do not forget|don't forget|memorise] [that|this:] {x}",
    "[please note|take note|make a note|write down|note down][:| that] {x}",
    "note for later: {x}",
    "[note|a note|small note|one more note|side note]: {x}",
    "for [the future|next time|later use|your memory|your records][:|,] {x}",
    "[save|remember|keep] [this|it|that] for later[:|.] {x}",
    "remember for later: {x}",
    "i forgot [to mention|to tell you|to add] that {x}",
    "i [also|] [want|wanted|have|need|meant] to [say|tell you|add|mention] [that|this:] {x}",
    "did i [say|tell you|mention] that {x}?",
    "i forgot to mention: {x}",
    "{x}, [by the way|please remember|don't forget|just so you know|you should know|you know]",
    "[one thing|something|one more thing|another thing][ you should know| to remember|]: {x}",
    "[oh|ah|also|and|well], [by the way,|remember,|i forgot to say:|] {x}",
    "one more thing to know: {x}",
    "[i'd like|i want|i would like] you to [know|remember|keep in mind] that {x}",
    "[be aware|it is good to know|it's true|know|it helps to know] that {x}",
    "[fyi|btw|ps|info|new fact|a fact|for your information][:|,] {x}",
    "btw, remember that {x}",
    "[could|can|would|will] you [please|] [remember|note|keep in mind|memorise] that {x}?",
    "let me [tell you|add|say|mention] that {x}",
    "[here is|here's] [a|another|one more] [fact|thing|detail][ for you| to remember|]: {x}",
)
_CORRECT: Final = Phrases(
    "no, {x}",
    "actually {x}",
    "that's wrong, {x}",
    "that is not right, {x}",
    "not quite: {x}",
    "wrong, {x}",
    "you are mistaken, {x}",
    "correction: {x}",
    "no no, {x}",
    "[that is no longer true|this has changed|that has since changed], {x} now",
    "[i was wrong|i made an error|i made a slip|we were wrong], {x}",
    "sorry, {x}",
    "that's not true. {x}",
    "please correct that: {x}",
    "you got it wrong, {x}",
    "i made a mistake, {x}",
    "no, that's wrong. {x}",
    "no that's not right, {x}",
    "hm no, {x}",
    "oh, that has changed: {x}",
    "it is not so, {x}",
    "[in fact|as a correction,|to make a correction,|i have a correction:] {x}",
    "no! {x}",
    "no, that is wrong: {x}",
    "[oh|i am|i'm|so] sorry[,| but|, but|:| -] {x}",
    "sorry[, but| but|, no|, actually|, i meant:] {x}",
    "[a|my|small|one|quick] [correction|fix][:| -|,] {x}",
    "sorry, a correction: {x}",
    "[let me correct|i must correct|i have to correct] [that|this|you|myself|my mistake][:|,] {x}",
    "[oh, i|i think i|you|so you] [made|have made|make] a [small|] mistake[.|:|,] {x}",
    "[my mistake|my bad|my error|that was my mistake|this was a mistake][,|:|.] {x}",
    "this was wrong, {x}",
    "[that|it|this|something|oh, this|oh, it] has [now|just|] changed[.|,] [now|] {x}",
    "[things have|times have|oh, things have] changed[:|,|.] {x}[ now|]",
    "[that isn't|that was not|this is not|it's not] [right|true|correct|quite right][:|.|,] {x}",
    "that was not quite true, {x}",
    "[i said it wrong|i told you wrong|i got it wrong|i was mistaken|i misspoke][,|:|.] {x}",
    "[you are|you're|you were|this is|it's|it is] [wrong|mistaken|not right][,|:|.] {x}",
    "that [is no longer|was once] [so|the case|right|correct|true], [now|] {x}",
    "you were wrong, actually {x}",
    "[well|hm|nope|wait|hold on|stop|ah no|oh no][,|:| -|!] [actually|] {x}",
    "[rather|instead|i mean|i meant|to be exact|to be precise|in truth|in reality|really][,|:] {x}",
    "[please|] [fix|change|update|correct|put right] [that|this|it|your notes][:|.|,] {x}",
    "hold on, that is wrong: {x}",
    "not [true|so|right|correct|quite right|really][,|:|.] {x}",
    "[that's|that is] [false|an error|outdated|wrong now|no longer right][,|:|.] {x}",
    "the [truth|fact|right answer|correct answer] is[:| that|,] {x}",
)
_CORRECT_VALUE: Final = Phrases(
    "no, {p} {noun} is {v}, not {old}",
    "{p} {noun} is not {old} but {v}",
    "{p} {noun} isn't {old}, it is {v}",
    "change {p} {noun} to {v}",
    "the {noun} of {o} is {v} and not {old}",
    "not {old}! {p} {noun} is {v}",
    "{p} {noun} should be {v} instead of {old}",
    "{p} {noun} has changed from {old} to {v}",
    "correct {p} {noun}: it is {v}",
    "it's not {old}, {p} {noun} is {v}",
    "i said {old} but {p} {noun} is really {v}",
    "update {p} {noun} to {v}",
    "{p} {noun} is {v} now",
    "no, {v} is {p} {noun}, not {old}",
    "{p} {noun} is now {v}, not {old}",
    "it was {old} but now {p} {noun} is {v}",
    "actually {p} {noun} is {v}, not {old}",
    "{p} {noun} is really {v}",
    "wrong: {p} {noun} is {v}",
    "{p} {noun} is {v} and not {old}",
    "[please|] [set|fix|correct] {p} {noun} to {v}",
    "[please|can you|could you|i want to] [change|update] {p} {noun} [from {old}|] to {v}",
    "[change|update|correct] {p} {noun} from {old} to {v}",
    "please change {p} {noun}, it is {v}",
    "{p} {noun} [changed|has just changed|has been changed|was changed] [from {old}|] to {v}",
    "{p} {noun} [is no longer|isn't|is not] {old}[. it is|, it's|, it is now|. it's now] {v}",
    "[{old} was wrong|{old} is wrong|no longer {old}][:|,|.] {p} {noun} is {v}",
    "no longer {old}, {p} {noun} is now {v}",
    "{p} {noun} [was|used to be] {old}[, but now it is|, now it is|, but now it's| and is now] {v}",
    "[it|that|this] [was|used to be] {old} [before, but|and|before and] now {p} {noun} is {v}",
    "{p} {noun} must be {v}[, not {old}| instead of {old}|]",
    "{p} {noun} used to be {old} but is now {v}",
    "[sorry|oh sorry|wrong|correction|my mistake|no no][,|:] {p} {noun} is {v}[, not {old}|]",
    "{v}[, not {old},| instead of {old}| and not {old}| rather than {old}] is {p} {noun}",
    "i [meant|mean] {v} and not {old} [as|for] {p} {noun}",
    "sorry, {p} {noun} is {v} rather than {old}",
    "the {noun} of {o} [has changed|changed|was changed] [from {old}|] to {v}",
    "the {noun} of {o} [is now|should be|is really|is] {v}[, not {old}| instead of {old}|]",
    "{p} {noun}: [{v}, not {old}|not {old} but {v}|{v} instead of {old}|no longer {old}, now {v}]",
    "update the {noun} of {o}: {v}, not {old}",
    "[i|you] [said|thought|wrote] {p} {noun} [was|is] {old}[, but it is|. it is|, it's really] {v}",
    "{s} [now {has}|{has} now] {v} as {p} {noun}[, not {old}|]",
    "as {p} {noun}, [note|write down|remember] {v}[ instead of {old}| and not {old}|, not {old}]",
)
_IS_A: Final = Phrases(
    "{it} is a {kind}",
    "{it} is my {kind}",
    "remember that {it} is a {kind}",
    "by the way, {it} is my {kind}",
    "you should know that {it} is a {kind}",
    "what i call {it} is my {kind}",
    "[by the way|btw|oh, by the way|just so you know], {it} is a {kind}",
    "{it} is our {kind}",
    "[remember|note|please remember|you should know] that {it} is [my|our] {kind}",
    "{it}, [by the way|as you know|you know], is [my|our|a] {kind}",
    "{it} happens to be [a|my|our] {kind}",
    "by the way, {it} happens to be a {kind}",
    "what i call {it} is [a|our] {kind}",
    "{it} is [a kind of|a real|just a|a little] {kind}",
)
_ABOUT_ME: Final = Phrases(
    "my name is {v}",
    "i am {v}",
    "call me {v}",
    "i'm called {v}",
    "[people know me as|i'm simply called|i'm always called] {v}",
    "you can call me {v}",
    "i'm [known as|named] {v}",
    "my name's {v}",
    "[oh|well|by the way], my name's {v}",
    "i am called {v}[ by everyone|, by the way|, you know|]",
    "[oh|well], i'm {v}",
    "by the way, i'm {v}",
    "[the name people know me by is|the name's] {v}",
    "everybody knows me as {v}",
    "[you may|please|just] call me {v}",
)


def _values(statements: Iterable[Statement]) -> tuple[str, ...]:
    return tuple(one.value for one in statements)


def _fact(rng: random.Random, friends: tuple[str, ...] = ()) -> StatedFact:
    roll = rng.random()
    if roll < _INVENTED:
        return invented_fact(rng)
    if roll < _INVENTED + _OPEN:
        return open_fact(rng)
    return sample_fact(rng, friends=friends)


def _several(
    rng: random.Random,
    split: Split,
    subjects: tuple[str, str],
    slot: str | None,
    count: int,
    friends: tuple[str, ...] = (),
) -> Told:
    """State `count` facts, the first of `subjects[0]`, the rest of `subjects[1]`."""
    said: dict[str, str] = {}
    statements = []
    for _ in range(count):
        fact = _fact(rng, friends)
        if fact.attribute in said:
            continue
        subject = subjects[0] if not said else subjects[1]
        said[fact.attribute] = fact_statement(rng, split, subject, fact)
        statements.append(Statement(slot=slot, attribute=fact.attribute, value=fact.value))
    joint = rng.choice((", ", " and ", ". ", ", and "))
    return Told(message=joint.join(said.values()), statements=tuple(statements))


def _told(slots: Iterable[str], told: Told) -> tuple[str, ...]:
    """Return slots first spoken of by pronoun or noun, then those in the message."""
    written = slots_of(told.message)
    return tuple(dict.fromkeys((*(s for s in slots if s not in written), *written)))


def tell_teach(rng: random.Random, split: Split, slot: str, kind: str | None) -> Told:
    """Introduce a concept, with its kind if given and 0 to 2 facts."""
    group = _MEET if kind is None else _MEET_KIND
    message = group.pick(rng, split, it=slot, kind=kind or "")
    statements = [Statement(slot=slot, attribute="kind", value=kind)] if kind else []
    count = rng.choices((0, 1, 2), (0.4, 0.4, 0.2))[0]
    if count:
        later = named(rng, slot).later.subject
        more = _several(rng, split, (rng.choice((later, later, slot)), later), slot, count)
        joint = rng.choice((", ", ". ", " and ", ", "))
        message = message.rstrip("?!") + joint + more.message
        statements += more.statements
    return Told(message=spelled(rng, message, _values(statements)), statements=tuple(statements))


def tell_remember(
    rng: random.Random, split: Split, one: Someone | None, friends: tuple[str, ...] = ()
) -> Told:
    """State 1 to 3 facts of someone, or of the user."""
    if one is None and rng.random() < 0.2:
        name = invented_word(rng)
        message = _ABOUT_ME.pick(rng, split, v=name)
        told = Told(
            message=message, statements=(Statement(slot=None, attribute="name", value=name),)
        )
    else:
        first, later = (one.first, one.later) if one else (wording("i"), wording("i"))
        count = rng.choices((1, 2, 3), (0.7, 0.22, 0.08))[0]
        subjects = (first.subject, later.subject)
        if one is not None and one.is_named and rng.random() < 0.08:
            return _tell_kind(rng, split, one.slot)
        told = _several(rng, split, subjects, one.slot if one else None, count, friends)
    message = _REMEMBER.pick(rng, split, x=told.message)
    message = spelled(rng, message, _values(told.statements))
    return replace(told, message=message)


def _tell_kind(rng: random.Random, split: Split, slot: str) -> Told:
    kind = sample_kind(rng)
    message = spelled(rng, _IS_A.pick(rng, split, it=slot, kind=kind), (kind,))
    return Told(message=message, statements=(Statement(slot=slot, attribute="kind", value=kind),))


def tell_correct(rng: random.Random, split: Split, one: Someone | None) -> Told:
    """State that a fact is otherwise, often naming the old value too."""
    words = one.first if one else wording("i")
    slot = one.slot if one else None
    fact = _fact(rng)
    statements = (Statement(slot=slot, attribute=fact.attribute, value=fact.value),)
    if rng.random() < 0.45:
        old = another_value(rng, fact)
        if old.value != fact.value:
            noun = rng.choice(nouns_of(fact.attribute))
            message = _CORRECT_VALUE.pick(
                rng, split, **words.filling(), noun=noun, v=fact.value, old=old.value
            )
            return Told(message=spelled(rng, message, _values(statements)), statements=statements)
    message = _CORRECT.pick(rng, split, x=fact_statement(rng, split, words.subject, fact))
    return Told(message=spelled(rng, message, _values(statements)), statements=statements)


def tell_nothing(rng: random.Random, split: Split, one: Someone) -> Told:
    """Speak of someone without stating a fact."""
    group = rng.choice((_MORE_PHOTOS, _MEET))
    message = group.pick(rng, split, it=one.slot, o=one.slot)
    return Told(message=spelled(rng, message), statements=())


def sample_teach(rng: random.Random, split: Split) -> tuple[str, ParseState, Parsed]:
    """Draw a message that introduces a concept or brings more photos of one."""
    state = sample_state(rng, attached=0.85, shown=0.25)
    if state.known and rng.random() < 0.22:
        state = replace(state, attached=True)
        one = refer(rng, state)
        told = Told(
            message=spelled(rng, _MORE_PHOTOS.pick(rng, split, o=one.first.object)), statements=()
        )
    else:
        again = state.known and state.attached and rng.random() < 0.1
        slot = rng.choice(state.known).slot if again else new_slot(rng, state.known)
        one = named(rng, slot)
        kind = sample_kind(rng) if rng.random() < 0.65 or not state.attached else None
        told = tell_teach(rng, split, slot, kind)
    picture = picture_of(replace(state, shown=False))
    parsed = Parsed(intent="teach", picture=picture, concepts=_told((one.slot,), told))
    return told.message, state, parsed


def sample_remember(rng: random.Random, split: Split) -> tuple[str, ParseState, Parsed]:
    """Draw a message that states facts of a known concept or of the user."""
    state = sample_state(rng, least=1, attached=0.08, shown=0.3)
    one = None if rng.random() < 0.2 else refer(rng, state)
    friends = tuple(k.slot for k in state.known if one is None or k.slot != one.slot)
    told = tell_remember(rng, split, one, friends)
    slots = _told((one.slot,) if one else (), told)
    return told.message, state, Parsed(intent="remember", concepts=slots)


def sample_correct(rng: random.Random, split: Split) -> tuple[str, ParseState, Parsed]:
    """Draw a message that puts a fact right."""
    state = sample_state(rng, least=1, attached=0.06, shown=0.5)
    one = None if rng.random() < 0.12 else refer(rng, state)
    told = tell_correct(rng, split, one)
    slots = _told((one.slot,) if one else (), told)
    return told.message, state, Parsed(intent="correct", concepts=slots)

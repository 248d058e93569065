"""Requests to draw: the user's words, what must be looked up, and the canonical prompt.

Knows the drawn world's words and what lies outside it. Does not know task formats: parsing and
rewriting both learn from the same requests.
"""

import random
from dataclasses import dataclass
from typing import Final

from omnipersona.model.contract import MAX_CONCEPTS, slot
from omnipersona.model.nano.corpus.dialogue.cast import Someone
from omnipersona.model.nano.corpus.dialogue.outside import (
    outside_action,
    outside_clothes,
    outside_home,
    outside_place,
    outside_style,
    outside_thing,
)
from omnipersona.model.nano.corpus.dialogue.spelling import spelled
from omnipersona.model.nano.corpus.facts import StatedFact, sample_fact
from omnipersona.model.nano.corpus.phrasing import Phrases, Split
from omnipersona.model.nano.corpus.words import (
    CANONICAL_PLACES,
    PLACE_PHRASES,
    accessory_phrase,
    character_phrase,
    colored,
    thing_phrase,
)
from omnipersona.model.nano.world import (
    ACCESSORIES,
    OBJECTS,
    PLACES,
    POSES,
    sample_accessory,
    sample_identity,
    sample_thing,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookup:
    """A fact that a request needs; value None means that nobody knows it."""

    slot: str
    attribute: str
    value: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A wish for a picture or for a change of one.

    Attributes:
        message: The user's words.
        canonical: The rewritten prompt, or `cannot: <what>`.
        slots: Concepts it is about, in order of mention.
        lookups: What must be looked up, in order of mention.
    """

    message: str
    canonical: str
    slots: tuple[str, ...]
    lookups: tuple[Lookup, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Detail:
    """One thing said about the picture.

    Attributes:
        part: clothes, pose, friend, thing or place: where `canonical` goes.
        text: What the user says.
        canonical: None where there is nothing to draw.
        lookup: What it takes to know it.
        outside: What a decline names.
    """

    part: str
    text: str
    canonical: str | None
    lookup: Lookup | None = None
    outside: str | None = None


_FRAMES: Final = Phrases(
    "draw {x}", "paint {x}", "please draw {x}", "can you draw {x}?", "show me {x}",
    "i want a picture of {x}", "make a picture of {x}", "could you paint {x} for me?",
    "draw me {x}", "a picture of {x}", "create an image of {x}", "a drawing of {x}, please",
    "generate {x}", "i would love to see {x}", "sketch {x}", "make me an image of {x}",
    "generate a picture with {x}", "paint me {x} please", "i'd like a drawing of {x}",
    "can i have a picture of {x}?", "now draw {x}", "hey, can you make a drawing of {x}?",
    "create {x}", "let me see {x}", "picture {x}", "new picture: {x}",
    "would you draw {x}, please?", "could you make a new picture of {x}?", "imagine {x}",
    "give me a picture of {x}", "i need an image of {x}", "render {x}", "draw a picture of {x}",
    "[i want to|just let me|please let me|let us] see {x}", "make an image of {x}", "design {x}",
    "paint a picture of {x}",
    "please make a drawing of {x}", "pls draw {x}", "drawing of {x}", "can u draw {x}",
    "draw a new picture: {x}",
    "[can|could|would] you [design|create|generate|sketch|do] {x}[ for me| please|]?",
    "please render {x} for me",
    "[a|another|a nice|a quick] [render|design|sketch|painting] of {x}[, please|, thanks|]",
    "[can|could|may] i [see|get|have] a [drawing|painting|render|design] of {x}[, please|]?",
    "let me [see|have|get] [a picture|a drawing|an image] of {x}", "could i have a sketch of {x}?",
    "could you [make|do|paint] [a quick|a nice|another] [picture|image] of {x}[ for me|]?",
    "[now|next|and now|ok, now|then] [render|design|create|generate|sketch|paint] {x}",
    "[render|design|sketch|generate] me {x}[, please|, will you|]", "make me a design of {x}",
    "i [want|need|would like|wish|am hoping] to [see|get|have] [a picture of|a drawing of|] {x}",
    "i'd [like|love] [to see|you to draw|you to paint|an image of|a painting of] {x}[, please|]",
    "[please|] [produce|prepare|come up with] [a picture|an image] [of|with|showing] {x}",
    "i'd love a picture with {x}",
    "[picture|image|painting|sketch|new drawing|new image|wanted][:| -] {x}",
    "[painting|image|picture|sketch|render|illustration|pic] of {x} [please|pls|]",
    "[show|give|draw|make|get] me a [nice|] [picture|drawing|pic] [of|with|showing] {x}[, pls|]",
    "get me an image showing {x}",
    "[hi|hello|hey]! [could|can|would] you [draw|paint|render|make a picture of|design] {x}?",
    "how about [drawing|painting|a picture of|a drawing of|making a picture of] {x}?",
    "do [me|] a [drawing|picture|painting|sketch] of {x} [for me|please|]",
    "how about a sketch of {x}?",
    "[visualise|visualize|depict|illustrate|portray|doodle] {x} [for me|]",
    "[imagine|picture|think of] {x} and [draw|paint|depict|show] it",
    "[would|will] you [draw|paint|sketch|render] [me|us] {x}[, please|]?", "please depict {x}",
    "[can|could|would] u [pls|please|] [paint|make|show|do] [me|] {x}",
    "[pls|plz|please] [show|paint|design|sketch|create|generate] [me|] {x}",
    "[draw|paint|make] something[ for me| nice|]: {x}", "sketch something for me: {x}",
    "[is it|would it be|could it be] possible to [draw|see|paint|have a picture of] {x}?",
    "i'm [looking for|after] [a picture|a drawing|an image] of {x}",
    "[what i want|what i'd like to see|my wish] is [a picture of|a drawing of|] {x}",
    "what i'd like is a picture of {x}",
    "do you think you could [draw|paint|render|make a picture of] {x}?",
    "it would be [nice|great|lovely] to [see|have a picture of|get a drawing of] {x}",
    "[draw|paint|create|show me|design] a [nice|] scene [with|of|showing] {x}",
    "a scene with {x}, please",
    "[time for|i feel like|i fancy] a [picture|drawing|painting] of {x}",
    "one [more|] [drawing|painting|sketch] of {x}[, please|, pls| for me|]",
    "let's [see|draw|paint|sketch|make a picture of|have a drawing of] {x}",
)  # fmt: skip
_CLOTHES: Final = Phrases(
    "wearing {it}", "with {it}", "in {it}", "who wears {it}", "with {it} on", "dressed in {it}",
    "that wears {it}", "and {it} on",
    "who [is wearing|always wears|also wears|is dressed in|just wears] {it}",
    "[having|who has|that has|and has] {it} on", "[and|plus] [wearing|with] {it} [on|]",
    "and dressed in {it}", "[all|nicely|] dressed [up|] in {it}",
    "[clad|clothed|decked out] in {it}", "that is [wearing|dressed in|clad in] {it}",
    "who is dressed up in {it}", "[sporting|who is clad in|and has on] {it}",
    "that [always|also|just] wears {it}", "in {it} [today|this time|for once]",
)  # fmt: skip
_ASK_CLOTHES: Final = Phrases(
    "in {p} favourite clothes",
    "wearing {p} favorite clothes",
    "in {p} clothes",
    "wearing what {s} always wear{es}",
    "in {p} usual outfit",
    "dressed as {s} like{es} it",
    "in {p} favourite outfit",
    "wearing what {s} like{es} to wear",
    "in what {s} [usually|mostly|normally|always] wear{es}",
    "[dressed in|clothed in] what {s} [always|usually] wear{es}",
    "in [what|the clothes|the outfit] {s} [love|like|prefer]{es} to wear",
    "dressed in what {s} love{es} to wear",
    "wearing [the clothes|the outfit|the things] {s} [like|love]{es} [to wear|best|most]",
    "wearing {p} [usual|normal|typical|best] [clothes|outfit|things]",
    "dressed [the way|like] {s} [usually|always|normally] {is}",
    "wearing the outfit {s} usually wear{es}",
    "with {p} [favourite|favorite|usual] [clothes|outfit] on",
    "[in|wearing] what {s} [like|love]{es} [best|most] to wear",
    "in the [clothes|outfit] {s} [always|usually] wear{es}",
)
_POSES: Final[dict[str, Phrases]] = {
    "standing": Phrases(
        "standing",
        "just standing",
        "standing up",
        "standing there",
        "[simply|quietly|still|just] standing [there|here] [quietly|]",
        "who [stands|is standing|just stands] [there|up|still|]",
        "that [stands|is standing] [up|still|there|]",
        "that just stands there",
        "standing [upright|straight|tall|still]",
    ),
    "sitting": Phrases(
        "sitting",
        "sitting down",
        "who sits",
        "that is sitting",
        "who [is sitting|sits down|sits there|just sits]",
        "that [sits|sits down|is seated|has sat down]",
        "[seated|sat down|just sitting there|sitting still|sitting quietly]",
        "who is seated",
        "[who is|] taking a seat",
        "that is [just|quietly|now] sitting [there|down|]",
    ),
    "jumping": Phrases(
        "jumping",
        "who jumps",
        "jumping high",
        "that is jumping",
        "who is jumping [high|up|around|]",
        "that [jumps|jumps high|is leaping|leaps]",
        "[leaping|hopping|jumping around|jumping up|jumping for joy|in mid jump]",
        "that jumps for joy",
        "[in the middle of a jump|making a jump|taking a leap|doing a jump]",
        "that is [just|happily|now] jumping [up|high|]",
    ),
    "waving": Phrases(
        "waving",
        "waving at me",
        "who waves",
        "waving hello",
        "waving [to me|at us|to say hello|to say hi|and saying hello|goodbye|hi|happily|back]",
        "who [is waving|waves at me|waves hello|waves to us]",
        "that [is waving|waves|waves at us]",
        "who waves goodbye",
        "[giving|who gives] [me|us] a [friendly|] wave",
        "saying hello with a [friendly|] wave",
    ),
    "sleeping": Phrases(
        "sleeping",
        "asleep",
        "who sleeps",
        "taking a nap",
        "[having|who takes|that takes|who is taking|enjoying] a [nap|little nap|short nap]",
        "[napping|dozing|snoozing|fast asleep|sound asleep|deep asleep]",
        "who is [asleep|sleeping|napping|fast asleep]",
        "that is asleep",
        "that [sleeps|is sleeping|is taking a little nap|has fallen asleep]",
        "[taking|that is taking] [a long nap|a rest|a snooze|an afternoon nap]",
    ),
}
_THING: Final = Phrases(
    "with {it}", "with {it}", "next to {it}", "beside {it}", "and {it}", "who has {it}",
    "playing with {it}", "with {it} too",
    "[right|just] [beside|next to|by] {it}", "[along|together] with {it}[ as well|]",
    "with {it} [as well|nearby|close by|right there|there too|also]", "together with {it} too",
    "[and|plus|also] {it}[ too| as well]", "[that has|having|which has|who also has] {it}[ too|]",
    "[near|close to|alongside|by|by the side of] {it}", "right near {it}",
    "[holding|carrying|who holds|who is holding|who carries] {it}",
    "[beside|next to|near] {it} [too|as well]",
    "[who is|that is] [beside|next to|playing with|holding] {it}", "who is near {it}",
)  # fmt: skip
_ASK_TOY: Final = Phrases(
    "with {p} toy",
    "with {p} favourite toy",
    "playing with {p} toy",
    "with {p} favorite toy",
    "with the toy {s} love{es}",
    "with what {s} play{es} with",
    "next to {p} toy",
    "and {p} toy",
    "[playing with|next to|beside|holding] {p} [favorite|favourite|beloved|best] toy",
    "[and|plus|also] {p} [favourite toy|favorite toy|beloved toy|toy too]",
    "with the toy {s} [like|love|prefer]{es} [best|most]",
    "beside {p} toy",
    "[holding|carrying|near|together with|along with] {p} toy",
    "[and|with] what {s} [like{es} to play|love{es} to play|always play{es}|usually play{es}] with",
    "playing with what {s} [like|love]{es} [best|most]",
    "and the toy {s} love{es}",
    "[who has|having|that has] {p} [toy|favorite toy|favourite toy] [with {o}|there|]",
    "and the toy {s} [always|usually] play{es} with",
    "with {p} [usual|own|best] toy",
)
_ASK_THING: Final = Phrases(
    "with {p} {kind}",
    "and {p} {kind}",
    "[playing with|next to|beside|holding|near] {p} {kind}",
    "next to {p} {kind}",
    "with {p} [own|favourite|favorite|beloved] {kind}",
    "[and|plus|along with|together with] {p} [own |]{kind}",
    "[who has|that has|having|carrying] {p} {kind}",
    "playing with {p} own {kind}",
)
_ASK_ACCESSORY: Final = Phrases(
    "wearing {p} {kind}",
    "in {p} {kind}",
    "with {p} {kind} on",
    "wearing {p} favourite {kind}",
    "[dressed in|who wears|that wears|wearing] {p} [own|usual|favourite|favorite] {kind}",
    "in {p} [usual|own|favourite|favorite] {kind}",
    "[who has|having] {p} [own |]{kind} on",
    "that wears {p} own {kind}",
)
_ASK_HOME: Final = Phrases(
    "at home",
    "where {s} live{es}",
    "in {p} home",
    "at {p} home",
    "at {p} place",
    "in the place where {s} live{es}",
    "at {p} favourite place",
    "back home",
    "[back|safe|safely] at home",
    "[back|right] [at|in] {p} [own|] [home|place]",
    "[back|] where {s} [call{es} home|{is} at home|{has} {p} home]",
    "safe at {p} home",
    "at {p} [house|own house|own home]",
    "in the place {s} [live{es} in|call{es} home|come{es} from]",
    "where {s} [usually|normally|always] live{es}",
    "back in the place where {s} live{es}",
    "[home again|home at last|at home again|back home again]",
    "[at|in] {p} [favorite|favourite] [place|spot]",
    "in {p} own [four walls|home|house|place]",
)
_ASK_FRIEND: Final = Phrases(
    "with {p} friend",
    "with {p} best friend",
    "together with {p} friend",
    "and {p} friend",
    "next to {p} friend",
    "and {p} best friend",
    "beside {p} best friend",
    "with {p} buddy",
    "[and|plus] {p} [buddy|pal|best buddy|best pal|mate|good friend|closest friend]",
    "[together with|next to|beside|alongside] {p} [buddy|pal|best buddy|best mate|friend]",
    "with {p} [best buddy|best pal|good friend|closest friend|dear friend]",
    "with {p} closest pal",
    "[and|along with|also with] the friend of {o}",
    "with [someone|the one] {s} {is} [best|] friends with",
    "in the company of {p} [friend|best friend|buddy]",
    "plus the friend of {o}",
    "with {p} [best friend|buddy|friend] [too|as well|by {p} side]",
)
_ASK_COLOR: Final = Phrases(
    "{w} a {it} in {p} favourite color",
    "{w} a {it} in {p} favorite color",
    "{w} a {it} of the color {s} like{es} best",
    "{w} a {it} in {p} favourite colour",
    "{w} a {it} in the color {s} love{es}",
    "{w} a {it} of {p} favorite colour",
    "{w} a {it} in the [color|colour] {s} [like|love|prefer]{es} [best|most]",
    "{w} a {it} of {p} favourite color",
    "{w} a {it} [of|in] the [color|colour] {s} [prefer|like|love]{es}",
    "{w} a {it} that has {p} [favourite|favorite] [color|colour]",
    "{w} a {it} painted in {p} [favourite|favorite] [color|colour]",
    "{w} a {it} that has the color {s} like{es} best",
    "{w} a {it} coloured in {p} [favourite|favorite] [colour|color]",
)
_AND: Final = Phrases(
    "{a} and {b}",
    "{a} together with {b}",
    "{a} with {b}",
    "{a} next to {b}",
    "{a} [beside|alongside|right next to|along with|plus|close to] {b}",
    "[both|] {a} and {b} [together|side by side|next to each other|]",
    "{a} [in the company of|accompanied by] {b}",
    "{a} and {b} beside each other",
    "{a} [and also|as well as|and then] {b}",
)
_SECOND: Final = Phrases(
    "{s} should be {x}",
    "i want {o} {x}",
    "please show {o} {x}",
    "make sure {s} {is} {x}",
    "i would like {o} {x}",
    "{s} must be {x}",
    "show {o} {x}",
    "let {o} be {x}",
    "[please|] make it so that {s} {is} {x}",
    "[and|also|please] have {o} {x}",
    "[let|have] {o} [appear|stay] {x}",
    "please have {o} be {x}",
    "[please|] be sure [that|] {s} {is} {x}",
    "[please make sure|make sure too|so make sure] that {s} {is} {x}",
    "[i need|i'd like|i would love|i'd love to see|i want to see] {o} {x}",
    "i'd like to see {o} {x}",
    "in [it|the picture], {s} {is} {x}",
    "[oh,|] and {s} should be {x}[, please|]",
    "let {o} [also|then|just] be {x}",
)
_FIRST_PLACE: Final = Phrases(
    "{place}: {x}",
    "{place}, {x}",
    "{x}, {place}",
    "{x}. the place: {place}",
    "{x}, all {place}",
    "{x}[.|,|;] [place|location|setting|the setting|scene|where]: {place}",
    "{x}, [and the place is|the place should be|and all of it|everything] {place}",
    "{x}, and the setting is {place}",
    "{x}. [the place is|the place should be|it is|it should be|all of this is] {place}",
    "[right|somewhere|all] {place}[:|,] {x}",
)


def sample_drawing(
    rng: random.Random, split: Split, cast: tuple[Someone, ...], *, outside: bool = False
) -> Request:
    """Draw a wish for a new picture.

    Args:
        rng: Draws.
        split: Which phrasings.
        cast: 0 to 2 concepts in it; with none there are nameless characters or a mere thing.
        outside: Ask for something that the world does not hold.
    """
    if outside and rng.random() < 0.3:
        return _foreign_subject(rng, split, cast)
    figures = [one.slot for one in cast]
    said = [one.first.object for one in cast]
    if not cast or (len(cast) == 1 and rng.random() < 0.12):
        identity = sample_identity(rng)
        phrase = character_phrase(identity, rng)
        figures.append(phrase)
        said.append(phrase)
    details = _details(rng, split, cast, many=len(figures) > 1)
    if outside:
        details = [d for d in details if d.lookup is None][:1]
        details.insert(rng.randint(0, len(details)), _foreign_detail(rng, split))
    who = said[0] if len(said) == 1 else _AND.pick(rng, split, a=said[0], b=said[1])
    texts = [d.text for d in details]
    x = " ".join((who, *texts))
    if details and details[-1].part == "place" and rng.random() < 0.08:
        x = _FIRST_PLACE.pick(rng, split, place=texts[-1], x=" ".join((who, *texts[:-1])))
    said_later = ""
    if len(details) > 1 and len(cast) == 1 == len(figures) and rng.random() < 0.15:
        x = " ".join((who, *texts[:-1]))
        later = cast[0].later.filling()
        said_later = " " + _SECOND.pick(rng, split, x=texts[-1], **later)
    first = _FRAMES.pick(rng, split, x=x)
    if said_later and first[-1] not in ".?!":
        first += "."
    return Request(
        message=spelled(rng, first + said_later),
        canonical=_canonical(figures, details),
        slots=tuple(one.slot for one in cast),
        lookups=tuple(d.lookup for d in details if d.lookup is not None),
    )


def _canonical(figures: list[str], details: list[_Detail]) -> str:
    foreign = [d.outside for d in details if d.outside is not None]
    if foreign:
        return f"cannot: {foreign[0]}"
    found = {d.part: d.canonical for d in details if d.canonical is not None}
    first = " ".join(filter(None, (figures[0], found.get("clothes"), found.get("pose"))))
    line = " and ".join(filter(None, (first, *figures[1:], found.get("friend"))))
    return " ".join(filter(None, (line, found.get("thing"), found.get("place"))))


def _details(
    rng: random.Random, split: Split, cast: tuple[Someone, ...], *, many: bool
) -> list[_Detail]:
    """Draw up to four details; clothes and pose come before the rest, since they are of `who`."""
    close: list[_Detail] = []
    far: list[_Detail] = []
    owner = rng.choice(cast) if cast and rng.random() < 0.45 else None
    asked = rng.sample(("toy", "home", "clothes", "friend", "color"), 2) if owner else []
    asked = asked[: rng.choices((1, 2), (0.7, 0.3))[0]]
    if owner is not None and not many:
        if "clothes" in asked:
            close.append(_from_memory(rng, split, owner, "clothes", many=many))
        if "friend" in asked:
            far.append(_from_memory(rng, split, owner, "friend", many=many))
    if owner is not None:
        used = ("toy", "home") if "color" not in asked or "toy" in asked else ("color", "home")
        far += [_from_memory(rng, split, owner, one, many=many) for one in used if one in asked]
    taken = {d.part for d in (*close, *far)}
    for part, chance in (("clothes", 0.3), ("pose", 0.25), ("thing", 0.33), ("place", 0.5)):
        if part not in taken and rng.random() < chance and not (many and part in _CLOSE):
            (close if part in _CLOSE else far).append(_own_words(rng, split, part))
    rng.shuffle(close)
    if rng.random() < 0.3:
        rng.shuffle(far)
    else:
        far.sort(key=lambda d: d.part == "place")
    return close + far


_CLOSE: Final = ("clothes", "pose")
_BY_KIND: Final = 0.35


def _own_words(rng: random.Random, split: Split, part: str) -> _Detail:
    if part == "clothes":
        it = accessory_phrase(sample_accessory(rng))
        return _Detail(part=part, text=_CLOTHES.pick(rng, split, it=it), canonical=f"wearing {it}")
    if part == "pose":
        pose = rng.choice(POSES)
        canonical = None if pose == "standing" else pose
        return _Detail(part=part, text=_POSES[pose].pick(rng, split), canonical=canonical)
    if part == "thing":
        it = thing_phrase(sample_thing(rng, 0.5))
        return _Detail(part=part, text=_THING.pick(rng, split, it=it), canonical=f"with {it}")
    place = rng.choice(PLACES)
    return _Detail(
        part=part,
        text=PLACE_PHRASES[place].pick(rng, split),
        canonical=CANONICAL_PLACES[place],
    )


def ask_for(rng: random.Random, split: Split, fact: StatedFact, filling: dict[str, str]) -> str:
    """Return words that ask for a fact without saying it: `with his toy`, or `with his ball`."""
    by_kind = _ASKED_BY_KIND.get(fact.attribute)
    if by_kind is not None and rng.random() < _BY_KIND:
        return by_kind.pick(rng, split, kind=fact.value.split()[-1], **filling)
    return _ASKED[fact.attribute].pick(rng, split, **filling)


def _from_memory(
    rng: random.Random, split: Split, owner: Someone, attribute: str, *, many: bool
) -> _Detail:
    """Speak of something that only memory knows; now and then memory does not know it either."""
    words = owner.first if many or rng.random() < 0.2 else owner.later
    filling = words.filling()
    fact = sample_fact(rng, attribute, (rng.choice(_STRANGERS),))
    is_known = rng.random() > 0.1
    outside = None
    if fact.value == owner.slot:
        fact = sample_fact(rng, attribute)
    value, canonical = fact.value, _drawn(fact.attribute, fact.value, fact.place)
    part = {"toy": "thing", "home": "place"}.get(attribute, attribute)
    if is_known and attribute in ("toy", "friend") and rng.random() < 0.06:
        value = outside = outside_thing(rng)
    if is_known and attribute == "home" and rng.random() < 0.06:
        value = outside = outside_home(rng)
    if attribute == "color":
        part = rng.choice(("thing", "clothes")) if not many else "thing"
        noun = rng.choice(OBJECTS if part == "thing" else _SINGLE_CLOTHES)
        word = "with" if part == "thing" else "wearing"
        text = _ASK_COLOR.pick(rng, split, w=word, it=noun, **filling)
        canonical = f"{word} {colored(value, noun)}"
    elif outside is not None:
        text = _ASKED[attribute].pick(rng, split, **filling)
    else:
        text = ask_for(rng, split, fact, filling)
    return _Detail(
        part=part,
        text=text,
        canonical=canonical if is_known else None,
        lookup=Lookup(slot=owner.slot, attribute=attribute, value=value if is_known else None),
        outside=outside,
    )


# A friend may be a concept that the message does not name.
_STRANGERS: Final = tuple(slot(i) for i in range(MAX_CONCEPTS))
_ASKED: Final = {
    "toy": _ASK_TOY,
    "home": _ASK_HOME,
    "clothes": _ASK_CLOTHES,
    "friend": _ASK_FRIEND,
}
_ASKED_BY_KIND: Final = {"toy": _ASK_THING, "clothes": _ASK_ACCESSORY}
_SINGLE_CLOTHES: Final = tuple(kind for kind in ACCESSORIES if kind != "glasses")


def _drawn(attribute: str, value: str, place: str | None) -> str:
    if place is not None:
        return CANONICAL_PLACES[place]
    return {"toy": f"with {value}", "clothes": f"wearing {value}"}.get(attribute, value)


def _foreign_detail(rng: random.Random, split: Split) -> _Detail:
    part = rng.choice(("thing", "place", "pose", "clothes", "style"))
    if part == "thing":
        what = outside_thing(rng)
        text = _THING.pick(rng, split, it=what)
    elif part == "clothes":
        what = outside_clothes(rng)
        text = _CLOTHES.pick(rng, split, it=what)
    else:
        makers = {"place": outside_place, "pose": outside_action, "style": outside_style}
        what = text = makers[part](rng)
    return _Detail(part=part, text=text, canonical=None, outside=what)


def _foreign_subject(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> Request:
    what = outside_thing(rng)
    details = [_own_words(rng, split, "place")] if rng.random() < 0.4 else []
    if rng.random() < 0.3:
        details.append(_Detail(part="far", text=outside_place(rng), canonical=None))
    x = " ".join((what, *(d.text for d in details)))
    if cast and rng.random() < 0.4:
        x = _AND.pick(rng, split, a=cast[0].first.object, b=x)
        return Request(
            message=spelled(rng, _FRAMES.pick(rng, split, x=x)),
            canonical=f"cannot: {what}",
            slots=(cast[0].slot,),
        )
    message = spelled(rng, _FRAMES.pick(rng, split, x=x))
    return Request(message=message, canonical=f"cannot: {what}", slots=())

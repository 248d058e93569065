"""The table of attributes that a user can state, with their usual values and their own wording.

Knows the colours of `world`. Does not know how a statement is filled in: that is `facts`.
"""

from dataclasses import dataclass
from typing import Final

from omnipersona.model.nano.corpus.phrasing import Phrases
from omnipersona.model.nano.world import COLORS


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """Something one can state about a concept.

    Attributes:
        name: The word in canonical questions and replies.
        drawable: Its value can appear in a picture.
        nouns: How people call it.
        statements: Phrasings of its own; `facts.Wording` says what the templates may hold.
        questions: The same for questions.
        values: Usual values; empty where they are drawn from the world.
    """

    name: str
    drawable: bool
    nouns: tuple[str, ...]
    statements: Phrases
    questions: Phrases
    values: tuple[str, ...] = ()


_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip

ATTRIBUTES: Final[dict[str, Attribute]] = {
    one.name: one
    for one in (
        Attribute(
            name="toy",
            drawable=True,
            nouns=("toy", "favourite toy", "favorite toy", "best toy"),
            statements=Phrases(
                "{s} love{es} to play with {v}", "{s} play{es} with {v}",
                "{s} {has} {v} to play with", "{s} always play{es} with {v}",
                "{s} like{es} playing with {v}", "the toy {s} like{es} best is {v}",
                "{s} never go{e}{es} anywhere without {p} toy, {v}",
                "{s} enjoy{es} playing with {v} all day",
            ),
            questions=Phrases(
                "what {do} {s} play with?", "what {do} {s} like to play with?",
                "which toy {do} {s} have?", "what toy {do} {s} love?",
                "what {do} {s} love to play with?", "with what {do} {s} play?",
            ),
        ),
        Attribute(
            name="home",
            drawable=True,
            nouns=("home", "home", "favourite place", "place to live"),
            statements=Phrases(
                "{s} live{es} {at}", "{s} {is} at home {at}", "{p} house is {at}",
                "you can find {o} {at}", "{s} ha{ve} {p} home {at}", "home for {o} is {v}",
                "{s} come{es} from {v}", "{s} sleep{es} and live{es} {at}",
            ),
            questions=Phrases(
                "where {do} {s} live?", "where is {p} home?", "where {is} {s} at home?",
                "where can i find {o}?", "in what place {do} {s} live?",
                "do you know where {s} live{es}?",
            ),
        ),
        Attribute(
            name="clothes",
            drawable=True,
            nouns=("clothes", "favourite clothes", "favorite clothes", "outfit"),
            statements=Phrases(
                "{s} always wear{es} {v}", "{s} love{es} to wear {v}", "{s} like{es} wearing {v}",
                "{s} wear{es} {v} every day", "what {s} like{es} to wear is {v}",
                "{s} usually wear{es} {v}", "{s} only ever wear{es} {v}",
                "to go out {s} put{es} on {v}",
            ),
            questions=Phrases(
                "what {do} {s} wear?", "what {do} {s} like to wear?",
                "what {do} {s} usually wear?", "what {do} {s} put on?",
                "which clothes {do} {s} wear?", "what {is} {s} usually wearing?",
            ),
        ),
        Attribute(
            name="color",
            drawable=True,
            nouns=("favourite color", "favorite color", "favourite colour", "favorite colour"),
            statements=Phrases(
                "the color {s} like{es} best is {v}", "{s} love{es} the color {v}",
                "the colour {s} love{es} most is {v}",
                "{s} like{es} {v} more than any other color",
                "of all colors {s} like{es} {v} best", "{s} prefer{es} the color {v}",
            ),
            questions=Phrases(
                "what color {do} {s} like best?", "which color {do} {s} love?",
                "what colour {do} {s} like most?", "which colour {do} {s} like best?",
                "what color {do} {s} prefer?",
            ),
            values=tuple(COLORS),
        ),
        Attribute(
            name="food",
            drawable=False,
            nouns=("food", "favourite food", "favorite food", "favourite dish"),
            statements=Phrases(
                "{s} love{es} to eat {v}", "{s} eat{es} {v} every day", "{s} love{es} eating {v}",
                "{s} like{es} to eat {v}", "{s} would do anything to eat {v}",
                "the food {s} like{es} best is {v}", "{s} mostly eat{es} {v}",
                "{s} could eat {v} all day", "{s} like{es} {v}", "{s} love{es} {v}",
                "{s} really like{es} {v}",
            ),
            questions=Phrases(
                "what {do} {s} eat?", "what {do} {s} like to eat?", "which food {do} {s} love?",
                "what food {do} {s} like?", "what {do} {s} love to eat?",
                "what should i cook for {o}?",
            ),
            values=(
                "sushi", "pizza", "pasta", "noodles", "carrots", "apples", "cheese", "fish",
                "chicken", "rice", "soup", "salad", "pancakes", "bananas", "cookies", "cake",
                "bread", "honey", "peanuts", "tacos", "curry", "berries", "ice cream", "pumpkin",
                "beans", "corn", "eggs", "waffles", "grapes", "tomatoes", "popcorn", "salmon",
                "burgers", "dumplings", "chocolate", "strawberries", "potatoes", "tuna",
            ),
        ),
        Attribute(
            name="birthday",
            drawable=False,
            nouns=("birthday", "birthday month", "birthday"),
            statements=Phrases(
                "{s} {was} born in {v}", "{p} birthday is in {v}", "{s} {has} {p} birthday in {v}",
                "{s} celebrate{es} {p} birthday in {v}", "we celebrate {p} birthday in {v}",
                "{p} birthday comes in {v}",
            ),
            questions=Phrases(
                "when is {p} birthday?", "when {was} {s} born?", "in which month is {p} birthday?",
                "what month is {p} birthday in?", "when {do} {s} celebrate {p} birthday?",
            ),
            values=_MONTHS,
        ),
        Attribute(
            name="age",
            drawable=False,
            nouns=("age",),
            statements=Phrases(
                "{s} {is} {v} old", "{s} {is} now {v} old", "{s} just turned {v} old",
                "{s} {is} about {v} old", "{s} {has} lived for {v}", "{s} {is} already {v} old",
            ),
            questions=Phrases(
                "how old {is} {s}?", "how many years old {is} {s}?",
                "do you know how old {s} {is}?", "what age {is} {s}?", "tell me how old {s} {is}",
            ),
            values=tuple(f"{n} years" for n in range(2, 41)),
        ),
        Attribute(
            name="friend",
            drawable=False,
            nouns=("friend", "best friend", "buddy", "friend"),
            statements=Phrases(
                "{s} {is} friends with {v}", "{v} is a friend of {o}",
                "{s} {is} best friends with {v}",
                "{s} love{es} to play together with {p} friend, {v}", "{s} and {v} are friends",
                "{s} spend{es} every day with {p} friend {v}",
            ),
            questions=Phrases(
                "who is {p} friend?", "who is {p} best friend?", "who is the friend of {o}?",
                "who {is} {s} friends with?", "which friend {do} {s} have?",
            ),
        ),
        Attribute(
            name="job",
            drawable=False,
            nouns=("job", "work", "profession"),
            statements=Phrases(
                "{s} {is} {v} by profession", "{s} work{es} as {v}",
                "{s} earn{es} a living as {v}", "{s} {has} a job as {v}", "{p} work is being {v}",
                "at work {s} {is} {v}",
            ),
            questions=Phrases(
                "what {do} {s} do for a living?", "what {do} {s} work as?",
                "what job {do} {s} have?", "as what {do} {s} work?",
                "what {is} {s} by profession?",
            ),
            values=(
                "a baker", "a doctor", "a teacher", "a pilot", "a nurse", "a farmer", "a singer",
                "a painter", "a cook", "a guard", "a driver", "a gardener", "a writer", "a sailor",
                "a dancer", "a lawyer", "a programmer", "a mechanic", "a waiter", "a judge",
                "an actor", "an engineer", "a librarian", "a plumber", "a carpenter",
            ),
        ),
        Attribute(
            name="fear",
            drawable=False,
            nouns=("fear", "biggest fear", "greatest fear"),
            statements=Phrases(
                "{s} {is} afraid of {v}", "{s} {is} scared of {v}", "{s} fear{es} {v}",
                "{s} {is} really afraid of {v}", "{v} scare {o}", "{s} run{es} away from {v}",
            ),
            questions=Phrases(
                "what {is} {s} afraid of?", "what {is} {s} scared of?", "what {do} {s} fear?",
                "what scares {o}?", "of what {is} {s} afraid?",
            ),
            values=(
                "thunder", "spiders", "water", "fireworks", "ghosts", "snakes", "heights", "bees",
                "mice", "clowns", "the dark", "trains", "storms", "needles", "vacuum cleaners",
                "wolves", "dentists", "balloons", "loud music", "lightning",
            ),
        ),
        Attribute(
            name="hobby",
            drawable=False,
            nouns=("hobby", "favourite hobby", "favorite hobby", "pastime"),
            statements=Phrases(
                "{s} love{es} {v}", "{s} enjoy{es} {v}", "{s} spend{es} all day {v}",
                "{s} {is} really into {v}", "in {p} free time {s} like{es} {v}",
                "what {s} like{es} to do is {v}",
            ),
            questions=Phrases(
                "what {do} {s} like to do?", "what {do} {s} do for fun?", "what {do} {s} enjoy?",
                "what {do} {s} do in {p} free time?", "which hobby {do} {s} have?",
            ),
            values=(
                "swimming", "climbing", "painting", "fishing", "dancing", "singing", "running",
                "hiking", "cooking", "reading", "gardening", "knitting", "skating", "surfing",
                "digging", "chess", "photography", "juggling", "cycling", "sailing", "yoga",
                "baking", "birdwatching", "skiing", "pottery",
            ),
        ),
        Attribute(
            name="drink",
            drawable=False,
            nouns=("drink", "favourite drink", "favorite drink", "usual drink"),
            statements=Phrases(
                "{s} drink{es} {v}", "{s} love{es} to drink {v}", "{s} always drink{es} {v}",
                "{s} like{es} to drink {v}", "{s} drink{es} nothing but {v}",
                "every morning {s} drink{es} {v}",
            ),
            questions=Phrases(
                "what {do} {s} drink?", "what {do} {s} like to drink?",
                "what {do} {s} always drink?", "which drink {do} {s} like?",
                "what should i pour for {o}?",
            ),
            values=(
                "milk", "tea", "coffee", "lemonade", "orange juice", "apple juice", "cocoa",
                "green tea", "tomato juice", "cola", "iced tea", "warm milk", "hot chocolate",
                "mint tea", "grape juice", "coconut water", "ginger ale", "soy milk",
            ),
        ),
        Attribute(
            name="song",
            drawable=False,
            nouns=("song", "favourite song", "favorite song", "favourite music"),
            statements=Phrases(
                "{s} love{es} to listen to {v}", "{s} listen{es} to {v}",
                "{s} always listen{es} to {v}", "{s} like{es} to hear {v}",
                "the music {s} like{es} best is {v}", "{s} fall{es} asleep to {v}",
            ),
            questions=Phrases(
                "what {do} {s} listen to?", "what music {do} {s} like?",
                "which song {do} {s} love?", "what {do} {s} like to hear?",
                "what should i play for {o} on the radio?",
            ),
            values=(
                "jazz", "rock", "the blues", "opera", "folk songs", "techno", "lullabies",
                "hip hop", "piano music", "drum music", "country", "reggae", "pop", "flute music",
                "marches", "polka", "disco", "sea songs",
            ),
        ),
        Attribute(
            name="owner",
            drawable=False,
            nouns=("owner",),
            statements=Phrases(
                "{s} belong{es} to {v}", "{v} owns {o}", "{s} {is} owned by {v}",
                "{s} live{es} with {v}", "the one who owns {o} is {v}",
            ),
            questions=Phrases(
                "who owns {o}?", "who {do} {s} belong to?", "whose is {s}?", "who is {p} owner?",
                "to whom {do} {s} belong?",
            ),
            values=(
                "my sister", "my brother", "my mother", "my father", "my aunt", "my uncle",
                "my son", "my daughter", "my neighbour", "my grandmother", "my grandfather",
                "my cousin", "anna", "tom", "maria", "james", "sofia", "leo",
            ),
        ),
        Attribute(
            name="sport",
            drawable=False,
            nouns=("sport", "favourite sport", "favorite sport"),
            statements=Phrases(
                "the sport {s} play{es} is {v}", "{s} train{es} {v} every week",
                "{s} {is} good at the sport of {v}", "as a sport {s} do{e}{es} {v}",
                "the sport {s} like{es} is {v}",
            ),
            questions=Phrases(
                "what sport {do} {s} do?", "which sport {do} {s} like?",
                "what sport {do} {s} play?", "which sport {do} {s} play?",
                "what sport {is} {s} good at?",
            ),
            values=(
                "football", "tennis", "basketball", "rugby", "hockey", "golf", "volleyball", "judo",
                "boxing", "karate", "rowing", "badminton", "cricket", "baseball", "fencing",
            ),
        ),
        Attribute(
            name="nickname",
            drawable=False,
            nouns=("nickname", "pet name", "other name"),
            statements=Phrases(
                "we also call {o} {v}", "{p} friends call {o} {v}", "people call {o} {v}",
                "everyone calls {o} {v}", "{s} also go{e}{es} by {v}",
            ),
            questions=Phrases(
                "what do people call {o}?", "what do we also call {o}?",
                "what do {p} friends call {o}?", "what does everyone call {o}?",
                "which nickname {do} {s} have?",
            ),
            values=(
                "captain", "sunny", "fluffy", "boss", "peanut", "tiger", "bubbles", "rocket",
                "professor", "muffin", "pepper", "shadow", "biscuit", "cloud", "lucky", "noodle",
            ),
        ),
    )
}  # fmt: skip

# Nouns that a user may put in place of a known attribute; they are copied.
OPEN_NOUNS: Final = (
    "movie", "book", "game", "season", "number", "bed", "school", "language", "flower", "team",
    "instrument", "dessert", "fruit", "hero", "car", "shop", "band", "street", "holiday", "smell",
    "tree", "planet", "wish", "secret", "habit", "size", "weight", "day", "breakfast", "vegetable",
)  # fmt: skip
# Values of drawable attributes that cannot be drawn.
OTHER_VALUES: Final[dict[str, tuple[str, ...]]] = {
    "toy": (
        "a squeaky bone", "a rope", "a teddy bear", "a frisbee", "a puzzle", "a wooden train",
        "a stuffed rabbit", "a doll", "a yo-yo", "a drum", "a stick", "a tennis racket",
    ),
    "home": (
        "paris", "berlin", "london", "the garden", "the kitchen", "a big house", "a castle",
        "new york", "the barn", "my garage", "the attic", "a small village", "rome", "the park",
    ),
    "clothes": (
        "a leather jacket", "jeans", "a raincoat", "a red dress", "boots", "a blue sweater",
        "sneakers", "a cape", "a tie", "a white shirt",
    ),
}  # fmt: skip

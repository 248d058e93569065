"""The table of attributes that a user can state, with their usual values and their own wording.

Knows the colours of `world`. Does not know how a statement is filled in: that is `facts`.
"""

from dataclasses import dataclass
from typing import Final

from omnipersona.training.corpus.phrasing import Phrases, read_phrases
from omnipersona.training.world.scene import COLORS


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

_AGES: Final = (
    *(f"{n} years" for n in range(2, 100)),
    *(f"{n} months" for n in range(2, 24)),
    *(f"{n} weeks" for n in range(2, 13)),
    "1 year", "two years", "three years", "four years", "five years", "six years", "seven years",
    "eight years", "nine years", "ten years", "eleven years", "twelve years", "thirteen years",
    "fifteen years", "twenty years", "thirty years", "forty years", "three months", "six months",
)  # fmt: skip

_SAID: Final = read_phrases("attributes")
ATTRIBUTES: Final[dict[str, Attribute]] = {
    one.name: one
    for one in (
        Attribute(
            name="toy",
            drawable=True,
            nouns=("toy", "favourite toy", "favorite toy", "best toy", "plaything"),
            statements=_SAID["toy statements"],
            questions=_SAID["toy questions"],
        ),
        Attribute(
            name="home",
            drawable=True,
            nouns=("home", "home", "favourite place", "place to live", "residence"),
            statements=_SAID["home statements"],
            questions=_SAID["home questions"],
        ),
        Attribute(
            name="clothes",
            drawable=True,
            nouns=("clothes", "favourite clothes", "favorite clothes", "outfit", "usual outfit"),
            statements=_SAID["clothes statements"],
            questions=_SAID["clothes questions"],
        ),
        Attribute(
            name="color",
            drawable=True,
            nouns=("favourite color", "favorite color", "favourite colour", "favorite colour"),
            statements=_SAID["color statements"],
            questions=_SAID["color questions"],
            values=tuple(COLORS),
        ),
        Attribute(
            name="food",
            drawable=False,
            nouns=(
                "food", "favourite food", "favorite food", "favourite dish", "favorite dish",
                "favourite meal",
            ),
            statements=_SAID["food statements"],
            questions=_SAID["food questions"],
            values=(
                "sushi", "pizza", "pasta", "noodles", "carrots", "apples", "cheese", "fish",
                "chicken", "rice", "soup", "salad", "pancakes", "bananas", "cookies", "cake",
                "bread", "honey", "peanuts", "tacos", "curry", "berries", "ice cream", "pumpkin",
                "beans", "corn", "eggs", "waffles", "grapes", "tomatoes", "popcorn", "salmon",
                "burgers", "dumplings", "chocolate", "strawberries", "potatoes", "tuna",
                "lasagna", "ramen", "sandwiches", "porridge", "mushrooms", "spinach", "broccoli",
                "cucumbers", "oranges", "cherries", "peaches", "mangoes", "pears", "blueberries",
                "lentils", "stew", "risotto", "paella", "falafel", "hummus", "yoghurt", "muesli",
                "croissants", "bagels", "pretzels", "pudding", "steak", "meatballs", "sausages",
                "shrimp", "tofu", "fries", "nachos", "ravioli", "omelettes", "roast beef",
                "apple pie", "fried rice", "tomato soup",
            ),
        ),
        Attribute(
            name="birthday",
            drawable=False,
            nouns=("birthday", "birthday month", "birthday", "birth month"),
            statements=_SAID["birthday statements"],
            questions=_SAID["birthday questions"],
            values=(
                *_MONTHS,
                *(f"{part} {month}" for part in ("early", "late") for month in _MONTHS),
            ),
        ),
        Attribute(
            name="age",
            drawable=False,
            nouns=("age", "age", "exact age"),
            statements=_SAID["age statements"],
            questions=_SAID["age questions"],
            values=_AGES,
        ),
        Attribute(
            name="friend",
            drawable=False,
            nouns=("friend", "best friend", "buddy", "friend", "closest friend", "pal"),
            statements=_SAID["friend statements"],
            questions=_SAID["friend questions"],
        ),
        Attribute(
            name="job",
            drawable=False,
            nouns=("job", "work", "profession", "occupation"),
            statements=_SAID["job statements"],
            questions=_SAID["job questions"],
            values=(
                "a baker", "a doctor", "a teacher", "a pilot", "a nurse", "a farmer", "a singer",
                "a painter", "a cook", "a guard", "a driver", "a gardener", "a writer", "a sailor",
                "a dancer", "a lawyer", "a programmer", "a mechanic", "a waiter", "a judge",
                "an actor", "an engineer", "a librarian", "a plumber", "a carpenter",
                "a florist", "a butcher", "a tailor", "a barber", "a chef", "a firefighter",
                "a police officer", "a vet", "a dentist", "a scientist", "a photographer",
                "a journalist", "a musician", "an architect", "an artist", "an electrician",
                "an accountant", "a secretary", "a shopkeeper", "a postman", "a bus driver",
                "a tour guide", "a fisherman", "a detective", "a magician", "a lifeguard",
                "a translator", "a coach", "a builder", "a designer",
            ),
        ),
        Attribute(
            name="fear",
            drawable=False,
            nouns=("fear", "biggest fear", "greatest fear", "worst fear"),
            statements=_SAID["fear statements"],
            questions=_SAID["fear questions"],
            values=(
                "thunder", "spiders", "water", "fireworks", "ghosts", "snakes", "heights", "bees",
                "mice", "clowns", "the dark", "trains", "storms", "needles", "vacuum cleaners",
                "wolves", "dentists", "balloons", "loud music", "lightning",
                "sharks", "bats", "rats", "crowds", "crocodiles", "earthquakes", "elevators",
                "deep water", "airplanes", "moths", "wasps", "monsters", "witches", "sirens",
                "hospitals", "exams", "big dogs", "loud noises", "injections", "masks", "zombies",
                "tunnels", "bridges", "escalators", "hair dryers", "scorpions", "volcanoes",
                "darkness", "thick fog", "hailstorms",
            ),
        ),
        Attribute(
            name="hobby",
            drawable=False,
            nouns=("hobby", "favourite hobby", "favorite hobby", "pastime", "favourite pastime"),
            statements=_SAID["hobby statements"],
            questions=_SAID["hobby questions"],
            values=(
                "swimming", "climbing", "painting", "fishing", "dancing", "singing", "running",
                "hiking", "cooking", "reading", "gardening", "knitting", "skating", "surfing",
                "digging", "chess", "photography", "juggling", "cycling", "sailing", "yoga",
                "baking", "birdwatching", "skiing", "pottery",
                "sewing", "weaving", "embroidery", "origami", "calligraphy", "astronomy", "camping",
                "scuba diving", "snorkelling", "foraging", "crosswords", "karaoke", "acting",
                "stargazing", "collecting stamps", "collecting shells", "woodworking", "jogging",
                "horse riding", "board games", "card games", "video games", "meditation",
                "beekeeping", "writing poems", "making candles", "kite flying", "geocaching",
                "drawing maps", "model trains",
            ),
        ),
        Attribute(
            name="drink",
            drawable=False,
            nouns=(
                "drink", "favourite drink", "favorite drink", "usual drink", "favourite beverage",
            ),
            statements=_SAID["drink statements"],
            questions=_SAID["drink questions"],
            values=(
                "milk", "tea", "coffee", "lemonade", "orange juice", "apple juice", "cocoa",
                "green tea", "tomato juice", "cola", "iced tea", "warm milk", "hot chocolate",
                "mint tea", "grape juice", "coconut water", "ginger ale", "soy milk",
                "sparkling water", "black tea", "white tea", "herbal tea", "chamomile tea",
                "espresso", "cappuccino", "pear juice", "carrot juice", "cherry juice",
                "pineapple juice", "mango juice", "oat milk", "almond milk", "rice milk",
                "buttermilk", "root beer", "tonic water", "tap water", "cold milk", "milkshakes",
                "smoothies", "cider", "rooibos", "chai", "cold brew", "lime soda", "mineral water",
            ),
        ),
        Attribute(
            name="song",
            drawable=False,
            nouns=(
                "song", "favourite song", "favorite song", "favourite music", "favorite music",
                "favourite tune",
            ),
            statements=_SAID["song statements"],
            questions=_SAID["song questions"],
            values=(
                "jazz", "rock", "the blues", "opera", "folk songs", "techno", "lullabies",
                "hip hop", "piano music", "drum music", "country", "reggae", "pop", "flute music",
                "marches", "polka", "disco", "sea songs",
                "swing", "salsa", "samba", "waltzes", "soul", "funk", "gospel", "heavy metal",
                "punk", "indie rock", "house music", "ambient music", "classical music",
                "violin music", "guitar music", "harp music", "bagpipe music", "choir music",
                "film music", "nursery rhymes", "christmas carols", "love songs", "birdsong",
                "organ music", "brass music", "symphonies", "flamenco", "bluegrass", "ska", "rap",
                "ballads",
            ),
        ),
        Attribute(
            name="owner",
            drawable=False,
            nouns=("owner",),
            statements=_SAID["owner statements"],
            questions=_SAID["owner questions"],
            values=(
                "my sister", "my brother", "my mother", "my father", "my aunt", "my uncle",
                "my son", "my daughter", "my neighbour", "my grandmother", "my grandfather",
                "my cousin", "anna", "tom", "maria", "james", "sofia", "leo",
                "my wife", "my husband", "my niece", "my nephew", "my teacher", "my roommate",
                "my landlord", "my colleague", "our neighbour", "the mayor", "emma", "paul", "nina",
                "oscar", "lucy", "peter", "clara", "ben", "julia", "david", "ella", "henry",
                "grace", "samuel", "felix", "mia", "noah", "olivia",
            ),
        ),
        Attribute(
            name="sport",
            drawable=False,
            nouns=("sport", "favourite sport", "favorite sport"),
            statements=_SAID["sport statements"],
            questions=_SAID["sport questions"],
            values=(
                "football", "tennis", "basketball", "rugby", "hockey", "golf", "volleyball", "judo",
                "boxing", "karate", "rowing", "badminton", "cricket", "baseball", "fencing",
                "handball", "table tennis", "squash", "softball", "wrestling", "water polo",
                "lacrosse", "archery", "gymnastics", "curling", "polo", "taekwondo", "kickboxing",
                "athletics", "darts", "snooker", "bowling", "netball", "ice hockey",
                "figure skating", "snowboarding", "ski jumping", "weightlifting",
                "beach volleyball", "aikido", "sumo", "speed skating", "high jump",
            ),
        ),
        Attribute(
            name="nickname",
            drawable=False,
            nouns=("nickname", "pet name", "other name"),
            statements=_SAID["nickname statements"],
            questions=_SAID["nickname questions"],
            values=(
                "captain", "sunny", "fluffy", "boss", "peanut", "tiger", "bubbles", "rocket",
                "professor", "muffin", "pepper", "shadow", "biscuit", "cloud", "lucky", "noodle",
                "chief", "champ", "sparky", "ziggy", "pickles", "snuggles", "whiskers", "buttons",
                "scout", "ace", "duke", "jellybean", "sprout", "pebbles", "tinker", "dash",
                "smiley", "giggles", "cuddles", "fuzzy", "sweetie", "turbo", "zippy", "bandit",
                "maverick", "sherlock", "einstein", "moonbeam", "sunshine", "acorn", "snowflake",
                "twinkle", "speedy", "goldie", "wolfie",
            ),
        ),
    )
}  # fmt: skip

# Nouns that a user may put in place of a known attribute; they are copied.
OPEN_NOUNS: Final = (
    "movie", "book", "game", "season", "number", "bed", "school", "language", "flower", "team",
    "instrument", "dessert", "fruit", "hero", "car", "shop", "band", "street", "holiday", "smell",
    "tree", "planet", "wish", "secret", "habit", "size", "weight", "day", "breakfast", "vegetable",
    "film", "poem", "story", "bird", "insect", "toothbrush", "subject", "letter", "river",
    "country", "mountain", "cartoon", "blanket", "spice", "sauce", "snack", "store", "museum",
    "ring", "room", "perfume", "shape", "bakery", "magazine", "saint", "stone", "tool", "weather",
)  # fmt: skip
# Values of drawable attributes that cannot be drawn.
OTHER_VALUES: Final[dict[str, tuple[str, ...]]] = {
    "toy": (
        "a squeaky bone", "a rope", "a teddy bear", "a frisbee", "a puzzle", "a wooden train",
        "a stuffed rabbit", "a doll", "a yo-yo", "a drum", "a stick", "a tennis racket",
        "a rubber duck", "a plush bear", "a marble", "a spinning top", "a rattle", "a pine cone",
        "a feather", "a laser pointer", "a cardboard box", "a hula hoop", "a music box",
        "a dollhouse", "a tin soldier", "a rocking horse", "a skipping rope", "a wooden spoon",
        "a trumpet", "a slinky", "a toy tractor",
    ),
    "home": (
        "paris", "berlin", "london", "the garden", "the kitchen", "a big house", "a castle",
        "new york", "the barn", "my garage", "the attic", "a small village", "rome", "the park",
        "madrid", "vienna", "tokyo", "the basement", "a treehouse", "a tent", "a small cottage",
        "a lighthouse", "the shed", "the living room", "the stable", "a cave", "the old mill",
        "scotland", "norway", "canada", "a kennel", "a basket", "the countryside", "a caravan",
        "the bathroom", "my office",
    ),
    "clothes": (
        "a leather jacket", "jeans", "a raincoat", "a red dress", "boots", "a blue sweater",
        "sneakers", "a cape", "a tie", "a white shirt",
        "a woollen jumper", "a hoodie", "a tracksuit", "sandals", "slippers", "mittens",
        "a striped shirt", "an apron", "a bathrobe", "a vest", "a waistcoat", "overalls", "shorts",
        "a cardigan", "rubber boots", "a kilt", "a poncho", "a uniform", "a bandana", "a long coat",
        "silk pyjamas", "leggings",
    ),
}  # fmt: skip

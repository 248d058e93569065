"""What nano's world does not hold, as people ask for it.

Every entry is a whole phrase, which a decline repeats.
"""

import random
from typing import Final

_NOUNS: Final = """
motorcycle bicycle train airplane helicopter truck bus tractor tank rocket spaceship submarine
skateboard scooter ambulance horse cow pig elephant lion tiger giraffe zebra monkey gorilla penguin
whale shark dolphin octopus dinosaur dragon unicorn mermaid wolf deer snake frog turtle crocodile
kangaroo panda koala camel hamster goldfish butterfly spider bee lobster person man woman child
policeman firefighter king queen wizard witch vampire zombie pirate ninja astronaut cowboy knight
princess soldier superhero president footballer ballerina robot alien ghost monster snowman guitar
piano violin drum trumpet laptop phone television camera computer microscope telescope sword gun
hammer ladder chainsaw umbrella sofa table chair bed lamp mirror fridge oven bathtub clock vase
candle pizza hamburger sandwich cake banana pineapple watermelon cookie donut castle
skyscraper church bridge lighthouse windmill pyramid volcano waterfall rainbow tornado fountain
statue playground suitcase backpack shovel broom balloon tent trampoline slide swing telephone
""".split()  # noqa: SIM905
_OTHER_THINGS: Final = (
    "the eiffel tower", "a bowl of soup", "a cup of hot coffee on a saucer", "a crowd of people",
    "ten thousand ants", "a map of europe", "the mona lisa", "a wedding dress", "a christmas tree",
    "a football team", "a birthday party", "a chess board", "a hundred balloons", "fireworks",
    "my house", "a selfie with me", "a company logo", "a bar chart", "some text", "the word hello",
)  # fmt: skip
_PLACES: Final = (
    "in paris", "in london", "in tokyo", "in new york", "in rome", "in venice", "on the moon",
    "on mars", "in space", "in outer space", "under water", "underwater", "in a swimming pool",
    "at school", "in a classroom", "in the kitchen", "in a restaurant", "at the airport",
    "in a hospital", "in a library", "in a museum", "in a supermarket", "at the office",
    "in a castle", "in a cave", "in the jungle", "on a boat trip", "on a rooftop", "at the zoo",
    "in a stadium", "at a concert", "in church", "on a train", "in an airplane", "on a volcano",
    "inside a volcano", "on a cloud", "in the sky", "on top of the eiffel tower", "in a bathtub",
    "at a wedding", "in an elevator", "in egypt", "in china", "in africa", "at the north pole",
    "in the rain", "in a thunderstorm", "in a garage", "on a farm", "in a bar", "at the gym",
    "in heaven", "in a prison",
)  # fmt: skip
_ACTIONS: Final = (
    "riding a horse", "riding a bike", "driving a car", "driving a truck", "flying a plane",
    "playing the guitar", "playing the piano", "playing football", "playing chess",
    "baking a cake", "reading the newspaper", "writing a letter", "swimming", "surfing", "skiing",
    "climbing a tree", "climbing a ladder", "dancing the tango", "dancing", "singing",
    "eating pizza", "eating a banana", "drinking coffee", "fighting a dragon", "shooting a gun",
    "watching television", "taking a selfie", "brushing its teeth", "doing yoga", "lifting weights",
    "running a marathon", "kissing", "hugging a tree", "doing a handstand", "juggling",
    "fishing", "skating", "working at a computer", "talking on the phone", "getting married",
    "flying through the air", "digging a hole", "painting a wall", "smoking a pipe",
    "crying", "yawning", "skydiving", "cooking dinner",
)  # fmt: skip
_STYLES: Final = (
    "photorealistic", "as a photo", "in the style of van gogh", "in oil", "as an oil painting",
    "in 3d", "as a 3d model", "as a statue", "in black and white", "as a comic", "as pixel art",
    "as an anime", "as a video", "as a pirate", "as a superhero", "as an astronaut", "as a baby",
    "as a human", "as a wizard", "as a cartoon strip", "in 4k", "in watercolor", "as a tattoo",
    "as a logo", "in cinematic light", "as a gif", "upside down", "with a blurred background",
)  # fmt: skip
_CLOTHES: Final = (
    "a suit", "a tuxedo", "a dress", "a skirt", "jeans", "boots", "sneakers", "a jacket", "a coat",
    "a tie", "gloves", "socks", "a t-shirt", "a kimono", "a swimsuit", "a mask", "a helmet",
    "pyjamas", "a necklace", "earrings", "a wig", "a cape", "a backpack", "a watch", "armor",
    "sandals", "a bikini", "a spacesuit",
)  # fmt: skip
_COLORS: Final = ("red", "blue", "green", "black", "white", "yellow", "pink")


def outside_thing(rng: random.Random) -> str:
    """Return a thing or being that cannot be drawn, e.g. `a motorcycle`."""
    if rng.random() < 0.12:
        return rng.choice(_OTHER_THINGS)
    noun = rng.choice(_NOUNS)
    if rng.random() < 0.3:
        return f"a {rng.choice(_COLORS)} {noun}"
    return f"{'an' if noun[0] in 'aeio' or noun == 'umbrella' else 'a'} {noun}"


def outside_place(rng: random.Random) -> str:
    """Return a place that cannot be drawn, e.g. `in paris`."""
    return rng.choice(_PLACES)


def outside_action(rng: random.Random) -> str:
    """Return an action that cannot be drawn, e.g. `riding a horse`."""
    return rng.choice(_ACTIONS)


def outside_style(rng: random.Random) -> str:
    """Return a style that cannot be drawn, e.g. `photorealistic`."""
    return rng.choice(_STYLES)


def outside_clothes(rng: random.Random) -> str:
    """Return clothes that cannot be drawn, e.g. `a tuxedo`."""
    return rng.choice(_CLOTHES)


def outside_home(rng: random.Random) -> str:
    """Return a home that cannot be drawn, as a fact's value, e.g. `paris`."""
    inside = [place.removeprefix("in ") for place in _PLACES if place.startswith("in ")]
    return rng.choice(inside)

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
excavator bulldozer crane forklift tram caravan parachute glider jet drone satellite unicycle
tricycle wheelchair sled chariot stroller wheelbarrow donkey mule buffalo bison moose reindeer llama
alpaca sheep goat lamb calf pony hippo rhino leopard cheetah panther lynx hyena walrus otter beaver
badger hedgehog squirrel raccoon skunk weasel mole mouse rat chimpanzee sloth anteater armadillo
platypus lizard iguana chameleon gecko salamander toad tadpole jellyfish squid crab shrimp snail
slug worm caterpillar beetle ladybug dragonfly grasshopper mosquito scorpion centipede eel stingray
seahorse starfish clownfish mammoth werewolf centaur griffin phoenix troll goblin elf dwarf giant
fairy angel devil gnome skeleton mummy cyborg clown juggler magician acrobat nurse doctor teacher
chef waiter pilot sailor farmer painter dancer singer judge detective thief grandmother wrestler
boxer accordion harp flute cello saxophone trombone tambourine banjo ukulele harmonica synthesizer
keyboard printer tablet headphone microphone loudspeaker radio calculator typewriter projector
battery magnet compass thermometer syringe stethoscope screwdriver wrench saw drill axe anvil screw
rake scythe lawnmower bucket rope chain padlock key wallet purse briefcase basket barrel crate cage
aquarium dishwasher toaster blender microwave kettle teapot fork spoon knife plate bowl bottle
candlestick chandelier lantern torch flashlight lighter sink toilet shower towel toothbrush comb
razor pillow blanket carpet curtain wardrobe bookshelf desk stool armchair hammock cradle stove
fireplace chimney doorbell staircase escalator burger hotdog taco burrito omelette pancake waffle
croissant pretzel muffin cupcake pie lollipop popsicle pumpkin carrot tomato potato cabbage broccoli
mushroom onion pepper cucumber apple pear peach cherry strawberry lemon coconut avocado egg sausage
steak palace cottage igloo hut barn temple mosque cathedral factory carousel rollercoaster fence
gate tunnel dam mailbox signpost billboard scarecrow flag medal dice puzzle joystick yo-yo doll
rattle pinwheel frisbee racket surfboard snowboard dumbbell arrow shield cannon catapult bomb spear
anchor propeller tyre comet planet asteroid galaxy iceberg glacier meteor geyser whirlpool
""".split()  # noqa: SIM905
_OTHER_THINGS: Final = (
    "the eiffel tower", "a bowl of soup", "a cup of hot coffee on a saucer", "a crowd of people",
    "ten thousand ants", "a map of europe", "the mona lisa", "a wedding dress", "a christmas tree",
    "a football team", "a birthday party", "a chess board", "a hundred balloons", "fireworks",
    "my house", "a selfie with me", "a company logo", "a bar chart", "some text", "the word hello",
    "the statue of liberty", "the golden gate bridge", "the great wall", "a traffic light",
    "a washing machine", "a vacuum cleaner", "a hot air balloon", "a fire engine",
    "a police officer", "a t-rex", "a swimming pool", "a treasure chest", "a shopping cart",
    "a frying pan", "a loaf of bread", "a glass of water", "a plate of spaghetti",
    "a bunch of grapes", "an ice cream cone", "a tennis racket", "a pair of scissors",
    "a family of five", "three elephants", "a herd of cows", "a marching band", "my whole family",
    "a portrait of me", "the president", "santa claus", "the solar system", "a periodic table",
    "a road sign", "a street map", "a world map", "a piece of cheese", "a page of text",
    "a birthday card", "a phone number", "a steering wheel",
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
    "in berlin", "in madrid", "in amsterdam", "in moscow", "in hollywood", "in las vegas",
    "in san francisco", "in sydney", "in italy", "in spain", "in france", "in germany", "in japan",
    "in india", "in brazil", "in australia", "in america", "in scotland", "in antarctica",
    "on jupiter", "on another planet", "in a spaceship", "in a rocket", "in a submarine",
    "in a helicopter", "on a ferry", "in a lighthouse", "in a palace", "in a temple",
    "in a mosque", "in a tunnel", "in a mine", "in a dungeon", "in a treehouse", "in an igloo",
    "in a tent", "on a campsite", "in a barn", "in a stable", "in a cage", "in an aquarium",
    "in a theater", "in a cinema", "in a nightclub", "at a casino", "in a bank", "in a bakery",
    "in a pharmacy", "in a shopping mall", "in a factory", "in a laboratory", "on a stage",
    "at a party", "at a carnival", "in a circus", "at a train station", "at a bus stop",
    "in a parking lot", "at the dentist", "at a funeral", "at a football match", "on a bridge",
    "on a roller coaster", "on a tightrope", "in a boxing ring", "on a tennis court",
    "on a golf course", "in a swamp", "in a vineyard", "at a waterfall", "under a rainbow",
    "in a storm", "in the fog", "in a tornado", "at sunset", "at sunrise",
    "at the bottom of the sea", "inside a computer", "inside a whale", "in a fairy tale",
    "in ancient rome", "in the middle ages", "in the stone age", "in wonderland",
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
    "riding a motorcycle", "riding an elephant", "riding a skateboard", "riding a dragon",
    "rowing a canoe", "sailing around the world", "steering a ship", "driving a tractor",
    "landing a helicopter", "playing the drums", "playing the violin", "playing tennis",
    "playing basketball", "playing cards", "playing video games", "playing hide and seek",
    "baking bread", "frying an egg", "cutting vegetables", "washing the dishes",
    "doing the laundry", "ironing a shirt", "vacuuming the carpet", "mowing the lawn",
    "watering the plants", "building a house", "building a snowman", "repairing a bicycle",
    "hammering a nail", "sawing wood", "knitting a sweater", "sewing a dress", "typing a letter",
    "doing homework", "solving a puzzle", "counting money", "paying the bill",
    "shopping for shoes", "eating spaghetti", "eating an ice cream", "drinking tea",
    "drinking a milkshake", "blowing out candles", "blowing bubbles", "opening a present",
    "brushing its hair", "taking a shower", "taking a bath", "shaving", "diving",
    "doing a somersault", "doing a backflip", "doing push-ups", "bowling", "boxing", "fencing",
    "ice skating", "snowboarding", "swinging on a rope", "climbing a wall", "rock climbing",
    "parachuting", "chasing a thief", "hunting a deer", "milking a cow", "feeding the ducks",
    "walking on its hands", "walking on a tightrope", "crossing the street", "laughing out loud",
    "whistling", "sneezing", "shouting", "whispering", "praying", "meditating", "dancing ballet",
    "conducting an orchestra", "giving a speech", "shaking hands", "arguing", "wrestling",
    "voting", "exploding", "melting", "turning into stone",
)  # fmt: skip
_STYLES: Final = (
    "photorealistic", "as a photo", "in the style of van gogh", "in oil", "as an oil painting",
    "in 3d", "as a 3d model", "as a statue", "in black and white", "as a comic", "as pixel art",
    "as an anime", "as a video", "as a pirate", "as a superhero", "as an astronaut", "as a baby",
    "as a human", "as a wizard", "as a cartoon strip", "in 4k", "in watercolor", "as a tattoo",
    "as a logo", "in cinematic light", "as a gif", "upside down", "with a blurred background",
    "in the style of picasso", "in the style of monet", "in the style of rembrandt",
    "in the style of disney", "as a manga", "as a mosaic", "as a woodcut", "as an etching",
    "as a charcoal drawing", "in pastel chalk", "in crayon", "in acrylic", "in sepia",
    "in neon lights", "as origami", "in lego", "as a lego figure", "made of clay", "made of glass",
    "made of gold", "made of wood", "as a marble bust", "as a stained glass window",
    "as a hologram", "as a blueprint", "as an x-ray", "as a movie poster", "as a magazine cover",
    "as a postage stamp", "as a postcard", "as an emoji", "as a sticker", "as a graffiti",
    "as a coloring page", "as a screenshot", "as a passport photo", "as an animation",
    "in slow motion", "in high resolution", "in hd", "in low poly", "in wide angle",
    "with a fisheye lens", "with motion blur", "with lens flare", "in a close-up",
    "seen from above", "seen from behind", "from a bird's eye view", "in two halves",
    "as a collage", "as a mirror image", "as a vector graphic", "in the style of a video game",
    "as a renaissance painting", "in art deco", "in cubism", "as ascii art",
)  # fmt: skip
_CLOTHES: Final = (
    "a suit", "a tuxedo", "a dress", "a skirt", "jeans", "boots", "sneakers", "a jacket", "a coat",
    "a tie", "gloves", "socks", "a t-shirt", "a kimono", "a swimsuit", "a mask", "a helmet",
    "pyjamas", "a necklace", "earrings", "a wig", "a cape", "a backpack", "a watch", "armor",
    "sandals", "a bikini", "a spacesuit",
    "a sweater", "a hoodie", "a cardigan", "a vest", "a blouse", "a shirt", "a white shirt",
    "shorts", "trousers", "leggings", "tights", "a belt", "an apron", "a raincoat", "a poncho",
    "a bathrobe", "a robe", "slippers", "flip-flops", "high heels", "mittens", "a bracelet",
    "a ring", "a brooch", "a uniform", "a lab coat", "a ball gown", "a wedding dress", "a sari",
    "a toga", "a kilt", "a corset", "a leather jacket", "a denim jacket", "a fur coat",
    "a life jacket", "a parachute", "a diving suit", "a ski suit", "a superhero costume",
    "a clown costume", "a pirate costume", "a fake beard", "a moustache", "a veil", "an eye patch",
    "headphones", "roller skates", "knee pads", "a name tag", "a medal", "a bulletproof vest",
    "overalls",
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

"""First messages for a newcomer, and the sample photos that go with them.

Knows what to say to try everything. A starter with photos is one whose text is known here: the
photos are added on this side, as a browser would send them.
"""

from dataclasses import dataclass
from importlib import resources
from typing import Final

_SAMPLES: Final = resources.files("omnipersona.ui.page") / "samples"


@dataclass(frozen=True, kw_only=True, slots=True)
class Starter:
    """A first message.

    Attributes:
        label: On the button.
        text: What is said.
        icon: Name of its small picture.
        photos: Names of sample photos that go along.
    """

    label: str
    text: str
    icon: str
    photos: tuple[str, ...] = ()


STARTERS: Final = (
    Starter(
        label="Meet <bo>: teach me with sample photos",
        text="This is my dog <bo>, his toy is a red ball.",
        icon="meet",
        photos=(
            "bo_1_beach",
            "bo_2_meadow",
            "bo_3_snow",
            "bo_4_city",
            "bo_5_room",
            "bo_6_forest",
        ),
    ),
    Starter(
        label="Ask about a sample photo",
        text="What is in this picture?",
        icon="ask",
        photos=("mia_and_rue",),
    ),
    Starter(
        label="Draw something new",
        text="Draw a white rabbit with a yellow star in the snow",
        icon="draw",
    ),
    Starter(
        label="Edit a sample photo",
        text="Put a red hat on the cat",
        icon="edit",
        photos=("cat_in_the_room",),
    ),
    Starter(label="What can you do?", text="What can you do?", icon="help"),
)


def sample_photos(text: str) -> tuple[tuple[str, bytes], ...]:
    """Return (name, PNG bytes) of the photos that belong to a starter's text; else none."""
    names = next((one.photos for one in STARTERS if one.text == text), ())
    return tuple((name, (_SAMPLES / f"{name}.png").read_bytes()) for name in names)

"""Likeness of pictures by cosine: to training photos (CLIP-I, DINOv2), and to a prompt (CLIP-T).

Knows encoders by their protocol alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from PIL import Image

from omnipersona.bench.metrics.encoders import Encoder, Rows, TextEncoder
from omnipersona.model.contract import slot

_SLOT = slot(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class PhotoLikeness:
    """Compares pictures with the photos of one concept, which are encoded once.

    With CLIP this is CLIP-I.
    """

    encoder: Encoder
    photos: Rows

    @classmethod
    def to(cls, photos: Sequence[Image.Image], encoder: Encoder) -> Self:
        """Encode the training photos of a concept; raise ValueError if there are none."""
        return cls(encoder=encoder, photos=encoder.images(photos))

    def score(self, picture: Image.Image) -> float:
        """Return the mean cosine of a picture with all photos, in [-1, 1]."""
        return float((self.photos @ self.encoder.images([picture])[0]).mean())


def prompt_with_kind(prompt: str, kind: str) -> str:
    """Write the concept's noun in place of its slot, as CLIP knows no names."""
    return prompt.replace(_SLOT, kind)


def prompt_likeness(encoder: TextEncoder, picture: Image.Image, prompt: str, kind: str) -> float:
    """Return CLIP-T: the cosine of a picture with its prompt, the noun in place of the slot."""
    text = encoder.texts([prompt_with_kind(prompt, kind)])[0]
    return float(text @ encoder.images([picture])[0])

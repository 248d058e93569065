"""Foreign pictures are many, and none twice."""

import random

import numpy as np

from omnipersona.training.world.foreign import foreign_picture


def test_foreign_pictures_differ_and_have_their_size() -> None:
    pictures = [foreign_picture(random.Random(i), 48) for i in range(40)]
    assert {picture.size for picture in pictures} == {(48, 48)}
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
    assert sum(np.asarray(picture).std() > 15 for picture in pictures) > 30

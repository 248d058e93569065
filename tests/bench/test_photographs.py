"""Photographs are cut from real ones, the same for the same seed."""

import random

from omnipersona.bench.photographs import photograph


def test_squares_of_photographs_come_back_for_their_seed() -> None:
    first, again = (photograph(random.Random(7), 64) for _ in range(2))
    assert first.size == (64, 64)
    assert first.mode == "RGB"
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != photograph(random.Random(8), 64).tobytes()

import math
import time
from collections import Counter

from omnipersona.bench.drawings import named_details, sample_drawing
from omnipersona.bench.sample import FULL, QUICK, Section, within
from omnipersona.training.corpus.edits import EDIT_KINDS


def test_a_section_without_a_limit_makes_every_item_in_order() -> None:
    assert list(within(Section(items=4), lambda i: i)) == [0, 1, 2, 3]


def test_no_item_is_begun_after_the_time_but_the_first() -> None:
    def slow(i: int) -> int:
        time.sleep(0.02)
        return i

    assert list(within(Section(items=50, seconds=0.0), slow)) == [0]
    assert 1 < len(list(within(Section(items=50, seconds=0.1), slow))) < 50


def test_the_quick_sample_leaves_room_within_its_minute() -> None:
    sections = (
        QUICK.photos, QUICK.foreign, QUICK.drawings, QUICK.two_characters, QUICK.edits,
        QUICK.intents, QUICK.phrasings, QUICK.texts,
    )  # fmt: skip
    seconds = [one.seconds for one in sections]
    assert all(one is not None for one in seconds)
    assert sum(one for one in seconds if one is not None) < 50
    assert QUICK.drawings.items < FULL.drawings.items


def test_the_full_sample_judges_every_detail_of_drawings_300_times() -> None:
    counts: Counter[str] = Counter()
    for i in range(FULL.drawings.items):
        counts.update(named_details(*sample_drawing(0, i)))
    assert len(counts) == 8
    assert min(counts.values()) >= 300


def test_the_full_sample_holds_100_of_each_edit_and_of_two_and_300_look_alikes() -> None:
    assert FULL.edits.items >= 100 * len(EDIT_KINDS)
    assert FULL.two_characters.items >= 100
    assert FULL.concepts.items == 12
    assert FULL.concepts.items * FULL.look_alikes >= 300
    assert FULL.together * math.comb(FULL.concepts.items, 2) >= 100

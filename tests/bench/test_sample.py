import time

from omnipersona.bench.sample import FULL, QUICK, Section, within


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
        QUICK.photos, QUICK.foreign, QUICK.drawings, QUICK.edits, QUICK.intents, QUICK.texts
    )  # fmt: skip
    seconds = [one.seconds for one in sections]
    assert all(one is not None for one in seconds)
    assert sum(one for one in seconds if one is not None) < 50
    assert QUICK.drawings.items < FULL.drawings.items

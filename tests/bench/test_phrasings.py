"""The hand-written messages: what they must hold, and how a reply is counted."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnipersona.bench.phrasings import phrasing_rows, read_phrasings, take
from omnipersona.bench.sample import FULL, Section
from omnipersona.model.bagel.backbone import load_model
from omnipersona.model.contract import INTENTS, PICTURE_REFS, PersonaModel

CORPUS = Path(__file__).parents[2] / "model/nano/corpus/phrases"


@pytest.fixture(scope="module")
def nano() -> Iterator[PersonaModel]:
    model = load_model("nano")
    yield model
    model.close()


def test_there_are_enough_of_every_intent_and_each_is_sound() -> None:
    phrasings = read_phrasings()
    assert len({one.text for one in phrasings}) == len(phrasings) == FULL.phrasings.items >= 300
    assert min(Counter(one.intent for one in phrasings).values()) >= 12
    for one in phrasings:
        assert one.intent in INTENTS
        assert one.picture in PICTURE_REFS
        assert one.picture != "attached" or one.attached
        assert one.picture != "shown" or one.shown
        assert not one.last or one.last in one.known
        spoken_of = one.text.lower()
        new = {name for name in one.about if name not in one.known}
        assert all(f"<{name.lower()}>" in spoken_of for name in new)


def test_training_holds_none_of_them_word_for_word_but_single_words() -> None:
    templates = {
        line.strip().lower().rstrip("?.!")
        for file in CORPUS.glob("*.txt")
        for line in file.read_text(encoding="utf-8").splitlines()
    }
    same = [one.text for one in read_phrasings() if one.text.lower().rstrip("?.!") in templates]
    assert all(len(text.split()) <= 2 for text in same), same
    assert len(same) <= 10, same


@pytest.mark.slow
def test_a_short_sample_meets_every_intent_and_is_mostly_understood(nano: PersonaModel) -> None:
    rows = {row.name: row for row in phrasing_rows(nano, Section(items=48))}
    assert rows["free phrasings: intent"].n == 48
    assert all(rows[f"free phrasings: {intent}"].n for intent in INTENTS)
    assert rows["free phrasings: intent"].value > 0.7


def test_a_request_about_somebody_is_taken_with_its_picture(nano: PersonaModel) -> None:
    (undo,) = (one for one in read_phrasings() if one.text == "undo")
    assert take(nano, undo) == ("undo", "shown", frozenset())

"""Yo'LLaVA: every concept is looked for in every test photo; questions in both known forms."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnipersona.bench.datasets.folder import DatasetError
from omnipersona.bench.datasets.form import ChoiceQuestion, GenerationPrompt, RecognitionItem
from omnipersona.bench.datasets.layouts import read_yollava

Changed = Callable[[Path, Callable[[Any], None]], None]


def test_every_concept_is_looked_for_in_every_test_photo(yollava: Path) -> None:
    data = read_yollava(yollava)
    found = list(data.of(RecognitionItem))
    assert len(found) == 2 * 4
    for one in found:
        is_own = one.photo.path.parent.name == one.concept
        assert one.is_present == is_own
        assert one.group == ("own" if is_own else "other_concept")
    assert [len(concept.look_alikes) for concept in data.concepts] == [1, 1]


def test_questions_are_read_with_and_without_a_photo(yollava: Path) -> None:
    seen, blind = read_yollava(yollava).of(ChoiceQuestion)
    assert seen.photo is not None
    assert seen.photo.path == yollava / "test/bo/1.png"
    assert (seen.question, seen.answer) == ("What colour is <c0>'s coat?", "B")
    assert blind.photo is None
    assert (blind.question, blind.options[0]) == ("Is <c0> a dog or a cat?", ("A", "Dog"))


def test_questions_may_lie_flat_under_their_photos(yollava: Path, changed: Changed) -> None:
    def flatten(content: Any) -> None:
        content.update(content.pop("bo"))

    changed(yollava / "yollava-visual-qa.json", flatten)
    seen, _ = read_yollava(yollava).of(ChoiceQuestion)
    assert (seen.concept, seen.answer) == ("bo", "B")


def test_question_files_may_be_missing(yollava: Path) -> None:
    for file in yollava.glob("*.json"):
        file.unlink()
    data = read_yollava(yollava)
    assert list(data.of(ChoiceQuestion)) == []
    assert [one.prompt for one in data.of(GenerationPrompt)] == ["a photo of <c0>"] * 2


def test_a_question_on_an_unknown_concept_is_refused(yollava: Path, changed: Changed) -> None:
    changed(
        yollava / "yollava-visual-qa.json", lambda content: content.update(rex=content.pop("bo"))
    )
    with pytest.raises(DatasetError, match="not on 'rex'"):
        read_yollava(yollava)


def test_a_question_on_a_missing_photo_is_refused(yollava: Path) -> None:
    (yollava / "test/bo/1.png").unlink()
    with pytest.raises(DatasetError, match=r"yollava-visual-qa\.json.*1\.png"):
        read_yollava(yollava)


def test_a_concept_without_test_photos_is_refused(yollava: Path) -> None:
    for photo in (yollava / "test/mam").iterdir():
        photo.unlink()
    with pytest.raises(DatasetError, match="test/mam holds no picture"):
        read_yollava(yollava)

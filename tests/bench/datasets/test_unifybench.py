"""UnifyBench: every kind of item, known variants, and errors that say what was expected."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnipersona.bench.datasets.folder import DatasetError
from omnipersona.bench.datasets.form import (
    ChoiceQuestion,
    GenerationPrompt,
    RecognitionItem,
    TextQuestion,
    VisualQuestion,
)
from omnipersona.bench.datasets.layouts import read_unifybench

Changed = Callable[[Path, Callable[[Any], None]], None]


def test_concepts_bring_profile_facts_and_photos_in_order(unifybench: Path) -> None:
    data = read_unifybench(unifybench)
    assert [concept.name for concept in data.concepts] == ["mam", "bo"]
    bo = data.concept("bo")
    assert (bo.kind, bo.description) == ("dog", "<c0> is a red dog.")
    assert bo.facts == ("<c0> has a green hat.", "<c0> lives at the beach.")
    assert [photo.path.name for photo in bo.training_photos] == ["0.png", "2.png", "10.png"]
    assert [photo.path.parent.parent.name for photo in bo.test_photos] == ["test"]
    assert len(bo.look_alikes) == len(data.easy_negatives) == 1
    with pytest.raises(DatasetError, match="no concept 'rex'; it has mam, bo"):
        data.concept("rex")


def test_recognition_says_what_is_there_and_where_the_photo_is_from(unifybench: Path) -> None:
    found = list(read_unifybench(unifybench).of(RecognitionItem, "bo"))
    assert [(one.is_present, one.group) for one in found] == [
        (True, "own"),
        (False, "easy"),
        (False, "look_alike"),
    ]
    assert found[0].question == "Is <c0> in this image?"
    assert found[0].photo.open().getpixel((0, 0)) == (255, 0, 0)


def test_open_questions_are_about_a_photo_or_about_none(unifybench: Path) -> None:
    data = read_unifybench(unifybench)
    seen, known = next(data.of(VisualQuestion, "bo")), next(data.of(TextQuestion, "bo"))
    assert (seen.question, seen.answer) == ("What does <c0> do?", "<c0> sits.")
    assert (known.question, known.answer) == ("Where does <c0> live?", "At the beach.")


def test_choices_have_options_a_letter_and_a_photo_unless_text_only(unifybench: Path) -> None:
    seen, blind = read_unifybench(unifybench).of(ChoiceQuestion, "bo")
    assert seen.photo is not None
    assert blind.photo is None
    assert (seen.answer, blind.answer) == ("B", "A")
    assert seen.options == blind.options == (("A", "red"), ("B", "blue"))
    assert seen.written().split("\n") == [
        "What is <c0>'s colour?",
        "A. red",
        "B. blue",
        "Answer with the letter of one option.",
    ]


def test_all_prompts_but_the_first_need_facts(unifybench: Path) -> None:
    plain, needy = read_unifybench(unifybench).of(GenerationPrompt, "bo")
    assert (plain.prompt, plain.needs_knowledge) == ("A photo of <c0>.", False)
    assert (needy.prompt, needy.needs_knowledge) == ("A photo of <c0> wearing its hat.", True)
    assert needy.facts == ("<c0> has a green hat.", "<c0> lives at the beach.")


def test_plain_prompts_follow_the_kind_of_subject(unifybench: Path, changed: Changed) -> None:
    (unifybench / "prompts_to_eval.json").write_text(
        '{"object": ["a <sks> on a rug"], "live_subject": ["a <sks> in the snow"]}'
    )
    prompts = [one.prompt for one in read_unifybench(unifybench).of(GenerationPrompt, "bo")]
    assert prompts[:2] == ["A photo of <c0>.", "a <c0> in the snow"]
    changed(unifybench / "concept/train/bo/info.json", lambda info: info.pop("generation_type"))
    with pytest.raises(DatasetError, match=r"info\.json.*'generation_type'"):
        read_unifybench(unifybench)


def test_paired_prompts_bring_their_explicit_form(unifybench: Path, changed: Changed) -> None:
    (unifybench / "concept/test/bo/t2i_conditions.json").write_text(
        '{"personalized_driven_generation": ["<bo> at work", "<bo> at home"],'
        ' "explicit_personalized_driven_generation": ["<bo> in a shop", "<bo> at the beach"],'
        ' "dense_prompt_generation": ["<bo>, a tree, rain"]}'
    )
    changed(
        unifybench / "concept/train/bo/info.json", lambda info: info.update(num_testing_info="1")
    )
    *plain, needy = read_unifybench(unifybench).of(GenerationPrompt, "bo")
    assert [one.prompt for one in plain] == ["a photo of <c0>", "<c0>, a tree, rain"]
    assert (needy.prompt, needy.explicit) == ("<c0> at home", "<c0> at the beach")
    changed(
        unifybench / "concept/test/bo/t2i_conditions.json",
        lambda found: found["explicit_personalized_driven_generation"].pop(),
    )
    with pytest.raises(DatasetError, match="expected 2 texts, one for each"):
        read_unifybench(unifybench)


def test_a_list_of_training_photos_decides(unifybench: Path) -> None:
    listed = unifybench / "concept/train/train_images.json"
    listed.write_text('{"bo": ["10.png"], "mam": ["0.png", "2.png"]}')
    photos = read_unifybench(unifybench).concept("bo").training_photos
    assert [photo.path.name for photo in photos] == ["10.png"]
    listed.write_text('{"bo": ["../mam/0.png"], "mam": ["0.png"]}')
    with pytest.raises(DatasetError, match=r"train_images\.json: field bo\[0\]"):
        read_unifybench(unifybench)


def test_without_a_list_all_concepts_are_read_by_name(unifybench: Path) -> None:
    (unifybench / "concepts_list.json").unlink()
    assert [one.name for one in read_unifybench(unifybench).concepts] == ["bo", "mam"]


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("concept/train/bo/info.json", r"info\.json is missing"),
        ("test_data/bo.json", r"bo\.json is missing; .*gen_test_data\.py"),
        ("concept/test/bo/t2i_conditions.json", r"t2i_conditions\.json is missing"),
        ("concept/test/bo/0.png", "bo holds no picture"),
    ],
)
def test_a_missing_file_is_named(unifybench: Path, missing: str, message: str) -> None:
    (unifybench / missing).unlink()
    with pytest.raises(DatasetError, match=message):
        read_unifybench(unifybench)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda items: items[0].update(type="riddle"), r"\[0\]\.type is \"riddle\".*rec, vqa"),
        (lambda items: items[0].update(image="/etc/passwd"), r"\[0\]\.image"),
        (lambda items: items[3].update(image="concept/../../x.png"), r"\[3\]\.image.*without"),
        (lambda items: items[0].pop("conversations"), r"\[0\].*'conversations'"),
        (lambda items: items[0].update(conversations=[]), r"\[0\]\.conversations.*'human'"),
        (lambda items: items[0]["conversations"][1].update(value="Perhaps"), "Yes or No"),
        (lambda items: items[5]["conversations"][1].update(value="E"), "letters A, B"),
    ],
)
def test_a_wrong_field_is_named(
    unifybench: Path, changed: Changed, change: Callable[[Any], None], message: str
) -> None:
    changed(unifybench / "test_data/bo.json", change)
    with pytest.raises(DatasetError, match=rf"bo\.json: field {message}|bo\.json.*{message}"):
        read_unifybench(unifybench)


def test_a_listed_concept_without_folder_is_refused(unifybench: Path) -> None:
    shutil.rmtree(unifybench / "concept/train/bo")
    with pytest.raises(DatasetError, match=r"bo/info\.json is missing"):
        read_unifybench(unifybench)

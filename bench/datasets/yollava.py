"""Yo'LLaVA's data: photos in folders, and multiple-choice questions.

    train/<c>/N.png, negative_example/ (or laion/)
    test/<c>/N.png
    yollava-visual-qa.json      {<c>: {path: {question, options, correct_answer}}}, or without <c>
    yollava-text-only-qa.json   {<c>: {id: {question, option, correct_answer}}}
Both question files may be missing. Every concept is looked for in every test photo, its own and
those of all others.

Layout: github.com/WisconsinAIVision/YoLLaVA; the text-only questions: github.com/Hoar012/RAP-MLLM
(data for research use; never passed on).
"""

from collections.abc import Iterator
from typing import Final

from omnipersona.bench.datasets.folder import Folder, Node, Photo
from omnipersona.bench.datasets.form import (
    SLOT,
    ChoiceQuestion,
    Concept,
    Dataset,
    GenerationPrompt,
    Item,
    RecognitionItem,
)
from omnipersona.bench.datasets.wording import PHOTO_PROMPT, answer_letter, with_slot
from omnipersona.model.bagel.prompts import recognition_question

_VISUAL: Final = "yollava-visual-qa.json"
_TEXT_ONLY: Final = "yollava-text-only-qa.json"
_ANCHORS: Final = ("train", "test")
_LOOK_ALIKES: Final = ("negative_example", "laion")


def read(folder: Folder) -> Dataset:
    """Read the whole data set; pictures are only looked up."""
    concepts = tuple(_concept(folder, name) for name in folder.names("train"))
    questions = _choices(folder, _VISUAL, concepts) + _choices(folder, _TEXT_ONLY, concepts)
    items: list[Item] = []
    for concept in concepts:
        items += _recognition(concept, concepts)
        items += [one for one in questions if one.concept == concept.name]
        items.append(GenerationPrompt(concept=concept.name, prompt=PHOTO_PROMPT))
    return Dataset(layout="yollava", folder=folder.root, concepts=concepts, items=tuple(items))


def _concept(folder: Folder, name: str) -> Concept:
    look_alikes = [p for one in _LOOK_ALIKES for p in folder.photos(f"train/{name}/{one}")]
    return Concept(
        name=name,
        kind=None,
        description="",
        facts=(),
        training_photos=folder.some_photos(f"train/{name}"),
        test_photos=folder.some_photos(f"test/{name}"),
        look_alikes=tuple(look_alikes),
    )


def _recognition(concept: Concept, concepts: tuple[Concept, ...]) -> Iterator[Item]:
    for other in concepts:
        is_own = other.name == concept.name
        for photo in other.test_photos:
            yield RecognitionItem(
                concept=concept.name,
                photo=photo,
                question=recognition_question(SLOT),
                is_present=is_own,
                group="own" if is_own else "other_concept",
            )


def _choices(folder: Folder, file: str, concepts: tuple[Concept, ...]) -> list[ChoiceQuestion]:
    if not folder.has(file):
        return []
    names = {concept.name for concept in concepts}
    found = []
    for key, node in folder.json(file).entries().items():
        if "question" in node.entries():
            photo = folder.written(_path(node, key), _ANCHORS)
            found.append(_choice(node, photo.path.parent.name, photo))
            continue
        if key not in names:
            raise node.wrong(f"questions on one of the folders in train/, not on '{key}'")
        for path, question in node.entries().items():
            is_visual = file == _VISUAL
            photo_of = folder.written(_path(question, path), _ANCHORS) if is_visual else None
            found.append(_choice(question, key, photo_of))
    return found


def _path(node: Node, written: str) -> Node:
    """Return a path that is written as a key, as a value of its own."""
    return Node(file=node.file, field=f"{node.field} (its name)", value=written)


def _choice(node: Node, name: str, photo: Photo | None) -> ChoiceQuestion:
    entries = node.entries()
    listed = node.child("options" if "options" in entries or "option" not in entries else "option")
    options = tuple(
        (letter.strip().upper(), with_slot(text.text(), name))
        for letter, text in listed.entries().items()
    )
    return ChoiceQuestion(
        concept=name,
        photo=photo,
        question=with_slot(node.child("question").text(), name),
        options=options,
        answer=answer_letter(node.child("correct_answer"), options),
    )

"""UnifyBench, the data of UniCTokens: photos, profiles and facts, and a test file per concept.

    concepts_list.json                names, in order (may be missing)
    prompts_to_eval.json              plain prompts by kind of subject (may be missing)
    random_images/N.png               easy negatives
    concept/train/train_images.json   names of training photos by concept (may be missing)
    concept/train/<c>/N.png, info.json, negative_example/
    concept/test/<c>/N.png, t2i_conditions.json
    test_data/<c>.json                [{image, type, conversations}]

Layout: github.com/arctanxarc/UniCTokens (data for research use, CC-BY-NC 4.0; never passed on).
"""

from typing import Final

from omnipersona.bench.datasets.folder import DatasetError, Folder, Node, Photo
from omnipersona.bench.datasets.form import (
    ChoiceQuestion,
    Concept,
    Dataset,
    GenerationPrompt,
    Group,
    Item,
    RecognitionItem,
    TextQuestion,
    VisualQuestion,
)
from omnipersona.bench.datasets.wording import (
    PHOTO_PROMPT,
    answer_letter,
    split_options,
    with_slot,
)

_ANCHORS: Final = ("concept", "random_images", "black_512x512.png")
_LISTED: Final = "concepts_list.json"
_PROMPTS: Final = "prompts_to_eval.json"
_TRAINING: Final = "train_images.json"
_CONDITIONS: Final = "t2i_conditions.json"
_LOOK_ALIKES: Final = ("negative_example", "negative")
_EASY: Final = "random_images"
_YES_NO: Final = {"yes": True, "no": False}
_ASKERS: Final = ("human", "user")
_ANSWERERS: Final = ("gpt", "assistant")

# A knowledge-driven list of prompts, and the same prompts with their facts written out.
_PAIRS: Final = (
    ("personalized_driven_generation", "explicit_personalized_driven_generation"),
    ("personalized_dense_prompt_generation", "explicit_personalized_dense_prompt_generation"),
)
_PLAIN: Final = "dense_prompt_generation"


def read(folder: Folder) -> Dataset:
    """Read the whole data set; pictures are only looked up."""
    names = folder.names("concept/train")
    if folder.has(_LISTED):
        names = folder.json(_LISTED).texts()
    concepts = tuple(_concept(folder, name) for name in names)
    items: list[Item] = []
    for concept in concepts:
        items += _questions(folder, concept.name)
        items += _prompts(folder, concept)
    return Dataset(
        layout="unifybench",
        folder=folder.root,
        concepts=concepts,
        items=tuple(items),
        easy_negatives=folder.photos(_EASY),
    )


def _concept(folder: Folder, name: str) -> Concept:
    info = folder.json(f"concept/train/{name}/info.json")
    facts = info.entries().get("extra_info")
    look_alikes = [p for one in _LOOK_ALIKES for p in folder.photos(f"concept/train/{name}/{one}")]
    return Concept(
        name=name,
        kind=info.child("class").text(),
        description=with_slot(info.child("info").text(), name),
        facts=() if facts is None else tuple(with_slot(one, name) for one in facts.texts()),
        training_photos=_training_photos(folder, name),
        test_photos=folder.some_photos(f"concept/test/{name}"),
        look_alikes=tuple(look_alikes),
    )


def _training_photos(folder: Folder, name: str) -> tuple[Photo, ...]:
    place = f"concept/train/{name}"
    if not folder.has(f"concept/train/{_TRAINING}"):
        return folder.some_photos(place)
    listed = folder.json(f"concept/train/{_TRAINING}").child(name).elements()
    within = Folder(folder.root / place)
    return tuple(within.written(one, ()) for one in listed)


def _questions(folder: Folder, name: str) -> list[Item]:
    file = f"test_data/{name}.json"
    if not folder.has(file):
        raise DatasetError(
            f"{folder.root / file} is missing; expected a list of test items. The data set's own "
            "gen_test_data.py writes it."
        )
    return [_question(folder, node, name) for node in folder.json(file).elements()]


def _question(folder: Folder, node: Node, name: str) -> Item:
    asked, answered = _turns(node.child("conversations"))
    question, kind = with_slot(asked.text(), name), node.child("type").text()
    if "choice" in kind:
        is_blind = "text" in kind
        stem, options = split_options(question)
        return ChoiceQuestion(
            concept=name,
            photo=None if is_blind else folder.written(node.child("image"), _ANCHORS),
            question=stem,
            options=options,
            answer=answer_letter(answered, options),
        )
    if kind == "text_only":
        answer = with_slot(answered.text(), name)
        return TextQuestion(concept=name, question=question, answer=answer)
    if kind not in ("rec", "vqa"):
        raise node.child("type").wrong("rec, vqa, text_only or a name with 'choice'")
    photo = folder.written(node.child("image"), _ANCHORS)
    if kind == "vqa":
        answer = with_slot(answered.text(), name)
        return VisualQuestion(concept=name, photo=photo, question=question, answer=answer)
    said = _YES_NO.get(answered.text().rstrip(".!").casefold())
    if said is None:
        raise answered.wrong("Yes or No")
    return RecognitionItem(
        concept=name,
        photo=photo,
        question=question,
        is_present=said,
        group="own" if said else _group(folder, photo),
    )


def _turns(node: Node) -> tuple[Node, Node]:
    """Return the first question and its answer; what follows them needs a memory of the talk."""
    turns = node.elements()
    roles = [turn.child("from").text() for turn in turns[:2]]
    if len(roles) < 2 or roles[0] not in _ASKERS or roles[1] not in _ANSWERERS:
        raise node.wrong("a list that begins with a turn of 'human' and one of 'gpt'")
    return turns[0].child("value"), turns[1].child("value")


def _group(folder: Folder, photo: Photo) -> Group:
    parts = photo.path.relative_to(folder.root).parts
    if any(one in parts for one in _LOOK_ALIKES):
        return "look_alike"
    return "other_concept" if parts[0] == "concept" else "easy"


def _prompts(folder: Folder, concept: Concept) -> list[Item]:
    name = concept.name
    earlier, usual = (f"concept/{part}/{name}/{_CONDITIONS}" for part in ("train", "test"))
    is_earlier = folder.has(earlier) and not folder.has(usual)
    node = folder.json(earlier if is_earlier else usual)
    plain = _plain_prompts(folder, name)
    if isinstance(node.value, list):
        first, *others = [with_slot(one, name) for one in node.texts()] or [PHOTO_PROMPT]
        prompts = [_plain(name, one) for one in (first, *plain)]
        return prompts + [
            GenerationPrompt(concept=name, prompt=one, facts=concept.facts) for one in others
        ]
    entries = node.entries()
    plain = (PHOTO_PROMPT, *plain, *(entries[_PLAIN].texts() if _PLAIN in entries else ()))
    prompts = [_plain(name, with_slot(one, name)) for one in plain]
    for short, explicit in _PAIRS:
        if short in entries:
            prompts += _paired(folder, concept, entries[short], node.child(explicit))
    return prompts


def _plain(name: str, prompt: str) -> Item:
    return GenerationPrompt(concept=name, prompt=prompt)


def _paired(folder: Folder, concept: Concept, short: Node, explicit: Node) -> list[Item]:
    prompts, written = short.texts(), explicit.texts()
    if len(prompts) != len(written):
        raise explicit.wrong(f"{len(prompts)} texts, one for each of {short.field}")
    pairs = list(zip(prompts, written, strict=True))
    info = folder.json(f"concept/train/{concept.name}/info.json").entries()
    if "num_testing_info" in info and len(pairs) > 1:
        # The first prompts of a list are for training; the last ones are the test.
        pairs = pairs[-info["num_testing_info"].number() :]
    return [
        GenerationPrompt(
            concept=concept.name,
            prompt=with_slot(prompt, concept.name),
            facts=concept.facts,
            explicit=with_slot(whole, concept.name),
        )
        for prompt, whole in pairs
    ]


def _plain_prompts(folder: Folder, name: str) -> tuple[str, ...]:
    if not folder.has(_PROMPTS):
        return ()
    kind = folder.json(f"concept/train/{name}/info.json").child("generation_type").text()
    return tuple(with_slot(one, name) for one in folder.json(_PROMPTS).child(kind).texts())

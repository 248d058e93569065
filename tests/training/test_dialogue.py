"""Laws of the text corpus: sound formats, slots in play only, no held-out phrasing in training."""

import gc
import random
import re
from collections import Counter

import pytest

from omnipersona.model.bagel.prompts import UNKNOWN
from omnipersona.model.contract import INTENTS, PICTURE_REFS
from omnipersona.training.corpus.attributes import ATTRIBUTES
from omnipersona.training.corpus.dialogue import TASKS, Turn, sample_examples, sample_turn
from omnipersona.training.corpus.dialogue.cast import slots_of
from omnipersona.training.corpus.dialogue.chat import small_talk
from omnipersona.training.corpus.dialogue.drawing import sample_drawing
from omnipersona.training.corpus.dialogue.editing import sample_editing
from omnipersona.training.corpus.dialogue.parse import sample_parse
from omnipersona.training.corpus.facts import (
    DRAWABLE,
    PRONOUNS,
    fact_questions,
    fact_statement,
    invented_fact,
    sample_fact,
    sample_facts,
)
from omnipersona.training.corpus.phrasing import Phrases
from omnipersona.training.world.scene import COLORS, OBJECTS, PLACES, POSES, SPECIES

_PARSED = re.compile(
    rf"({'|'.join(INTENTS)}); ({'|'.join(PICTURE_REFS)}); "
    r"(none|<c\d>(?: <c\d>)*); (none|(?:what is the [a-z]+ of (?:<c\d>|me)\? ?)+)"
)
_GLUE = frozenset(
    """a an and at in on of off the with to wearing spots stripes patches spotted striped patched
    hat scarf bow glasses crown left right remove add put take make change place replace""".split()  # noqa: SIM905
)
_FACTS = re.compile(r"none|(?:<c\d>|me) [a-z]+: [^;]+(?:; (?:<c\d>|me) [a-z]+: [^;]+)*")


def _turns(task: str | None, count: int, seed: int = 0) -> list[Turn]:
    rng = random.Random(seed)
    return [sample_turn(rng, "train" if i % 2 else "held_out", task) for i in range(count)]


def _message(turn: Turn) -> str:
    return turn.prompt.split("message: ", 1)[1]


def test_the_same_seed_gives_the_same_turns() -> None:
    assert _turns(None, 50, seed=4) == _turns(None, 50, seed=4)


def test_answers_that_a_rewrite_must_hold_were_given_and_are_in_it() -> None:
    turns = [turn for turn in _turns("rewrite", 600) if turn.found]
    assert len(turns) > 60
    for turn in turns:
        assert all(value in turn.reply for value in turn.found)
        assert all(f" is {value}\n" in turn.prompt for value in turn.found)


def test_requests_are_often_as_short_as_people_write_them() -> None:
    wishes = [t for t in _turns("rewrite", 2000) if t.prompt.startswith("Rewrite draw") and t.found]
    short = [turn for turn in wishes if len(_message(turn).split()) <= 8]
    assert len(wishes) / 10 < len(short) < len(wishes) / 2


@pytest.mark.parametrize("task", TASKS)
def test_prompts_begin_with_their_task_and_replies_are_one_line(task: str) -> None:
    for turn in _turns(task, 400):
        assert turn.task == task
        assert turn.prompt.lower().startswith(task)
        assert turn.reply.strip() == turn.reply
        assert turn.reply
        assert "\n" not in turn.reply
        assert "{" not in turn.prompt + turn.reply


def test_replies_name_only_slots_that_the_prompt_names() -> None:
    for turn in _turns(None, 2000):
        assert set(slots_of(turn.reply)) <= set(slots_of(turn.prompt)), turn


def test_parse_replies_have_the_format() -> None:
    for turn in _turns("parse", 1500):
        match = _PARSED.fullmatch(turn.reply)
        assert match, turn
        assert match[1] == turn.intent


def test_a_picture_is_meant_only_where_there_is_one() -> None:
    for turn in _turns("parse", 1500):
        there = turn.prompt.split("picture: ")[1].split("\n")[0]
        meant = turn.reply.split("; ")[1]
        assert meant == "none" or meant in there, turn


def test_drawing_and_talk_mean_no_picture() -> None:
    for turn in _turns("parse", 1500):
        if turn.intent in ("generate", "converse", "list", "remember", "correct", "forget"):
            assert turn.reply.split("; ")[1] == "none", turn


def test_every_intent_and_every_picture_state_occurs() -> None:
    turns = _turns("parse", 3000)
    states = {turn.prompt.split("picture: ")[1].split("\n")[0] for turn in turns}
    assert {turn.intent for turn in turns} == set(INTENTS)
    assert states == {"none", "attached", "shown", "attached and shown"}
    for intent in ("understand", "edit"):
        meant = {t.reply.split("; ")[1] for t in turns if t.intent == intent}
        assert meant == set(PICTURE_REFS)


def test_an_edit_with_no_picture_is_an_edit_of_none() -> None:
    rng = random.Random(1)
    turns = [sample_parse(rng, "train", "edit") for _ in range(300)]
    lonely = [t for t in turns if "\npicture: none\n" in t.prompt]
    assert lonely
    assert all(t.reply.startswith("edit; none;") for t in lonely)


def test_fact_values_are_words_of_the_message() -> None:
    for turn in _turns("facts", 1000):
        assert _FACTS.fullmatch(turn.reply), turn
        if turn.reply != "none":
            for part in turn.reply.split("; "):
                assert part.split(": ", 1)[1].lower() in turn.prompt.lower(), turn


def test_recalled_values_stand_in_the_evidence_or_are_unknown() -> None:
    turns = _turns("recall", 1000)
    for turn in turns:
        evidence = turn.prompt.split("question: ")[0]
        assert turn.reply == UNKNOWN or turn.reply in evidence, turn
    assert 0.25 < sum(t.reply == UNKNOWN for t in turns) / len(turns) < 0.45


def test_rewritten_prompts_use_words_of_the_drawn_world_alone() -> None:
    words = {*SPECIES, *COLORS, *OBJECTS, *PLACES, *POSES}
    words |= set(
        [
            "a",
            "an",
            "and",
            "at",
            "in",
            "on",
            "of",
            "off",
            "the",
            "with",
            "to",
            "it",
            "wearing",
            "spots",
            "stripes",
            "patches",
        ]
    )
    words |= set(
        [
            "hat",
            "scarf",
            "bow",
            "glasses",
            "crown",
            "left",
            "right",
            "spotted",
            "striped",
            "patched",
        ]
    )
    words |= set(["remove", "add", "put", "take", "make", "change", "place", "replace"])
    for turn in _turns("rewrite", 2000):
        if not turn.reply.startswith("cannot:"):
            assert {w for w in turn.reply.split() if not w.startswith("<")} <= words, turn


def test_wishes_inside_the_world_are_never_declined() -> None:
    rng = random.Random(2)
    for _ in range(500):
        for request in (sample_drawing(rng, "train", ()), sample_editing(rng, "train", ())):
            assert not request.canonical.startswith("cannot:")


def test_wishes_outside_the_world_are_declined_by_name() -> None:
    rng = random.Random(3)
    for _ in range(500):
        for sample in (sample_drawing, sample_editing):
            assert sample(rng, "train", (), outside=True).canonical.startswith("cannot: ")
    share = sum(t.reply.startswith("cannot:") for t in _turns("rewrite", 1500)) / 1500
    assert 0.08 < share < 0.2


def test_held_out_phrasings_never_occur_in_training() -> None:
    # Small talk has no fillings, so its two splits can be compared as whole messages.
    rng = random.Random(5)
    train = {_plain(small_talk(rng, "train")[0]) for _ in range(3000)}
    held_out = {_plain(small_talk(rng, "held_out")[0]) for _ in range(1000)}
    assert len(train & held_out) < 0.1 * len(held_out), train & held_out
    phrases = Phrases("a", "b", "c", "d", "e")
    assert {phrases.pick(rng, "train") for _ in range(100)} == {"a", "b", "c", "e"}


def _plain(message: str) -> str:
    return message.lower().rstrip(".?! :)")


def test_tasks_are_mixed_as_weighted() -> None:
    counts = Counter(turn.task for turn in _turns(None, 3000))
    assert set(counts) == set(TASKS)
    assert 0.28 < counts["parse"] / 3000 < 0.36
    assert 0.16 < counts["rewrite"] / 3000 < 0.24


def test_examples_are_of_the_same_kind_with_other_content() -> None:
    rng = random.Random(6)
    for turn in _turns(None, 60):
        examples = sample_examples(rng, "train", turn, 3)
        assert len(examples) == 3
        head = turn.prompt.split("\n")[0]
        assert all(e.prompt.split("\n")[0] == head for e in examples)
        assert all(e.prompt != turn.prompt for e in examples)


def test_prompts_stay_short() -> None:
    assert max(len(turn.prompt.split()) for turn in _turns("parse", 3000)) <= 64


@pytest.mark.parametrize("name", tuple(ATTRIBUTES))
def test_every_attribute_can_be_stated_and_asked_of_everyone(name: str) -> None:
    rng = random.Random(7)
    for subject in ("<c0>", "my dog", "i", *PRONOUNS):
        fact = sample_fact(rng, name)
        assert fact.value in fact_statement(rng, "train", subject, fact) or name == "home"
        assert "{" not in fact_questions(rng, "held_out", subject, fact)
    assert (name in DRAWABLE) == ATTRIBUTES[name].drawable


def test_facts_drawn_together_have_distinct_attributes() -> None:
    facts = sample_facts(random.Random(8), 6)
    assert len({fact.attribute for fact in facts}) == 6
    assert all(f.place or f.thing or f.accessory for f in facts if f.attribute in DRAWABLE[:3])


def test_invented_values_cannot_be_drawn() -> None:
    rng = random.Random(9)
    for _ in range(200):
        fact = invented_fact(rng)
        assert fact.place is None
        assert fact.thing is None
        assert fact.accessory is None


def test_messages_mention_no_slot_outside_ten() -> None:
    for turn in _turns("parse", 500):
        assert all(re.fullmatch(r"<c\d>", slot) for slot in slots_of(_message(turn)))


def test_held_out_sentences_are_made_of_words_that_training_has() -> None:
    groups = [one for one in gc.get_objects() if type(one) is Phrases]
    assert len(groups) > 100
    unknown = [group.words("held_out") - group.words("train") for group in groups]
    assert not frozenset().union(*unknown)


def test_choices_in_phrasings_are_made_and_may_nest() -> None:
    phrases = Phrases("draw {x}", "[please |]draw [a [big|small]|the] {x}[ here|]")
    said = {phrases.pick(random.Random(i), "train", x="cat") for i in range(200)}
    assert "please draw a small cat here" in said
    assert "draw the cat" in said
    assert len(said) == 1 + 2 * 3 * 2
    assert phrases.canonical(x="cat") == "draw cat"

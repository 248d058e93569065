"""Conversations: kept in order, found by their words, forgotten in every spelling, one owner's."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakes import WordEncoder, png
from servers import TestPlaces

from omnipersona.memory.memory import Memory
from omnipersona.store.conversations import Conversations
from omnipersona.store.errors import UnknownThread
from omnipersona.store.text import FORGOTTEN

pytestmark = pytest.mark.both_stores
STEP: dict[str, Any] = {"id": "s1", "type": "user_message", "name": "User"}
PICTURE: dict[str, Any] = {"id": "e1", "forId": "s1", "name": "a.png", "type": "image"}


@pytest.fixture
def memory(places: TestPlaces) -> Iterator[Memory]:
    opened = Memory.open(places.folder, WordEncoder(), **places.urls)
    yield opened
    opened.close()


@pytest.fixture
def kept(memory: Memory) -> Conversations:
    return memory.conversations


def outputs(kept: Conversations, thread_id: str = "t1", user_id: str = "ana") -> list[str]:
    return [step["output"] for step in kept.steps(user_id, thread_id)]


def test_what_is_kept_is_read_back_after_a_restart(memory: Memory, places: TestPlaces) -> None:
    kept = memory.conversations
    kept.put_thread("ana", "t1", name="draw <bo>", metadata={"a": 1, "b": 2})
    kept.put_step("ana", "t1", {**STEP, "output": "hello", "createdAt": "2026-01-02T00:00:00Z"})
    kept.put_step("ana", "t1", {**STEP, "id": "s0", "output": "draw", "createdAt": "2026-01-01"})
    picture = memory.pictures.add("ana", png(), origin="uploaded", thread_id="t1")
    kept.put_element("ana", "t1", PICTURE, picture.id)
    memory.close()
    again = Memory.open(places.folder, WordEncoder(), **places.urls)
    thread = again.conversations.thread("ana", "t1")
    assert (thread.user_id, thread.name, thread.metadata) == ("ana", "draw <bo>", {"a": 1, "b": 2})
    assert outputs(again.conversations) == ["hello", "draw"], "in the order of storing"
    assert again.conversations.elements("ana", "t1") == [{**PICTURE, "pictureId": picture.id}]
    again.close()


def test_later_states_add_to_earlier_ones(kept: Conversations) -> None:
    kept.put_step("ana", "t1", {**STEP, "output": "a", "createdAt": None, "icon": "eye"})
    kept.put_step("ana", "t1", {**STEP, "output": "b", "icon": None})
    [step] = kept.steps("ana", "t1")
    assert (step["output"], step["icon"]) == ("b", "eye")
    assert step["createdAt"]
    kept.put_thread("ana", "t1", metadata={"a": 1, "b": 2})
    kept.put_thread("ana", "t1", metadata={"a": None})
    assert kept.thread("ana", "t1").metadata == {"b": 2}


def test_pages_and_search_show_a_user_their_own_threads(kept: Conversations) -> None:
    for i in range(5):
        owner = "eve" if i == 4 else "ana"
        kept.put_step(owner, f"t{i}", {**STEP, "id": f"s{i}", "output": f"words {i}"})
    first, has_more = kept.list("ana", first=3)
    assert ([one.id for one in first], has_more) == (["t3", "t2", "t1"], True)
    rest, has_more = kept.list("ana", first=3, after="t1")
    assert ([one.id for one in rest], has_more) == (["t0"], False)
    found, _ = kept.list("ana", first=3, search="WORDS 2")
    assert [one.id for one in found] == ["t2"]
    assert kept.list("ana", first=3, search="words 4") == ([], False)
    assert kept.list("ana", first=3, search="words_") == ([], False)


def test_equal_ids_of_two_users_are_two_things(memory: Memory, kept: Conversations) -> None:
    mine = memory.pictures.add("ana", png(), origin="uploaded")
    for owner in ("ana", "eve"):
        kept.put_thread(owner, "t1", name=f"of {owner}")
        kept.put_step(owner, "t1", {**STEP, "output": f"said by {owner}"})
    kept.put_element("ana", "t1", PICTURE, mine.id)
    kept.put_question("ana", "t1", {"kind": "confirm", "words": {}})
    assert kept.thread("ana", "t1").name == "of ana"
    assert outputs(kept, user_id="eve") == ["said by eve"]
    assert kept.elements("eve", "t1") == []
    assert kept.question("eve", "t1") is None
    kept.delete_step("eve", "s1")
    kept.delete_element("eve", "e1")
    kept.drop_question("eve", "t1")
    memory.forget_thread("eve", "t1")
    assert outputs(kept) == ["said by ana"]
    assert kept.elements("ana", "t1") == [{**PICTURE, "pictureId": mine.id}]
    assert kept.question("ana", "t1") is not None
    with pytest.raises(UnknownThread):
        kept.thread("eve", "t1")


def test_a_message_stays_in_its_thread(kept: Conversations) -> None:
    kept.put_step("ana", "t1", {**STEP, "output": "mine"})
    with pytest.raises(UnknownThread, match="another conversation"):
        kept.put_step("ana", "t2", {**STEP, "output": "moved"})
    assert outputs(kept) == ["mine"]


def test_nothing_of_a_deleted_thread_is_left(
    memory: Memory, kept: Conversations, places: TestPlaces
) -> None:
    kept.put_thread("ana", "t1", name="a secret")
    kept.put_step("ana", "t1", {**STEP, "output": "a very secret word"})
    kept.put_question("ana", "t1", {"kind": "name", "words": {"text": "secret"}})
    picture = memory.pictures.add("ana", png(), origin="drawn", thread_id="t1")
    kept.put_element("ana", "t1", PICTURE, picture.id)
    assert places.holds("secret")
    memory.forget_thread("ana", "t1")
    assert places.holds("secret") == []
    assert places.files() == []
    assert kept.list("ana", first=3) == ([], False)


SPELLINGS = (
    ("D'Arcy", r"say D\u2019Arcy", "say "),
    ("D'Arcy", "is d'ARCY here?", "is "),
    ("Waldo-1", r"draw \<Waldo\-1\> at home", "draw \\"),
    ("Ren\u00e9 Dupont", "Rene\u0301  DUPONT", ""),
    ("Bo", "B\u200bo", ""),
)


@pytest.mark.parametrize(("name", "said", "before"), SPELLINGS)
def test_a_forgotten_name_goes_in_every_spelling(
    memory: Memory, kept: Conversations, name: str, said: str, before: str
) -> None:
    said = said.replace(r"\u2019", "\N{RIGHT SINGLE QUOTATION MARK}")
    concept = memory.concepts.add("ana", name)
    kept.put_thread("ana", "t1", name=said)
    kept.put_step("ana", "t1", {**STEP, "output": said})
    kept.put_step("ana", "t2", {**STEP, "id": "s2", "output": "draw a robot, bobby"})
    kept.put_step("eve", "t1", {**STEP, "output": said})
    receipt = memory.forget_concept("ana", concept.id, delete_drawings=True)
    assert receipt.messages == 1
    assert outputs(kept)[0].startswith(f"{before}{FORGOTTEN}")
    assert kept.thread("ana", "t1").name == outputs(kept)[0]
    assert outputs(kept, "t2") == ["draw a robot, bobby"]
    assert outputs(kept, user_id="eve") == [said]


def test_a_forgotten_fact_goes_where_it_was_told_and_used(
    memory: Memory, kept: Conversations, places: TestPlaces
) -> None:
    bo = memory.concepts.add("ana", "Bo")
    kept.put_step("ana", "t1", {**STEP, "output": "Bo plays with a zebraball"})
    turn = kept.begin_turn("ana", "t1")
    fact = memory.facts.add(
        "ana", concept_id=bo.id, attribute="toy", value="a zebraball", source="said", origin=turn
    )
    kept.put_step("ana", "t1", {**STEP, "id": "s2", "output": "I know: a zebraball."})
    kept.end_turn("ana", turn)
    used = kept.begin_turn("ana", "t2")
    kept.put_step("ana", "t2", {**STEP, "id": "s3", "output": "drawn with a zebraball"})
    kept.note_facts("ana", used, [fact.id, "unknown"])
    kept.end_turn("ana", used)
    other = kept.begin_turn("ana", "t3")
    kept.put_step("ana", "t3", {**STEP, "id": "s4", "output": "what is a zebraball?"})
    kept.end_turn("ana", other)
    assert memory.forget_fact("ana", fact.id).messages == 3
    assert outputs(kept) == [f"Bo plays with {FORGOTTEN}", f"I know: {FORGOTTEN}."]
    assert outputs(kept, "t2") == [f"drawn with {FORGOTTEN}"]
    assert outputs(kept, "t3") == ["what is a zebraball?"], "nobody told the fact there"
    assert len(places.holds("zebraball")) <= 2, "of one message: its words and what is searched"


def test_words_on_their_way_lose_what_is_forgotten_meanwhile(
    memory: Memory, kept: Conversations, places: TestPlaces
) -> None:
    bo = memory.concepts.add("ana", "zebulon")
    turn, other = kept.begin_turn("ana", "t1"), kept.begin_turn("eve", "t1")
    memory.forget_concept("ana", bo.id, delete_drawings=True)
    kept.put_step("ana", "t1", {**STEP, "output": "Forgotten <Zebulon>."})
    kept.put_step("eve", "t1", {**STEP, "output": "hello zebulon"})
    assert outputs(kept) == [f"Forgotten {FORGOTTEN}."]
    kept.end_turn("ana", turn)
    kept.put_step("ana", "t2", {**STEP, "id": "s2", "output": "meet <zebulon>"})
    assert outputs(kept, "t2") == ["meet <zebulon>"], "the name may be given again"
    assert outputs(kept, user_id="eve") == ["hello zebulon"]
    kept.end_turn("eve", other)


def test_a_question_about_the_forgotten_is_taken_back(
    memory: Memory, kept: Conversations, places: TestPlaces
) -> None:
    bo = memory.concepts.add("ana", "zebulon")
    kept.put_question("ana", "t1", {"kind": "kind", "words": {"message": "this is Zebulon"}})
    kept.put_question("ana", "t2", {"kind": "kind", "words": {"message": "this is mia"}})
    memory.forget_concept("ana", bo.id, delete_drawings=True)
    assert kept.question("ana", "t1") is None
    assert kept.question("ana", "t2") is not None
    assert places.holds("zebulon") == []


def test_a_picture_that_is_forgotten_is_no_longer_shown(
    memory: Memory, kept: Conversations
) -> None:
    bo = memory.concepts.add("ana", "Bo")
    photo = memory.pictures.add("ana", png(), origin="uploaded", thread_id="t1")
    memory.concepts.attach_photo("ana", bo.id, photo.id)
    kept.put_element("ana", "t1", PICTURE, photo.id)
    memory.forget_concept("ana", bo.id, delete_drawings=True)
    assert kept.elements("ana", "t1") == []


def test_odd_words_are_kept_and_found(kept: Conversations) -> None:
    words = "50% of {x} ? 'quoted' \x00 \ud800 \N{GRINNING FACE} GR\u00dcN"
    kept.put_thread("ana", "t1", name="\x00draw 100% ?")
    kept.put_step("ana", "t1", {**STEP, "output": words})
    assert outputs(kept) == [words]
    [found], _ = kept.list("ana", first=3, search="gr\u00fcn")
    assert found.name.endswith("draw 100% ?")


def test_a_message_that_comes_at_once_belongs_to_the_turn_that_answers_it(
    memory: Memory, kept: Conversations, places: TestPlaces
) -> None:
    kept.put_step("ana", "t1", {**STEP, "id": "u1", "type": "user_message", "output": "hello"})
    first = kept.begin_turn("ana", "t1")
    kept.put_step("ana", "t1", {**STEP, "id": "a1", "output": "Hi!"})
    # The first turn's words may still be on their way when the next message is there.
    said = "my hobby is wortspielkram"
    kept.put_step("ana", "t1", {**STEP, "id": "u2", "type": "user_message", "output": said})
    kept.put_step("ana", "t1", {"id": "r2", "type": "run", "parentId": "u2", "input": said})
    second = kept.begin_turn("ana", "t1")
    kept.end_turn("ana", first)
    kept.put_step("ana", "t1", {**STEP, "id": "a2", "output": f"I will remember: {said}."})
    fact = memory.facts.add(
        "ana",
        concept_id=None,
        attribute="hobby",
        value="wortspielkram",
        source="said",
        origin=second,
    )
    kept.end_turn("ana", second)
    assert memory.forget_fact("ana", fact.id).messages == 3
    memory.upkeep.run()
    assert places.holds("wortspielkram") == []


def test_a_value_that_holds_a_name_and_a_title_that_was_cut_in_it_go(
    memory: Memory, kept: Conversations, places: TestPlaces
) -> None:
    bo = memory.concepts.add("ana", "zebulon")
    turn = kept.begin_turn("ana", "t1")
    value = "this is my dog <zebulon>, his bed is a flammquarzel"
    kept.put_step("ana", "t1", {**STEP, "output": f"I noted: {value}."})
    title = "Read what is to be learned: his bed is a flammq..."
    kept.put_step("ana", "t1", {"id": "s2", "type": "tool", "name": title, "output": value})
    memory.facts.add(
        "ana", concept_id=bo.id, attribute="note", value=value, source="said", origin=turn
    )
    kept.end_turn("ana", turn)
    memory.forget_concept("ana", bo.id, delete_drawings=True)
    memory.upkeep.run()
    assert places.holds("flammq") == []
    names = [step.get("name") for step in kept.steps("ana", "t1")]
    assert names[-1] == "Read what is to be learned"

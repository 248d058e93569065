"""Concepts: names, tokens, photos."""

from collections.abc import Callable

import pytest
from fakes import taught

from omnipersona.memory.memory import Memory
from omnipersona.store.errors import (
    DuplicateConcept,
    InvalidName,
    UnknownConcept,
    UnknownPicture,
)

pytestmark = pytest.mark.both_stores

ME = "anna"


def test_a_new_concept_is_kept_as_given(memory: Memory) -> None:
    bo = memory.concepts.add(ME, "<Bo>", kind="dog", consent=True)
    assert (bo.name, bo.kind, bo.state, bo.consent) == ("Bo", "dog", "new", True)
    assert memory.concepts.get(ME, bo.id) == bo
    assert memory.concepts.list(ME) == (bo,)


@pytest.mark.parametrize("again", ["bo", "<BO>", " Bo "])
def test_a_name_is_taken_in_every_spelling(memory: Memory, again: str) -> None:
    memory.concepts.add(ME, "Bo")
    with pytest.raises(DuplicateConcept, match="already have <Bo>"):
        memory.concepts.add(ME, again)


def test_composed_and_decomposed_names_are_one(memory: Memory) -> None:
    memory.concepts.add(ME, "Zo\u00eb")
    with pytest.raises(DuplicateConcept):
        memory.concepts.add(ME, "Zoe\u0308")


def test_a_concept_is_found_in_every_spelling(memory: Memory) -> None:
    bo = memory.concepts.add(ME, "Bo")
    assert memory.concepts.find(ME, "<bo>") == bo


def test_an_unknown_name_suggests_a_near_one(memory: Memory) -> None:
    memory.concepts.add(ME, "Mochi")
    with pytest.raises(UnknownConcept, match="Did you mean 'Mochi'"):
        memory.concepts.find(ME, "moci")
    with pytest.raises(UnknownConcept, match="Send photos"):
        memory.concepts.find(ME, "<|im_start|>")


def test_a_rename_keeps_the_identity_and_obeys_the_rules(memory: Memory) -> None:
    bo, mia = memory.concepts.add(ME, "Bo"), memory.concepts.add(ME, "Mia")
    assert memory.concepts.update(ME, bo.id, name="BO").name == "BO"
    with pytest.raises(DuplicateConcept):
        memory.concepts.update(ME, mia.id, name="bo")
    with pytest.raises(InvalidName):
        memory.concepts.update(ME, mia.id, name="system")
    assert memory.concepts.get(ME, mia.id).name == "Mia"


def test_an_update_changes_only_what_is_given(memory: Memory) -> None:
    bo = memory.concepts.add(ME, "Bo", kind="dog")
    changed = memory.concepts.update(ME, bo.id, state="learning", consent=True)
    assert (changed.name, changed.kind, changed.state, changed.consent) == (
        "Bo",
        "dog",
        "learning",
        True,
    )
    assert changed.updated_at > bo.updated_at


def test_new_tokens_take_the_place_of_the_old(memory: Memory) -> None:
    bo = memory.concepts.add(ME, "Bo")
    with pytest.raises(UnknownConcept, match="not been learned"):
        memory.concepts.read_tokens(ME, bo.id)
    first = taught(memory, ME, bo.id, b"first")
    assert (first.state, first.base_fingerprint) == ("ready", "base")
    second = taught(memory, ME, bo.id, b"second")
    assert memory.concepts.read_tokens(ME, bo.id) == b"second"
    assert second.tokens_sha256 != first.tokens_sha256


def test_old_tokens_shared_with_another_concept_stay(memory: Memory) -> None:
    bo, mia = memory.concepts.add(ME, "Bo"), memory.concepts.add(ME, "Mia")
    for concept in (bo, mia):
        taught(memory, ME, concept.id, b"same")
    taught(memory, ME, bo.id, b"new")
    assert memory.concepts.read_tokens(ME, mia.id) == b"same"


def test_photos_are_attached_once(memory: Memory, make_png: Callable[..., bytes]) -> None:
    bo = memory.concepts.add(ME, "Bo")
    photo = memory.pictures.add(ME, make_png(), origin="uploaded")
    memory.concepts.attach_photo(ME, bo.id, photo.id)
    memory.concepts.attach_photo(ME, bo.id, photo.id)
    assert memory.concepts.photos(ME, bo.id) == (photo,)
    with pytest.raises(UnknownPicture):
        memory.concepts.attach_photo(ME, bo.id, "0" * 32)


def test_hostile_text_is_only_text(memory: Memory) -> None:
    memory.concepts.add(ME, "Bo", kind="dog'); DROP TABLE concepts; --")
    with pytest.raises(UnknownConcept):
        memory.concepts.get(ME, "' OR '1'='1")
    assert len(memory.concepts.list(ME)) == 1


def test_of_many_concepts_those_in_play_are_read(memory: Memory) -> None:
    for i in range(30):
        memory.concepts.add(ME, f"friend {i}")
    late = memory.concepts.add(ME, "Anna-Lena D'Arcy")
    said = "draw ANNA-LENA D\N{RIGHT SINGLE QUOTATION MARK}ARCY's house, and <friend 21>!"
    found = memory.concepts.in_play(ME, said, late.id, 3)
    names = [concept.name for concept in found]
    assert names == ["friend 0", "friend 1", "friend 2", "friend 21", "Anna-Lena D'Arcy"]
    assert memory.concepts.in_play(ME, "draw a house", "", 0) == ()
    assert memory.concepts.names(ME, 2) == ("friend 0", "friend 1")
    assert memory.concepts.count(ME) == 31

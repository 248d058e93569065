"""Pictures: bytes, conversations, links to concepts."""

from collections.abc import Callable

import pytest

from omnipersona.memory.memory import Memory
from omnipersona.store.errors import PictureRejected, UnknownConcept, UnknownPicture

pytestmark = pytest.mark.both_stores

ME = "anna"
MakePng = Callable[..., bytes]


def test_a_picture_keeps_bytes_size_and_details(memory: Memory, make_png: MakePng) -> None:
    details = {"seed": 7, "prompt": "a dog", "steps": [1, 2]}
    picture = memory.pictures.add(ME, make_png(20, 10), origin="drawn", details=details)
    assert (picture.width, picture.height, picture.details) == (20, 10, details)
    assert memory.pictures.read(ME, picture.id) == make_png(20, 10)
    assert memory.pictures.get(ME, picture.id) == picture


def test_only_png_bytes_are_kept(memory: Memory) -> None:
    with pytest.raises(PictureRejected, match="not a PNG"):
        memory.pictures.add(ME, b"GIF89a", origin="uploaded")
    assert memory.pictures.list(ME) == ()


def test_the_last_picture_is_the_one_stored_last(memory: Memory, make_png: MakePng) -> None:
    add = memory.pictures.add
    photo = add(ME, make_png(), origin="uploaded", thread_id="t")
    drawn = add(ME, make_png(), origin="drawn", thread_id="t")
    edited = add(ME, make_png(), origin="edited", thread_id="t", parent_id=drawn.id)
    other = add(ME, make_png(), origin="drawn", thread_id="u")
    assert memory.pictures.last(ME, "t") == edited
    assert memory.pictures.last(ME, "t", "drawn") == drawn
    assert memory.pictures.last(ME, "t", "sample") is None
    assert memory.pictures.last(ME, "no such thread") is None
    assert memory.pictures.list(ME, "t") == (photo, drawn, edited)
    assert memory.pictures.list(ME) == (photo, drawn, edited, other)


def test_a_drawing_knows_whom_it_shows(memory: Memory, make_png: MakePng) -> None:
    bo, mia = memory.concepts.add(ME, "Bo"), memory.concepts.add(ME, "Mia")
    both = memory.pictures.add(ME, make_png(), origin="drawn", shows=(mia.id, bo.id, bo.id))
    assert memory.pictures.shown_concepts(ME, both.id) == (bo.id, mia.id)
    assert memory.pictures.showing(ME, mia.id) == (both,)


def test_unknown_parents_and_concepts_leave_nothing(memory: Memory, make_png: MakePng) -> None:
    with pytest.raises(UnknownPicture):
        memory.pictures.add(ME, make_png(), origin="edited", parent_id="0" * 32)
    with pytest.raises(UnknownConcept):
        memory.pictures.add(ME, make_png(), origin="drawn", shows=["0" * 32])
    assert memory.pictures.list(ME) == ()


def test_details_must_be_json(memory: Memory, make_png: MakePng) -> None:
    with pytest.raises(ValueError, match="JSON"):
        memory.pictures.add(ME, make_png(), origin="drawn", details={"cfg": float("nan")})


def test_a_family_is_the_source_and_all_edits_of_it(memory: Memory, make_png: MakePng) -> None:
    add, family = memory.pictures.add, memory.pictures.family
    photo = add(ME, make_png(), origin="uploaded")
    first = add(ME, make_png(), origin="edited", parent_id=photo.id)
    add(ME, make_png(), origin="drawn")
    second = add(ME, make_png(), origin="edited", parent_id=photo.id)
    third = add(ME, make_png(), origin="edited", parent_id=first.id)
    for member in (photo, first, second, third):
        assert family(ME, member.id) == (photo, first, second, third)
    with pytest.raises(UnknownPicture):
        family("somebody else", photo.id)

"""Forgetting: nothing is left, nothing else is lost, and the receipt says what went."""

import io
from collections.abc import Callable

import pytest
from fakes import taught
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from servers import TestPlaces

from omnipersona.memory.memory import Memory
from omnipersona.memory.records import Fact
from omnipersona.store.errors import UnknownConcept, UnknownFact, UnknownPicture

pytestmark = pytest.mark.both_stores

ME = "anna"
SECRET = "zanzibarquokka"
MakePng = Callable[..., bytes]


def say(memory: Memory, value: str, concept_id: str | None, user_id: str = ME) -> Fact:
    return memory.facts.add(
        user_id, concept_id=concept_id, attribute="toy", value=value, source="said", origin="m"
    )


def fill(memory: Memory, concept_id: str | None) -> None:
    for number in range(80):
        say(memory, f"ordinary thing {number} " + "x" * (number % 90), concept_id)


@pytest.mark.parametrize("way", ["concept", "fact", "user"])
def test_no_byte_of_a_forgotten_fact_is_left(memory: Memory, places: TestPlaces, way: str) -> None:
    bo, mia = memory.concepts.add(ME, "Bo"), memory.concepts.add(ME, "Mia")
    fill(memory, mia.id)
    first = say(memory, f"{SECRET} one", bo.id)
    fact = memory.facts.correct(ME, first.id, f"{SECRET} two", source="said", origin="m")
    fill(memory, bo.id)
    assert memory.recall(ME, SECRET, [bo.id])
    assert places.holds(SECRET)
    if way == "concept":
        memory.forget_concept(ME, bo.id, delete_drawings=False)
    elif way == "fact":
        assert memory.forget_fact(ME, fact.id).facts == 2
    else:
        memory.forget_user(ME)
    assert places.holds(SECRET) == []
    memory.close()
    assert places.holds(SECRET) == []


def test_the_receipt_counts_what_went(
    memory: Memory, make_png: MakePng, places: TestPlaces
) -> None:
    bo, mia = memory.concepts.add(ME, "Bo"), memory.concepts.add(ME, "Mia")
    own = memory.pictures.add(ME, make_png(colour="red"), origin="uploaded")
    shared = memory.pictures.add(ME, make_png(colour="blue"), origin="uploaded")
    drawn = memory.pictures.add(ME, make_png(colour="green"), origin="drawn", shows=[bo.id])
    memory.concepts.attach_photo(ME, bo.id, own.id)
    for concept in (bo, mia):
        memory.concepts.attach_photo(ME, concept.id, shared.id)
    tokens = taught(memory, ME, bo.id, b"tokens").tokens_sha256
    say(memory, "a red ball", bo.id)
    kept = say(memory, "a bell", mia.id)

    receipt = memory.forget_concept(ME, bo.id, delete_drawings=True)

    assert (receipt.concepts, receipt.facts, receipt.photos, receipt.drawings) == (1, 1, 1, 1)
    assert receipt.sha256s == tuple(sorted([own.sha256, drawn.sha256, tokens or ""]))
    left = {path.stem for path in places.files()}
    assert left == {shared.sha256}
    assert memory.concepts.photos(ME, mia.id) == (shared,)
    assert memory.facts.list(ME) == (kept,)
    with pytest.raises(UnknownConcept):
        memory.forget_concept(ME, bo.id, delete_drawings=True)


def test_kept_drawings_lose_their_words(memory: Memory, make_png: MakePng) -> None:
    bo = memory.concepts.add(ME, "Bo")
    drawn = memory.pictures.add(
        ME, make_png(), origin="drawn", shows=[bo.id], details={"prompt": SECRET}
    )
    assert memory.forget_concept(ME, bo.id, delete_drawings=False).drawings == 0
    assert memory.pictures.get(ME, drawn.id).details == {}
    assert memory.pictures.shown_concepts(ME, drawn.id) == ()


def test_a_kept_drawing_loses_the_words_in_its_file(memory: Memory, places: TestPlaces) -> None:
    picture, notes, buffer = Image.effect_noise((16, 16), 90), PngInfo(), io.BytesIO()
    notes.add_itxt("OmniPersona", SECRET)
    notes.add_itxt("Software", "made by a model")
    picture.save(buffer, "PNG", pnginfo=notes)
    bo = memory.concepts.add(ME, "Bo")
    drawn = memory.pictures.add(ME, buffer.getvalue(), origin="drawn", shows=[bo.id])
    assert places.holds(SECRET)
    receipt = memory.forget_concept(ME, bo.id, delete_drawings=False)
    assert receipt.sha256s == (drawn.sha256,)
    assert places.holds(SECRET) == []
    with Image.open(io.BytesIO(memory.pictures.read(ME, drawn.id))) as kept:
        assert kept.tobytes() == picture.tobytes()
        assert kept.info == {"Software": "made by a model"}


def test_drawings_made_with_a_forgotten_fact_lose_their_words(
    memory: Memory, make_png: MakePng, places: TestPlaces
) -> None:
    bo = memory.concepts.add(ME, "Bo")
    first = say(memory, "a ball", bo.id)
    fact = memory.facts.correct(ME, first.id, SECRET, source="said", origin="m")
    story = {"rewritten": f"<Bo> with {SECRET}", "evidence": [{"fact_id": first.id}]}
    made_with = memory.pictures.add(ME, make_png(), origin="drawn", shows=[bo.id], details=story)
    other = memory.pictures.add(
        ME, make_png(colour="red"), origin="drawn", shows=[bo.id], details={"rewritten": "<Bo>"}
    )
    memory.forget_fact(ME, fact.id)
    assert memory.pictures.get(ME, made_with.id).details == {}
    assert memory.pictures.read(ME, made_with.id)
    assert memory.pictures.get(ME, other.id) == other
    assert places.holds(SECRET) == []


def test_a_damaged_drawing_does_not_stop_forgetting(
    memory: Memory, make_png: MakePng, places: TestPlaces
) -> None:
    bo = memory.concepts.add(ME, "Bo")
    drawn = memory.pictures.add(ME, make_png(), origin="drawn", shows=[bo.id])
    [file] = places.files()
    file.write_bytes(SECRET.encode())
    assert memory.forget_concept(ME, bo.id, delete_drawings=False).sha256s == (drawn.sha256,)
    assert memory.pictures.list(ME) == ()
    assert places.holds(SECRET) == []


def test_a_drawing_of_others_loses_a_story_that_names_the_forgotten(
    memory: Memory, make_png: MakePng
) -> None:
    bo, mia = memory.concepts.add(ME, "B\u00f6"), memory.concepts.add(ME, "Mia")
    fact = say(memory, "a red ball", bo.id)
    stories = (
        {"prompt": "draw <mia> with the toy of <B\u00d6>"},
        {"evidence": [{"answer": "a red ball", "fact_id": fact.id}]},
        {"prompt": "draw <mia>"},
    )
    drawn = [
        memory.pictures.add(ME, make_png(), origin="drawn", shows=[mia.id], details=story)
        for story in stories
    ]
    assert memory.forget_concept(ME, bo.id, delete_drawings=True).drawings == 0
    left = [memory.pictures.get(ME, picture.id) for picture in drawn]
    assert [picture.details for picture in left] == [{}, {}, {"prompt": "draw <mia>"}]


def test_a_file_of_two_pictures_stays_for_the_other(memory: Memory, make_png: MakePng) -> None:
    bo = memory.concepts.add(ME, "Bo")
    photo = memory.pictures.add(ME, make_png(), origin="uploaded")
    twin = memory.pictures.add(ME, make_png(), origin="uploaded")
    memory.concepts.attach_photo(ME, bo.id, photo.id)
    receipt = memory.forget_concept(ME, bo.id, delete_drawings=False)
    assert (receipt.photos, receipt.sha256s) == (1, ())
    assert memory.pictures.read(ME, twin.id) == make_png()


def test_an_edit_outlives_the_photo_it_came_from(memory: Memory, make_png: MakePng) -> None:
    bo = memory.concepts.add(ME, "Bo")
    photo = memory.pictures.add(ME, make_png(), origin="uploaded")
    edit = memory.pictures.add(ME, make_png(), origin="edited", parent_id=photo.id)
    memory.concepts.attach_photo(ME, bo.id, photo.id)
    memory.forget_concept(ME, bo.id, delete_drawings=True)
    assert memory.pictures.get(ME, edit.id).parent_id is None


def test_forgetting_a_fact_takes_the_versions_it_replaced(memory: Memory) -> None:
    first = say(memory, "a red ball", None)
    second = memory.facts.correct(ME, first.id, "a blue ball", source="said", origin="m")
    third = memory.facts.correct(ME, second.id, "a green ball", source="said", origin="m")
    assert memory.forget_fact(ME, second.id).facts == 2
    (left,) = memory.facts.list(ME, history=True)
    assert (left.id, left.replaces) == (third.id, None)
    with pytest.raises(UnknownFact):
        memory.forget_fact(ME, first.id)


def test_forgetting_a_thread_spares_photos_of_concepts(memory: Memory, make_png: MakePng) -> None:
    bo = memory.concepts.add(ME, "Bo")
    photo = memory.pictures.add(ME, make_png(), origin="uploaded", thread_id="t")
    drawn = memory.pictures.add(ME, make_png(colour="blue"), origin="drawn", thread_id="t")
    memory.concepts.attach_photo(ME, bo.id, photo.id)
    receipt = memory.forget_thread(ME, "t")
    assert (receipt.photos, receipt.drawings, receipt.sha256s) == (0, 1, (drawn.sha256,))
    assert memory.pictures.get(ME, photo.id).thread_id is None
    with pytest.raises(UnknownPicture):
        memory.pictures.get(ME, drawn.id)


def test_forgetting_a_user_leaves_no_file_and_no_vector(
    memory: Memory, make_png: MakePng, places: TestPlaces
) -> None:
    memory.pictures.add(ME, make_png(), origin="drawn")
    say(memory, "a red ball", None)
    memory.recall(ME, "toy")
    receipt = memory.forget_user(ME)
    assert (receipt.facts, receipt.drawings) == (1, 1)
    assert places.files() == []
    assert places.num_vectors() == 0
    assert say(memory, "a new life", None).value == "a new life"

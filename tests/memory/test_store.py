"""Two users, every method: what one has, the other can neither see nor touch."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from fakes import taught
from servers import TestPlaces

from omnipersona.memory.encoder import Encoder
from omnipersona.memory.jobs import Job
from omnipersona.memory.memory import Memory
from omnipersona.memory.records import Concept, Fact, Learned, Picture, Receipt
from omnipersona.store.errors import UnknownConcept, UnknownFact, UnknownPicture

pytestmark = pytest.mark.both_stores

OWNER, STRANGER = "anna", "ben"
UNKNOWN = (UnknownConcept, UnknownFact, UnknownPicture)
THREAD = "thread-1"
LEARNED = Learned(
    name="Bo",
    kind="dog",
    consent=False,
    tokens=b"tokens",
    base_fingerprint="base",
    photos=(),
    facts=(("toy", "a kite"),),
    origin="file",
)


@dataclass(frozen=True)
class Owned:
    """What the owner has stored; the stranger knows every id of it."""

    concept: Concept
    fact: Fact
    picture: Picture
    job: Job

    @property
    def forged(self) -> Job:
        """The owner's lesson, as if it were the stranger's."""
        return replace(self.job, user_id=STRANGER)


Act = Callable[[Memory, Owned, bytes], object]


# What each method must do for the stranger: raise "unknown", or return this.
def written_whole(memory: Memory) -> None:
    with memory.whole(STRANGER):
        memory.facts.list(STRANGER)


MATRIX: dict[str, tuple[Act, object]] = {
    "concepts.add": (lambda m, o, png: m.concepts.add(STRANGER, "Bo").user_id, STRANGER),
    "concepts.get": (lambda m, o, png: m.concepts.get(STRANGER, o.concept.id), UNKNOWN),
    "concepts.find": (lambda m, o, png: m.concepts.find(STRANGER, "Bo"), UNKNOWN),
    "concepts.in_play": (
        lambda m, o, png: m.concepts.in_play(STRANGER, "draw <Bo>", o.concept.id, 9),
        (),
    ),
    "concepts.of_ids": (lambda m, o, png: m.concepts.of_ids(STRANGER, [o.concept.id]), ()),
    "concepts.names": (lambda m, o, png: m.concepts.names(STRANGER, 9), ()),
    "concepts.count": (lambda m, o, png: m.concepts.count(STRANGER), 0),
    "concepts.list": (lambda m, o, png: m.concepts.list(STRANGER), ()),
    "concepts.update": (
        lambda m, o, png: m.concepts.update(STRANGER, o.concept.id, name="Stolen"),
        UNKNOWN,
    ),
    "concepts.of_other_weights": (
        lambda m, o, png: m.concepts.of_other_weights(STRANGER, "other"),
        (),
    ),
    "concepts.drop_tokens": (
        lambda m, o, png: m.concepts.drop_tokens(STRANGER, o.concept.id),
        None,
    ),
    "jobs.add_afresh": (lambda m, o, png: m.jobs.add_afresh(STRANGER, o.concept.id), UNKNOWN),
    "jobs.add": (lambda m, o, png: m.jobs.add(STRANGER, o.concept.id), UNKNOWN),
    "jobs.get": (lambda m, o, png: m.jobs.get(STRANGER, o.job.id), UNKNOWN),
    "jobs.renew": (lambda m, o, png: m.jobs.renew(o.forged), False),
    "jobs.give_back": (lambda m, o, png: m.jobs.give_back(o.forged), None),
    "jobs.save": (lambda m, o, png: m.jobs.save(o.forged, b"bad", 9), False),
    "jobs.read_saved": (lambda m, o, png: m.jobs.read_saved(o.forged), UNKNOWN),
    "jobs.keep": (lambda m, o, png: m.jobs.keep(o.forged, b"bad", "base", is_last=True), UNKNOWN),
    "jobs.end": (lambda m, o, png: m.jobs.end(o.forged, "failed", "failed"), None),
    "concepts.name_tokens": (
        lambda m, o, png: m.concepts.name_tokens(STRANGER, o.concept.id, "0" * 64, "base"),
        UNKNOWN,
    ),
    "concepts.read_tokens": (
        lambda m, o, png: m.concepts.read_tokens(STRANGER, o.concept.id),
        UNKNOWN,
    ),
    "concepts.attach_photo": (
        lambda m, o, png: m.concepts.attach_photo(STRANGER, o.concept.id, o.picture.id),
        UNKNOWN,
    ),
    "concepts.photos": (lambda m, o, png: m.concepts.photos(STRANGER, o.concept.id), UNKNOWN),
    "facts.add": (
        lambda m, o, png: m.facts.add(
            STRANGER,
            concept_id=o.concept.id,
            attribute="toy",
            value="stolen",
            source="said",
            origin="m",
        ),
        UNKNOWN,
    ),
    "facts.correct": (
        lambda m, o, png: m.facts.correct(STRANGER, o.fact.id, "bad", source="said", origin="m"),
        UNKNOWN,
    ),
    "facts.retire": (lambda m, o, png: m.facts.retire(STRANGER, o.fact.id), UNKNOWN),
    "facts.get": (lambda m, o, png: m.facts.get(STRANGER, o.fact.id), UNKNOWN),
    "facts.list": (lambda m, o, png: m.facts.list(STRANGER, history=True), ()),
    "facts.of_concept": (
        lambda m, o, png: m.facts.of_concept(STRANGER, o.concept.id, history=True),
        (),
    ),
    "facts.newest": (lambda m, o, png: m.facts.newest(STRANGER, [o.concept.id], 9), ()),
    "facts.versions": (lambda m, o, png: m.facts.versions(STRANGER, o.fact.id), UNKNOWN),
    "facts.of_user": (lambda m, o, png: m.facts.of_user(STRANGER, history=True), ()),
    "pictures.add": (
        lambda m, o, png: m.pictures.add(
            STRANGER, png, origin="edited", parent_id=o.picture.id, shows=[o.concept.id]
        ),
        UNKNOWN,
    ),
    "pictures.add_kept": (
        lambda m, o, png: m.pictures.add_kept(
            STRANGER, png, origin="edited", parent_id=o.picture.id, shows=[o.concept.id]
        ),
        UNKNOWN,
    ),
    "pictures.add_upload": (
        lambda m, o, png: m.pictures.add_upload(STRANGER, png, THREAD).user_id,
        STRANGER,
    ),
    "pictures.get": (lambda m, o, png: m.pictures.get(STRANGER, o.picture.id), UNKNOWN),
    "pictures.read": (lambda m, o, png: m.pictures.read(STRANGER, o.picture.id), UNKNOWN),
    "pictures.list": (lambda m, o, png: m.pictures.list(STRANGER, THREAD), ()),
    "pictures.family": (lambda m, o, png: m.pictures.family(STRANGER, o.picture.id), UNKNOWN),
    "pictures.last": (lambda m, o, png: m.pictures.last(STRANGER, THREAD), None),
    "pictures.shown_concepts": (
        lambda m, o, png: m.pictures.shown_concepts(STRANGER, o.picture.id),
        UNKNOWN,
    ),
    "pictures.showing": (lambda m, o, png: m.pictures.showing(STRANGER, o.concept.id), ()),
    "ensure_user": (lambda m, o, png: m.ensure_user(STRANGER), None),
    "whole": (lambda m, o, png: written_whole(m), None),
    "add_learned": (
        lambda m, o, png: m.add_learned(STRANGER, replace(LEARNED, photos=(png,))).user_id,
        STRANGER,
    ),
    "recall": (lambda m, o, png: m.recall(STRANGER, "what is the toy?"), ()),
    "forget_concept": (
        lambda m, o, png: m.forget_concept(STRANGER, o.concept.id, delete_drawings=True),
        UNKNOWN,
    ),
    "forget_fact": (lambda m, o, png: m.forget_fact(STRANGER, o.fact.id), UNKNOWN),
    "forget_thread": (lambda m, o, png: m.forget_thread(STRANGER, THREAD), Receipt()),
    "forget_user": (lambda m, o, png: m.forget_user(STRANGER), Receipt()),
}
NOT_OF_A_USER = {"open", "close", "warm_up", "jobs.lease", "jobs.take_back"}


@pytest.fixture
def owned(memory: Memory, make_png: Callable[..., bytes]) -> Owned:
    concept = memory.concepts.add(OWNER, "Bo", kind="dog")
    picture = memory.pictures.add(
        OWNER, make_png(), origin="drawn", thread_id=THREAD, shows=[concept.id]
    )
    memory.concepts.attach_photo(OWNER, concept.id, picture.id)
    taught(memory, OWNER, concept.id, b"tokens")
    fact = memory.facts.add(
        OWNER,
        concept_id=concept.id,
        attribute="toy",
        value="a red ball",
        source="said",
        origin="m1",
    )
    memory.jobs.add(OWNER, concept.id)
    job = memory.jobs.lease()
    assert job is not None
    memory.jobs.save(job, b"so far", 3)
    return Owned(concept=concept, fact=fact, picture=picture, job=job)


def public_methods(kind: type) -> dict[str, Callable[..., object]]:
    members = inspect.getmembers(kind, callable)
    return {name: f for name, f in members if not name.startswith("_") and inspect.isroutine(f)}


def all_methods(memory: Memory) -> Iterator[tuple[str, Callable[..., object]]]:
    for name, method in public_methods(Memory).items():
        if name not in NOT_OF_A_USER:
            yield name, method
    for part in ("concepts", "facts", "pictures", "jobs"):
        for name, method in public_methods(type(getattr(memory, part))).items():
            if f"{part}.{name}" not in NOT_OF_A_USER:
                yield f"{part}.{name}", method


def everything(memory: Memory, owned: Owned) -> tuple[object, ...]:
    concept_id, picture_id = owned.concept.id, owned.picture.id
    return (
        memory.concepts.list(OWNER),
        memory.concepts.photos(OWNER, concept_id),
        memory.concepts.read_tokens(OWNER, concept_id),
        memory.facts.list(OWNER, history=True),
        memory.pictures.list(OWNER),
        memory.pictures.read(OWNER, picture_id),
        memory.pictures.shown_concepts(OWNER, picture_id),
        memory.recall(OWNER, "what is the toy?", [concept_id]),
        memory.jobs.get(OWNER, owned.job.id),
        memory.jobs.read_saved(owned.job),
    )


def test_the_matrix_names_every_method(memory: Memory) -> None:
    assert {name for name, _ in all_methods(memory)} == MATRIX.keys()


def test_every_method_names_its_user_first(memory: Memory) -> None:
    for name, method in all_methods(memory):
        _, first, *_ = inspect.signature(method).parameters
        # A lesson tells whose it is.
        assert first in ("user_id", "job"), name


@pytest.mark.parametrize("name", MATRIX)
def test_another_user_sees_and_changes_nothing(
    memory: Memory, owned: Owned, make_png: Callable[..., bytes], name: str
) -> None:
    act, expected = MATRIX[name]
    before = everything(memory, owned)
    if expected is UNKNOWN:
        with pytest.raises(UNKNOWN):
            act(memory, owned, make_png())
    else:
        assert act(memory, owned, make_png()) == expected
    assert everything(memory, owned) == before


def test_recall_refuses_another_users_concept(memory: Memory, owned: Owned) -> None:
    with pytest.raises(UnknownConcept):
        memory.recall(STRANGER, "what is the toy?", [owned.concept.id])


def test_what_one_has_is_there_after_the_other_is_forgotten_and_a_restart(
    memory: Memory,
    owned: Owned,
    places: TestPlaces,
    encoder: Encoder,
    make_png: Callable[..., bytes],
) -> None:
    memory.pictures.add(STRANGER, make_png(), origin="uploaded")
    before = everything(memory, owned)
    assert memory.forget_user(STRANGER).photos == 1
    memory.close()
    again = Memory.open(places.folder, encoder, **places.urls)
    assert everything(again, owned) == before
    again.close()

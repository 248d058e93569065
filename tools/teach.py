"""Make a concept from a few photos; learning goes on in the background.

Knows what is stored before learning starts. Does not know how learning works.
"""

from collections.abc import Sequence
from typing import Final

from omnipersona.memory.records import Concept
from omnipersona.store.errors import UnknownConcept
from omnipersona.tools.outcome import ToolDeps, ToolOutcome, ToolRetry, counted, tool_border

NUM_PHOTOS_ADVICE: Final = "one to ten photos"
PERSON_NOUNS: Final = frozenset(
    {"person", "human", "man", "woman", "boy", "girl", "child", "kid", "baby", "toddler"}
    | {"mother", "father", "mum", "mom", "dad", "sister", "brother", "son", "daughter"}
    | {"wife", "husband", "partner", "uncle", "aunt", "cousin", "friend", "neighbour"}
    | {"grandmother", "grandfather", "grandma", "grandpa", "colleague", "teacher", "myself"}
)


def is_person(kind: str) -> bool:
    """Tell whether a noun stands for a human being, whose consent is needed."""
    return not PERSON_NOUNS.isdisjoint(kind.casefold().split())


def check_consent(name: str, kind: str | None, consent: bool) -> None:
    """Raise `ToolRetry` where somebody is a person and did not agree."""
    if kind and is_person(kind) and not consent:
        raise ToolRetry(f"<{name.strip('<>')}> is a {kind}; learning a person needs consent=True.")


def teach_concept(
    deps: ToolDeps,
    user_id: str,
    name: str,
    kind: str | None,
    facts: Sequence[tuple[str, str]],
    picture_ids: Sequence[str],
    *,
    consent: bool = False,
    origin: str = "",
) -> ToolOutcome:
    """Store a concept with photos and facts, and queue its learning.

    A known name gets the new photos and facts added and is learned again.

    Args:
        deps: The services.
        user_id: Whose concept.
        name: With or without brackets.
        kind: Its noun, or None.
        facts: Pairs of attribute and value, as the user said them.
        picture_ids: Stored photos of it.
        consent: The person agrees; needed where `kind` is a person.
        origin: Id of the message that teaches it.
    Returns: `details` with concept_id, job_id and num_photos.

    Raises:
        ToolRetry: there is no photo, or consent is missing.
        ToolFailed: the name cannot be used, or the memory failed.
    """
    check_consent(name, kind, consent)
    with tool_border():
        for picture_id in picture_ids:
            deps.memory.pictures.get(user_id, picture_id)
        with deps.memory.whole(user_id):
            concept = _find_or_add(deps, user_id, name, kind, consent)
            for picture_id in picture_ids:
                deps.memory.concepts.attach_photo(user_id, concept.id, picture_id)
            num_photos = len(deps.memory.concepts.photos(user_id, concept.id))
            if num_photos == 0:
                raise ToolRetry(f"<{concept.name}> has no photo yet; give {NUM_PHOTOS_ADVICE}.")
            for attribute, value in facts:
                deps.memory.facts.add(
                    user_id,
                    concept_id=concept.id,
                    attribute=attribute,
                    value=value,
                    source="said",
                    origin=origin,
                )
            # Whatever cuts the program off from here on, the lesson is given.
            job = deps.memory.jobs.add(user_id, concept.id)
    status = deps.jobs.take(job)
    return ToolOutcome(
        text=_summary(concept, facts, num_photos),
        details={
            "concept_id": concept.id,
            "concept": concept.name,
            "kind": concept.kind,
            "facts": [f"{attribute}: {value}" for attribute, value in facts],
            "num_photos": num_photos,
            "job_id": status.job_id,
        },
    )


def _find_or_add(
    deps: ToolDeps, user_id: str, name: str, kind: str | None, consent: bool
) -> Concept:
    try:
        known = deps.memory.concepts.find(user_id, name)
    except UnknownConcept:
        return deps.memory.concepts.add(user_id, name, kind=kind, consent=consent)
    return deps.memory.concepts.update(user_id, known.id, kind=kind, consent=consent or None)


def _summary(concept: Concept, facts: Sequence[tuple[str, str]], num_photos: int) -> str:
    what = f" ({concept.kind})" if concept.kind else ""
    known = "; ".join(f"{attribute}: {value}" for attribute, value in facts)
    noted = f" I noted {known}." if known else ""
    return (
        f"I am learning <{concept.name}>{what} from {counted(num_photos, 'photo')}.{noted} "
        "You can go on talking to me meanwhile."
    )

"""List, show, correct and forget what is known.

Knows concepts and facts as people speak of them. Writes only what it is given: whether the user
said it is the caller's promise.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

from omnipersona.memory.records import Concept, Fact
from omnipersona.store.errors import UnknownFact
from omnipersona.store.text import compare_key
from omnipersona.tools.outcome import ToolDeps, ToolOutcome, counted, tool_border

NOTE: Final = "note"
"""Attribute of a fact that is a whole sentence of the user's."""

IMPORTED: Final = "import"
"""Origin of a fact that came with a concept's file."""

FactSource = Literal["you said", "from a file"]

MAX_EVIDENCE: Final = 6
_MOST_SAID: Final = 1000  # facts of one attribute that one correction takes back


@dataclass(frozen=True, kw_only=True, slots=True)
class ConceptBrief:
    """A concept as far as every turn needs it.

    Attributes:
        concept_id: Its identity.
        name: As spelled.
        kind: Its noun, or "".
        has_tokens: It can be used in requests to the present model.
        learning: How far a running job is, or "".
    """

    concept_id: str
    name: str
    kind: str
    has_tokens: bool
    learning: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ConceptView(ConceptBrief):
    """A concept as a conversation sees it.

    Attributes:
        num_photos: Photos it was learned from.
        facts: What is known, e.g. "toy: a red ball".
    """

    num_photos: int
    facts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownFact:
    """A current fact; `concept_id` "" is the user, `when` a date, `source` whose word it is."""

    fact_id: str
    concept_id: str
    attribute: str
    value: str
    when: str
    source: FactSource


def view_concepts(deps: ToolDeps, user_id: str) -> tuple[ConceptView, ...]:
    """Return the user's concepts, oldest first."""
    with tool_border():
        return tuple(_view(deps, user_id, c) for c in deps.memory.concepts.list(user_id))


def concepts_in_play(
    deps: ToolDeps, user_id: str, text: str, spoken_of: str, limit: int
) -> tuple[ConceptBrief, ...]:
    """Return the concepts that a text may mean; see `ConceptStore.in_play`."""
    with tool_border():
        found = deps.memory.concepts.in_play(user_id, text, spoken_of, limit)
    return tuple(_brief(deps, user_id, concept) for concept in found)


def brief_concepts(
    deps: ToolDeps, user_id: str, concept_ids: Sequence[str]
) -> tuple[ConceptBrief, ...]:
    """Return those of the concepts that the user has, oldest first."""
    with tool_border():
        found = deps.memory.concepts.of_ids(user_id, concept_ids)
    return tuple(_brief(deps, user_id, concept) for concept in found)


def known_names(deps: ToolDeps, user_id: str, limit: int) -> tuple[tuple[str, ...], int]:
    """Return the names of the user's oldest concepts, and how many concepts there are."""
    with tool_border():
        concepts = deps.memory.concepts
        return concepts.names(user_id, limit), concepts.count(user_id)


def view_concept(deps: ToolDeps, user_id: str, concept_id: str) -> ConceptView:
    """Return one concept; raise `ToolFailed` if the user has none of this id."""
    with tool_border():
        return _view(deps, user_id, deps.memory.concepts.get(user_id, concept_id))


def find_concept(deps: ToolDeps, user_id: str, name: str) -> ConceptView:
    """Return the concept of this name; raise `ToolFailed` with a suggestion if there is none."""
    with tool_border():
        return _view(deps, user_id, deps.memory.concepts.find(user_id, name))


def list_known(deps: ToolDeps, user_id: str) -> ToolOutcome:
    """Say which concepts and facts of the user are known."""
    views = view_concepts(deps, user_id)
    lines = [_line(view) for view in views]
    own = current_facts(deps, user_id, "")
    if own:
        lines.append("You: " + "; ".join(f"{f.attribute}: {f.value}" for f in own) + ".")
    if not lines:
        lines = ["I know nobody yet. Send me a few photos and say who it is."]
    return ToolOutcome(text="\n".join(lines), details={"concepts": [v.name for v in views]})


def show_concept(deps: ToolDeps, user_id: str, concept_id: str) -> ToolOutcome:
    """Say what is known of one concept; raise `ToolFailed` if there is none of this id."""
    view = view_concept(deps, user_id, concept_id)
    return ToolOutcome(text=_line(view), details={"concept_id": view.concept_id})


def find_facts(
    deps: ToolDeps,
    user_id: str,
    question: str,
    concept_ids: Sequence[str],
    attribute: str | None = None,
) -> tuple[KnownFact, ...]:
    """Return current facts that may answer a question, the best first.

    Args:
        deps: The services.
        user_id: Whose facts.
        question: In plain words.
        concept_ids: What it is about; none means the user.
        attribute: What it asks for, if it says so; facts of this very name need no search.
    """
    with tool_border():
        about: set[str | None] = set(concept_ids) or {None}
        newest = deps.memory.facts.newest
        if attribute is not None:
            named = newest(user_id, concept_ids, MAX_EVIDENCE, attribute=attribute)
            if named:
                return tuple(map(_known, reversed(named)))
        ranked = deps.memory.recall(user_id, question, tuple(concept_ids), limit=4 * MAX_EVIDENCE)
        facts = [hit.fact for hit in ranked if hit.fact.concept_id in about]
        if not facts:
            # Too few words in common to rank: the model may still see what a person would.
            facts = list(newest(user_id, concept_ids, MAX_EVIDENCE))
        return tuple(_known(fact) for fact in facts[:MAX_EVIDENCE])


def current_facts(deps: ToolDeps, user_id: str, concept_id: str) -> tuple[KnownFact, ...]:
    """Return the current facts about a concept, or about the user where the id is ""."""
    with tool_border():
        store = deps.memory.facts
        found = store.of_concept(user_id, concept_id) if concept_id else store.of_user(user_id)
        return tuple(_known(fact) for fact in found)


def are_current(deps: ToolDeps, user_id: str, fact_ids: Sequence[str]) -> bool:
    """Tell whether none of the facts was retired or forgotten."""
    with tool_border():
        try:
            facts = [deps.memory.facts.get(user_id, fact_id) for fact_id in fact_ids]
        except UnknownFact:
            return False
        return all(fact.retired_at is None for fact in facts)


def remember_fact(
    deps: ToolDeps, user_id: str, concept_id: str, attribute: str, value: str, origin: str = ""
) -> KnownFact:
    """Store what the user said of a concept, or of themselves where the id is "".

    Raises: ToolFailed: the concept is not known, or the memory refused.
    """
    with tool_border():
        return _known(
            deps.memory.facts.add(
                user_id,
                concept_id=concept_id or None,
                attribute=attribute,
                value=value,
                source="said",
                origin=origin,
            )
        )


def correct_fact(
    deps: ToolDeps, user_id: str, concept_id: str, attribute: str, value: str, origin: str = ""
) -> tuple[KnownFact, ...]:
    """Replace every current value of an attribute by `value`.

    Returns: The facts that were retired; none if the attribute was not known.
    Raises: ToolFailed: the concept is not known, or the memory refused.
    """
    with tool_border():
        newest = deps.memory.facts.newest
        about = [concept_id] if concept_id else []
        found = newest(user_id, about, _MOST_SAID, attribute=attribute)
    said = [_known(fact) for fact in reversed(found)]
    old = [fact for fact in said if compare_key(fact.value) != compare_key(value)]
    is_known = len(old) < len(said)
    with tool_border():
        if old and not is_known:
            deps.memory.facts.correct(user_id, old[-1].fact_id, value, source="said", origin=origin)
        for fact in old if is_known else old[:-1]:
            deps.memory.facts.retire(user_id, fact.fact_id)
    if not old:
        remember_fact(deps, user_id, concept_id, attribute, value, origin)
    return tuple(old)


def forget_fact(deps: ToolDeps, user_id: str, fact_id: str) -> str:
    """Delete one fact with its history; tokens that may hold it are learned anew without it.

    Returns: What follows of it, for people, or "".
    Raises: ToolFailed: there is no fact of this id.
    """
    with tool_border():
        receipt = deps.memory.forget_fact(user_id, fact_id)
        for sha256 in receipt.sha256s:
            deps.model.release(sha256)
        if not receipt.lesson_id:
            return ""
        status = deps.jobs.take(deps.memory.jobs.get(user_id, receipt.lesson_id))
        return f"I am learning <{status.concept_name}> anew without it."


def forget_concept(
    deps: ToolDeps, user_id: str, concept_id: str, *, drawings: bool = False
) -> ToolOutcome:
    """Delete a concept with all that belongs to it, and stop its learning.

    Args:
        deps: The services.
        user_id: Whose concept.
        concept_id: Which.
        drawings: Delete the pictures drawn of it too.
    Returns: A receipt in words, and in `details` with counts and hashes.
    Raises: ToolFailed: the user has no such concept.
    """
    with tool_border():
        name = deps.memory.concepts.get(user_id, concept_id).name
        deps.jobs.forget_concept(user_id, concept_id)
        receipt = deps.memory.forget_concept(user_id, concept_id, delete_drawings=drawings)
        for sha256 in receipt.sha256s:
            deps.model.release(sha256)
    return ToolOutcome(
        text=(
            f"Forgotten <{name}>: {counted(receipt.facts, 'fact')}, "
            f"{counted(receipt.photos, 'photo')}, {counted(receipt.drawings, 'drawing')} and the "
            "learned tokens are deleted."
        ),
        details={
            "concept_id": concept_id,
            "concept": name,
            "facts": receipt.facts,
            "photos": receipt.photos,
            "drawings": receipt.drawings,
            "sha256s": list(receipt.sha256s),
        },
    )


def _brief(deps: ToolDeps, user_id: str, concept: Concept) -> ConceptBrief:
    fingerprint = deps.model.describe().fingerprint
    return ConceptBrief(
        concept_id=concept.id,
        name=concept.name,
        kind=concept.kind or "",
        has_tokens=concept.tokens_sha256 is not None and concept.base_fingerprint == fingerprint,
        learning=deps.jobs.progress(user_id, concept.id),
    )


def _view(deps: ToolDeps, user_id: str, concept: Concept) -> ConceptView:
    facts = deps.memory.facts.of_concept(user_id, concept.id)
    return ConceptView(
        **asdict(_brief(deps, user_id, concept)),
        num_photos=len(deps.memory.concepts.photos(user_id, concept.id)),
        facts=tuple(f.value if f.attribute == NOTE else f"{f.attribute}: {f.value}" for f in facts),
    )


def _line(view: ConceptView) -> str:
    parts = [view.kind] if view.kind else []
    parts += view.facts
    parts.append(counted(view.num_photos, "photo"))
    if view.learning:
        parts.append(f"being learned, {view.learning}")
    elif not view.has_tokens:
        parts.append("not learned yet")
    return f"<{view.name}>: {'; '.join(parts)}."


def _known(fact: Fact) -> KnownFact:
    return KnownFact(
        fact_id=fact.id,
        concept_id=fact.concept_id or "",
        attribute=fact.attribute,
        value=fact.value,
        when=fact.created_at[:10],
        source="from a file" if fact.origin == IMPORTED else "you said",
    )

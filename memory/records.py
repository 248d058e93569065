"""What the memory keeps, as plain records; knows nothing of how or where it is kept.

Ids are 32 hex digits; times are UTC in ISO 8601, e.g. `2026-01-31T12:00:00.000000+00:00`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ConceptState = Literal["new", "learning", "ready", "failed"]
FactSource = Literal["said", "photo", "tokens"]
PictureOrigin = Literal["uploaded", "drawn", "edited", "sample"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Concept:
    """A person, pet or thing that a user has named.

    Attributes:
        id: Its identity; survives a change of name.
        user_id: Whose it is.
        name: As the user spells it, without `<` and `>`.
        kind: Its noun ("dog"), or None if the user did not say.
        state: How far its tokens are.
        tokens_sha256: Hash of its token file, None before the first learning.
        base_fingerprint: The base weights that the tokens belong to.
        learned_at: Facts that are older may be in the tokens; None before the first learning.
        consent: The user may have this person or thing learned.
        created_at: When it was first named.
        updated_at: When any field here last changed.
    """

    id: str
    user_id: str
    name: str
    kind: str | None
    state: ConceptState
    tokens_sha256: str | None
    base_fingerprint: str | None
    learned_at: str | None
    consent: bool
    created_at: str
    updated_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One thing known, with where it came from.

    Attributes:
        id: Its identity.
        user_id: Whose memory holds it.
        concept_id: What it is about; None is the user.
        attribute: E.g. `toy`.
        value: E.g. `a red ball`.
        source: Said by the user, read from a photo, or recalled from learned tokens.
        origin: Id of the message or picture it came from.
        created_at: When it was stored.
        replaces: Id of the fact that it corrects.
        retired_at: When it stopped being current; None is current.
    """

    id: str
    user_id: str
    concept_id: str | None
    attribute: str
    value: str
    source: FactSource
    origin: str
    created_at: str
    replaces: str | None
    retired_at: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A stored picture; its bytes are a PNG file under `sha256`.

    Attributes:
        id: Its identity; one file may be several pictures.
        user_id: Whose it is.
        sha256: Hash of the PNG bytes.
        width: Pixels.
        height: Pixels.
        origin: How it came to be.
        thread_id: Conversation it belongs to, if any.
        turn_id: Turn that it came from, if any.
        parent_id: Picture that it was edited from, if any.
        details: JSON values worth keeping, e.g. seed and prompts.
        created_at: When it was stored.
    """

    id: str
    user_id: str
    sha256: str
    width: int
    height: int
    origin: PictureOrigin
    thread_id: str | None
    turn_id: str | None
    parent_id: str | None
    details: Mapping[str, Any]
    created_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RankedFact:
    """A recalled fact and how near it lies to the question (cosine, 1 is the same)."""

    fact: Fact
    score: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Learned:
    """A concept that was learned elsewhere, to be kept whole.

    Attributes:
        name: As the user spells it.
        kind: Its noun, or None.
        consent: The user may have this person or thing learned.
        tokens: The safetensors file.
        base_fingerprint: The base weights that the tokens belong to.
        photos: PNG bytes, from `image_sanitizer.clean_picture`.
        facts: Pairs of attribute and value.
        origin: What the facts came with.
    """

    name: str
    kind: str | None
    consent: bool
    tokens: bytes
    base_fingerprint: str
    photos: tuple[bytes, ...]
    facts: tuple[tuple[str, str], ...]
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What was forgotten.

    Attributes:
        concepts: Number of concept records.
        facts: Number of facts, retired ones included.
        photos: Number of uploaded photos.
        drawings: Number of drawn, edited and sample pictures.
        messages: Number of messages in which words were struck out.
        lesson_id: The lesson that learns a concept anew without what was forgotten, or "".
        sha256s: Hashes of the files that were removed, sorted.
    """

    concepts: int = 0
    facts: int = 0
    photos: int = 0
    drawings: int = 0
    messages: int = 0
    lesson_id: str = ""
    sha256s: tuple[str, ...] = ()

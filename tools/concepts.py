"""Concepts as files: out of the memory, and in again.

Knows what of a concept goes into its file. The model judges whether tokens fit; nothing that could
run code is ever read.
"""

from collections.abc import Sequence
from typing import Final

from omnipersona.memory.records import Learned
from omnipersona.model.concepts.file_format import check_concept
from omnipersona.model.contract import ConceptFile
from omnipersona.store.image_sanitizer import clean_picture
from omnipersona.tools.bundle import (
    MAX_BYTES,
    MAX_PHOTOS,
    Bundle,
    is_bundle,
    pack_bundle,
    unpack_bundle,
)
from omnipersona.tools.concept_service import IMPORTED, ConceptView, view_concept
from omnipersona.tools.outcome import ToolDeps, ToolFailed, tool_border
from omnipersona.tools.teach import check_consent

_PHOTO_SIDE: Final = 512


def export_concept(deps: ToolDeps, user_id: str, name: str) -> bytes:
    """Return a concept's file: tokens, facts and small photos.

    Raises: ToolFailed: the user has no such concept, or it is not learned yet.
    """
    with tool_border():
        memory = deps.memory
        concept = memory.concepts.find(user_id, name)
        photos = memory.concepts.photos(user_id, concept.id)[:MAX_PHOTOS]
        facts = memory.facts.of_concept(user_id, concept.id)
        bundle = Bundle(
            name=concept.name,
            kind=concept.kind or "",
            tokens=memory.concepts.read_tokens(user_id, concept.id),
            facts=tuple((fact.attribute, fact.value) for fact in facts),
            photos=_small([memory.pictures.read(user_id, photo.id) for photo in photos]),
        )
    return pack_bundle(bundle)


def import_concept(
    deps: ToolDeps,
    user_id: str,
    name: str,
    data: bytes,
    kind: str | None = None,
    *,
    consent: bool = False,
) -> ConceptView:
    """Add a concept from a file.

    Args:
        deps: The services.
        user_id: Whose concept it becomes.
        name: What it is to be called.
        data: A file of `export_concept`, or a bare token file.
        kind: Its noun; None takes the file's.
        consent: The person agrees; needed where it is one.

    Raises:
        ToolFailed: the file is damaged, too large or of another model, or the name is taken.
        ToolRetry: consent is missing.
    """
    if len(data) > MAX_BYTES:
        raise ToolFailed(
            f"The file has {len(data)} bytes; a concept has at most {MAX_BYTES}. "
            "Choose a file that was exported here."
        )
    bundle = unpack_bundle(data) if is_bundle(data) else Bundle(name=name, kind="", tokens=data)
    noun = kind or bundle.kind or None
    check_consent(name, noun, consent)
    with tool_border():
        # Everything is looked at before anything is kept.
        check_concept(ConceptFile.of(bundle.tokens), deps.model.describe())
        learned = Learned(
            name=name,
            kind=noun,
            consent=consent,
            tokens=bundle.tokens,
            base_fingerprint=deps.model.describe().fingerprint,
            photos=_small(bundle.photos),
            facts=bundle.facts,
            origin=IMPORTED,
        )
        concept = deps.memory.add_learned(user_id, learned)
    return view_concept(deps, user_id, concept.id)


def _small(pictures: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(clean_picture(picture, max_side=_PHOTO_SIDE).png for picture in pictures)

"""Names and ids on one side, slots and token files on the other.

Knows how a request names its concepts: `request.concepts[i]` fills slot `<ci>`. Does not know what
the request asks.
"""

import re
from collections.abc import Sequence

from omnipersona.model.contract import ConceptFile, slot
from omnipersona.store.errors import InvalidName
from omnipersona.store.names import clean_name
from omnipersona.store.text import compare_key
from omnipersona.tools.outcome import ToolDeps, ToolFailed

_BRACKETED = re.compile(r"<([^<>]*)>")


def is_name(text: str) -> bool:
    """Tell whether `text` may be the name of a concept."""
    try:
        clean_name(text)
    except InvalidName:
        return False
    return True


def write_slots(text: str, names: Sequence[str]) -> str:
    """Replace `<name>` by its slot and strip every other angle bracket.

    Args:
        text: Words that may name concepts in brackets; slots typed by hand lose their brackets.
        names: `names[i]` becomes `<ci>`.
    """
    keys = [compare_key(name) for name in names]
    pieces = []
    for index, piece in enumerate(_BRACKETED.split(text)):
        if index % 2 == 1 and compare_key(piece) in keys:
            pieces.append(slot(keys.index(compare_key(piece))))
        else:
            pieces.append(re.sub("[<>]", "", piece))
    return "".join(pieces)


def concept_files(
    deps: ToolDeps, user_id: str, concept_ids: Sequence[str]
) -> tuple[ConceptFile, ...]:
    """Return the learned tokens of concepts, in order.

    Raises:
        ToolFailed: one has none yet, or only of other weights.
        StoreError: the user has no such concept.
    """
    return tuple(_concept_file(deps, user_id, concept_id) for concept_id in concept_ids)


def _concept_file(deps: ToolDeps, user_id: str, concept_id: str) -> ConceptFile:
    concept = deps.memory.concepts.get(user_id, concept_id)
    info = deps.model.describe()
    if concept.tokens_sha256 is None or concept.base_fingerprint != info.fingerprint:
        progress = deps.jobs.progress(user_id, concept_id)
        if progress:
            raise ToolFailed(f"<{concept.name}> is still being learned: {progress}.")
        if concept.tokens_sha256 is None:
            raise ToolFailed(f"<{concept.name}> is not learned yet; send a few photos to teach me.")
        raise ToolFailed(
            f"<{concept.name}> was learned with other model weights than those of {info.name}; "
            "send a photo to have it learned again."
        )
    data = deps.memory.concepts.read_tokens(user_id, concept_id)
    return ConceptFile.of(data)

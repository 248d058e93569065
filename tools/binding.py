"""Ids of concepts on one side, token files on the other."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from omnipersona.model.contract import ConceptFile
from omnipersona.model.errors import MissingFiles
from omnipersona.tools.outcome import ToolDeps, ToolFailed

T = TypeVar("T")


def with_concepts(
    deps: ToolDeps,
    user_id: str,
    concept_ids: Sequence[str],
    call: Callable[[tuple[ConceptFile, ...]], T],
) -> T:
    """Call with the learned tokens of concepts, in order.

    Tokens are named by their digest alone, and read and sent only where the model lacks them.

    Raises:
        ToolFailed: A concept has no tokens yet, or only of other weights.
        StoreError: The user has no such concept.
    """
    named = tuple(ConceptFile(sha256=_digest(deps, user_id, one)) for one in concept_ids)
    try:
        return call(named)
    except MissingFiles:
        read = deps.memory.concepts.read_tokens
        return call(tuple(ConceptFile.of(read(user_id, one)) for one in concept_ids))


def _digest(deps: ToolDeps, user_id: str, concept_id: str) -> str:
    concept = deps.memory.concepts.get(user_id, concept_id)
    info = deps.model.describe()
    if concept.tokens_sha256 is not None and concept.base_fingerprint == info.fingerprint:
        return concept.tokens_sha256
    progress = deps.jobs.progress(user_id, concept_id)
    if progress:
        raise ToolFailed(f"<{concept.name}> is still being learned: {progress}.")
    if concept.tokens_sha256 is None:
        raise ToolFailed(f"<{concept.name}> is not learned yet; send a few photos to teach me.")
    raise ToolFailed(
        f"<{concept.name}> was learned with other model weights than those of {info.name}; "
        "send a photo to have it learned again."
    )

"""Ids of concepts on one side, token files on the other."""

from collections.abc import Sequence

from omnipersona.model.contract import ConceptFile
from omnipersona.tools.outcome import ToolDeps, ToolFailed


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

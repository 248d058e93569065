"""Concepts as files: out of the memory, and in again.

Knows one safetensors file per concept. The model judges whether a file fits; nothing that could
run code is ever read.
"""

from typing import Final

from omnipersona.model.contract import ConceptFile
from omnipersona.tools.outcome import ToolDeps, ToolFailed, tool_border
from omnipersona.tools.recall import ConceptView, view_concept

MAX_FILE_BYTES: Final = 16_000_000


def export_concept(deps: ToolDeps, user_id: str, name: str) -> bytes:
    """Return the learned tokens of a concept.

    Raises: ToolFailed: the user has no such concept, or it is not learned yet.
    """
    with tool_border():
        concept = deps.memory.concepts.find(user_id, name)
        return deps.memory.concepts.read_tokens(user_id, concept.id)


def import_concept(
    deps: ToolDeps, user_id: str, name: str, data: bytes, kind: str | None = None
) -> ConceptView:
    """Add a concept from a token file.

    Args:
        deps: The services.
        user_id: Whose concept it becomes.
        name: What it is to be called.
        data: One safetensors file.
        kind: Its noun, or None.
    Raises: ToolFailed: the file is damaged, too large or of another model, or the name is taken.
    """
    if len(data) > MAX_FILE_BYTES:
        raise ToolFailed(
            f"The file has {len(data)} bytes; a concept has at most {MAX_FILE_BYTES}. "
            "Choose a file that was exported here."
        )
    with tool_border():
        deps.model.check_concept(ConceptFile.of(data))
        concept = deps.memory.concepts.add(user_id, name, kind=kind)
        fingerprint = deps.model.describe().fingerprint
        deps.memory.concepts.save_tokens(user_id, concept.id, data, fingerprint)
    return view_concept(deps, user_id, concept.id)

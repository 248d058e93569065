"""Answer a question about pictures and known concepts.

Knows how a question becomes a request of the understanding expert. Makes and stores nothing.
"""

import threading
from collections.abc import Callable, Sequence

from omnipersona.model.contract import AnswerRequest
from omnipersona.tools.binding import concept_files
from omnipersona.tools.outcome import ToolDeps, ToolOutcome, tool_border


def answer_question(
    deps: ToolDeps,
    user_id: str,
    question: str,
    picture_ids: Sequence[str] = (),
    concept_ids: Sequence[str] = (),
    *,
    on_text: Callable[[str], None] | None = None,
    cancel: threading.Event | None = None,
) -> ToolOutcome:
    """Ask the understanding expert.

    Args:
        deps: The services.
        user_id: Whose pictures and concepts.
        question: Text with concept slots.
        picture_ids: Pictures in the order the question refers to them.
        concept_ids: `concept_ids[i]` fills slot `<ci>`.
        on_text: Called with each piece of the answer.
        cancel: Stops the answer.
    Returns: The answer, with slots.
    Raises: ToolFailed: a concept is not learned, or model or memory failed.
    """
    with tool_border():
        request = AnswerRequest(
            question=question,
            images=tuple(deps.memory.pictures.read(user_id, i) for i in picture_ids),
            concepts=concept_files(deps, user_id, concept_ids),
        )
        pieces = []
        for piece in deps.model.answer(request, cancel):
            pieces.append(piece)
            if on_text is not None:
                on_text(piece)
    return ToolOutcome(
        text="".join(pieces).strip(),
        details={"concepts": [file.sha256 for file in request.concepts]},
    )

"""Answer a question about pictures and known concepts.

Knows how a question becomes a request of the understanding expert. Makes and stores nothing.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from omnipersona.model.contract import AnswerRequest
from omnipersona.model.thinking import ThoughtSplitter
from omnipersona.tools.binding import concept_files
from omnipersona.tools.outcome import ToolDeps, ToolOutcome, tool_border


def answer_question(
    deps: ToolDeps,
    user_id: str,
    question: str,
    picture_ids: Sequence[str] = (),
    concept_ids: Sequence[str] = (),
    *,
    think: bool = False,
    on_text: Callable[[str], None] | None = None,
    on_thought: Callable[[str], None] | None = None,
    cancel: threading.Event | None = None,
) -> ToolOutcome:
    """Ask the understanding expert.

    Args:
        deps: The services.
        user_id: Whose pictures and concepts.
        question: Text with concept slots.
        picture_ids: Pictures in the order the question refers to them.
        concept_ids: `concept_ids[i]` fills slot `<ci>`.
        think: Think in words first.
        on_text: Called with each piece of the answer.
        on_thought: Called with each piece of what is thought.
        cancel: Stops the answer.
    Returns: The answer, with slots; what was thought is in its details.
    Raises: ToolFailed: a concept is not learned, or model or memory failed.
    """
    with tool_border():
        request = AnswerRequest(
            question=question,
            images=tuple(deps.memory.pictures.read(user_id, i) for i in picture_ids),
            concepts=concept_files(deps, user_id, concept_ids),
            think=think,
            tenant=user_id,
        )
        splitter, thought, text = ThoughtSplitter(), "", ""
        for piece in deps.model.answer(request, cancel):
            more_thought, more_text = splitter.push(piece)
            more_text = more_text if text else more_text.lstrip()
            thought, text = thought + more_thought, text + more_text
            if on_thought is not None and more_thought:
                on_thought(more_thought)
            if on_text is not None and more_text:
                on_text(more_text)
        text += splitter.rest()
    details: dict[str, Any] = {"concepts": [file.sha256 for file in request.concepts]}
    if thought:
        details["thought"] = thought.strip()
    return ToolOutcome(text=text.strip(), details=details)

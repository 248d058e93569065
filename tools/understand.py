"""Answer a question about pictures and known concepts.

Knows how a question becomes a request of the understanding expert. Makes and stores nothing.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from omnipersona.model.contract import AnswerRequest, ConceptFile
from omnipersona.model.errors import ForeignPicture
from omnipersona.model.slotted_text import ConceptRef, Slots, SlottedText
from omnipersona.model.thinking import ThoughtSplitter
from omnipersona.tools.binding import with_concepts
from omnipersona.tools.outcome import ToolDeps, ToolOutcome, tool_border


def answer_question(
    deps: ToolDeps,
    user_id: str,
    question: SlottedText,
    picture_ids: Sequence[str] = (),
    about: Sequence[ConceptRef] = (),
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
        question: What is asked.
        picture_ids: Pictures in the order the question refers to them.
        about: Whom it means besides those it names.
        think: Think in words first.
        on_text: Called with each piece of the answer.
        on_thought: Called with each piece of what is thought.
        cancel: Stops the answer.
    Returns: The answer, names as spelled; what was thought is in its details. A picture that the
        model cannot read is told in words.
    Raises: ToolFailed: a concept is not learned, or model or memory failed.
    """
    slots = Slots.of(question, also=about)
    names, splitter, thought, text = _SlotStream(slots), ThoughtSplitter(), "", ""

    def ask(files: tuple[ConceptFile, ...]) -> tuple[ConceptFile, ...]:
        nonlocal thought, text
        request = AnswerRequest(
            question=slots.write(question),
            images=images,
            concepts=files,
            think=think,
            tenant=user_id,
        )
        for event in deps.model.answer(request, cancel):
            more_thought, more_text = splitter.push(event.text)
            more_text = names.push(more_text if text else more_text.lstrip())
            thought, text = thought + more_thought, text + more_text
            if on_thought is not None and more_thought:
                on_thought(more_thought)
            if on_text is not None and more_text:
                on_text(more_text)
        return files

    with tool_border():
        images = tuple(deps.memory.pictures.read(user_id, i) for i in picture_ids)
        digests = []
        try:
            files = with_concepts(deps, user_id, [one.id for one in slots.concepts], ask)
            digests = [file.sha256 for file in files]
            text += names.push(splitter.rest()) + names.rest()
        except ForeignPicture as error:
            text = str(error)
    details: dict[str, Any] = {"concepts": digests}
    if thought:
        details["thought"] = thought.strip()
    return ToolOutcome(text=text.strip(), details=details)


class _SlotStream:
    """Puts names into a stream whose pieces may cut a slot in two."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._held = ""

    def push(self, piece: str) -> str:
        """Take a piece and return what can be shown now."""
        self._held += piece
        start = self._held.rfind("<")
        is_open = start >= 0 and ">" not in self._held[start:] and len(self._held) - start < 4
        end = start if is_open else len(self._held)
        ready, self._held = self._held[:end], self._held[end:]
        return self._slots.read(ready).spelled

    def rest(self) -> str:
        """Return what was held back."""
        return self._held

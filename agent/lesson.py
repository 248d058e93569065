"""A lesson without a conversation: photos, name, kind and facts in one call.

Knows what the command line gives. The model reads the facts out of the user's sentences, as it
does in a conversation.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from omnipersona.agent.context import Context
from omnipersona.agent.nodes.stating import read_statements
from omnipersona.model.slotted_text import ConceptRef
from omnipersona.store.image_sanitizer import clean_picture
from omnipersona.store.names import check_user_id, clean_name
from omnipersona.store.text import clean_text
from omnipersona.tools.concept_service import NOTE
from omnipersona.tools.jobs import LearnStatus
from omnipersona.tools.naming import read_bracketed
from omnipersona.tools.outcome import ToolDeps
from omnipersona.tools.teach import teach_concept


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """What is taught.

    Attributes:
        user_id: Whose concept.
        name: With or without brackets.
        pictures: Bytes of its photos, untrusted.
        kind: Its noun, or None.
        facts: The user's sentences about it.
        consent: A person agrees to be learned.
    """

    user_id: str
    name: str
    pictures: tuple[bytes, ...]
    kind: str | None = None
    facts: tuple[str, ...] = ()
    consent: bool = False


def teach_lesson(deps: ToolDeps, lesson: Lesson) -> LearnStatus:
    """Check everything, then store it and queue the learning.

    Raises: StoreError, ToolFailed, ToolRetry: a photo, the name, a fact or the consent.
    """
    check_user_id(lesson.user_id)
    name = clean_name(lesson.name)
    max_side = deps.memory.pictures.max_side
    photos = [clean_picture(data, max_side=max_side) for data in lesson.pictures]
    facts = [
        fact for text in lesson.facts for fact in _read(deps, clean_text(text, "the fact"), name)
    ]
    kept = [
        deps.memory.pictures.add(lesson.user_id, photo.png, origin="uploaded") for photo in photos
    ]
    outcome = teach_concept(
        deps,
        lesson.user_id,
        name,
        lesson.kind,
        facts,
        [picture.id for picture in kept],
        consent=lesson.consent,
        origin="lesson",
    )
    return deps.jobs.status(lesson.user_id, outcome.details["job_id"])


def _read(deps: ToolDeps, text: str, name: str) -> list[tuple[str, str]]:
    """Return attribute and value of each fact in a sentence; unread, it is kept as a note."""
    concept = ConceptRef(name)
    message, context = read_bracketed(text, [concept]), Context(user_id="")
    said = read_statements(deps.model, message, [concept], "remember", context, threading.Event())
    about = [s for s in said or () if s.subject == concept and s.attribute != "kind"]
    read = [(s.attribute, s.value.spelled) for s in about if s.attribute != NOTE]
    return read or [(NOTE, text)]


def clean_photos(pictures: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return uploads as the model takes them; raise `StoreError` for what is no picture."""
    return tuple(clean_picture(picture).png for picture in pictures)

"""Whether a concept can still be recognised in a picture, by the model's own eyes.

Knows the recognition question. Decides nothing.
"""

import threading

from omnipersona.model.bagel.prompts import certainty_of_yes, recognition_question
from omnipersona.model.contract import CompleteRequest, slot
from omnipersona.tools.binding import concept_files
from omnipersona.tools.outcome import ToolDeps, tool_border


def identity_score(
    deps: ToolDeps,
    user_id: str,
    concept_id: str,
    picture_id: str,
    cancel: threading.Event | None = None,
) -> float:
    """Return the model's probability, in [0, 1], that a picture shows a concept.

    Raises: ToolFailed: the picture is gone, the concept is not learned, or the model failed.
    """
    with tool_border():
        request = CompleteRequest(
            prompt=recognition_question(slot(0)),
            images=(deps.memory.pictures.read(user_id, picture_id),),
            concepts=concept_files(deps, user_id, (concept_id,)),
            max_tokens=1,
            tenant=user_id,
        )
        reply = deps.model.complete(request, cancel)
    return certainty_of_yes(reply.text, reply.log_probability)

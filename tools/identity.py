"""Whether a concept can still be recognised in a picture, by the model's own eyes.

Decides nothing.
"""

import threading

from omnipersona.model.contract import RecogniseRequest
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
        [concept] = concept_files(deps, user_id, (concept_id,))
        image = deps.memory.pictures.read(user_id, picture_id)
        request = RecogniseRequest(image=image, concept=concept, tenant=user_id)
        return deps.model.recognise(request, cancel)

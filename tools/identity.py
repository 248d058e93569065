"""Whether a concept can still be recognised in a picture, by the model's own eyes.

Decides nothing.
"""

import threading

from omnipersona.model.contract import ConceptFile, RecogniseRequest
from omnipersona.tools.binding import with_concepts
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

    def recognise(files: tuple[ConceptFile, ...]) -> float:
        request = RecogniseRequest(image=image, concept=files[0], tenant=user_id)
        return deps.model.recognise(request, cancel)

    with tool_border():
        image = deps.memory.pictures.read(user_id, picture_id)
        return with_concepts(deps, user_id, (concept_id,), recognise)

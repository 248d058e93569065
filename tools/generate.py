"""Paint a new picture with concepts.

Knows how an order becomes a drawing request. Does not know how its text came about.
"""

import threading

from omnipersona.model.contract import ConceptFile, GenerateRequest, ImageResult
from omnipersona.tools.binding import with_concepts
from omnipersona.tools.outcome import ToolDeps, ToolOutcome, tool_border
from omnipersona.tools.picture_records import DrawOrder, Watcher, keep_picture, watch


def draw_picture(
    deps: ToolDeps,
    user_id: str,
    order: DrawOrder,
    *,
    on_event: Watcher | None = None,
    cancel: threading.Event | None = None,
) -> ToolOutcome:
    """Draw `order.text` and store the picture.

    Returns: The id of the picture, and its details.

    Raises:
        ToolRetry: an argument is out of range.
        ToolFailed: a concept is not learned, or model or memory failed.
        Cancelled: `cancel` was set.
    """

    def draw(files: tuple[ConceptFile, ...]) -> tuple[tuple[ConceptFile, ...], ImageResult]:
        request = GenerateRequest(
            prompt=order.text.template, concepts=files, settings=order.settings, tenant=user_id
        )
        return files, watch(deps.model.generate(request, cancel), on_event, cancel)

    with tool_border():
        ids = [one.id for one in order.text.concepts]
        files, result = with_concepts(deps, user_id, ids, draw)
        return keep_picture(deps, user_id, order, files, result)

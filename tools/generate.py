"""Paint a new picture with concepts.

Knows how an order becomes a drawing request. Does not know how its text came about.
"""

import threading

from omnipersona.model.contract import GenerateRequest
from omnipersona.tools.binding import concept_files
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
    with tool_border():
        files = concept_files(deps, user_id, [one.id for one in order.text.concepts])
        request = GenerateRequest(
            prompt=order.text.template, concepts=files, settings=order.settings, tenant=user_id
        )
        result = watch(deps.model.generate(request, cancel), on_event, cancel)
        return keep_picture(deps, user_id, order, files, result)

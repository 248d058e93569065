"""Change a given picture.

Knows how an order becomes an editing request; the source stays as it is, the result names it as
its parent.
"""

import threading

from omnipersona.model.contract import ConceptFile, EditRequest, ImageResult
from omnipersona.tools.binding import with_concepts
from omnipersona.tools.outcome import ToolDeps, ToolOutcome, tool_border
from omnipersona.tools.picture_records import DrawOrder, Watcher, keep_picture, watch


def edit_picture(
    deps: ToolDeps,
    user_id: str,
    source_id: str,
    order: DrawOrder,
    *,
    on_event: Watcher | None = None,
    cancel: threading.Event | None = None,
) -> ToolOutcome:
    """Change the picture `source_id` as `order.text` says and store the result.

    Returns: The id of the new picture, and its details.

    Raises:
        ToolRetry: an argument is out of range.
        ToolFailed: picture or tokens are missing, or model or memory failed.
        Cancelled: `cancel` was set.
    """

    def change(files: tuple[ConceptFile, ...]) -> tuple[tuple[ConceptFile, ...], ImageResult]:
        request = EditRequest(
            image=source,
            instruction=order.text.template,
            concepts=files,
            settings=order.settings,
            tenant=user_id,
        )
        return files, watch(deps.model.edit(request, cancel), on_event, cancel)

    with tool_border():
        source = deps.memory.pictures.read(user_id, source_id)
        ids = [one.id for one in order.text.concepts]
        files, result = with_concepts(deps, user_id, ids, change)
        return keep_picture(deps, user_id, order, files, result, parent_id=source_id)

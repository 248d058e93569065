"""What drawing and editing share: the order, its record, and the stored picture.

Knows what is kept with a picture so that it can be explained and made again. The same is written
into the PNG, which says of itself that a model made it.
"""

import io
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from omnipersona.model.contract import (
    ConceptFile,
    DrawEvent,
    DrawSettings,
    ImageResult,
    ModelInfo,
    StepEvent,
    ThoughtEvent,
)
from omnipersona.model.errors import Cancelled
from omnipersona.model.slotted_text import SlottedText
from omnipersona.model.thinking import split_thought
from omnipersona.tools.outcome import ToolDeps, ToolOutcome

Watcher = Callable[[StepEvent | ThoughtEvent], None]
"""What is told of a drawing while it is made."""

MADE_BY: Final = "made by a model (OmniPersona)"


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawOrder:
    """What is to be drawn or changed.

    Attributes:
        text: Prompt or instruction.
        settings: Seed, steps, guidance.
        thread_id: Conversation that the picture belongs to; "" for none.
        turn_id: Turn in which it is drawn; "" for none.
        provenance: JSON-able story of the text: who asked what, and the evidence.
    """

    text: SlottedText
    settings: DrawSettings = DrawSettings()
    thread_id: str = ""
    turn_id: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)


def watch(
    events: Iterator[DrawEvent],
    on_event: Watcher | None,
    cancel: threading.Event | None,
) -> ImageResult:
    """Pass events on and return the picture that ends them.

    Raises: Cancelled: `cancel` was set, even after the last step: the picture is not wanted.
    """
    for event in events:
        if isinstance(event, ImageResult):
            if cancel is not None and cancel.is_set():
                raise Cancelled("The drawing was cancelled.")
            return event
        if on_event is not None:
            on_event(event)
    raise RuntimeError("The model ended a drawing without a picture.")


def keep_picture(
    deps: ToolDeps,
    user_id: str,
    order: DrawOrder,
    files: tuple[ConceptFile, ...],
    result: ImageResult,
    *,
    parent_id: str = "",
) -> ToolOutcome:
    """Store a finished picture with its story.

    Raises: StoreError: the memory refused.
    """
    details = _details(deps.model.describe(), order, files, result, is_edit=bool(parent_id))
    before = deps.memory.pictures.shown_concepts(user_id, parent_id) if parent_id else ()
    picture = deps.memory.pictures.add(
        user_id,
        with_text(result.png, {"Software": MADE_BY}),
        origin="edited" if parent_id else "drawn",
        thread_id=order.thread_id or None,
        turn_id=order.turn_id or None,
        parent_id=parent_id or None,
        details=details,
        shows=(*before, *(one.id for one in order.text.concepts)),
    )
    return ToolOutcome(
        text=f"Here it is: {details['rewritten']}.", picture_ids=(picture.id,), details=details
    )


def with_text(png: bytes, texts: Mapping[str, str]) -> bytes:
    """Return a PNG with the same pixels and these texts alone (iTXt, UTF-8)."""
    told, out = PngInfo(), io.BytesIO()
    for key, text in texts.items():
        told.add_itxt(key, text)
    with Image.open(io.BytesIO(png)) as picture:
        picture.save(out, "PNG", pnginfo=told)
    return out.getvalue()


def _details(
    info: ModelInfo,
    order: DrawOrder,
    files: tuple[ConceptFile, ...],
    result: ImageResult,
    *,
    is_edit: bool,
) -> dict[str, Any]:
    spelled = order.text.spelled
    return {
        "intent": "edit" if is_edit else "generate",
        "prompt": spelled,
        "rewritten": spelled,
        "evidence": [],
        **order.provenance,
        **({"thought": split_thought(result.thought)[0]} if result.thought else {}),
        "concepts": [
            {"id": one.id, "name": one.name, "sha256": file.sha256}
            for one, file in zip(order.text.concepts, files, strict=True)
        ],
        "seed": result.seed,
        "num_steps": result.num_steps,
        "cfg_text_scale": result.cfg_text_scale,
        "cfg_img_scale": result.cfg_img_scale,
        "width": result.width,
        "height": result.height,
        "elapsed_ms": round(result.elapsed_ms, 1),
        "model": info.name,
        "fingerprint": info.fingerprint,
    }

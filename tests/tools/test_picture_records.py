"""What is kept with a drawing."""

import io
import json
import threading

import pytest
from fakes import BrokenModelError
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from omnipersona.model.contract import DrawSettings, StepEvent
from omnipersona.model.errors import Cancelled
from omnipersona.model.slotted_text import ConceptRef, SlottedText
from omnipersona.testing import Faults, ScriptedModel
from omnipersona.tools.edit import edit_picture
from omnipersona.tools.gallery import shown_in
from omnipersona.tools.generate import draw_picture
from omnipersona.tools.outcome import ToolDeps, ToolFailed
from omnipersona.tools.picture_records import DrawOrder, with_text


def test_the_picture_tells_how_it_was_made(deps: ToolDeps, bo_id: str) -> None:
    order = DrawOrder(
        text=SlottedText("<c0> runs", (ConceptRef("bo", bo_id),)), settings=DrawSettings(seed=5)
    )
    outcome = draw_picture(deps, "ana", order)
    data = deps.memory.pictures.read("ana", outcome.picture_ids[0])
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        texts = picture.text  # type: ignore[attr-defined]  # PNG files have it
    assert "made by a model" in texts["Software"]
    assert texts.keys() == {"Software"}, "a picture that is passed on tells no facts"
    told = deps.memory.pictures.get("ana", outcome.picture_ids[0]).details
    assert (told["rewritten"], told["seed"], told["model"]) == ("<bo> runs", 5, "scripted")
    assert told == json.loads(json.dumps(outcome.details))


def test_a_text_takes_the_place_of_others_and_no_pixel_changes() -> None:
    picture, notes, buffer = (
        Image.effect_noise((40, 30), 90).convert("RGB"),
        PngInfo(),
        io.BytesIO(),
    )
    notes.add_text("prompt", "draw <bo>")
    picture.save(buffer, "PNG", pnginfo=notes)
    with Image.open(io.BytesIO(with_text(buffer.getvalue(), {"Software": "\u00fcber"}))) as told:
        assert told.tobytes() == picture.tobytes()
        assert told.info == {"Software": "\u00fcber"}


def test_a_model_error_is_a_sentence_for_the_user(deps: ToolDeps, model: ScriptedModel) -> None:
    model.faults = Faults(BrokenModelError("The device is out of memory."), at_step=2)
    with pytest.raises(ToolFailed, match=r"^The device is out of memory\.$"):
        draw_picture(deps, "ana", DrawOrder(text=SlottedText("a dog")))
    assert deps.memory.pictures.list("ana") == ()


def test_a_drawing_cancelled_after_its_last_step_is_not_kept(
    deps: ToolDeps, model: ScriptedModel
) -> None:
    cancel = threading.Event()

    def stop_at_the_end(event: object) -> None:
        if isinstance(event, StepEvent) and event.step == event.num_steps:
            cancel.set()
            cancel.set()

    with pytest.raises(Cancelled):
        draw_picture(
            deps,
            "ana",
            DrawOrder(text=SlottedText("a dog")),
            on_event=stop_at_the_end,
            cancel=cancel,
        )
    assert model.steps_done == model.num_steps
    assert deps.memory.pictures.list("ana") == ()
    assert draw_picture(deps, "ana", DrawOrder(text=SlottedText("a dog"))).picture_ids


def test_another_users_concept_cannot_be_drawn(deps: ToolDeps, bo_id: str) -> None:
    with pytest.raises(ToolFailed):
        draw_picture(deps, "eve", DrawOrder(text=SlottedText("<c0>", (ConceptRef("bo", bo_id),))))


def test_an_edit_shows_whoever_its_source_showed(deps: ToolDeps, bo_id: str) -> None:
    drawn = draw_picture(
        deps, "ana", DrawOrder(text=SlottedText("<c0>", (ConceptRef("bo", bo_id),)))
    )
    edited = edit_picture(
        deps, "ana", drawn.picture_ids[0], DrawOrder(text=SlottedText("make it night"))
    )
    assert shown_in(deps, "ana", edited.picture_ids[0]) == (bo_id,)

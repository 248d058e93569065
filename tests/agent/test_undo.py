"""Changing the last picture, and going back, through a real session with scripted replies."""

from talk import Talk

from omnipersona.model.contract import EditRequest
from omnipersona.testing import ScriptedModel

TAUGHT = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog",
    "message: draw <c0>": "generate; none; <c0>; none",
    "Rewrite draw": "<c0>",
}


async def test_edit_changes_the_last_picture_and_undo_brings_it_back(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = {
        **TAUGHT,
        "message: put a hat": "edit; shown; <c0>; none",
        "Rewrite edit": "put a hat on <c0>",
        "message: undo": "undo; shown; none; none",
    }
    await talk.teach()
    drawn = await talk.reply("draw <bo>")
    edited = await talk.reply("put a hat on him")
    assert model.of_type(EditRequest)[-1].image == drawn.pictures[0].png
    assert edited.pictures[0].id != drawn.pictures[0].id
    undone = await talk.reply("undo that")
    assert undone.pictures[0].id == drawn.pictures[0].id
    assert "nothing to undo" in (await talk.reply("undo that")).text


async def test_words_about_someone_change_a_picture_that_cannot_be_undone(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = {
        **TAUGHT,
        "message: take <c0> out": "undo; shown; none; none",
        "Rewrite edit": "remove <c0>",
    }
    await talk.teach()
    drawn = await talk.reply("draw <bo>")
    edited = await talk.reply("take <bo> out of this picture")
    request = model.of_type(EditRequest)[-1]
    assert (request.image, request.instruction) == (drawn.pictures[0].png, "remove <c0>")
    assert len(request.concepts) == 1
    assert "first version" in edited.text
    undone = await talk.reply("take <bo> out of this picture")
    assert undone.pictures[0].id == drawn.pictures[0].id
    named = await talk.reply("take <rex> out of this picture")
    assert "nothing to undo" in named.text

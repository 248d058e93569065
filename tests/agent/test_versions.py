"""Versions of a picture: a tree that a conversation can go back in."""

import pytest
from talk import Talk

from omnipersona.model.contract import EditRequest
from omnipersona.testing import ScriptedModel
from omnipersona.tools.outcome import ToolFailed


async def test_an_older_version_can_be_gone_on_from(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {
        "message: this is my dog <c0>": "teach; attached; <c0>; none",
        "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog",
        "message: draw <c0>": "generate; none; <c0>; none",
        "Rewrite draw": "<c0>",
        "message: put a hat": "edit; shown; <c0>; none",
        "Rewrite edit": "put a hat on <c0>",
        "message: forget": "forget; none; <c0>; none",
    }
    await talk.teach()
    drawn = (await talk.reply("draw <bo>")).pictures[0]
    first = (await talk.reply("put a hat on him")).pictures[0]
    await talk.session.go_on_from("ana", talk.thread_id, drawn.id)
    second = (await talk.reply("put a hat on him")).pictures[0]
    assert model.of_type(EditRequest)[-1].image == drawn.png
    versions = await talk.session.versions("ana", first.id)
    tree = {one.picture_id: one.parent_id for one in versions}
    assert tree == {drawn.id: "", first.id: drawn.id, second.id: drawn.id}
    with pytest.raises(ToolFailed, match="no picture"):
        await talk.session.go_on_from("leo", talk.thread_id, drawn.id)
    await talk.events("forget <bo>")
    with pytest.raises(ToolFailed, match="answer that first"):
        await talk.session.go_on_from("ana", talk.thread_id, drawn.id)

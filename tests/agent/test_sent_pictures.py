"""Which of several pictures is meant, and what twenty copies of one are worth."""

import io
from pathlib import Path

from fakes import LastingModel, png
from PIL import Image
from talk import Talk

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.settings import Settings
from omnipersona.model.contract import EditRequest, LearnRequest
from omnipersona.testing import ScriptedModel

SCRIPT = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog",
    "message: add a hat": "edit; attached; none; none",
    "message: and a scarf": "edit; shown; none; none",
    "Rewrite edit": "add it",
    "message: draw": "generate; none; none; none",
    "Rewrite draw": "a dog",
    "message: undo": "undo; shown; none; none",
}


async def test_twenty_copies_of_one_photo_are_learned_and_kept_once(
    talk: Talk, model: ScriptedModel, data_dir: Path
) -> None:
    model.completions = SCRIPT
    reply = await talk.reply("this is my dog <bo>", *[png()] * 20)
    states = [s async for s in talk.session.watch_learning("ana", reply.details["job_id"])]
    assert states[-1].state == "ready"
    assert len(model.of_type(LearnRequest)[0].photos) == 1
    assert len(list(data_dir.rglob("*.png"))) == 1
    receipt = await talk.session.forget_concept("ana", "bo")
    assert receipt.details["photos"] == 1
    assert list(data_dir.rglob("*.png")) == []


async def test_of_two_pictures_the_last_one_sent_is_changed(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = SCRIPT
    memory = talk.session._deps.memory.pictures
    await talk.reply("add a hat", png("red"), png("blue"))
    _, last, _ = memory.list("ana")
    assert model.of_type(EditRequest)[-1].image == memory.read("ana", last.id)


async def test_of_two_drawings_the_last_one_is_changed(talk: Talk, model: ScriptedModel) -> None:
    model.completions = SCRIPT
    await talk.reply("draw a dog")
    second = await talk.reply("draw a dog")
    await talk.reply("and a scarf")
    assert model.of_type(EditRequest)[-1].image == second.pictures[0].png


async def test_there_is_nothing_to_undo_where_nothing_was_drawn(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = SCRIPT
    assert "not drawn anything" in (await talk.reply("undo that")).text
    await talk.reply("draw a dog")
    assert "nothing to undo" in (await talk.reply("undo that")).text


async def test_the_longest_side_of_what_is_sent_is_a_setting(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", picture_side=256)
    async with await Assistant.open(settings, model=LastingModel()) as session:
        picture_id = await session.keep_picture("ana", png("blue", (1000, 500)))
        with Image.open(io.BytesIO(await session.picture("ana", picture_id))) as kept:
            assert kept.size == (256, 128)

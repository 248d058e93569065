"""A forgotten concept is gone from every file of the data folder; the receipt says what went."""

from pathlib import Path

import pytest
from fakes import FakePersonaModel, concept_file
from talk import Opener, Talk

from omnipersona.tools.outcome import ToolFailed

NAME, TOY = "zebulon", "a quokkaball"
SCRIPT = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": f"<c0> kind: dog; <c0> toy: {TOY}",
    "message: draw": "generate; none; <c0>; what is the toy of <c0>?",
    "Recall\nevidence:\n- the toy of <c0>": TOY,
    "Rewrite draw": f"<c0> with {TOY}",
    "message: put a hat": "edit; shown; <c0>; none",
    "Rewrite edit": "put a hat on <c0>",
    "message: hello": "converse; none; none; none",
    "Chat": "Hi!",
}


def files_with(folder: Path, *needles: bytes) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(n in path.read_bytes() for n in needles)]


@pytest.mark.parametrize("with_drawings", [True, False])
async def test_no_file_knows_a_forgotten_concept(
    open_session: Opener, model: FakePersonaModel, data_dir: Path, with_drawings: bool
) -> None:
    model.completions = SCRIPT
    session = await open_session()
    talk = Talk(session)
    await talk.teach(NAME, extra=f", his toy is {TOY}")
    await talk.reply(f"draw <{NAME}> with his toy")
    await talk.reply("put a hat on him")
    view = await session.concept_card("ana", NAME)
    tokens = concept_file(NAME)
    traces = (NAME.encode(), TOY.encode(), view.concept_id.encode(), tokens.data)
    assert len({path.parent.name for path in files_with(data_dir, *traces)}) > 1

    receipt = await session.forget_concept("ana", NAME, drawings=with_drawings)
    counts = {key: receipt.details[key] for key in ("facts", "photos", "drawings")}
    assert counts == {"facts": 1, "photos": 1, "drawings": 2 if with_drawings else 0}
    assert tokens.sha256 in receipt.details["sha256s"]
    assert tokens.sha256 in model.released
    assert f"<{NAME}>" in receipt.text
    assert files_with(data_dir, *traces) == []
    await session.close()
    assert files_with(data_dir, *traces) == []

    again = await open_session()
    assert await again.concepts("ana") == ()
    num_before = len(model.requests)
    await Talk(again).reply("hello")
    with pytest.raises(ToolFailed, match="do not know"):
        await again.export_concept("ana", NAME)
    assert TOY not in str(model.requests[num_before:])

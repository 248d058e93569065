"""A forgotten concept is gone from every file, table and object; the receipt says what went."""

import pytest
from servers import TestPlaces
from talk import Opener, Talk

from omnipersona.model.contract import GenerateRequest
from omnipersona.testing import ScriptedModel
from omnipersona.tools.outcome import ToolFailed

pytestmark = pytest.mark.both_stores
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


@pytest.mark.parametrize("with_drawings", [True, False])
async def test_no_file_knows_a_forgotten_concept(
    open_session: Opener, model: ScriptedModel, places: TestPlaces, with_drawings: bool
) -> None:
    model.completions = SCRIPT
    session = await open_session()
    talk = Talk(session)
    await talk.teach(NAME, extra=f", his toy is {TOY}")
    await talk.reply(f"draw <{NAME}> with his toy")
    await talk.reply("put a hat on him")
    view = await session.concept_card("ana", NAME)
    traces = (NAME, TOY, view.concept_id, f'"name":"{NAME}"')
    for trace in traces:
        assert places.holds(trace)

    receipt = await session.forget_concept("ana", NAME, drawings=with_drawings)
    counts = {key: receipt.details[key] for key in ("facts", "photos", "drawings")}
    assert counts == {"facts": 1, "photos": 1, "drawings": 2 if with_drawings else 0}
    [sha256] = {request.concepts[0].sha256 for request in model.of_type(GenerateRequest)}
    assert sha256 in receipt.details["sha256s"]
    assert sha256 in model.released
    assert f"<{NAME}>" in receipt.text

    def left() -> list[str]:
        """Return where a trace is; an id that names nothing may stay in the graph's state."""
        found = ((trace, place) for trace in traces for place in places.holds(trace))
        return [p for trace, p in found if trace != view.concept_id or "graph" not in p]

    assert left() == []
    await session.close()
    assert left() == []

    again = await open_session()
    assert await again.concepts("ana") == ()
    num_before = len(model.requests)
    await Talk(again).reply("hello")
    with pytest.raises(ToolFailed, match="do not know"):
        await again.export_concept("ana", NAME)
    assert TOY not in str(model.requests[num_before:])

"""The product on another checkpoint than nano: everything but abilities, which random weights lack.

Answers, drawings, edits and lessons come from the network; what messages mean is scripted, since
random weights cannot read.
"""

import io
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import LastingModel, WordEncoder
from oracles.random_weights import png
from oracles.second_model import write_second
from PIL import Image
from talk import Talk

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.events import DrawProgress
from omnipersona.agent.settings import Settings
from omnipersona.model.bagel.backbone import LocalPersonaModel, load_pipeline
from omnipersona.model.bagel.concept_training.trainer import PRESETS
from omnipersona.model.contract import (
    Reading,
    ReadRequest,
    Recalled,
    RecallRequest,
    RewriteRequest,
    Rewritten,
)

pytestmark = pytest.mark.slow

SCRIPT = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog; <c0> toy: a red ball",
    "message: who": "understand; attached; <c0>; none",
    "message: draw <c0>": "generate; none; <c0>; what is the toy of <c0>?",
    "Recall\nevidence:\n- the toy of <c0> is a red ball": "a red ball",
    "Rewrite draw": "<c0> with a red ball",
    "message: put a hat": "edit; shown; <c0>; none",
    "Rewrite edit": "put a hat on <c0>",
    "message: again": "again; shown; <c0>; none",
    "message: undo": "undo; shown; none; none",
    "message: forget <c0>": "forget; none; <c0>; none",
}


class _Reader(LocalPersonaModel):
    """The network, with scripted replies to text tasks."""

    script = LastingModel(completions=SCRIPT)

    def read(self, request: ReadRequest, cancel: threading.Event | None = None) -> Reading:
        return self.script.read(request, cancel)

    def recall(self, request: RecallRequest, cancel: threading.Event | None = None) -> Recalled:
        return self.script.recall(request, cancel)

    def rewrite(self, request: RewriteRequest, cancel: threading.Event | None = None) -> Rewritten:
        return self.script.rewrite(request, cancel)


@pytest.fixture
async def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Assistant]:
    for preset in ("quick", "paper"):
        monkeypatch.setitem(PRESETS, preset, replace(PRESETS[preset], num_steps=2, probe_every=1))
    folder = write_second(tmp_path / "second")
    model = _Reader(*load_pipeline(str(folder), device="cpu"))
    opened = await Assistant.open(
        Settings(data=tmp_path / "data", model=str(folder)), model=model, encoder=WordEncoder()
    )
    yield opened
    await opened.close()
    model.close()


def _size(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size


async def test_teach_ask_draw_edit_and_forget(session: Assistant) -> None:
    talk = Talk(session)
    taught = await talk.reply("this is my dog <bo>, his toy is a red ball", png((90, 60)), png())
    states = [s async for s in session.watch_learning("ana", taught.details["job_id"])]
    assert states[-1].state == "ready", states[-1]
    card = await session.concept_card("ana", "bo")
    assert (card.kind, card.facts, card.has_tokens) == ("dog", ("toy: a red ball",), True)

    await talk.reply("who is with <bo>?", png((80, 48), seed=3))

    events = await talk.events("draw <bo> with his toy", seed=5)
    drawn = events[-1]
    assert sum(isinstance(event, DrawProgress) for event in events) == 4
    details = drawn.details  # type: ignore[union-attr]  # a Reply, or this fails
    assert (details["model"], details["rewritten"]) == ("second", "<bo> with a red ball")
    picture = drawn.pictures[0]  # type: ignore[union-attr]
    assert _size(picture.png) == (64, 64)

    edited = await talk.reply("put a hat on <bo>", seed=5)
    assert edited.details["intent"] == "edit"
    assert edited.pictures[0].png != picture.png
    again = await talk.reply("again")
    assert again.details["seed"] != 5
    await talk.reply("undo that")

    asked = await talk.need("forget <bo>")
    await talk.say(asked.choices[0])
    assert await session.concepts("ana") == ()

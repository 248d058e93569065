"""A setting lets the model think first: told while it happens, kept with what it led to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes import LastingModel, WordEncoder, png
from talk import Talk

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.events import Event, Reply, StepFinished, TextDelta, ThoughtDelta
from omnipersona.agent.settings import Settings
from omnipersona.testing import ScriptedModel

THOUGHT = "a dog needs snow"


@pytest.fixture
def model() -> ScriptedModel:
    return LastingModel(
        thought=THOUGHT,
        answers={"who is this": "a dog"},
        completions={
            "message: draw a dog": "generate; none; none; none",
            "Rewrite draw": "a dog in the snow",
            "message: who is this": "understand; attached; none; none",
            "message: why": "explain; shown; none; none",
        },
    )


@pytest.fixture
async def talk(model: ScriptedModel, data_dir: Path) -> AsyncIterator[Talk]:
    settings = Settings(data=data_dir, think=True)
    session = await Assistant.open(settings, model=model, encoder=WordEncoder())
    yield Talk(session)
    await session.close()


def _lines(events: list[Event]) -> list[tuple[str, str]]:
    return [line for event in events if isinstance(event, StepFinished) for line in event.lines]


async def test_a_drawing_tells_and_keeps_its_thought(talk: Talk) -> None:
    events = await talk.events("draw a dog")
    told = "".join(event.text for event in events if isinstance(event, ThoughtDelta))
    assert THOUGHT in told
    assert ("thought", THOUGHT) in _lines(events)
    assert isinstance(events[-1], Reply)
    assert events[-1].details["thought"] == THOUGHT
    assert f'I thought: "{THOUGHT}".' in (await talk.reply("why?")).text


async def test_an_answer_is_told_without_its_thought(talk: Talk) -> None:
    events = await talk.events("who is this?", png())
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "a dog"
    assert "".join(event.text for event in events if isinstance(event, ThoughtDelta)) == THOUGHT
    assert ("thought", THOUGHT) in _lines(events)
    assert isinstance(events[-1], Reply)
    assert events[-1].text == "a dog"

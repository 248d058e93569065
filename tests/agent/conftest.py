"""A session on a scripted model and a fast encoder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes import LastingModel, WordEncoder
from servers import TestPlaces
from talk import Opener, Talk

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.settings import Settings
from omnipersona.testing import ScriptedModel


@pytest.fixture
def model() -> ScriptedModel:
    return LastingModel(
        completions={
            "this is my dog": "teach; attached; <c0>; none",
            "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog",
        }
    )


@pytest.fixture
def data_dir(places: TestPlaces) -> Path:
    return places.folder


@pytest.fixture
async def open_session(model: ScriptedModel, places: TestPlaces) -> AsyncIterator[Opener]:
    opened: list[Assistant] = []

    async def open_one(with_model: ScriptedModel | None = None) -> Assistant:
        settings = Settings(data=places.folder, **places.urls)
        session = await Assistant.open(settings, model=with_model or model, encoder=WordEncoder())
        opened.append(session)
        return session

    yield open_one
    for session in opened:
        await session.close()


@pytest.fixture
async def session(open_session: Opener) -> Assistant:
    return await open_session()


@pytest.fixture
def talk(session: Assistant) -> Talk:
    return Talk(session)

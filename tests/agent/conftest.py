"""A session on a scripted model and a fast encoder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes import FakePersonaModel, WordEncoder
from talk import Opener, Talk

from omnipersona.agent.runtime import Session
from omnipersona.agent.settings import Settings


@pytest.fixture
def model() -> FakePersonaModel:
    return FakePersonaModel(
        completions={
            "this is my dog": "teach; attached; <c0>; none",
            "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog",
        }
    )


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def open_session(model: FakePersonaModel, data_dir: Path) -> AsyncIterator[Opener]:
    opened: list[Session] = []

    async def open_one(with_model: FakePersonaModel | None = None) -> Session:
        session = await Session.open(
            Settings(data=data_dir), model=with_model or model, encoder=WordEncoder()
        )
        opened.append(session)
        return session

    yield open_one
    for session in opened:
        await session.close()


@pytest.fixture
async def session(open_session: Opener) -> Session:
    return await open_session()


@pytest.fixture
def talk(session: Session) -> Talk:
    return Talk(session)

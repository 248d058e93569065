"""Nothing leaves the machine: at work, the product looks up no name and opens no connection."""

import io
import random
import socket
from pathlib import Path

import pytest
from talk import Talk

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.events import Reply
from omnipersona.agent.settings import Settings
from omnipersona.training.samples.pixels import random_scene
from omnipersona.training.world.render import render


def photo() -> bytes:
    buffer = io.BytesIO()
    render(random_scene(random.Random(1)), 64).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.slow
async def test_a_session_with_the_shipped_parts_reaches_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[object] = []

    def refuse(*address: object, **_: object) -> None:
        reached.append(address)
        raise OSError("there is no network")

    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    session = await Assistant.open(Settings(data=tmp_path / "data", steps=2))
    talk = Talk(session)
    session._deps.memory.facts.add(
        "ana", concept_id=None, attribute="name", value="Ana", source="said", origin="m"
    )
    assert session._deps.memory.recall("ana", "what is my name?")
    assert isinstance(await talk.say("draw a red cat at http://example.org/cat.png"), Reply)
    assert isinstance(await talk.say("what is in this picture?", photo()), Reply)
    await session.close()
    assert reached == []

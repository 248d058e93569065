"""A file of conversations that somebody tampered with runs no code."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from langgraph.checkpoint.serde.jsonplus import EXT_CONSTRUCTOR_SINGLE_ARG
from talk import Opener, Talk

from omnipersona.agent.events import Failed
from omnipersona.agent.sqlite_checkpoints import SqliteCheckpoints
from omnipersona.testing import ScriptedModel

SCRIPT = {"message: hello": "converse; none; none; none", "Chat": "Hi!"}


class _Payload:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.mkdir, (self.target,))


def as_pickle(target: Path) -> tuple[str, bytes]:
    return "pickle", pickle.dumps(_Payload(target))


def as_msgpack(target: Path) -> tuple[str, bytes]:
    """Name a function as LangGraph packs constructors."""
    call = ormsgpack.packb(("os", "mkdir", str(target)))
    return "msgpack", ormsgpack.packb(ormsgpack.Ext(EXT_CONSTRUCTOR_SINGLE_ARG, call))


def as_json(target: Path) -> tuple[str, bytes]:
    """Name a function as LangGraph wrote constructors in JSON."""
    call = {"lc": 2, "type": "constructor", "id": ["os", "mkdir"], "args": [str(target)]}
    return "json", json.dumps(call).encode()


@pytest.mark.parametrize("write", [as_pickle, as_msgpack, as_json])
async def test_a_tampered_conversation_runs_no_code_and_others_go_on(
    open_session: Opener,
    model: ScriptedModel,
    tmp_path: Path,
    write: Callable[[Path], tuple[str, bytes]],
) -> None:
    model.completions = SCRIPT
    session = await open_session()
    await Talk(session).reply("hello")
    target = tmp_path / "made by code"
    checkpoints = session._checkpoints
    assert isinstance(checkpoints, SqliteCheckpoints)
    connection = checkpoints._connection
    await connection.execute("UPDATE checkpoints SET type = ?, checkpoint = ?", write(target))
    await connection.commit()
    assert isinstance(await Talk(session).say("hello"), Failed)
    assert not target.exists()
    assert (await Talk(session, thread_id="t2").reply("hello")).text == "Hi!"

"""Conversations are kept per user and forgotten for good."""

import pytest
from fakes import png
from servers import TestPlaces
from talk import Opener, Talk

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.checkpoints import thread_key
from omnipersona.testing import ScriptedModel

pytestmark = pytest.mark.both_stores


async def test_forgetting_a_concept_clears_the_threads_that_mention_it(
    open_session: Opener, model: ScriptedModel, places: TestPlaces
) -> None:
    model.completions = {
        "message: this is my dog <c0>": "teach; attached; <c0>; none",
        "Facts": "<c0> kind: dog",
        "message: add a hat": "edit; none; none; none",
        "message: hello": "converse; none; none; none",
        "Chat": "Hi!",
    }
    session = await open_session()
    await Talk(session).teach("zebulon")
    await Talk(session, thread_id="t2").need("add a hat")
    await Talk(session, "eve", "t3").reply("hello")
    await session.forget_concept("ana", "zebulon")
    assert await session.pending("ana", "t2") is None
    await session.close()
    assert places.holds("zebulon") == []
    again = await open_session()
    key = thread_key("eve", "t3")
    saved = await again._checkpoints.saver.aget_tuple({"configurable": {"thread_id": key}})
    assert saved is not None


async def test_a_finished_turn_keeps_little(session: Assistant, model: ScriptedModel) -> None:
    model.answers = {"": "a dog"}
    await Talk(session).reply("", png())
    config = {"configurable": {"thread_id": thread_key("ana", "t1")}}
    saved = await session._checkpoints.saver.aget_tuple(config)  # type: ignore[arg-type]  # a config
    assert saved is not None
    values = saved.checkpoint["channel_values"]
    assert values.keys() == {"turn_id", "last_picture_id"}

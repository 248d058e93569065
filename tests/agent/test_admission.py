"""A turn is refused at its start or not at all, and nobody takes all the room."""

import asyncio
import threading

import pytest
from fakes import LastingModel
from talk import Talk

from omnipersona.agent.admission import Admission
from omnipersona.agent.assistant import Assistant
from omnipersona.agent.events import Failed, Reply
from omnipersona.model.errors import ModelBusy

DRAWS = {"Parse": "generate; none; none; none", "Rewrite": "a dog"}


def test_one_user_has_a_share_and_all_have_a_limit() -> None:
    admission = Admission(limit=3, share=2)
    with admission.turn("ana"), admission.turn("ana"):
        with pytest.raises(ModelBusy, match="2 of your requests") as refused, admission.turn("ana"):
            pass
        assert refused.value.retry_after
        with (
            admission.turn("eve"),
            pytest.raises(ModelBusy, match="Too many are under way"),
            admission.turn("bob"),
        ):
            pass
    with admission.turn("ana"):
        pass


async def test_whoever_asks_for_much_leaves_room_for_others(
    session: Assistant, model: LastingModel
) -> None:
    model.completions, model.step_seconds = DRAWS, 0.02
    greedy = [Talk(session, thread_id=f"g{i}") for i in range(33)]
    drawings = [asyncio.create_task(one.say("draw a dog")) for one in greedy]
    await asyncio.sleep(0.05)
    other = [await Talk(session, user_id="eve").say("draw a dog") for _ in range(3)]
    assert all(isinstance(one, Reply) for one in other)
    ended = await asyncio.gather(*drawings)
    refused = [one for one in ended if isinstance(one, Failed)]
    assert {one.kind for one in refused} == {"busy"}
    assert len(ended) - len(refused) >= 16


def test_it_counts_from_any_thread() -> None:
    admission = Admission(limit=100, share=100)

    def turns() -> None:
        for _ in range(200):
            with admission.turn("ana"):
                pass

    threads = [threading.Thread(target=turns) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    one = Admission(limit=1, share=1)
    with one.turn("ana"):
        pass
    with one.turn("ana"):
        pass

"""Whatever forgets, and whenever the program ends: no conversation names the forgotten for long."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fakes import FakePersonaModel, WordEncoder
from servers import TestPlaces
from talk import Opener, Talk

from omnipersona.agent.history.store import History
from omnipersona.agent.runtime import Session
from omnipersona.memory.errors import StorageFailed
from omnipersona.memory.memory import Memory
from omnipersona.memory.records import new_id

pytestmark = pytest.mark.both_stores
NAME, TOY = "zebulon", "a quokkaball"
SCRIPT = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": f"<c0> kind: dog; <c0> toy: {TOY}",
    "message: forget <c0>": "forget; none; <c0>; none",
    "message: forget the toy": "forget; none; <c0>; what is the toy of <c0>?",
}


def show(session: Session, words: str, thread_id: str = "t1") -> None:
    """Keep words as a page does."""
    history = session.history()
    ana = history.put_user("ana", {})
    history.put_thread(thread_id, user_id=ana.id, name=words)
    history.put_step(
        {"id": new_id(), "threadId": thread_id, "type": "user_message", "output": words}
    )


async def until_gone(places: TestPlaces, word: str) -> None:
    async with asyncio.timeout(20):
        while places.holds(word):  # noqa: ASYNC110  # files and tables send no events
            await asyncio.sleep(0.05)


async def by_name(session: Session) -> None:
    await session.forget_concept("ana", NAME)


async def by_tool(session: Session) -> None:
    await session.tools("ana")["forget_concept"].ainvoke({"name": NAME})


async def by_words(session: Session) -> None:
    talk = Talk(session)
    await talk.need(f"forget <{NAME}>")
    await talk.reply("yes")


async def by_fact(session: Session) -> None:
    [page] = (await session.album("ana")).pages
    await session.forget_fact("ana", page.facts[0].fact_id)


async def by_words_of_a_fact(session: Session) -> None:
    talk = Talk(session)
    await talk.need(f"forget the toy of <{NAME}>")
    await talk.reply("yes")


@pytest.fixture
async def taught(open_session: Opener, model: FakePersonaModel) -> Session:
    model.completions = SCRIPT
    session = await open_session()
    await Talk(session).teach(NAME, extra=f", his toy is {TOY}")
    return session


@pytest.mark.parametrize("forget", [by_name, by_tool, by_words])
async def test_every_way_to_forget_a_concept_reaches_every_conversation(
    taught: Session, places: TestPlaces, forget: Callable[[Session], Awaitable[None]]
) -> None:
    show(taught, f"this is <{NAME}>")
    await forget(taught)
    await until_gone(places, NAME)
    await taught.close()
    assert places.holds(NAME) == []


@pytest.mark.parametrize("forget", [by_fact, by_words_of_a_fact])
async def test_every_way_to_forget_a_fact_reaches_what_the_assistant_remembers(
    taught: Session, places: TestPlaces, forget: Callable[[Session], Awaitable[None]]
) -> None:
    show(taught, f"this is <{NAME}>")
    await forget(taught)
    await until_gone(places, TOY)
    [step] = taught.history().steps("t1")
    assert step["output"] == f"this is <{NAME}>"


async def test_words_that_arrive_late_are_taken_out_too(
    taught: Session, places: TestPlaces
) -> None:
    with taught.writing("ana"), taught.writing("eve"):
        await taught.forget_concept("ana", NAME)
        show(taught, f"Forgotten <{NAME}>.")
    await until_gone(places, NAME)


async def test_new_words_of_a_name_that_is_given_again_stay(taught: Session) -> None:
    with taught.writing("ana"):
        await taught.forget_concept("ana", NAME)
    with taught.writing("ana"):
        async with asyncio.timeout(20):
            while taught._deps.memory.mentions.list():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        show(taught, f"this is <{NAME}>", "t2")
    await taught.close()
    again = History.open(taught._settings)
    assert again.steps("t2")[0]["output"] == f"this is <{NAME}>"
    again.close()


async def test_what_a_crash_left_is_taken_out_at_the_next_start(
    taught: Session, open_session: Opener, places: TestPlaces
) -> None:
    show(taught, f"this is <{NAME}>")
    view = await taught.concept_card("ana", NAME)
    await taught.close()
    memory = Memory.open(places.folder, WordEncoder(), **places.urls)
    memory.forget_concept("ana", view.concept_id, delete_drawings=True)
    memory.close()
    assert places.holds(NAME)
    await open_session()
    await until_gone(places, NAME)


async def test_a_conversation_that_cannot_be_written_is_left_to_the_next_time(
    taught: Session, places: TestPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise StorageFailed("The disk is full.")

    show(taught, f"this is <{NAME}>")
    with monkeypatch.context() as patched:
        patched.setattr(History, "redact", refuse)
        with pytest.raises(StorageFailed, match="full"):
            await taught.forget_concept("ana", NAME)
        assert await taught.concepts("ana") == ()
        assert places.holds(NAME)
    await taught.close()
    assert places.holds(NAME) == []

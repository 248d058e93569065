"""Facts over a conversation: each has a source, contradictions are told, old ones stay old."""

from collections.abc import Awaitable, Callable

import pytest
from fakes import png
from talk import Talk

from omnipersona.agent.lesson import Lesson
from omnipersona.testing import ScriptedModel

# Words that stand in no in-context example.
OLD, NEW = "a quokkaball", "a wombatkite"
ASKED = "what is the toy of <c0>?"
TAUGHT = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog; <c0> toy: a quokkaball",
    "message: <c0> has": "remember; none; <c0>; none",
    "Facts\nmessage: <c0> has a quokkaball, no, a wombatkite": "<c0> toy: a quokkaball; "
    "<c0> toy: a wombatkite",
    "message: no, i meant": "correct; none; <c0>; none",
    "Facts\nmessage: about <c0>: no, i meant": "<c0> toy: a wombatkite",
    "message: what": f"understand; none; <c0>; {ASKED}",
    "message: draw": f"generate; none; <c0>; {ASKED}",
    "Rewrite draw": "<c0> runs",
    "message: again": "again; shown; none; none",
    "message: put a hat": f"edit; shown; <c0>; {ASKED}",
    "Rewrite edit": "put a hat on <c0>",
    "message: more photos": "teach; attached; <c0>; none",
    "message: my home": "remember; none; none; none",
    "Facts\nmessage: my home": "me home: Lyon",
}


def facts(talk: Talk) -> list[tuple[str, str]]:
    return [(f.attribute, f.value) for f in talk.session._deps.memory.facts.list("ana")]


async def fact_id(talk: Talk) -> str:
    [fact] = (await talk.session.album("ana")).pages[0].facts
    return fact.fact_id


async def concept_id(talk: Talk) -> str:
    return (await talk.session.concept_card("ana", "bo")).concept_id


async def say_so(talk: Talk) -> None:
    await talk.reply("no, i meant a wombatkite")


async def write_so(talk: Talk) -> None:
    await talk.session.state_fact("ana", await concept_id(talk), "toy", NEW)


async def forget_it(talk: Talk) -> None:
    await talk.session.forget_fact("ana", await fact_id(talk))


@pytest.mark.parametrize("retire", [say_so, write_so, forget_it])
async def test_what_was_retired_in_one_action_reaches_no_prompt(
    talk: Talk, model: ScriptedModel, retire: Callable[[Talk], Awaitable[None]]
) -> None:
    model.completions = TAUGHT
    await talk.teach(extra=", his toy is a quokkaball")
    await talk.reply("draw <bo> with his toy")
    assert OLD in str(model.requests)
    await retire(talk)
    assert ("toy", OLD) not in facts(talk)
    num_before = len(model.requests)
    for text in ("what is his toy?", "again", "draw <bo>", "put a hat on him"):
        await talk.reply(text)
    learning = await talk.reply("more photos of him", png("blue"))
    job_id = learning.details["job_id"]
    assert [s async for s in talk.session.watch_learning("ana", job_id)][-1].state == "ready"
    assert len(model.requests) > num_before + 5
    assert OLD not in str(model.requests[num_before:])


async def test_facts_that_contradict_each_other_are_both_told_and_then_one_is_meant(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = {**TAUGHT, "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog"}
    await talk.teach()
    told = await talk.reply("<bo> has a quokkaball, no, a wombatkite")
    assert told.text == "I will remember: <bo> toy: a quokkaball; <bo> toy: a wombatkite."
    await talk.reply("what is his toy?")
    assert f"{OLD}\\n- the toy of <c0> is {NEW}" in str(model.requests)
    corrected = await talk.reply("no, i meant a wombatkite")
    assert "no longer believe: a quokkaball" in corrected.text
    assert facts(talk) == [("toy", NEW)]


async def test_a_fact_about_the_user_is_not_one_of_the_concept(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = TAUGHT
    await talk.teach(extra=", his toy is a quokkaball")
    await talk.reply("my home is Lyon")
    album = await talk.session.album("ana")
    assert [(f.attribute, f.value) for f in album.own_facts] == [("home", "Lyon")]
    assert [f.value for f in album.pages[0].facts] == [OLD]


async def test_every_way_to_a_fact_notes_its_source(talk: Talk, model: ScriptedModel) -> None:
    model.completions = TAUGHT
    session, store = talk.session, talk.session._deps.memory.facts
    await talk.teach(extra=", his toy is a quokkaball")
    await talk.reply("my home is Lyon")
    await say_so(talk)
    await session.state_fact("ana", await concept_id(talk), "home", "the beach")
    lesson = Lesson(user_id="ana", name="rex", pictures=(png(),), facts=("<rex> snores",))
    await session.teach(lesson)
    await session.import_concept("ana", "max", await session.export_concept("ana", "bo"))
    kept = store.list("ana", history=True)
    assert {fact.source for fact in kept} == {"said"}
    origins = {fact.value: fact.origin for fact in kept}
    assert origins["<rex> snores"] == "lesson"
    assert "import" in {fact.origin for fact in kept}
    assert all(origins[value] for value in (OLD, NEW, "Lyon"))

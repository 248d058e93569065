"""All twelve intents through a real session, with scripted replies."""

import json
import threading

from fakes import png
from langgraph.checkpoint.memory import InMemorySaver
from talk import Talk

from omnipersona.agent.context import Context
from omnipersona.agent.events import DrawProgress, LearningStarted, StepFinished, TextDelta
from omnipersona.agent.graph import build_graph
from omnipersona.agent.sqlite_checkpoints import SqliteCheckpoints
from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.contract import AnswerRequest, GenerateRequest
from omnipersona.model.registry import NANO_FOLDER
from omnipersona.testing import ScriptedModel

TAUGHT = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "message: this is my cat <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my cat <c0>": "<c0> kind: cat",
    "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog",
    "Facts\nmessage: this is my dog <c0>, his toy is a red ball": (
        "<c0> kind: dog; <c0> toy: a red ball"
    ),
    "message: draw <c0>": "generate; none; <c0>; what is the toy of <c0>?",
    "Recall\nevidence:\n- the toy of <c0> is a red ball": "a red ball",
    "Rewrite draw": "<c0> with a red ball",
}
TOY = ", his toy is a red ball"


async def test_teach_stores_the_concept_and_learns_it(talk: Talk, model: ScriptedModel) -> None:
    model.completions = TAUGHT
    events = await talk.events(f"this is my dog <bo>{TOY}", png(), png("blue"))
    assert any(isinstance(event, LearningStarted) for event in events)
    job_id = events[-1].details["job_id"]  # type: ignore[union-attr]  # a Reply, or this fails
    states = [status async for status in talk.session.watch_learning("ana", job_id)]
    assert states[-1].state == "ready"
    card = await talk.session.concept_card("ana", "BO")
    assert (card.kind, card.num_photos, card.has_tokens) == ("dog", 2, True)
    assert card.facts == ("toy: a red ball",)


async def test_generate_draws_from_what_was_said(talk: Talk, model: ScriptedModel) -> None:
    model.completions = TAUGHT
    await talk.teach(extra=TOY)
    events = await talk.events("draw <Bo> with his toy", seed=3)
    reply = events[-1]
    assert json.loads(json.dumps(reply.details)) == reply.details  # type: ignore[union-attr]
    assert model.of_type(GenerateRequest)[-1].prompt == "<c0> with a red ball"
    assert len(model.of_type(GenerateRequest)[-1].concepts) == 1
    assert reply.details["rewritten"] == "<bo> with a red ball"  # type: ignore[union-attr]
    assert reply.details["seed"] == 3  # type: ignore[union-attr]
    evidence = reply.details["evidence"][0]  # type: ignore[union-attr]
    assert (evidence["answer"], evidence["source"]) == ("a red ball", "you said")
    assert sum(isinstance(event, DrawProgress) for event in events) == model.num_steps
    lines = [line for e in events if isinstance(e, StepFinished) for line in e.lines]
    assert ("question", "what is the toy of <bo>?") in lines
    assert ("prompt", "<bo> with a red ball") in lines


async def test_understand_reads_the_attached_picture(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {**TAUGHT, "message: is <c0> in": "understand; attached; <c0>; none"}
    model.answers = {"is <c0> in this photo": "yes, <c0> is here"}
    await talk.teach()
    events = await talk.events("is Bo in this photo?", png("green"))
    request = model.of_type(AnswerRequest)[-1]
    assert (len(request.images), len(request.concepts)) == (1, 1)
    streamed = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert streamed == events[-1].text == "yes, <bo> is here"  # type: ignore[union-attr]


async def test_understand_without_a_picture_asks_both_witnesses(
    talk: Talk, model: ScriptedModel
) -> None:
    question = "what is the toy of <c0>?"
    model.completions = {**TAUGHT, "message: what": f"understand; none; <c0>; {question}"}
    model.answers = {question: "a blue kite"}
    await talk.teach(extra=TOY)
    reply = await talk.reply("what is the toy of bo?")
    evidence = reply.details["evidence"][0]
    assert evidence["answer"] == "a red ball"
    assert evidence["other"] == "a blue kite"
    assert reply.text.startswith("The toy of <bo> is a red ball")


async def test_learned_tokens_answer_what_nobody_said(talk: Talk, model: ScriptedModel) -> None:
    question = "what is the colour of <c0>?"
    model.completions = {**TAUGHT, "message: what": f"understand; none; <c0>; {question}"}
    model.answers = {question: "brown"}
    await talk.teach()
    reply = await talk.reply("what colour is bo?")
    assert reply.details["evidence"][0]["source"] == "learned tokens"
    assert "brown" in reply.text


async def test_remember_stores_only_what_was_said(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {
        **TAUGHT,
        "message: <c0> lives": "remember; none; <c0>; none",
        "Facts\nmessage: <c0> lives": "<c0> home: the beach; <c0> food: caviar",
    }
    await talk.teach()
    await talk.reply("<bo> lives at the beach")
    facts = (await talk.session.concept_card("ana", "bo")).facts
    assert facts == ("home: the beach", "<bo> lives at the beach")


async def test_remember_falls_back_to_the_users_sentence(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {
        **TAUGHT,
        "message: <c0> snores": "remember; none; <c0>; none",
        "Facts\nmessage: <c0> snores": "gibberish",
    }
    await talk.teach()
    await talk.reply("<bo> snores loudly")
    assert (await talk.session.concept_card("ana", "bo")).facts == ("<bo> snores loudly",)


async def test_correct_retires_the_old_value_and_again_uses_the_new(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = {
        **TAUGHT,
        "message: no, his toy": "correct; none; <c0>; none",
        "Facts\nmessage: about <c0>: no, his toy": "<c0> toy: a blue kite",
        "message: again": "again; shown; none; none",
        "Recall\nevidence:\n- the toy of <c0> is a blue kite": "a blue kite",
        "- the toy of <c0> is a blue kite\nmessage: draw": "<c0> with a blue kite",
    }
    await talk.teach(extra=TOY)
    await talk.reply("draw <bo> with his toy")
    corrected = await talk.reply("no, his toy is a blue kite")
    assert "a blue kite" in corrected.text
    assert "no longer believe: a red ball" in corrected.text
    assert 'say "again"' in corrected.text
    again = await talk.reply("again please")
    assert again.details["rewritten"] == "<bo> with a blue kite"
    assert (await talk.session.concept_card("ana", "bo")).facts == ("toy: a blue kite",)


async def test_again_draws_the_same_words_with_another_seed(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = {**TAUGHT, "message: another": "again; shown; none; none"}
    await talk.teach(extra=TOY)
    first = await talk.reply("draw <bo>", seed=3)
    second = await talk.reply("another one", seed=3)
    requests = model.of_type(GenerateRequest)
    assert requests[0].prompt == requests[1].prompt
    assert first.details["seed"] != second.details["seed"]


async def test_forget_asks_and_then_leaves_nothing(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {**TAUGHT, "message: forget": "forget; none; <c0>; none"}
    await talk.teach(extra=TOY)
    drawing = (await talk.reply("draw <bo>")).pictures[0].id
    need = await talk.need("forget <bo>")
    assert need.kind == "confirm"
    reply = await talk.reply(need.choices[1])
    assert reply.text.startswith("Forgotten <bo>: 1 fact, 1 photo, 1 drawing")
    assert await talk.session.concepts("ana") == ()
    assert drawing not in str(await talk.session.concepts("ana"))
    checkpoints = talk.session._checkpoints
    assert isinstance(checkpoints, SqliteCheckpoints)
    rows = await checkpoints._connection.execute_fetchall("SELECT count(*) FROM checkpoints")
    assert list(rows) == [(1,)], "of each conversation the newest state is kept"


async def test_forget_can_be_refused(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {**TAUGHT, "message: forget": "forget; none; <c0>; none"}
    await talk.teach()
    await talk.events("forget <bo>")
    await talk.reply("no")
    assert len(await talk.session.concepts("ana")) == 1


async def test_forget_one_fact_keeps_the_concept(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {
        **TAUGHT,
        "message: forget": "forget; none; <c0>; what is the toy of <c0>?",
    }
    await talk.teach(extra=TOY)
    need = await talk.need("forget the toy of <bo>")
    assert "toy: a red ball" in need.question
    await talk.reply("yes")
    assert (await talk.session.concept_card("ana", "bo")).facts == ()


async def test_list_shows_everything_known(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {**TAUGHT, "message: whom": "list; none; none; none"}
    assert "nobody yet" in (await talk.reply("whom do you know?")).text
    await talk.teach(extra=TOY)
    assert (await talk.reply("whom do you know?")).text == "<bo>: dog; toy: a red ball; 1 photo."


async def test_explain_tells_evidence_prompt_and_seed(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {**TAUGHT, "message: why": "explain; shown; none; none"}
    await talk.teach(extra=TOY)
    await talk.reply("draw <bo> with his toy", seed=7)
    text = (await talk.reply("why a ball?")).text
    for part in ("draw <bo> with his toy", "you told me: a red ball", "Seed 7"):
        assert part in text


async def test_converse_answers_small_talk(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {"message: hello": "converse; none; none; none", "Chat": "Hello there!"}
    assert (await talk.reply("hello")).text == "Hello there!"


async def test_an_unknown_name_is_never_drawn(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {**TAUGHT, "message: draw": "generate; none; <c0>; none"}
    await talk.teach(name="zoey")
    text = (await talk.reply("draw <zoe>")).text
    assert "I do not know <zoe> yet. Did you mean <zoey>?" in text
    assert model.of_type(GenerateRequest) == []


async def test_a_picture_alone_is_described(talk: Talk, model: ScriptedModel) -> None:
    model.answers = {"what is in this picture?": "a dog"}
    assert (await talk.reply("", png())).text == "a dog"


async def test_a_drawing_outside_the_world_is_declined(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {
        "message: draw a helicopter": "generate; none; none; none",
        "Rewrite draw": "cannot: a helicopter",
    }
    reply = await talk.reply("draw a helicopter")
    assert "I cannot draw a helicopter" in reply.text
    assert reply.text.endswith(model.describe().world)
    assert reply.pictures == ()


def test_the_shipped_model_names_the_way_to_a_larger_one() -> None:
    assert "omnipersona --model PATH" in ModelConfig.read(NANO_FOLDER).world


async def test_an_unlearned_concept_is_spoken_of_plainly(talk: Talk, model: ScriptedModel) -> None:
    model.hold = threading.Event()
    model.completions = TAUGHT
    await talk.reply("this is my dog <bo>", png())
    assert (
        "<bo> is still being learned: waiting for its turn." in (await talk.reply("draw <bo>")).text
    )
    model.hold.set()


async def test_whom_a_pronoun_means_is_told_to_the_text_tasks(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = {
        **TAUGHT,
        "message: he loves": "remember; none; <c0>; none",
        "Facts\nmessage: about <c0>: he loves": "<c0> hobby: digging",
        "message: draw him": "generate; none; <c0>; none",
        "Rewrite draw\nevidence:\nnone\nmessage: about <c0>: draw him": "<c0> sitting",
    }
    await talk.teach()
    await talk.reply("he loves digging")
    assert "hobby: digging" in (await talk.session.concept_card("ana", "bo")).facts
    assert (await talk.reply("draw him")).details["rewritten"] == "<bo> sitting"


async def test_facts_about_the_user_are_kept_asked_and_forgotten(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = {
        **TAUGHT,
        "message: my name": "remember; none; none; none",
        "Facts\nmessage: my name": "me name: ana",
        "message: who am i": "understand; none; none; what is the name of me?",
        "Recall\nevidence:\n- the name of me is ana": "ana",
        "message: forget me": "forget; none; none; none",
    }
    await talk.teach()
    await talk.reply("my name is ana")
    assert (await talk.reply("who am i")).text == "Your name is ana (you told me)."
    assert "name: ana" in (await talk.need("forget me")).question
    await talk.reply("yes")
    assert "I do not know your name" in (await talk.reply("who am i")).text


async def test_more_photos_of_a_known_concept_are_added(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {**TAUGHT, "message: more photos": "teach; attached; <c0>; none"}
    await talk.teach()
    reply = await talk.reply("more photos of him", png("blue"))
    assert (reply.details["concept"], reply.details["num_photos"]) == ("bo", 2)


async def test_the_shown_picture_is_not_the_attached_one(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {
        **TAUGHT,
        "picture: attached and shown\nmessage: and yours": "understand; shown; none; none",
    }
    await talk.teach()
    drawn = await talk.reply("draw <bo>")
    await talk.reply("and yours?", png("green"))
    assert model.of_type(AnswerRequest)[-1].images == (drawn.pictures[0].png,)


async def test_again_after_a_correction_knows_an_owner_that_was_not_drawn(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = {
        **TAUGHT,
        "message: draw the toy of <c0>": "generate; none; <c0>; what is the toy of <c0>?",
        "red ball\nmessage: draw the toy": "a red ball",
        "blue kite\nmessage: draw the toy": "a blue kite",
        "Recall\nevidence:\n- the toy of <c0> is a blue kite": "a blue kite",
        "message: no, his toy": "correct; none; <c0>; none",
        "Facts\nmessage: about <c0>: no, his toy": "<c0> toy: a blue kite",
        "message: again": "again; shown; none; none",
    }
    await talk.teach(extra=TOY)
    assert (await talk.reply("draw the toy of <bo>")).details["rewritten"] == "a red ball"
    await talk.reply("no, his toy is a blue kite")
    assert (await talk.reply("again")).details["rewritten"] == "a blue kite"


async def test_the_graph_runs_without_a_session(talk: Talk, model: ScriptedModel) -> None:
    model.completions = {**TAUGHT, "message: add a hat": "edit; none; none; none"}
    await talk.teach(extra=TOY)
    graph = build_graph(talk.session._deps)
    context = Context(user_id="ana", seed=4)
    bare = await graph.compile().ainvoke(
        {"text": "draw <bo>", "picture_ids": []}, context=context, version="v2"
    )
    assert bare.value["answer"] == "Here it is: <bo> with a red ball."
    assert bare.value["details"]["seed"] == 4
    asking = await graph.compile(checkpointer=InMemorySaver()).ainvoke(
        {"text": "add a hat", "picture_ids": []},
        {"configurable": {"thread_id": "other"}},
        context=context,
        version="v2",
    )
    assert asking.interrupts[0].value["kind"] == "picture"


async def test_a_friend_that_is_not_learned_is_spoken_of_plainly(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = {
        **TAUGHT,
        "message: draw <c0> with her friend": "generate; none; <c0>; what is the friend of <c0>?",
        "Recall\nevidence:\n- the friend": "<c1>",
        "friend of <c0> is <c1>\nmessage: draw": "<c0> and <c1>",
        "message: <c0> is a friend": "remember; none; <c0>; none",
        "Facts\nmessage: <c0> is a friend of <c1>": "<c1> friend: <c0>",
    }
    await talk.teach("mia", "cat")
    deps = talk.session._deps
    deps.memory.concepts.add("ana", "zoe")
    await talk.reply("<zoe> is a friend of <mia>")
    assert "friend: <zoe>" in (await talk.session.concept_card("ana", "mia")).facts
    reply = await talk.reply("draw <mia> with her friend")
    assert reply.text == "<zoe> is not learned yet: send a few photos to teach me."
    assert model.of_type(GenerateRequest) == []

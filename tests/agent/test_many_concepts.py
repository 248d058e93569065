"""Several concepts in one request: each with its own tokens, in the order of the words."""

from talk import Talk

from omnipersona.model.contract import MAX_CONCEPTS, GenerateRequest
from omnipersona.testing import ScriptedModel, concept_file

SCRIPT = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog",
}


def drawn_together(count: int) -> dict[str, str]:
    slots = " ".join(f"<c{index}>" for index in range(count))
    return {**SCRIPT, "message: draw": f"generate; none; {slots}; none", "Rewrite draw": slots}


async def test_look_alikes_with_alike_names_keep_their_own_tokens(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = SCRIPT
    names = ("bo", "bo junior", "b\u00f6")
    for name in names:
        await talk.teach(name)
    model.completions = drawn_together(3)
    reply = await talk.reply("draw <b\u00f6> and <bo> and <bo junior>")
    assert reply.details["rewritten"] == "<b\u00f6> <bo> <bo junior>"
    files = model.of_type(GenerateRequest)[-1].concepts
    assert files == tuple(concept_file(name, kind="dog") for name in ("b\u00f6", "bo", "bo junior"))


async def test_as_many_concepts_as_a_request_holds_are_drawn_and_one_more_stays_a_word(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = SCRIPT
    names = [f"dog{number}" for number in range(MAX_CONCEPTS + 1)]
    for name in names:
        await talk.teach(name)
    model.completions = drawn_together(MAX_CONCEPTS)
    reply = await talk.reply("draw " + " ".join(f"<{name}>" for name in names))
    assert reply.details["concepts"] == names[:MAX_CONCEPTS]
    files = model.of_type(GenerateRequest)[-1].concepts
    assert files == tuple(concept_file(name, kind="dog") for name in names[:MAX_CONCEPTS])

"""All twelve intents through a real session, with scripted replies."""

import pytest
from talk import Talk
from fakes import FakePersonaModel, png

from omnipersona.agent.events import DrawProgress, LearningStarted, StepFinished, TextDelta
from omnipersona.model.contract import AnswerRequest, EditRequest, GenerateRequest

TEACH_BO = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>, his toy is a red ball": "<c0> kind: dog; <c0> toy: a red ball",
}


async def test_teach_then_draw_with_the_toy(talk: Talk, model: FakePersonaModel) -> None:
    model.completions = {
        **model.completions,
        **TEACH_BO,
        "message: draw <c0>": "generate; none; <c0>; what is the toy of <c0>?",
        "Recall": "a red ball",
        "Rewrite draw": "<c0> with a red ball",
    }
    await talk.teach(extra=", his toy is a red ball")
    events = await talk.events("draw <Bo> with his toy", seed=3)
    reply = events[-1]
    print(reply)
    print([e for e in events])

"""A text task is tried twice, with other examples the second time."""

import threading

import pytest
from fakes import BrokenModelError, FakePersonaModel, Faults

from omnipersona.agent.context import Context
from omnipersona.agent.parsing import read_rewrite
from omnipersona.agent.prompts import DRAW_EXAMPLES
from omnipersona.agent.structured_output import Reading, run_task
from omnipersona.model.contract import CompleteRequest


def run(model: FakePersonaModel, num_examples: int | None = None) -> Reading[object] | None:
    return run_task(
        model,
        "Rewrite draw\nevidence:\nnone\nmessage: draw <c0>",
        DRAW_EXAMPLES,
        lambda reply: read_rewrite(reply, ("<c0>",)),
        context=Context(user_id="ana", num_examples=num_examples),
        cancel=threading.Event(),
    )


def test_a_readable_reply_needs_one_try() -> None:
    model = FakePersonaModel(completions={"Rewrite": "<c0> runs"})
    reading = run(model)
    assert reading is not None
    assert reading.value == "<c0> runs"
    assert reading.confidence == pytest.approx(0.905)
    assert len(model.requests) == 1


def test_an_unreadable_reply_is_tried_with_other_examples() -> None:
    replies = iter(["<c9>", "<c0> runs"])
    model = FakePersonaModel(completions=lambda _: next(replies))
    assert run(model) is not None
    first, second = model.of_type(CompleteRequest)
    assert len(first.examples) == model.num_examples
    assert first.examples != second.examples


def test_two_unreadable_replies_are_none() -> None:
    model = FakePersonaModel(completions={"Rewrite": "<c9>"})
    assert run(model, num_examples=0) is None
    assert [len(r.examples) for r in model.of_type(CompleteRequest)] == [0, 1]


def test_a_model_error_is_not_a_bad_reply() -> None:
    model = FakePersonaModel(complete_faults=Faults(BrokenModelError("Too many jobs.")))
    with pytest.raises(BrokenModelError):
        run(model)

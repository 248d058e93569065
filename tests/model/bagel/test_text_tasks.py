"""A text task is tried twice, with other examples the second time; without a reply it is empty."""

import pytest
from fakes import BrokenModelError

from omnipersona.model.bagel.text_tasks import CompleteRequest
from omnipersona.model.contract import (
    KnownConcept,
    Reading,
    ReadRequest,
    Recalled,
    RecallRequest,
    RewriteRequest,
    Rewritten,
    Statement,
)
from omnipersona.testing import Faults, ScriptedModel

TOY = Statement(subject="<c0>", attribute="toy", value="a red ball")


def rewrite(model: ScriptedModel, num_examples: int | None = None) -> Rewritten:
    return model.rewrite(
        RewriteRequest(task="draw", message="draw <c0>", num_examples=num_examples)
    )


def test_a_readable_reply_needs_one_try() -> None:
    model = ScriptedModel(completions={"Rewrite": "<c0> runs"})
    assert rewrite(model) == Rewritten(prompt="<c0> runs")
    assert len(model.requests) == 1


def test_an_unreadable_reply_is_tried_with_other_examples() -> None:
    replies = iter(["<c9>", "<c0> runs"])
    model = ScriptedModel(completions=lambda _: next(replies))
    assert rewrite(model).prompt == "<c0> runs"
    first, second = model.of_type(CompleteRequest)
    assert len(first.examples) == model.num_examples
    assert first.examples != second.examples


def test_two_unreadable_replies_are_empty() -> None:
    model = ScriptedModel(completions={"Rewrite": "<c9>", "Parse": "what?", "Recall": "a\nb"})
    assert rewrite(model, num_examples=0) == Rewritten()
    assert [len(r.examples) for r in model.of_type(CompleteRequest)] == [0, 1]
    assert model.read(ReadRequest(message="draw <c0>")).intent is None
    assert model.recall(RecallRequest(question="why?", evidence=())) == Recalled()


def test_a_model_error_is_not_a_bad_reply() -> None:
    model = ScriptedModel(complete_faults=Faults(BrokenModelError("Too many jobs.")))
    with pytest.raises(BrokenModelError):
        rewrite(model)


def test_what_states_something_is_read_in_full() -> None:
    model = ScriptedModel(
        completions={"Parse": "remember; none; <c0>; none", "Facts": "<c0> toy: a red ball"}
    )
    request = ReadRequest(
        message="<c0> has a red ball", known=(KnownConcept(slot="<c0>", kind="dog"),)
    )
    reading = model.read(request)
    assert reading == Reading(
        intent="remember", certainty=0.905, about=("<c0>",), statements=(TOY,)
    )
    parse, facts = model.of_type(CompleteRequest)
    assert parse.prompt.startswith("Parse\nknown: <c0> dog\nlast: none\npicture: none\n")
    assert facts.prompt == "Facts\nmessage: <c0> has a red ball"


def test_whom_it_is_about_is_not_asked_again() -> None:
    model = ScriptedModel(completions={"Facts\nmessage: about <c1>: his": "<c1> toy: a red ball"})
    request = ReadRequest(message="his toy is a red ball", intent="remember", about=("<c1>",))
    [statement] = model.read(request).statements or ()
    assert (statement.subject, statement.value) == ("<c1>", "a red ball")
    assert len(model.requests) == 1


def test_evidence_is_written_as_sentences() -> None:
    model = ScriptedModel(completions={"Recall": "a red ball", "Rewrite": "cannot: a plane"})
    note = Statement(value="<c0> barks")
    model.recall(RecallRequest(question="what is the toy of <c0>?", evidence=(TOY, note)))
    request = RewriteRequest(task="edit", message="give him a plane", about=("<c0>",))
    assert model.rewrite(request) == Rewritten(cannot="a plane")
    recall, rewritten = model.of_type(CompleteRequest)
    assert "- the toy of <c0> is a red ball\n- <c0> barks\n" in recall.prompt
    assert rewritten.prompt.endswith("message: about <c0>: give him a plane")

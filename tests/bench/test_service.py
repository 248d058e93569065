"""Every section of the measurement of whole turns, on a scripted model."""

import pytest

from omnipersona.bench.errors import BenchError
from omnipersona.bench.service import run_service
from omnipersona.testing import ScriptedModel

SCRIPT = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog; <c0> toy: a red ball",
    "message: what is the toy": "understand; none; <c0>; what is the toy of <c0>?",
    "Recall": "a red ball",
    "message: draw <c0>": "generate; none; <c0>; what is the toy of <c0>?",
    "Rewrite draw": "<c0> with a red ball",
    "message: change the background": "edit; shown; none; none",
    "Rewrite edit": "change the place to the beach",
    "message: hello": "converse; none; none; none",
    "message: draw a blue cat": "generate; none; none; none",
}


@pytest.mark.slow
def test_every_section_has_its_rows() -> None:
    model = ScriptedModel(completions=SCRIPT, num_learn_steps=50, step_seconds=0.02)
    told: list[str] = []
    rows = {row.name: row for row in run_service(model, quick=True, on_progress=told.append)}
    assert told == ["turns", "cancelling", "learning beside", "users", "load"]
    assert rows["drawing: seconds"].value > rows["drawing: outside of the model"].value > 0.0
    assert rows["edit: outside of the model"].goal == pytest.approx(
        0.03 * rows["edit: seconds"].value
    )
    assert (
        rows["cancelled drawing and a question after it"].value
        < rows["drawing: seconds"].value * 400
    )
    assert 0.0 < rows["4 users: first over last"].value <= 1.0
    assert rows["4 users' questions: one by one over together"].value > 0.0
    assert rows["question beside a drawing: seconds"].value > 0.0
    assert rows["one wants 33: refused turns of others"].value == 0.0


def test_a_model_that_does_not_understand_cannot_be_measured() -> None:
    with pytest.raises(BenchError, match="not taken for teaching"):
        run_service(ScriptedModel(completions={}), quick=True)

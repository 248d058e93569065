"""The sentence encoder that ships with the product."""

import pytest

from omnipersona.memory.encoder import MiniLmEncoder


@pytest.mark.slow
def test_the_shipped_encoder_puts_a_question_near_its_fact(
    capfd: pytest.CaptureFixture[str],
) -> None:
    question, toy, food = MiniLmEncoder().encode(
        ["what is the toy of <c0>?", "toy: a red ball", "favourite food: pizza"]
    )
    assert len(question) == 384
    assert sum(x * x for x in question) == pytest.approx(1.0, abs=1e-5)

    def near(vector: list[float]) -> float:
        return sum(x * y for x, y in zip(question, vector, strict=True))

    assert near(toy) > near(food) + 0.1
    assert capfd.readouterr().err == ""

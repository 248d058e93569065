"""A language model as judge: 0, 0.5 or 1 by a fixed rubric, one call per item without memory.

A call that fails, or a reply that is no such score, is a verdict of its own and counted; it is
neither raised nor dropped nor read as 0. The judge is this project's own model or any server with
OpenAI's chat interface. Does not know what the scores are for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

Task = Literal["answer", "knowledge", "prompt", "edit", "kept"]

SCORES: Final = (0.0, 0.5, 1.0)
_NUMBER: Final = re.compile(r"(?<![\w.,/-])\d+(?:\.\d+)?(?![\w/%]|[.,]\d)")
_LONGEST_FAILURE: Final = 200

RUBRICS: Final[dict[Task, str]] = {
    "answer": (
        "You grade an answer against the true one. Grammar and wording do not matter, content "
        "does. 1: it says the same. 0.5: part of it is right. 0: it is wrong or says something "
        "else."
    ),
    "knowledge": (
        "You grade a drawn picture. Its prompt does not say all that it must show: the rest stands "
        "in the facts. 1: all that the prompt asks for is visible as the facts tell it. 0.5: part "
        "of it is. 0: none of it is."
    ),
    "prompt": (
        "You grade a drawn picture against its prompt. 1: all that the prompt asks for is visible. "
        "0.5: part of it is. 0: none of it is."
    ),
    "edit": (
        "You grade an edit. The first picture is the source, the second the result. 1: the "
        "instruction was carried out in full. 0.5: in part. 0: not at all."
    ),
    "kept": (
        "You grade an edit. The first picture is the source, the second the result. Look only at "
        "what the instruction does not speak of. 1: all of it is unchanged. 0.5: part of it "
        "changed. 0: most of it changed."
    ),
}
_HOW: Final = "Reply with the number alone: 0, 0.5 or 1."


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One item to judge.

    Attributes:
        task: Which rubric applies.
        fields: What the judge is told, as names and texts, e.g. ("question", ...).
        images: PNG bytes, in the order the rubric speaks of them.
    """

    task: Task
    fields: tuple[tuple[str, str], ...]
    images: tuple[bytes, ...] = ()

    def written(self) -> str:
        """Write the rubric, the fields and how to reply."""
        lines = [f"{name}: {text}" for name, text in self.fields]
        return "\n".join([RUBRICS[self.task], *lines, _HOW])


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a judge said: a score, or why there is none."""

    score: float | None
    failure: str | None = None

    @classmethod
    def failed(cls, why: str) -> "Verdict":
        """Return a verdict without a score."""
        return cls(score=None, failure=why[:_LONGEST_FAILURE])


class Judge(Protocol):
    """Scores cases, each on its own."""

    def judge(self, case: Case) -> Verdict:
        """Return the verdict on one case; a failure is a verdict."""


def read_score(reply: str) -> Verdict:
    """Read a judge's reply: it must name one number, and that one of the three."""
    numbers = {float(one) for one in _NUMBER.findall(reply)}
    if len(numbers) != 1:
        return Verdict.failed(f"the reply names {len(numbers)} numbers instead of one: {reply!r}")
    score = numbers.pop()
    if score not in SCORES:
        return Verdict.failed(f"the reply names {score:g} instead of 0, 0.5 or 1: {reply!r}")
    return Verdict(score=score)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """Verdicts summed up.

    Attributes:
        mean: Mean of the scores; None where every call failed.
        failures: Verdicts without a score.
        n: Verdicts.
    """

    mean: float | None
    failures: int
    n: int


def judged(verdicts: Sequence[Verdict]) -> Judged:
    """Sum up verdicts; those without a score are counted, not averaged."""
    scores = [one.score for one in verdicts if one.score is not None]
    return Judged(
        mean=sum(scores) / len(scores) if scores else None,
        failures=len(verdicts) - len(scores),
        n=len(verdicts),
    )


def answer_case(question: str, answer: str, reply: str) -> Case:
    """Ask whether a reply says what the true answer says."""
    fields = (("question", question), ("true answer", answer), ("answer to grade", reply))
    return Case(task="answer", fields=fields)


def knowledge_case(prompt: str, facts: Sequence[str], picture: bytes) -> Case:
    """Ask whether a picture shows the facts that its prompt leaves out."""
    fields = (("facts", " ".join(facts)), ("prompt", prompt))
    return Case(task="knowledge", fields=fields, images=(picture,))


def prompt_case(prompt: str, picture: bytes) -> Case:
    """Ask whether a picture shows what its prompt asks for."""
    return Case(task="prompt", fields=(("prompt", prompt),), images=(picture,))


def edit_cases(instruction: str, source: bytes, result: bytes) -> tuple[Case, Case]:
    """Ask whether an edit was done, and whether the rest was kept."""
    fields, images = (("instruction", instruction),), (source, result)
    return (
        Case(task="edit", fields=fields, images=images),
        Case(task="kept", fields=fields, images=images),
    )

"""A taught concept as a method answers, draws and edits with it.

Knows requests of the contract and the pipeline that runs them. Does not know how a method learned.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from PIL import Image

from omnipersona.agent.nodes.retrieving import asked_attribute
from omnipersona.bench.metrics.replies import yes_or_no
from omnipersona.model.bagel.concept_training.dataset import SLOT
from omnipersona.model.bagel.images import read_png
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.prompts import certainty_of_yes
from omnipersona.model.bagel.text_tasks import CompleteRequest, TextTasks, last_of, run
from omnipersona.model.contract import (
    AnswerRequest,
    ConceptFile,
    DrawEvent,
    DrawSettings,
    EditRequest,
    GenerateRequest,
    ImageResult,
    KnownConcept,
    LearnRequest,
    ReadRequest,
    RewriteRequest,
    Statement,
)
from omnipersona.model.slotted_text import ConceptRef, SlottedText

Use = Literal["question", "draw", "edit"]
Retriever = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Recaption:
    """The steps from a wish to a prompt, T to Q, A, T-hat.

    Attributes:
        message: What the user says.
        questions: What has to be known first.
        facts: The answers, as sentences.
        prompt: What is drawn; the plain wish where nothing was rewritten.
    """

    message: str
    prompt: str
    questions: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[tuple[str, str], ...]:
        """The steps after the message, each with the paper's letter."""
        asked = [("Q", question) for question in self.questions]
        return (*asked, *(("A", fact) for fact in self.facts), ("T\u0302", self.prompt))


def as_it_is(text: str, use: Use) -> str:
    """Return a text whose slots learned tokens fill."""
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Persona:
    """What a method has after its lesson.

    Attributes:
        pipeline: Runs every request.
        kind: The concept's noun.
        concepts: Learned tokens; empty for methods that learn none.
        phrase: Turns a text with the slot into what the model reads.
        photo: A reference photo that goes before every request, or None.
        recall: Answers a knowledge question for recaptioning; None where nothing is recaptioned.
        recognises: Gives the probability that a picture shows the concept; None asks the model.
        num_examples: In-context examples of reading a wish.
        with_adapters: Whether pictures are drawn with the concepts' adapters.
    """

    pipeline: Pipeline
    kind: str
    concepts: tuple[ConceptFile, ...] = ()
    phrase: Callable[[str, Use], str] = as_it_is
    photo: bytes | None = None
    recall: Retriever | None = None
    recognises: Callable[[bytes], float] | None = None
    num_examples: int = 0
    with_adapters: bool = False

    def answer(self, question: str, picture: bytes | None = None) -> str:
        """Return the answer to a question, about a picture if there is one."""
        request = AnswerRequest(
            question=self.phrase(question, "question"),
            images=self._with_photo(picture),
            concepts=self.concepts,
        )
        return "".join(self.pipeline.answer(request)).strip()

    def sees(self, question: str, picture: bytes) -> bool | None:
        """Return whether the concept is in a picture; None where the answer says neither."""
        if self.recognises is not None:
            return self.recognises(picture) > 0.5
        return yes_or_no(self.answer(question, picture))

    def certainty(self, question: str, picture: bytes) -> float:
        """Return the probability of a yes, in [0, 1], as far as the first token tells."""
        if self.recognises is not None:
            return self.recognises(picture)
        request = CompleteRequest(
            prompt=self.phrase(question, "question"),
            images=self._with_photo(picture),
            concepts=self.concepts,
            max_tokens=1,
        )
        reply = run(last_of(self.pipeline.complete(request)))
        return certainty_of_yes(reply.text, reply.log_probability)

    def draw(self, wish: str, seed: int) -> Image.Image:
        """Return a drawing of a wish, recaptioned or plain."""
        prompt = self.phrase(wish, "draw")
        settings = self._settings(seed)
        request = GenerateRequest(
            prompt=prompt,
            images=self._with_photo(None),
            concepts=self.concepts,
            settings=settings,
        )
        return _last(self.pipeline.generate(request))

    def edit(self, picture: bytes, instruction: str, seed: int) -> Image.Image:
        """Return a picture changed as told."""
        request = EditRequest(
            image=picture,
            instruction=self.phrase(instruction, "edit"),
            images=self._with_photo(None),
            concepts=self.concepts,
            settings=self._settings(seed),
        )
        return _last(self.pipeline.edit(request))

    def _with_photo(self, picture: bytes | None) -> tuple[bytes, ...]:
        return tuple(png for png in (self.photo, picture) if png is not None)

    def _settings(self, seed: int) -> DrawSettings:
        return DrawSettings(seed=seed, previews=False, with_adapters=self.with_adapters)

    def recaptioned(self, message: str) -> Recaption:
        """Parse the message, recall what it needs, write it out; or take the plain wish.

        Source: OmniPersona, explicit knowledge recaptioning.
        """
        plain = Recaption(message, message.removeprefix("draw "))
        if self.recall is None:
            return plain
        tasks = TextTasks(self.pipeline.complete, num_examples=0)
        known = (KnownConcept(slot=SLOT, kind=self.kind),)
        reading = run(
            tasks.read(ReadRequest(message=message, known=known, num_examples=self.num_examples))
        )
        if reading.intent is None:
            return plain
        facts = self._answered(reading.questions)
        asked = replace(plain, questions=reading.questions, facts=tuple(map(str, facts)))
        request = RewriteRequest(task="draw", message=message, about=(SLOT,), evidence=facts)
        rewritten = run(tasks.rewrite(request))
        return replace(asked, prompt=rewritten.prompt) if rewritten.prompt else asked

    def _answered(self, questions: tuple[str, ...]) -> tuple[Statement, ...]:
        assert self.recall is not None, "only a persona that recalls is recaptioned"
        found, it = [], ConceptRef("it")
        for question in questions:
            asked, value = asked_attribute(SlottedText.of(question, [it])), self.recall(question)
            if asked is not None and value:
                found.append(Statement(subject=SLOT, attribute=asked[1], value=value))
        return tuple(found)


class Method(Protocol):
    """A way to teach a frozen model a concept; one instance serves a whole run."""

    def __call__(self, pipeline: Pipeline, lessons: list[LearnRequest]) -> list[Persona]:
        """Return what was learned from each lesson."""


def _last(steps: Iterator[DrawEvent]) -> Image.Image:
    *_, last = steps
    assert isinstance(last, ImageResult), "a drawing ends with its picture"
    return read_png(last.png)

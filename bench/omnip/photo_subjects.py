"""Concepts of a data set of real photos: nothing is known exactly, so encoders and a judge score.

Knows the common form of data sets and the metrics. Does not know layouts, methods or the drawn
world.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from omnipersona.bench.asking import png
from omnipersona.bench.datasets.edits import edit_items
from omnipersona.bench.datasets.form import (
    ChoiceQuestion,
    Concept,
    Dataset,
    EditItem,
    GenerationPrompt,
    RecognitionItem,
    TextQuestion,
    VisualQuestion,
)
from omnipersona.bench.metrics.errors import MetricError
from omnipersona.bench.metrics.faces import FaceEncoder, FaceLikeness
from omnipersona.bench.metrics.judge import (
    Case,
    answer_case,
    edit_cases,
    knowledge_case,
    prompt_case,
)
from omnipersona.bench.metrics.likeness import PhotoLikeness, prompt_likeness
from omnipersona.bench.metrics.replies import chosen_letter, is_exact
from omnipersona.bench.omnip.instruments import Instruments
from omnipersona.bench.omnip.persona import Persona
from omnipersona.bench.omnip.scores import Made, Scores, noise_seed
from omnipersona.bench.omnip.subjects import Subject
from omnipersona.model.bagel.concept_training.dataset import SLOT
from omnipersona.model.bagel.images import read_png
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.text_tasks import TextTasks, run
from omnipersona.model.contract import Fact, File, LearnRequest, ReadRequest

_NO_KIND: Final = "subject"
_ADDED_TO: Final = 2  # photos without the concept that it is put into


@dataclass(frozen=True, kw_only=True, slots=True)
class PhotoSubject:
    """One concept of a data set.

    Attributes:
        number: Its place in the comparison, from 0.
        dataset: Whose items are asked.
        concept: Who it is.
        facts: What the model read in the data set's sentences.
        instruments: Score what has no exact truth.
    """

    number: int
    dataset: Dataset
    concept: Concept
    facts: tuple[Fact, ...]
    instruments: Instruments

    def lesson(self, seed: int, num_photos: int) -> LearnRequest:
        """Return what every method is taught with."""
        return LearnRequest(
            name=self.concept.name,
            kind=self.concept.kind,
            photos=File.each(
                tuple(photo.png() for photo in self.concept.training_photos[:num_photos])
            ),
            facts=self.facts,
            seed=seed,
        )

    def scores(self, persona: Persona, seed: int) -> Iterator[Scores]:
        """Yield the growing scores of a persona after each item."""
        scores = Scores()
        for _ in self._read(persona, scores):
            yield scores
        likeness = _Likeness(self.concept, self.instruments)
        noise = noise_seed(self.number, seed)
        for i, prompt in enumerate(self.dataset.of(GenerationPrompt, self.concept.name)):
            self._draw(persona, prompt, likeness, scores, noise + i)
            yield scores
        without = self.dataset.easy_negatives[:_ADDED_TO]
        for i, edit in enumerate(edit_items(self.concept, without)):
            self._edit(persona, edit, likeness, scores, noise + i)
            yield scores

    def _read(self, persona: Persona, scores: Scores) -> Iterator[None]:
        name = self.concept.name
        certainties = []
        for shown in self.dataset.of(RecognitionItem, name):
            seen = persona.sees(shown.question, shown.photo.png())
            scores.add_recognition(seen, is_present=shown.is_present)
            certainty = persona.certainty(shown.question, shown.photo.png())
            certainties.append((shown.is_present, certainty))
            yield
        scores.add_calibrated(certainties)
        for visual in self.dataset.of(VisualQuestion, name):
            reply = persona.answer(visual.question, visual.photo.png())
            self._grade("vqa", visual.question, visual.answer, reply, scores)
            yield
        for text in self.dataset.of(TextQuestion, name):
            reply = persona.answer(text.question)
            self._grade("qa", text.question, text.answer, reply, scores)
            yield
        for choice in self.dataset.of(ChoiceQuestion, name):
            photo = None if choice.photo is None else choice.photo.png()
            letter = chosen_letter(persona.answer(choice.written(), photo), choice.options)
            scores.add("choice", letter == choice.answer)
            yield

    def _draw(
        self,
        persona: Persona,
        asked: GenerationPrompt,
        likeness: "_Likeness",
        scores: Scores,
        seed: int,
    ) -> None:
        steps = persona.recaptioned(f"draw {asked.prompt}")
        image = persona.draw(steps.prompt, seed)
        scores.pictures.setdefault(asked.prompt, Made(image, steps=steps.told))
        likeness.of_drawing(image, asked.prompt, scores)
        if asked.needs_knowledge:
            self._judge("parg", knowledge_case(asked.prompt, asked.facts, png(image)), scores)
        else:
            self._judge("text alignment", prompt_case(asked.prompt, png(image)), scores)

    def _edit(
        self,
        persona: Persona,
        edit: EditItem,
        likeness: "_Likeness",
        scores: Scores,
        seed: int,
    ) -> None:
        source = edit.photo.png()
        image = persona.edit(source, edit.instruction, seed)
        made = Made(image, before=read_png(source))
        scores.pictures.setdefault(f"{edit.kind}: {edit.instruction}", made)
        done, kept = edit_cases(edit.instruction, source, png(image))
        is_done = self._judge("edit done", done, scores)
        is_kept = self._judge("edit kept", kept, scores)
        if is_done is not None and is_kept is not None:
            scores.add(f"edit {edit.kind}", is_done * is_kept)
        if edit.kind != "remove":
            likeness.of_picture("edit clip-i", image, scores)

    def _grade(self, metric: str, question: str, answer: str, reply: str, scores: Scores) -> None:
        """Judge a free answer; without a judge only the same words count."""
        if self.instruments.judge is None:
            scores.add(metric, is_exact(reply, answer))
        else:
            self._judge(metric, answer_case(question, answer, reply), scores)

    def _judge(self, metric: str, case: Case, scores: Scores) -> float | None:
        """Score a case, count a failure, and return the score if there is one."""
        if self.instruments.judge is None:
            return None
        verdict = self.instruments.judge.judge(case)
        scores.add("judge failed", verdict.score is None)
        if verdict.score is not None:
            scores.add(metric, verdict.score)
        return verdict.score


class _Likeness:
    """Pictures against a concept's training photos, which are encoded once."""

    def __init__(self, concept: Concept, instruments: Instruments) -> None:
        self._kind = concept.kind or _NO_KIND
        self._clip = instruments.clip
        photos = [photo.open() for photo in concept.training_photos]
        self._photos = {
            name: PhotoLikeness.to(photos, encoder)
            for name, encoder in (("clip-i", instruments.clip), ("dino", instruments.dino))
            if encoder is not None
        }
        self._faces = _faces(photos, instruments.faces)

    def of_drawing(self, image: Image.Image, prompt: str, scores: Scores) -> None:
        """Add how like the concept, its face and the prompt a drawing is."""
        for name in self._photos:
            self.of_picture(name, image, scores)
        if self._clip is not None:
            scores.add("clip-t", prompt_likeness(self._clip, image, prompt, self._kind))
        if self._faces is not None:
            face = self._faces.score(image)
            scores.add("no face", face is None)
            if face is not None:
                scores.add("face", face)

    def of_picture(self, metric: str, image: Image.Image, scores: Scores) -> None:
        """Add the cosine that the end of a metric's name asks for, if its encoder is there."""
        likeness = self._photos.get(metric.removeprefix("edit "))
        if likeness is not None:
            scores.add(metric, likeness.score(image))


def _faces(photos: Sequence[Image.Image], encoder: FaceEncoder | None) -> FaceLikeness | None:
    if encoder is None:
        return None
    try:
        return FaceLikeness.to(photos, encoder)
    except MetricError:
        return None  # no person


def photo_subjects(
    pipeline: Pipeline, dataset: Dataset, instruments: Instruments, count: int
) -> list[Subject]:
    """Return the first `count` concepts of a data set, their facts read by the model itself."""
    return [
        PhotoSubject(
            number=i,
            dataset=dataset,
            concept=concept,
            facts=_read_facts(pipeline, concept),
            instruments=instruments,
        )
        for i, concept in enumerate(dataset.concepts[:count])
    ]


def _read_facts(pipeline: Pipeline, concept: Concept) -> tuple[Fact, ...]:
    """Return the facts that the model finds in sentences; one that it cannot read gives none."""
    tasks = TextTasks(pipeline.complete, num_examples=0)
    facts = []
    for sentence in concept.facts:
        request = ReadRequest(message=sentence, intent="remember", about=(SLOT,))
        found = run(tasks.read(request)).statements or ()
        facts += [Fact(attribute=one.attribute, value=one.value) for one in found]
    return tuple(facts)

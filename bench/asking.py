"""Requests to a model, and how long each took.

Knows the contract. Every answer comes from the network; the truth is known elsewhere.
"""

import io
import time
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from omnipersona.model.contract import (
    AnswerRequest,
    ConceptFile,
    DrawSettings,
    EditRequest,
    GenerateRequest,
    ImageResult,
    LearnRequest,
    LearnResult,
    PersonaModel,
    text_of,
)
from omnipersona.model.errors import ForeignPicture

DECLINED: Final = "declined"
"""Stands for the answer where the model cannot read the picture."""

_MAX_ANSWER: Final = 64


@dataclass(slots=True)
class Asker:
    """Asks one model and times it.

    Attributes:
        model: Who answers.
        answers, drawings, edits, lessons: Seconds of each request so far.
    """

    model: PersonaModel
    answers: list[float] = field(default_factory=list)
    drawings: list[float] = field(default_factory=list)
    edits: list[float] = field(default_factory=list)
    lessons: list[float] = field(default_factory=list)

    def answer(
        self,
        question: str,
        picture: Image.Image | None = None,
        concepts: tuple[ConceptFile, ...] = (),
    ) -> str:
        """Return the answer to a question, about a picture if there is one; `DECLINED` if none."""
        request = AnswerRequest(
            question=question,
            images=() if picture is None else (png(picture),),
            concepts=concepts,
            max_tokens=_MAX_ANSWER,
        )
        started = time.monotonic()
        try:
            text = text_of(self.model.answer(request))
        except ForeignPicture:
            text = DECLINED
        self.answers.append(time.monotonic() - started)
        return text

    def draw(self, prompt: str, seed: int, concepts: tuple[ConceptFile, ...] = ()) -> Image.Image:
        """Return a drawing of a prompt."""
        settings = DrawSettings(seed=seed, previews=False)
        request = GenerateRequest(prompt=prompt, concepts=concepts, settings=settings)
        started = time.monotonic()
        *_, result = self.model.generate(request)
        self.drawings.append(time.monotonic() - started)
        return _picture(result)

    def learn(self, request: LearnRequest) -> ConceptFile:
        """Return a learned concept."""
        started = time.monotonic()
        *_, result = self.model.learn(request)
        self.lessons.append(time.monotonic() - started)
        assert isinstance(result, LearnResult), "learning ends with a concept"
        return result.concept

    def edit(self, picture: Image.Image, instruction: str, seed: int) -> Image.Image:
        """Return a picture changed as told; one that the model refuses comes back as it was."""
        settings = DrawSettings(seed=seed, previews=False)
        request = EditRequest(image=png(picture), instruction=instruction, settings=settings)
        started = time.monotonic()
        try:
            *_, result = self.model.edit(request)
        except ForeignPicture:
            return picture
        self.edits.append(time.monotonic() - started)
        return _picture(result)


def png(picture: Image.Image) -> bytes:
    """Return a picture as PNG bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def _picture(result: object) -> Image.Image:
    assert isinstance(result, ImageResult), "drawing ends with a picture"
    return Image.open(io.BytesIO(result.png)).convert("RGB")

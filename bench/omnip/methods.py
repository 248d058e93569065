"""The methods that are compared, by name; each teaches a frozen model and returns personas.

Knows what a method learns and what it puts into a request. Does not know items or scores.
Sources of the ideas: DreamBooth (Ruiz et al. 2023), MyVLM (Alaluf et al. 2024), Yo'LLaVA (Nguyen et
al. 2024), Yo'Chameleon (Nguyen et al. 2025), UniCTokens (An et al. 2025), RAP-MLLM (Hao et al.
2025), OmniPersona (2026).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from omnipersona.bench.omnip.heads import recognition_head
from omnipersona.bench.omnip.library import Library
from omnipersona.bench.omnip.persona import Method, Persona, Retriever, Use
from omnipersona.model.bagel.concept_training.dataset import SLOT
from omnipersona.model.bagel.concept_training.trainer import TrainingConfig
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.prompts import UNKNOWN, fact_question, introduction, profile_text
from omnipersona.model.concepts.tokens import NUM_GEN, NUM_UND
from omnipersona.model.contract import ConceptFile, LearnRequest

_LORA_RANK: Final = 8
_SHARED_RATE: Final = 0.02
"""Of an identifier that both sides read: a faster one learns facts and spoils drawings."""
_LOOKS: Final = "what color is the {kind}?"

BELOW_THEIR_BEST: Final[Mapping[str, str]] = {
    "text-prompt": "Its header tells colour and kind alone, and all eight facts, before edits too; "
    "nano was trained on headers with the whole looks, with at most five facts (three before "
    "photos), and never before an edit.",
    "image-prompt": "It draws through the editing path, which holds on to parts of its reference "
    "photo, and edits without that photo.",
    "retrieval": "It has the header of `text-prompt`, draws through the editing path, and edits "
    "without its reference photo.",
    "recaption-only": "Its description tells colour and kind alone.",
}
"""Methods that were not measured in the best format they can have, and what theirs lacks.

What is found of them says nothing about the idea behind them.
"""


def _noun(kind: str) -> Callable[[str, Use], str]:
    """Return a phrasing that says the noun in place of the slot."""

    def phrase(text: str, use: Use) -> str:
        return text.replace(SLOT, f"a {kind}" if use == "draw" else f"the {kind}")

    return phrase


def _looking(looks: str) -> Callable[[str, Use], str]:
    """Return a phrasing that says the looks in place of the slot."""

    def phrase(text: str, use: Use) -> str:
        return text.replace(SLOT, looks)

    return phrase


def _headed_by(header: str) -> Callable[[str, Use], str]:
    """Return a phrasing that puts a text before questions and prompts."""

    def phrase(text: str, use: Use) -> str:
        return f"{header}\n{text}"

    return phrase


def described(pipeline: Pipeline, lesson: LearnRequest) -> str:
    """Return the looks of a concept in the model's own words, e.g. `a green cat`.

    The colour is the answer that most photos give.
    """
    kind = lesson.kind or "animal"
    viewer = Persona(pipeline=pipeline, kind=kind)
    answers = [viewer.answer(_LOOKS.format(kind=kind), photo.whole) for photo in lesson.photos]
    color = max(sorted(set(answers)), key=answers.count)
    return f"{'an' if color[:1] in tuple('aeiou') else 'a'} {color} {kind}"


def stated(lesson: LearnRequest) -> Retriever:
    """Return a recall from the facts that the user stated, word for word."""
    facts = {fact_question(SLOT, fact.attribute): fact.value for fact in lesson.facts}
    return facts.get


def from_tokens(persona: Persona) -> Retriever:
    """Return a recall from the learned tokens alone."""

    def recall(question: str) -> str | None:
        answer = persona.answer(question)
        return None if answer in ("", UNKNOWN) else answer

    return recall


def both_witnesses(lesson: LearnRequest, persona: Persona) -> Retriever:
    """Return a recall that asks the stated facts first and the tokens for the rest."""
    facts, tokens = stated(lesson), from_tokens(persona)
    return lambda question: facts(question) or tokens(question)


def base(pipeline: Pipeline, lessons: list[LearnRequest]) -> list[Persona]:
    """Learn nothing; say the noun."""
    kinds = [lesson.kind or "animal" for lesson in lessons]
    return [Persona(pipeline=pipeline, kind=kind, phrase=_noun(kind)) for kind in kinds]


def _profile(pipeline: Pipeline, lesson: LearnRequest) -> str:
    facts = tuple((fact.attribute, fact.value) for fact in lesson.facts)
    return profile_text(SLOT, described(pipeline, lesson), facts)


def text_prompt(pipeline: Pipeline, lessons: list[LearnRequest]) -> list[Persona]:
    """Put a description and all facts before every request."""
    personas = []
    for lesson in lessons:
        header, kind = _profile(pipeline, lesson), lesson.kind or "animal"
        personas.append(Persona(pipeline=pipeline, kind=kind, phrase=_headed_by(header)))
    return personas


def image_prompt(pipeline: Pipeline, lessons: list[LearnRequest]) -> list[Persona]:
    """Put one photo before every request."""
    return [
        Persona(
            pipeline=pipeline,
            kind=lesson.kind or "animal",
            photo=lesson.photos[0].whole,
            phrase=_headed_by(introduction(SLOT)),
        )
        for lesson in lessons
    ]


def retrieval(pipeline: Pipeline, lessons: list[LearnRequest]) -> list[Persona]:
    """Put one photo and a description with facts before every request."""
    personas = []
    for lesson in lessons:
        header = f"{introduction(SLOT)}\n{_profile(pipeline, lesson)}"
        kind = lesson.kind or "animal"
        personas.append(
            Persona(
                pipeline=pipeline,
                kind=kind,
                photo=lesson.photos[0].whole,
                phrase=_headed_by(header),
            )
        )
    return personas


def recaption_only(pipeline: Pipeline, lessons: list[LearnRequest]) -> list[Persona]:
    """Recaption from stated facts; draw the description, without tokens."""
    return [
        Persona(
            pipeline=pipeline,
            kind=lesson.kind or "animal",
            phrase=_looking(described(pipeline, lesson)),
            recall=stated(lesson),
        )
        for lesson in lessons
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Learned:
    """A method that learns tokens.

    Attributes:
        library: Where they are kept.
        config: How they are learned.
        stages: Further passes, each going on from the tokens of the one before.
        recaptions: Whether wishes are rewritten, from the tokens' own knowledge.
        has_memory: Whether stated facts are asked before the tokens.
        has_head: Whether a head on frozen features recognises, instead of the tokens.
    """

    library: Library
    config: TrainingConfig
    stages: tuple[TrainingConfig, ...] = ()
    recaptions: bool = True
    has_memory: bool = False
    has_head: bool = False

    def __call__(self, pipeline: Pipeline, lessons: list[LearnRequest]) -> list[Persona]:
        """Learn all lessons."""
        files = self._learned(pipeline, lessons, self.config)
        for stage in self.stages:
            begun = [
                replace(lesson, start=file) for lesson, file in zip(lessons, files, strict=True)
            ]
            files = self._learned(pipeline, begun, stage)
        return [
            self._persona(pipeline, lesson, file)
            for lesson, file in zip(lessons, files, strict=True)
        ]

    def _learned(
        self, pipeline: Pipeline, lessons: list[LearnRequest], config: TrainingConfig
    ) -> list[ConceptFile]:
        """Learn in one batch; adapters act on a whole batch and are learned one by one."""
        if not config.lora_rank:
            return self.library.learned(pipeline, lessons, config)
        return [self.library.learned(pipeline, [lesson], config)[0] for lesson in lessons]

    def _persona(self, pipeline: Pipeline, lesson: LearnRequest, file: ConceptFile) -> Persona:
        persona = Persona(
            pipeline=pipeline,
            kind=lesson.kind or "animal",
            concepts=(file,),
            with_adapters=bool(self.config.lora_rank),
        )
        if self.has_head:
            persona = replace(persona, recognises=recognition_head(pipeline, lesson))
        if not self.recaptions:
            return persona
        recall = both_witnesses(lesson, persona) if self.has_memory else from_tokens(persona)
        return replace(persona, recall=recall)


def methods(config: TrainingConfig, library: Library) -> dict[str, Method]:
    """Return every method by name; those that learn use `config`, changed where they differ.

    What is not ours is routed as the paper does.
    """
    learned, ours = partial(Learned, library=library), config
    config = replace(ours, routing="decoupled", rate=min(ours.rate, _SHARED_RATE))
    unified = replace(config, routing="unified", with_edits=False)
    one_set = replace(unified, num_und=NUM_UND + NUM_GEN, num_gen=0)
    short = replace(config, num_steps=max(1, config.num_steps // 3))
    head_only = replace(
        config, num_und=1, num_gen=0, with_drawing=False, with_edits=False, is_thorough=False
    )
    return {
        "base": base,
        "text-prompt": text_prompt,
        "image-prompt": image_prompt,
        "concept-heads": learned(config=head_only, recaptions=False, has_head=True),
        "unified": learned(config=one_set, recaptions=False),
        "two-sets": learned(config=unified, recaptions=False),
        "staged": learned(
            config=replace(short, routing="unified", with_drawing=False, with_edits=False),
            stages=(
                replace(short, routing="unified", with_reading=False, with_edits=False),
                replace(short, routing="unified", with_edits=False),
            ),
            recaptions=False,
        ),
        "retrieval": retrieval,
        "lora": learned(
            config=replace(head_only, with_reading=False, with_drawing=True, lora_rank=_LORA_RANK),
            recaptions=False,
        ),
        "omnipersona": learned(config=config),
        "without-decoupling": learned(config=replace(config, routing="unified")),
        "apart": learned(config=ours),
        "without-recaptioning": learned(config=config, recaptions=False),
        "without-edit-data": learned(config=replace(config, with_edits=False)),
        "recaption-only": recaption_only,
        "hybrid": learned(config=ours, has_memory=True),
    }

"""Thoughts are parted from what is said, however the text comes; a model thinks when asked to."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from oracles.random_weights import png, random_model

from omnipersona.model.bagel.config import tiny
from omnipersona.model.bagel.decoding import write_tokens
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.prompt_layout import Prompter
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.bagel.velocity_batch import Context
from omnipersona.model.contract import (
    AnswerRequest,
    DrawSettings,
    EditRequest,
    GenerateRequest,
    ImageResult,
    ThoughtEvent,
)
from omnipersona.model.errors import RequestError
from omnipersona.model.thinking import ThinkPrompts, ThoughtSplitter, split_thought

TEXTS = [
    ("<think>a dog, in snow</think> yes", "a dog, in snow", "yes"),
    ("no tags at all", "", "no tags at all"),
    ("<think>never ended", "never ended", ""),
    ("before <think>x</think> after <think>y</think> end", "xy", "before  after  end"),
    ("a < b and <thin", "", "a < b and <thin"),
    ("", "", ""),
]


@pytest.mark.parametrize(("text", "thought", "said"), TEXTS)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_pieces_of_any_size_are_parted_alike(text: str, thought: str, said: str, size: int) -> None:
    assert split_thought(text) == (thought, said)
    splitter = ThoughtSplitter()
    pieces = [splitter.push(text[i : i + size]) for i in range(0, len(text), size)]
    assert "".join(t for t, _ in pieces).strip() == thought
    assert ("".join(s for _, s in pieces) + splitter.rest()).strip() == said


def test_the_prompts_show_the_tags_and_a_file_may_bring_others(tmp_path: Path) -> None:
    for prompt in (ThinkPrompts().read, ThinkPrompts().draw):
        assert "<think> " in prompt
        assert " </think> " in prompt
    path = tmp_path / "prompts.json"
    path.write_text('{"read": "Think.", "draw": "Plan."}')
    assert ThinkPrompts.read_file(path) == ThinkPrompts("Think.", "Plan.")
    path.write_text('{"read": "Think."}')
    for wrong in (path, tmp_path / "nowhere.json"):
        with pytest.raises(RequestError, match="'read' and 'draw'"):
            ThinkPrompts.read_file(wrong)


@torch.no_grad()
def test_an_answer_is_written_after_the_system_prompt(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnipersona.model.bagel.pipeline.MAX_THOUGHT", 12)
    request = AnswerRequest(question="who is it?", max_tokens=6)
    plain = "".join(pipeline.answer(request))
    thought = "".join(pipeline.answer(replace(request, think=True)))
    assert plain != thought
    context = Context(pipeline.model, pipeline.tokenizer.markers)
    prompter = Prompter(pipeline.tokenizer)
    context.add(prompter.text(ThinkPrompts().read))
    context.add(prompter.text(request.question))
    tokens = pipeline.tokenizer
    begin, end = tokens.begin, tokens.end
    written = write_tokens(context, begin=begin, end=end, max_length=6 + 12 + 1)
    assert tokens.decode([token for token, _ in written]).rstrip("\ufffd") == thought


@pytest.mark.parametrize(
    "request_of",
    [
        lambda settings: GenerateRequest(prompt="a red ball", settings=settings),
        lambda settings: EditRequest(image=png(), instruction="a hat", settings=settings),
    ],
)
def test_a_thought_comes_before_the_picture_and_changes_it(
    pipeline: Pipeline, request_of: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnipersona.model.bagel.pipeline.MAX_THOUGHT", 12)

    def pictures(*, think: bool) -> tuple[list[str], ImageResult]:
        request = request_of(DrawSettings(seed=1, num_steps=2, think=think))  # type: ignore[operator]
        make = pipeline.generate if isinstance(request, GenerateRequest) else pipeline.edit
        *events, last = make(request)
        assert isinstance(last, ImageResult)
        first = [isinstance(event, ThoughtEvent) for event in events]
        assert first == sorted(first, reverse=True)
        return [event.text for event in events if isinstance(event, ThoughtEvent)], last

    nothing, plain = pictures(think=False)
    pieces, thoughtful = pictures(think=True)
    assert (nothing, plain.thought) == ([], "")
    assert "".join(pieces) == thoughtful.thought != ""
    assert thoughtful.png != plain.png


def test_a_model_that_cannot_think_says_so(tokenizer: Tokenizer, tmp_path: object) -> None:
    config = replace(tiny(), can_think=False)
    pipeline = Pipeline(random_model(config), tokenizer, tmp_path)  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="tiny cannot think"):
        list(pipeline.answer(AnswerRequest(question="who?", think=True)))
    with pytest.raises(RequestError, match="tiny cannot think"):
        list(pipeline.generate(GenerateRequest(prompt="a", settings=DrawSettings(think=True))))

"""A turn's events as chat completions: whole, or piece by piece.

Knows OpenAI's forms. Pictures stand in `images` of a message, as other services put them there, and
where it is wished in its text as Markdown, too; everything else that is known of a turn stands in
`omnipersona`.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from omnipersona.agent.events import (
    DrawProgress,
    Event,
    Failed,
    LearningStarted,
    LearnStatus,
    NeedInput,
    Reply,
    ShownPicture,
    StepFinished,
    TextDelta,
    ThoughtDelta,
)
from omnipersona.serve.http.pictures import as_data_url


def job_view(status: LearnStatus) -> dict[str, Any]:
    """Return a learning job as programs see it."""
    view = asdict(status)
    del view["user_id"], view["concept_id"]
    return {"id": view.pop("job_id"), "object": "job", "concept": view.pop("concept_name"), **view}


@dataclass
class Answer:
    """What a turn has told so far.

    Attributes:
        model: Its name.
        thread: The conversation, where the request named one.
        shows_markdown: Pictures stand in the text, too.
    """

    model: str
    thread: str | None
    shows_markdown: bool
    text: str = ""
    thoughts: str = ""
    pictures: tuple[ShownPicture, ...] = ()
    failed: Failed | None = None
    _id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    _created: int = field(default_factory=lambda: int(time.time()))
    _details: dict[str, Any] = field(default_factory=dict)
    _steps: list[dict[str, Any]] = field(default_factory=list)

    def take(self, event: Event) -> str:
        """Note an event; return the text that it adds."""
        match event:
            case TextDelta(text):
                return self._add(text)
            case ThoughtDelta(text):
                self.thoughts += text
            case StepFinished():
                self._steps.append(step_view(event))
            case LearningStarted(status):
                self._details["job"] = job_view(status)
            case NeedInput():
                self._details["needs"] = {"kind": event.kind, "choices": list(event.choices)}
                return self._add(event.question)
            case Failed():
                self.failed = event
            case Reply():
                return self._finish(event)
        return ""

    def completion(self) -> dict[str, Any]:
        """Return the whole answer."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self.thoughts:
            message["reasoning_content"] = self.thoughts
        if self.pictures:
            message["images"] = images(self.pictures)
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {**self._head("chat.completion", choice), "omnipersona": self.details()}

    def chunks(self, event: Event) -> Iterator[dict[str, Any]]:
        """Note an event and yield the pieces of the answer that tell of it."""
        text = self.take(event)
        match event:
            case StepFinished():
                yield self.piece({}, {"step": step_view(event)})
            case DrawProgress(step, num_steps):
                yield self.piece({}, {"progress": {"step": step, "num_steps": num_steps}})
            case ThoughtDelta(thought):
                yield self.piece({"reasoning_content": thought})
            case _ if text:
                yield self.piece({"content": text})
        if isinstance(event, Reply) and event.pictures:
            yield self.piece({"images": images(event.pictures)})

    def first_piece(self) -> dict[str, Any]:
        """Return the piece that opens a stream."""
        return self.piece({"role": "assistant", "content": ""})

    def last_piece(self) -> dict[str, Any]:
        """Return the piece that ends a stream."""
        return self.piece({}, self.details(), "stop")

    def details(self) -> dict[str, Any]:
        """Return what is known of the turn beside its answer."""
        return {"thread": self.thread, **self._details, "steps": self._steps}

    def piece(
        self, delta: dict[str, Any], extra: dict[str, Any] | None = None, end: str | None = None
    ) -> dict[str, Any]:
        """Return one piece of a stream."""
        choice = {"index": 0, "delta": delta, "finish_reason": end, "logprobs": None}
        head = self._head("chat.completion.chunk", choice)
        return head if extra is None else {**head, "omnipersona": extra}

    def _head(self, kind: str, choice: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self.model,
            "choices": [choice],
        }

    def _add(self, text: str) -> str:
        self.text += text
        return text

    def _finish(self, reply: Reply) -> str:
        self.pictures = reply.pictures
        self._details.update(reply.details)
        told, whole = self.text.strip(), reply.text
        if self.shows_markdown:
            whole += "".join(f"\n\n![]({as_data_url(one.png)})" for one in reply.pictures)
        if told and not whole.startswith(told):
            # What was told cannot be taken back.
            return self._add(f"\n\n{whole}")
        return self._add(whole[len(told) :])


def step_view(event: StepFinished) -> dict[str, Any]:
    """Return a step as programs see it."""
    return {
        "node": event.node,
        "title": event.title,
        "lines": [{"label": label, "value": value} for label, value in event.lines],
    }


def images(pictures: Sequence[ShownPicture]) -> list[dict[str, Any]]:
    """Return pictures as parts of a message."""
    return [
        {"type": "image_url", "index": index, "image_url": {"url": as_data_url(picture.png)}}
        for index, picture in enumerate(pictures)
    ]

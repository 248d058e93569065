"""Text tasks by a few examples: asked, read strictly, asked once more with others.

Serves every network that completes a text; a task is a generator that pauses after each token.
Where neither reply can be read, the result is empty. Imports no torch.
"""

import logging
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar, cast

from omnipersona.model.bagel.few_shot import (
    DRAW_EXAMPLES,
    EDIT_EXAMPLES,
    FACTS_EXAMPLES,
    PARSE_EXAMPLES,
    RECALL_EXAMPLES,
    headed,
    take,
    take_others,
)
from omnipersona.model.bagel.prompts import (
    Parsed,
    chat_prompt,
    facts_prompt,
    parse_prompt,
    recall_prompt,
    rewrite_prompt,
)
from omnipersona.model.bagel.replies import (
    Cannot,
    UnreadableReply,
    read_facts,
    read_parsed,
    read_recall,
    read_rewrite,
)
from omnipersona.model.contract import (
    MAX_CONCEPTS,
    ConceptFile,
    ConverseRequest,
    Example,
    Intent,
    Reading,
    ReadRequest,
    Recalled,
    RecallRequest,
    RewriteRequest,
    Rewritten,
    Statement,
    slot,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")
Task = Generator[object, None, T]
"""Yields whatever its network does until the reply is there, and returns what came of it."""

_STATING: Final[frozenset[Intent]] = frozenset({"teach", "remember", "correct"})
_ALL_SLOTS: Final = tuple(slot(i) for i in range(MAX_CONCEPTS))


@dataclass(frozen=True, kw_only=True, slots=True)
class CompleteRequest:
    """Go on with a text.

    Attributes:
        prompt: With concept slots.
        images: PNG bytes, read before the prompt.
        examples: In-context examples, oldest first.
        concepts: Only for tasks that read learned tokens; most tasks see bare slots.
        max_tokens: Longest reply in tokens.
    """

    prompt: str
    images: tuple[bytes, ...] = ()
    examples: tuple[Example, ...] = ()
    concepts: tuple[ConceptFile, ...] = ()
    max_tokens: int = 96


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """A reply and the mean log-probability of its tokens (0 is certain)."""

    text: str
    log_probability: float


Complete = Callable[[CompleteRequest], Iterator[object]]
"""Yields the network's steps, then the reply, a `Completion`."""


class TextTasks:
    """The contract's text tasks on a network.

    Args:
        complete: The network.
        num_examples: In-context examples that it works best with.
    """

    def __init__(self, complete: Complete, num_examples: int) -> None:
        self._complete = complete
        self._num_examples = num_examples

    def read(self, request: ReadRequest) -> Task[Reading]:
        """Read intent, picture, whom and questions; of what states something, the statements."""
        if request.about is None:
            in_play = _slots_in(" ".join((request.message, *(k.slot for k in request.known))))
            parsed, certainty = yield from self._asked(
                parse_prompt(request),
                PARSE_EXAMPLES,
                lambda reply: read_parsed(reply, in_play),
                request.num_examples,
            )
        else:
            assert request.intent is not None, "whom it is about is asked once the intent is known"
            parsed, certainty = Parsed(intent=request.intent, concepts=request.about), 1.0
        if parsed is None:
            return Reading(intent=request.intent)
        intent = request.intent or parsed.intent
        statements: tuple[Statement, ...] | None = ()
        if intent in _STATING:
            statements, _ = yield from self._stated(request, parsed.concepts)
        return Reading(
            intent=intent,
            certainty=certainty,
            picture=parsed.picture,
            about=parsed.concepts,
            questions=parsed.questions,
            statements=statements,
        )

    def recall(self, request: RecallRequest) -> Task[Recalled]:
        """Answer a question from evidence lines."""
        answer, certainty = yield from self._asked(
            recall_prompt(request.question, tuple(map(str, request.evidence))),
            RECALL_EXAMPLES,
            read_recall,
            request.num_examples,
        )
        return Recalled(answer=answer or "", certainty=certainty)

    def rewrite(self, request: RewriteRequest) -> Task[Rewritten]:
        """Write a wish and its evidence as a prompt, or say what of it cannot be drawn."""
        message, lines = headed(request.message, request.about), tuple(map(str, request.evidence))
        in_play = _slots_in(" ".join((message, *lines)))
        rewritten, _ = yield from self._asked(
            rewrite_prompt(request.task, message, lines),
            EDIT_EXAMPLES if request.task == "edit" else DRAW_EXAMPLES,
            lambda reply: read_rewrite(reply, in_play),
            request.num_examples,
        )
        if isinstance(rewritten, Cannot):
            return Rewritten(cannot=rewritten.what)
        return Rewritten(prompt=rewritten or "")

    def converse(self, request: ConverseRequest) -> Task[str]:
        """Return the reply to small talk."""
        steps = self._complete(CompleteRequest(prompt=chat_prompt(request.message)))
        reply = yield from last_of(steps)
        return reply.text.strip()

    def _stated(
        self, request: ReadRequest, about: Sequence[str]
    ) -> Task[tuple[tuple[Statement, ...] | None, float]]:
        message = headed(request.message, about)
        return (
            yield from self._asked(
                facts_prompt(message),
                FACTS_EXAMPLES,
                lambda reply: read_facts(reply, _slots_in(message)),
                request.num_examples,
            )
        )

    def _asked(
        self,
        prompt: str,
        examples: Sequence[Example],
        read: Callable[[str], T],
        num_examples: int | None,
    ) -> Task[tuple[T | None, float]]:
        """Return a reply that `read` accepts, and its certainty; None after two tries."""
        count = self._num_examples if num_examples is None else num_examples
        for shown in (take(examples, count), take_others(examples, count)):
            steps = self._complete(CompleteRequest(prompt=prompt, examples=shown))
            reply = yield from last_of(steps)
            try:
                return read(reply.text), round(math.exp(min(reply.log_probability, 0.0)), 3)
            except UnreadableReply as error:
                # The reason may quote the user's words, so only its kind is logged.
                logger.info("unreadable reply to a %s task: %s", prompt.split("\n")[0], type(error))
        return None, 0.0


def _slots_in(text: str) -> list[str]:
    return [one for one in _ALL_SLOTS if one in text]


def run(task: Task[T]) -> T:
    """Run a task to its end and return what came of it."""
    while True:
        try:
            next(task)
        except StopIteration as end:
            return cast("T", end.value)


def last_of(steps: Iterator[object]) -> Task[Completion]:
    """Return the completion that steps end with."""
    for step in steps:
        if isinstance(step, Completion):
            return step
        yield step
    raise RuntimeError("A text task ended without its completion.")

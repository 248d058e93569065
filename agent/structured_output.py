"""The model's text tasks: shown examples, asked, read strictly, asked once more.

Knows how a task is tried. Does not know what to do when both tries fail: it returns None.
"""

import logging
import math
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from omnipersona.agent.context import Context
from omnipersona.agent.parsing import UnreadableReply
from omnipersona.agent.prompts import take, take_others
from omnipersona.model.contract import CompleteRequest, Example, PersonaModel

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Reading(Generic[T]):
    """A reply that could be read, and the model's confidence in it, in [0, 1]."""

    def __init__(self, value: T, log_probability: float) -> None:
        self.value = value
        self.confidence = round(math.exp(min(log_probability, 0.0)), 3)


def run_task(
    model: PersonaModel,
    prompt: str,
    examples: Sequence[Example],
    read: Callable[[str], T],
    *,
    context: Context,
    cancel: threading.Event,
) -> Reading[T] | None:
    """Ask the model for a reply that `read` accepts, twice at most.

    Args:
        model: Who is asked.
        prompt: The task in a format of `omnipersona.model.bagel.prompts`.
        examples: The task's examples; the second try takes others.
        read: Raises `UnreadableReply` on a reply in another form.
        context: Who asks, and how many examples to show; None means the model's own number.
        cancel: Stops the model.
    Returns: The reply, or None if neither could be read.
    Raises: ModelError: the model failed.
    """
    wish = context.num_examples
    count = model.describe().num_examples if wish is None else wish
    for shown in (take(examples, count), take_others(examples, count)):
        request = CompleteRequest(prompt=prompt, examples=shown, tenant=context.user_id)
        completion = model.complete(request, cancel)
        try:
            return Reading(read(completion.text), completion.log_probability)
        except UnreadableReply as error:
            # The reason may quote the user's words, so only its kind is logged.
            logger.info("unreadable reply to a %s task: %s", prompt.split("\n")[0], type(error))
    return None

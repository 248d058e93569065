"""Facts out of the user's own words, and nothing else.

Knows the facts task and the rule that a stored value must have been said. Text inside pictures or
in the model's answers never comes here.
"""

import threading

from omnipersona.agent.context import Context
from omnipersona.agent.parsing import is_said, read_facts
from omnipersona.agent.prompts import FACTS_EXAMPLES, headed
from omnipersona.agent.slots import renumber, restore, slots_in
from omnipersona.agent.state import State
from omnipersona.agent.structured_output import run_task
from omnipersona.model.bagel.prompts import Statement, facts_prompt
from omnipersona.model.contract import PersonaModel, slot
from omnipersona.tools.concept_service import NOTE


def read_statements(
    model: PersonaModel, state: State, context: Context, cancel: threading.Event
) -> tuple[Statement, ...] | None:
    """Have the model read the facts stated in the message.

    Returns: The facts; a value that was not said becomes the whole message under `NOTE`. None if
        the model's replies could not be read.
    """
    message = state["message"]
    prompt = headed(message, state["concepts"])
    order = slots_in(prompt)
    in_play = [slot(i) for i in range(len(order))]
    reading = run_task(
        model,
        facts_prompt(renumber(prompt, order)),
        FACTS_EXAMPLES,
        lambda reply: read_facts(reply, in_play),
        context=context,
        cancel=cancel,
    )
    if reading is None:
        return None
    checked = (_restored(statement, order, message) for statement in reading.value)
    return tuple(dict.fromkeys(checked))


def _restored(statement: Statement, order: tuple[str, ...], message: str) -> Statement:
    subject = restore(statement.slot, order) if statement.slot else None
    value = restore(statement.value, order)
    if is_said(value, message):
        return Statement(slot=subject, attribute=statement.attribute, value=value)
    return Statement(slot=subject, attribute=NOTE, value=message.strip())

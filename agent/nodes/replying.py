"""The last node of every turn: the reply in the user's own spelling, and what is kept.

Knows how answer, notes and details become one reply.
"""

from langchain_core.messages import AIMessage

from omnipersona.agent.nodes.retrieving import spelled_out
from omnipersona.agent.slots import slot_index, unslot
from omnipersona.agent.state import State


async def reply(state: State) -> State:
    """Put names back, add notes and details, and end the turn."""
    names = state["names"]
    text = " ".join(part for part in (state["answer"], *state["notes"]) if part)
    answer = unslot(text, names)
    update = State(
        answer=answer,
        reply_picture_ids=state["reply_picture_ids"],
        messages=[AIMessage(answer, name="omnipersona")],
        details={
            **state["details"],
            "intent": state["intent"],
            "picture": state["picture_ref"],
            "concepts": [names[slot_index(s)] for s in state["concepts"]],
            "questions": [unslot(q, names) for q in state["questions"]],
            "evidence": spelled_out(state["evidence"], names),
            "rewritten": unslot(state["prompt"], names),
            "notes": state["notes"],
        },
    )
    spoken_of = [i for i in (state["concept_ids"][slot_index(s)] for s in state["concepts"]) if i]
    if spoken_of:
        update["last_concept_id"] = spoken_of[0]
    seen = [*state["picture_ids"], *state["reply_picture_ids"]]
    if seen:
        update["last_picture_id"] = seen[-1]
    return update

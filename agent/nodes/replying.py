"""The last node of every turn: the reply, and what is kept.

Knows how answer, notes and details become one reply.
"""

from langchain_core.messages import AIMessage

from omnipersona.agent.state import State


async def reply(state: State) -> State:
    """Add notes and details, and end the turn."""
    answer = " ".join(part for part in (state["answer"], *state["notes"]) if part)
    update = State(
        answer=answer,
        reply_picture_ids=state["reply_picture_ids"],
        messages=[AIMessage(answer, name="omnipersona")],
        details={
            **state["details"],
            "intent": state["intent"],
            "picture": state["picture_ref"],
            "concepts": [one.name for one in state["about"]],
            "questions": [question.spelled for question in state["questions"]],
            "evidence": [item.as_dict() for item in state["evidence"]],
            "rewritten": state["prompt"].spelled,
            "notes": state["notes"],
        },
    )
    spoken_of = [one.id for one in state["about"] if one.id]
    if spoken_of:
        update["last_concept_id"] = spoken_of[0]
    seen = [*state["picture_ids"], *state["reply_picture_ids"]]
    if seen:
        update["last_picture_id"] = seen[-1]
    return update

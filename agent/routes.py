"""Where a turn goes next: pure functions from the state to the name of a node.

Knows the graph's roads. Calls nothing and changes nothing. Each return annotation is the complete
list of ways out; the graph draws its edges from it.
"""

from typing import Literal

from omnipersona.agent.nodes.questions import APPROVED
from omnipersona.agent.nodes.reading import ALL_OF_THEM
from omnipersona.agent.state import State, new_names
from omnipersona.model.contract import Intent

# What can be said only of a concept that exists.
_NEEDS_KNOWN: frozenset[Intent] = frozenset(
    {"understand", "generate", "edit", "remember", "correct", "forget", "list"}
)

Ability = Literal[
    "reply",
    "unknown_concept",
    "ask_concept",
    "ask_picture",
    "retrieve_memory",
    "understand",
    "read_teaching",
    "remember",
    "correct",
    "find_forgettable",
    "list_known",
    "explain",
    "undo",
    "again",
    "converse",
]


def route_intent(state: State) -> Ability:
    """After the parse: settle whom it is about, then go to the ability."""
    if _is_about_unknown(state):
        return "unknown_concept"
    if _is_ambiguous(state):
        return "ask_concept"
    return _ability(state)


def route_choice(state: State) -> Ability:
    """After a choice between concepts: on with it, or ask again."""
    if state["answer"]:
        return "reply"
    return _ability(state) if state["choice"] else "ask_concept"


def route_picture(
    state: State,
) -> Literal["reply", "ask_picture", "retrieve_memory", "understand"]:
    """After asking for a picture: on with it, or ask again."""
    if state["answer"]:
        return "reply"
    if not state["source_picture_id"]:
        return "ask_picture"
    return "understand" if state["intent"] == "understand" else "retrieve_memory"


def route_memory(state: State) -> Literal["answer_from_memory", "rewrite_prompt"]:
    """After retrieval: a question is answered, a drawing is put into words."""
    return "answer_from_memory" if state["intent"] == "understand" else "rewrite_prompt"


def route_rewrite(state: State) -> Literal["reply", "approve_prompt"]:
    """After the rewrite: on with it, unless it was declined."""
    return "reply" if state["answer"] else "approve_prompt"


def route_approved(state: State) -> Literal["reply", "approve_prompt", "generate", "edit"]:
    """After the approval: draw or edit, leave it, or ask again."""
    if state["answer"]:
        return "reply"
    if state["choice"] != APPROVED:
        return "approve_prompt"
    return "edit" if state["intent"] == "edit" else "generate"


def route_again(state: State) -> Literal["reply", "retrieve_memory", "generate", "edit"]:
    """After finding the last drawing: the same prompt, or a new one where facts changed."""
    if state["answer"]:
        return "reply"
    if not state["prompt"]:
        return "retrieve_memory"
    return "edit" if state["intent"] == "edit" else "generate"


def route_undo(state: State) -> Literal["reply", "retrieve_memory"]:
    """After going back: done, unless it became a change."""
    return "reply" if state["answer"] else "retrieve_memory"


def route_teaching(
    state: State,
) -> Literal["reply", "ask_name", "ask_photos", "ask_kind", "ask_consent", "teach"]:
    """While teaching: ask for the next missing thing, then teach."""
    teaching = state["teaching"]
    if state["answer"]:
        return "reply"
    if not teaching["name"]:
        return "ask_name"
    if not teaching["picture_ids"]:
        return "ask_photos"
    if not teaching["kind"]:
        return "ask_kind"
    if teaching["asks_consent"] and not teaching["has_consent"]:
        return "ask_consent"
    return "teach"


def route_forgettable(state: State) -> Literal["reply", "confirm_forget"]:
    """After looking for what to forget: confirm, unless there is nothing."""
    return "reply" if state["answer"] else "confirm_forget"


def route_confirmed(state: State) -> Literal["reply", "confirm_forget", "forget"]:
    """After the confirmation: forget, stop, or ask again."""
    if state["answer"]:
        return "reply"
    return "forget" if state["choice"] else "confirm_forget"


def _ability(state: State) -> Ability:
    match state["intent"]:
        case "understand":
            return _understanding(state)
        case "generate":
            return "retrieve_memory"
        case "edit":
            return "retrieve_memory" if state["source_picture_id"] else "ask_picture"
        case "teach":
            return "read_teaching"
        case "forget":
            return "find_forgettable"
        case "list":
            return "list_known"
        case "remember" | "correct" | "explain" | "undo" | "again" | "converse" as same_name:
            return same_name


def _understanding(state: State) -> Literal["understand", "retrieve_memory", "ask_picture"]:
    if state["source_picture_id"]:
        return "understand"
    return "retrieve_memory" if state["about"] or state["questions"] else "ask_picture"


def _is_about_unknown(state: State) -> bool:
    return bool(new_names(state)) and state["intent"] in _NEEDS_KNOWN


def _is_ambiguous(state: State) -> bool:
    """Tell whether the model found several concepts that the words fit, but do not tell apart.

    "My cat" fits all cats; "she" fits everyone where nobody was spoken of. Several that are named,
    or that differ ("him and my doll"), are all meant.
    """
    about = state["about"]
    may_ask = state["intent"] in _NEEDS_KNOWN or state["intent"] == "teach"
    if not may_ask or len(about) < 2 or state["choice"] == ALL_OF_THEM:
        return False
    if not set(state["message"].concepts).isdisjoint(about):
        return False
    ids = {one.id for one in about}
    kinds = {card["kind"] for card in state["cards"] if card["concept_id"] in ids}
    is_everyone = ids == {one.id for one in state["in_play"] if one.id}
    was_spoken_of = state.get("last_concept_id", "") in ids
    return len(kinds - {""}) == len(kinds) == 1 or (is_everyone and not was_spoken_of)

"""How steps are told to people: titles, and lines of what came out.

Knows the updates of nodes. Does not know who shows them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from omnipersona.agent.state import Evidence

TITLES: Final[Mapping[str, str]] = {
    "parse_intent": "Understand the request",
    "retrieve_memory": "Look into memory",
    "rewrite_prompt": "Rewrite the prompt",
    "understand": "Look at the picture",
    "generate": "Draw",
    "edit": "Edit",
    "again": "Find the last drawing",
    "undo": "Go back",
    "read_teaching": "Read what is to be learned",
    "teach": "Start learning",
    "remember": "Remember",
    "correct": "Correct",
    "find_forgettable": "Find what to forget",
    "forget": "Forget",
}
"""Title of every visible node; the others are not shown."""

_THOUGHT_LINES: Final = (("thought", "thought"),)
_DRAWING_LINES: Final = (
    *_THOUGHT_LINES,
    ("prompt", "rewritten"),
    ("seed", "seed"),
    ("steps", "num_steps"),
)

Lines = tuple[tuple[str, str], ...]


def narrate(node: str, update: Mapping[str, Any]) -> Lines:
    """Return (label, value) pairs that tell what a node found out.

    Args:
        node: The node's name.
        update: What it returned.
    """
    match node:
        case "parse_intent":
            return _parse_lines(update)
        case "retrieve_memory":
            return tuple(_evidence_line(item) for item in update["evidence"])
        case "rewrite_prompt":
            return (("prompt", update["prompt"].spelled),) if "prompt" in update else ()
        case "generate" | "edit":
            return _detail_lines(update, _DRAWING_LINES)
        case "understand":
            return _detail_lines(update, _THOUGHT_LINES)
        case "read_teaching":
            return _teaching_lines(update["teaching"]) if "teaching" in update else ()
        case _:
            return ()


def _detail_lines(update: Mapping[str, Any], wanted: Sequence[tuple[str, str]]) -> Lines:
    details = update.get("details", {})
    return tuple((label, str(details[key])) for label, key in wanted if key in details)


def _parse_lines(update: Mapping[str, Any]) -> Lines:
    lines = [("intent", str(update["intent"]))]
    if update["picture_ref"] != "none":
        lines.append(("picture", str(update["picture_ref"])))
    about = ", ".join(f"<{one.name}>" for one in update["about"])
    if about:
        lines.append(("about", about))
    return (*lines, *(("question", question.spelled) for question in update["questions"]))


def _evidence_line(item: Evidence) -> tuple[str, str]:
    question = item.question.spelled
    if not item.answer:
        return question, "nobody knows"
    source = f"{item.source}, {item.when}" if item.when else item.source
    other = f"; learned tokens say: {item.other.spelled}" if item.other else ""
    return question, f"{item.answer.spelled} ({source}{other})"


def _teaching_lines(teaching: Mapping[str, Any]) -> Lines:
    lines = [(key, str(teaching[key])) for key in ("name", "kind") if teaching[key]]
    lines += [(attribute, value) for attribute, value in teaching["facts"]]
    lines.append(("photos", str(len(teaching["picture_ids"]))))
    return tuple(lines)

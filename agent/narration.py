"""How steps are told to people: titles, and lines of what came out.

Knows the updates of nodes. Does not know who shows them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from omnipersona.agent.slots import slot_index, unslot
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


def narrate(node: str, update: Mapping[str, Any], names: Sequence[str]) -> Lines:
    """Return (label, value) pairs that tell what a node found out.

    Args:
        node: The node's name.
        update: What it returned.
        names: The turn's spellings, by slot.
    """
    match node:
        case "parse_intent":
            lines = _parse_lines(update, names)
        case "retrieve_memory":
            lines = tuple(_evidence_line(item) for item in update["evidence"])
        case "rewrite_prompt":
            lines = (("prompt", update["prompt"]),) if "prompt" in update else ()
        case "generate" | "edit":
            lines = _detail_lines(update, _DRAWING_LINES)
        case "understand":
            lines = _detail_lines(update, _THOUGHT_LINES)
        case "read_teaching":
            lines = _teaching_lines(update["teaching"]) if "teaching" in update else ()
        case _:
            lines = ()
    return tuple((unslot(label, names), unslot(value, names)) for label, value in lines)


def _detail_lines(update: Mapping[str, Any], wanted: Sequence[tuple[str, str]]) -> Lines:
    details = update.get("details", {})
    return tuple((label, str(details[key])) for label, key in wanted if key in details)


def _parse_lines(update: Mapping[str, Any], names: Sequence[str]) -> Lines:
    lines = [("intent", str(update["intent"]))]
    if update["picture_ref"] != "none":
        lines.append(("picture", str(update["picture_ref"])))
    about = ", ".join(f"<{names[slot_index(s)]}>" for s in update["concepts"])
    if about:
        lines.append(("about", about))
    return (*lines, *(("question", question) for question in update["questions"]))


def _evidence_line(item: Evidence) -> tuple[str, str]:
    if not item["answer"]:
        return item["question"], "nobody knows"
    source = f"{item['source']}, {item['when']}" if item["when"] else item["source"]
    other = f"; learned tokens say: {item['other']}" if item["other"] else ""
    return item["question"], f"{item['answer']} ({source}{other})"


def _teaching_lines(teaching: Mapping[str, Any]) -> Lines:
    lines = [(key, str(teaching[key])) for key in ("name", "kind") if teaching[key]]
    lines += [(attribute, value) for attribute, value in teaching["facts"]]
    lines.append(("photos", str(len(teaching["picture_ids"]))))
    return tuple(lines)

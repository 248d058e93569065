"""Nodes that make pictures: rewrite, generate, edit, again, undo, and the story behind one.

Knows the record kept with each picture. Where the model finds no words of its own, the user's are
drawn, and the answer says so; one that the model's world cannot hold is declined.
"""

import threading
from collections.abc import Mapping
from typing import Any, Final, Literal

from langgraph.runtime import Runtime

from omnipersona.agent.context import Context
from omnipersona.agent.events import DrawProgress, ThoughtDelta
from omnipersona.agent.nodes.questions import (
    APPROVED,
    LEFT,
    dropped,
    is_dropped,
    pick,
)
from omnipersona.agent.nodes.reading import cards_in_play, refs_of
from omnipersona.agent.nodes.retrieving import evidence_statements, learning_notes
from omnipersona.agent.nodes.stating import numbering
from omnipersona.agent.state import State, new_names
from omnipersona.agent.telling import teller
from omnipersona.agent.words import ask
from omnipersona.model.contract import (
    MAX_CONCEPTS,
    DrawSettings,
    RewriteRequest,
    StepEvent,
    ThoughtEvent,
)
from omnipersona.model.slotted_text import SlottedText
from omnipersona.tools.concept_service import are_current
from omnipersona.tools.edit import edit_picture
from omnipersona.tools.gallery import PictureRecord, find_picture
from omnipersona.tools.generate import draw_picture
from omnipersona.tools.naming import read_bracketed, read_names
from omnipersona.tools.outcome import ToolDeps, ToolOutcome
from omnipersona.tools.picture_records import DrawOrder
from omnipersona.tools.threads import in_worker

OWN_WORDS: Final = "I could not put this better, so it is made from your own words."
STORY_FORGOTTEN: Final = "How this picture came about was forgotten with what it shows."
_WITNESSES: Final = {
    "you said": "you told me",
    "from a file": "a file says",
    "learned tokens": "I had learned",
}
FIRST_VERSION: Final = "This is the first version of the picture"
NO_DRAWING: Final = "I have not drawn anything in this conversation yet."


class DrawingNodes:
    """Nodes that make and explain pictures."""

    def __init__(self, deps: ToolDeps) -> None:
        self._deps = deps

    async def ask_picture(self, state: State) -> State:
        """Ask for the picture that a request is about."""
        verb = "change" if state["intent"] == "edit" else "look at"
        answer = ask("picture", f"Which picture shall I {verb}? Please send it.")
        if is_dropped(answer):
            return dropped()
        if not answer["picture_ids"]:
            return State(source_picture_id="")
        picture_id = answer["picture_ids"][-1]
        return State(
            source_picture_id=picture_id,
            picture_ids=answer["picture_ids"],
            picture_ref="attached",
            last_picture_id=picture_id,
        )

    async def rewrite_prompt(self, state: State, runtime: Runtime[Context]) -> State:
        """Turn the message and what was found into the words that are drawn."""
        task: Literal["draw", "edit"] = "edit" if state["intent"] == "edit" else "draw"
        found = [item for item in state["evidence"] if item.answer]
        known = (text for item in found for text in (item.question, item.answer))
        slots = numbering(state["message"], state["about"], *known)
        request = RewriteRequest(
            task=task,
            message=slots.write(state["message"]),
            about=tuple(map(slots.of_concept, state["about"])),
            evidence=evidence_statements(found, slots),
            num_examples=runtime.context.num_examples,
            tenant=runtime.context.user_id,
        )
        rewritten = await in_worker(lambda cancel: self._deps.model.rewrite(request, cancel))
        if rewritten.cannot:
            return State(answer=self._decline(slots.read(rewritten.cannot).spelled, task))
        is_own = not rewritten.prompt
        prompt = state["message"] if is_own else slots.read(rewritten.prompt)
        waiting = learning_notes(state, prompt.concepts)
        if waiting:
            return State(prompt=prompt, answer=" ".join(waiting))
        notes = [*state["notes"], OWN_WORDS] if is_own else state["notes"]
        return State(prompt=prompt, notes=notes)

    async def approve_prompt(self, state: State, runtime: Runtime[Context]) -> State:
        """Let the user approve the words, or write others, where they wish to be asked."""
        if not runtime.context.approve_prompts:
            return State(choice=APPROVED)
        verb = "change the picture like this" if state["intent"] == "edit" else "draw this"
        question = (
            f'I would {verb}: "{state["prompt"].spelled}". Shall I? You can also write '
            "other words for it."
        )
        answer = ask("prompt", question, (APPROVED, LEFT))
        words = answer["text"].strip()
        picked = pick(words, (APPROVED, LEFT))
        if is_dropped(answer) or picked == LEFT:
            return dropped()
        if picked == APPROVED or not words:
            return State(choice=picked or "")
        return State(prompt=read_bracketed(words, state["in_play"]), choice=APPROVED)

    async def generate(self, state: State, runtime: Runtime[Context]) -> State:
        """Draw the rewritten prompt."""
        tell = teller(runtime)

        def work(cancel: threading.Event) -> ToolOutcome:
            return draw_picture(
                self._deps,
                runtime.context.user_id,
                _order(state, runtime.context),
                on_event=lambda event: tell(_progress(event)),
                cancel=cancel,
            )

        return self._drawn(state, await in_worker(work))

    async def edit(self, state: State, runtime: Runtime[Context]) -> State:
        """Change the source picture as the rewritten prompt says."""
        tell = teller(runtime)

        def work(cancel: threading.Event) -> ToolOutcome:
            return edit_picture(
                self._deps,
                runtime.context.user_id,
                state["source_picture_id"],
                _order(state, runtime.context),
                on_event=lambda event: tell(_progress(event)),
                cancel=cancel,
            )

        return self._drawn(state, await in_worker(work))

    async def again(self, state: State, runtime: Runtime[Context]) -> State:
        """Set up the last drawing once more with a new seed; anew from its words if facts changed.

        A fact that was corrected since must not come back through the old prompt.
        """
        record = await self._last_drawing(state, runtime)
        if record is None:
            return State(answer=NO_DRAWING)
        details = record.details
        if "rewritten" not in details:
            return State(answer=NO_DRAWING if record.is_upload else STORY_FORGOTTEN)
        words = f"{details['prompt']}\n{details['rewritten']}"
        cards = await cards_in_play(self._deps, runtime.context.user_id, words, "")
        known = refs_of(cards)
        named = read_names(words, known).concepts
        gone = next((one.name for one in named if not one.id), None)
        if gone is not None:
            return State(answer=f"I no longer know <{gone}>, so I cannot draw that again.")
        evidence = details.get("evidence", [])
        fact_ids = [item["fact_id"] for item in evidence if item["fact_id"]]
        is_current = await in_worker(
            lambda _: are_current(self._deps, runtime.context.user_id, fact_ids)
        )
        return State(
            intent=details["intent"],
            cards=cards,
            message=read_bracketed(details["prompt"], known),
            in_play=known[:MAX_CONCEPTS],
            about=list(named),
            questions=[read_bracketed(item["question"], known) for item in evidence],
            prompt=(read_bracketed(details["rewritten"], known) if is_current else SlottedText()),
            source_picture_id=record.parent_id,
            wants_new_seed=True,
        )

    async def undo(self, state: State, runtime: Runtime[Context]) -> State:
        """Go back from the last edit to the picture it was made from.

        Words about someone, where there is nothing to go back to, ask for a change instead.
        """
        record = await self._last_drawing(state, runtime)
        if record is None:
            return State(answer=NO_DRAWING)
        if not record.parent_id:
            named = state["message"].concepts
            if not named or new_names(state):
                return State(answer=f"{FIRST_VERSION}; nothing to undo.")
            return State(
                intent="edit",
                about=list(named),
                source_picture_id=record.picture_id,
                notes=[*state["notes"], f"{FIRST_VERSION}, so I took your words as a change."],
            )
        parent = await in_worker(
            lambda _: find_picture(self._deps, runtime.context.user_id, record.parent_id)
        )
        if parent is None:
            return State(answer="The picture before this edit is no longer kept.")
        return State(
            answer="Here is the picture as it was before.",
            reply_picture_ids=[parent.picture_id],
            last_drawing_id=parent.picture_id,
        )

    async def explain(self, state: State, runtime: Runtime[Context]) -> State:
        """Say how the last drawing came about: words, evidence, rewritten words, seed."""
        record = await self._last_drawing(state, runtime)
        if record is None:
            return State(answer=NO_DRAWING)
        if record.is_upload:
            return State(answer="You sent this picture; I only kept it.")
        if "rewritten" not in record.details:
            return State(answer=STORY_FORGOTTEN)
        return State(answer=explain_record(record.details), details=dict(record.details))

    async def _last_drawing(self, state: State, runtime: Runtime[Context]) -> PictureRecord | None:
        picture_id = state.get("last_drawing_id", "")
        if not picture_id:
            return None
        return await in_worker(
            lambda _: find_picture(self._deps, runtime.context.user_id, picture_id)
        )

    def _decline(self, what: str, task: Literal["draw", "edit"]) -> str:
        info = self._deps.model.describe()
        return f"I cannot {task} {what}: it is outside what {info.name} knows. {info.world}".strip()

    def _drawn(self, state: State, outcome: ToolOutcome) -> State:
        return State(
            answer=outcome.text,
            reply_picture_ids=list(outcome.picture_ids),
            last_drawing_id=outcome.picture_ids[-1],
            details=dict(outcome.details),
        )


def explain_record(details: Mapping[str, Any]) -> str:
    """Tell how a picture came about, from what was kept with it."""
    sentences = [f'You asked: "{details["prompt"]}".']
    for item in details.get("evidence", []):
        if item["answer"]:
            who = _WITNESSES[item["source"]]
            sentences.append(f"To {item['question']!r} {who}: {item['answer']}.")
        else:
            sentences.append(f"To {item['question']!r} nobody knew an answer.")
    if "thought" in details:
        sentences.append(f'I thought: "{details["thought"]}".')
    sentences.append(f'So I made "{details["rewritten"]}".')
    sentences.append(
        f"Seed {details['seed']}, {details['num_steps']} steps, model {details['model']}."
    )
    return " ".join(sentences)


def _order(state: State, context: Context) -> DrawOrder:
    return DrawOrder(
        text=state["prompt"],
        settings=DrawSettings(
            seed=None if state["wants_new_seed"] else context.seed,
            num_steps=context.steps,
            cfg_text_scale=context.cfg_text_scale,
            think=context.think,
        ),
        thread_id=context.thread_id,
        turn_id=context.message_id,
        provenance={
            "intent": state["intent"],
            "prompt": state["message"].spelled,
            "rewritten": state["prompt"].spelled,
            "evidence": [item.as_dict() for item in state["evidence"]],
        },
    )


def _progress(event: StepEvent | ThoughtEvent) -> DrawProgress | ThoughtDelta:
    if isinstance(event, ThoughtEvent):
        return ThoughtDelta(event.text)
    return DrawProgress(step=event.step, num_steps=event.num_steps, preview=event.preview)

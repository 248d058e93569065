"""Nodes that make pictures: rewrite, generate, edit, again, undo, and the story behind one.

Knows the rewrite task and the record kept with each picture. A rewrite that cannot be read falls
back to the user's own words and says so; one that the model's world cannot hold is declined.
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
from omnipersona.agent.nodes.reading import cards_in_play
from omnipersona.agent.nodes.retrieving import answer_lines, learning_notes, spelled_out
from omnipersona.agent.parsing import Cannot, read_rewrite
from omnipersona.agent.prompts import DRAW_EXAMPLES, EDIT_EXAMPLES, headed
from omnipersona.agent.slots import (
    renumber,
    restore,
    slot_index,
    slot_message,
    slots_in,
    unslot,
)
from omnipersona.agent.state import State
from omnipersona.agent.structured_output import run_task
from omnipersona.agent.threads import in_worker, teller
from omnipersona.agent.words import ask
from omnipersona.model.bagel.prompts import rewrite_prompt
from omnipersona.model.contract import DrawSettings, StepEvent, ThoughtEvent, slot
from omnipersona.tools.binding import write_slots
from omnipersona.tools.concept_service import are_current
from omnipersona.tools.edit import edit_picture
from omnipersona.tools.gallery import PictureRecord, find_picture
from omnipersona.tools.generate import draw_picture
from omnipersona.tools.outcome import ToolDeps, ToolOutcome
from omnipersona.tools.picture_records import DrawOrder

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
        lines = answer_lines(state["evidence"])
        message = headed(state["message"], state["concepts"])
        order = slots_in(" ".join((message, *lines)))
        in_play = [slot(i) for i in range(len(order))]
        reading = await in_worker(
            lambda cancel: run_task(
                self._deps.model,
                rewrite_prompt(
                    task,
                    renumber(message, order),
                    tuple(renumber(line, order) for line in lines),
                ),
                EDIT_EXAMPLES if task == "edit" else DRAW_EXAMPLES,
                lambda reply: read_rewrite(reply, in_play),
                context=runtime.context,
                cancel=cancel,
            )
        )
        rewritten = state["message"] if reading is None else reading.value
        if isinstance(rewritten, Cannot):
            return State(answer=self._decline(restore(rewritten.what, order), task))
        prompt = rewritten if reading is None else restore(rewritten, order)
        waiting = learning_notes(state, slots_in(prompt))
        if waiting:
            return State(prompt=prompt, answer=" ".join(waiting))
        notes = [*state["notes"], OWN_WORDS] if reading is None else state["notes"]
        return State(prompt=prompt, notes=notes)

    async def approve_prompt(self, state: State, runtime: Runtime[Context]) -> State:
        """Let the user approve the words, or write others, where they wish to be asked."""
        if not runtime.context.approve_prompts:
            return State(choice=APPROVED)
        names = state["names"]
        verb = "change the picture like this" if state["intent"] == "edit" else "draw this"
        question = (
            f'I would {verb}: "{unslot(state["prompt"], names)}". Shall I? You can also write '
            "other words for it."
        )
        answer = ask("prompt", question, (APPROVED, LEFT))
        words = answer["text"].strip()
        picked = pick(words, (APPROVED, LEFT))
        if is_dropped(answer) or picked == LEFT:
            return dropped()
        if picked == APPROVED or not words:
            return State(choice=picked or "")
        return State(prompt=write_slots(words, names), choice=APPROVED)

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
        slotted = slot_message(words, cards)
        if slotted.new_names:
            gone = slotted.new_names[0]
            return State(answer=f"I no longer know <{gone}>, so I cannot draw that again.")
        names = slotted.names
        evidence = details.get("evidence", [])
        fact_ids = [item["fact_id"] for item in evidence if item["fact_id"]]
        is_current = await in_worker(
            lambda _: are_current(self._deps, runtime.context.user_id, fact_ids)
        )
        return State(
            intent=details["intent"],
            cards=cards,
            message=write_slots(details["prompt"], names),
            names=list(names),
            concept_ids=list(slotted.concept_ids),
            new_names=[],
            concepts=[slot(i) for i in range(slotted.num_mentioned)],
            questions=[write_slots(item["question"], names) for item in evidence],
            prompt=write_slots(details["rewritten"], names) if is_current else "",
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
            if not state["num_mentioned"] or state["new_names"]:
                return State(answer=f"{FIRST_VERSION}; nothing to undo.")
            return State(
                intent="edit",
                concepts=[slot(i) for i in range(state["num_mentioned"])],
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
    used, names = slots_in(state["prompt"]), state["names"]
    seed = None if state["wants_new_seed"] else context.seed
    return DrawOrder(
        text=renumber(state["prompt"], used),
        concept_ids=tuple(state["concept_ids"][slot_index(s)] for s in used),
        settings=DrawSettings(
            seed=seed,
            num_steps=context.steps,
            cfg_text_scale=context.cfg_text_scale,
            think=context.think,
        ),
        thread_id=context.thread_id,
        turn_id=context.message_id,
        provenance={
            "intent": state["intent"],
            "prompt": unslot(state["message"], names),
            "rewritten": unslot(state["prompt"], names),
            "evidence": spelled_out(state["evidence"], names),
        },
    )


def _progress(event: StepEvent | ThoughtEvent) -> DrawProgress | ThoughtDelta:
    if isinstance(event, ThoughtEvent):
        return ThoughtDelta(event.text)
    return DrawProgress(step=event.step, num_steps=event.num_steps, preview=event.preview)

"""The one table from a name to a tool, as LangChain tools that work without the graph.

Knows what a caller may choose. The user is bound when the table is made and is never an argument:
no language model can ask for another one's memory.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final

from langchain_core.callbacks import adispatch_custom_event
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from omnipersona.model.contract import MAX_CONCEPTS, MAX_SEED, DrawSettings, StepEvent, ThoughtEvent
from omnipersona.model.slotted_text import ConceptRef
from omnipersona.tools.concept_service import (
    correct_fact,
    find_concept,
    forget_concept,
    list_known,
    remember_fact,
    show_concept,
)
from omnipersona.tools.edit import edit_picture
from omnipersona.tools.gallery import keep_pictures
from omnipersona.tools.generate import draw_picture
from omnipersona.tools.naming import read_bracketed
from omnipersona.tools.outcome import ToolDeps, ToolOutcome, tool_border
from omnipersona.tools.picture_records import DrawOrder, Watcher
from omnipersona.tools.teach import teach_concept
from omnipersona.tools.threads import in_worker
from omnipersona.tools.understand import answer_question

Names = Annotated[list[str], Field(max_length=MAX_CONCEPTS)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Steps = Annotated[int, Field(ge=1, le=1000)]


PROGRESS: Final = "progress"
"""Name of the custom event by which a tool tells LangChain's callbacks `step` and `num_steps`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A use of a tool: what stops it, and whom it tells how far it is."""

    cancel: threading.Event | None = None
    tell: Watcher | None = None


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Question(_Arguments):
    """A question; names in it are written `<name>` and listed in `concepts`."""

    question: str = Field(min_length=1, max_length=4000)
    picture_ids: list[str] = []
    concepts: Names = []


class Drawing(_Arguments):
    """A prompt; names in it are written `<name>` and listed in `concepts`."""

    prompt: str = Field(min_length=1, max_length=4000)
    concepts: Names = []
    seed: Seed | None = None
    steps: Steps | None = None


class Change(_Arguments):
    """An instruction for one picture; names are written `<name>` and listed in `concepts`."""

    picture_id: str
    instruction: str = Field(min_length=1, max_length=4000)
    concepts: Names = []
    seed: Seed | None = None
    steps: Steps | None = None


class Photo(_Arguments):
    """A PNG, JPEG, WEBP or GIF file in base64; other tools take the id that comes back."""

    base64: Base64Bytes


class Lesson(_Arguments):
    """A concept to learn from stored photos; `facts` maps attributes to values."""

    name: str
    kind: str | None = None
    facts: dict[str, str] = {}
    picture_ids: list[str] = Field(default=[], max_length=100)
    consent: bool = False


class Nothing(_Arguments):
    """No arguments."""


class Named(_Arguments):
    """The name of a known concept."""

    name: str


class Statement(_Arguments):
    """What the user said of a concept; `name` None is the user."""

    name: str | None = None
    attribute: str = Field(min_length=1, max_length=100)
    value: str = Field(min_length=1, max_length=4000)


class Forgetting(_Arguments):
    """A concept to delete for good, and whether drawings of it go too."""

    name: str
    delete_drawings: bool = False


def build_tools(
    deps: ToolDeps,
    user_id: str,
    admitted: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> dict[str, BaseTool]:
    """Return every tool by name, bound to one user; each runs inside of `admitted`.

    Awaited ones stop the model within a step when their task is cancelled, and tell their progress
    as custom events (`PROGRESS`).

    Each takes plain arguments and returns {"text", "picture_ids", "details"}. Arguments that do
    not fit raise `ToolRetry`, whose text says what to change; `ToolFailed` is for the user. Both
    are LangChain's `ToolException`, so that `handle_tool_error` tells them to a language model.
    """
    abilities = _Abilities(deps, user_id)
    tools = [
        _tool("ask_about_pictures", "Answer a question.", Question, abilities.ask, admitted),
        _tool("draw_picture", "Draw a new picture.", Drawing, abilities.draw, admitted),
        _tool("edit_picture", "Change a picture.", Change, abilities.edit, admitted),
        _tool("keep_picture", "Keep a picture.", Photo, abilities.keep, admitted),
        _tool("teach_concept", "Learn a concept from photos.", Lesson, abilities.teach, admitted),
        _tool(
            "learning_progress", "Tell how far learning is.", Nothing, abilities.progress, admitted
        ),
        _tool("list_concepts", "List what is known.", Nothing, abilities.list_all, admitted),
        _tool(
            "show_concept", "Show what is known of one concept.", Named, abilities.show, admitted
        ),
        _tool(
            "remember_fact", "Store what the user said.", Statement, abilities.remember, admitted
        ),
        _tool(
            "correct_fact",
            "Replace what the user corrects.",
            Statement,
            abilities.correct,
            admitted,
        ),
        _tool(
            "forget_concept", "Delete a concept for good.", Forgetting, abilities.forget, admitted
        ),
    ]
    return {tool.name: tool for tool in tools}


class _Abilities:
    def __init__(self, deps: ToolDeps, user_id: str) -> None:
        self._deps = deps
        self._user_id = user_id

    def ask(
        self, work: Work, question: str, picture_ids: list[str], concepts: list[str]
    ) -> ToolOutcome:
        known = self._known(concepts)
        text = read_bracketed(question, known)
        return answer_question(
            self._deps, self._user_id, text, picture_ids, known, cancel=work.cancel
        )

    def draw(
        self, work: Work, prompt: str, concepts: list[str], seed: int | None, steps: int | None
    ) -> ToolOutcome:
        order = self._order(prompt, concepts, seed, steps)
        return draw_picture(
            self._deps, self._user_id, order, on_event=work.tell, cancel=work.cancel
        )

    def edit(
        self,
        work: Work,
        picture_id: str,
        instruction: str,
        concepts: list[str],
        seed: int | None,
        steps: int | None,
    ) -> ToolOutcome:
        order = self._order(instruction, concepts, seed, steps)
        return edit_picture(
            self._deps,
            self._user_id,
            picture_id,
            order,
            on_event=work.tell,
            cancel=work.cancel,
        )

    def keep(self, _: Work, base64: bytes) -> ToolOutcome:
        with tool_border():
            [kept] = keep_pictures(self._deps, self._user_id, (base64,))
        text = f"Kept {kept.id}, {kept.width} x {kept.height} pixels."
        return ToolOutcome(text=text, picture_ids=(kept.id,))

    def teach(
        self,
        _: Work,
        name: str,
        kind: str | None,
        facts: dict[str, str],
        picture_ids: list[str],
        consent: bool,
    ) -> ToolOutcome:
        return teach_concept(
            self._deps,
            self._user_id,
            name,
            kind,
            tuple(facts.items()),
            picture_ids,
            consent=consent,
        )

    def progress(self, _: Work) -> ToolOutcome:
        jobs = self._deps.jobs.list(self._user_id)
        lines = [f"<{job.concept_name}>: {job.state}, {job.message}" for job in jobs]
        details = {"jobs": [asdict(job) for job in jobs]}
        return ToolOutcome(text="\n".join(lines) or "Nothing was learned yet.", details=details)

    def list_all(self, _: Work) -> ToolOutcome:
        return list_known(self._deps, self._user_id)

    def show(self, _: Work, name: str) -> ToolOutcome:
        return show_concept(self._deps, self._user_id, self._id(name))

    def remember(self, _: Work, name: str | None, attribute: str, value: str) -> ToolOutcome:
        concept_id = self._id(name) if name else ""
        fact = remember_fact(self._deps, self._user_id, concept_id, attribute, value)
        return ToolOutcome(text=f"Noted {attribute}: {value}.", details={"fact_id": fact.fact_id})

    def correct(self, _: Work, name: str | None, attribute: str, value: str) -> ToolOutcome:
        concept_id = self._id(name) if name else ""
        old = correct_fact(self._deps, self._user_id, concept_id, attribute, value)
        return ToolOutcome(
            text=f"Now {attribute}: {value}.", details={"retired": [fact.value for fact in old]}
        )

    def forget(self, _: Work, name: str, delete_drawings: bool) -> ToolOutcome:
        return forget_concept(self._deps, self._user_id, self._id(name), drawings=delete_drawings)

    def _id(self, name: str) -> str:
        return find_concept(self._deps, self._user_id, name).concept_id

    def _known(self, names: list[str]) -> list[ConceptRef]:
        found = [find_concept(self._deps, self._user_id, name.strip("<>")) for name in names]
        return [ConceptRef(brief.name, brief.concept_id) for brief in found]

    def _order(self, text: str, names: list[str], seed: int | None, steps: int | None) -> DrawOrder:
        with tool_border():
            settings = DrawSettings(seed=seed, num_steps=steps, previews=False)
        return DrawOrder(text=read_bracketed(text, self._known(names)), settings=settings)


def _tool(
    name: str,
    description: str,
    arguments: type[_Arguments],
    ability: Callable[..., ToolOutcome],
    admitted: Callable[[], AbstractContextManager[None]],
) -> BaseTool:
    def use(work: Work, values: dict[str, Any]) -> dict[str, Any]:
        with tool_border(), admitted():
            outcome = ability(work, **values)
        return {
            "text": outcome.text,
            "picture_ids": list(outcome.picture_ids),
            "details": dict(outcome.details),
        }

    def run(**values: Any) -> dict[str, Any]:
        return use(Work(), values)

    async def run_async(**values: Any) -> dict[str, Any]:
        loop, told = asyncio.get_running_loop(), asyncio.Queue[StepEvent | ThoughtEvent | None]()

        def work(cancel: threading.Event) -> dict[str, Any]:
            def tell(event: StepEvent | ThoughtEvent | None) -> None:
                loop.call_soon_threadsafe(told.put_nowait, event)

            try:
                return use(Work(cancel=cancel, tell=tell), values)
            finally:
                tell(None)

        used = asyncio.ensure_future(in_worker(work))
        try:
            while (event := await told.get()) is not None:
                if isinstance(event, StepEvent):
                    step = {"step": event.step, "num_steps": event.num_steps}
                    await adispatch_custom_event(PROGRESS, step)
            return await used
        finally:
            used.cancel()

    hint = " ".join((arguments.__doc__ or "").split())
    return StructuredTool.from_function(
        run, run_async, name=name, description=f"{description} {hint}", args_schema=arguments
    )

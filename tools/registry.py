"""The one table from a name to a tool, as LangChain tools that work without the graph.

Knows what a caller may choose. The user is bound when the table is made and is never an argument:
no language model can ask for another one's memory.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from omnipersona.model.contract import MAX_CONCEPTS, MAX_SEED, DrawSettings
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
from omnipersona.tools.picture_records import DrawOrder
from omnipersona.tools.teach import teach_concept
from omnipersona.tools.understand import answer_question

Names = Annotated[list[str], Field(max_length=MAX_CONCEPTS)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Steps = Annotated[int, Field(ge=1, le=1000)]


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


def build_tools(deps: ToolDeps, user_id: str) -> dict[str, BaseTool]:
    """Return every tool by name, bound to one user.

    Each takes plain arguments and returns {"text", "picture_ids", "details"}. Arguments that do
    not fit raise `ToolRetry`, whose text says what to change; `ToolFailed` is for the user. Both
    are LangChain's `ToolException`, so that `handle_tool_error` tells them to a language model.
    """
    abilities = _Abilities(deps, user_id)
    tools = [
        _tool("ask_about_pictures", "Answer a question.", Question, abilities.ask),
        _tool("draw_picture", "Draw a new picture.", Drawing, abilities.draw),
        _tool("edit_picture", "Change a picture.", Change, abilities.edit),
        _tool("keep_picture", "Keep a picture.", Photo, abilities.keep),
        _tool("teach_concept", "Learn a concept from photos.", Lesson, abilities.teach),
        _tool("learning_progress", "Tell how far learning is.", Nothing, abilities.progress),
        _tool("list_concepts", "List what is known.", Nothing, abilities.list_all),
        _tool("show_concept", "Show what is known of one concept.", Named, abilities.show),
        _tool("remember_fact", "Store what the user said.", Statement, abilities.remember),
        _tool("correct_fact", "Replace what the user corrects.", Statement, abilities.correct),
        _tool("forget_concept", "Delete a concept for good.", Forgetting, abilities.forget),
    ]
    return {tool.name: tool for tool in tools}


class _Abilities:
    def __init__(self, deps: ToolDeps, user_id: str) -> None:
        self._deps = deps
        self._user_id = user_id

    def ask(self, question: str, picture_ids: list[str], concepts: list[str]) -> ToolOutcome:
        known = self._known(concepts)
        text = read_bracketed(question, known)
        return answer_question(self._deps, self._user_id, text, picture_ids, known)

    def draw(
        self, prompt: str, concepts: list[str], seed: int | None, steps: int | None
    ) -> ToolOutcome:
        order = self._order(prompt, concepts, seed, steps)
        return draw_picture(self._deps, self._user_id, order)

    def edit(
        self,
        picture_id: str,
        instruction: str,
        concepts: list[str],
        seed: int | None,
        steps: int | None,
    ) -> ToolOutcome:
        order = self._order(instruction, concepts, seed, steps)
        return edit_picture(self._deps, self._user_id, picture_id, order)

    def keep(self, base64: bytes) -> ToolOutcome:
        with tool_border():
            [kept] = keep_pictures(self._deps, self._user_id, (base64,))
        text = f"Kept {kept.id}, {kept.width} x {kept.height} pixels."
        return ToolOutcome(text=text, picture_ids=(kept.id,))

    def teach(
        self,
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

    def progress(self) -> ToolOutcome:
        jobs = self._deps.jobs.list(self._user_id)
        lines = [f"<{job.concept_name}>: {job.state}, {job.message}" for job in jobs]
        details = {"jobs": [asdict(job) for job in jobs]}
        return ToolOutcome(text="\n".join(lines) or "Nothing was learned yet.", details=details)

    def list_all(self) -> ToolOutcome:
        return list_known(self._deps, self._user_id)

    def show(self, name: str) -> ToolOutcome:
        return show_concept(self._deps, self._user_id, self._id(name))

    def remember(self, name: str | None, attribute: str, value: str) -> ToolOutcome:
        concept_id = self._id(name) if name else ""
        fact = remember_fact(self._deps, self._user_id, concept_id, attribute, value)
        return ToolOutcome(text=f"Noted {attribute}: {value}.", details={"fact_id": fact.fact_id})

    def correct(self, name: str | None, attribute: str, value: str) -> ToolOutcome:
        concept_id = self._id(name) if name else ""
        old = correct_fact(self._deps, self._user_id, concept_id, attribute, value)
        return ToolOutcome(
            text=f"Now {attribute}: {value}.", details={"retired": [fact.value for fact in old]}
        )

    def forget(self, name: str, delete_drawings: bool) -> ToolOutcome:
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
) -> BaseTool:
    def run(**values: Any) -> dict[str, Any]:
        outcome = ability(**values)
        return {
            "text": outcome.text,
            "picture_ids": list(outcome.picture_ids),
            "details": dict(outcome.details),
        }

    hint = " ".join((arguments.__doc__ or "").split())
    return StructuredTool.from_function(
        run, name=name, description=f"{description} {hint}", args_schema=arguments
    )

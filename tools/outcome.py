"""What a tool gives back, how it fails, and what it needs.

Knows the border between the abilities and whoever calls them. Does not know the abilities.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from langchain_core.tools import ToolException

from omnipersona.model.contract import PersonaModel
from omnipersona.model.errors import Cancelled, ModelError, RequestError
from omnipersona.store.errors import StoreError

if TYPE_CHECKING:
    from omnipersona.memory.memory import Memory
    from omnipersona.tools.jobs import LearningJobs


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolOutcome:
    """What a tool did.

    Attributes:
        text: For people.
        picture_ids: Pictures made or shown, in memory.
        details: JSON-able facts about the work.
    """

    text: str
    picture_ids: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


class ToolRetry(ToolException):
    """The arguments do not fit; whoever chose them may choose better ones."""


class ToolFailed(ToolException):
    """The ability failed; the text is for the user."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolDeps:
    """The services that every tool works with.

    Attributes:
        model: Looks, draws and learns.
        memory: What is known.
        jobs: What is being learned.
    """

    model: PersonaModel
    memory: "Memory"
    jobs: "LearningJobs"


@contextmanager
def tool_border() -> Iterator[None]:
    """Turn errors of model and memory into those of tools; bugs and cancelling pass unchanged."""
    try:
        yield
    except Cancelled:
        raise
    except RequestError as error:
        raise ToolRetry(str(error)) from error
    except (ModelError, StoreError) as error:
        raise ToolFailed(str(error)) from error


def counted(count: int, noun: str) -> str:
    """Return how many there are of a regular noun, in words for people."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

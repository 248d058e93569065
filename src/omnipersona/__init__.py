"""OmniPersona: a personal assistant that understands, draws and edits with your own concepts.

The public names below are loaded when they are first used, so that importing the package costs
neither torch nor a graph library.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omnipersona.agent.assistant import Assistant
    from omnipersona.agent.context import Context
    from omnipersona.agent.events import Failed, NeedInput, Reply
    from omnipersona.agent.graph import build_graph
    from omnipersona.agent.lesson import Lesson
    from omnipersona.agent.settings import Settings, load_settings
    from omnipersona.agent.turn import UserTurn
    from omnipersona.model.bagel.backbone import load_model
    from omnipersona.model.contract import PersonaModel
    from omnipersona.tools.outcome import ToolDeps
    from omnipersona.tools.registry import build_tools
    from omnipersona.ui.mount import mount_page

__all__ = [
    "Context",
    "Failed",
    "Lesson",
    "NeedInput",
    "PersonaModel",
    "Reply",
    "Assistant",
    "Settings",
    "ToolDeps",
    "UserTurn",
    "build_graph",
    "build_tools",
    "load_model",
    "load_settings",
    "mount_page",
]

_HOMES = {
    "Context": "omnipersona.agent.context",
    "Failed": "omnipersona.agent.events",
    "Lesson": "omnipersona.agent.lesson",
    "NeedInput": "omnipersona.agent.events",
    "PersonaModel": "omnipersona.model.contract",
    "Reply": "omnipersona.agent.events",
    "Assistant": "omnipersona.agent.assistant",
    "Settings": "omnipersona.agent.settings",
    "ToolDeps": "omnipersona.tools.outcome",
    "UserTurn": "omnipersona.agent.turn",
    "build_graph": "omnipersona.agent.graph",
    "build_tools": "omnipersona.tools.registry",
    "load_model": "omnipersona.model.bagel.backbone",
    "load_settings": "omnipersona.agent.settings",
    "mount_page": "omnipersona.ui.mount",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return version("omnipersona")
    if name not in _HOMES:
        raise AttributeError(f"module 'omnipersona' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)

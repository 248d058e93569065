"""OmniPersona: a personal assistant that understands, draws and edits with your own concepts.

The public names below are loaded when they are first used, so that importing the package costs
neither torch nor a graph library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omnipersona.agent.graph import build_graph
    from omnipersona.agent.runtime import Session
    from omnipersona.agent.settings import Settings, load_settings
    from omnipersona.agent.turn import UserTurn
    from omnipersona.model.runtime import load_model
    from omnipersona.tools.registry import build_tools

__version__ = "0.1.0"

__all__ = [
    "Session",
    "Settings",
    "UserTurn",
    "build_graph",
    "build_tools",
    "load_model",
    "load_settings",
]

_HOMES = {
    "Session": "omnipersona.agent.runtime",
    "Settings": "omnipersona.agent.settings",
    "UserTurn": "omnipersona.agent.turn",
    "build_graph": "omnipersona.agent.graph",
    "build_tools": "omnipersona.tools.registry",
    "load_model": "omnipersona.model.runtime",
    "load_settings": "omnipersona.agent.settings",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'omnipersona' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)

"""What a user may set for a conversation; its commands are offered beside it.

Knows the frame's widgets. Does not know what a setting does.
"""

from collections.abc import Mapping
from typing import Any, Final

import chainlit as cl
from chainlit.input_widget import InputWidget, Slider, Switch, TextInput
from chainlit.types import CommandDict

from omnipersona.model.contract import MAX_SEED
from omnipersona.ui.chat.slash import COMMANDS
from omnipersona.ui.page_state import page_state

_MOST_STEPS: Final = 100
_MOST_GUIDANCE: Final = 10.0
_MOST_EXAMPLES: Final = 6


async def offer() -> None:
    """Show the commands and settings of a conversation that was just opened."""
    await cl.context.emitter.set_commands(
        [
            CommandDict(
                id=name, description=what, icon=icon, button=None, persistent=None, selected=None
            )
            for name, (icon, what, _) in COMMANDS.items()
        ]
    )
    chosen = dict(cl.context.session.chat_settings or {})
    await cl.ChatSettings(_widgets(chosen)).send()


def wishes() -> dict[str, Any]:
    """Return the user's settings as fields of a turn."""
    chosen = dict(cl.context.session.chat_settings or {})
    return {
        "steps": _whole(chosen.get("steps")),
        "seed": _seed(chosen.get("seed")),
        "guidance": chosen.get("guidance"),
        "num_examples": _whole(chosen.get("num_examples")),
        "think": chosen.get("think"),
        "approve_prompts": chosen.get("approve_prompts"),
    }


def _widgets(chosen: Mapping[str, Any]) -> list[InputWidget]:
    here = page_state()
    info, settings = here.session.describe(), here.settings
    widgets: list[InputWidget] = [
        Slider(
            id="steps",
            label="Steps per drawing",
            initial=chosen.get("steps", settings.steps or info.num_steps),
            min=1,
            max=max(_MOST_STEPS, info.num_steps),
            step=1,
            tooltip="More steps are slower and finer.",
        ),
        Slider(
            id="guidance",
            label="How closely drawings follow the words",
            initial=chosen.get("guidance", settings.guidance or info.cfg_text_scale),
            min=1.0,
            max=_MOST_GUIDANCE,
            step=0.5,
        ),
        TextInput(
            id="seed",
            label="Seed",
            initial=chosen.get("seed", _as_text(settings.seed)),
            placeholder="a new one for each drawing",
            tooltip="The same seed and words give the same picture.",
        ),
        Slider(
            id="num_examples",
            label="In-context examples",
            initial=chosen.get("num_examples", settings.num_examples or info.num_examples),
            min=0,
            max=_MOST_EXAMPLES,
            step=1,
            tooltip="Shown to the model before each of its text tasks.",
        ),
        Switch(
            id="approve_prompts",
            label="Ask before a rewritten prompt is drawn",
            initial=chosen.get("approve_prompts", settings.approve_prompts),
        ),
    ]
    if info.abilities.thinks:
        think = chosen.get("think", settings.think)
        widgets.append(Switch(id="think", label="Think in words first", initial=think))
    return widgets


def _seed(text: Any) -> int | None:
    """Return the seed that was typed; what is none counts as empty."""
    words = str(text or "").strip()
    return int(words) if words.isascii() and words.isdigit() and int(words) <= MAX_SEED else None


def _as_text(seed: int | None) -> str:
    return "" if seed is None else str(seed)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)

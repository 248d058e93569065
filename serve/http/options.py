"""What requests may ask for, and what they may not: fields shared by chat and pictures.

Fields that only tune how an answer is sampled are taken and not used; fields that would give
another answer than the one asked for are refused by name.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from omnipersona.model.contract import MAX_SEED

Seed = Annotated[
    int | None,
    Field(strict=True, ge=0, le=MAX_SEED, description="The same seed draws the same picture."),
]
Unused = Annotated[Any, Field(description="Taken, and not used.")]


def unsupported(sentence: str, *harmless: object) -> AfterValidator:
    """Return a check that refuses every value but None and the harmless ones."""

    def check(value: object) -> object:
        if value is not None and value not in harmless:
            raise PydanticCustomError("unsupported_parameter", "{s}", {"s": sentence})
        return value

    return AfterValidator(check)


class Options(BaseModel):
    """How a turn is to be run; what is not given is the server's setting."""

    model_config = ConfigDict(extra="forbid")

    steps: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    """Velocity evaluations of a drawing."""

    guidance: Annotated[float, Field(ge=1.0, le=20.0, allow_inf_nan=False)] | None = None
    """How closely a drawing follows the words."""

    think: bool | None = None
    """Think in words first, where the model can."""

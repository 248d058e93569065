"""The one reader of the environment and of `omnipersona.toml`.

Knows names, types and defaults of settings. Order: call, then environment, then file, then default.
"""

import difflib
import os
import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import platformdirs
from pydantic import Field, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from omnipersona.accounts.proxies import networks
from omnipersona.agent.logs import LogFormat
from omnipersona.model.contract import MAX_SEED, Weights

ENV_PREFIX: Final = "OMNIPERSONA_"
TOML_FILE: Final = "omnipersona.toml"
_PASSWORD: Final = re.compile(r"(://[^:@/]*:).*(?=@)|(password=)[^&]*")


class UnknownSetting(ValueError):
    """An `OMNIPERSONA_*` variable names no setting."""


class Settings(BaseSettings):
    """Everything that can be set from outside."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, extra="forbid", frozen=True, toml_file=TOML_FILE
    )

    model: str = "nano"
    """Name of an embedded model, or the folder of a checkpoint."""

    weights: Weights = "full"
    """Number type of the experts' matrices: int8, float8 or nf4 fit a smaller GPU."""

    spread: bool = False
    """Put layers that the GPU cannot hold on the next GPU, or in the host's memory until needed."""

    compiled: bool = False
    """Compile the steps of drawings: faster on a GPU, after a slow first drawing of each size."""

    think_prompts: Path | None = None
    """JSON file with other system prompts for thinking, `read` and `draw`."""

    data: Path = Field(default_factory=lambda: platformdirs.user_data_path("omnipersona"))
    """Folder of everything that is remembered."""

    database: str = Field(default="", repr=False)
    """URL of a PostgreSQL database instead of files in the data folder; may hold a password."""

    blobs: str = ""
    """URL of a store of pictures and tokens instead of the data folder, such as s3://bucket/prefix."""

    picture_side: Annotated[int, Field(ge=256, le=8192)] = 2048
    """Pixels to which the longer side of a photo that is sent is scaled down before it is kept."""

    user: str = "me"
    """Whose memory the command line and a page without login use."""

    steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Velocity evaluations per drawing; None means the model's own number."""

    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    """Seed of drawings; None draws a new one each time."""

    num_examples: Annotated[int, Field(ge=0, le=6)] | None = None
    """In-context examples per text task; None means the model's own number."""

    guidance: Annotated[float, Field(ge=1.0, le=20.0)] | None = None
    """How closely drawings follow the words; None means the model's own measure."""

    approve_prompts: bool = False
    """Ask before a rewritten prompt is drawn; the user may write other words."""

    drift_guard: bool = True
    """After an edit, see whether those whom it should leave alone are still recognised."""

    think: bool = False
    """Think in words before answers about pictures, drawings and edits; BAGEL can, nano cannot."""

    host: str = "127.0.0.1"
    """Address that the page listens on."""

    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    """Port that the page listens on."""

    login: Literal["none", "password", "header", "oauth"] = "none"
    """How people log in to the page; none is for an address of this machine alone."""

    login_header: str = "X-Forwarded-User"
    """Header in which a proxy names who has logged in, where login is header."""

    proxies: str = "127.0.0.1,::1"
    """Addresses or networks of the proxies before the page, with commas between; * is everybody.
    Where login is header, nobody else is answered."""

    login_allowed: str = ""
    """Who may come in where login is oauth, as provider:name with commas between."""

    api_host: str = "127.0.0.1"
    """Address that `omnipersona serve` listens on."""

    api_port: Annotated[int, Field(ge=1, le=65535)] = 8001
    """Port that `omnipersona serve` listens on."""

    api_rate: Annotated[int, Field(ge=1, le=100_000)] = 120
    """Requests per minute that one key may make."""

    api_pictures: Literal["field", "markdown"] = "field"
    """Where chat answers over HTTP carry pictures: in a field of the message, or in its text, too,
    for chat programs that show Markdown."""

    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    """How much is written to the log; info has a line for every turn."""

    log_format: LogFormat = "text"
    """How a line looks: text for people, json for programs."""

    traces: str = ""
    """Address of an OTLP collector for traces, as http://localhost:4318; "" sends none."""

    @field_validator("proxies")
    @classmethod
    def _has_networks(cls, listed: str) -> str:
        networks(listed)
        return listed

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read call, environment and file, in this order, and nothing else."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**values: Any) -> Settings:
    """Read the settings; `values` that are not None win over every other source.

    Raises:
        UnknownSetting: An `OMNIPERSONA_*` variable names no setting.
        pydantic.ValidationError: A value or a key of the file is refused.
    """
    known = {ENV_PREFIX + name.upper() for name in Settings.model_fields}
    for variable in os.environ:
        name = variable.upper()
        if name.startswith(ENV_PREFIX) and name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]}?" if close else f" Known are {sorted(known)}."
            raise UnknownSetting(f"The environment variable {variable} names no setting.{hint}")
    given = {name: value for name, value in values.items() if value is not None}
    return Settings(**given)


def sources(**values: Any) -> list[tuple[str, Any, str]]:
    """Return (name, value, where it comes from) of every setting.

    Raises: UnknownSetting, pydantic.ValidationError: as `load_settings`.
    """
    settings = load_settings(**values)
    in_file = TomlConfigSettingsSource(Settings)() if Path(TOML_FILE).exists() else {}

    def source(name: str) -> str:
        if values.get(name) is not None:
            return "option"
        if (ENV_PREFIX + name.upper()) in {variable.upper() for variable in os.environ}:
            return "environment"
        return TOML_FILE if name in in_file else "default"

    shown = settings.model_dump() | {"database": without_password(settings.database)}
    return [(name, shown[name], source(name)) for name in Settings.model_fields]


def without_password(url: str) -> str:
    """Return a database's URL as it may be shown."""
    return _PASSWORD.sub(r"\1\2***", url)

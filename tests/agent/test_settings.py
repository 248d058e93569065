"""Call over environment over file over default; unknown names are refused."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from omnipersona.agent.settings import TOML_FILE, UnknownSetting, load_settings


def test_defaults_need_nothing() -> None:
    settings = load_settings()
    assert (settings.model, settings.user, settings.steps) == ("nano", "me", None)
    assert settings.data.name == "omnipersona"


def test_call_over_environment_over_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(TOML_FILE).write_text('steps = 5\nuser = "file"\nport = 9000\n')
    monkeypatch.setenv("OMNIPERSONA_STEPS", "6")
    monkeypatch.setenv("OMNIPERSONA_USER", "env")
    settings = load_settings(user="call", steps=None)
    assert (settings.user, settings.steps, settings.port) == ("call", 6, 9000)


def test_a_misspelt_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIPERSONA_STEPZ", "6")
    with pytest.raises(UnknownSetting, match="OMNIPERSONA_STEPZ.*Did you mean OMNIPERSONA_STEPS"):
        load_settings()


def test_a_misspelt_key_is_refused_by_name() -> None:
    Path(TOML_FILE).write_text("stepz = 5\n")
    with pytest.raises(ValidationError, match="stepz"):
        load_settings()


@pytest.mark.parametrize("bad", [{"steps": 0}, {"seed": -1}, {"seed": 2**32}, {"port": 0}])
def test_values_out_of_range_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        load_settings(**bad)

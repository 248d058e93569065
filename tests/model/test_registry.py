"""A checkpoint's type decides whose code runs it."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from omnipersona.model import registry
from omnipersona.model.errors import WeightsError
from omnipersona.testing import ScriptedModel


def test_a_further_family_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("a_family")
    module.load_model = lambda *_, **__: ScriptedModel(fingerprint="a family")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_family", module)
    monkeypatch.setitem(registry.BACKBONES, "family", "a_family")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "family"}))
    assert registry.load_model(str(tmp_path)).describe().fingerprint == "a family"


@pytest.mark.parametrize("content", ['{"model_type": "llama"}', "[]", "{"])
def test_a_checkpoint_that_nobody_runs_is_refused_in_words(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(WeightsError, match=r"config\.json"):
        registry.load_model(str(tmp_path))


def test_a_folder_without_a_type_has_the_published_layout(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"missing"):
        registry.load_model(str(tmp_path))

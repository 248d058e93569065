"""nano, BAGEL's layout at toy width and the scripted model keep the contract alike."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from omnipersona.model.bagel.backbone import load_model
from omnipersona.model.contract import (
    ConverseRequest,
    DrawEvent,
    GenerateRequest,
    ImageResult,
    PersonaModel,
    Reading,
    ReadRequest,
    TextEvent,
)
from omnipersona.testing import CONTRACT, ScriptedModel, plain_png

OpenModel = Callable[[], PersonaModel]


@pytest.fixture
def open_model(request: pytest.FixtureRequest, checkpoint: Path) -> OpenModel:
    """Return what opens a model of the asked kind."""
    kinds: dict[str, OpenModel] = {
        "scripted": ScriptedModel,
        "bagel": lambda: load_model(str(checkpoint), device="cpu"),
        "nano": lambda: load_model("nano"),
    }
    return kinds[request.param]


@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    "open_model",
    ["scripted", "bagel", pytest.param("nano", marks=pytest.mark.slow)],
    indirect=True,
)
def test_the_contract_is_kept(open_model: OpenModel, check: Callable[[OpenModel], None]) -> None:
    check(open_model)


class _Unnumbered(ScriptedModel):
    def converse(
        self, request: ConverseRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        for event in super().converse(request, cancel):
            yield replace(event, sequence=7)


class _Unstoppable(ScriptedModel):
    def cancel(self, request_id: str) -> bool:
        return True


class _Moody(ScriptedModel):
    """Draws another picture each time."""

    def generate(
        self, request: GenerateRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        seed = len(self.requests)
        for event in super().generate(request, cancel):
            if isinstance(event, ImageResult):
                event = replace(event, png=plain_png(seed=seed))
            yield event


class _Forgetless(ScriptedModel):
    def release(self, sha256: str) -> int:
        return 0


class _Curious(ScriptedModel):
    """Reads whatever it likes."""

    def read(self, request: ReadRequest, cancel: threading.Event | None = None) -> Reading:
        return Reading(intent="draw", about=("<c7>",))  # type: ignore[arg-type]  # the fault


@pytest.mark.parametrize(
    ("faulty", "check"),
    [
        (_Unnumbered, "it_answers_from_evidence_and_rewrites"),
        (_Unstoppable, "it_stops_when_told"),
        (_Moody, "it_draws"),
        (_Moody, "it_serves_several_threads"),
        (_Forgetless, "it_takes_files_by_their_digest"),
        (_Curious, "it_reads_messages"),
    ],
)
def test_a_model_that_breaks_the_contract_is_found(faulty: OpenModel, check: str) -> None:
    [wanted] = [one for one in CONTRACT if one.__name__ == check]
    with pytest.raises((AssertionError, KeyError)):
        wanted(faulty)

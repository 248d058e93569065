"""Faces: the largest one counts, none at all is counted, and what is missing is named."""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from omnipersona.bench.metrics.encoders import Rows
from omnipersona.bench.metrics.errors import MetricError
from omnipersona.bench.metrics.faces import FaceLikeness, InsightFaceEncoder, face_scores


@dataclass
class Found:
    """A face as InsightFace reports it."""

    bbox: npt.NDArray[np.float32]
    embedding: npt.NDArray[np.float32]


class App:
    """Sees a small face in every picture that is not black, and a large one where it is red."""

    def get(self, picture_bgr: npt.NDArray[np.uint8]) -> list[Found]:
        blue, green, red = (int(level) for level in picture_bgr[0, 0])
        small = Found(np.array([0, 0, 2, 2], np.float32), np.array([0, 3], np.float32))
        large = Found(np.array([1, 1, 9, 9], np.float32), np.array([5, 0], np.float32))
        if red:
            return [small, large]
        return [small] if green or blue else []


class Pack(App):
    """Knows the tasks whose files lie in its folder, as InsightFace does."""

    def __init__(self, name: str, allowed_modules: list[str], providers: list[str]) -> None:
        self.models = {one.stem for one in Path(name).glob("*.onnx")} & set(allowed_modules)
        assert providers == ["CPUExecutionProvider"]

    def prepare(self, ctx_id: int, det_size: tuple[int, int]) -> None:
        assert (ctx_id, det_size) == (-1, (640, 640))


def _plain(colour: str) -> Image.Image:
    return Image.new("RGB", (16, 16), colour)


def test_the_largest_face_is_embedded_at_length_one() -> None:
    encoder = InsightFaceEncoder(App())
    large, small = encoder.face(_plain("red")), encoder.face(_plain("blue"))
    assert large is not None
    assert small is not None
    assert large.tolist() == [1.0, 0.0]
    assert small.tolist() == [0.0, 1.0]
    assert encoder.face(_plain("black")) is None


def test_faces_are_compared_with_all_photos_that_have_one() -> None:
    photos = [_plain("red"), _plain("blue"), _plain("black"), _plain("red")]
    likeness = FaceLikeness.to(photos, InsightFaceEncoder(App()))
    assert likeness.num_without == 1
    assert likeness.score(_plain("red")) == pytest.approx(2 / 3)
    assert likeness.score(_plain("black")) is None
    with pytest.raises(MetricError, match="None of the 1 photos"):
        FaceLikeness.to([_plain("black")], InsightFaceEncoder(App()))


def test_pictures_without_a_face_are_counted_not_averaged() -> None:
    scores = face_scores([0.5, None, 0.7, None])
    assert scores.mean == pytest.approx(0.6)
    assert (scores.no_face_rate, scores.n) == (0.5, 4)
    assert face_scores([None]).mean is None
    with pytest.raises(ValueError, match="No pictures"):
        face_scores([])


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "insightface", None)
    with pytest.raises(MetricError, match=r"pip install 'omnipersona\[bench\]'"):
        InsightFaceEncoder.load(tmp_path)


def test_a_pack_is_read_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_packs = ModuleType("insightface.app")
    with_packs.FaceAnalysis = Pack  # type: ignore[attr-defined]  # a stand-in for the package
    monkeypatch.setitem(sys.modules, "insightface", ModuleType("insightface"))
    monkeypatch.setitem(sys.modules, "insightface.app", with_packs)
    with pytest.raises(MetricError, match=r"holds no \.onnx file"):
        InsightFaceEncoder.load(tmp_path)
    (tmp_path / "detection.onnx").touch()
    with pytest.raises(MetricError, match="nothing for recognition"):
        InsightFaceEncoder.load(tmp_path)
    (tmp_path / "recognition.onnx").touch()
    assert InsightFaceEncoder.load(tmp_path).face(_plain("red")) is not None


def test_any_encoder_of_faces_will_do() -> None:
    class Constant:
        def face(self, picture: Image.Image) -> Rows | None:
            return np.array([1.0], dtype=np.float32)

    assert FaceLikeness.to([_plain("red")], Constant()).score(_plain("blue")) == 1.0

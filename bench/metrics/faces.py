"""Likeness of faces: cosine to the training photos, and how often there is no face at all.

A picture without a face has no score and is counted; to leave it out in silence would favour
methods that draw none. InsightFace is optional: its code is free, its weights are for research.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol, Self

import numpy as np
from PIL import Image

from omnipersona.bench.metrics.encoders import Rows
from omnipersona.bench.metrics.errors import MetricError

_TASKS: Final = ("detection", "recognition")
_DETECTION: Final = (640, 640)
_CPU: Final = "CPUExecutionProvider"
_CUDA: Final = "CUDAExecutionProvider"


class FaceEncoder(Protocol):
    """Embeds the largest face of a picture."""

    def face(self, picture: Image.Image) -> Rows | None:
        """Return a unit vector (D,), or None where no face is found."""


class InsightFaceEncoder:
    """ArcFace through InsightFace's detector and recogniser."""

    def __init__(self, app: Any) -> None:
        self._app = app

    @classmethod
    def load(cls, folder: Path, *, device: str = "cpu") -> Self:
        """Read a model pack from a folder of `.onnx` files; the paper's is `antelopev2`.

        Raises: MetricError: InsightFace is not installed, or the folder holds no whole pack.
        """
        try:
            analysis = import_module("insightface.app").FaceAnalysis
        except ImportError as error:
            raise MetricError(
                f"Face likeness needs the package insightface, which cannot be imported ({error}). "
                "Install it with `pip install 'omnipersona[bench]'`."
            ) from error
        if not any(folder.glob("*.onnx")):
            raise MetricError(
                f"{folder} holds no .onnx file; expected a model pack of InsightFace such as "
                "antelopev2, unpacked (github.com/deepinsight/insightface; for research use)."
            )
        providers = [_CPU] if device == "cpu" else [_CUDA, _CPU]
        app = analysis(name=str(folder), allowed_modules=list(_TASKS), providers=providers)
        missing = [task for task in _TASKS if task not in app.models]
        if missing:
            raise MetricError(
                f"The model pack in {folder} has nothing for {' and '.join(missing)}; expected "
                "both detection and recognition, as in antelopev2."
            )
        app.prepare(ctx_id=-1 if device == "cpu" else 0, det_size=_DETECTION)
        return cls(app)

    def face(self, picture: Image.Image) -> Rows | None:
        """Return a unit vector (D,), or None where no face is found."""
        # InsightFace reads blue, green, red, as OpenCV does.
        found = self._app.get(np.ascontiguousarray(np.array(picture.convert("RGB"))[..., ::-1]))
        if not found:
            return None
        largest = np.asarray(max(found, key=_area).embedding, dtype=np.float32)
        return np.asarray(largest / np.linalg.norm(largest), dtype=np.float32)


def _area(face: Any) -> float:
    left, top, right, bottom = face.bbox
    return float((right - left) * (bottom - top))


@dataclass(frozen=True, kw_only=True, slots=True)
class FaceLikeness:
    """Compares faces with those of one person's photos.

    Attributes:
        encoder: Who finds and embeds faces.
        faces: Unit vectors of the photos that have a face (N, D).
        num_without: Photos without one, left out.
    """

    encoder: FaceEncoder
    faces: Rows
    num_without: int

    @classmethod
    def to(cls, photos: Sequence[Image.Image], encoder: FaceEncoder) -> Self:
        """Find the faces of a person's photos.

        Raises: MetricError: none of them has a face.
        """
        found = [encoder.face(photo) for photo in photos]
        faces = [face for face in found if face is not None]
        if not faces:
            raise MetricError(
                f"None of the {len(found)} photos shows a face; measure face likeness for people "
                "alone."
            )
        return cls(encoder=encoder, faces=np.stack(faces), num_without=len(found) - len(faces))

    def score(self, picture: Image.Image) -> float | None:
        """Return the mean cosine with all faces of the photos; None where there is no face."""
        face = self.encoder.face(picture)
        return None if face is None else float((self.faces @ face).mean())


@dataclass(frozen=True, kw_only=True, slots=True)
class FaceScores:
    """Faces of several pictures.

    Attributes:
        mean: Mean cosine of the pictures with a face; None where no picture has one.
        no_face_rate: Share of pictures without a face.
        n: Pictures.
    """

    mean: float | None
    no_face_rate: float
    n: int


def face_scores(scores: Sequence[float | None]) -> FaceScores:
    """Sum up `FaceLikeness.score` of several pictures; raise ValueError if there are none."""
    if not scores:
        raise ValueError("No pictures were given to compare faces; give one at least.")
    found = [score for score in scores if score is not None]
    return FaceScores(
        mean=sum(found) / len(found) if found else None,
        no_face_rate=1.0 - len(found) / len(scores),
        n=len(scores),
    )

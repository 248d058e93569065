"""What scores pictures and free answers of real photos: encoders and a judge, each optional.

Knows where their weights lie. Does not know what is scored.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omnipersona.bench.metrics.encoders import ClipEncoder, DinoEncoder, Encoder, TextEncoder
from omnipersona.bench.metrics.faces import FaceEncoder, InsightFaceEncoder
from omnipersona.bench.metrics.judge import Judge
from omnipersona.bench.metrics.judges import ModelJudge, ServerJudge
from omnipersona.model.contract import PersonaModel

SELF: Final = "self"


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruments:
    """The loaded ones; what is missing leaves its metrics out."""

    clip: TextEncoder | None = None
    dino: Encoder | None = None
    faces: FaceEncoder | None = None
    judge: Judge | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """Where instruments come from.

    Attributes:
        clip, dino, faces: Folders of weights.
        judge: `self` for the measured model, or the URL of a server with OpenAI's interface.
        judge_model: The server's name for its model.
        judge_key: Of the server; never written anywhere.
    """

    clip: Path | None = None
    dino: Path | None = None
    faces: Path | None = None
    judge: str | None = None
    judge_model: str = ""
    judge_key: str | None = None

    def load(self, model: PersonaModel) -> Instruments:
        """Load what was named.

        Raises: MetricError: a folder lacks a file, or a package is not installed.
        """
        judge: Judge | None = None
        if self.judge == SELF:
            judge = ModelJudge(model)
        elif self.judge:
            judge = ServerJudge(url=self.judge, model=self.judge_model, key=self.judge_key)
        return Instruments(
            clip=ClipEncoder.load(self.clip) if self.clip else None,
            dino=DinoEncoder.load(self.dino) if self.dino else None,
            faces=InsightFaceEncoder.load(self.faces) if self.faces else None,
            judge=judge,
        )

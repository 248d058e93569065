"""Learned tokens on disk, so that methods share them and a cut run does not learn twice.

Knows lessons, configurations and files. Does not know methods or items.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from omnipersona.model.bagel.concept_training.trainer import TrainingConfig, learned
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.contract import ConceptFile, LearnRequest


class Library:
    """Tokens by what they were learned from.

    Args:
        folder: Made when the first tokens are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def learned(
        self, pipeline: Pipeline, lessons: list[LearnRequest], config: TrainingConfig
    ) -> list[ConceptFile]:
        """Return the tokens of lessons learned in one batch, from disk if they are there."""
        paths = [self._path(pipeline, lessons, i, config) for i in range(len(lessons))]
        if not all(path.exists() for path in paths):
            files = learned(pipeline, lessons, config)
            self.folder.mkdir(parents=True, exist_ok=True)
            for path, file in zip(paths, files, strict=True):
                partial = path.with_suffix(".partial")
                partial.write_bytes(file.whole)
                partial.replace(path)
        return [ConceptFile.of(path.read_bytes()) for path in paths]

    def _path(
        self, pipeline: Pipeline, lessons: list[LearnRequest], i: int, config: TrainingConfig
    ) -> Path:
        """Return a name that holds everything the tokens depend on, the batch included."""
        digest = hashlib.sha256(pipeline.fingerprint.encode())
        for settings in (config, pipeline.config.sampling):
            digest.update(json.dumps(asdict(settings), sort_keys=True).encode())
        for lesson in (lessons[i], *lessons):
            digest.update(f"{lesson.name} {lesson.kind} {lesson.seed} {lesson.facts}".encode())
            for photo in lesson.photos:
                digest.update(photo.whole)
            digest.update(lesson.start.whole if lesson.start else b"")
        return self.folder / f"{digest.hexdigest()[:32]}.safetensors"

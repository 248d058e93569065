"""RAP's concept database: one file with a picture, a description and a category per concept.

    database.json   {"concept_dict": {"<c>": {name, image, info, category}}}
A picture's path counts from the folder, or from whatever folder the file was made in: then the
picture is looked for beside the file. There are no test photos and no questions.

Layout: github.com/Hoar012/RAP-MLLM (data for research use; never passed on).
"""

from pathlib import PurePosixPath
from typing import Final

from omnipersona.bench.datasets.folder import Folder, Node, Photo
from omnipersona.bench.datasets.form import Concept, Dataset, GenerationPrompt
from omnipersona.bench.datasets.wording import PHOTO_PROMPT, with_slot

DATABASE: Final = "database.json"


def read(folder: Folder) -> Dataset:
    """Read the database; pictures are only looked up."""
    entries = folder.json(DATABASE).child("concept_dict").entries()
    concepts = tuple(_concept(folder, key, node) for key, node in entries.items())
    return Dataset(
        layout="rap",
        folder=folder.root,
        concepts=concepts,
        items=tuple(GenerationPrompt(concept=one.name, prompt=PHOTO_PROMPT) for one in concepts),
    )


def _concept(folder: Folder, key: str, node: Node) -> Concept:
    name = key.strip().removeprefix("<").removesuffix(">")
    if not name:
        raise node.wrong("a name like <bo> before it")
    image = node.child("image")
    images = image.elements() if isinstance(image.value, list) else [image]
    if not images:
        raise image.wrong("one picture at least")
    return Concept(
        name=name,
        kind=node.child("category").text(),
        description=with_slot(node.child("info").text(), name),
        facts=(),
        training_photos=tuple(_photo(folder, one) for one in images),
    )


def _photo(folder: Folder, node: Node) -> Photo:
    file_name = PurePosixPath(node.text().replace("\\", "/")).name
    return folder.written(node, (file_name,))

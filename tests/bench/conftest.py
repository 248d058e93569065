"""Small look-alike folders of every layout, and tiny encoders as people have them on disk."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTokenizer,
    Dinov2Config,
    Dinov2Model,
)

Change = Callable[[object], None]


def draw(path: Path, colour: str = "red", size: tuple[int, int] = (24, 16)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def item(kind: str, image: str, question: str, answer: str) -> dict[str, object]:
    turns = [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]
    return {"image": image, "type": kind, "conversations": turns}


@pytest.fixture
def unifybench(tmp_path: Path) -> Path:
    root = tmp_path / "unictokens_data"
    for name, kind, colour in (("bo", "dog", "red"), ("mam", "cat", "blue")):
        for i in (0, 2, 10):
            draw(root / f"concept/train/{name}/{i}.png", colour)
        draw(root / f"concept/train/{name}/0_mask.png", "white")
        draw(root / f"concept/train/{name}/negative_example/a.png", "orange")
        write(
            root / f"concept/train/{name}/info.json",
            {
                "class": kind,
                "info": f"<{name}> is a {colour} {kind}.",
                "extra_info": [f"<{name}> has a green hat.", f"<{name}> lives at the beach."],
                "generation_type": "live_subject",
            },
        )
        draw(root / f"concept/test/{name}/0.png", colour)
        write(
            root / f"concept/test/{name}/t2i_conditions.json",
            [f"A photo of <{name}>.", f"A photo of <{name}> wearing its hat."],
        )
        write(root / f"test_data/{name}.json", _items(name))
    draw(root / "random_images/0.png", "grey")
    draw(root / "black_512x512.png", "black")
    write(root / "concepts_list.json", ["mam", "bo"])
    return root


def _items(name: str) -> list[dict[str, object]]:
    # The paths are those of the machine that wrote the file.
    there = "/home/someone/unictokens_data"
    own, other = f"{there}/concept/test/{name}/0.png", f"{there}/random_images/0.png"
    alike = f"concept/train/{name}/negative_example/a.png"
    black = f"{there}/black_512x512.png"
    choice = f"What is <{name}>'s colour?\nA. red\nB. blue\nAnswer with a letter."
    return [
        item("rec", own, f"<image>\nIs <{name}> in this image?", "Yes."),
        item("rec", other, f"<image>\nIs <{name}> in this image?", "No."),
        item("rec", alike, f"<image>\nIs <{name}> in this image?", "No."),
        item("vqa", own, f"<image>\nWhat does <{name}> do?", f"<{name}> sits."),
        item("text_only", black, f"<image>\nWhere does <{name}> live?", "At the beach."),
        item("vqa_choice", own, f"<image>\n{choice}", "B"),
        item("text_only_choice", black, choice, "A. red"),
    ]


@pytest.fixture
def yollava(tmp_path: Path) -> Path:
    root = tmp_path / "yollava-data"
    for name, colour in (("bo", "red"), ("mam", "blue")):
        for i in range(2):
            draw(root / f"train/{name}/{i}.png", colour)
            draw(root / f"test/{name}/{i}.png", colour)
        draw(root / f"train/{name}/negative_example/1f.png", "orange")
    question = {
        "question": "What colour is <sks>'s coat?",
        "options": {"A": "Blue", "B": "Red"},
        "correct_answer": "B",
    }
    blind = {
        "question": "Is sks a dog or a cat?",
        "option": {"A": "Dog", "B": "Cat"},
        "correct_answer": "A",
    }
    write(root / "yollava-visual-qa.json", {"bo": {"./yollava-data/test/bo/1.png": question}})
    write(root / "yollava-text-only-qa.json", {"bo": {"0": blind}})
    return root


@pytest.fixture
def rap(tmp_path: Path) -> Path:
    root = tmp_path / "my_database"
    draw(root / "bo.png", "red")
    draw(root / "mam.png", "blue")
    concepts = {
        "<bo>": {
            "name": "bo",
            "image": "example_database/bo.png",
            "info": "<bo> is a red dog.",
            "category": "dog",
        },
        "<mam>": {"name": "mam", "image": "mam.png", "info": "A blue cat.", "category": "cat"},
    }
    write(root / "database.json", {"concept_dict": concepts, "path_to_concept": {}})
    return root


@pytest.fixture
def changed() -> Callable[[Path, Change], None]:
    """Change a JSON file in place."""

    def change(path: Path, by: Change) -> None:
        content = json.loads(path.read_text(encoding="utf-8"))
        by(content)
        write(path, content)

    return change


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a CLIP of width 16 for pictures of 32 pixels, and its tokenizer."""
    folder = tmp_path_factory.mktemp("clip")
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = letters + [f"{one}</w>" for one in letters]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({one: i for i, one in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "projection_dim": 12}
    config = CLIPConfig(
        text_config={
            **small,
            **heads,
            "vocab_size": len(tokens),
            "max_position_embeddings": 20,
            "bos_token_id": len(tokens) - 2,
            "eos_token_id": len(tokens) - 1,
            "pad_token_id": len(tokens) - 1,
        },
        vision_config={**small, **heads, "image_size": 32, "patch_size": 8},
        projection_dim=12,
    )
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def dino_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a DINOv2 of width 16."""
    folder = tmp_path_factory.mktemp("dino")
    config = Dinov2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=14
    )
    torch.manual_seed(0)
    Dinov2Model(config).save_pretrained(folder)
    return folder

"""The folder that the chat frame runs from, made afresh at every start.

Knows the frame's settings, words, public files and start page, and takes every link to a foreign
host out of the latter. Does not start anything.
"""

import importlib.util
import json
import re
import shutil
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, Final

_FILES: Final = resources.files("omnipersona.ui.page")
_LANGUAGE: Final = "en-US"
_NO_LOGOUT: Final = "\n#user-nav-button { display: none; }\n"
_FOREIGN_LINK: Final = re.compile(r"<link\b[^>]*?https?://[^>]*?>\s*", re.DOTALL)


def make_root(folder: Path, *, prefix: str = "", has_login: bool = False) -> Path:
    """Write everything that the chat frame reads at its start.

    Args:
        folder: Of this server alone; the frame also keeps its temporary uploads there.
        prefix: Path under which the page is reached, as /assistant; "" is the root.
        has_login: Whether there is somebody to log out.
    Returns: `folder`.
    Raises: OSError: a file cannot be written.
    """
    # Uploads of a server that was killed.
    shutil.rmtree(folder / ".files", ignore_errors=True)
    settings = folder / ".chainlit"
    (settings / "translations").mkdir(parents=True, exist_ok=True)
    config = Template(_read("config.toml")).substitute(prefix=prefix)
    (settings / "config.toml").write_text(config, encoding="utf-8")
    words = _merge(_frame_words(), json.loads(_read("translations.json")))
    (settings / "translations" / f"{_LANGUAGE}.json").write_text(json.dumps(words), "utf-8")
    (folder / "chainlit.md").write_text(_read("chainlit.md"), encoding="utf-8")
    with resources.as_file(_FILES / "public") as public:
        shutil.copytree(public, folder / "public", dirs_exist_ok=True)
    if not has_login:
        with (folder / "public" / "page.css").open("a", encoding="utf-8") as css:
            css.write(_NO_LOGOUT)
    _make_build(folder / "build")
    return folder


def without_foreign_links(html: str) -> str:
    """Return a start page whose `<link>`s all stay on this machine."""
    return _FOREIGN_LINK.sub("", html)


def _read(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")


def _frame() -> Path:
    # Found, not imported: importing the frame fixes the folder that it runs from.
    spec = importlib.util.find_spec("chainlit")
    assert spec is not None, "chainlit is a dependency of this package"
    assert spec.origin is not None, "chainlit is a package with files"
    return Path(spec.origin).parent


def _frame_words() -> dict[str, Any]:
    path = _frame() / "translations" / f"{_LANGUAGE}.json"
    words: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return words


def _merge(words: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(words)
    for key, value in ours.items():
        old = words.get(key)
        is_branch = isinstance(value, dict) and isinstance(old, dict)
        merged[key] = _merge(old, value) if is_branch else value  # type: ignore[arg-type]  # both dicts
    return merged


def _make_build(build: Path) -> None:
    """Make a copy of the frame's pages in which only the start page differs."""
    original = _frame() / "frontend" / "dist"
    build.mkdir(exist_ok=True)
    html = (original / "index.html").read_text(encoding="utf-8")
    (build / "index.html").write_text(without_foreign_links(html), encoding="utf-8")
    assets = build / "assets"
    assets.unlink(missing_ok=True)
    assets.symlink_to(original / "assets", target_is_directory=True)

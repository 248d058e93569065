"""The folder that the chat frame runs from."""

import json
import tomllib
from pathlib import Path

from omnipersona.ui.page.root import make_root, without_foreign_links


def test_settings_are_safe(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    config = tomllib.loads((root / ".chainlit" / "config.toml").read_text())
    features = config["features"]
    upload = features["spontaneous_file_upload"]
    assert (upload["max_files"], upload["max_size_mb"]) == (10, 20)
    assert all(kind.startswith("image/") for kind in upload["accept"])
    assert not features["unsafe_allow_html"]
    assert not features["edit_message"]


def test_nothing_of_the_start_page_points_elsewhere(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    assert "://" not in (root / "build" / "index.html").read_text()
    assert (root / "build" / "assets").is_dir()
    assert json.loads((root / "public" / "theme.json").read_text())["custom_fonts"] == []
    for path in (root / "public").rglob("*.css"):
        assert "://" not in path.read_text()


def test_our_words_replace_the_frames_and_the_rest_stays(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    words = json.loads((root / ".chainlit" / "translations" / "en-US.json").read_text())
    assert words["chat"]["input"]["placeholder"].startswith("Ask, draw, edit")
    assert words["chat"]["input"]["actions"]["send"]


def test_links_of_the_page_start_with_its_prefix(tmp_path: Path) -> None:
    root = make_root(tmp_path, prefix="/assistant")
    ui = tomllib.loads((root / ".chainlit" / "config.toml").read_text())["UI"]
    links = [ui["custom_css"], ui["default_avatar_file_url"]]
    links += [ui["header_links"][0][key] for key in ("icon_url", "url")]
    assert all(link.startswith("/assistant/") for link in links)


def test_uploads_of_a_killed_server_are_gone(tmp_path: Path) -> None:
    left = tmp_path / ".files" / "tab" / "photo.png"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"a face")
    make_root(tmp_path)
    assert not left.exists()


def test_links_to_other_hosts_are_taken_out() -> None:
    html = '<link rel="a"\n href="https://x.y/z"\n/><link rel="b" href="/own.css"><p>text</p>'
    assert without_foreign_links(html) == '<link rel="b" href="/own.css"><p>text</p>'

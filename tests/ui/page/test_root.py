"""The folder that the chat frame runs from."""

import json
import tomllib
from pathlib import Path

from omnipersona.ui.page.root import make_root, without_foreign_links

PAGES = ["http://127.0.0.1:8123"]


def test_settings_are_safe_and_name_only_this_machine(tmp_path: Path) -> None:
    root = make_root(tmp_path, PAGES)
    config = tomllib.loads((root / ".chainlit" / "config.toml").read_text())
    assert config["project"]["allow_origins"] == PAGES
    features = config["features"]
    upload = features["spontaneous_file_upload"]
    assert (upload["max_files"], upload["max_size_mb"]) == (10, 20)
    assert all(kind.startswith("image/") for kind in upload["accept"])
    assert not features["unsafe_allow_html"]
    assert not features["edit_message"]


def test_nothing_of_the_start_page_points_elsewhere(tmp_path: Path) -> None:
    root = make_root(tmp_path, PAGES)
    assert "://" not in (root / "build" / "index.html").read_text()
    assert (root / "build" / "assets").is_dir()
    assert json.loads((root / "public" / "theme.json").read_text())["custom_fonts"] == []
    for path in (root / "public").rglob("*.css"):
        assert "://" not in path.read_text()


def test_our_words_replace_the_frames_and_the_rest_stays(tmp_path: Path) -> None:
    root = make_root(tmp_path, PAGES)
    words = json.loads((root / ".chainlit" / "translations" / "en-US.json").read_text())
    assert words["chat"]["input"]["placeholder"].startswith("Ask, draw, edit")
    assert words["chat"]["input"]["actions"]["send"]


def test_making_it_twice_changes_the_port_only(tmp_path: Path) -> None:
    make_root(tmp_path, PAGES)
    root = make_root(tmp_path, ["http://127.0.0.1:8124"])
    assert "8124" in (root / ".chainlit" / "config.toml").read_text()


def test_links_of_the_page_start_with_its_prefix(tmp_path: Path) -> None:
    root = make_root(tmp_path, PAGES, prefix="/assistant")
    ui = tomllib.loads((root / ".chainlit" / "config.toml").read_text())["UI"]
    links = [ui["custom_css"], ui["default_avatar_file_url"]]
    links += [ui["header_links"][0][key] for key in ("icon_url", "url")]
    assert all(link.startswith("/assistant/") for link in links)


def test_uploads_of_a_killed_server_are_gone(tmp_path: Path) -> None:
    left = tmp_path / ".files" / "tab" / "photo.png"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"a face")
    make_root(tmp_path, PAGES)
    assert not left.exists()


def test_links_to_other_hosts_are_taken_out() -> None:
    html = '<link rel="a"\n href="https://x.y/z"\n/><link rel="b" href="/own.css"><p>text</p>'
    assert without_foreign_links(html) == '<link rel="b" href="/own.css"><p>text</p>'

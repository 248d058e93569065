"""Files of a repository: sizes, space and who may fetch."""

from pathlib import Path

import pytest

from omnipersona.ui.commands.download import (
    DownloadFailed,
    RemoteFile,
    check_space,
    fetch,
    only_one,
)

REPOSITORY = "someone/something"


def _file(size: int) -> RemoteFile:
    return RemoteFile(name="a.json", url="http://127.0.0.1:9/a.json", size=size, etag="b" * 40)


def test_what_has_arrived_is_not_counted_again(tmp_path: Path) -> None:
    file = _file(1000)
    assert check_space(tmp_path, [file]) == 1000
    file.partial(tmp_path).write_bytes(b"\x00" * 300)
    assert check_space(tmp_path, [file]) == 700
    (tmp_path / "a.json").write_bytes(b"\x00" * 1000)
    assert check_space(tmp_path, [file]) == 0
    fetch(tmp_path, REPOSITORY, "main", file)


def test_a_disk_without_room_is_refused_with_both_sizes(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"1000000\.0 GB.*only .* GB are free.*--data"):
        check_space(tmp_path, [_file(10**15)])


def test_a_file_whose_bytes_have_all_arrived_only_moves(tmp_path: Path) -> None:
    file = _file(3)
    file.partial(tmp_path).write_bytes(b"abc")
    fetch(tmp_path, REPOSITORY, "main", file)
    assert [path.name for path in tmp_path.glob("*.json*")] == ["a.json"]


def test_a_second_process_waits_with_a_sentence(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(DownloadFailed, match="Another process"),
        only_one(tmp_path),
    ):
        pytest.fail("two may fetch at once")

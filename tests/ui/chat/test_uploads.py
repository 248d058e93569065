"""Files that came with a message."""

from pathlib import Path

import pytest

from omnipersona.ui.chat.uploads import MAX_BYTES, MAX_FILES, UploadRefused, read_uploads


async def test_files_are_read_in_order(tmp_path: Path) -> None:
    names = []
    for index in range(MAX_FILES):
        path = tmp_path / str(index)
        path.write_bytes(bytes([index]))
        names.append(str(path))
    assert await read_uploads(names) == tuple(bytes([i]) for i in range(MAX_FILES))


async def test_one_too_many_is_refused() -> None:
    with pytest.raises(UploadRefused, match="11 files; at most 10"):
        await read_uploads(["x"] * 11)


async def test_a_file_that_is_gone_is_asked_for_again(tmp_path: Path) -> None:
    with pytest.raises(UploadRefused, match="send them again"):
        await read_uploads([str(tmp_path / "gone")])


async def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(UploadRefused, match="at most 20 MB"):
        await read_uploads([str(path)])

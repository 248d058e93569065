"""The room that is kept for forgetting."""

from pathlib import Path

from omnipersona.store.reserve import RESERVE_FILE, SIZE, Reserve


def test_its_bytes_are_large_and_never_a_word(tmp_path: Path) -> None:
    Reserve(tmp_path).make()
    data = (tmp_path / RESERVE_FILE).read_bytes()
    assert len(data) == SIZE
    assert min(data) >= 0x80, "a name that was forgotten may not be found in here by chance"
    assert len(set(data)) == 128

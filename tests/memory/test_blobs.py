"""Files by content hash."""

import hashlib
import resource
import signal
from pathlib import Path

import pytest

from omnipersona.memory.blobs import BlobStore, folder_name
from omnipersona.memory.errors import StorageFailed

HOSTILE = ("../../etc", "/etc/passwd", "CON", "a\x00b", "x" * 300)


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_was_put_can_be_got(blobs: BlobStore) -> None:
    sha256 = blobs.put("anna", b"picture", ".png")
    assert sha256 == hashlib.sha256(b"picture").hexdigest()
    assert blobs.get("anna", sha256, ".png") == b"picture"


def test_keeping_twice_is_keeping_once(blobs: BlobStore, tmp_path: Path) -> None:
    assert blobs.put("anna", b"a", ".png") == blobs.put("anna", b"a", ".png")
    assert len(files(tmp_path)) == 1


def test_users_share_no_file(blobs: BlobStore) -> None:
    sha256 = blobs.put("anna", b"same", ".png")
    with pytest.raises(StorageFailed, match="cannot be read"):
        blobs.get("ben", sha256, ".png")
    blobs.put("ben", b"same", ".png")
    blobs.delete("ben", sha256, ".png")
    assert blobs.get("anna", sha256, ".png") == b"same"


@pytest.mark.parametrize("user_id", HOSTILE)
def test_user_ids_never_become_paths(blobs: BlobStore, tmp_path: Path, user_id: str) -> None:
    blobs.put(user_id, b"a", ".png")
    (kept,) = files(tmp_path)
    assert kept.parent == tmp_path / "blobs" / folder_name(user_id)


@pytest.mark.parametrize("sha256", ["../x", "", "A" * 64, "0" * 63 + "/"])
def test_only_hashes_are_looked_up(blobs: BlobStore, sha256: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        blobs.get("anna", sha256, ".png")


def test_a_damaged_file_is_reported(blobs: BlobStore, tmp_path: Path) -> None:
    sha256 = blobs.put("anna", b"picture", ".png")
    files(tmp_path)[0].write_bytes(b"pictura")
    with pytest.raises(StorageFailed, match="damaged"):
        blobs.get("anna", sha256, ".png")


def test_a_full_disk_leaves_no_part_and_the_next_file_is_kept(
    blobs: BlobStore, tmp_path: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StorageFailed, match=r"5000 bytes could not be saved .* Free some"):
            blobs.put("anna", bytes(5000), ".png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert files(tmp_path) == []
    assert blobs.put("anna", bytes(5000), ".png")


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("in the way")
    with pytest.raises(StorageFailed, match="could not be saved"):
        BlobStore(tmp_path / "blobs").put("anna", b"a", ".png")


def test_sweeping_removes_what_no_record_names(blobs: BlobStore, tmp_path: Path) -> None:
    kept = blobs.put("anna", b"kept", ".png")
    blobs.put("anna", b"lost", ".png")
    blobs.put("ben", b"kept", ".png")
    (tmp_path / "blobs" / folder_name("anna") / ".part-1").write_bytes(b"half")
    assert blobs.sweep({("anna", kept)}) == 3
    assert [path.read_bytes() for path in files(tmp_path)] == [b"kept"]

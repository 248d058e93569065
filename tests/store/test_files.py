"""Files by content hash."""

import hashlib
import resource
import signal
from pathlib import Path

import pytest
from servers import KEYS, TestPlaces

from omnipersona.store.errors import StorageFailed
from omnipersona.store.files import Files, LocalFiles, folder_name
from omnipersona.store.objects import ObjectFiles

HOSTILE = ("../../etc", "/etc/passwd", "CON", "a\x00b", "x" * 300)


both_stores = pytest.mark.both_stores


@pytest.fixture
def blobs(places: TestPlaces) -> Files:
    if places.blobs:
        return ObjectFiles.open(places.blobs, "memory-1")
    return LocalFiles(places.folder / "blobs")


@both_stores
def test_what_was_put_can_be_got(blobs: Files) -> None:
    sha256 = blobs.put("anna", b"picture", ".png")
    assert sha256 == hashlib.sha256(b"picture").hexdigest()
    assert blobs.get("anna", sha256, ".png") == b"picture"


@both_stores
def test_keeping_twice_is_keeping_once(blobs: Files, places: TestPlaces) -> None:
    assert blobs.put("anna", b"a", ".png") == blobs.put("anna", b"a", ".png")
    assert len(places.files()) == 1


@both_stores
def test_users_share_no_file(blobs: Files) -> None:
    sha256 = blobs.put("anna", b"same", ".png")
    with pytest.raises(StorageFailed, match="cannot be read"):
        blobs.get("ben", sha256, ".png")
    blobs.put("ben", b"same", ".png")
    blobs.delete("ben", sha256, ".png")
    assert blobs.get("anna", sha256, ".png") == b"same"


@both_stores
@pytest.mark.parametrize("user_id", HOSTILE)
def test_user_ids_never_become_paths(blobs: Files, places: TestPlaces, user_id: str) -> None:
    blobs.put(user_id, b"a", ".png")
    (kept,) = places.files()
    assert kept.parent.name == folder_name(user_id)
    assert kept.parent.parent.name in ("blobs", "memory-1")


@both_stores
@pytest.mark.parametrize("sha256", ["../x", "", "A" * 64, "0" * 63 + "/"])
def test_only_hashes_are_looked_up(blobs: Files, sha256: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        blobs.get("anna", sha256, ".png")


@both_stores
def test_a_damaged_file_is_reported(blobs: Files, places: TestPlaces) -> None:
    sha256 = blobs.put("anna", b"picture", ".png")
    places.files()[0].write_bytes(b"pictura")
    with pytest.raises(StorageFailed, match="damaged"):
        blobs.get("anna", sha256, ".png")


def test_a_full_disk_leaves_no_part_and_the_next_file_is_kept(
    blobs: Files, places: TestPlaces
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
    assert places.files() == []
    assert blobs.put("anna", bytes(5000), ".png")


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("in the way")
    with pytest.raises(StorageFailed, match="could not be saved"):
        LocalFiles(tmp_path / "blobs").put("anna", b"a", ".png")


@both_stores
def test_every_file_has_a_path_by_which_it_can_be_removed(blobs: Files, places: TestPlaces) -> None:
    kept = blobs.put("anna", b"kept", ".png")
    lost = blobs.put("ben", b"lost", ".png")
    paths = {f"{folder_name('anna')}/{kept}.png", f"{folder_name('ben')}/{lost}.png"}
    assert set(blobs.paths()) == paths
    blobs.remove(f"{folder_name('ben')}/{lost}.png")
    blobs.remove(f"{folder_name('ben')}/{lost}.png")
    assert [path.read_bytes() for path in places.files()] == [b"kept"]


def test_half_a_file_has_a_path_too(blobs: Files, places: TestPlaces) -> None:
    blobs.put("anna", b"kept", ".png")
    (places.folder / "blobs" / folder_name("anna") / ".part-1").write_bytes(b"half")
    assert f"{folder_name('anna')}/.part-1" in set(blobs.paths())


@both_stores
def test_a_users_files_go_without_those_of_others(blobs: Files, places: TestPlaces) -> None:
    for data in (b"a", b"b"):
        blobs.put("anna", data, ".png")
    blobs.put("ben", b"c", ".png")
    blobs.delete_user("anna")
    blobs.delete_user("nobody")
    blobs.delete("anna", "0" * 64, ".png")
    assert [path.read_bytes() for path in places.files()] == [b"c"]


def test_memories_that_share_a_bucket_leave_each_others_files(on_servers: TestPlaces) -> None:
    ours, theirs = (ObjectFiles.open(on_servers.blobs, name) for name in ("one", "one-more"))
    sha256 = theirs.put("anna", b"theirs", ".png")
    ours.put("anna", b"ours", ".png")
    assert len(list(ours.paths())) == 1
    ours.delete_user("anna")
    assert theirs.get("anna", sha256, ".png") == b"theirs"


def test_a_folder_by_its_url_is_a_store_too(tmp_path: Path) -> None:
    blobs = ObjectFiles.open(f"file://{tmp_path}", "memory-1")
    sha256 = blobs.put("anna", b"a", ".png")
    assert blobs.get("anna", sha256, ".png") == b"a"
    blobs.delete("anna", sha256, ".png")
    blobs.delete("anna", sha256, ".png")
    assert list(blobs.paths()) == []


def _fails(url: str) -> str:
    with pytest.raises(StorageFailed) as caught:
        ObjectFiles.open(url, "memory-1").put("anna", b"a", ".png")
    return str(caught.value)


def test_a_missing_bucket_is_a_sentence(on_servers: TestPlaces) -> None:
    blobs = ObjectFiles.open("s3://nowhere/kept", "memory-1")
    acts = (
        lambda: blobs.put("anna", b"a", ".png"),
        lambda: list(blobs.paths()),
        lambda: blobs.delete("anna", "0" * 64, ".png"),
        blobs.check,
    )
    for act in acts:
        with pytest.raises(StorageFailed, match="s3://nowhere/kept .*there is no such bucket"):
            act()


def test_wrong_keys_are_a_sentence_without_them(
    on_servers: TestPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "quite-wrong")
    told = _fails(on_servers.blobs)
    assert "it says SignatureDoesNotMatch" in told
    assert not any(word in told for word in ("quite-wrong", *KEYS))


def test_a_store_that_does_not_answer_is_a_sentence(
    on_servers: TestPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "it does not answer" in _fails(on_servers.blobs)


def test_an_unknown_kind_of_store_is_a_sentence_without_secrets() -> None:
    told = _fails("s4://me:hidden@bucket/kept?key=hidden")
    assert "OMNIPERSONA_BLOBS is 's4://bucket/kept'" in told
    assert "hidden" not in told

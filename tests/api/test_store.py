"""The store of recordings and artefacts, on a folder and on a server that speaks S3."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from api.batches.archive import open_archive
from api.problems import NotFound, TooLarge
from api.settings import Settings
from api.store import Store, StoreError, get, open_store, put, spooled, sweep
from qa_pipeline.errors import InputError, OutputError, RecordingError
from tests.sound import tone, write_sound


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """moto's server in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [str(Path(sys.executable).with_name("moto_server")), "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(6000):
            try:
                httpx.put(f"{address}/recordings")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "folder":
        return open_store(str(tmp_path / "store"), data_folder=tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3_server"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "testing")
    return open_store(f"s3://recordings/{tmp_path.name}", data_folder=tmp_path)


def test_content_is_found_again_under_its_hash(store: Store) -> None:
    sha256 = put(store, b"sound")
    assert sha256 == hashlib.sha256(b"sound").hexdigest()
    assert (store.size(sha256), get(store, sha256)) == (5, b"sound")
    assert put(store, b"sound") == sha256
    assert [store.holds(sha256, 5), store.holds(sha256, 6), store.holds("0" * 64, 5)] == [True, False, False]
    (_, kept_at) = next(one for one in store.contents() if one[0] == sha256)
    assert abs(datetime.now(UTC) - kept_at).total_seconds() < 60
    with store.on_disk(sha256) as file:
        assert file.read_bytes() == b"sound"
    assert list(store.spool.iterdir()) == []


def test_a_range_is_read_without_the_rest(store: Store) -> None:
    sha256 = put(store, bytes(range(200)))
    assert b"".join(store.read(sha256, start=10, end=13)) == bytes([10, 11, 12])
    assert b"".join(store.read(sha256, start=198, end=500)) == bytes([198, 199])


def test_a_large_file_moves_in_from_the_spool(store: Store) -> None:
    content = b"0123456789" * 1_200_000
    sha256 = hashlib.sha256(content).hexdigest()
    file = spooled(store)
    file.write_bytes(content)
    store.keep(file, sha256)
    assert not file.exists()
    assert hashlib.sha256(get(store, sha256)).hexdigest() == sha256


def test_what_is_not_there_is_said_and_removing_it_does_nothing(store: Store) -> None:
    put(store, b"other")
    assert store.size("0" * 64) is None
    with pytest.raises(NotFound, match="不在存储中"):
        get(store, "0" * 64)
    store.remove("0" * 64)
    sha256 = put(store, b"gone soon")
    store.remove(sha256)
    assert store.size(sha256) is None


def test_a_folder_that_went_away_is_unreachable_and_not_an_absent_recording(tmp_path: Path) -> None:
    folder = open_store(str(tmp_path / "store"), data_folder=tmp_path)
    sha256 = put(folder, b"x")
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="不见了"):
        folder.size(sha256)
    with pytest.raises(StoreError, match="无法写入"):
        spooled(folder)


def test_a_server_that_does_not_answer_is_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "testing")
    bucket = open_store("s3://recordings", data_folder=tmp_path)
    with pytest.raises(StoreError, match="没有应答"):
        bucket.size("0" * 64)


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = open_store(str(tmp_path / "store"), data_folder=tmp_path)

    def full(self: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="存储空间已满"):
        put(folder, b"sound")
    assert list(folder.spool.iterdir()) == []


def test_an_unknown_address_is_refused() -> None:
    with pytest.raises(InputError, match="s3://"):
        open_store("ftp://somewhere", data_folder=Settings().data_folder)


def test_what_another_machine_removes_while_all_are_listed_is_not_there(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store"), data_folder=tmp_path)
    folder = tmp_path / "store" / "ab"
    folder.mkdir()
    for tail in "01":
        (folder / f"ab{62 * tail}").write_bytes(b"x")
    listed = store.contents()
    first, _ = next(listed)
    for file in folder.iterdir():
        file.unlink()
    assert first.startswith("ab")
    assert list(listed) == []


def test_copies_that_killed_processes_left_are_swept_away(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store"), data_folder=tmp_path)
    sha256 = put(store, b"sound")
    now = time.time()
    for name, days in (("copy", 3), ("upload.part", 3), ("forgotten.part", 9), ("fresh", 0)):
        store.spool.mkdir(exist_ok=True)
        (store.spool / name).write_bytes(b"x")
        os.utime(store.spool / name, (now - days * 86_400,) * 2)
    assert sweep(store, now=now) == 2
    assert sorted(file.name for file in store.spool.iterdir()) == ["fresh", "upload.part"]
    assert store.size(sha256) == 5


def test_a_batch_is_fetched_from_a_bucket_and_never_from_outside_its_prefix(
    s3_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "testing")
    sound = write_sound(tmp_path / "a.m4a", tone(440, 1.0), codec="aac", created="2026-09-08T01:00:00Z")
    for key in ("archive/2026-09/福州/a.m4a", "archive/2026-09/b.txt", "archive/2026-09-more/c.m4a", "d.m4a"):
        httpx.put(f"{s3_server}/recordings/{key}", content=sound.read_bytes()).raise_for_status()
    archive = open_archive("s3://recordings/archive", "2026-09")
    assert [(one.file, one.size) for one in archive.files()] == [("福州/a.m4a", sound.stat().st_size)]
    assert archive.created("福州/a.m4a") == datetime(2026, 9, 8, 1, tzinfo=UTC)
    assert archive.created("b.txt") is not None  # by content, whatever its name
    store = open_store(str(tmp_path / "store"), data_folder=tmp_path)
    arrived = archive.fetch("福州/a.m4a", store, limit=1 << 20)
    assert arrived.file.read_bytes() == sound.read_bytes()
    assert (arrived.name, arrived.sha256) == ("a.m4a", hashlib.sha256(sound.read_bytes()).hexdigest())
    with pytest.raises(TooLarge):
        archive.fetch("福州/a.m4a", store, limit=10)
    with pytest.raises(RecordingError):
        archive.fetch("没有.m4a", store, limit=10)
    assert archive.created("没有.m4a") is None
    for outside in ("..", "2026-09/../..", "/d"):
        with pytest.raises(InputError):
            open_archive("s3://recordings/archive", outside)
    with pytest.raises(InputError, match="HUIJIAN_ARCHIVE_ROOT"):
        open_archive("", "2026-09")

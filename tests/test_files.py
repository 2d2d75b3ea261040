"""A result file is whole, or not there, or as it was before; and the refusal says what to do."""

from __future__ import annotations

import errno
import os
import resource
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qa_pipeline.errors import OutputError, reason
from qa_pipeline.files import check_writable, write_atomically

NOBODY = 65534


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder that the test, running as an ordinary user, may read but not write."""
    folder = Path(tempfile.mkdtemp(prefix="只读 "))
    (folder / "旧.json").write_text("旧")
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes: the write itself fails half-way, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    target = tmp_path / "九月 结果" / "一 场.html"
    write_atomically(target, "报告".encode())
    assert target.read_text("utf-8") == "报告"
    assert list(target.parent.iterdir()) == [target]


def test_a_file_is_replaced_whole_and_a_link_keeps_pointing(tmp_path: Path) -> None:
    target, link = tmp_path / "a.json", tmp_path / "b.json"
    target.write_text("旧")
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_write_that_fails_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    with room_for(4096), pytest.raises(OutputError) as refused:
        write_atomically(target, b"x" * 100_000)
    assert str(refused.value) == f"无法写入 {target}：文件超过系统允许的大小，请换一个磁盘或放宽限制后重试。"
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    target.write_text("旧")
    with room_for(4096), pytest.raises(OutputError):
        write_atomically(target, b"x" * 100_000)
    assert target.read_text() == "旧"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_told_as_such() -> None:
    with pytest.raises(OutputError, match="无法写入 /dev/full：磁盘已满，请腾出空间后重试。"):
        write_atomically("/dev/full", b"x")


def test_a_read_only_folder_is_refused_before_and_while_writing(read_only: Path) -> None:
    for attempt in (check_writable, lambda path: write_atomically(path, b"x")):
        for name in ("新.json", "旧.json"):
            with pytest.raises(OutputError, match="没有权限，请换一个可写的文件夹。"):
                attempt(read_only / name)
    assert [file.name for file in read_only.iterdir()] == ["旧.json"]
    assert (read_only / "旧.json").read_text() == "旧"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (".", "这是一个文件夹，请给出文件名"),
        ("file/inside.json", "路径中有一段是文件而不是文件夹，请检查路径"),
        ("长" * 200, "文件名过长，请缩短文件名"),
    ],
)
def test_a_place_that_cannot_be_a_file_is_refused(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=why):
        write_atomically(tmp_path / name, b"x")
    assert [f.name for f in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", [".", "file/inside.json"])
def test_checking_refuses_what_writing_would(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        check_writable(tmp_path / name)


def test_checking_writes_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path / "新 文件夹" / "a.json")
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_written_to_directly() -> None:
    check_writable(os.devnull)
    write_atomically(os.devnull, b"x")


def test_why_the_system_refused_is_said_in_chinese() -> None:
    assert reason(FileNotFoundError(errno.ENOENT, "No such file or directory")) == "没有这个文件或文件夹"
    assert reason(OSError(errno.EPROTO, "Protocol error")) == f"系统错误 {errno.EPROTO}"
    if Path("/proc").is_dir():
        with pytest.raises(OutputError, match=r"无法写入 /proc/x\.html：没有这个文件或文件夹"):
            check_writable("/proc/x.html")

"""Writing results: all of a file or nothing of it."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from qa_pipeline.errors import OutputError, reason

_REMEDIES = {
    errno.ENOSPC: "请腾出空间后重试",
    errno.EDQUOT: "请腾出空间后重试",
    errno.EFBIG: "请换一个磁盘或放宽限制后重试",
    errno.ENOTDIR: "请检查路径",
    errno.EEXIST: "请检查路径",
    errno.EISDIR: "请给出文件名",
    errno.ENAMETOOLONG: "请缩短文件名",
}


def write_atomically(path: Path | str, content: bytes) -> None:
    """Write the file so that it is either whole or not there (or as it was before); makes its folder.

    A temporary file in the same folder is written, synced and moved into place. A device or pipe is written
    to directly. Raises OutputError (read-only folder, full disk); nothing half-written stays behind.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        # A link keeps pointing where it did: what it points to is replaced.
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, content)
    except OSError as error:
        raise _refusal(path, error) from error


def check_writable(*paths: Path | str, inputs: Iterable[Path | str] = ()) -> None:
    """Raise OutputError, before any long work starts, if one of the files could not be written, or would take
    the place of one of ``inputs`` (what it is made from) or of another of them. Writes nothing."""
    read = [Path(one) for one in inputs]
    outputs = [Path(one) for one in paths]
    for number, path in enumerate(outputs):
        _check_place(path)
        given = next((one for one in read if _same(path, one)), None)
        if given is not None:
            raise OutputError(f"无法写入 {path}：本次要读的 {given} 就是这个文件，请换一个文件名。")
        if any(_same(path, other) for other in outputs[:number]):
            raise OutputError(f"无法写入 {path}：另一项结果也要写到这个文件，请换一个文件名。")


def check_format(path: Path, endings: Sequence[str]) -> None:
    """Raise OutputError if the name ends in none of the formats that can be written there: what is in a file
    must be what its name says. A device or pipe may have any name."""
    if path.suffix.lower() not in endings and (path.is_file() or not path.exists()):
        raise OutputError(f"无法写入 {path}：只能写成 {'、'.join(endings)}，请换一个扩展名。")


def _check_place(path: Path) -> None:
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.exists() and not path.is_file():
            return
        folder = path.resolve().parent
        while not folder.exists():
            folder = folder.parent
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        probe = _beside(folder / path.name)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise _refusal(path, error) from error


def _same(output: Path, other: Path) -> bool:
    """Whether both are one file, through links too; a device or pipe holds nothing that could be lost."""
    if output.exists() and not output.is_file():
        return False
    try:
        return output.samefile(other)
    except OSError:  # one of them is not there yet
        return output.resolve() == other.resolve()


def _replace(target: Path, content: bytes) -> None:
    fresh = _beside(target)
    try:
        with fresh.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _beside(target: Path) -> Path:
    # A short name of its own: the target's name may already be as long as the file system allows.
    return target.with_name(f".huijian-{secrets.token_hex(6)}.tmp")


def _refusal(path: Path, error: OSError) -> OutputError:
    remedy = _REMEDIES.get(error.errno or 0, "请换一个可写的文件夹")
    return OutputError(f"无法写入 {path}：{reason(error)}，{remedy}。")

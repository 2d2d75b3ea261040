"""The archive that the service may fetch recordings from: one root, a folder or ``s3://bucket/prefix``.

Nothing outside the root is reached: the way down is opened step by step without following links, so that a
link put there at any moment is refused, and so is everything that is no plain file.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, cast

from api.problems import Unavailable
from api.recordings.receiving import Arrived, created_at, safe_name, too_large
from api.store import BLOCK, Store, StoreError, open_bucket, spooled, writing
from qa_pipeline.errors import InputError, RecordingError, reason
from qa_pipeline.pipeline import SOUND

if TYPE_CHECKING:
    from obstore import ReadableFile

_STEP: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One recording below the folder, or why the file is none."""

    file: str
    size: int
    refused: str | None = None


class Archive(Protocol):
    """One folder of the archive."""

    def files(self) -> Iterator[Found]:
        """Every recording below it; raises InputError when there is no such folder, Unavailable."""

    def created(self, file: str) -> datetime | None:
        """What the file says of when it was recorded; None when it says nothing or cannot be read."""

    def fetch(self, file: str, store: Store, *, limit: int) -> Arrived:
        """A copy in the store's spool. Raises RecordingError, TooLarge, OutputError, Unavailable."""


def open_archive(root: str, folder: str) -> Archive:
    """A folder below the root; raises InputError for one that leads out of it, and without a root."""
    if not root:
        raise InputError("服务没有设定归档根目录：请管理员设定 HUIJIAN_ARCHIVE_ROOT。")
    parts = tuple(part for part in folder.replace("\\", "/").split("/") if part)
    if folder.startswith(("/", "\\")) or ".." in parts or "." in parts:
        raise InputError(f"“{folder}”须是归档根目录下的子目录：请不要以 / 开头，也不要含 ..。")
    if root.startswith("s3://"):
        return _Bucket(root, parts)
    return _Folder(Path(root), parts)


class _Folder:
    def __init__(self, root: Path, parts: tuple[str, ...]) -> None:
        self._root, self._parts = root, parts

    def files(self) -> Iterator[Found]:
        with self._inside(self._parts) as top:
            for folder, folders, names, at in os.fwalk(".", dir_fd=top, follow_symlinks=False):
                for name in sorted(folders + names):
                    found = _looked_at(at, name, str(PurePosixPath(folder) / name))
                    if found is not None:
                        yield found

    def created(self, file: str) -> datetime | None:
        try:
            with self._opened(file) as content:
                return created_at(content)
        except (RecordingError, Unavailable):
            return None

    def fetch(self, file: str, store: Store, *, limit: int) -> Arrived:
        with self._opened(file) as content:
            return _copied(iter(lambda: content.read(BLOCK), b""), file, store, limit)

    @contextmanager
    def _inside(self, parts: tuple[str, ...]) -> Iterator[int]:
        """The folder, opened; no step on the way may be a link."""
        try:
            at = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise StoreError(f"归档根目录打不开（{reason(error)}）：请检查磁盘或网络共享。") from error
        try:
            for part in parts:
                try:
                    below = os.open(part, _STEP, dir_fd=at)
                except OSError as error:
                    raise InputError(
                        f"归档中没有子目录“{'/'.join(self._parts)}”，或途中有符号链接：请核对。"
                    ) from error
                os.close(at)
                at = below
            yield at
        finally:
            os.close(at)

    @contextmanager
    def _opened(self, file: str) -> Iterator[BinaryIO]:
        *folders, name = file.split("/")
        try:
            with self._inside((*self._parts, *folders)) as at:
                handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
        except (OSError, InputError) as error:
            raise RecordingError(f"归档中的文件“{file}”已不在，或是符号链接：请核对。") from error
        with os.fdopen(handle, "rb", buffering=0) as content:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise RecordingError(f"归档中的“{file}”不是普通文件：请核对。")
            try:
                yield content
            except OSError as error:
                raise StoreError(f"归档读取失败（{reason(error)}）：请检查磁盘或网络共享。") from error


class _Bucket:
    def __init__(self, root: str, parts: tuple[str, ...]) -> None:
        self._store = open_bucket(root)
        self._prefix = "/".join(parts)

    def files(self) -> Iterator[Found]:
        import obstore

        with _asking():
            for some in obstore.list(self._store, self._prefix or None):
                for one in some:
                    file = one["path"].removeprefix(self._prefix).lstrip("/")
                    if file and _is_sound(file):
                        yield Found(file=file, size=one["size"])

    def created(self, file: str) -> datetime | None:
        import obstore

        try:
            with _asking():
                return created_at(cast(BinaryIO, _Remote(obstore.open_reader(self._store, self._key(file)))))
        except (RecordingError, Unavailable):
            return None

    def fetch(self, file: str, store: Store, *, limit: int) -> Arrived:
        import obstore

        with _asking():
            got = obstore.get(self._store, self._key(file))
            return _copied((bytes(some) for some in got.stream(min_chunk_size=8 * BLOCK)), file, store, limit)

    def _key(self, file: str) -> str:
        return f"{self._prefix}/{file}".lstrip("/")


class _Remote:
    """A file of the bucket as the decoder reads one: only what it asks for is fetched."""

    def __init__(self, reader: ReadableFile) -> None:
        self._reader = reader

    def read(self, size: int = -1) -> bytes:
        return bytes(self._reader.read(size if size >= 0 else None))

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()


def _looked_at(folder: int, name: str, path: str) -> Found | None:
    """None: a folder, a file that nobody takes for a recording, or one that has just gone."""
    try:
        told = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    shown = path.encode("utf-8", "replace").decode()
    if stat.S_ISLNK(told.st_mode):
        return Found(file=shown, size=0, refused="是符号链接，不读取：请放文件本身。")
    if not stat.S_ISREG(told.st_mode) or not _is_sound(name):
        return None
    if shown != path or any(ord(character) < 32 for character in path) or len(path) > 1000:
        return Found(file=shown[:1000], size=0, refused="文件名含无法识别的字符或过长：请改名。")
    return Found(file=path, size=told.st_size, refused=None if told.st_size else "是空文件。")


def _is_sound(name: str) -> bool:
    base = name.rpartition("/")[2]
    return not base.startswith(".") and PurePosixPath(base).suffix.lower() in SOUND


def _copied(blocks: Iterable[bytes], file: str, store: Store, limit: int) -> Arrived:
    target, digest, size = spooled(store), hashlib.sha256(), 0
    try:
        with writing(target), target.open("wb") as copy:
            for block in blocks:
                size += len(block)
                if size > limit:
                    break
                digest.update(block)
                copy.write(block)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    if size > limit:
        target.unlink()
        raise too_large(limit)
    return Arrived(file=target, name=safe_name(file), size=size, sha256=digest.hexdigest())


@contextmanager
def _asking() -> Iterator[None]:
    from obstore.exceptions import BaseError, NotFoundError

    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise RecordingError("归档中的文件已不在：请核对。") from error
    except BaseError as error:
        raise StoreError("归档的对象存储没有应答或拒绝了请求：请检查网络、地址和密钥。") from error

"""The store of recordings and artefacts: content under its SHA-256, whole or not there, never changed.

A folder (shared by all machines, or of one), or ``s3://bucket/prefix`` on any service that speaks S3; address
and credentials of the latter come from the usual AWS_… variables. What is still arriving lies beside it in
the spool and joins the store in one move once its hash is known.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from api.problems import NotFound, Unavailable
from qa_pipeline.errors import InputError, OutputError, reason

if TYPE_CHECKING:
    from obstore.store import ObjectStore

BLOCK: Final = 1 << 20
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
SPOOL: Final = "incoming"
LEFT_DAYS: Final = 2
"""Nothing stays in the spool for so long while somebody works with it."""
LEFT_UPLOAD_DAYS: Final = 8
"""A day more than an upload in pieces is kept."""
COUNTS_AS_NEW: Final = timedelta(hours=12)
"""So much younger than any that is tidied up is a content that somebody has just relied on."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class StoreError(Unavailable, OutputError):
    """The store does not answer, or its folder has gone: may heal by itself."""


class Store(Protocol):
    """Content by its SHA-256 in hexadecimal digits."""

    spool: Path
    """Folder for files that are still arriving or are wanted as files on this machine."""

    def keep(self, file: Path, sha256: str) -> None:
        """Move a file of the spool into the store; raises OutputError, and StoreError."""

    def size(self, sha256: str) -> int | None:
        """Bytes; None: not here. Raises StoreError."""

    def holds(self, sha256: str, size: int) -> bool:
        """Whether so many bytes are here and count as kept just now: nobody tidies them up. Where that cannot
        be said of what is here, False: it is kept anew. Raises StoreError."""

    def contents(self) -> Iterator[tuple[str, datetime]]:
        """Every content, with the moment when it was kept or relied on last; raises StoreError."""

    def read(self, sha256: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Blocks of the bytes [start, end); raises NotFound, StoreError."""

    def on_disk(self, sha256: str) -> _OnDisk:
        """The content as a file of this machine while the block runs; raises NotFound, StoreError."""

    def remove(self, sha256: str) -> None:
        """Forget the content; nothing happens when it is not here."""


if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    _OnDisk = AbstractContextManager[Path]


def open_store(address: str, *, data_folder: Path) -> Store:
    """The store at an address; raises InputError for one that is neither a folder nor ``s3://…``.

    The folder is made here and never later: one that goes away is a share that is not mounted any more.
    """
    if address.startswith("s3://"):
        return Bucket(address, spool=data_folder / SPOOL)
    if "://" in address:
        raise InputError(f"存储地址 {address} 无法识别：请写成文件夹路径，或 s3://桶名/前缀。")
    root = Path(address)
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
    return Folder(root)


def spooled(store: Store) -> Path:
    """A new empty file in the spool; raises OutputError."""
    file = store.spool / secrets.token_hex(16)
    with writing(file):
        store.spool.mkdir(exist_ok=True)
        file.touch(exist_ok=False)
    return file


def put(store: Store, content: bytes) -> str:
    """Keep content that is in memory; returns its hash."""
    sha256 = hashlib.sha256(content).hexdigest()
    if store.holds(sha256, len(content)):
        return sha256
    file = spooled(store)
    try:
        with writing(file):
            file.write_bytes(content)
        store.keep(file, sha256)
    finally:
        file.unlink(missing_ok=True)
    return sha256


def get(store: Store, sha256: str) -> bytes:
    """All of a small content; raises NotFound, StoreError."""
    return b"".join(store.read(sha256))


def sweep(store: Store, *, now: float) -> int:
    """Remove what killed processes left in the spool: copies of recordings among it; returns how many files.

    ``now`` in seconds since 1970. Uploads in pieces have their own, longer time.
    """
    gone = 0
    for file in store.spool.glob("*"):
        days = LEFT_UPLOAD_DAYS if file.suffix == ".part" else LEFT_DAYS
        try:
            if now - file.stat().st_mtime > days * 86_400:
                file.unlink()
                gone += 1
        except OSError:
            continue  # another machine was quicker
    return gone


class Folder:
    """``ROOT/ab/abcdef…``, each file synced before it gets its name."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.spool = root / SPOOL

    def keep(self, file: Path, sha256: str) -> None:
        target = self._path(sha256)
        with writing(target):
            with file.open("rb") as written:
                os.fsync(written.fileno())
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
            _sync(target.parent)

    def size(self, sha256: str) -> int | None:
        try:
            return self._path(sha256).stat().st_size
        except FileNotFoundError:
            self._require_root()
            return None
        except OSError as error:
            raise self._gone(error) from error

    def holds(self, sha256: str, size: int) -> bool:
        if self.size(sha256) != size:
            return False
        try:
            os.utime(self._path(sha256))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._gone(error) from error
        return True

    def contents(self) -> Iterator[tuple[str, datetime]]:
        self._require_root()
        try:
            for file in self._root.glob("??/*"):
                if _SHA256.fullmatch(file.name) and file.name.startswith(file.parent.name):
                    with suppress(FileNotFoundError):  # another machine tidies up as well
                        yield file.name, datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except OSError as error:
            raise self._gone(error) from error

    def read(self, sha256: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        with self.on_disk(sha256) as path:
            try:
                yield from _blocks(path, start, end)
            except OSError as error:
                raise self._gone(error) from error

    @contextmanager
    def on_disk(self, sha256: str) -> Iterator[Path]:
        if self.size(sha256) is None:
            raise _missing(sha256)
        yield self._path(sha256)

    def remove(self, sha256: str) -> None:
        try:
            self._path(sha256).unlink(missing_ok=True)
        except OSError as error:
            raise self._gone(error) from error

    def _path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256

    def _require_root(self) -> None:
        if not self._root.is_dir():
            raise StoreError(f"存储文件夹 {self._root} 不见了：请检查磁盘或网络共享是否已挂载。")

    def _gone(self, error: OSError) -> StoreError:
        return StoreError(f"存储文件夹 {self._root} 读写失败（{reason(error)}）：请检查磁盘或网络共享。")


class Bucket:
    """``s3://bucket/prefix/ab/abcdef…``; large files go up in parts, and appear only when all are there."""

    def __init__(self, address: str, *, spool: Path) -> None:
        self._address = address
        self._store = open_bucket(address)
        with writing(spool):
            spool.parent.mkdir(parents=True, exist_ok=True)
        self.spool = spool

    def keep(self, file: Path, sha256: str) -> None:
        import obstore

        with self._asking():
            obstore.put(self._store, _key(sha256), file)
        file.unlink(missing_ok=True)

    def size(self, sha256: str) -> int | None:
        found = self._head(sha256)
        return None if found is None else found[0]

    def holds(self, sha256: str, size: int) -> bool:
        found = self._head(sha256)
        # Nothing that lies there can be made younger without sending it again.
        return found is not None and found[0] == size and datetime.now(UTC) - found[1] < COUNTS_AS_NEW

    def contents(self) -> Iterator[tuple[str, datetime]]:
        import obstore

        with self._asking():
            for some in obstore.list(self._store):
                for one in some:
                    name = one["path"].rpartition("/")[2]
                    if _SHA256.fullmatch(name):
                        yield name, one["last_modified"]

    def _head(self, sha256: str) -> tuple[int, datetime] | None:
        import obstore

        try:
            with self._asking():
                found = obstore.head(self._store, _key(sha256))
                return int(found["size"]), found["last_modified"]
        except NotFound:
            return None

    def read(self, sha256: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        import obstore

        size = self.size(sha256)
        if size is None:
            raise _missing(sha256)
        end = size if end is None else min(end, size)
        for at in range(start, end, 8 * BLOCK):
            with self._asking():
                part = obstore.get_range(self._store, _key(sha256), start=at, end=min(at + 8 * BLOCK, end))
            yield bytes(part)

    @contextmanager
    def on_disk(self, sha256: str) -> Iterator[Path]:
        file = spooled(self)
        try:
            with writing(file), file.open("wb") as copy:
                for block in self.read(sha256):
                    copy.write(block)
            yield file
        finally:
            file.unlink(missing_ok=True)

    def remove(self, sha256: str) -> None:
        import obstore

        try:
            with self._asking():
                obstore.delete(self._store, _key(sha256))
        except NotFound:
            return

    @contextmanager
    def _asking(self) -> Iterator[None]:
        from obstore.exceptions import BaseError, NotFoundError

        try:
            yield
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound("内容不在存储中：可能已按保留期删除。") from error
        except (BaseError, OSError) as error:
            raise StoreError(
                f"存储 {self._address} 没有应答或拒绝了请求：请检查网络、地址和密钥。"
            ) from error


def open_bucket(address: str) -> ObjectStore:
    """The bucket of ``s3://bucket/prefix``; raises InputError for an address that cannot be used."""
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    try:
        return S3Store.from_url(address, client_options={"allow_http": endpoint.startswith("http://")})
    except (BaseError, ValueError) as error:
        raise InputError(f"存储地址 {address} 无法使用：请写成 s3://桶名/前缀，并检查 AWS_ 变量。") from error


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _missing(sha256: str) -> NotFound:
    return NotFound(f"内容 {sha256[:12]} 不在存储中：可能已按保留期删除。")


def _blocks(path: Path, start: int, end: int | None) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = os.fstat(file.fileno()).st_size - start if end is None else end - start
        while left > 0 and (block := file.read(min(BLOCK, left))):
            left -= len(block)
            yield block


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise OutputError("存储空间已满，文件没有收下：请联系管理员清理空间后重试。") from error
        raise StoreError(
            f"无法写入存储 {file.parent}（{reason(error)}）：请检查磁盘、权限或网络共享。"
        ) from error

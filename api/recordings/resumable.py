"""Resumable uploads by the tus protocol 1.0: core, creation (also of a length told later), expiration,
checksum, termination.

The bytes so far are a file in the store's spool, and its size is the offset: nothing else can go out of step.
Once all bytes are there the file becomes a part of the meeting's recording, in the request that brought the
last byte or, if the service died just then, in the next one that asks.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath
from typing import BinaryIO, Final

from fastapi import Request
from pydantic import ValidationError
from sqlalchemy import delete, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect

from api.access import Caller
from api.problems import Conflict, NotFound, TooLarge
from api.recordings.live import with_index
from api.recordings.placing import Placing, require_place
from api.recordings.receiving import AT_ONCE, Arrived, hashed_file, safe_name, sounds, too_large
from api.recordings.schemas import UnfinishedOut, UploadAnswer
from api.recordings.service import accept, keep, of_batch, refuse_of_batch
from api.recordings.tables import Upload
from api.recordings.threads import in_upload_thread
from api.sessions import begin_writing
from api.store import Store, writing
from qa_pipeline.clock import lies_ahead
from qa_pipeline.errors import InputError, OutputError, RecordingError
from qa_pipeline.recording import HEAD, require_sound

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-defer-length,expiration,checksum,termination"
ALGORITHMS: Final = {"sha256": hashlib.sha256, "sha1": hashlib.sha1, "md5": hashlib.md5}
KEPT: Final = timedelta(days=7)
"""An upload that is not finished within this time is forgotten."""
MOST_UNFINISHED: Final = 50
NO_SOUND: Final = frozenset({
    ".7z", ".bmp", ".csv", ".doc", ".docx", ".gif", ".heic", ".htm", ".html", ".jpeg", ".jpg", ".json",
    ".md", ".pdf", ".png", ".ppt", ".pptx", ".rar", ".rtf", ".srt", ".txt", ".vtt", ".webp", ".wps",
    ".xls", ".xlsx", ".zip"
})  # fmt: skip
"""What is chosen by mistake tells by its name, before anybody is asked of which meeting it is."""


class WrongChecksum(InputError):  # noqa: N818 (as the protocol calls it)
    """The bytes are not those that were sent; none of them was taken."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """An upload with its file."""

    row: Upload
    file: Path

    @property
    def offset(self) -> int:
        if self.row.sha256 is not None and self.row.length is not None:
            return self.row.length
        try:
            return self.file.stat().st_size
        except FileNotFoundError as error:
            raise NotFound(f"上传 {self.row.code} 的内容已不在：请重新上传。") from error


def begin(
    session: Session, asker: Caller, store: Store, *, length: int | None, metadata: str, limit: int
) -> Upload:
    """A new upload of so many bytes; None: the length is told at the end, for it is being recorded.

    Raises TooLarge, InputError, NotFound for a file that is not its batch's, OutputError when the disk is
    too full, and what ``require_place`` raises for a meeting that is not clear.
    """
    words = _metadata(metadata)
    name = safe_name(words.pop("filename", "") or words.pop("name", "") or "录音")
    if length is not None:
        _require_length(length, limit, name)
    said = _placing(words)
    if length is None and said.started_at is not None and lies_ahead(said.started_at):
        # It is being recorded now, on a device whose clock is fast.
        said = said.model_copy(update={"started_at": datetime.now(UTC)})
    if (of_file := of_batch(session, asker, said)) is not None:
        name = safe_name(of_file.shown or name)
    else:
        if PurePath(name).suffix.lower() in NO_SOUND:
            raise RecordingError(f"“{name}”是文档、图片或压缩包，不是录音：请重新选择文件。")
        require_place(session, asker.within, said, file_name=name)
    code = secrets.token_hex(16)
    file = store.spool / f"{code}.part"
    with writing(file):
        store.spool.mkdir(exist_ok=True)
        if shutil.disk_usage(store.spool).free < (length or 0):
            raise OutputError("存储空间不足，放不下这个文件：请联系管理员清理空间后重试。")
        file.touch()
    now = datetime.now(UTC)
    forget_expired(session, store, now=now)
    row = Upload(
        code=code,
        actor=asker.actor,
        account_id=asker.account_id,
        length=length,
        live=length is None,
        file_name=name,
        placing=said.model_dump(mode="json"),
        created_at=now,
        expires_at=now + KEPT,
    )
    session.add(row)
    session.flush()
    return row


def find(session: Session, asker: Caller, store: Store, code: str) -> Arriving:
    """The caller's own upload; raises NotFound."""
    row = session.scalars(
        select(Upload).where(Upload.code == code, Upload.actor == asker.actor)
    ).one_or_none()
    if row is None:
        raise NotFound(f"上传 {code} 不存在或已过期：请重新上传。")
    return Arriving(row, store.spool / f"{code}.part")


def unfinished(session: Session, asker: Caller, store: Store) -> list[UnfinishedOut]:
    """The caller's own that can be gone on with, newest first; files of a batch are its own matter."""
    rows = session.scalars(
        select(Upload)
        .where(Upload.actor == asker.actor, Upload.answer.is_(None), Upload.expires_at > datetime.now(UTC))
        .order_by(Upload.id.desc())
        .limit(MOST_UNFINISHED)
    )
    found = []
    for row in rows:
        said, arriving = Placing.model_validate(row.placing), Arriving(row, store.spool / f"{row.code}.part")
        if said.batch is not None or (row.sha256 is None and not arriving.file.exists()):
            continue
        found.append(
            UnfinishedOut(
                code=row.code, file_name=row.file_name, meeting=said.meeting, live=row.live,
                length=row.length, offset=arriving.offset, created_at=row.created_at,
                expires_at=row.expires_at,
            )
        )  # fmt: skip
    return found


def say_of_meeting(session: Session, asker: Caller, upload: Arriving, metadata: str) -> None:
    """Replace what was said of the meeting, if anything is said now: who comes back after a broken connection
    chooses the file again and need not say it again. Raises what ``require_place`` raises."""
    said = _placing(_metadata(metadata)).after(Placing.model_validate(upload.row.placing))
    require_place(session, asker.within, said, file_name=upload.row.file_name)
    upload.row.placing = said.model_dump(mode="json")
    session.flush()


def end_at(session: Session, upload: Arriving, length: int, *, limit: int) -> None:
    """Tell the length of an upload that began without one. Raises Conflict when it is another than before."""
    if upload.row.length is None:
        _require_length(length, limit, upload.row.file_name)
        if length < upload.offset:
            raise Conflict(f"Upload-Length 小于已收到的 {upload.offset} 字节：请检查客户端。")
        upload.row.length = length
        session.flush()
    elif upload.row.length != length:
        raise Conflict(f"上传的总字节数已定为 {upload.row.length}，不能改为 {length}。")


async def append(request: Request, upload: Arriving, *, offset: int, checksum: str | None, limit: int) -> int:
    """Add the body's bytes; returns the new offset. What came before a broken connection is kept.

    Raises Conflict for another offset than the present one or a second writer, TooLarge for more bytes than
    announced, WrongChecksum (nothing is kept), OutputError.
    """
    expected = _checksum(checksum)
    if upload.row.sha256 is not None:  # all is there: only what is said of the meeting may be new
        _require_at(upload, offset)
        return offset
    with _alone(upload.file) as file:
        start = _require_at(upload, offset)
        digest = expected[0]() if expected else None
        whole = limit if upload.row.length is None else upload.row.length
        room = whole - start

        def write(data: bytes) -> None:
            with writing(upload.file):
                if digest is not None:
                    digest.update(data)
                _write_all(file, data)

        taken, held = 0, bytearray()
        try:
            async for chunk in request.stream():
                taken += len(chunk)
                if taken > room:
                    await in_upload_thread(_cut, file, start)
                    if upload.row.length is None:
                        raise too_large(limit)
                    raise TooLarge(f"内容超过开始时声明的 {whole} 字节：请核对 Upload-Length。")
                held += chunk
                if len(held) >= AT_ONCE:
                    await in_upload_thread(write, bytes(held))
                    held.clear()
        except ClientDisconnect:
            if digest is not None:
                await in_upload_thread(_cut, file, start)
                raise
            await in_upload_thread(write, bytes(held))
            raise
        await in_upload_thread(write, bytes(held))
        if digest is not None and expected is not None and digest.digest() != expected[1]:
            await in_upload_thread(_cut, file, start)
            raise WrongChecksum("这一段内容的校验和不符，已丢弃：请重新发送这一段。")
        await in_upload_thread(_sync, upload.file, file)
        return start + taken


def complete(
    session: Session, request: Request, asker: Caller, store: Store, upload: Arriving
) -> UploadAnswer:
    """Make the whole file a part of its meeting's recording, and commit. Safe to repeat.

    Who asks meanwhile waits. Raises RecordingError for what is no recording (and forgets it), or what placing
    raises: then the upload stays, and can be tried again.
    """
    session.commit()  # nothing is held while another finishes it
    with _completing(store, upload.row.code):
        try:
            session.refresh(upload.row)
        except InvalidRequestError as error:
            raise NotFound(f"上传 {upload.row.code} 不是录音，已删除：请重新上传。") from error
        if upload.row.answer is None:
            answer = _complete(session, request, asker, store, upload)
            upload.row.answer = answer.model_dump(mode="json")
            # The batch may call the file otherwise by now: names are erased from what it has ended with.
            upload.row.placing = {**upload.row.placing, "batch": None, "file": None}
            session.commit()
        return UploadAnswer.model_validate(upload.row.answer)


def _complete(
    session: Session, request: Request, asker: Caller, store: Store, upload: Arriving
) -> UploadAnswer:
    row = upload.row
    said = Placing.model_validate(row.placing)
    if row.sha256 is None:
        session.commit()
        whole = upload.file
        try:
            if row.live:
                whole = with_index(upload.file)
            arrived = _arrived(whole, row.file_name)
            sounds([arrived])
        except RecordingError as error:
            whole.unlink(missing_ok=True)
            _refuse(session, asker, upload, error)
            raise
        if whole != upload.file:  # that which arrived stays until the row knows of the other
            keep(store, [arrived])
        begin_writing(session)
        row.sha256, row.length = arrived.sha256, arrived.size
        session.commit()
    there = Arrived(file=upload.file, name=row.file_name, size=row.length or 0, sha256=row.sha256 or "")
    if upload.file.exists():
        keep(store, [there])
    with store.on_disk(there.sha256) as file:
        found = sounds([replace(there, file=file)])
    begin_writing(session)
    session.refresh(row, with_for_update=True)  # somebody's name may have been erased from the file's
    found = [replace(one, arrived=replace(one.arrived, name=row.file_name)) for one in found]
    try:
        answer, _ = accept(session, request, asker, found, said)
    except (InputError, NotFound, Conflict) as error:
        if said.batch is not None:
            session.rollback()
            begin_writing(session)
            refuse_of_batch(session, asker, said, str(error))
            forget(session, upload)
            session.commit()
        raise
    _forget_other_tries(session, asker, store, row)
    return answer


def look(session: Session, asker: Caller, upload: Arriving) -> None:
    """Refuse, and forget, what its first bytes show to be no recording. Raises RecordingError."""
    with upload.file.open("rb") as file:
        head = file.read(HEAD)
    try:
        require_sound(head, upload.row.file_name)
    except RecordingError as error:
        _refuse(session, asker, upload, error)
        raise


def forget(session: Session, upload: Arriving) -> None:
    session.execute(delete(Upload).where(Upload.id == upload.row.id))
    upload.file.unlink(missing_ok=True)


# ---------------------------------------------------------------- inner steps


def _refuse(session: Session, asker: Caller, upload: Arriving, error: RecordingError) -> None:
    begin_writing(session)
    refuse_of_batch(session, asker, Placing.model_validate(upload.row.placing), str(error))
    forget(session, upload)
    session.commit()


def _forget_other_tries(session: Session, asker: Caller, store: Store, row: Upload) -> None:
    """The same file, sent whole before and not placed, waits for nothing any more."""
    same = (Upload.actor == asker.actor, Upload.sha256 == row.sha256, Upload.id != row.id)
    for other in session.scalars(select(Upload).where(*same, Upload.answer.is_(None))):
        (store.spool / f"{other.code}.part").unlink(missing_ok=True)
        session.delete(other)


def _require_at(upload: Arriving, offset: int) -> int:
    """The offset, if the upload goes on there; raises Conflict."""
    if offset != upload.offset:
        raise Conflict(f"断点不一致：服务器已收到 {upload.offset} 字节，请从该处继续。")
    return offset


def _require_length(length: int, limit: int, name: str) -> None:
    if length < 1:
        raise InputError(f"“{name}”是空的：请核对后重新选择文件。")
    if length > limit:
        raise too_large(limit)


def _arrived(file: Path, name: str) -> Arrived:
    return Arrived(file=file, name=name, size=file.stat().st_size, sha256=hashed_file(file))


def forget_expired(session: Session, store: Store, *, now: datetime) -> None:
    """What came of uploads that nobody went on with in time."""
    for row in session.scalars(select(Upload).where(Upload.expires_at < now)):
        (store.spool / f"{row.code}.part").unlink(missing_ok=True)
        session.delete(row)


def _metadata(header: str) -> dict[str, str]:
    words = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            words[key] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise InputError(
                f"Upload-Metadata 的 {key} 不是 UTF-8 文字的 Base64 编码：请检查客户端。"
            ) from error
    return words


def _placing(words: dict[str, str]) -> Placing:
    known = {key: value for key, value in words.items() if key in Placing.model_fields and value}
    try:
        return Placing.model_validate(known)
    except ValidationError as error:
        names = "、".join(str(e["loc"][0]) for e in error.errors())
        raise InputError(f"Upload-Metadata 的 {names} 不对：请按接口说明修改。") from error


def _checksum(header: str | None) -> tuple[Callable[[], hashlib._Hash], bytes] | None:
    if header is None:
        return None
    name, _, value = header.partition(" ")
    if name not in ALGORITHMS:
        raise InputError(f"不支持校验算法 {name}：请用 {'、'.join(ALGORITHMS)}。")
    try:
        return ALGORITHMS[name], base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise InputError("Upload-Checksum 不是 Base64 编码：请检查客户端。") from error


@contextmanager
def _completing(store: Store, code: str) -> Iterator[None]:
    """One at a time: the last piece's own request, and whoever asks how far the upload is."""
    place = store.spool / f"{code}.lock"
    with writing(place):
        store.spool.mkdir(exist_ok=True)
        lock = place.open("wb")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            place.unlink(missing_ok=True)


@contextmanager
def _alone(path: Path) -> Iterator[BinaryIO]:
    """The file at its end, for one writer at a time."""
    try:
        file = path.open("r+b", buffering=0)
    except FileNotFoundError as error:
        raise NotFound("上传的内容已不在：请重新上传。") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict("这个上传正在由另一个连接写入：请稍后再续传。") from error
        file.seek(0, os.SEEK_END)
        yield file


def _write_all(file: BinaryIO, data: bytes) -> None:
    """A nearly full disk takes a part and says so only by the number; the rest then raises OSError."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def _cut(file: BinaryIO, length: int) -> None:
    file.truncate(length)


def _sync(path: Path, file: BinaryIO) -> None:
    with writing(path):
        os.fsync(file.fileno())

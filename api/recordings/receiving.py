"""Files as they come in: streamed to the store's spool and hashed on the way, never held in memory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.problems import TooLarge
from api.recordings.threads import in_upload_thread
from api.store import BLOCK, Store, spooled, writing
from qa_pipeline.errors import InputError, RecordingError
from qa_pipeline.recording import open_container, when_recorded

LONGEST_NAME: Final = 200
MOST_FILES: Final = 50
MOST_HEADER: Final = 16_384
"""Bytes of one part's headers."""
LONGEST: Final = 12 * 3600.0
"""Seconds of one file: no meeting goes on from morning to night, and hours of silence are few bytes but
keep a worker busy."""
AT_ONCE: Final = 1 << 18
"""Bytes that are parsed and written in one go off the event loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One whole file in the spool."""

    file: Path
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What a file turned out to hold."""

    arrived: Arrived
    duration: float
    created: datetime | None
    """When the recorder says that it began."""


async def receive(request: Request, store: Store, *, limit: int) -> list[Arrived]:
    """The files of a multipart body, in order. Raises InputError, TooLarge, OutputError; then none stays."""
    kind, options = parse_options_header(request.headers.get("Content-Type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise InputError("请用 multipart/form-data 上传录音，每个文件一个名为 file 的部分。")
    form = _Form(store, boundary, limit)
    held = bytearray()
    try:
        async for chunk in request.stream():
            held += chunk
            if len(held) >= AT_ONCE:
                await in_upload_thread(form.feed, bytes(held))
                held.clear()
        await in_upload_thread(form.feed, bytes(held))
        return await in_upload_thread(form.finish)
    except BaseException:
        form.discard()
        raise


def sounds(arrived: Sequence[Arrived]) -> list[Sound]:
    """Look into every file; raises RecordingError, with the name it came under, for what is no recording or
    too long for a meeting."""
    from qa_pipeline.recording import open_recording

    found = []
    for one in arrived:
        try:
            recording = open_recording([one.file])
        except RecordingError as error:
            raise RecordingError(str(error).replace(str(one.file), one.name)) from error
        if recording.duration > LONGEST:
            hours, most = f"{recording.duration / 3600:.1f}", f"{LONGEST / 3600:.0f}"
            raise RecordingError(
                f"{one.name} 长 {hours} 小时，超过一场会议的上限 {most} 小时："
                "请核对是否选错文件，或只截取会议的部分上传。"
            )
        found.append(Sound(arrived=one, duration=recording.duration, created=created_at(one.file)))
    return found


def created_at(file: Path | BinaryIO) -> datetime | None:
    """What the file itself says of when it was recorded. Raises RecordingError for what is no recording."""
    import av

    try:
        with open_container(file) as container:
            return when_recorded(container)
    except av.FFmpegError as error:
        raise RecordingError("文件不是录音，或已损坏：请核对。") from error


def hashed_file(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def safe_name(given: str) -> str:
    """The last part of the name that a client sent, without control characters, short enough to keep."""
    name = PurePosixPath(given.replace("\\", "/")).name
    name = re.sub(r"[\x00-\x1f\x7f]", "", name).strip() or "录音"
    stem, dot, suffix = name.rpartition(".")
    if len(name) > LONGEST_NAME and dot and len(suffix) < 10:
        return f"{stem[: LONGEST_NAME - 10]}.{suffix}"
    return name[:LONGEST_NAME]


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"文件超过上限 {limit / 1024**2:.0f} MB：请压缩后分段上传。")


class _Form:
    """Parses a multipart body as it comes and writes its files."""

    def __init__(self, store: Store, boundary: bytes, limit: int) -> None:
        self._store, self._limit = store, limit
        self._arrived: list[Arrived] = []
        self._field, self._value, self._headers = bytearray(), bytearray(), dict[bytes, bytes]()
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        self._digest, self._size, self._name = hashlib.sha256(), 0, ""
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": lambda data, start, end: self._add(self._field, data[start:end]),
                "on_header_value": lambda data, start, end: self._add(self._value, data[start:end]),
                "on_header_end": self._header_ended,
                "on_headers_finished": self._begin,
                "on_part_data": lambda data, start, end: self._write(data[start:end]),
                "on_part_end": self._end,
                "on_end": self._all_ended,
            },
        )

    def feed(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise InputError("上传的内容不是完整的 multipart/form-data：请重新上传。") from error

    def finish(self) -> list[Arrived]:
        if not self._ended:
            raise InputError("上传中断，文件不完整：请重新上传。")
        if not self._arrived:
            raise InputError("没有收到文件：请至少上传一个名为 file 的录音文件。")
        return self._arrived

    def discard(self) -> None:
        if self._file:
            with suppress(OSError):  # what it still holds does not fit on the disk either
                self._file.close()
        for path in (self._path, *(one.file for one in self._arrived)):
            if path is not None:
                path.unlink(missing_ok=True)

    def _add(self, to: bytearray, data: bytes) -> None:
        to += data
        if len(to) > MOST_HEADER:
            raise InputError("上传内容的头部过长：请检查客户端。")

    def _header_ended(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _begin(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        given = options.get(b"filename")
        if given is None:
            raise InputError("表单中只接受文件：会议、机构等信息请写在地址的查询参数里。")
        if len(self._arrived) >= MOST_FILES:
            raise InputError(f"一次最多上传 {MOST_FILES} 个文件：请分次上传。")
        self._name = safe_name(given.decode("utf-8", "replace"))
        self._path = spooled(self._store)
        with writing(self._path):
            self._file = self._path.open("wb", buffering=BLOCK)
        self._digest, self._size = hashlib.sha256(), 0

    def _write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise too_large(self._limit)
        self._digest.update(data)
        if self._file and self._path:
            with writing(self._path):
                self._file.write(data)

    def _end(self) -> None:
        if self._file and self._path:
            with writing(self._path):
                self._file.close()
            self._arrived.append(
                Arrived(file=self._path, name=self._name, size=self._size, sha256=self._digest.hexdigest())
            )
        self._file = self._path = None

    def _all_ended(self) -> None:
        self._ended = True

"""The audio of one meeting: probe it, hash it, join its parts, decode it in a stream.

Nothing here holds a whole file: probing reads packets, hashing reads blocks, and :func:`decode` yields short
blocks of 16 kHz audio, so memory does not grow with the length of a meeting.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from qa_pipeline.errors import RecordingError, reason
from qa_pipeline.values.recording import Recording, RecordingPart, joined
from qa_pipeline.values.vocabulary import Progress, Seconds, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

SAMPLE_RATE: Final = 16_000
"""Samples a second of every block that :func:`decode` yields: what Whisper and Silero expect."""

LONG: Final[Seconds] = 6 * 3600.0
"""A recording longer than this is accepted with a warning: no meeting lasts that long."""

HEAD: Final = 8192
"""So many first bytes tell text and documents from sound."""
_DOCUMENTS: Final = {
    b"PK\x03\x04": "办公文档或压缩包",
    b"\xd0\xcf\x11\xe0": "办公文档",
    b"%PDF-": "PDF 文件",
    b"Rar!\x1a\x07": "压缩包",
    b"7z\xbc\xaf\x27\x1c": "压缩包",
    b"\xff\xd8\xff\xe0": "图片",
    b"\xff\xd8\xff\xe1": "图片",
    b"\x89PNG\r\n": "图片",
}
"""What is often chosen by mistake, by its first bytes."""

_CONTAINERS: Final = ",".join(
    (
        *("wav", "w64", "aiff", "au", "caf", "flac", "ogg", "mp3", "aac", "ac3", "eac3"),
        *("amr", "amrnb", "amrwb", "ape", "wv", "tta", "dss", "gsm", "voc"),
        *("mov", "matroska", "asf", "avi", "flv", "mpeg", "mpegts", "rm"),
    )
)
"""What FFmpeg may read a file as: nothing that names other files to be read in its place (playlists, lists of
parts), or a recording could hold the sound of whatever else lies on the machine."""

_BLOCK: Final = 10 * SAMPLE_RATE
_HASH_BYTES: Final = 1 << 20
_PACKETS_TO_FIRST_FRAME: Final = 200
_BROKEN_SHARE: Final = 0.05
"""More undecodable packets than this share, and the file counts as damaged."""
_GAP_INSIDE: Final[Seconds] = 0.5
"""A jump of the time stamps inside one file larger than this is filled with silence."""
_CLOCK_JUMP: Final[Seconds] = 3 * 3600.0
"""A jump larger than this is a broken clock, not a pause in the recording."""
_GAP_BETWEEN: Final[Seconds] = 4 * 3600.0
"""Parts further apart than this are not trusted to be one meeting's clock."""
_CLOCK_SLACK: Final[Seconds] = 2.0
"""Recorders stamp whole seconds, and some late: parts may seem to overlap by this much."""
_MISSING_SHARE: Final = 0.98
_CANCELLED: Final = 0.1
"""Channels whose sum holds less than this share of the loudest one cancel each other."""
_FULLY_INDEXED: Final = frozenset({"mov", "mp4", "m4a"})
"""Containers whose index lists every packet, so a missing tail proves that the file was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Probe:
    part: RecordingPart
    created: datetime | None


def open_recording(paths: Sequence[Path], *, progress: Progress = silent) -> Recording:
    """Check the files of one meeting, in order, and say what they are. Audio is not kept.

    A part starts where its own creation time puts it when all parts carry one and these agree with the
    durations; otherwise the parts are joined back to back. Either way the warnings state it.
    ``progress`` receives ("probe", bytes done, bytes in all).

    Raises RecordingError when a file is missing, empty, not audio, damaged, without an audio track or given
    twice.
    """
    if not paths:
        raise RecordingError("没有给出录音文件：请至少指定一个文件。")
    sizes = [_size(path) for path in paths]
    done = 0
    probes: list[_Probe] = []
    for path, size in zip(paths, sizes, strict=True):
        probes.append(_probe(path))
        done += size
        progress("probe", float(done), float(sum(sizes)))
    for first, second in itertools.combinations(probes, 2):
        if first.part.sha256 == second.part.sha256:
            raise RecordingError(
                f"{first.part.path} 与 {second.part.path} 的内容完全相同：同一场会议的每一段录音只能给一次。"
            )
    starts, warnings = _place(probes)
    parts = tuple(
        RecordingPart(
            path=probe.part.path,
            sha256=probe.part.sha256,
            start=start,
            duration=probe.part.duration,
            container=probe.part.container,
            codec=probe.part.codec,
            sample_rate=probe.part.sample_rate,
            channels=probe.part.channels,
        )
        for probe, start in zip(probes, starts, strict=True)
    )
    duration = max(part.start + part.duration for part in parts)
    if duration > LONG:
        warnings.append(
            f"录音长 {duration / 3600:.1f} 小时，远超一场会议的长度：仍会处理，但请确认没有选错文件。"
        )
    sha256 = joined(part.sha256 for part in parts)
    return Recording(parts=parts, duration=duration, sha256=sha256, warnings=tuple(warnings))


def decode(part: RecordingPart) -> Iterator[Samples]:
    """Yield the audio of one part as float32 blocks of at most 10 s at 16 kHz, values in [-1, 1].

    Channels and audio tracks are mixed into one. Pauses in the file's time stamps become silence, so position
    is time.

    Raises RecordingError when the file has gone, or when too much of it cannot be decoded.
    """
    for block in decode_channels(part):
        yield _mixed(block)


def _mixed(block: Samples) -> Samples:
    """One channel of all, as loud as the loudest: a mean would bury the one who speaks among eight tracks."""
    import numpy as np

    loudness = np.sqrt(np.square(block).mean(axis=1))
    loudest: Samples = block[loudness.argmax()]
    mix: Samples = block.sum(axis=0)
    level = np.sqrt(np.square(mix).mean())
    if len(block) == 1 or level < _CANCELLED * loudness.max():
        return loudest  # the same sound twice cancels when one of them is wired the wrong way round
    mix *= np.minimum(1, loudness.max() / np.maximum(level, 1e-9))
    return mix


def decode_channels(part: RecordingPart) -> Iterator[Samples]:
    """Like :func:`decode`, but each block has shape (channels, samples): all channels of all audio tracks."""
    import av
    import numpy as np

    try:
        with open_container(part.path) as container:
            count = len(container.streams.audio)
    except (OSError, av.FFmpegError) as error:
        raise _gone(part.path) from error
    tracks = [_decode_track(part.path, index) for index in range(count)]
    rows = [1] * count
    for blocks in itertools.zip_longest(*tracks):
        rows = [width if block is None else len(block) for width, block in zip(rows, blocks, strict=True)]
        length = max(block.shape[1] for block in blocks if block is not None)
        together = np.zeros((sum(rows), length), np.float32)
        for first, width, block in zip(itertools.accumulate(rows), rows, blocks, strict=True):
            if block is not None:
                together[first - width : first, : block.shape[1]] = block
        yield together


# ---------------------------------------------------------------- probing


def _size(path: Path) -> int:
    """Bytes of the file, once it is sure that there is a readable, non-empty file."""
    if path.is_dir():
        raise RecordingError(f"{path} 是文件夹，不是录音文件：请指定其中的录音文件。")
    if not path.exists():
        raise RecordingError(f"找不到录音文件 {path}：请检查路径和文件名。")
    if not path.is_file():
        raise RecordingError(f"{path} 不是普通文件：请指定一个录音文件。")
    size = path.stat().st_size
    if size == 0:
        raise RecordingError(f"录音文件 {path} 是空的（0 字节）：请重新导出或重新拷贝录音。")
    return size


def _probe(path: Path) -> _Probe:
    import av

    try:
        head, digest = _hash(path)
    except OSError as error:
        raise RecordingError(f"读不了录音文件 {path}（{reason(error)}）：请检查文件权限。") from error
    require_sound(head, str(path))
    try:
        with open_container(path) as container:
            if not container.streams.audio:
                raise RecordingError(f"{path} 里没有声音轨道：请改用带声音的录音或录像。")
            names = frozenset(str(container.format.name).split(","))
            stream = container.streams.audio[0]
            duration, frame = _measure(container, stream)
            if frame is None or duration <= 0:
                raise RecordingError(f"录音文件 {path} 解不出任何声音：文件已损坏或不是录音，请重新导出。")
            declared = float(stream.duration * stream.time_base) if stream.duration else 0.0
            if names & _FULLY_INDEXED and duration < min(declared * _MISSING_SHARE, declared - 1.0):
                raise RecordingError(
                    f"录音文件 {path} 不完整（应有 {declared:.0f} 秒，只剩 {duration:.0f} 秒）："
                    "文件被截断，请重新拷贝或重新导出。"
                )
            part = RecordingPart(
                path=str(path),
                sha256=digest,
                start=0.0,
                duration=duration,
                container=str(container.format.name),
                codec=str(stream.codec_context.name),
                sample_rate=int(frame.sample_rate),
                channels=sum(int(s.codec_context.channels) for s in container.streams.audio),
            )
            return _Probe(part=part, created=when_recorded(container))
    except av.FFmpegError as error:
        raise RecordingError(
            f"打不开录音文件 {path}：内容不是完整的录音（可能被截断、损坏或加密），请重新拷贝或重新导出。"
        ) from error


def open_container(file: Path | str | BinaryIO) -> Any:
    """The file as a container of sound, to be closed after use; raises av.FFmpegError for what is none.

    The only way in which any file from outside is opened: neither a strange name nor a playlist makes FFmpeg
    fetch, or read another file.
    """
    import av

    return av.open(
        str(Path(file).absolute()) if isinstance(file, Path | str) else file,
        metadata_errors="ignore",
        options={"protocol_whitelist": "file", "format_whitelist": _CONTAINERS},
    )


def _hash(path: Path) -> tuple[bytes, str]:
    digest = hashlib.sha256()
    head = b""
    with path.open("rb") as file:
        while block := file.read(_HASH_BYTES):
            head = head or block[:HEAD]
            digest.update(block)
    return head, digest.hexdigest()


def require_sound(head: bytes, name: str) -> None:
    """Raises RecordingError for a file whose first bytes (at most `HEAD`) are those of text or a document."""
    if _is_text(head):
        raise RecordingError(f"{name} 的内容是文字，不是录音：请检查是否选错文件或只改了扩展名。")
    for first, what in _DOCUMENTS.items():
        if head.startswith(first):
            raise RecordingError(f"{name} 是{what}，不是录音：请检查是否选错文件或只改了扩展名。")


def _is_text(head: bytes) -> bool:
    """Whether the first bytes read as text: no control bytes, and valid UTF-8 or GB18030."""
    if any(byte < 32 and byte not in b"\t\n\r\f" for byte in head):
        return False
    for encoding in ("utf-8", "gb18030"):
        for cut in range(4):  # the block may end inside a character
            try:
                head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return True
    return False


def _measure(container: Any, stream: Any) -> tuple[Seconds, Any | None]:
    """Walk over the packets: (seconds that they span, the first decoded frame or None).

    Headers are not believed: MediaRecorder's webm has no duration, and that of an mp3 is a guess.
    """
    import av

    first: int | None = None
    end = 0
    step = 0
    frame = None
    for count, packet in enumerate(container.demux(stream)):
        if packet.size == 0:
            continue
        if frame is None and count < _PACKETS_TO_FIRST_FRAME:
            try:
                frame = next(iter(packet.decode()), None)
            except av.FFmpegError:
                frame = None
        if packet.pts is None:
            end += packet.duration or step
            continue
        if first is None:
            first = packet.pts
        step = packet.duration or max(packet.pts - end, step if step else 0)
        end = max(end, packet.pts + step) if end else packet.pts + step
    return float((end - (first or 0)) * stream.time_base), frame


def when_recorded(container: Any) -> datetime | None:
    """What an opened file says of when it was recorded; some recorders count from 1904 or 1970."""
    said = (of.metadata.get("creation_time") for of in (container, *container.streams.audio))
    try:
        moment = datetime.fromisoformat(next(filter(None, said), ""))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if moment.year >= 2000 else None


def _place(probes: Sequence[_Probe]) -> tuple[list[Seconds], list[str]]:
    """The start of every part on the meeting's time line, and what has to be said about it."""
    if len(probes) == 1:
        return [0.0], []
    by_clock = _starts_by_clock(probes)
    if by_clock is None:
        starts = [0.0, *itertools.accumulate(probe.part.duration for probe in probes[:-1])]
        return starts, [f"{len(probes)} 段录音首尾相接：文件没有可用的录制时间，段与段之间的空白未知。"]
    gaps = [
        f"第 {index} 段与第 {index + 1} 段之间空 {second - first - probe.part.duration:.0f} 秒"
        for index, (probe, first, second) in enumerate(
            zip(probes[:-1], by_clock[:-1], by_clock[1:], strict=True), 1
        )
    ]
    return by_clock, [f"{len(probes)} 段录音按文件的录制时间排列：{'，'.join(gaps)}。"]


def _starts_by_clock(probes: Sequence[_Probe]) -> list[Seconds] | None:
    """Starts from the creation times, or None when they are missing or contradict the durations."""
    created = [probe.created for probe in probes]
    if created[0] is None:
        return None
    starts: list[Seconds] = []
    end = 0.0
    for probe, moment in zip(probes, created, strict=True):
        if moment is None:
            return None
        start = (moment - created[0]).total_seconds()
        if not end - _CLOCK_SLACK <= start <= end + _GAP_BETWEEN:
            return None
        starts.append(max(start, end))
        end = starts[-1] + probe.part.duration
    return starts


# ---------------------------------------------------------------- decoding


def _decode_track(path: str, index: int) -> Iterator[Samples]:
    """One audio track as blocks (channels, samples) of 10 s; only the last one may be shorter."""
    import numpy as np

    pending: list[Any] = []
    held = 0
    for piece in _pieces(path, index):
        pending.append(piece)
        held += piece.shape[1]
        if held < _BLOCK:
            continue
        joined = np.concatenate(pending, axis=1)
        whole = held // _BLOCK * _BLOCK
        for offset in range(0, whole, _BLOCK):
            yield joined[:, offset : offset + _BLOCK].astype(np.float32) / np.float32(32768)
        pending = [joined[:, whole:].copy()]
        held -= whole
    if held:
        yield np.concatenate(pending, axis=1).astype(np.float32) / np.float32(32768)


def _pieces(path: str, index: int) -> Iterator[Any]:
    """Resampled int16 pieces (channels, samples), one a frame, with silence where the time stamps jump."""
    import av
    import numpy as np

    packets = broken = produced = 0
    origin: float | None = None
    resampler: Any = None
    shape: tuple[str, str, int] | None = None
    layout: Any = None
    try:
        container = open_container(path)
    except (OSError, av.FFmpegError) as error:
        raise _gone(path) from error
    with container:
        stream = container.streams.audio[index]
        for packet in _packets(container, stream):
            packets += 1
            try:
                frames = packet.decode()
            except av.FFmpegError:
                broken += 1
                continue
            for frame in frames:
                now = (frame.format.name, frame.layout.name, frame.sample_rate)
                if now != shape:
                    for last in resampler.resample(None) if resampler is not None else ():
                        produced += last.samples
                        yield _samples(last)
                    layout = layout or frame.layout
                    # The layout is kept and mixed by us: FFmpeg takes eight people's tracks for a cinema's
                    # loudspeakers and drops one of them as the bass.
                    resampler = av.AudioResampler(format="s16", layout=layout, rate=SAMPLE_RATE)
                    shape = now
                if frame.pts is not None:
                    at = float(frame.pts * frame.time_base)
                    origin = at if origin is None else origin
                    late = at - origin - produced / SAMPLE_RATE
                    if late > _CLOCK_JUMP:
                        origin += late
                    elif late > _GAP_INSIDE:
                        silence = int(late * SAMPLE_RATE)
                        produced += silence
                        for filled in range(0, silence, _BLOCK):  # hours of it are not held at once either
                            length = min(_BLOCK, silence - filled)
                            yield np.zeros((resampler.layout.nb_channels, length), np.int16)
                frame.pts = None
                for resampled in resampler.resample(frame):
                    produced += resampled.samples
                    yield _samples(resampled)
        for last in resampler.resample(None) if resampler is not None else ():
            yield _samples(last)
    if broken > max(1, packets * _BROKEN_SHARE):
        raise RecordingError(
            f"录音文件 {path} 有 {broken / packets:.0%} 的内容解不出来：文件已损坏，请重新拷贝或重新导出。"
        )


def _samples(frame: Any) -> Any:
    """int16 (channels, samples). Read from the packed format: PyAV runs past the planes of eight channels."""
    return frame.to_ndarray().reshape(-1, frame.layout.nb_channels).T


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """Packets up to the end of the file, or up to where the container itself breaks off."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.InvalidDataError):
            return
        yield packet


def _gone(path: str) -> RecordingError:
    return RecordingError(f"打不开录音文件 {path}：文件在处理时被移走或改动，请放回原处。")

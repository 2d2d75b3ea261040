"""Transcript files in and out: own JSON, SRT, VTT, ``00:12:31 张三：`` text. In only: such text in a
Word file, and the JSON of Whisper tools.

Reading believes nothing: size, encoding, nesting and times are checked; a wrong time is named with its line.
Our own JSON is lossless: what :func:`to_json` wrote, :func:`from_json` gives back equal.
"""

from __future__ import annotations

import math
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from qa_pipeline.errors import TranscriptError, reason
from qa_pipeline.files import write_atomically
from qa_pipeline.transcript.lines import CLOCK, LABEL, PACE, SLOWEST, Row, is_talk, read_lines, seconds
from qa_pipeline.transcript.word import read_word
from qa_pipeline.values.transcript import Transcript, Utterance
from qa_pipeline.values.vocabulary import Seconds

MAX_BYTES: Final = 50_000_000
"""A larger file is no transcript: an hour of talk is 60 kB, and 2 MB with a time for every word."""

WRITTEN: Final = (".json", ".srt", ".vtt", ".txt")
"""How names of transcript files that can be written end."""

_LATEST: Final[Seconds] = 48 * 3600.0
_SLACK: Final[Seconds] = 0.5
"""Overlaps up to this come from rounding and are trimmed."""
_ARROW: Final = re.compile(rf"\s*({CLOCK})\s*-->\s*({CLOCK})")
_VOICE: Final = re.compile(r"<v(?:\.[^ >]*)?\s+([^>]+)>")
_TAG: Final = re.compile(r"</?[^>]+>")


# ---------------------------------------------------------------- reading


def read_transcript(path: Path) -> Transcript:
    """Read a transcript by its extension (.json, .srt, .vtt, .docx; any other as text lines).

    Raises TranscriptError when the file is missing, huge, not text, of an unknown shape, or when its times
    run backwards or overlap within one speaker.
    """
    text = _text(path)
    suffix = path.suffix.lower()
    if suffix == ".json":
        return _read_json(text, path)
    rows = list(_cues(text, path) if suffix in (".srt", ".vtt") else read_lines(text, path))
    if not rows:
        raise TranscriptError(
            f"{path} 里没有可读的发言：文字稿每段应以时间开头，例如“00:12:31 张三：……”，"
            "或使用 SRT、VTT、JSON。"
        )
    placed = sum(row.placed for row in rows)
    return Transcript(
        utterances=_utterances(rows, path),
        duration=max(row.end or row.start for row in _with_ends(rows)),
        engine=f"import/{suffix.lstrip('.') or 'txt'}",
        warnings=(f"有 {placed} 段发言没有写时间，按前后的时间和字数估计。",) if placed else (),
    )


def holds_talk(path: Path) -> bool:
    """Whether a text file has lines as a transcript has them (see ``lines.is_talk``). Raises TranscriptError
    where it can't be read."""
    return is_talk(_text(path))


def from_json(text: str | bytes) -> Transcript:
    """The transcript that :func:`to_json` wrote. Raises TranscriptError when it is something else."""
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        raise TranscriptError(f"文字稿 JSON 有误（{_first(error)}）：请用本工具导出的文件。") from error


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise TranscriptError(f"{path} 是文件夹，不是文字稿：请指定其中的文件。")
        if size > MAX_BYTES:
            raise TranscriptError(
                f"文字稿 {path} 有 {size / 1e6:.0f} MB，超过 {MAX_BYTES // 1_000_000} MB："
                "这不像一场会议的文字稿，请检查文件。"
            )
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise TranscriptError(f"找不到文字稿 {path}：请检查路径和文件名。") from error
    except OSError as error:
        raise TranscriptError(f"读不了文字稿 {path}（{reason(error)}）：请检查文件权限。") from error
    if not data.strip():
        raise TranscriptError(f"文字稿 {path} 是空的：请重新导出。")
    if path.suffix.lower() == ".docx":
        return read_word(path)
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):  # what Notepad calls Unicode
        with suppress(UnicodeDecodeError):
            return data.decode("utf-16")
    elif b"\0" not in data:
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                continue
    raise TranscriptError(f"文字稿 {path} 不是 UTF-8 或 GB18030 编码的文字：请另存为 UTF-8 后重试。")


_FAULTS: Final = {
    "missing": "没有给出",
    "float": "不是数字",
    "int": "不是整数",
    "finite": "不是有限的数字",
    "string": "不是文字",
    "bool": "不是 true 或 false",
    "list": "不是列表",
    "tuple": "不是列表",
    "model": "不是对象",
    "dataclass": "不是对象",
    "greater": "太小",
    "less": "太大",
    "json": "不是合法的 JSON",
}
"""What pydantic finds wrong, by the first word of its fault types."""


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Segment(_Loose):
    """A segment as openai-whisper, faster-whisper and WhisperX write it, or an utterance of our own."""

    start: float
    end: float
    text: str
    speaker: str | None = None
    confidence: Annotated[float | None, Field(ge=0, le=1)] = None
    avg_logprob: float | None = None


class _Offsets(_Loose):
    from_: Annotated[float, Field(alias="from")]
    to: float


class _CppSegment(_Loose):
    """A segment as whisper.cpp writes it, in milliseconds."""

    offsets: _Offsets
    text: str


class _File(_Loose):
    utterances: list[_Segment] | None = None
    segments: list[_Segment] | None = None
    transcription: list[_CppSegment] | None = None
    duration: float | None = None
    engine: str | None = None


def _read_json(text: str, path: Path) -> Transcript:
    try:
        own = _adapter().validate_json(text)
    except ValidationError:
        return _read_foreign_json(text, path)
    said = [(number, u) for number, u in enumerate(own.utterances, 1) if u.text.strip()]
    if not said:
        raise TranscriptError(f"文字稿 {path} 里没有任何发言：请检查导出是否成功。")
    for number, u in said:
        if u.confidence is not None and not 0 <= u.confidence <= 1:
            raise TranscriptError(
                f"文字稿 {path} 第 {number} 条的 confidence 不在 0 到 1 之间：请改正后重试。"
            )
    rows = [Row(f"第 {number} 条", u.start, u.end, u.text, u.speaker or None) for number, u in said]
    utterances = tuple(
        replace(u, end=row.end, speaker=u.speaker or None)
        for (_, u), row in zip(said, _utterances(rows, path), strict=True)
    )
    last = max(u.end for u in utterances)
    return replace(
        own, utterances=utterances, duration=own.duration if last <= own.duration <= _LATEST else last
    )


def _read_foreign_json(text: str, path: Path) -> Transcript:
    try:
        file = _File.model_validate_json(text)
    except ValidationError as error:
        raise TranscriptError(f"文字稿 {path} 的 JSON 有误（{_first(error)}）：请重新导出。") from error
    if file.utterances is None and file.segments is None and file.transcription is None:
        raise TranscriptError(
            f"文字稿 {path} 里没有 utterances 或 segments：请使用本工具或 Whisper 工具导出的 JSON。"
        )
    rows = [
        Row(f"第 {number} 条", s.start, s.end, s.text.strip(), s.speaker, _sure(s))
        for number, s in enumerate(file.utterances or file.segments or (), 1)
    ]
    rows += [
        Row(f"第 {number} 条", c.offsets.from_ / 1000, c.offsets.to / 1000, c.text.strip())
        for number, c in enumerate(file.transcription or (), 1)
    ]
    rows = [row for row in rows if row.text]
    if not rows:
        raise TranscriptError(f"文字稿 {path} 里没有任何发言：请检查导出是否成功。")
    utterances = _utterances(rows, path)
    kind = "json" if file.utterances is not None else "whisper-json"
    return Transcript(
        utterances=utterances,
        duration=max(file.duration or 0.0, max(u.end for u in utterances)),
        engine=file.engine or f"import/{kind}",
    )


def _sure(segment: _Segment) -> float | None:
    if segment.confidence is not None or segment.avg_logprob is None:
        return segment.confidence
    return round(math.exp(min(0.0, segment.avg_logprob)), 3)


def _first(error: ValidationError) -> str:
    """Where the first fault is and what it is, in Chinese."""
    first = error.errors(include_url=False, include_input=False)[0]
    found = re.search(r"line (\d+) column (\d+)", first["msg"])
    if found:
        return f"第 {found[1]} 行第 {found[2]} 列不是合法的 JSON"
    what = _FAULTS.get(first["type"].partition("_")[0], "不是应有的类型")
    return f"{'.'.join(str(part) for part in first['loc']) or '开头'}{what}"


def _cues(text: str, path: Path) -> Iterator[Row]:
    """SRT and VTT: cues are found by their arrow line, so that numbering and notes do not matter."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        found = _ARROW.match(lines[at])
        at += 1
        if found is None:
            if "-->" in lines[at - 1]:
                raise TranscriptError(
                    f"文字稿 {path} 第 {at} 行的时间看不懂：应形如 00:12:31,000 --> 00:12:35,000。"
                )
            continue
        where = f"第 {at} 行"
        body = []
        while at < len(lines) and lines[at].strip() and not _ARROW.match(lines[at]):
            body.append(lines[at].strip())
            at += 1
        content = "".join(body) if _cjk(body) else " ".join(body)
        voice = _VOICE.search(content)
        content = _TAG.sub("", content).strip()
        if content:
            speaker = voice[1].strip() if voice else None
            yield Row(where, seconds(found[1]), seconds(found[2]), content, speaker)


def _cjk(lines: Sequence[str]) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for line in lines for char in line)


def _with_ends(rows: Sequence[Row]) -> Iterator[Row]:
    """Give rows without an end one: where the next begins, or sooner when the words are few."""
    starts = sorted({row.start for row in rows})
    after = dict(pairwise(starts))
    for row in rows:
        if row.end is not None:
            yield row
            continue
        slow = row.start + max(2.0, len(row.text) / SLOWEST)
        last = row.start + max(1.0, len(row.text) / PACE)
        yield replace(row, end=min(after[row.start], slow) if row.start in after else last)


def _utterances(rows: Sequence[Row], path: Path) -> tuple[Utterance, ...]:
    """Checked utterances in time order."""
    merged: list[Row] = []
    for row in rows:
        if merged and row.end is None and (merged[-1].start, merged[-1].speaker) == (row.start, row.speaker):
            merged[-1] = replace(merged[-1], text=merged[-1].text + row.text)
        else:
            merged.append(row)
    rows = _labels(list(_with_ends(merged)))
    result: list[Utterance] = []
    last: dict[str | None, int] = {}
    for row in rows:
        end = row.end if row.end is not None else row.start
        if not (0 <= row.start <= _LATEST and 0 <= end <= _LATEST):
            raise TranscriptError(
                f"文字稿 {path} {row.where}的时间不可能（{row.start:.1f} 秒）：请改正后重试。"
            )
        if end < row.start:
            raise TranscriptError(
                f"文字稿 {path} {row.where}的结束时间 {_clock(end)} 早于开始时间 {_clock(row.start)}："
                "请改正后重试。"
            )
        if result and row.start < result[-1].start:
            raise TranscriptError(
                f"文字稿 {path} {row.where}的时间 {_clock(row.start)} "
                f"早于上一段的 {_clock(result[-1].start)}：各段应按时间先后排列，请改正后重试。"
            )
        before = last.get(row.speaker)
        if before is not None and (over := result[before].end - row.start) > 0:
            if over > _SLACK:
                raise TranscriptError(
                    f"文字稿 {path} {row.where}的时间 {_clock(row.start)} 与同一发言人的上一段"
                    f"（到 {_clock(result[before].end)} 止）重叠：请改正后重试。"
                )
            result[before] = replace(result[before], end=row.start)
        last[row.speaker] = len(result)
        result.append(
            Utterance(start=row.start, end=end, text=row.text, speaker=row.speaker, confidence=row.confidence)
        )
    return tuple(result)


def _labels(rows: list[Row]) -> list[Row]:
    """Take ``张三：`` off the words as a speaker when at least half of the rows begin like that."""
    if any(row.speaker for row in rows):
        return rows
    found = [LABEL.fullmatch(row.text) for row in rows]
    if sum(match is not None for match in found) * 2 < len(rows):
        return rows
    return [
        replace(row, speaker=match[1], text=match[2].strip()) if match else row
        for row, match in zip(rows, found, strict=True)
    ]


# ---------------------------------------------------------------- writing


def to_json(transcript: Transcript) -> str:
    """Our own JSON, lossless, one object indented by a space a level."""
    return _adapter().dump_json(transcript, indent=1, ensure_ascii=False).decode("utf-8")


def to_text(transcript: Transcript) -> str:
    """``00:12:31 张三：……`` lines."""
    return "".join(
        f"{_clock(u.start)} {u.speaker + '：' if u.speaker else ''}{_flat(u.text)}\n"
        for u in transcript.utterances
    )


def write_transcript(transcript: Transcript, path: Path) -> None:
    """Write by extension, one of ``WRITTEN``: .json (.whisper.json for Whisper tools), .srt, .vtt; any other
    (a pipe has none) as text lines.

    The file appears whole or not at all. Raises OutputError when it cannot be written.
    """
    name = path.name.lower()
    if name.endswith(".whisper.json"):
        content = _to_whisper(transcript)
    elif name.endswith(".json"):
        content = to_json(transcript)
    elif name.endswith(".srt"):
        content = "\n".join(_to_cues(transcript, ",", numbered=True))
    elif name.endswith(".vtt"):
        content = "WEBVTT\n\n" + "\n".join(_to_cues(transcript, ".", numbered=False))
    else:
        content = to_text(transcript)
    write_atomically(path, content.encode())


def _to_cues(transcript: Transcript, point: str, *, numbered: bool) -> Iterator[str]:
    for number, u in enumerate(transcript.utterances, 1):
        times = f"{_clock(u.start, point)} --> {_clock(u.end, point)}"
        if numbered:
            label = f"{u.speaker}：" if u.speaker else ""
            yield f"{number}\n{times}\n{label}{_flat(u.text)}\n"
        else:
            label = f"<v {u.speaker}>" if u.speaker else ""
            yield f"{times}\n{label}{_flat(u.text)}\n"


def _to_whisper(transcript: Transcript) -> str:
    import json

    segments: list[dict[str, Any]] = []
    for number, u in enumerate(transcript.utterances):
        segment: dict[str, Any] = {"id": number, "start": u.start, "end": u.end, "text": u.text}
        if u.speaker is not None:
            segment["speaker"] = u.speaker
        if u.confidence is not None and u.confidence > 0:
            segment["avg_logprob"] = round(math.log(u.confidence), 4)
        segments.append(segment)
    text = "".join(u.text for u in transcript.utterances)
    return json.dumps({"text": text, "segments": segments, "language": "zh"}, ensure_ascii=False, indent=1)


def _flat(text: str) -> str:
    return " ".join(text.split())


def _clock(seconds: Seconds, point: str = "") -> str:
    """HH:MM:SS, with milliseconds after ``point`` when one is given."""
    millis = round(seconds * 1000)
    whole, millis = divmod(millis, 1000)
    clock = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{clock}{point}{millis:03d}" if point else clock


@cache
def _adapter() -> TypeAdapter[Transcript]:
    return TypeAdapter(Transcript)

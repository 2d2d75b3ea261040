"""Which recordings a batch means. What is not unique, or contradicts the manifest, is listed and left out."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Final, TypeVar

from api.batches.naming import Pattern
from api.batches.schemas import MatchedFile, UnmatchedFile
from api.recordings.placing import MOST_PARTS
from qa_pipeline.errors import InputError
from qa_pipeline.names import KINDS
from qa_pipeline.values.vocabulary import MeetingKind

Value = TypeVar("Value")

COLUMNS: Final = ("文件名", "机构代码", "日期")
FURTHER: Final = ("开始时间", "类别", "段号")
MOST_LINES: Final = 20_000
_KINDS: Final[Mapping[str, MeetingKind]] = {
    **{kind.value: kind for kind in MeetingKind},
    **{word: kind for kind, word in KINDS.items()},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One line of a manifest; None (and no institution): the line does not say."""

    line: int
    file: str
    institution: str
    day: date | None
    at: time | None
    kind: MeetingKind | None
    part: int | None


@dataclass(slots=True)
class Matching:
    """Files that belong to a meeting, and those that do not."""

    matched: list[MatchedFile] = field(default_factory=list)
    unmatched: list[UnmatchedFile] = field(default_factory=list)


def read_manifest(text: str) -> list[Wanted]:
    """The lines of the CSV; raises InputError naming the line that is wrong."""
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    if COLUMNS[0] not in (rows.fieldnames or ()):
        raise InputError(f"清单首行须为表头：{','.join(COLUMNS)}。")
    found = []
    try:
        for row in rows:
            values = {name: (row.get(name) or "").strip() for name in COLUMNS + FURTHER}
            if any(values.values()):
                found.append(_wanted(rows.line_num, values))
    except csv.Error as error:
        raise InputError(f"清单第 {rows.line_num} 行不是正确的 CSV：请检查引号。") from error
    if len(found) > MOST_LINES:
        raise InputError(f"清单超过 {MOST_LINES} 行：请分成几个批次。")
    return found


def _wanted(line: int, values: Mapping[str, str]) -> Wanted:
    if not values["文件名"]:
        raise InputError(f"清单第 {line} 行没有文件名：请补上。")

    def read(name: str, how: Callable[[str], Value], example: str) -> Value | None:
        try:
            return how(values[name]) if values[name] else None
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                f"清单第 {line} 行的{name}“{values[name]}”无法识别：请写成 {example}。"
            ) from error

    return Wanted(
        line=line,
        file=values["文件名"].replace("\\", "/"),
        institution=values["机构代码"],
        day=read("日期", _day, "2026-09-08"),
        at=read("开始时间", _clock, "09:00"),
        kind=read("类别", _KINDS.__getitem__, "周复盘会 或 月规划会"),
        part=read("段号", _part, f"1 到 {MOST_PARTS}"),
    )


def _part(text: str) -> int:
    part = int(text)
    if not 1 <= part <= MOST_PARTS:
        raise ValueError(text)
    return part


def _day(text: str) -> date:
    return date(*(int(part) for part in text.replace("/", "-").split("-")))  # spreadsheets write 2026/9/8


def _clock(text: str) -> time:
    return time.fromisoformat(text.replace("：", ":").zfill(5))


def match(
    recorded: Sequence[MatchedFile], wanted: Sequence[Wanted] | None, pattern: Pattern | None
) -> Matching:
    """The recordings that the manifest names, or all; of these, the ones whose name fits the pattern."""
    fits = [one for one in recorded if pattern is None or _fits(one, pattern)]
    if wanted is None:
        return Matching(matched=fits)
    by_name: dict[str, list[MatchedFile]] = defaultdict(list)
    for one in fits:
        by_name[one.file].append(one)
    result = Matching()
    for line in wanted:
        there = by_name.get(line.file, [])
        agreeing = [
            one for one in there if line.institution in ("", one.institution) and line.day in (None, one.day)
        ]
        meetings = {one.meeting or "" for one in agreeing}
        if len(meetings) == 1:
            result.matched.append(agreeing[0])
            continue
        result.unmatched.append(UnmatchedFile(line=line.line, file=line.file, reason=_why(there, meetings)))
    return result


def _fits(one: MatchedFile, pattern: Pattern) -> bool:
    said = pattern.read(one.file)
    return said is not None and said.day in (None, one.day)


def _why(there: Sequence[MatchedFile], meetings: set[str]) -> str:
    if not there:
        return "没有上传过这个文件名的录音，或不在所选月份、机构和通配范围内。"
    if meetings:
        return f"文件名属于多场会议（{'、'.join(sorted(meetings)[:5])}）：请填写机构代码和日期。"
    told = "、".join(f"{one.institution} {one.day}" for one in there[:3])
    return f"录音登记在 {told}，与清单的机构或日期不符：请核对。"

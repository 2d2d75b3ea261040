"""Which meetings lie in a folder, with their parts and facts, and what in it is none."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa_pipeline.errors import HuijianError, InputError
from qa_pipeline.pipeline import SOUND, TEXT

FACTS_SUFFIX = ".meeting.yaml"
LONGEST_NAME = 200
"""Bytes of a meeting's name; file systems allow 255, of which the kept files need some."""
DEFAULT_OUT = "huijian-results"
"""The output folder inside the folder of meetings, where none is given."""
LOG = "results.jsonl"
_HIDDEN = (".", "~$")
"""How names of files begin that nobody put there; Word's own beside an open file with the second."""
_PART = re.compile(r"(.+)\.part(\d+)", re.IGNORECASE)
ROW_BEGINS = b'{"key": "'
"""How a log of ours begins."""
KEPT = ("transcripts", "inspections")
"""The folders that a batch fills inside its output folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One meeting found in a folder: its files (parts in order, or one transcript) and its facts file."""

    name: str
    files: tuple[str, ...]
    facts: str | None


def meetings_in(
    folder: Path, *, out: Path | None = None
) -> tuple[tuple[Meeting, ...], tuple[tuple[str, str], ...]]:
    """The meetings of a folder and its subfolders, by name, and (file, reason) of what is left out of them;
    what earlier runs left in ``out`` or elsewhere in the folder is neither.

    ``NAME.part1.m4a, NAME.part2.m4a`` are parts of one meeting; ``NAME.meeting.yaml`` are its facts. A text
    file whose name starts with a recording's name is that recording's companion, not a meeting of its own.
    Left out are texts that are plainly no transcript, unless they have facts, and facts of no meeting.
    Raises InputError when the folder is not there or holds no meeting.
    """
    if folder.is_file():
        raise InputError(f"{folder} 是文件，不是文件夹：质检一场会议请用 huijian inspect {folder.name}。")
    if not folder.is_dir():
        raise InputError(f"找不到文件夹 {folder}；请检查路径。")
    found = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(_HIDDEN))
    logs = (p for p in found if p.name == LOG and _is_ours(p))
    outs = (folder / DEFAULT_OUT, *([out] if out else []), *(log.parent for log in logs))
    kept = {place.resolve() / name for place in outs for name in KEPT}
    files = [p for p in found if kept.isdisjoint(p.resolve().parents)]
    present = set(files)
    groups: dict[Path, list[Path]] = {}
    for path in files:
        if path.suffix.lower() in SOUND:
            part = _PART.fullmatch(path.stem)
            groups.setdefault(path.with_name(part[1] if part else path.stem), []).append(path)
    recorded = tuple(groups)
    left_out: dict[Path, str] = {}
    for path in files:
        if path.suffix.lower() in TEXT and not any(
            path.parent == name.parent and path.name.startswith(name.name + ".") for name in recorded
        ):
            name = path.with_suffix("")
            if _facts_of(name) not in present and (why := _why_no_meeting(path)):
                left_out[path] = why
            else:
                groups.setdefault(name, []).append(path)
    if not groups:
        told = "".join(f"（{path.name}：{why}）" for path, why in list(left_out.items())[:1])
        raise InputError(f"{folder} 里没有录音或文字稿{told}；支持 {'、'.join(sorted(SOUND | TEXT))}。")
    used = {_facts_of(name) for name in groups}
    for path in folder.rglob("*.meeting.y*ml"):
        if path not in used:
            left_out[path] = f"没有与它同名的录音或文字稿，请改名为“录音名{FACTS_SUFFIX}”后再运行"
    meetings = tuple(
        Meeting(
            name=str(_fitting(name.relative_to(folder))),
            files=tuple(str(p) for p in sorted(parts, key=_part_number)),
            facts=str(facts) if (facts := _facts_of(name)) in present else None,
        )
        for name, parts in sorted(groups.items())
    )
    return meetings, tuple(sorted((str(path.relative_to(folder)), why) for path, why in left_out.items()))


def _facts_of(name: Path) -> Path:
    return Path(str(name) + FACTS_SUFFIX)


def _why_no_meeting(path: Path) -> str | None:
    """None for what is a transcript, and for what may be a damaged one: reading it tells what is wrong."""
    from qa_pipeline.report.explain import read_result
    from qa_pipeline.transcript.formats import MAX_BYTES, holds_talk

    try:
        if path.suffix.lower() in (".txt", ".docx") and not holds_talk(path):
            return "里面没有带时间的发言；若是文字稿，请每段发言以时间开头，例如“00:12:31 张三：……”"
        if path.suffix.lower() == ".json" and path.stat().st_size <= MAX_BYTES and read_result(path):
            return "这是质检结果，不是会议"
    except (HuijianError, OSError):
        pass
    return None


def _is_ours(log: Path) -> bool:
    try:
        with log.open("rb") as file:
            return file.read(len(ROW_BEGINS)) == ROW_BEGINS
    except OSError:
        return False


def _fitting(name: Path) -> Path:
    """The name, cut where files named after it would be refused, with a hash to keep it apart from others."""
    whole = name.name.encode()
    if len(whole) <= LONGEST_NAME:
        return name
    mark = hashlib.sha256(whole).hexdigest()[:8]
    return name.with_name(f"{whole[: LONGEST_NAME - 9].decode(errors='ignore')}~{mark}")


def _part_number(path: Path) -> tuple[int, str]:
    part = _PART.fullmatch(path.stem)
    return (int(part[2]) if part else 0, path.name)


def require_whole(files: Sequence[Path]) -> None:
    """Raise InputError for several files that are not the parts of one meeting, and for parts of which one is
    missing: joined, they would be judged as a meeting that nobody held."""
    numbers = [int(part[2]) for file in files if (part := _PART.fullmatch(file.stem))]
    if len(files) > 1 and len(set(numbers)) < len(files):
        named = "、".join(file.name for file in files)
        raise InputError(
            f"{named} 同名：是同一段的几种格式，请只留一份；"
            "是同一场的几段，请改名为“名称.part1”“名称.part2”……。"
        )
    missing = sorted({*range(1, max(numbers, default=0))} - set(numbers))
    if missing:
        told = "、".join(map(str, missing[:3])) + ("等" if len(missing) > 3 else "")
        raise InputError(
            f"有第 {max(numbers)} 段而缺第 {told} 段：请补上；没有这一段的，请把各段从 part1 起依次改名。"
        )

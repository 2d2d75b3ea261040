"""An archive of inspections: meetings as they were stored, ready to be scored again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa_pipeline.errors import RubricError, reason
from qa_pipeline.values.chapters import Chapters
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.findings import Findings
from qa_pipeline.values.transcript import Transcript

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One meeting of an archive: everything that scoring needs, nothing is read or transcribed again."""

    name: str
    transcript: Transcript
    chapters: Chapters
    findings: Findings
    facts: MeetingFacts


PARTS = ("transcript", "chapters", "findings", "facts")


def read_archive(path: Path) -> Iterator[Stored]:
    """Stored meetings: the ``*.json`` of a folder (of its ``inspections`` where a batch wrote it), one
    ``.json``, or one meeting a line in ``.jsonl``.

    An entry holds ``transcript``, ``chapters``, ``findings`` and ``facts`` as their value types; a bare
    transcript is read anew, with the facts of ``NAME.meeting.yaml`` beside it.
    Raises RubricError naming the file and line that cannot be used.
    """
    if not path.exists():
        raise RubricError(f"找不到档案 {path}，请给出存有质检结果的文件夹或 .json、.jsonl 文件。")
    folder = path / "inspections" if (path / "inspections").is_dir() else path
    files = sorted([*folder.rglob("*.json"), *folder.rglob("*.jsonl")]) if path.is_dir() else [path]
    if not files:
        raise RubricError(f"档案 {path} 里没有 .json 或 .jsonl 文件。")
    for file in files:
        yield from _entries(file)


def _entries(file: Path) -> Iterator[Stored]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise RubricError(f"档案 {file} 读不出来（{reason(error)}）：请检查路径和权限。") from error
    except UnicodeDecodeError as error:
        raise RubricError(f"档案 {file} 不是 UTF-8 文本：请给出质检结果的 JSON。") from error
    facts = file.with_name(f"{file.stem}.meeting.yaml")
    if file.suffix == ".jsonl":
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield _entry(line, where=f"{file}:{number}", name=f"{file.stem}#{number}", facts=facts)
    else:
        yield _entry(text, where=str(file), name=file.stem, facts=facts)


@cache
def _adapter(part: Any) -> TypeAdapter[Any]:
    """Built once: a validator costs more than the meeting it validates."""
    from pydantic import TypeAdapter

    return TypeAdapter(part)


def _entry(text: str, *, where: str, name: str, facts: Path) -> Stored:
    from pydantic import ValidationError

    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise RubricError(
            f"档案 {where} 不是合法的 JSON（第 {error.lineno} 行第 {error.colno} 列）。"
        ) from error
    if isinstance(data, dict) and "utterances" in data:
        return _read_anew(text, name=name, facts=facts)
    if not isinstance(data, dict) or any(part not in data for part in PARTS):
        lacking = [part for part in PARTS if not isinstance(data, dict) or part not in data]
        raise RubricError(f"档案 {where} 缺少 {'、'.join(lacking)}，请用 huijian batch 存下的 inspections。")
    try:
        return Stored(
            name=str(data.get("name") or name),
            transcript=_adapter(Transcript).validate_python(data["transcript"]),
            chapters=_adapter(Chapters).validate_python(data["chapters"]),
            findings=_adapter(Findings).validate_python(data["findings"]),
            facts=_adapter(MeetingFacts).validate_python(data["facts"]),
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise RubricError(f"档案 {where} 的「{place}」不合格式，请用同一版本的 huijian 重新导出。") from error


def _read_anew(text: str, *, name: str, facts: Path) -> Stored:
    from qa_pipeline.chapters import infer_kind, segment
    from qa_pipeline.facts import read_facts
    from qa_pipeline.findings import find
    from qa_pipeline.transcript.cleanup import clean
    from qa_pipeline.transcript.formats import from_json

    known = read_facts(facts) if facts.is_file() else MeetingFacts()
    transcript = clean(from_json(text), people=known.people)
    if known.kind is None:
        known = replace(known, kind=infer_kind(transcript)[0])
    chapters = segment(transcript, kind=known.kind)
    return Stored(
        name=name,
        transcript=transcript,
        chapters=chapters,
        findings=find(transcript, chapters, known),
        facts=known,
    )

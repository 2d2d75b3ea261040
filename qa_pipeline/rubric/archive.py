"""An archive of inspections: meetings as they were stored, ready to be scored again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qa_pipeline.errors import RubricError
from qa_pipeline.values import Chapters, Findings, MeetingFacts, Transcript


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
    """Stored inspections: ``*.json`` of a folder, one ``.json``, or one meeting a line in ``.jsonl``.

    An entry holds ``transcript``, ``chapters``, ``findings`` and ``facts`` as their value types.
    Raises RubricError naming the file and line that cannot be used.
    """
    if not path.exists():
        raise RubricError(f"找不到档案 {path}，请给出存有质检结果的文件夹或 .json、.jsonl 文件。")
    files = sorted([*path.rglob("*.json"), *path.rglob("*.jsonl")]) if path.is_dir() else [path]
    if not files:
        raise RubricError(f"档案 {path} 里没有 .json 或 .jsonl 文件。")
    for file in files:
        yield from _entries(file)


def _entries(file: Path) -> Iterator[Stored]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RubricError(f"档案 {file} 读不出来：{error}。") from error
    if file.suffix == ".jsonl":
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield _entry(line, where=f"{file}：{number}", name=f"{file.stem}#{number}")
    else:
        yield _entry(text, where=str(file), name=file.stem)


def _entry(text: str, *, where: str, name: str) -> Stored:
    from pydantic import TypeAdapter, ValidationError

    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise RubricError(
            f"档案 {where} 不是合法的 JSON（第 {error.lineno} 行第 {error.colno} 列）。"
        ) from error
    if not isinstance(data, dict) or any(part not in data for part in PARTS):
        lacking = [part for part in PARTS if not isinstance(data, dict) or part not in data]
        raise RubricError(f"档案 {where} 缺少 {'、'.join(lacking)}，请用 huijian inspect --json 的完整结果。")
    try:
        return Stored(
            name=str(data.get("name") or name),
            transcript=TypeAdapter(Transcript).validate_python(data["transcript"]),
            chapters=TypeAdapter(Chapters).validate_python(data["chapters"]),
            findings=TypeAdapter(Findings).validate_python(data["findings"]),
            facts=TypeAdapter(MeetingFacts).validate_python(data["facts"]),
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise RubricError(f"档案 {where} 的「{place}」不合格式，请用同一版本的 huijian 重新导出。") from error

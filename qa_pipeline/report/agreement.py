"""Machine against people from files: results of inspections beside scores that people gave."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qa_pipeline.agreement import ENERGY, VERDICT, Difference, Judged, by_item
from qa_pipeline.errors import InputError
from qa_pipeline.names import VERDICTS
from qa_pipeline.report.explain import read_result
from qa_pipeline.values.vocabulary import Verdict

if TYPE_CHECKING:
    from rich.console import Console

_VERDICTS: Final = {
    **{one.value: one.value for one in Verdict},
    **{name: one.value for one, name in VERDICTS.items()},
}
_TOTALS: Final = {
    "": ENERGY,
    "能量值": ENERGY,
    "总分": ENERGY,
    ENERGY: ENERGY,
    "结论": VERDICT,
    VERDICT: VERDICT,
}
_COLUMNS: Final = {
    "meeting": ("meeting", "会议"),
    "item": ("item", "项", "评分项"),
    "score": ("score", "得分", "分数", "human", "人工"),
    "machine": ("machine", "机器"),
    "max": ("max", "满分"),
}
_NO_POINTS: Final = ("", "unknown", "未知", "not_applicable", "不适用")
"""What stands in a table for points that a side did not give."""
_WHOLE: Final = Decimal(100)
"""The highest energy score."""
_ZIP: Final = b"PK\x03\x04"
"""How an Excel file begins."""

Row = Mapping[str, str]


def from_files(results: Path, human: Path | None) -> tuple[list[Judged], tuple[str, ...]]:
    """What both judged, and the meetings of ``human`` that have no result.

    ``results``: a folder or file of results (JSON, or a batch's results.jsonl) with the people's scores in
    ``human`` (CSV or JSONL: meeting, item, score), or without ``human`` one table that holds both (meeting,
    item, machine, human, and max where statuses are to be compared).

    A meeting is named by its result's file. Raises InputError naming file and line.
    """
    if human is None:
        if results.is_dir() or results.suffix.lower() == ".json" or results.name == "results.jsonl":
            raise InputError(f"{results} 是质检结果：请用 --human 给出人工评分的表（meeting、item、score）。")
        return [_both(row, where) for where, row in _table(results)], ()
    found = dict(_results(results))
    if not found:
        raise InputError(f"{results} 里没有质检结果：请给出 huijian inspect --json 或 batch 写的结果。")
    judged, strange = list[Judged](), dict[str, None]()
    for where, row in _table(human):
        name = _cell(row, "meeting", where)
        result = found.get(name)
        if result is None:
            strange[name or "（没有写会议名）"] = None
        else:
            judged.append(_against(result, row, where, name))
    if not judged:
        raise InputError(
            f"{human.name} 里的会议（{'、'.join([*strange][:3])}）都没有质检结果："
            f"会议名要与结果文件名一致，如 {next(iter(found))}。"
        )
    return judged, tuple(strange)


def render(judged: Sequence[Judged], console: Console, *, confirmed: bool = False) -> None:
    """The table: one row an item, and what the figures mean; ``confirmed``: of what reviewers confirmed or
    changed alone."""
    from rich.table import Table

    table = Table(title="机器与人工的一致程度", title_justify="left")
    for heading in ("项", "场次", "未计入", "相同", "kappa", "平均绝对分差", "平均分差", "95% 一致性界限"):
        table.add_column(heading, justify="left" if heading == "项" else "right", overflow="fold")
    names = {ENERGY: "能量值", VERDICT: "结论"}
    rows = by_item(judged)
    for row in rows:
        share = "–" if row.agreement is None else f"{row.agreement:.0%}"
        beyond = "–" if row.kappa is None else f"{row.kappa:.2f}"
        counts = str(row.judged), str(row.left_open)
        table.add_row(names.get(row.item, row.item), *counts, share, beyond, *_apart(row.difference))
    console.print(table)
    console.print(
        f"共 {len({one.meeting for one in judged})} 场会议。kappa 为 Cohen’s kappa（扣除偶然一致）；"
        "分差为机器减人工；界限为 Bland–Altman 法，95% 的分差落在其间。",
        highlight=False,
    )
    left = {row.item: row.left_open for row in rows}
    if verdicts := left.pop(VERDICT, 0):
        console.print(
            f"另有 {verdicts} 场的结论是待人工复核，没有结论可比，不计入结论一行。", highlight=False
        )
    if scores := sum(left.values()):
        told = f"另有 {scores} 项次一方没有给分（未知或不适用），没有分数可比：逐项见“未计入”一列。"
        console.print(told, highlight=False)
    if confirmed:
        console.print("逐项只计复核人确认过或改过的项；没有表态的不算一致，不计入。", highlight=False)


def _apart(found: Difference | None) -> tuple[str, str, str]:
    if found is None:
        return "–", "–", "–"
    limits = "–" if found.low is None else f"{found.low:+.1f} ~ {found.high:+.1f}"
    return f"{found.absolute:.1f}", f"{found.bias:+.1f}", limits


# ---------------------------------------------------------------- reading


def _results(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if path.is_dir():
        log = path / "results.jsonl"
        if log.is_file():
            yield from _results(log)
            return
        for file in sorted(path.glob("*.json")):
            yield file.stem, read_result(file)
    elif path.suffix.lower() == ".jsonl":
        for where, row in _json_lines(path):
            if "result" in row:
                yield str(row.get("name", where)), row["result"]
    else:
        yield path.stem, read_result(path)


def _table(path: Path) -> list[tuple[str, Row]]:
    """(where, row) of a CSV or JSONL file, which judges nothing twice."""
    rows = list(_rows(path))
    if not rows:
        raise InputError(f"{path.name} 是空的，没有一行评分：请核对。")
    judged: dict[tuple[str, str], str] = {}
    for where, row in rows:
        meeting, item = _cell(row, "meeting", where), _cell(row, "item", where)
        before = judged.setdefault((meeting, _item(item)), where)
        if before != where:
            raise InputError(f"{where}重复了 {before}的 {meeting} {item}：请只留一行。")
    return rows


def _rows(path: Path) -> Iterator[tuple[str, Row]]:
    if path.suffix.lower() == ".jsonl":
        for where, row in _json_lines(path):
            yield where, {str(k): "" if v is None else str(v) for k, v in row.items()}
        return
    reader = csv.DictReader(io.StringIO(_text(path)))
    for line in reader:
        row = {k: (v or "").strip() for k, v in line.items() if k}
        if any(row.values()):  # a spreadsheet ends its tables with lines of commas
            yield f"{path.name} 第 {reader.line_num} 行", row


def _json_lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path.name} 第 {number} 行"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{where}不是合法的 JSON：请核对。") from error
        if not isinstance(row, dict):
            raise InputError(f"{where}不是「键: 值」的对象：请核对。")
        yield where, row


def _text(path: Path) -> str:
    """As spreadsheets save it: UTF-8, or GB18030."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"读不到 {path}：请核对路径。") from error
    if not content.startswith(_ZIP):
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                continue
    raise InputError(f"{path.name} 不是文本文件：请另存为 CSV 后重试。")


def _cell(row: Row, column: str, where: str, *, needed: bool = True) -> str:
    for name in _COLUMNS[column]:
        if name in row:
            return row[name].strip()
    if needed:
        raise InputError(f"{where}缺少「{_COLUMNS[column][0]}」一列：表头应有 meeting、item、score。")
    return ""


def _number(text: str, where: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise InputError(f"{where}的分数「{text}」不是数字：请核对。")
    return value


def _require_within(score: Decimal, most: Decimal, where: str) -> None:
    if not 0 <= score <= most:
        raise InputError(f"{where}的分数 {score} 不在 0 到 {most.normalize():f} 之间：请核对。")


def _both(row: Row, where: str) -> Judged:
    meeting, item = _cell(row, "meeting", where), _item(_cell(row, "item", where))
    machine, person = _cell(row, "machine", where), _cell(row, "score", where)
    if item == VERDICT:
        return Judged(meeting=meeting, item=item, words=(_verdict(machine, where), _verdict(person, where)))
    if machine in _NO_POINTS or person in _NO_POINTS:
        return Judged(meeting=meeting, item=item)
    scores = (_number(machine, where), _number(person, where))
    if item == ENERGY:
        for score in scores:
            _require_within(score, _WHOLE, where)
    most = _cell(row, "max", where, needed=False)
    words = _statuses(scores, _number(most, where)) if most else None
    return Judged(meeting=meeting, item=item, words=words, scores=scores)


def _against(result: Mapping[str, Any], row: Row, where: str, meeting: str) -> Judged:
    item, given = _item(_cell(row, "item", where)), _cell(row, "score", where)
    if item == VERDICT:
        return Judged(meeting=meeting, item=item, words=(result["verdict"], _verdict(given, where)))
    if item == ENERGY and given in _NO_POINTS:
        return Judged(meeting=meeting, item=item)
    if item == ENERGY:
        energy, person = result["energy_score"], _number(given, where)
        _require_within(person, _WHOLE, where)
        scores = None if energy is None else (Decimal(str(energy)), person)
        return Judged(meeting=meeting, item=item, scores=scores)
    found = next((one for one in result["items"] if one["id"] == item), None)
    if found is None:
        ids = "、".join(one["id"] for one in result["items"])
        raise InputError(f"{where}的评分项「{item}」不在 {meeting} 的结果里：可用的有 {ids}。")
    if given in _NO_POINTS:
        return Judged(meeting=meeting, item=item)
    person, most = _number(given, where), Decimal(str(found["max"]))
    _require_within(person, most, where)
    if found["level"] is None:
        # The machine did not know: kept, so that it is told how often.
        return Judged(meeting=meeting, item=item, words=(found["status"], _status(person, most)))
    scores = (Decimal(str(found["score"])), person)
    return Judged(meeting=meeting, item=item, words=_statuses(scores, most), scores=scores)


def _item(text: str) -> str:
    return _TOTALS.get(text, text)


def _verdict(text: str, where: str) -> str:
    if text not in _VERDICTS:
        raise InputError(f"{where}的结论「{text}」不认识：请写 合格、不合格 或 待人工复核。")
    return _VERDICTS[text]


def _statuses(scores: Iterable[Decimal], most: Decimal) -> tuple[str, str]:
    machine, person = (_status(score, most) for score in scores)
    return machine, person


def _status(score: Decimal, most: Decimal) -> str:
    """Full, partial or missed, as items have it."""
    return "full" if score >= most else "partial" if score > 0 else "missed"

"""A batch as one spreadsheet: a row a meeting, averages by institution, and what could not be inspected."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qa_pipeline.files import write_atomically
from qa_pipeline.names import DIMENSIONS, KINDS, STATUSES, THEMES, VERDICTS
from qa_pipeline.report.wording import COMPLIANCE, GATES, ITEM_STATUSES, OUTCOMES, critical_kind
from qa_pipeline.values.vocabulary import Dimension, MeetingKind, Outcome, Status, Theme, Verdict
from qa_pipeline.values.written import clock

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

Row = Mapping[str, Any]
CELL_LIMIT: Final = 32_000
"""Excel holds 32,767 characters a cell."""
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_TONES: Final = {
    VERDICTS[Verdict.QUALIFIED]: "E3F1E7",
    VERDICTS[Verdict.NOT_QUALIFIED]: "F8E1DF",
    VERDICTS[Verdict.NEEDS_REVIEW]: "FBEFD5",
}
_UNFINISHED: Final = {"failed": "失败", "skipped": "跳过"}


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    width: float
    number_format: str = ""


def write_workbook(rows: Sequence[Row], path: Path | str) -> None:
    """Write the batch's rows as XLSX; raises OutputError.

    A row is ``{"name", "status": "done", "result": to_json(...)}`` or, with status ``failed`` or ``skipped``,
    ``{"name", "status", "error"}``. Text that a spreadsheet could take for a formula is stored as text.
    """
    from openpyxl import Workbook

    done = [row for row in rows if row.get("status") == "done"]
    others = [row for row in rows if row.get("status") != "done"]
    book = Workbook()
    book.remove(book.worksheets[0])
    _meetings(book.create_sheet("会议"), done)
    _institutions(book.create_sheet("机构均分"), done)
    _unfinished(book.create_sheet("未完成"), others)
    if any(row["result"].get("followed") for row in done):
        _followed(book.create_sheet("上次承诺"), done)
    buffer = io.BytesIO()
    book.save(buffer)
    write_atomically(path, buffer.getvalue())


def _meetings(sheet: Worksheet, rows: Sequence[Row]) -> None:
    items = _items(rows)
    columns = [
        _Column("文件", 24),
        _Column("机构", 22),
        _Column("会议", 10),
        _Column("主题", 12),
        _Column("日期", 12, "yyyy-mm-dd"),
        _Column("场次", 13),
        _Column("能量值", 8, "0.00"),
        _Column("下限", 7, "0.00"),
        _Column("上限", 7, "0.00"),
        _Column("合格线", 7, "0"),
        _Column("结论", 11),
        *(
            column
            for name in COMPLIANCE.values()
            for column in (_Column(name, 9), _Column(f"{name}·原因", 34))
        ),
        _Column(GATES, 30),
        *(_Column(name, 11, "0.0") for name in DIMENSIONS.values()),
        *(_Column(f"{key} {label}", 11, "0.0") for key, label in items.items()),
        _Column("时长（分）", 9, "0.0"),
        _Column("行动项", 7, "0"),
        _Column("提醒", 40),
        _Column("评分标准", 30),
    ]
    _head(sheet, columns)
    for number, row in enumerate(rows, 2):
        _put(sheet, number, columns, _meeting(row, items))
    _finish(sheet, columns, pinned="B2")
    verdict = next(i for i, column in enumerate(columns, 1) if column.heading == "结论")
    _tint(sheet, verdict)


def _meeting(row: Row, items: Mapping[str, str]) -> list[Any]:
    result = row["result"]
    facts = result.get("facts") or {}
    scores = {item["id"]: item for item in result["items"]}
    dimensions = result["dimensions"]
    low, high = result["band"]
    return [
        row["name"],
        facts.get("institution"),
        _named(KINDS, MeetingKind, facts.get("kind")),
        _named(THEMES, Theme, facts.get("theme")),
        date.fromisoformat(facts["meeting_date"]) if facts.get("meeting_date") else None,
        result.get("slot"),
        result["energy_score"],
        low,
        high,
        result.get("pass_line"),
        _named(VERDICTS, Verdict, result["verdict"]),
        *(
            value
            for key in COMPLIANCE
            for value in (
                _named(STATUSES, Status, result["compliance"][key]["status"]),
                result["compliance"][key]["reason"],
            )
        ),
        "；".join(
            f"{critical_kind(review=gate['review'])}·{gate['label']}：{gate['reason']}"
            for gate in result.get("criticals", ())
        ),
        *(dimensions.get(d.value, {}).get("score") for d in Dimension),
        *(_score(scores.get(key)) for key in items),
        result["duration"] / 60 if result.get("duration") is not None else None,
        len(result.get("actions", ())),
        "；".join(result.get("warnings", ())),
        result.get("versions", {}).get("rubric"),
    ]


def _score(item: Mapping[str, Any] | None) -> Any:
    if item is None:
        return None
    return item["score"] if item["level"] is not None else ITEM_STATUSES.get(item["status"], item["status"])


def _institutions(sheet: Worksheet, rows: Sequence[Row]) -> None:
    """Averages over the meetings in which an item counted, as the share of its maximum."""
    items = _items(rows)
    columns = [
        _Column("机构", 24),
        _Column("场数", 7, "0"),
        _Column("平均能量值", 11, "0.00"),
        _Column("合格场数", 9, "0"),
        _Column("合格率", 8, "0.0%"),
        *(_Column(f"{key} {label}", 11, "0%") for key, label in items.items()),
    ]
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault((row["result"].get("facts") or {}).get("institution") or "未注明机构", []).append(
            row
        )
    _head(sheet, columns)
    for number, name in enumerate(sorted(groups), 2):
        _put(sheet, number, columns, [name, *_averages(groups[name], items)])
    if len(groups) > 1:
        _put(sheet, len(groups) + 2, columns, ["全部", *_averages(rows, items)])
    _finish(sheet, columns, pinned="B2")


def _averages(rows: Sequence[Row], items: Mapping[str, str]) -> list[Any]:
    results = [row["result"] for row in rows]
    qualified = sum(result["verdict"] == Verdict.QUALIFIED.value for result in results)
    return [
        len(results),
        _mean(r["energy_score"] for r in results if r["energy_score"] is not None),
        qualified,
        qualified / len(results),
        *(
            _mean(
                item["level"]
                for result in results
                for item in result["items"]
                if item["id"] == key and item["level"] is not None
            )
            for key in items
        ),
    ]


def _unfinished(sheet: Worksheet, rows: Sequence[Row]) -> None:
    columns = [_Column("文件", 30), _Column("情况", 8), _Column("原因", 90)]
    _head(sheet, columns)
    for number, row in enumerate(rows, 2):
        status = str(row.get("status", ""))
        _put(sheet, number, columns, [row["name"], _UNFINISHED.get(status, status), row.get("error")])
    _finish(sheet, columns, pinned="A2")


def _followed(sheet: Worksheet, rows: Sequence[Row]) -> None:
    """A row a commitment of an earlier meeting, and what its meeting says of it."""
    columns = [
        _Column("文件", 24),
        _Column("事项", 40),
        _Column("谁", 11),
        _Column("期限", 12),
        _Column("结果", 9),
        _Column("原话与时间", 70),
    ]
    _head(sheet, columns)
    found = [(row["name"], one) for row in rows for one in row["result"].get("followed", ())]
    for number, (name, one) in enumerate(found, 2):
        action = one["action"]
        values = [
            name,
            action["what"] or action["evidence"]["quote"],
            action["who"],
            action["due_date"] or action["due"],
            _named(OUTCOMES, Outcome, one["outcome"]),
            "\n".join(f"[{clock(piece['start'])}] {piece['quote']}" for piece in one["evidence"]),
        ]
        _put(sheet, number, columns, values)
    _finish(sheet, columns, pinned="A2")


def _items(rows: Sequence[Row]) -> dict[str, str]:
    """Every item of any meeting, in the order first met: id -> label."""
    found: dict[str, str] = {}
    for row in rows:
        for item in row["result"]["items"]:
            found.setdefault(item["id"], item["label"])
    return found


def _named(names: Mapping[Any, str], word: Any, value: str | None) -> str | None:
    """The Chinese name of an id; a word from a newer version is shown as it is."""
    if value is None:
        return None
    return names[word(value)] if value in set(word) else value


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None


# ---------------------------------------------------------------- cells


def _head(sheet: Worksheet, columns: Sequence[_Column]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    _put(sheet, 1, columns, [column.heading for column in columns])
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="2B6574")
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        cell.number_format = "General"
    sheet.row_dimensions[1].height = 32


def _put(sheet: Worksheet, number: int, columns: Sequence[_Column], values: Sequence[Any]) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment

    for index, (column, value) in enumerate(zip(columns, values, strict=True), 1):
        cell = sheet.cell(row=number, column=index)
        if isinstance(value, str):
            text = ILLEGAL_CHARACTERS_RE.sub("", value)[:CELL_LIMIT]
            cell.value = text
            # Never a formula: stored as a string, and quoted so that editing or saving as CSV keeps it one.
            cell.data_type = "s"
            cell.quotePrefix = text.startswith(_FORMULA_STARTS)
            cell.alignment = Alignment(vertical="top", wrap_text=column.width >= 20)
        else:
            cell.value = value
            cell.alignment = Alignment(vertical="top")
            if column.number_format:
                cell.number_format = column.number_format


def _finish(sheet: Worksheet, columns: Sequence[_Column], *, pinned: str) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    for index, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(index)].width = column.width
    sheet.freeze_panes = pinned
    sheet.auto_filter.ref = sheet.dimensions
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"


def _tint(sheet: Worksheet, column: int) -> None:
    from openpyxl.styles import PatternFill

    for (cell,) in sheet.iter_rows(min_row=2, min_col=column, max_col=column):
        tone = _TONES.get(str(cell.value))
        if tone:
            cell.fill = PatternFill("solid", fgColor=tone)

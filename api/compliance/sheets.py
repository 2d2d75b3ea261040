"""The compliance table as CSV and XLSX, a row a slot, with Chinese headings."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from models.meetings.compliance import SLOT_STATES, InstitutionMonth
from qa_pipeline.names import STATUSES, THEMES, VERDICTS

HEADINGS: Final = (
    *("月份", "机构代码", "机构", "场次", "主题", "最早日期", "最晚日期", "状态", "会议", "召开日"),
    *("结论", "按时召开", "按人到位", "按质达标", "能量值", "录音重复"),
)
WIDTHS: Final = (10, 14, 24, 8, 14, 12, 12, 10, 24, 12, 14, 10, 10, 10, 10, 10)
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def rows(table: Sequence[InstitutionMonth], month: date) -> Iterator[list[Any]]:
    for line in table:
        for slot in line.slots:
            verdicts = (slot.on_time, slot.on_roster, slot.on_quality)
            yield [
                f"{month:%Y-%m}",
                _text(line.code),
                _text(line.name),
                slot.name.value,
                THEMES[slot.theme],
                slot.earliest,
                slot.latest,
                SLOT_STATES[slot.state],
                _text(slot.meeting or ""),
                slot.held_on,
                VERDICTS[slot.verdict] if slot.verdict else "",
                *(STATUSES[status] if status else "" for status in verdicts),
                slot.energy_score,
                "是" if slot.duplicate_recording else "",
            ]


def as_csv(table: Sequence[InstitutionMonth], month: date) -> bytes:
    """UTF-8 with a mark at the start, by which spreadsheets know it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    writer.writerows(rows(table, month))
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(table: Sequence[InstitutionMonth], month: date) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet(f"合规 {month:%Y-%m}")
    sheet.freeze_panes = "D2"
    for number, width in enumerate(WIDTHS):
        sheet.column_dimensions[chr(ord("A") + number)].width = width
    head = [WriteOnlyCell(sheet, value=heading) for heading in HEADINGS]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    for row in rows(table, month):
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _text(value: str) -> str:
    """Text that a spreadsheet would take for a formula is led by an apostrophe."""
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value

"""Templates to fill in, and the tables as files, in the form in which they can be taken again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from models.base import EVERYWHERE, Subtree
from models.customers.names import CustomerNameRepository, Masking, masking
from models.exchange.cells import CELLS_KEPT, FORMULA_STARTS, QUOTE, choices, masked, show
from models.exchange.entities import SHEETS
from models.exchange.reading import HELP_SHEET, letter
from models.exchange.references import References, in_parts, naming
from models.exchange.sheets import Column, Sheet, Value

ROWS_AT_ONCE: Final = 5000
FILLED_ROWS: Final = 5000
"""Rows of a template whose cells offer their choices."""
REQUIRED: Final = "*"


def mask_in(session: Session, within: Subtree) -> Masking:
    """How sentences in an export of the subtree are masked."""
    return lru_cache(maxsize=CELLS_KEPT)(masking(CustomerNameRepository(session, within=within).names()))


def rows(
    session: Session, sheet: Sheet, *, within: Subtree = EVERYWHERE, free: Masking | None
) -> Iterator[tuple[Value | None, ...]]:
    """The rows of a sheet as cells show them, in the order in which they were written.

    ``free`` is `mask_in` for the same subtree; None: nothing is masked.
    """
    table: Table = sheet.table.__table__  # type: ignore[assignment]
    query = select(*(table.columns[c.field] for c in sheet.columns)).order_by(*table.primary_key.columns)
    query = query.where(References(session, within).inside(sheet))
    known: dict[str, dict[int, str]] = {}
    result = session.execute(query.execution_options(yield_per=ROWS_AT_ONCE))
    for part in result.partitions():
        for place, column in enumerate(sheet.columns):
            if column.refers_to is not None:
                _learn_names(session, column.refers_to, {row[place] for row in part}, known)
        for row in part:
            yield tuple(
                _cell(column, value, known, free) for column, value in zip(sheet.columns, row, strict=True)
            )


def workbook(
    session: Session, sheets: Sequence[Sheet] = SHEETS, *, within: Subtree = EVERYWHERE, mask: bool = True
) -> bytes:
    """An Excel workbook with the rows of the sheets."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    free = mask_in(session, within) if mask else None
    book = Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(sheet.title)
        page.freeze_panes = "A2"
        page.append([column.header for column in sheet.columns])
        for row in rows(session, sheet, within=within, free=free):
            cells: list[Any] = []
            for value in row:
                text = ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value
                if isinstance(text, str) and text.startswith(("=", "#")):
                    text = WriteOnlyCell(page, text)
                    text.data_type = "s"  # never a formula or an error
                cells.append(text)
            page.append(cells)
    return _saved(book)


def csv_file(session: Session, sheet: Sheet, *, within: Subtree = EVERYWHERE, mask: bool = True) -> bytes:
    """The rows of one sheet as CSV, in UTF-8 with the mark by which Excel knows it."""
    free = mask_in(session, within) if mask else None
    return _csv(sheet, rows(session, sheet, within=within, free=free))


def template(sheets: Sequence[Sheet] = SHEETS) -> bytes:
    """A workbook to fill in: headings with what they mean, choices to pick, and a page with examples."""
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Font, PatternFill
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    guide = book.active
    guide.title = HELP_SHEET
    guide.append(["表", "列", "必填", "说明", "示例"])
    for sheet in sheets:
        page = book.create_sheet(sheet.title)
        page.freeze_panes = "A2"
        for place, column in enumerate(sheet.columns, 1):
            heading = page.cell(1, place, column.header + (REQUIRED if column.required else ""))
            heading.font = Font(bold=True)
            heading.fill = PatternFill("solid", fgColor="DDE8F3" if column.required else "F2F2F2")
            heading.comment = Comment(_meaning(column, sheet), "会鉴")
            page.column_dimensions[letter(place)].width = max(12, 2 * len(column.header) + 4)
            if offered := choices(column.kind):
                rule = DataValidation("list", formula1=f'"{",".join(offered)}"', allow_blank=True)
                rule.add(f"{letter(place)}2:{letter(place)}{FILLED_ROWS}")
                page.add_data_validation(rule)
            required = "是" if column.required else ""
            guide.append([sheet.title, column.header, required, _meaning(column, sheet), _example(column)])
    for name, width in zip("ABCDE", (16, 16, 6, 60, 24), strict=True):
        guide.column_dimensions[name].width = width
    for cell in guide[1]:
        cell.font = Font(bold=True)
    guide.freeze_panes = "A2"
    return _saved(book)


def csv_template(sheet: Sheet) -> bytes:
    """The headings of one sheet and an example row to write over, as CSV."""
    return _csv(sheet, [tuple(_example(column) for column in sheet.columns)])


def _example(column: Column) -> Value | None:
    return show(column, column.example)


def _meaning(column: Column, sheet: Sheet) -> str:
    parts = []
    if column.field in sheet.key:
        parts.append("与其他键列一起识别同一条记录" if len(sheet.key) > 1 else "识别同一条记录的编号")
    if column.refers_to is not None:
        referred = next((s.title for s in SHEETS if s.table.__tablename__ == column.refers_to), "")
        parts.append(f"须已在“{referred}”中")
    if offered := choices(column.kind):
        parts.append("可选：" + "、".join(offered))
    if column.places:
        parts.append(f"数字，最多 {column.places} 位小数")
    if not column.required:
        parts.append("可留空")
    return "；".join(parts) or "文字"


def _cell(column: Column, value: Any, known: dict[str, dict[int, str]], free: Masking | None) -> Value | None:
    if value is None:
        return None
    if column.refers_to is not None:
        name = known[column.refers_to].get(value, "")
        return name.split()[-1] if column.refers_to == "target" else name
    cell = show(column, value)
    if free is None or column.kind is not str or not isinstance(cell, str):
        return cell
    return masked(column, cell, free=free)


def _learn_names(
    session: Session, table: str, wanted: set[int | None], known: dict[str, dict[int, str]]
) -> None:
    names = known.setdefault(table, {})
    key, text, source = naming(table)
    for part in in_parts(sorted(k for k in wanted if k is not None and k not in names)):
        for found, name in session.execute(source.where(key.in_(part)).with_only_columns(key, text)):
            names[found] = name


def _csv(sheet: Sheet, lines: Iterator[tuple[Value | None, ...]] | list[tuple[Value | None, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.header for column in sheet.columns])
    for line in lines:
        writer.writerow(
            QUOTE + value if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
            for value in line
        )
    return text.getvalue().encode("utf-8-sig")


def _saved(book: Any) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()

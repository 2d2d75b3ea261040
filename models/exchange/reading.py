"""Rows out of an Excel workbook or a CSV file, each cell still as it was typed."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath
from typing import Final

from rapidfuzz import process

from models.exchange.entities import BY_TITLE, SHEETS
from models.exchange.sheets import Column, Sheet
from qa_pipeline.errors import InputError, SheetError

HELP_SHEET: Final = "填写说明"
MOST_ROWS: Final = 1_000_000
MOST_UNPACKED: Final = 512 * 1024**2
"""Bytes of a workbook's parts together: its texts are held in memory, at twice their size."""
ALWAYS_TAKEN: Final = 32 * 1024**2
"""Unpacked bytes up to which it does not matter how much smaller the file was."""
MOST_TIMES: Final = 100
"""How many times larger than the file a workbook becomes at most; those that people fill grow tenfold."""
TABLES: Final = frozenset({".xlsx", ".xlsm", ".csv", ".tsv", ".txt", ""})
"""How the name of a file with a table ends."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not empty. ``number`` counts from 1 as the spreadsheet shows it."""

    number: int
    cells: Mapping[str, object]
    """By field; only the columns that the file has."""


@dataclass(frozen=True, slots=True)
class FilledSheet:
    """The rows of one sheet of a file, or of JSON that another system sends."""

    sheet: Sheet
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    names: Mapping[str, str] | None = None
    """What each field is called in JSON; None: of a file, whose columns have letters."""


def read(content: bytes, *, file_name: str, entity: str | None = None) -> tuple[FilledSheet, ...]:
    """The sheets of a file, in the order in which they can be taken.

    ``entity`` is the title or name of the sheet that a CSV file holds; without it the file's name says so.
    Raises InputError for a file that is no table, SheetError for headings that no sheet has.
    """
    if not content:
        raise InputError(f"文件“{file_name}”是空的：请选择有内容的 Excel（.xlsx）或 CSV 文件。")
    if PurePath(file_name).suffix.lower() not in TABLES:
        raise InputError(f"“{file_name}”不是 Excel（.xlsx）或 CSV 文件：请另存为其中一种再导入。")
    if zipfile.is_zipfile(io.BytesIO(content)):
        found = [_headed(sheet_of(title), title, rows) for title, rows in _workbook(content, file_name)]
    else:
        title = entity or PurePath(file_name).stem
        found = [_headed(sheet_of(title), title, _csv(content, file_name))]
    problems = [problem for _, problem in found if problem]
    if problems:
        raise SheetError(problems)
    order = {sheet.name: i for i, sheet in enumerate(SHEETS)}
    filled = [sheet for sheet, _ in found if sheet is not None]
    return tuple(sorted(filled, key=lambda f: order[f.sheet.name]))


def sheet_of(title: str) -> Sheet:
    """The sheet with this title or name; raises InputError with the nearest title."""
    if sheet := BY_TITLE.get(title.strip()):
        return sheet
    titles = [sheet.title for sheet in SHEETS]
    near = process.extractOne(title, titles, score_cutoff=50)
    hint = f"是否指“{near[0]}”？" if near else f"可用的表：{'、'.join(titles)}。"
    raise InputError(f"没有名为“{title}”的表：{hint}")


def _workbook(content: bytes, file_name: str) -> Iterator[tuple[str, Iterable[tuple[object, ...]]]]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
    except zipfile.BadZipFile as error:
        raise _damaged(file_name) from error
    if unpacked > MOST_UNPACKED or unpacked > max(ALWAYS_TAKEN, MOST_TIMES * len(content)):
        raise InputError(
            f"文件“{file_name}”解压后有 {unpacked // 1024**2} MB，超出可读取的大小：请拆成几个文件后重试。"
        )
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except Exception as error:  # the library raises whatever the damaged part raised
        raise _damaged(file_name) from error
    for page in book.worksheets:
        if page.title != HELP_SHEET:
            page.reset_dimensions()  # files of other programs declare them wrongly
            yield page.title, page.iter_rows(values_only=True)


def _damaged(file_name: str) -> InputError:
    return InputError(f"无法读取“{file_name}”：不是完好的 Excel 文件，请另存为 .xlsx 后重试。")


def _csv(content: bytes, file_name: str) -> Iterator[tuple[object, ...]]:
    for encoding in ("utf-8-sig", "gb18030"):  # Excel for China saves CSV in the national encoding
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise InputError(f"无法读取“{file_name}”：请存为 UTF-8 编码的 CSV 或 Excel 文件。")
    if "\0" in text:
        raise InputError(f"无法读取“{file_name}”：不是 Excel（.xlsx）或 CSV 文件。")
    delimiter = "\t" if text.partition("\n")[0].count("\t") > text.partition("\n")[0].count(",") else ","
    try:
        yield from (tuple(row) for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InputError(f"无法读取“{file_name}”：CSV 的引号不成对，请检查后重试。") from error


def _headed(
    sheet: Sheet, title: str, lines: Iterable[tuple[object, ...]]
) -> tuple[FilledSheet | None, str | None]:
    """The sheet with its rows, or what is wrong with its heading."""
    numbered = enumerate(lines, 1)
    heading = next(((n, line) for n, line in numbered if not _is_empty(line)), None)
    if heading is None:
        return FilledSheet(sheet, (), ()), None
    headers = [str(cell).strip().rstrip("*") if cell is not None else "" for cell in heading[1]]
    while headers and not headers[-1]:
        headers.pop()
    known = {word: column for column in sheet.columns for word in (column.header, column.field)}
    for place, header in enumerate(headers, 1):
        if header not in known:
            near = process.extractOne(header, [c.header for c in sheet.columns], score_cutoff=40)
            hint = f"是否指“{near[0]}”？" if near else f"应为：{'、'.join(c.header for c in sheet.columns)}"
            return None, f"表“{title}”第 {heading[0]} 行第 {letter(place)} 列：没有名为“{header}”的列，{hint}"
    columns = [known[header] for header in headers]
    if doubled := {c.header for c in columns if columns.count(c) > 1}:
        return None, f"表“{title}”第 {heading[0]} 行：列“{'、'.join(sorted(doubled))}”出现了两次"
    missing = [c.header for c in sheet.columns if c.required and c not in columns]
    if missing:
        return None, f"表“{title}”第 {heading[0]} 行：缺少必填列 {'、'.join(missing)}"
    rows = tuple(
        Row(number, dict(zip((c.field for c in columns), line, strict=False)))
        for number, line in islice(numbered, MOST_ROWS + 1)
        if not _is_empty(line)
    )
    if len(rows) > MOST_ROWS:
        return None, f"表“{title}”超过 {MOST_ROWS} 行，请分成几个文件导入"
    return FilledSheet(sheet, tuple(columns), rows), None


def letter(place: int) -> str:
    """The letter of a spreadsheet column, counting from 1."""
    text = ""
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _is_empty(line: Iterable[object]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in line)

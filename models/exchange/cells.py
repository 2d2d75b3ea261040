"""One cell: from what a person typed to the value that the column holds, and back."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final, cast

from models.base import SHANGHAI
from models.customers.names import Masking
from models.exchange.sheets import Column, Value
from models.names import WORDS
from qa_pipeline.personal import STARRED, mask_personal

YES: Final = frozenset({"是", "有", "true", "yes", "y", "1", "√", "✓"})
NO: Final = frozenset({"否", "无", "没有", "false", "no", "n", "0", "×"})
EXACT_DIGITS: Final = 15
"""Excel keeps no more digits of a number: longer codes typed as numbers have lost their end."""

LARGEST: Final = 18
"""Digits of a whole number that a database keeps."""

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
QUOTE: Final = "'"
"""Stands before a text in a CSV file that a spreadsheet would otherwise take for a formula."""
MASK: Final = "*"
CELLS_KEPT: Final = 10_000
"""Different cells of a column whose meaning is kept."""

_MASKED: Final = re.compile(rf"{STARRED.pattern}|[\u4e00-\u9fff]\*+(?![*\d])")
"""What masking leaves of a number or of a customer's name in a sentence; times (陪访*2) are none."""
_DAY: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?|(\d{4})(\d{2})(\d{2})")
_MONTH: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?")
_CLOCK: Final = re.compile(r"(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?")


class CellError(ValueError):
    """What was typed is no value for the column; the message says why and what to write instead."""


def parse(column: Column, raw: object) -> Value | None:
    """The column's value for a cell of a file; None for an empty one. Raises CellError."""
    if isinstance(raw, str):
        raw = raw.replace("\u3000", " ").strip()
    if raw is None or raw == "":
        if column.required:
            raise CellError("不能为空")
        return None
    if column.refers_to is not None or column.kind is str:
        return _text(raw, column)
    if issubclass(column.kind, StrEnum):
        return _choice(raw, column.kind)
    if column.kind is bool:
        return _yes_or_no(raw)
    if column.kind is datetime:
        return _moment(raw)
    if column.kind is date:
        return _month(raw) if column.field == "month" else _day(raw)
    number = _number(raw)
    if column.kind is Decimal:
        return _rounded(number, column.places)
    if column.kind is int:
        if number != number.to_integral_value():
            raise CellError(f"“{raw}”不是整数")
        return int(number)
    return float(number)


def show(column: Column, value: Value | None) -> Value | None:
    """The value as a cell shows it: Chinese words for choices, Shanghai time without zone for moments."""
    if isinstance(value, StrEnum):
        return WORDS[type(value)][value]
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
    if isinstance(value, date) and column.field == "month":
        return f"{value:%Y-%m}"
    return value


def masked(column: Column, text: str, *, free: Masking = mask_personal) -> str:
    """The text as it may leave the house: a customer's name cut to its first character, numbers starred;
    ``free`` masks what people write in sentences."""
    if column.personal and column.field == "name":
        return text[:1] + MASK * 2
    if column.personal:
        return text[:3] + MASK * 4 + text[-4:] if len(text) > 7 else MASK * len(text)
    return free(text) if column.free else mask_personal(text)


def choices(kind: type[Value]) -> tuple[str, ...]:
    """The words a cell of this kind may hold, () when it is not a choice."""
    if kind is bool:
        return ("是", "否")
    return tuple(WORDS[kind].values()) if issubclass(kind, StrEnum) else ()


def _text(raw: object, column: Column) -> str:
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    if isinstance(raw, int) and len(str(abs(raw))) > EXACT_DIGITS:
        raise CellError("长数字已被表格软件改写，请把该列设为文本后重新填写")
    if isinstance(raw, datetime):
        raw = f"{raw:%Y-%m-%d}"
    text = str(raw)
    if text[:1] == QUOTE and text[1:2] in FORMULA_STARTS:
        text = text[1:]
    if (column.personal and MASK in text) or (column.free and _MASKED.search(text)):
        raise CellError("是隐去后的内容，不能导入；请用未隐去的原文")
    if column.refers_to is None and column.length is not None and len(text) > column.length:
        raise CellError(f"超过 {column.length} 个字")
    return text


def _choice(raw: object, kind: type[StrEnum]) -> StrEnum:
    for value, word in WORDS[kind].items():
        if str(raw) in (word, value.value):
            return cast(StrEnum, value)
    raise CellError(f"“{raw}”不在可选项中：{'、'.join(WORDS[kind].values())}")


def _yes_or_no(raw: object) -> bool:
    word = str(raw).lower()
    if word in YES or word in NO:
        return word in YES
    raise CellError(f"“{raw}”请填 是 或 否")


def _number(raw: object) -> Decimal:
    if isinstance(raw, bool | date):
        raise CellError(f"“{raw}”不是数字")
    text = str(raw).replace(",", "").replace("\uff0c", "").replace(" ", "")
    share = text.endswith(("%", "\uff05"))
    try:
        number = Decimal(text.rstrip("%\uff05"))
    except InvalidOperation:
        raise CellError(f"“{raw}”不是数字") from None
    if not number.is_finite():
        raise CellError(f"“{raw}”不是数字")
    if number.adjusted() >= LARGEST:  # before anybody counts with it: 1e999999 takes half a minute
        raise CellError("数字过大")
    return number / 100 if share else number


def _rounded(number: Decimal, places: int) -> Decimal:
    """The number with the places the column keeps; only the noise of binary fractions may be lost."""
    rounded = round(number, places)
    if abs(rounded - number) > Decimal("1e-9"):
        raise CellError(f"最多 {places} 位小数")
    if abs(rounded) >= Decimal(10) ** (LARGEST - places):
        raise CellError("数字过大")
    return rounded


def _day(raw: object) -> date:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    if found := _DAY.fullmatch(str(raw)):
        return _real_day(raw, *(int(part) for part in found.groups() if part))
    raise CellError(f"“{raw}”不是日期，请写成 2026-11-08")


def _month(raw: object) -> date:
    if found := _MONTH.fullmatch(str(raw)):
        return _real_day(raw, int(found[1]), int(found[2]), 1)
    day = _day(raw)
    if day.day != 1:
        raise CellError(f"“{raw}”不是月份，请写成 2026-11")
    return day


def _moment(raw: object) -> datetime:
    if isinstance(raw, datetime):
        return raw.replace(tzinfo=SHANGHAI)
    day, _, clock = str(raw).replace("T", " ").partition(" ")
    if found := _CLOCK.fullmatch(clock.strip()):
        hour, minute, second = (int(part or 0) for part in found.groups())
        try:
            return datetime.combine(_day(day), time(hour, minute, second), SHANGHAI)
        except ValueError:
            pass
    raise CellError(f"“{raw}”不是时间，请写成 2026-11-08 09:00")


def _real_day(raw: Any, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise CellError(f"“{raw}”不是有效的日期") from None

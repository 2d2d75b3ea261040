"""Lists in pages: a cursor that survives new rows, and the same envelope everywhere."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeDecorator

from qa_pipeline.errors import InputError

LARGEST: Final = 500
LONGEST_CURSOR: Final = 2000
"""Characters; three codes of 64 Chinese characters take less."""
_INVALID: Final = "游标无效：请原样带回上一页返回的 next。"
Item = TypeVar("Item")
Key = ColumnElement[Any] | InstrumentedAttribute[Any]

Limit = Annotated[int, Query(ge=1, le=LARGEST, description="每页条数")]
Cursor = Annotated[
    str | None, Query(max_length=LONGEST_CURSOR, description="上一页返回的 next，原样带回即得下一页")
]


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = Field(description="下一页的游标；没有下一页时为 null")


def after(
    query: Select[Any],
    keys: Sequence[Key],
    cursor: str | None,
    limit: int,
    *,
    descending: bool = False,
) -> Select[Any]:
    """The query in the order of the keys (the last one unique), from behind the cursor, one row too many.

    Keys are texts, numbers, days and moments without gaps (no NULL).
    """
    if cursor is not None:
        values = zip(keys, seen(cursor, [_kind(key) for key in keys]), strict=True)
        behind, last = tuple_(*keys), tuple_(*(literal(value, key.type) for key, value in values))
        query = query.where(behind < last if descending else behind > last)
    return query.order_by(*(key.desc() if descending else key for key in keys)).limit(limit + 1)


def page(rows: Sequence[Any], limit: int, key: Any) -> tuple[Sequence[Any], str | None]:
    """The page's rows without the one too many, and the cursor behind them; ``key`` gives a row's keys."""
    if len(rows) <= limit:
        return rows, None
    shown = rows[:limit]
    return shown, base64.urlsafe_b64encode(json.dumps(list(key(shown[-1])), default=str).encode()).decode()


def sliced(
    rows: Sequence[Item], cursor: str | None, limit: int, key: Callable[[Item], list[Any]]
) -> tuple[Sequence[Item], str | None]:
    """A page of a list that was worked out whole and stands in the ascending order of ``key``."""
    if cursor is not None:
        seen = _values(cursor)
        try:
            rows = [row for row in rows if key(row) > seen]
        except TypeError as error:
            raise InputError(_INVALID) from error
    return page(rows[: limit + 1], limit, key)


def seen(cursor: str, kinds: Sequence[type]) -> tuple[Any, ...]:
    """The keys, of these kinds, of the last row of the page before. Raises InputError."""
    values = _values(cursor)
    try:
        return tuple(_read(value, kind) for value, kind in zip(values, kinds, strict=True))
    except ValueError as error:
        raise InputError(_INVALID) from error


def _values(cursor: str) -> list[object]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise InputError(_INVALID) from error
    if not isinstance(values, list):
        raise InputError(_INVALID)
    return values


def _kind(key: Key) -> type:
    type_ = key.type
    return (type_.impl_instance if isinstance(type_, TypeDecorator) else type_).python_type


def _read(value: object, kind: type) -> str | int | date:
    """A key as its column takes it; raises ValueError for anything else."""
    if isinstance(value, str) and kind is datetime:
        moment = datetime.fromisoformat(value)
        if not MINYEAR < moment.year < MAXYEAR:  # in another zone there may be no such moment
            raise ValueError(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if isinstance(value, str) and kind is date:
        return date.fromisoformat(value)
    if (isinstance(value, str) and issubclass(kind, str) and "\x00" not in value) or (
        type(value) is int and kind is int and abs(value) < 2**63
    ):
        return value
    raise ValueError(value)

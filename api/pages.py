"""Lists in pages: a cursor that survives new rows, and the same envelope everywhere."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from qa_pipeline.errors import InputError

LARGEST: Final = 500
Item = TypeVar("Item")
Key = ColumnElement[Any] | InstrumentedAttribute[Any]

Limit = Annotated[int, Query(ge=1, le=LARGEST, description="每页条数")]
Cursor = Annotated[str | None, Query(description="上一页返回的 next，原样带回即得下一页")]


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
        behind, seen = tuple_(*keys), tuple_(*(literal(v, k.type) for k, v in _decoded(cursor, keys)))
        query = query.where(behind < seen if descending else behind > seen)
    return query.order_by(*(key.desc() if descending else key for key in keys)).limit(limit + 1)


def page(rows: Sequence[Any], limit: int, key: Any) -> tuple[Sequence[Any], str | None]:
    """The page's rows without the one too many, and the cursor behind them; ``key`` gives a row's keys."""
    if len(rows) <= limit:
        return rows, None
    shown = rows[:limit]
    return shown, base64.urlsafe_b64encode(json.dumps(list(key(shown[-1])), default=str).encode()).decode()


def _decoded(cursor: str, keys: Sequence[Key]) -> list[tuple[Key, str | int | date]]:
    problem = InputError("游标无效：请原样带回上一页返回的 next。")
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if not isinstance(values, list):
            raise problem
        return [(key, _read(value, key.type.python_type)) for key, value in zip(keys, values, strict=True)]
    except (ValueError, binascii.Error) as error:
        raise problem from error


def _read(value: object, kind: type) -> str | int | date:
    """A key as its column takes it; raises ValueError for anything else."""
    if isinstance(value, str) and kind is datetime:
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if isinstance(value, str) and kind is date:
        return date.fromisoformat(value)
    if (isinstance(value, str) and issubclass(kind, str) and "\x00" not in value) or (
        isinstance(value, int) and kind is int and abs(value) < 2**63
    ):
        return value
    raise ValueError(value)

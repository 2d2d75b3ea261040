"""Lists in pages: a cursor that survives new rows, and the same envelope everywhere."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, tuple_

from qa_pipeline.errors import InputError

LARGEST: Final = 500
Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=LARGEST, description="每页条数")]
Cursor = Annotated[str | None, Query(description="上一页返回的 next，原样带回即得下一页")]


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = Field(description="下一页的游标；没有下一页时为 null")


def after(
    query: Select[Any], keys: Sequence[ColumnElement[Any]], cursor: str | None, limit: int
) -> Select[Any]:
    """The query in the order of the keys (the last one unique), from behind the cursor, one row too many."""
    if cursor is not None:
        query = query.where(tuple_(*keys) > tuple_(*_decoded(cursor, len(keys))))
    return query.order_by(*keys).limit(limit + 1)


def page(rows: Sequence[Any], limit: int, key: Any) -> tuple[Sequence[Any], str | None]:
    """The page's rows without the one too many, and the cursor behind them; ``key`` gives a row's keys."""
    if len(rows) <= limit:
        return rows, None
    shown = rows[:limit]
    return shown, base64.urlsafe_b64encode(json.dumps(list(key(shown[-1]))).encode()).decode()


def _decoded(cursor: str, length: int) -> list[Any]:
    try:
        keys = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error) as error:
        raise InputError("游标无效：请原样带回上一页返回的 next。") from error
    if not isinstance(keys, list) or len(keys) != length or not all(isinstance(k, str | int) for k in keys):
        raise InputError("游标无效：请原样带回上一页返回的 next。")
    return keys

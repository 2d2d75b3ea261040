"""What a sheet is: columns of a table under Chinese headings, and the key by which a row is known again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, cast

from sqlalchemy import BigInteger, Boolean, ColumnDefault, Date, Float, ForeignKey, Integer, String, Text
from sqlalchemy import Column as TableColumn
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.orm import Mapper

from models.base import Base, Exact, ZonedDateTime

Value = str | int | float | bool | date | datetime | Decimal | StrEnum

PERSONAL: Final = frozenset({("person", "phone"), ("customer", "phone"), ("customer", "name")})


@dataclass(frozen=True)
class Column:
    """One column of a sheet: its heading and the table column it fills."""

    header: str
    field: str
    table: type[Base]
    example: Value | None = None

    @cached_property
    def source(self) -> TableColumn[Any]:
        mapper: Mapper[Any] = self.table.__mapper__
        return mapper.columns[self.field]

    @property
    def required(self) -> bool:
        return not self.source.nullable and self.source.default is None

    @cached_property
    def kind(self) -> type[Value]:
        """The Python type of the column's values."""
        type_ = self.source.type
        if isinstance(type_, SqlEnum) and type_.enum_class is not None:
            return cast(type[StrEnum], type_.enum_class)
        for sql, python in (
            (Exact, Decimal),
            (ZonedDateTime, datetime),
            (Date, date),
            (Boolean, bool),
            ((String, Text), str),
            (Float, float),
            ((BigInteger, Integer), int),
        ):
            if isinstance(type_, sql):
                return python
        raise TypeError(f"{self.table.__tablename__}.{self.field} has no form in a file")

    @property
    def default(self) -> Value | None:
        """What an empty cell means; None: nothing."""
        default = self.source.default
        return default.arg if isinstance(default, ColumnDefault) and default.is_scalar else None

    @property
    def personal(self) -> bool:
        """Whether the cells tell who a customer is or how to reach a person: masked in what is exported."""
        return (self.table.__tablename__, self.field) in PERSONAL

    @property
    def free(self) -> bool:
        """Whether people write sentences in the cells, which may hold anything."""
        return isinstance(self.source.type, Text) or self.field in ("reason", "note")

    @property
    def places(self) -> int:
        """Decimal places that the column keeps."""
        return self.source.type.places if isinstance(self.source.type, Exact) else 0

    @property
    def length(self) -> int | None:
        """Longest text that the column holds."""
        return self.source.type.length if isinstance(self.source.type, String) else None

    @cached_property
    def refers_to(self) -> str | None:
        """The table whose outside key the column holds, or None."""
        keys: Iterable[ForeignKey] = self.source.foreign_keys
        return next((key.column.table.name for key in keys), None)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One entity in files. ``key`` names the columns by which a row is known again."""

    name: str
    title: str
    table: type[Base]
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, field: str) -> Column:
        return next(column for column in self.columns if column.field == field)

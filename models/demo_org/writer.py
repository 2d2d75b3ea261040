"""Bulk writing: rows in the form in which the database keeps them, by executemany or COPY."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, Final

import numpy as np
from sqlalchemy import JSON, Column, Connection, Table, text

from models.base import Base, Exact
from models.tables import METADATA

CACHE_KIB: Final = 256 * 1024
"""Of SQLite, so that the indexes being built stay in memory."""
WAITING_ROWS: Final = 200_000
"""So many rows are held back before all tables are written."""


class Writer:
    """Collects rows of all tables and writes them parents first.

    Columns of type `Exact` take the integer that is stored (fen, hundredths …): sums of integers are exact,
    and nothing is converted. All other columns take what the ORM takes. Primary keys are counted here, so
    the tables must be empty.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_postgresql = connection.dialect.name == "postgresql"
        self._forms: dict[type[Base], _Form] = {}
        self._last: dict[type[Base], int] = {}
        self._waiting = 0
        if not self._is_postgresql:
            connection.exec_driver_sql(f"PRAGMA cache_size = -{CACHE_KIB}")

    def ids(self, table: type[Base], count: int) -> range:
        """The next keys of a table."""
        first = self._last.get(table, 0) + 1
        self._last[table] = first + count - 1
        return range(first, first + count)

    def row(self, table: type[Base], **values: Any) -> int:
        """Add one row; returns its key (0 for a table without ``id``)."""
        form = self._form(table)
        if form.has_id and "id" not in values:
            values["id"] = self.ids(table, 1)[0]
        form.add_row(values)
        self._added(1)
        return int(values.get("id", 0))

    def columns(self, table: type[Base], count: int, **columns: Any) -> None:
        """Add ``count`` rows, column by column: an array or list, or one value for all rows."""
        if count:
            self._form(table).add_columns(count, columns)
            self._added(count)

    def flush(self) -> None:
        """Write what waits."""
        forms = {form.table: form for form in self._forms.values() if form.rows}
        for table in METADATA.sorted_tables:
            if (form := forms.get(table)) is not None:
                self._write(form)
                form.rows.clear()
        self._waiting = 0

    def finish(self) -> None:
        """Write the rest, let the database count on from the keys used, and let it learn the sizes."""
        self.flush()
        if self._is_postgresql:
            for table, last in self._last.items():
                name = table.__tablename__
                self._connection.execute(
                    text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"),
                    {"table": name, "last": last},
                )
        self._connection.exec_driver_sql("ANALYZE")

    def _added(self, count: int) -> None:
        self._waiting += count
        if self._waiting >= WAITING_ROWS:
            self.flush()

    def _form(self, table: type[Base]) -> _Form:
        if table not in self._forms:
            self._forms[table] = _Form(table, self._connection)
        return self._forms[table]

    def _write(self, form: _Form) -> None:
        quote = self._connection.dialect.identifier_preparer.quote
        into = f"{quote(form.table.name)} ({', '.join(quote(name) for name in form.names)})"
        if self._is_postgresql:
            driver: Any = self._connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in form.rows:
                    copy.write_row(row)
        else:
            marks = ", ".join("?" * len(form.names))
            statement = f"INSERT INTO {into} VALUES ({marks})"  # noqa: S608 (names of the model)
            self._connection.exec_driver_sql(statement, form.rows)


class _Form:
    """The columns of a table, how each value is turned into what the driver takes, and rows that wait."""

    def __init__(self, entity: type[Base], connection: Connection) -> None:
        table = entity.__table__
        if not isinstance(table, Table):
            raise TypeError(f"{entity.__name__} is not mapped to a table")
        self.table = table
        self.names = [column.name for column in table.columns]
        self.has_id = "id" in table.columns
        self.rows: list[tuple[Any, ...]] = []
        self._turns = [_turn(column, connection) for column in table.columns]
        self._defaults = [
            None if column.default is None else column.default.arg  # type: ignore[attr-defined]
            for column in table.columns
        ]

    def add_row(self, values: dict[str, Any]) -> None:
        self.rows.append(
            tuple(
                value if turn is None or value is None else turn(value)
                for turn, value in zip(self._turns, map(values.get, self.names, self._defaults), strict=True)
            )
        )

    def add_columns(self, count: int, columns: dict[str, Any]) -> None:
        parts: list[Any] = []
        for name, turn, default in zip(self.names, self._turns, self._defaults, strict=True):
            given = columns.get(name, default)
            if isinstance(given, np.ndarray):
                given = given.tolist()
            if isinstance(given, Sequence) and not isinstance(given, str):
                if len(given) != count:
                    raise ValueError(f"{self.table.name}.{name}: {len(given)} values for {count} rows")
                parts.append(
                    given if turn is None else [None if value is None else turn(value) for value in given]
                )
            else:
                parts.append(repeat(given if turn is None or given is None else turn(given), count))
        self.rows.extend(zip(*parts, strict=False))  # the constant columns never end


class _Remembered(dict[Any, Any]):
    """Converted values by value: days, moments and words come up again and again."""

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, value: Any) -> Any:
        self[value] = converted = self._convert(value)
        return converted


def _turn(column: Column[Any], connection: Connection) -> Callable[[Any], Any] | None:
    if isinstance(column.type, Exact):
        return None
    convert = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    if convert is None:
        return None
    if isinstance(column.type, JSON):
        return convert
    return _Remembered(convert).__getitem__

"""Writing rows that may be there already, in one statement, on both databases."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

BATCH = 10_000


def upsert(
    session: Session,
    table: type[DeclarativeBase],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Collection[str] | None = None,
    keep: Collection[str] = (),
) -> None:
    """Insert the rows; one whose key is there gets the new values instead, except those of ``keep``.

    ``key`` names the columns of a unique constraint; the primary key when not given. All rows have the same
    columns. Nothing happens without rows. Rows of the table that the session holds already are not refreshed.
    """
    if not rows:
        return
    target = table.__table__
    if not isinstance(target, Table):
        raise TypeError(f"{table.__name__} is not mapped to a table")
    columns = key or [column.name for column in target.primary_key]
    changed = [name for name in rows[0] if name not in (*columns, *keep)]
    write = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = write(target)
    if changed:
        statement = statement.on_conflict_do_update(
            index_elements=list(columns), set_={name: statement.excluded[name] for name in changed}
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(columns))
    session.flush()
    connection = session.connection()
    for start in range(0, len(rows), BATCH):
        connection.execute(statement, rows[start : start + BATCH])

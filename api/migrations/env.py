"""Runs the service's migrations on the connection that `api.database.migrate` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.types import TypeDecorator

from api.database import VERSION_TABLE
from api.tables import METADATA


def plain_type(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Write a column type of `models.base` as the type below it: migrations outlive the code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


def own(name: str | None, kind: str, parents: Any) -> bool:
    """Leave the model's tables to the model's migrations."""
    return kind != "table" or name in METADATA.tables


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    include_name=own,
    render_as_batch=True,  # SQLite alters a table by copying it
    render_item=plain_type,
)
with context.begin_transaction():
    context.run_migrations()

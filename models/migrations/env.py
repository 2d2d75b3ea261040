"""Runs the migrations on the connection that `models.database.migrate` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.types import TypeDecorator

from models.tables import METADATA


def plain_type(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Write a column type of `models.base` as the type below it: migrations outlive the code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite alters a table by copying it
    render_item=plain_type,
)
with context.begin_transaction():
    context.run_migrations()

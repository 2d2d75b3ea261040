"""The service's database: the model's tables and its own, each with their own migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Engine

import models.database

MIGRATIONS: Final = Path(__file__).parent / "migrations"
VERSION_TABLE: Final = "alembic_version_api"


def migrate(engine: Engine) -> None:
    """Bring both to their newest migration."""
    models.database.migrate(engine)
    models.database.migrate(engine, scripts=MIGRATIONS)


def require_current(engine: Engine) -> None:
    """Raise InputError when either is not at its newest migration."""
    models.database.require_current(engine)
    models.database.require_current(engine, scripts=MIGRATIONS, version_table=VERSION_TABLE)

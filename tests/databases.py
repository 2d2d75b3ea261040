"""How a test gets a database of its own, on SQLite or on the run's PostgreSQL server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from models.database import connect, migrate

BACKENDS = ("sqlite", "postgresql")


def new_database(
    backend: str,
    request: pytest.FixtureRequest,
    folder: Path,
    *,
    prepare: Callable[[Engine], None] = migrate,
) -> Iterator[Engine]:
    """An empty, migrated database of its own; ``request`` must be able to reach `postgresql_server`."""
    if backend == "sqlite":
        engine = connect(f"sqlite:///{folder / 'huijian.db'}")
    else:
        server = request.getfixturevalue("postgresql_server")
        name = f"test_{os.getpid()}_{folder.name}".lower().replace("-", "_")
        admin = connect(server)
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        admin.dispose()
        engine = connect(make_url(server).set(database=name).render_as_string(hide_password=False))
    prepare(engine)
    yield engine
    engine.dispose()

"""How a test gets a database of its own, on SQLite or on the run's PostgreSQL server."""

from __future__ import annotations

import os
import shutil
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
    engine = connect(_made(backend, request, folder))
    prepare(engine)
    yield engine
    engine.dispose()


def copied_database(
    backend: str, request: pytest.FixtureRequest, folder: Path, *, original: str
) -> Iterator[Engine]:
    """A copy of the database at the address ``original``, which nobody may be connected to."""
    engine = connect(_made(backend, request, folder, original=original))
    yield engine
    engine.dispose()


def _made(backend: str, request: pytest.FixtureRequest, folder: Path, *, original: str | None = None) -> str:
    """Address of a new database, empty or as the original is."""
    if backend == "sqlite":
        file = folder / "huijian.db"
        if original is not None:
            shutil.copyfile(str(make_url(original).database), file)
        return f"sqlite:///{file}"
    server = request.getfixturevalue("postgresql_server")
    name = f"test_{os.getpid()}_{folder.name}".lower().replace("-", "_")
    template = f' TEMPLATE "{make_url(original).database}" STRATEGY file_copy' if original is not None else ""
    admin = connect(server)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"{template}'))
    admin.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)

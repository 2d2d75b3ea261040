"""Real databases for the tests of model and service: SQLite, and a PostgreSQL server started for the run.

``HUIJIAN_TEST_POSTGRESQL`` may name a server to use instead, ``postgresql://user:password@host/postgres``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from xdist.scheduler import LoadScopeScheduling

from tests.databases import BACKENDS, new_database, started_postgresql

# What a property test says depends neither on luck nor on how busy the machine is.
settings.register_profile(
    "huijian", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("huijian")

TOGETHER = ("tests/api/console/", "tests/models/demo_org/")
"""Folders whose tests share a running service, or data that takes long to make."""
LONG = (
    *("tests/api/console/", "tests/api/jobs/test_workflow.py", "tests/audio_samples/"),
    *("tests/api/test_conformance.py", "tests/test_batch.py", "tests/models/demo_org/"),
    *("tests/learning/", "tests/api/jobs/", "tests/api/test_permissions.py", "tests/api/test_serving.py"),
)
"""What takes longest, longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, not last."""

    def turn(item: pytest.Item) -> int:
        return next((at for at, begin in enumerate(LONG) if item.nodeid.startswith(begin)), len(LONG))

    items.sort(key=turn)


class Rooms(LoadScopeScheduling):
    """Each file goes to one worker, and some folders whole."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Rooms:
    return Rooms(config, log)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Address of a server whose databases the tests may create."""
    if given := os.environ.get("HUIJIAN_TEST_POSTGRESQL"):
        yield given
        return
    with started_postgresql() as address:
        yield address


@pytest.fixture(scope="session")
def _shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Engine]]:
    """Makes the database of a backend once. What has a parameter ends with every file, although its scope is
    the session: files are dealt to the workers, and in each SQLite comes first."""
    with ExitStack() as at_the_end:

        @cache
        def shared(backend: str) -> Engine:
            made = contextmanager(new_database)(
                backend, request, tmp_path_factory.mktemp(f"shared_{backend}")
            )
            return at_the_end.enter_context(made)

        yield shared


@pytest.fixture(scope="session", params=BACKENDS)
def engine(request: pytest.FixtureRequest, _shared: Callable[[str], Engine]) -> Engine:
    """A migrated database shared by the run: write to it only through `session`, which takes all back."""
    return _shared(request.param)


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
    yield from new_database(request.param, request, tmp_path_factory.mktemp(f"fresh_{request.param}"))

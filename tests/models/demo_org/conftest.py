"""One small generated organisation a database, shared by the tests that only read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.demo_org.extent import Size
from models.demo_org.generate import generate
from tests.databases import BACKENDS, new_database

UNTIL = date(2026, 11, 24)


@pytest.fixture(scope="package", params=BACKENDS)
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Twelve months up to `UNTIL`."""
    for engine in new_database(request.param, request, tmp_path_factory.mktemp(f"demo_{request.param}")):
        generate(engine, seed=7, size=Size.SMALL, until=UNTIL)
        yield engine


@pytest.fixture
def demo(generated: Engine) -> Iterator[Session]:
    """A session on it that writes nothing for good."""
    with Session(generated) as session:
        yield session
        session.rollback()

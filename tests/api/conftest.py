"""The service on real databases, asked through its own client by somebody of each role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.access import COOKIE, CSRF_HEADER, hashed
from api.accounts.tables import Account, Role, SignIn
from api.app import create_app, equip
from api.database import migrate
from api.settings import Settings
from models.database import connect, transaction
from models.organisation.tables import Institution
from tests.databases import BACKENDS, Lent, new_database

SignedIn = Callable[..., TestClient]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On both databases, unless a module or a test says on which: one is enough where both answer alike.
    Every operation is asked on PostgreSQL by ``test_conformance.py``."""
    said = any("_original" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "_original" in metafunc.fixturenames and not said:
        backends = getattr(metafunc.module, "BACKENDS", BACKENDS)
        metafunc.parametrize("_original", backends, indirect=True, scope="session")


@pytest.fixture(scope="session", autouse=True)
def _one_loop() -> Iterator[None]:
    """All clients ask in one event loop, as they do in the service: one for each request, with threads of its
    own, takes a third of the time of an answer."""
    with start_blocking_portal() as portal:
        TestClient.portal = portal
        yield
        TestClient.portal = None


@pytest.fixture(scope="session")
def _originals(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Makes the original of a backend once. What has a parameter ends with every file, although its scope is
    the session: files are dealt to the workers, and in each SQLite comes first."""

    @cache
    def original(backend: str) -> str:
        folder = tmp_path_factory.mktemp(f"original_{backend}")
        for engine in new_database(backend, request, folder, prepare=migrate):
            with transaction(engine) as session:
                _fill(session)
        return engine.url.render_as_string(hide_password=False)

    return original


def _fill(session: Session) -> None:
    parent: int | None = None
    path = "/"
    for level, code in enumerate(("0", "35", "3501", "350102"), 1):
        row = Institution(code=code, name=f"机构{code}", level=level, parent_id=parent,
                          path=path, must_hold=level == 4, valid_from=date(2020, 1, 1))  # fmt: skip
        session.add(row)
        session.flush()
        parent, path = row.id, f"{path}{row.id}/"
        row.path = path
    beside = Institution(code="350103", name="机构350103", level=4, parent_id=row.parent_id,
                         path="/", must_hold=True, valid_from=date(2020, 1, 1))  # fmt: skip
    session.add(beside)
    session.flush()
    beside.path = f"{path.rsplit('/', 2)[0]}/{beside.id}/"


@pytest.fixture(scope="session")
def _original(request: pytest.FixtureRequest, _originals: Callable[[str], str]) -> str:
    """Address of a database with all tables, and a small institution tree; only copied from."""
    return _originals(request.param)


@pytest.fixture(scope="session")
def _lent(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Lent]]:
    """Makes the copy that the tests of a backend have, once."""
    with ExitStack() as at_the_end:

        @cache
        def lent(original: str) -> Lent:
            made = Lent(original, request, tmp_path_factory.mktemp("service"))
            at_the_end.callback(made.close)
            return made

        yield lent


@pytest.fixture
def service_engine(_original: str, _lent: Callable[[str], Lent]) -> Iterator[Engine]:
    """A database with all tables, and a small institution tree."""
    with _lent(_original).taken() as engine:
        yield engine


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_folder=tmp_path)


@pytest.fixture(scope="session")
def _built(_originals: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Its routes are built once: that takes half a second, and more with every route."""
    engine = connect(_originals("sqlite"))
    built = create_app(Settings(data_folder=tmp_path_factory.mktemp("built")), engine=engine)
    engine.dispose()  # nobody may be connected to what is copied
    return built


@pytest.fixture
def app(_built: FastAPI, service_engine: Engine, settings: Settings) -> FastAPI:
    """The application on the test's own database."""
    equip(_built, settings, service_engine)
    return _built


@pytest.fixture
def signed_in(app: FastAPI, service_engine: Engine) -> SignedIn:
    """Makes a client that is signed in: ``signed_in(Role.MANAGER, institution="350102")``."""

    def client(role: Role, *, institution: str | None = None) -> TestClient:
        token = f"{role}-{institution}"
        with transaction(service_engine) as session:
            place = session.query(Institution).filter_by(code=institution).one() if institution else None
            now = datetime.now(UTC)
            account = Account(login=token, name=token, role=role, institution_id=place.id if place else None,
                              created_at=now)  # fmt: skip
            session.add(account)
            session.flush()
            session.add(SignIn(account_id=account.id, token_hash=hashed(token), csrf_token="csrf",
                               created_at=now, expires_at=now + timedelta(hours=1)))  # fmt: skip
        asker = TestClient(app, raise_server_exceptions=False, headers={CSRF_HEADER: "csrf"})
        asker.cookies.set(COOKIE, token)
        return asker

    return client


@pytest.fixture
def anonymous(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)

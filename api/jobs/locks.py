"""Who is alive: a worker holds a lock for as long as it lives, so that another can tell that it died.

On PostgreSQL a session's advisory lock, freed by the server when the connection ends. On SQLite one lock
file: there is one worker, and the next one goes on with what it left.
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import socket
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from qa_pipeline.errors import InputError

EMBEDDED: Final = "embedded"
MOST_WORKERS: Final = 1000
"""On one machine; far more than any has cores."""


class Lease(Protocol):
    """The right to be the worker of this name."""

    name: str

    def hold(self) -> bool:
        """Whether it still stands; a lost connection is made again. False: somebody may have taken over."""

    def is_dead(self, worker: str) -> bool:
        """Whether the worker of that name has ended; if so it is held off until `release`."""

    def release(self, worker: str) -> None:
        """Let go of a dead worker's name again."""

    def end(self) -> None:
        """Let go of everything: from now on this worker counts as dead."""


class FileLease:
    """The only worker beside a SQLite database."""

    name = EMBEDDED

    def __init__(self, folder: Path) -> None:
        self._file: IO[str] = (folder / "worker.lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise InputError(
                f"{folder} 已有一个工作进程在运行：SQLite 只能有一个；要多个请改用 PostgreSQL。"
            ) from error

    def hold(self) -> bool:
        return not self._file.closed

    def is_dead(self, worker: str) -> bool:
        return worker != self.name

    def release(self, worker: str) -> None:
        """Nobody else is there to take the name."""

    def end(self) -> None:
        self._file.close()


class AdvisoryLease:
    """``HOST-1``, ``HOST-2``, …: the first name of this machine that nobody holds. A name comes back after a
    restart, so the engine goes on with what this worker had begun."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection = self._connect()
        host = socket.gethostname()[:100]
        for number in itertools.count(1):
            self.name = f"{host}-{number}"
            if self._try(self.name):
                return
            if number > MOST_WORKERS:
                raise InputError(f"机器 {host} 上的工作进程过多：请停掉一些。")

    def hold(self) -> bool:
        if self._connection.closed:  # the server was still away when it was to be made again
            return self._again()
        try:
            self._connection.execute(text("SELECT 1"))
        except (OperationalError, InterfaceError):
            return self._again()
        return True

    def is_dead(self, worker: str) -> bool:
        return worker != self.name and self._try(worker)

    def release(self, worker: str) -> None:
        self._connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _key(worker)})

    def end(self) -> None:
        with suppress(DBAPIError):
            self._connection.close()

    def _again(self) -> bool:
        """Connect again. Raises OperationalError while the server is away: nobody can take over either."""
        self.end()
        self._connection = self._connect()
        return self._try(self.name)

    def _connect(self) -> Connection:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()  # closing it must end its locks, not hand them to whoever gets it from the pool
        return connection

    def _try(self, worker: str) -> bool:
        asked = self._connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _key(worker)})
        return bool(asked.scalar_one())


def lease_for(engine: Engine, folder: Path) -> Lease:
    """The lease of a new worker; raises InputError when there can be no more."""
    return FileLease(folder) if engine.dialect.name == "sqlite" else AdvisoryLease(engine)


def _key(worker: str) -> int:
    """A lock's number: 63 bits of the name's hash."""
    return int.from_bytes(hashlib.sha256(f"huijian worker {worker}".encode()).digest()[:8]) >> 1

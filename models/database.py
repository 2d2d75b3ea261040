"""Engines and sessions, for SQLite (WAL) and PostgreSQL, and bringing a database to the newest migration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError
from sqlalchemy.orm import Session

from qa_pipeline.errors import InputError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
CONNECTIONS: Final = {"pool_size": 10, "max_overflow": 40}
"""More than the threads that answer requests: none of them waits for a connection."""
BUSY_SECONDS: Final = 30
"""How long a transaction waits for another's write to end."""
LOOKED_AT: Final = 1000
"""Rows of an index that SQLite looks at when it takes stock: a tenth of a second for millions."""
WRITES: Final = "huijian_writes"
"""Execution option of connections whose transactions will write: True, or what of."""
_ALONE: Final = text(
    "SELECT set_config('lock_timeout', :wait, true), pg_advisory_xact_lock(1, hashtext(:thing))"
)
"""Two things that share a hash wait for each other, which does no harm."""


def connect(url: str) -> Engine:
    """An engine for ``sqlite:///FILE`` or ``postgresql://…``; raises InputError for any other address."""
    try:
        address = make_url(url)
        if address.get_backend_name() == "sqlite":
            # What lies in memory has one connection alone.
            pool = CONNECTIONS if address.database else {}
            engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS}, **pool)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        if address.get_backend_name() == "postgresql":
            engine = create_engine(
                address.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                **CONNECTIONS,
                connect_args={"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10},
            )
            event.listen(engine, "begin", _begin_postgresql)
            return engine
    except (ArgumentError, NoSuchModuleError):
        pass
    raise InputError("数据库地址无法识别：请写成 sqlite:///文件路径 或 postgresql://用户:密码@主机/库名。")


def _prepare_sqlite(connection: Any, _: object) -> None:
    # The driver's own transactions begin late and break savepoints; SQLAlchemy begins them instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("foreign_keys = ON", "journal_mode = WAL", "synchronous = NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once, without waiting, when another wrote
    # meanwhile; one that says from its beginning that it will write waits for its turn.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    # Two transactions that read the same and then write would both go by what they read. Whoever writes to a
    # thing waits before it reads anything, until the other has committed.
    thing = connection.get_execution_options().get(WRITES)
    if isinstance(thing, str):
        connection.execute(_ALONE, {"wait": f"{BUSY_SECONDS}s", "thing": thing})


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session that writes: it commits once at the end, or not at all when the block raises."""
    with Session(writing(engine), expire_on_commit=False) as session, session.begin():
        yield session


def writing(engine: Engine, *, to: str | None = None) -> Engine:
    """The same engine for sessions that write after they have read: SQLite lets them in one by one,
    PostgreSQL those that write ``to`` the same thing."""
    return engine.execution_options(**{WRITES: to or True})


def migrate(engine: Engine, *, scripts: Path = MIGRATIONS) -> None:
    """Bring the database to the newest migration of a folder of scripts, in one transaction.

    Raises InputError when it does not answer.
    """
    _require_answer(engine)
    with engine.begin() as connection:
        settings = _settings(scripts)
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def take_stock(engine: Engine) -> None:
    """Let SQLite look at what its tables hold: it goes by that when it chooses how to answer a query, and
    without it walks through all meetings for the newest twenty jobs. PostgreSQL looks by itself."""
    if engine.dialect.name != "sqlite":
        return
    with writing(engine).begin() as connection:
        connection.exec_driver_sql(f"PRAGMA analysis_limit = {LOOKED_AT}")
        connection.exec_driver_sql("ANALYZE")


def require_current(
    engine: Engine, *, scripts: Path = MIGRATIONS, version_table: str = "alembic_version"
) -> None:
    """Raise InputError when the database is not there, does not answer, or is not at the newest migration of
    a folder of scripts."""
    _require_file(engine)
    _require_answer(engine)
    newest = _newest(scripts)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": version_table})
        current = context.get_current_revision()
    if current != newest:
        raise InputError(
            f"数据库结构版本为 {current or '空'}，程序需要 {newest}：请先运行 huijian database upgrade。"
        )


def _require_file(engine: Engine) -> None:
    """SQLite would make an empty database of a mistyped name."""
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or name.startswith(("file:", ":memory:")):
        return
    if not Path(name).exists():
        raise InputError(f"找不到数据库文件 {name}：请检查地址；要新建请运行 huijian database upgrade。")


def _require_answer(engine: Engine) -> None:
    try:
        engine.connect().close()
    except DatabaseError as error:
        raise InputError(
            "数据库连接不上：请检查数据库地址和密码（HUIJIAN_DATABASE_URL），确认数据库已启动、文件夹可写。"
        ) from error


@cache  # it reads all scripts, and a service is asked every few seconds whether it is ready
def _newest(scripts: Path) -> str | None:
    return ScriptDirectory.from_config(_settings(scripts)).get_current_head()


def _settings(scripts: Path = MIGRATIONS) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(scripts))
    return settings

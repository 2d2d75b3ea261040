"""``huijian serve``: prepare the database, answer requests, keep one worker process running beside it."""

from __future__ import annotations

import errno
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from fastapi.routing import iter_route_contexts
from sqlalchemy import Engine, select

from api import console
from api.accounts.bootstrap import bootstrap
from api.app import create_app
from api.database import migrate, require_current
from api.settings import PREFIX, Settings, from_environment
from models.commands import make_private
from models.database import connect, transaction
from models.indicators.repository import IndicatorRepository
from models.indicators.tables import Indicator
from qa_pipeline.errors import InputError, reason

log = logging.getLogger("huijian.serving")

GRACE_SECONDS: Final = 10
"""How long requests and the worker have to end when the service stops."""
SWITCH_SECONDS: Final = 0.0005
"""How long one thread may keep the others from running. An answer takes turns dozens of times (with every
statement to the database), each after whoever computes: at the usual 5 ms that alone makes a tenth of a
second."""
_NOT_HAD: Final = {errno.EADDRINUSE: "端口已被占用", errno.EADDRNOTAVAIL: "不是本机的地址"}
LONGEST_PAUSE: Final = 60.0
"""Before a worker that keeps dying is started again."""
WORKER: Final = (sys.executable, "-P", "-m", "api.cli", "worker", "--until-stdin-ends")
"""-P: a folder named api where the service was started is not taken for this one."""


def settings_for(data: Path | None) -> Settings:
    """The environment's settings, with the data folder that was given; makes the folder."""
    settings = from_environment()
    if data is not None:
        settings = settings.model_copy(update={"data_folder": data.absolute()})
    make_private(settings.data_folder)
    return settings


def reached_at(settings: Settings, *, host: str, port: int) -> Settings:
    """The settings; unless they say how people reach the service, it is where it listens."""
    if "public_url" in settings.model_fields_set:
        return settings
    where = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return settings.model_copy(update={"public_url": f"http://{where}:{port}"})


def check_address(host: str, port: int) -> None:
    """Raise InputError, before anything is made, if requests could not be answered at that address."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        probe = socket.socket(family, kind)
    except OSError as error:
        raise InputError(f"监听地址 {host} 无法识别：请用 --host 写本机的地址，如 127.0.0.1。") from error
    with probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
        except OSError as error:
            why = _NOT_HAD.get(error.errno or 0) or reason(error)
            raise InputError(f"不能在 {host}:{port} 监听（{why}）：请换一个 --port 或 --host。") from error


def prepare(settings: Settings) -> Engine:
    """The database at its newest migration, with the standard indicators defined.

    SQLite is brought to the migration; PostgreSQL is left to its administrator.

    Raises InputError when PostgreSQL is not there.
    """
    engine = connect(settings.database)
    if engine.dialect.name == "sqlite":
        migrate(engine)
    require_current(engine)
    with transaction(engine) as session:
        if session.scalar(select(Indicator.id).limit(1)) is None:  # the first start
            IndicatorRepository(session).define()
    return engine


def first_password(engine: Engine) -> str | None:
    """The first administrator's one-time password; None when there are accounts already."""
    return bootstrap(engine)


def load_demo(engine: Engine, settings: Settings) -> str:
    """The demo organisation with the sample recordings; says what was done."""
    from api.demo import load

    return load(engine, settings)


def serve(
    settings: Settings, engine: Engine, *, host: str, port: int, worker: bool, at_once: int | None
) -> None:
    """Answer requests until SIGINT or SIGTERM."""
    sys.setswitchinterval(SWITCH_SECONDS)
    app = create_app(settings, engine=engine)
    console.mount(app)
    for _ in iter_route_contexts(app.routes):
        continue  # the framework prepares each route when it is first looked at: now, not in a first request
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    if not worker:
        server.run()
        return
    with worker_beside(settings, at_once=at_once):
        server.run()


@contextmanager
def worker_beside(settings: Settings, *, at_once: int | None) -> Iterator[None]:
    """A worker process while the block runs, started again whenever it dies.

    It ends when this process does, even by SIGKILL: it watches the pipe between them.
    """
    command = [*WORKER] if at_once is None else [*WORKER, "--at-once", str(at_once)]
    same = {"DATA_FOLDER": str(settings.data_folder), "PUBLIC_URL": settings.public_url}
    environment = os.environ | {PREFIX + name: value for name, value in same.items()}
    stop = threading.Event()

    def keep_running() -> None:
        pause = 1.0
        while not stop.is_set():
            began = time.monotonic()
            process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)  # noqa: S603
            while process.poll() is None and not stop.wait(0.5):
                continue
            if process.stdin is not None:
                process.stdin.close()
            if stop.is_set():
                _end(process)
                return
            pause = 1.0 if time.monotonic() - began > LONGEST_PAUSE else min(2 * pause, LONGEST_PAUSE)
            log.error("the worker ended with %s; starting it again in %.0f s", process.returncode, pause)
            stop.wait(pause)

    keeper = threading.Thread(target=keep_running)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

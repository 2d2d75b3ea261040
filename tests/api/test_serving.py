"""``huijian serve`` as it is started: one command, an administrator, a worker beside it, a graceful end."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from typer.testing import CliRunner

from api.cli import app
from api.jobs.worker import fitting_concurrency
from api.serving import settings_for
from qa_pipeline.errors import OutputError
from tests.sound import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: object, *, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.2)


def test_one_command_starts_everything_and_ends_it(tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve", "--port", str(port), "--data", str(tmp_path / "data")],
            cwd=ROOT,
            env={**os.environ, "HUIJIAN_DATABASE_URL": ""},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: b"huijian.worker" in log.read_bytes())
        text = log.read_text()
        assert re.search(r"管理员登录名 admin，一次性密码 \S{12,}（只显示这一次", text)
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/jobs/queue", timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
        (worker,) = psutil.Process(server.pid).children()
        worker.kill()
        until(lambda: [c for c in psutil.Process(server.pid).children() if c.pid != worker.pid])
        (second,) = psutil.Process(server.pid).children()
        server.send_signal(signal.SIGTERM)
        server.wait(60)
        until(lambda: not second.is_running(), seconds=60)
    finally:
        server.kill()
        server.wait()


def test_the_commands_are_listed_and_an_unusable_data_folder_is_named(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["--help"])
    assert "serve" in shown.output
    assert "worker" in shown.output
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="--data"):
        settings_for(tmp_path / "file")


def test_at_least_one_meeting_is_inspected_at_a_time() -> None:
    assert fitting_concurrency() >= 1

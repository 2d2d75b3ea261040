"""``huijian serve`` as it is started: one command, an administrator, a worker beside it, a graceful end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import psutil
import pytest
from typer.testing import CliRunner

from api import serving
from api.cli import app
from api.jobs.parent import Children
from api.jobs.worker import CORES_EACH, fitting_concurrency
from api.serving import reached_at, settings_for
from api.settings import Settings, from_environment
from qa_pipeline.errors import OutputError
from qa_pipeline.transcript.machine import usable_processors
from qa_pipeline.transcript.store import DEMO_MODEL
from tests.sound import ROOT

STARTED = r"worker \w+ started"
Card = Callable[[int | None], Path]
PATIENCE = 300.0
"""Seconds: only a service that hangs takes so long."""


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Card:
    """Puts a graphics card of so many MiB into the machine (None: takes it out); returns what it is asked."""
    folder, asked = tmp_path / "bin", tmp_path / "asked"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def put(memory: int | None) -> Path:
        tool = folder / "nvidia-smi"
        answer = "exit 9" if memory is None else f"echo {memory}"
        tool.write_text(f'#!/bin/sh\necho "$@" >{asked}\n{answer}\n')
        tool.chmod(0o755)
        return asked

    return put


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Output:
    """What a process says, line by line; whoever waits for a line is told when it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self._said = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, args=(process,))
        self._reader.start()

    def find(self, pattern: str, *, times: int = 1) -> str:
        """The line that matches, once so many do."""
        with self._said:
            self._said.wait_for(lambda: self._ended or len(self._matching(pattern)) >= times, PATIENCE)
            found = self._matching(pattern)
            assert len(found) >= times, "".join(self.lines)
            return found[times - 1]

    def join(self) -> None:
        self._reader.join(PATIENCE)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                with self._said:
                    self.lines.append(line)
                    self._said.notify_all()
        with self._said:
            self._ended = True
            self._said.notify_all()

    def _matching(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.search(pattern, line)]


def test_one_command_starts_everything_and_ends_it(tmp_path: Path) -> None:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", "--port", str(port), "--data", str(tmp_path / "data")],
        cwd=ROOT,
        env={**os.environ, "HUIJIAN_DATABASE_URL": "", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = Output(server)
    try:
        output.find(r"管理员登录名 admin，一次性密码 \S{12,}（只显示这一次")
        output.find("Uvicorn running")
        output.find(STARTED)
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/jobs/queue", timeout=PATIENCE)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
        (worker,) = psutil.Process(server.pid).children()
        worker.kill()
        output.find(STARTED, times=2)
        (second,) = psutil.Process(server.pid).children()
        assert second.pid != worker.pid
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE)
        second.wait(PATIENCE)
    finally:
        server.kill()
        server.wait()
        output.join()


def test_the_commands_are_listed_and_an_unusable_data_folder_is_named(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["--help"])
    assert "serve" in shown.output
    assert "worker" in shown.output
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="--data"):
        settings_for(tmp_path / "file")
    environment = {"HUIJIAN_DATA_FOLDER": str(tmp_path / "file" / "data")}
    exported = CliRunner().invoke(app, ["data", "export", str(tmp_path / "a.xlsx")], env=environment)
    assert (exported.exit_code, "错误：无法建立数据文件夹" in exported.output) == (2, True)
    assert settings_for(tmp_path / "new").data_folder.stat().st_mode & 0o777 == 0o700  # nobody else reads it


def test_addresses_that_are_given_out_lead_to_where_the_service_listens_unless_a_setting_says_where() -> None:
    for host, port, address in (
        ("127.0.0.1", 8472, "http://127.0.0.1:8472"),
        ("0.0.0.0", 80, "http://127.0.0.1:80"),
        ("10.1.2.3", 8000, "http://10.1.2.3:8000"),
        ("fd00::1", 8000, "http://[fd00::1]:8000"),
    ):
        assert reached_at(Settings(), host=host, port=port).public_url == address
    said = from_environment({"HUIJIAN_PUBLIC_URL": "https://huijian.example"})
    assert reached_at(said, host="127.0.0.1", port=8472) == said


def test_without_a_graphics_card_a_machine_bears_as_many_jobs_as_its_cores(card: Card) -> None:
    card(None)
    assert fitting_concurrency("demo") == max(1, usable_processors() // CORES_EACH)


def test_a_graphics_card_bears_as_many_jobs_as_its_memory_and_the_cores(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.jobs.worker.usable_processors", lambda: 4)
    model = tmp_path / "large"
    shutil.copytree(DEMO_MODEL, model)
    with (model / "model.bin").open("r+b") as weights:
        weights.truncate(3_000_000_000)  # a hole: takes no room on the disk
    for memory, jobs in ((8_000, 1), (24_000, 1), (40_000, 2), (140_000, 4)):
        card(memory)
        assert fitting_concurrency(str(model)) == jobs, memory


def test_the_card_that_is_asked_is_the_one_this_worker_may_use(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,0")
    asked = card(3_200)
    fitting_concurrency("demo")
    assert "--id=1" in asked.read_text()


@pytest.mark.parametrize("command", [serving.WORKER, Children().command], ids=["worker", "child"])
def test_a_folder_named_api_where_the_service_was_started_is_not_taken_for_it(
    tmp_path: Path, command: Sequence[str]
) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "__init__.py").write_text("raise SystemExit('another api')\n")
    asked = subprocess.run([*command, "--help"], cwd=tmp_path, input=b"", capture_output=True)
    assert b"another api" not in asked.stderr
    assert b"No module named" not in asked.stderr


def test_an_address_that_cannot_be_had_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIJIAN_DATA_FOLDER", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        for host, port, sentence in (
            ("127.0.0.1", taken, f"不能在 127.0.0.1:{taken} 监听（端口已被占用）"),
            ("192.0.2.1", "8000", "不能在 192.0.2.1:8000 监听（不是本机的地址）"),
            ("no host", "8000", "监听地址 no host 无法识别"),
        ):
            ended = CliRunner().invoke(app, ["serve", "--host", host, "--port", port])
            assert ended.exit_code == 2
            assert ended.output.startswith(f"错误：{sentence}")
            assert len(ended.output.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []

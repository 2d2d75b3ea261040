"""``huijian batch --service``: a folder goes to a service, whatever breaks off on the way."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from inspect import signature
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typer.testing import CliRunner

from api.access import Permission, hashed
from api.accounts.tables import Account, ApiKey, Role
from api.batches import commands, sending
from api.batches.tables import Batch, BatchFile, FileState
from api.cli import app as command_line
from api.jobs.tables import InspectionJob, JobState
from models.database import transaction
from models.meetings.tables import Recording
from qa_pipeline.cli import batch as inspect_here
from qa_pipeline.errors import InputError, OutputError
from tests.api.recordings.test_upload import wav
from tests.sound import ROOT, tone, write_sound

on_sqlite = pytest.mark.parametrize("_original", ["sqlite"], indirect=True)
"""One database is enough: what is sent is the same on both."""
KEY = "hj_sender"
NAMES = "{institution}_{date}_{time}.wav"


@dataclass
class Gate:
    """The service behind something that can hold or refuse a piece of an upload."""

    app: ASGIApp
    url: str = ""
    pieces: int = 0
    begun: int = 0
    sizes: list[int] = field(default_factory=list)
    held: int = 0
    """The piece that is held until ``go_on``."""
    busy: int = 0
    """The piece that is answered with 503."""
    lost: int = 0
    """The piece that is taken, and whose answer does not come back."""
    arrived: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun += scope["method"] == "POST" and scope["path"] == "/api/v1/uploads"
        if scope["method"] == "PATCH":
            self.pieces += 1
            if self.pieces == self.held:
                self.arrived.set()
                await asyncio.to_thread(self.go_on.wait, 600)
            if self.pieces == self.lost:
                await self.app(scope, receive, _nowhere)
            if self.pieces in (self.busy, self.lost):
                answer = PlainTextResponse("busy", status_code=503, headers={"Retry-After": "7"})
                await answer(scope, receive, send)
                return
            self.sizes.append(int(dict(scope["headers"])[b"content-length"]))
        await self.app(scope, receive, send)


async def _nowhere(message: Message) -> None:
    return


@pytest.fixture
def gate(app: FastAPI, service_engine: Engine) -> Iterator[Gate]:
    """The service on a free port, and a key for it."""
    with transaction(service_engine) as session:
        now = datetime.now(UTC)
        maker = Account(login="maker", name="m", role=Role.ADMINISTRATOR, created_at=now)
        session.add(maker)
        session.flush()
        session.add(ApiKey(name="nas", key_hash=hashed(KEY), created_by=maker.id, created_at=now,
                           permissions=[Permission.UPLOAD, Permission.RUN_BATCHES]))  # fmt: skip
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        gate = Gate(app, url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(gate, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield gate
        gate.go_on.set()
        server.should_exit = True
        thread.join()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One recording of more than a piece, one small one, and one that no meeting can be found for."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    place = tmp_path / "九月"
    place.mkdir()
    seconds = 1.2 * sending.CHUNK / 32_000
    write_sound(place / "350102_20260908_0900.wav", tone(440, seconds), codec="pcm_s16le")
    (place / "350103_20260915_1400.wav").write_bytes(wav(tmp_path, 600))
    (place / "某天.wav").write_bytes(b"x")
    return place


def wanted(*, manifest: str | None = None) -> sending.Wanted:
    pattern = None if manifest else NAMES
    return sending.Wanted(
        name="九月", manifest=manifest, pattern=pattern, month=None, institution=None, again=False
    )


def ending_jobs(engine: Engine, waits: list[float]) -> Callable[[float], None]:
    """In place of waiting: what was asked for is done."""

    def wait(seconds: float) -> None:
        waits.append(seconds)
        with transaction(engine) as session:
            for job in session.scalars(select(InspectionJob)):
                job.state = JobState.DONE

    return wait


@on_sqlite
def test_a_folder_is_sent_followed_and_its_workbook_fetched(
    gate: Gate, folder: Path, service_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.busy = 2
    waits: list[float] = []
    with sending.Service(gate.url, KEY, wait=ending_jobs(service_engine, waits)) as service:
        sending.told(folder, sending.ask(service, folder, wanted(), dry_run=True))
        assert gate.begun == 0
        complete = sending.send(service, folder, wanted(), out=tmp_path / "out", follow=True)
        assert not complete  # 某天.wav belongs to no meeting: a script must see that something is left
        assert waits[0] == 7.0  # as the service asked
        assert not sending.send(service, folder, wanted(), out=tmp_path / "out", follow=False)
    shown, errors = capsys.readouterr()
    assert "7 秒后再试" in errors
    assert "对得上 2 个文件，对不上 1 个" in shown
    assert "350102_20260908_0900.wav → 350102 2026-09-08 （新登记）" in shown
    assert "某天.wav：文件名不符合所给的格式" in shown
    assert "完成 2 场，失败 0 场，未收下 0 个文件，对不上 1 个文件" in shown
    assert (tmp_path / "out" / "results.xlsx").stat().st_size > 0
    with Session(service_engine) as session:
        assert len(session.scalars(select(Recording)).all()) == 2


@on_sqlite
def test_what_a_service_does_not_take_is_named(
    gate: Gate, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "晚上.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\n早\n", "utf-8")
    (folder / "350102_20260908_0900.srt").touch()  # belongs to its recording
    (folder / "350102_20260908_0900.meeting.yaml").touch()
    (folder / "说明.txt").write_text("九月的录音", "utf-8")
    with sending.Service(gate.url, KEY) as service:
        sending.told(folder, sending.ask(service, folder, wanted(), dry_run=True))
        shown = capsys.readouterr().out
        assert "有 1 个文字稿没有发送（晚上.srt）：服务只收录音，" in shown
        assert "有 1 个会议信息文件没有发送（350102_20260908_0900.meeting.yaml）：" in shown
        for recording in folder.glob("*.wav"):
            recording.unlink()
        with pytest.raises(InputError, match="里没有录音：请检查路径；文字稿请去掉 --service，在本机质检"):
            sending.ask(service, folder, wanted(), dry_run=True)


def killed_midway(gate: Gate, folder: Path) -> list[str]:
    """A command that sends the folder, and was killed while the second piece was under way."""
    gate.held = 2
    command = ["batch", str(folder), "--service", gate.url, "--pattern", NAMES, "--no-follow"]
    environment = {**os.environ, "HUIJIAN_KEY": KEY}
    killed = subprocess.Popen([sys.executable, "-m", "api.cli", *command], cwd=ROOT, env=environment)
    assert gate.arrived.wait(600)
    killed.kill()
    killed.wait()
    gate.go_on.set()
    return command


@on_sqlite
def test_a_sender_that_was_killed_goes_on_where_it_was(
    gate: Gate, folder: Path, service_engine: Engine
) -> None:
    command = killed_midway(gate, folder)
    again = CliRunner().invoke(command_line, command, env={"HUIJIAN_KEY": KEY})
    assert again.exit_code == 1, again.output  # of 某天.wav only the run that was killed was told
    assert "继续批次" in again.output
    assert gate.begun == 2  # the one that had begun was not begun again
    whole = sum(file.stat().st_size for file in folder.iterdir())
    assert sum(gate.sizes) <= whole + sending.CHUNK  # at most the piece that was under way came twice
    with Session(service_engine) as session:
        sizes = sorted(row.size for row in session.scalars(select(Recording)))
    assert sizes == sorted(file.stat().st_size for file in folder.iterdir())[1:]


@on_sqlite
def test_a_last_piece_whose_answer_was_lost_was_taken_all_the_same(
    gate: Gate, folder: Path, service_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.lost = 2
    with sending.Service(gate.url, KEY, wait=lambda _: None) as service:
        sending.send(service, folder, wanted(), out=tmp_path / "out", follow=False)
    assert "未收下" not in capsys.readouterr().out
    assert gate.begun == 2
    with Session(service_engine) as session:
        assert len(session.scalars(select(Recording)).all()) == 2


@on_sqlite
def test_a_file_that_became_shorter_on_the_way_is_told_and_the_rest_goes_on(
    gate: Gate, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.held = 1
    with sending.Service(gate.url, KEY) as service, ThreadPoolExecutor(1) as beside:
        done = beside.submit(sending.send, service, folder, wanted(), out=tmp_path / "out", follow=False)
        assert gate.arrived.wait(600)
        os.truncate(folder / "350102_20260908_0900.wav", sending.CHUNK)
        gate.go_on.set()
        assert not done.result(60)
    shown = capsys.readouterr().out
    assert "未收下 350102_20260908_0900.wav：文件在发送时变短了" in shown
    assert "未收下 350103_20260915_1400.wav" not in shown


@on_sqlite
def test_what_cannot_be_sent_is_told_and_the_rest_goes_on(
    gate: Gate, folder: Path, service_engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "清单.csv").write_bytes(
        "文件名,机构代码,日期,开始时间\n350103_20260915_1400.wav,350103,,14:00\n某天.wav,350102,2026-09-08,9:00\n"
        "没有.wav,,,\n".encode("gb18030")
    )
    command = ["batch", str(folder), "--service", gate.url, "--no-follow"]
    command += ["--manifest", str(tmp_path / "清单.csv")]
    done = CliRunner().invoke(command_line, command, env={"HUIJIAN_KEY": KEY})
    assert done.exit_code == 1
    assert "清单第 4 行 没有.wav：没有这个文件" in done.output
    assert "未收下 某天.wav：" in done.output
    with Session(service_engine) as session:
        assert [row.file_name for row in session.scalars(select(Recording))] == ["350103_20260915_1400.wav"]
    wrong = CliRunner().invoke(command_line, command, env={"HUIJIAN_KEY": "hj_wrong"})
    assert (wrong.exit_code, "API 密钥无效" in wrong.output) == (2, True)


@on_sqlite
def test_who_comes_back_is_told_which_files_were_refused_and_how_they_are_tried_again(
    gate: Gate, folder: Path, service_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "350103_20260915_1400.wav").write_bytes(b"no sound at all")
    (folder / "某天.wav").unlink()
    why = "350103_20260915_1400.wav："

    def sent(*, follow: bool) -> str:
        with sending.Service(gate.url, KEY, wait=ending_jobs(service_engine, [])) as service:
            assert not sending.send(service, folder, wanted(), out=tmp_path / "out", follow=follow)
        return capsys.readouterr().out

    assert f"未收下 {why}" in sent(follow=False)
    assert "不会自动再发" in sent(follow=False)
    assert "没有等着发送的文件。" in sent(follow=False)  # not because it was asked once more
    told = sent(follow=True)
    assert "有 1 个文件服务没有收下，不会自动再发：" in told
    assert f"  {why}" in told
    assert "在控制台的“批次”中点“再试没有收下的文件”，再运行一次" in told
    assert "没有等着发送的文件。" in told
    with Session(service_engine) as session:
        (batch,) = session.scalars(select(Batch))
        session.execute(update(BatchFile).values(state=FileState.WAITING))  # as that button does
        session.commit()
        assert f"继续批次 {batch.code}" in sent(follow=True)  # and not a second one with the same file
        assert len(session.scalars(select(Batch)).all()) == 1
    assert "对得上 2 个文件" in sent(follow=False)  # all was said and fetched: the folder is looked at anew


@on_sqlite
def test_a_file_that_was_refused_and_is_mended_goes_into_its_batch_with_the_same_command(
    gate: Gate, folder: Path, service_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mended, sound = folder / "350103_20260915_1400.wav", wav(tmp_path, 600)
    mended.write_bytes(b"\0" * len(sound))  # copied in part: it has its size already
    (folder / "某天.wav").unlink()

    def sent() -> tuple[bool, str]:
        with sending.Service(gate.url, KEY, wait=lambda _: None) as service:
            complete = sending.send(service, folder, wanted(), out=tmp_path / "out", follow=False)
        return complete, capsys.readouterr().out

    complete, told = sent()
    assert (complete, "未收下 350103_20260915_1400.wav" in told) == (False, True)
    mended.write_bytes(sound)
    complete, told = sent()
    assert (complete, "有 1 个文件没有收下而后改过，现在再发。" in told) == (True, True)
    assert "不会自动再发" not in told
    assert "没有等着发送的文件。" in sent()[1]
    with Session(service_engine) as session:
        assert len(session.scalars(select(Batch)).all()) == 1
        assert {row.state for row in session.scalars(select(BatchFile))} == {FileState.TAKEN}
        assert len(session.scalars(select(Recording)).all()) == 2


@on_sqlite
def test_a_file_that_is_another_before_it_was_sent_whole_is_sent_from_its_beginning(
    gate: Gate, folder: Path, service_engine: Engine, tmp_path: Path
) -> None:
    changed = folder / "350102_20260908_0900.wav"
    write_sound(changed, tone(440, 2.2 * sending.CHUNK / 32_000), codec="pcm_s16le")
    command = killed_midway(gate, folder)
    write_sound(changed, tone(330, 1.4 * sending.CHUNK / 32_000), codec="pcm_s16le")
    again = CliRunner().invoke(command_line, command, env={"HUIJIAN_KEY": KEY})
    assert "未收下" not in again.output, again.output
    with Session(service_engine) as session:
        sent = session.scalars(select(Recording).where(Recording.file_name == changed.name)).one()
        assert sent.content_hash == hashlib.sha256(changed.read_bytes()).hexdigest()
        assert (
            session.scalars(select(BatchFile.size).where(BatchFile.file == changed.name)).one() == sent.size
        )


@on_sqlite
def test_a_run_that_does_not_follow_says_how_far_the_service_is_and_fetches_what_is_done(
    gate: Gate, folder: Path, service_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "某天.wav").unlink()

    def sent() -> str:
        with sending.Service(gate.url, KEY, wait=lambda _: None) as service:
            assert sending.send(service, folder, wanted(), out=tmp_path / "out", follow=False)
        return capsys.readouterr().out

    assert "由服务继续质检（已质检 0 场，还有 2 场）；再运行一次可查看进度、取回结果。" in sent()
    (folder / "350102_20260922_0900.wav").write_bytes(wav(tmp_path, 500))
    told = sent()
    assert "有 1 个文件是建批次之后才有的（350102_20260922_0900.wav），不在这一批" in told
    assert "再运行一次，即另建一批" in told
    ending_jobs(service_engine, [])(0)
    assert "完成 2 场，失败 0 场，未收下 0 个文件；结果在" in sent()
    assert (tmp_path / "out" / "results.xlsx").stat().st_size > 0
    assert "350102_20260922_0900.wav → 350102 2026-09-22" in sent()  # the next batch
    with Session(service_engine) as session:
        assert len(session.scalars(select(Batch)).all()) == 2


@on_sqlite
def test_who_comes_back_to_a_paused_batch_is_told_so(
    gate: Gate, folder: Path, service_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sending.Service(gate.url, KEY) as service:
        sending.send(service, folder, wanted(), out=tmp_path / "out", follow=False)
        with transaction(service_engine) as session:
            session.execute(update(Batch).values(paused=True))
        sending.send(service, folder, wanted(), out=tmp_path / "out", follow=False)
    assert "批次已暂停：" in capsys.readouterr().out


def test_a_service_that_does_not_answer_is_asked_again_and_then_told() -> None:
    waits: list[float] = []
    with (
        sending.Service("http://127.0.0.1:9", KEY, wait=waits.append) as service,
        pytest.raises(OutputError, match="没有应答"),
    ):
        service.ask("GET", "api/v1/batches")
    assert waits == list(sending.BACK_OFF)
    with pytest.raises(InputError, match="https"):
        sending.Service("huijian.example.com", KEY)


def test_the_command_still_inspects_here_and_says_what_needs_a_service(tmp_path: Path) -> None:
    assert set(signature(inspect_here).parameters) <= set(signature(commands.batch).parameters)
    for options in (["--dry-run"], ["--service", "http://127.0.0.1:9"]):
        done = CliRunner().invoke(command_line, ["batch", str(tmp_path), *options], env={"HUIJIAN_KEY": ""})
        assert (done.exit_code, "错误：请" in done.output or "--service" in done.output) == (2, True)
    for option in (
        ["--rubric", "weekly_review"],
        ["--reader", "both"],
        ["--model", "small"],
        ["--workers", "2"],
    ):
        words = ["batch", str(tmp_path), "--service", "http://127.0.0.1:9", *option]
        done = CliRunner().invoke(command_line, words, env={"HUIJIAN_KEY": KEY})
        assert (done.exit_code, "只用于在本机质检" in done.output) == (2, True)

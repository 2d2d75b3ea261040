"""The commands ``huijian serve``, ``worker``, ``agreement``, ``corrections`` and ``database``.

Imports stay inside: help answers at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.commands import Database, default_url

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qa_pipeline.agreement import Judged

database_app = typer.Typer(help="数据库：建立或升级结构。", no_args_is_help=True)

Data = Annotated[
    Path | None, typer.Option("--data", help="数据文件夹；默认 HUIJIAN_DATA_FOLDER 或用户数据文件夹")
]
AtOnce = Annotated[int | None, typer.Option("--at-once", min=1, help="同时质检几场；默认按处理器或显存决定")]


def serve(
    host: Annotated[str, typer.Option(help="监听地址；0.0.0.0 为所有网卡")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="端口")] = 8000,
    data: Data = None,
    at_once: AtOnce = None,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="旁边是否带一个工作进程")] = True,
    demo: Annotated[bool, typer.Option("--demo", help="装入示例机构，并质检随附的示例录音")] = False,
) -> None:
    """启动服务：接口、控制台和一个工作进程；首次启动会建库并打印管理员的一次性密码。"""
    from api import serving
    from api.operations.logs import configure

    configure()
    settings = serving.reached_at(serving.settings_for(data), host=host, port=port)
    serving.check_address(host, port)
    engine = serving.prepare(settings)
    if (password := serving.first_password(engine)) is not None:
        typer.echo(f"管理员登录名 admin，一次性密码 {password}（只显示这一次，登录后须修改）")
    if demo:
        typer.echo(serving.load_demo(engine, settings))
    typer.echo(f"服务地址 http://{host}:{port}，数据在 {settings.data_folder}；按 Ctrl-C 停止")
    serving.serve(settings, engine, host=host, port=port, worker=worker, at_once=at_once)


def worker(
    data: Data = None,
    at_once: AtOnce = None,
    until_stdin_ends: Annotated[bool, typer.Option("--until-stdin-ends", hidden=True)] = False,
) -> None:
    """启动一个工作进程；多个（可在多台机器上）须用 PostgreSQL 和共享的录音存储。"""
    from api import serving
    from api.jobs.worker import run
    from api.operations.logs import configure

    configure()
    run(serving.settings_for(data), concurrency=at_once, until_stdin_ends=until_stdin_ends)


def reset_password(login: Annotated[str, typer.Argument(help="登录名")], database: Database = None) -> None:
    """给一个账号新的一次性密码并启用它：无人能登录时，由本机管理员使用。"""
    from api.accounts.bootstrap import let_in
    from api.database import require_current
    from models.database import connect

    engine = connect(database or default_url())
    require_current(engine)
    typer.echo(f"{login} 的一次性密码 {let_in(engine, login)}（登录后须修改）")


def agreement(
    results: Annotated[
        Path | None,
        typer.Argument(
            help="质检结果的文件夹或文件；或一张机器与人工都有的表（CSV、JSONL：meeting、item、machine、human）"
        ),
    ] = None,
    human: Annotated[
        Path | None, typer.Option("--human", help="人工评分（CSV 或 JSONL：meeting、item、score）")
    ] = None,
    database: Annotated[
        str | None, typer.Option("--database", help="用服务里的复核：数据库地址，如 sqlite:///huijian.db")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, help="只看近这么多天作出的复核决定")] = 365,
) -> None:
    """机器与人工有多一致：每项的 kappa、平均绝对分差、一致性界限。"""
    from rich.console import Console

    from qa_pipeline.errors import InputError
    from qa_pipeline.report.agreement import from_files, render

    if (results is None) == (database is None):
        raise InputError("请二选一：给出结果的文件夹或表，或用 --database 给出服务的数据库。")
    if database is not None and human is not None:
        raise InputError(
            "--human 是与结果文件比的人工评分；用 --database 时比的是服务里的复核，请去掉其中一个。"
        )
    judged, alone = from_files(results, human) if results else (_reviewed(str(database), days=days), ())
    if not judged:
        raise InputError("没有可比较的评分：机器和人工都评过的会议一场也没有。")
    if human and alone:
        named = "、".join(alone[:10]) + ("等" if len(alone) > 10 else "")
        told = f"{human.name} 里有 {len(alone)} 场会议没有质检结果，没有比较：{named}"
        typer.echo(f"提醒：{told}；会议名要与结果文件名一致。", err=True)
    render(judged, Console(), confirmed=database is not None)


def _reviewed(database: str, *, days: int) -> list[Judged]:
    from api.reviews.service import judgements
    from models.base import EVERYWHERE

    with _open(database) as session:
        return judgements(session, EVERYWHERE, first=_today() - timedelta(days=days), last=_today())


def corrections(
    out: Annotated[Path, typer.Argument(help="写到此文件夹：每家机构一个子文件夹，每场一个文本文件")],
    database: Database = None,
    days: Annotated[int, typer.Option("--days", min=1, help="只要近这么多天作出的更正")] = 365,
) -> None:
    """导出复核更正为标注数据，供 huijian train 学习；已有的文件不覆盖。"""
    from api.reviews.corrections import corrections as exported
    from models.base import EVERYWHERE
    from qa_pipeline.files import check_writable, write_atomically

    written = kept = 0
    with _open(database or default_url()) as session:
        for one in exported(session, EVERYWHERE, first=_today() - timedelta(days=days), last=_today()):
            target = out / one.path
            if target.exists():
                kept += 1
                continue
            check_writable(target)
            write_atomically(target, one.text.encode())
            written += 1
    if not written and not kept:
        typer.echo(f"近 {days} 天没有复核更正可导出。")
        return
    held = f"，{kept} 场已有文件，未覆盖" if kept else ""
    typer.echo(f"已导出 {written} 场到 {out}{held}。核对后运行 huijian train chapters --from {out}。")


@contextmanager
def _open(database: str) -> Iterator[Session]:
    """A session on the service's database, which must be there and at its newest structure."""
    from sqlalchemy.orm import Session

    from api.database import require_current
    from models.database import connect

    engine = connect(database)
    try:
        require_current(engine)
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


def _today() -> date:
    from api.organisation.service import today

    return today()


@database_app.command()
def upgrade(database: Database = None) -> None:
    """建立数据库，或升级到程序需要的结构。"""
    from api.database import migrate
    from models.database import connect

    engine = connect(database or default_url())
    migrate(engine)
    typer.echo(f"数据库已是最新结构：{engine.url.render_as_string(hide_password=True)}")

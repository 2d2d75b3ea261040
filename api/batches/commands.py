"""The command ``huijian batch``: a folder of recordings, inspected here or by a service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qa_pipeline.cli import Again, Model, ReadBy, RubricFile
from qa_pipeline.cli import batch as inspect_here
from qa_pipeline.errors import InputError

_AT_SERVICE = "交给服务质检"


def batch(
    folder: Annotated[Path, typer.Argument(help="放录音（或文字稿）与 NAME.meeting.yaml 的文件夹")],
    out: Annotated[Path | None, typer.Option(help="输出文件夹；默认 FOLDER/huijian-results")] = None,
    workers: Annotated[int, typer.Option(min=1, help="同时质检几场")] = 1,
    model: Model = None,
    rubric: RubricFile = None,
    reader: ReadBy = None,
    again: Again = False,
    service: Annotated[
        str | None,
        typer.Option(
            help="服务地址，如 https://huijian.example.com：上传文件夹中的录音，由服务质检",
            rich_help_panel=_AT_SERVICE,
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            envvar="HUIJIAN_KEY",
            help="API 密钥，须有上传和批次权限；写在环境变量里更稳妥",
            rich_help_panel=_AT_SERVICE,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="批次名称；默认文件夹名", rich_help_panel=_AT_SERVICE)
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            help="CSV 清单：文件名,机构代码,日期，另可有 开始时间,类别,段号", rich_help_panel=_AT_SERVICE
        ),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(help="文件名格式，如 '{institution}_{date}_{time}*.m4a'", rich_help_panel=_AT_SERVICE),
    ] = None,
    month: Annotated[
        str | None, typer.Option(help="只取该月的会议，如 2026-09", rich_help_panel=_AT_SERVICE)
    ] = None,
    institution: Annotated[
        str | None, typer.Option(help="只取该机构及其下级", rich_help_panel=_AT_SERVICE)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只列出哪些对得上、哪些对不上", rich_help_panel=_AT_SERVICE)
    ] = False,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow/--no-follow", help="上传后等质检完成并取回结果工作簿", rich_help_panel=_AT_SERVICE
        ),
    ] = True,
) -> None:
    """质检一个文件夹里的全部会议，在本机或交给服务；中断后再运行即从断点继续。"""
    from qa_pipeline.folder import DEFAULT_OUT

    target = out or folder / DEFAULT_OUT
    if service is None:
        if manifest or pattern or month or institution or dry_run:
            raise InputError("清单、文件名格式、试运行等用于交给服务质检：请同时给出 --service。")
        inspect_here(
            folder=folder, out=out, workers=workers, model=model, rubric=rubric, reader=reader, again=again
        )
        return
    from api.batches import sending

    if rubric or model or reader or workers != 1:
        raise InputError(
            "--workers、--model、--rubric、--reader 只用于在本机质检：交给服务时由服务决定，请去掉。"
        )
    if not key:
        raise InputError("请用 --key 或环境变量 HUIJIAN_KEY 给出 API 密钥。")
    wanted = sending.Wanted(
        name=name or folder.absolute().name,
        manifest=sending.read_text(manifest) if manifest else None,
        pattern=pattern,
        month=month,
        institution=institution,
        again=again,
    )
    with sending.Service(service, key) as reached:
        if dry_run:
            sending.told(folder, sending.ask(reached, folder, wanted, dry_run=True))
            return
        complete = sending.send(reached, folder, wanted, out=target, follow=follow)
    if not complete:
        raise typer.Exit(1)

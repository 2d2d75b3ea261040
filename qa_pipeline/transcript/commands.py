"""``huijian asr``: the speech models on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="语音模型：查看、获取、校验。", no_args_is_help=True)


@app.command("list")
def list_models() -> None:
    """列出本机的语音模型和可获取的常用模型。"""
    from rich.console import Console
    from rich.table import Table

    from qa_pipeline.transcript import store

    models = store.installed()
    table = Table("模型", "大小", "说明", title="本机的语音模型（第一个是默认）")
    for model in models:
        table.add_row(model.name, f"{model.size / 1e6:.0f} MB", model.warning)
    console = Console()
    console.print(table)
    console.print(f"说话人模型：{'已有' if store.diarization_models() else '没有'}")
    here = {model.name for model in models}
    names = [name for name in (*store.HUB_NAMES, store.DIARIZATION) if name not in here]
    console.print(f"可获取：{'、'.join(names)}（huijian asr pull 名字）")


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="常用名、“组织/模型”，或 diarization（说话人模型）")],
    mirror: Annotated[str | None, typer.Option("--mirror", help="镜像地址，例如内网的模型库")] = None,
) -> None:
    """获取一个语音模型。"""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from qa_pipeline.transcript import store

    bar = Progress(
        TextColumn("获取 {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    )
    with bar:
        task = bar.add_task(name, total=None)
        folder = store.pull(
            name,
            mirror=mirror,
            progress=lambda stage, done, total: bar.update(task, completed=done, total=total),
        )
    typer.echo(f"已获取 {name}：{folder}")


@app.command()
def check(
    name: Annotated[str | None, typer.Argument(help="模型名；不给则校验全部")] = None,
) -> None:
    """重新计算校验和，确认模型文件完好。"""
    from qa_pipeline.transcript import store

    names = [name] if name else [model.name for model in store.installed()]
    if name is None and store.diarization_models():
        names.append(store.DIARIZATION)
    for each in names:
        model = store.check(each)
        listed = (model.path / store.MANIFEST).is_file()
        typer.echo(f"{model.name} {'完好' if listed else '文件齐全（没有校验和清单）'}：{model.path}")

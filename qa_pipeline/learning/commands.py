"""``huijian train``: learn from a company's own labelled meetings.

Imports stay inside: help answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa_pipeline.waiting import bar

if TYPE_CHECKING:
    from rich.console import Console

    from qa_pipeline.learning.figures import Figures
    from qa_pipeline.learning.training import Outcome

app = typer.Typer(no_args_is_help=True, help="用本单位标注的会议训练章节、语句模型，不差于现用的才安装。")

From = Annotated[
    Path,
    typer.Option(
        "--from",
        help="标注会议的文件夹：每位标注人或每家机构一个子文件夹，每场一个 .txt；直接放在其中的算同一位的",
    ),
]
Against = Annotated[str, typer.Option("--against", help="与谁比较：current 现用的，shipped 随附的")]
Alone = Annotated[bool, typer.Option("--alone", help="只用这个文件夹训练，不加随附的标注会议")]
Try = Annotated[bool, typer.Option("--try", help="只训练和比较，不安装")]


@app.command()
def chapters(folder: From, against: Against = "current", alone: Alone = False, dry: Try = False) -> None:
    """训练章节模型，在留出的会议上与现用的比较，不差才安装。"""
    from qa_pipeline.chapters import model
    from qa_pipeline.learning.training import train_chapters

    rival = model.shipped() if _shipped(against) else None
    with bar() as progress:
        outcome = train_chapters(folder, against=rival, alone=alone, say=_say, progress=progress)
    _finish(outcome, dry=dry)


@app.command()
def acts(folder: From, against: Against = "current", alone: Alone = False, dry: Try = False) -> None:
    """训练语句模型，在留出的会议上与现用的比较，不差才安装。"""
    from qa_pipeline.findings.acts import act_model
    from qa_pipeline.learning.training import train_acts

    rival = act_model() if _shipped(against) else None
    with bar() as progress:
        outcome = train_acts(folder, against=rival, alone=alone, say=_say, progress=progress)
    _finish(outcome, dry=dry)


@app.command()
def status() -> None:
    """列出安装了哪些自训模型：版本、何时训练、在多少场上量得多少。"""
    from qa_pipeline import installed

    for kind in installed.KINDS:
        found = installed.about(kind)
        if found is None:
            typer.echo(f"{installed.NAMES[kind]}：随附的（没有安装自训的）")
        else:
            figures = found.figures
            typer.echo(
                f"{installed.NAMES[kind]}：自训 {found.version}，{found.trained_at} 训练，"
                f"学过 {len(found.learned)} 场，在留出的 {figures.get('meetings', 0):.0f} 场上"
                f"得 {figures.get('score', 0):.3f}；文件 {installed.path_of(kind)}"
            )


@app.command()
def remove(
    kind: Annotated[str, typer.Argument(help="chapters 章节模型 / acts 语句模型")],
) -> None:
    """卸下自训的模型，改用随附的。"""
    from qa_pipeline import installed
    from qa_pipeline.errors import InputError

    known = next((one for one in installed.KINDS if one == kind), None)
    if known is None:
        raise InputError(f"没有「{kind}」这种模型：可写 {'、'.join(installed.KINDS)}。")
    gone = installed.remove(known)
    typer.echo(
        f"已卸下，改用随附的{installed.NAMES[known]}。" if gone else "没有安装自训的，用的就是随附的。"
    )


def _shipped(against: str) -> bool:
    from qa_pipeline.errors import InputError

    if against not in ("current", "shipped"):
        raise InputError(f"--against 是「{against}」：可写 current（现用的）或 shipped（随附的）。")
    return against == "shipped"


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _finish(outcome: Outcome, *, dry: bool) -> None:
    from rich.console import Console

    from qa_pipeline.learning.training import install

    console = Console()
    _table(outcome, "现用", outcome.current_version, outcome.current, console)
    _table(outcome, "新训", outcome.about.version, outcome.candidate, console)
    gain = outcome.candidate.score - outcome.current.score
    typer.echo(
        f"留出 {outcome.candidate.meetings} 场（按{outcome.split.by}分开，两个模型都没学过）："
        f"现用 {outcome.current.score:.3f}，新训 {outcome.candidate.score:.3f}（{gain:+.3f}）。"
    )
    if dry:
        typer.echo("只比较，没有安装。")
        return
    path = install(outcome)
    typer.echo(f"已安装 {outcome.about.version}：{path}。之后的质检都用它，结果里记下版本；服务须重启。")


def _table(outcome: Outcome, name: str, version: str, figures: Figures, console: Console) -> None:
    from rich.table import Table

    from qa_pipeline.names import ACTS, CHAPTERS
    from qa_pipeline.values.vocabulary import Act, Chapter

    acts = outcome.kind == "acts"
    measured = f"全部标签 F1 {figures.score:.3f}" if acts else f"按时间准确率 {figures.score:.3f}"
    table = Table(title=f"{name} {version}：{measured}", title_justify="left")
    for heading in ("标签", "句数" if acts else "分钟", "精确率", "召回率", "F1"):
        table.add_column(heading, justify="left" if heading == "标签" else "right")
    for label, told in figures.by_label.items():
        shown = ACTS[Act(label)] if acts else CHAPTERS[Chapter(label)]
        amount = f"{told.there:.0f}" if acts else f"{told.there / 60:.1f}"
        shares = ["–" if x is None else f"{x:.2f}" for x in (told.precision, told.recall, told.f1)]
        table.add_row(shown, amount, *shares)
    console.print(table)

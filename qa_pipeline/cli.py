"""The command ``huijian``. Imports stay inside the commands: help answers at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from qa_pipeline.compliance.commands import calendar
from qa_pipeline.errors import HuijianError
from qa_pipeline.learning.commands import app as train_app
from qa_pipeline.rubric.commands import app as rubric_app
from qa_pipeline.transcript.commands import app as asr_app
from qa_pipeline.usage import UsageError, is_help, sentence, speak_chinese
from qa_pipeline.waiting import bar, stderr

if TYPE_CHECKING:
    from qa_pipeline.values.recording import Recording
    from qa_pipeline.values.transcript import Transcript
    from qa_pipeline.values.vocabulary import Progress


class _Huijian(TyperGroup):
    """All commands: a refusal is one sentence on stderr and exit code 2; 130 when interrupted."""

    def make_context(self, *given: Any, **more: Any) -> Any:
        with _refusing():
            return super().make_context(*given, **more)

    def invoke(self, ctx: Any) -> Any:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _interrupted)
        with _refusing():
            return super().invoke(ctx)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except HuijianError as error:
        typer.echo(f"错误：{error}", err=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        typer.echo("已中断：没有留下写了一半的文件；批量质检和训练再运行一次即从断点继续。", err=True)
        raise typer.Exit(130) from None
    except UsageError as error:
        if is_help(error):
            typer.echo(error)
            raise typer.Exit(2) from error
        typer.echo(f"错误：{sentence(error)}", err=True)
        raise typer.Exit(2) from error


def _interrupted(number: int, _: object) -> NoReturn:
    """A signal interrupts once: another one would interrupt the tidying up after the first."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


speak_chinese()
app = typer.Typer(
    name="huijian",
    cls=_Huijian,
    help="会鉴：质检周复盘会与月规划会的录音，给出能量值、依据与改进建议。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(rubric_app, name="rubric")
app.add_typer(asr_app, name="asr")
app.add_typer(train_app, name="train")
app.command()(calendar)

Files = Annotated[
    list[Path], typer.Argument(help="一场会议的录音（多段按顺序给出），或一份文字稿", show_default=False)
]
Model = Annotated[str | None, typer.Option(help="语音模型：大小（small）、名称（组织/模型）或文件夹")]
Facts = Annotated[Path | None, typer.Option("--facts", help="会议信息文件；默认用录音旁的 NAME.meeting.yaml")]
ReadBy = Annotated[
    str | None,
    typer.Option(
        "--reader",
        help="谁来读：local 本地 / llm 语言模型 / both 两者核对；默认按 HUIJIAN_READER，否则 local",
    ),
]
RubricFile = Annotated[str | None, typer.Option("--rubric", help="评分标准文件；默认按会议类别与主题选用")]
Again = Annotated[bool, typer.Option("--again", help="已有结论的会议也重新质检")]


@app.command()
def inspect(
    files: Files,
    facts_file: Facts = None,
    kind: Annotated[
        str | None, typer.Option(help="weekly_review 周复盘会 / monthly_planning 月规划会")
    ] = None,
    date: Annotated[str | None, typer.Option(help="召开日期，如 2026-09-08")] = None,
    start: Annotated[str | None, typer.Option(help="开始时间，如 09:00")] = None,
    institution: Annotated[str | None, typer.Option(help="机构名称")] = None,
    theme: Annotated[str | None, typer.Option(help="周主题；默认由日期决定")] = None,
    host: Annotated[str | None, typer.Option(help="主持人")] = None,
    expected: Annotated[str | None, typer.Option(help="应到：人数，或用逗号分开的名单")] = None,
    attendees: Annotated[str | None, typer.Option(help="实到：人数，或用逗号分开的名单")] = None,
    on_site: Annotated[int | None, typer.Option(help="现场人数")] = None,
    before: Annotated[Path | None, typer.Option(help="上一场会的结果 JSON：逐条核对当时的承诺")] = None,
    rubric: RubricFile = None,
    model: Model = None,
    reader: ReadBy = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="把结果写成 JSON")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="把报告写成单个 HTML 文件")] = None,
    transcript_file: Annotated[
        Path | None, typer.Option("--transcript", help="把文字稿写到此文件（json/srt/vtt/txt）")
    ] = None,
) -> None:
    """质检一场会议：转写、分章节、评分，说明为什么。"""
    given = {
        "kind": kind,
        "meeting_date": date,
        "start_time": start,
        "institution": institution,
        "theme": theme,
        "host": host,
        "expected_attendees": expected,
        "attendees": attendees,
        "on_site": on_site,
    }
    from rich.console import Console

    from qa_pipeline.before import promised
    from qa_pipeline.facts import facts_from, merge, read_facts
    from qa_pipeline.files import check_format, check_writable, write_atomically
    from qa_pipeline.pipeline import inspect as run
    from qa_pipeline.report.html import render_html
    from qa_pipeline.report.json import write_json
    from qa_pipeline.report.terminal import render
    from qa_pipeline.rubric import load_rubric
    from qa_pipeline.transcript.formats import WRITTEN, write_transcript
    from qa_pipeline.values.facts import MeetingFacts

    facts_path = facts_file or _facts_beside(files)
    check_writable(
        *filter(None, (json_file, html_file, transcript_file)),
        inputs=filter(None, (*files, facts_path, before, rubric)),
    )
    if transcript_file:
        check_format(transcript_file, WRITTEN)
    facts = merge(
        read_facts(facts_path) if facts_file or facts_path.is_file() else MeetingFacts(),
        facts_from({k: v for k, v in given.items() if v is not None}),
    )
    loaded = load_rubric(rubric) if rubric else None
    commitments, later, other = promised(before, facts) if before else ((), 0, None)
    if before and other:
        told = f"{before.name} 是 {other} 的会，本场是 {facts.institution} 的"
        typer.echo(f"提醒：{told}：请核对 --before 是否给错了文件。", err=True)
    if before and later:
        typer.echo(f"提醒：{before.name} 里有 {later} 条承诺在本场之后才到期，本场不核对。", err=True)
    elif before and not commitments:
        typer.echo(f"提醒：{before.name} 里没有行动项，没有可以逐条核对的承诺。", err=True)

    def keep(transcript: Transcript) -> None:
        if transcript_file:
            write_transcript(transcript, transcript_file)

    with bar() as progress:
        inspection = run(
            _open(files, progress),
            facts=facts,
            rubric=loaded,
            model=model,
            reader=reader,
            commitments_before=commitments,
            keep=keep,
            progress=progress,
        )
    if json_file:
        write_json(inspection, json_file)
    if html_file:
        write_atomically(html_file, render_html(inspection).encode())
    render(inspection, Console())


@app.command()
def transcribe(
    files: Files,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="写到此文件（json/srt/vtt/txt）；默认打印")
    ] = None,
    model: Model = None,
    speakers: Annotated[int | None, typer.Option(help="参会人数，帮助区分说话人")] = None,
) -> None:
    """只转写：录音变成带时间的文字稿。"""
    from qa_pipeline.files import check_format, check_writable
    from qa_pipeline.pipeline import read
    from qa_pipeline.transcript.formats import WRITTEN, to_text, write_transcript
    from qa_pipeline.values.facts import MeetingFacts, Roster

    if output:
        check_writable(output, inputs=(*files, _facts_beside(files)))
        check_format(output, WRITTEN)
    facts = MeetingFacts(attendees=Roster(count=speakers) if speakers else None)

    def keep(transcript: Transcript) -> None:
        if output:
            write_transcript(transcript, output)

    with bar() as progress:
        transcript = read(_open(files, progress), facts=facts, model=model, keep=keep, progress=progress)
    for warning in transcript.warnings:
        typer.echo(f"提醒：{warning}", err=True)
    if output:
        write_transcript(transcript, output)
        typer.echo(f"已写入 {output}", err=True)
    else:
        typer.echo(to_text(transcript))


@app.command()
def batch(
    folder: Annotated[Path, typer.Argument(help="放录音（或文字稿）与 NAME.meeting.yaml 的文件夹")],
    out: Annotated[Path | None, typer.Option(help="输出文件夹；默认 FOLDER/huijian-results")] = None,
    workers: Annotated[int, typer.Option(min=1, help="同时质检几场")] = 1,
    model: Model = None,
    rubric: RubricFile = None,
    reader: ReadBy = None,
    again: Again = False,
) -> None:
    """质检一个文件夹里的全部会议；中断后再运行即从断点继续。"""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from qa_pipeline.batch import run
    from qa_pipeline.folder import DEFAULT_OUT
    from qa_pipeline.rubric import load_rubric

    if rubric:
        load_rubric(rubric)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupted)  # whoever shuts the machine down gets the workbook too
    target = out or folder / DEFAULT_OUT
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr()) as shown:
        row_task = shown.add_task("质检", total=None)
        tally = run(
            folder,
            out=target,
            workers=workers,
            model=model,
            rubric=rubric,
            reader=reader,
            again=again,
            on_plan=lambda total, done: shown.update(row_task, total=total, completed=done),
            on_result=lambda row: shown.update(row_task, advance=1, description=f"质检 {row['name']}"),
        )
    for name, reason in tally.problems:
        typer.echo(f"未完成 {name}：{reason}")
    for name, reason in tally.left_out:
        typer.echo(f"没有用上 {name}：{reason}。")
    skipped = f"跳过 {tally.skipped} 场（此前已完成，要重做请加 --again）"
    counts = f"完成 {tally.done} 场，失败 {tally.failed} 场，{skipped}"
    typer.echo(f"{counts}；结果在 {target}")
    if tally.failed:
        raise typer.Exit(1)


@app.command()
def explain(
    result: Annotated[Path, typer.Argument(help="huijian inspect --json 写的结果", show_default=False)],
    item: Annotated[str, typer.Argument(help="评分项的编号，如 C1；或触发的关键项，如 K2")],
) -> None:
    """说明一项得分怎么来的：规则、实测、原话、判断所依据的字词。"""
    from rich.console import Console

    from qa_pipeline.report.explain import explain as told
    from qa_pipeline.report.explain import read_result, show

    show(told(read_result(result), item), Console())


def _open(files: list[Path], progress: Progress) -> Recording | Transcript:
    from qa_pipeline.pipeline import open_source

    return open_source([str(f) for f in files], progress=progress)


def _facts_beside(files: list[Path]) -> Path:
    """Where the facts file of the meeting lies, or would lie."""
    from qa_pipeline.folder import FACTS_SUFFIX

    return files[0].parent / (files[0].stem.removesuffix(".part1") + FACTS_SUFFIX)


if __name__ == "__main__":
    app()

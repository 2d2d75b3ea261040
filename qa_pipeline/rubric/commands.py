"""``huijian rubric``: list measures, check, test, compare and show rubrics; a wrong rubric exits with 2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from qa_pipeline.rubric.archive import Stored

app = typer.Typer(no_args_is_help=True, help="评分标准（量规）：查看测量、检查、试跑、比较。")

File = Annotated[str, typer.Argument(help="量规文件，或自带量规的名字 weekly_review、monthly_planning")]


@app.command()
def measures(
    family: Annotated[str | None, typer.Option("--family", help="只列这一类，如 topics")] = None,
) -> None:
    """列出代码能测的每一项：编号、名称、单位、含义。"""
    from rich.console import Console
    from rich.table import Table

    from qa_pipeline.errors import InputError
    from qa_pipeline.findings.registry import FAMILIES, specs

    if family is not None and family not in FAMILIES:
        raise InputError(f"没有「{family}」这一类测量：可写 {'、'.join(FAMILIES)}。")
    table = Table(title="可用的测量")
    table.add_column("编号", no_wrap=True)  # it is copied from here
    for heading in ("名称", "单位", "含义"):
        table.add_column(heading, overflow="fold")
    for spec in specs():
        if family is None or spec.family == family:
            table.add_row(spec.id, spec.label, spec.unit, spec.meaning)
    Console().print(table)


@app.command()
def check(file: File) -> None:
    """检查一份量规或实践库：写法有错即拒绝，写得不妥给出提醒。"""
    from qa_pipeline.findings import remarks
    from qa_pipeline.rubric.linter import lint
    from qa_pipeline.rubric.loader import SHIPPED, load_rubric

    if file not in SHIPPED and remarks.is_library(Path(file)):
        shelf = remarks.load_library(Path(file))
        counts = f"优秀实践 {len(shelf.practices)} 条，常见问题 {len(shelf.issues)} 条"
        typer.echo(f"实践库（{counts}）写法正确。")
        return
    rubric = load_rubric(file)
    unwise = lint(rubric)
    for remark in unwise:
        typer.echo(f"提醒 {remark}")
    name = f"{rubric.label}（{rubric.id} {rubric.version}，{rubric.sha256[:12]}）"
    typer.echo(f"{name}写法正确，{len(unwise)} 条提醒。")


@app.command()
def test(file: File) -> None:
    """试跑量规各项自带的例子；有一个不符即以退出码 1 结束，这样的量规不能发布。"""
    from qa_pipeline.rubric.examples import run_examples
    from qa_pipeline.rubric.judge import configured
    from qa_pipeline.rubric.loader import load_rubric

    outcomes = run_examples(load_rubric(file), judge=configured())
    for outcome in outcomes:
        if not outcome.passed:
            got = "不计分" if outcome.level is None else f"{outcome.level:.2f}"
            wanted = f"应得 {outcome.expected:.2f}，实得 {got}"
            typer.echo(f"不符 {outcome.item} 第 {outcome.number} 例：{wanted}。{outcome.reason}")
    failed = sum(not o.passed for o in outcomes)
    typer.echo(f"{len(outcomes)} 个例子，{failed} 个不符。")
    if failed or not outcomes:
        raise typer.Exit(1)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="现用的量规")],
    new: Annotated[str, typer.Argument(help="拟用的量规")],
    on: Annotated[Path, typer.Option("--on", help="档案：存有质检结果 JSON 的文件夹或文件")],
) -> None:
    """换用新量规后，档案里哪些会议的分数和结论会变。原有分数不改。"""
    from rich.console import Console
    from rich.table import Table

    from qa_pipeline.rubric.archive import read_archive
    from qa_pipeline.rubric.diff import diff as compare
    from qa_pipeline.rubric.loader import load_rubric
    from qa_pipeline.values.written import points

    stored: list[str] = []

    def noted() -> Iterator[Stored]:
        for meeting in read_archive(on):
            stored.append(meeting.name)
            yield meeting

    rows = compare(load_rubric(old), load_rubric(new), noted())
    table = Table(title="换用新量规后的变化")
    for heading in ("会议", "原分", "新分", "原结论", "新结论", "变动的项"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        if row.changed:
            table.add_row(
                row.meeting,
                points(row.old_score),
                points(row.new_score),
                row.old_verdict,
                row.new_verdict,
                "、".join(row.items),
            )
    Console().print(table)
    turned = sum(r.old_verdict != r.new_verdict for r in rows)
    typer.echo(
        f"共 {len(rows)} 场，{sum(r.changed for r in rows)} 场分数或结论变动，其中 {turned} 场结论变动。"
    )
    if left := len(stored) - len(rows):
        typer.echo(f"另有 {left} 场没有比较：它们的会议类别不是两份量规都适用的。")


@app.command()
def schema() -> None:
    """输出量规的 JSON Schema，供编辑器提示和校验。"""
    from qa_pipeline.rubric.jsonschema import schema_text

    typer.echo(schema_text(), nl=False)


@app.command()
def show(file: File) -> None:
    """按维度列出一份量规的各项、权重、为什么重要。"""
    from rich.console import Console
    from rich.table import Table

    from qa_pipeline.rubric.loader import load_rubric

    rubric = load_rubric(file)
    base = f"（以 {rubric.extends} 为底）" if rubric.extends else ""
    table = Table(title=f"{rubric.label} {rubric.version}{base} · 合格线 {rubric.pass_line:g}")
    for heading in ("维度", "编号", "项", "权重", "为什么"):
        table.add_column(heading, overflow="fold")
    for dimension in rubric.dimensions:
        for item in rubric.items:
            if item.dimension == dimension.id:
                table.add_row(dimension.label, item.id, item.label, f"{item.weight:g}", item.why)
    for rule in rubric.criticals:
        table.add_row("复核" if rule.review else "否决", rule.id, rule.label, "—", rule.reason)
    Console().print(table)

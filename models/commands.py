"""The commands ``huijian database``, ``huijian data`` and ``huijian demo-org``.

Imports stay inside: help answers at once.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from models.demo_org.extent import Size

FORMATS: Final = (".xlsx", ".csv")

data_app = typer.Typer(help="经营数据的模板、导入与导出（Excel、CSV）。", no_args_is_help=True)

Database = Annotated[
    str | None,
    typer.Option(
        "--database", envvar="HUIJIAN_DATABASE_URL", help="数据库地址；默认是用户数据文件夹里的 SQLite"
    ),
]
Entities = Annotated[
    list[str] | None, typer.Option("--sheet", help="表名，如 机构、人员；可多次给出，默认全部")
]


def default_url() -> str:
    """Address of the SQLite database in the service's data folder, or the user's; makes the folder."""
    from platformdirs import user_data_path

    folder = Path(os.environ.get("HUIJIAN_DATA_FOLDER") or user_data_path("huijian")).absolute()
    make_private(folder)
    return f"sqlite:///{folder / 'huijian.db'}"


def make_private(folder: Path) -> None:
    """Make a data folder: what lies there are voices, names and phones, for its own user alone. Raises
    OutputError."""
    from qa_pipeline.errors import OutputError, reason

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"无法建立数据文件夹 {folder}（{reason(error)}）："
            "请用 HUIJIAN_DATA_FOLDER（serve、worker 也可用 --data）换一个可写的位置。"
        ) from error


@data_app.command()
def template(
    file: Annotated[Path, typer.Argument(help="模板文件，.xlsx 或 .csv")], sheet: Entities = None
) -> None:
    """写出可填写的模板：表头、必填、可选项与示例。"""
    from models.exchange import exporting
    from models.exchange.entities import SHEETS
    from models.exchange.reading import sheet_of
    from qa_pipeline.errors import InputError
    from qa_pipeline.files import check_format, check_writable, write_atomically

    check_writable(file)
    check_format(file, FORMATS)
    sheets = [sheet_of(title) for title in sheet] if sheet else list(SHEETS)
    if file.suffix.lower() != ".csv":
        write_atomically(file, exporting.template(sheets))
    elif len(sheets) == 1:
        write_atomically(file, exporting.csv_template(sheets[0]))
    else:
        raise InputError("CSV 模板只能装一张表：请用 --sheet 选定一张表，或改用 .xlsx。")
    typer.echo(f"已写出模板：{file}")


@data_app.command("export")
def export_(
    file: Annotated[Path, typer.Argument(help="导出文件，.xlsx 或 .csv")],
    sheet: Entities = None,
    full: Annotated[bool, typer.Option("--full", help="不隐去电话和客户姓名（可再次导入）")] = False,
    database: Database = None,
) -> None:
    """导出数据；默认隐去电话和客户姓名。"""
    from sqlalchemy.orm import Session

    from models.database import connect, require_current
    from models.exchange import exporting
    from models.exchange.entities import SHEETS
    from models.exchange.reading import sheet_of
    from qa_pipeline.errors import InputError
    from qa_pipeline.files import check_format, check_writable, write_atomically

    check_writable(file)
    check_format(file, FORMATS)
    sheets = [sheet_of(title) for title in sheet] if sheet else list(SHEETS)
    if file.suffix.lower() == ".csv" and len(sheets) != 1:
        raise InputError("CSV 只能装一张表：请用 --sheet 选定一张表，或改用 .xlsx。")
    engine = connect(database or default_url())
    require_current(engine)
    with Session(engine) as session:
        if file.suffix.lower() == ".csv":
            content = exporting.csv_file(session, sheets[0], mask=not full)
        else:
            content = exporting.workbook(session, sheets, mask=not full)
    write_atomically(file, content)
    typer.echo(f"已导出：{file}")


@data_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Excel（.xlsx）或 CSV 文件")],
    sheet: Annotated[str | None, typer.Option("--sheet", help="CSV 文件装的是哪张表；默认看文件名")] = None,
    database: Database = None,
) -> None:
    """导入一个文件：全部写入，或一行也不写；再导入一次不会重复。"""
    from rich.console import Console
    from rich.progress import Progress

    from models.database import connect, require_current, transaction
    from models.exchange.importing import take
    from models.exchange.reading import read
    from qa_pipeline.errors import InputError

    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"无法读取“{file}”：请检查路径和权限。") from error
    engine = connect(database or default_url())
    require_current(engine)
    filled = read(content, file_name=file.name, entity=sheet)
    with Progress(console=Console(stderr=True), transient=True) as bar, transaction(engine) as session:
        task = bar.add_task("导入", total=None)
        taken = take(
            session, filled, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    for one in taken:
        typer.echo(f"{one.title}：新增 {one.added}，更新 {one.changed}，未变 {one.unchanged}")


def demo_org(
    seed: Annotated[int, typer.Option("--seed", min=0, help="随机种子；相同种子得到相同数据")] = 1,
    size: Annotated[
        Size, typer.Option("--size", help="规模：small、medium、large 分别为 3、30、300 家四级机构")
    ] = Size.SMALL,
    months: Annotated[int, typer.Option("--months", help="月数，含截止日所在月")] = 12,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="数据截止日；默认今天")
    ] = None,
    database: Database = None,
) -> None:
    """生成一家示例公司的全部经营数据，供演示、测试与测速；只写入空的数据库。"""
    from rich.console import Console
    from rich.progress import Progress

    from models.base import SHANGHAI
    from models.database import connect, require_current
    from models.demo_org.generate import generate

    engine = connect(database or default_url())
    require_current(engine)
    last = (until or datetime.now(SHANGHAI)).date()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("生成", total=None)
        generate(
            engine,
            seed=seed,
            size=size,
            months=months,
            until=last,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    typer.echo(f"已生成示例机构（{size}，种子 {seed}，{months} 个月，截至 {last}）：数据均为虚构。")

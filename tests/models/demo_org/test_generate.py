"""Generating as a whole: the same seed gives the same rows, only an empty database is filled."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from api.cli import app
from models.database import connect, migrate
from models.demo_org.extent import Size
from models.demo_org.generate import generate
from models.exchange.entities import BY_TITLE
from models.exchange.exporting import workbook
from models.exchange.importing import take
from models.exchange.reading import read
from models.meetings.tables import MeetingSlot
from models.organisation.tables import Institution, Person, PersonKind, Rank
from models.tables import METADATA
from qa_pipeline.errors import InputError

UNTIL = date(2026, 11, 10)


def written(folder: Path, *, seed: int) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables of an organisation generated in a folder of its own."""
    folder.mkdir()
    engine = connect(f"sqlite:///{folder / 'huijian.db'}")
    migrate(engine)
    generate(engine, seed=seed, size=Size.SMALL, until=UNTIL, months=2)
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table.name}")]
            for table in METADATA.sorted_tables
        }


def test_the_same_seed_gives_the_same_rows_and_another_one_others(tmp_path: Path) -> None:
    first = written(tmp_path / "first", seed=3)
    assert first == written(tmp_path / "again", seed=3)
    other = written(tmp_path / "other", seed=4)
    assert first["rank"] == other["rank"]
    assert all(first[name] != other[name] for name in ("person", "sale", "observation", "attendance"))


def test_all_kinds_of_rows_are_there_but_those_that_are_calculated(demo: Session) -> None:
    empty = {
        table.name for table in METADATA.sorted_tables if demo.execute(select(table).limit(1)).first() is None
    }
    assert empty == {"calendar_year", "calendar_day", "toolbox_value", "recommendation"}


def test_what_is_exported_is_taken_again_without_change(demo: Session) -> None:
    titles = (
        "机构 职级 营业室 人员 职级履历 营业室主管 行政经理与代理 指标定义 参数"
        " 会议场次 会议 行动项 计划方案 收入目标"
    )
    sheets = [BY_TITLE[title] for title in titles.split()]
    content = workbook(demo, sheets, mask=False)
    taken = take(demo, read(content, file_name="导出.xlsx"))
    assert [(one.title, one.added, one.changed) for one in taken] == [(s.title, 0, 0) for s in sheets]
    assert all(one.unchanged for one in taken)


def test_the_database_counts_on_from_the_keys_used(demo: Session) -> None:
    last = demo.scalar(select(func.max(Person.id))) or 0
    person = Person(code="NEW", name="新人", kind=PersonKind.AGENT, joined_on=UNTIL)
    demo.add(person)
    demo.flush()
    assert person.id > last


def test_a_database_in_use_is_refused_and_left_alone(fresh_engine: Engine) -> None:
    with Session(fresh_engine) as session, session.begin():
        session.add(Institution(code="00", name="总公司", level=1, path="/1/", valid_from=UNTIL))
    with pytest.raises(InputError, match="只能写入空的数据库"):
        generate(fresh_engine, seed=1, size=Size.SMALL, until=UNTIL, months=2)
    with Session(fresh_engine) as session:
        assert session.scalars(select(Institution.code)).all() == ["00"]
        assert session.scalar(select(func.count(Rank.id))) == 0


@pytest.mark.parametrize("months", [0, 1, 37])
def test_months_out_of_range_are_refused(tmp_path: Path, months: int) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'huijian.db'}")
    migrate(engine)
    with pytest.raises(InputError, match="月数"):
        generate(engine, seed=1, size=Size.SMALL, until=UNTIL, months=months)


def test_meetings_of_a_year_without_known_holidays_have_no_window(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'huijian.db'}")
    migrate(engine)
    generate(engine, seed=1, size=Size.SMALL, until=date(2028, 2, 20), months=2)
    with Session(engine) as session:
        windows = session.execute(select(func.count(), func.count(MeetingSlot.earliest))).one()
    assert windows == (24, 0)


def test_the_command_generates_and_refuses_a_second_time(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'huijian.db'}"
    asked = ["demo-org", "--seed", "1", "--months", "2", "--until", "2026-11-10", "--database", address]
    runner = CliRunner()
    unready = runner.invoke(app, asked)
    assert isinstance(unready.exception, SystemExit)
    assert "huijian database upgrade" in unready.output
    migrate(connect(address))
    done = runner.invoke(app, asked)
    assert done.exit_code == 0
    assert "已生成示例机构（small，种子 1，2 个月，截至 2026-11-10）" in done.output
    again = runner.invoke(app, asked)
    assert again.exit_code == 2
    assert "只能写入空的数据库" in again.output

"""Migrations, constraints that the database keeps, and the column types, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from models import database
from models.indicators.tables import Indicator, Observation
from models.organisation.tables import Institution
from models.tables import METADATA
from qa_pipeline.errors import InputError


def head_office(code: str = "01") -> Institution:
    return Institution(code=code, name="总公司", level=1, path="/1/", valid_from=date(2000, 1, 1))


def premium() -> Indicator:
    return Indicator(
        code="regular_premium",
        version=1,
        name="期缴保费",
        unit="元",
        direction="higher",
        aspect="result",
        formula="Σ承保期交−犹豫期撤单",
        valid_from=date(2026, 1, 1),
    )


def observation(session: Session) -> Observation:
    institution, indicator = head_office(), premium()
    session.add_all([institution, indicator])
    session.flush()
    row = Observation(
        institution_id=institution.id,
        indicator_id=indicator.id,
        as_of=date(2026, 11, 25),
        value=Decimal("1234567.8901"),
        recorded_at=datetime(2026, 11, 26, 1, 0, tzinfo=UTC),
        source="测试",
    )
    session.add(row)
    session.flush()
    return row


def test_the_migrations_make_exactly_the_tables_of_the_model(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_migrating_twice_changes_nothing(fresh_engine: Engine) -> None:
    database.migrate(fresh_engine)
    database.require_current(fresh_engine)


def test_data_written_at_the_previous_head_survives_the_newest_migration(fresh_engine: Engine) -> None:
    with fresh_engine.begin() as connection:
        METADATA.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        if connection.dialect.name == "postgresql":
            connection.execute(text("DROP FUNCTION refuse_observation_change"))
    settings = database._settings()
    with fresh_engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head-1")
    with Session(fresh_engine) as session, session.begin():
        observation(session)
    with pytest.raises(InputError, match="huijian database upgrade"):
        database.require_current(fresh_engine)
    database.migrate(fresh_engine)
    database.require_current(fresh_engine)
    with Session(fresh_engine) as session:
        assert session.scalars(select(Observation.value)).one() == Decimal("1234567.8901")


def test_the_database_knows_after_taking_stock_what_its_tables_hold(fresh_engine: Engine) -> None:
    database.migrate(fresh_engine)
    with database.transaction(fresh_engine) as session:
        session.add(premium())
    database.take_stock(fresh_engine)
    if fresh_engine.dialect.name == "sqlite":
        with fresh_engine.connect() as connection:
            known = connection.execute(text("SELECT stat FROM sqlite_stat1 WHERE tbl = 'indicator'"))
            assert known.scalars().all() == ["1 1 1"]


def test_a_database_that_does_not_answer_is_said_in_a_sentence(tmp_path: Path) -> None:
    for url in ("postgresql://u:secret@127.0.0.1:1/x", f"sqlite:///{tmp_path}/no/where.db"):
        for ask in (database.migrate, database.require_current):
            with pytest.raises(InputError, match=r"连接不上|找不到数据库文件") as refused:
                ask(database.connect(url))
            assert "secret" not in str(refused.value)


def test_an_empty_database_is_refused_with_the_command_that_makes_it() -> None:
    with pytest.raises(InputError, match="数据库结构版本为 空"):
        database.require_current(database.connect("sqlite://"))


@pytest.mark.parametrize("url", ["", "mysql://host/name", "huijian.db", "oracle://x"])
def test_an_unknown_database_address_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="sqlite:///文件路径"):
        database.connect(url)


@pytest.mark.parametrize("verb", ["UPDATE observation SET value = 1", "DELETE FROM observation"])
def test_observations_are_only_added(session: Session, verb: str) -> None:
    observation(session)
    with pytest.raises(DBAPIError, match="only added"):
        session.execute(text(verb))


def test_a_value_keeps_its_decimals_and_a_moment_its_instant(session: Session) -> None:
    row = observation(session)
    session.expire_all()
    assert row.value == Decimal("1234567.8901")
    assert row.recorded_at == datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
    assert row.recorded_at.isoformat() == "2026-11-26T09:00:00+08:00"


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [("value", 0.1, "float is not exact"), ("recorded_at", datetime(2026, 11, 26), "no time zone")],
)
def test_a_float_or_a_moment_without_zone_is_refused(
    session: Session, column: str, value: object, reason: str
) -> None:
    row = observation(session)
    setattr(row, column, value)
    with pytest.raises(StatementError, match=reason):
        session.flush()


def test_an_observation_is_about_exactly_one_scope(session: Session) -> None:
    row = observation(session)
    with pytest.raises(IntegrityError):
        session.execute(
            text(
                "INSERT INTO observation (indicator_id, as_of, revision, value, recorded_at, source) "
                "VALUES (:i, '2026-11-25', 1, 1, '2026-11-26 00:00:00', 'x')"
            ),
            {"i": row.indicator_id},
        )


def test_a_second_root_must_not_have_a_parent_and_a_branch_must(session: Session) -> None:
    session.add(Institution(code="02", name="分公司", level=2, path="/2/", valid_from=date(2000, 1, 1)))
    with pytest.raises(IntegrityError):
        session.flush()


def test_a_mistyped_database_is_named_and_not_made(tmp_path: Path) -> None:
    file = tmp_path / "none.db"
    with pytest.raises(InputError, match=f"找不到数据库文件 {file}：请检查地址"):
        database.require_current(database.connect(f"sqlite:///{file}"))
    assert list(tmp_path.iterdir()) == []
    file.write_text("这不是数据库。" * 100, "utf-8")
    with pytest.raises(InputError, match="请检查数据库地址"):
        database.require_current(database.connect(f"sqlite:///{file}"))

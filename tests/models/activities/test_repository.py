"""The activity calendar on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.activities.entry import Entry, open_parts
from models.activities.rates import Turnout
from models.activities.repository import ActivityRepository, Part
from models.activities.tables import Participation, Platform
from models.base import SHANGHAI, Scope, ScopeKind
from models.customers.parameters import CustomerParameters
from models.customers.tables import Sale
from qa_pipeline.errors import InputError
from tests.models.counting import counting_queries
from tests.models.world import World, small_world

NOVEMBER = date(2026, 11, 1)
DEFAULTS = CustomerParameters()


@pytest.fixture
def world(session: Session) -> World:
    world = small_world(session)
    for number in range(6):
        world.customer(f"c{number}", "0101aA1")
    world.customer("other", "0102aA1")
    return world


def entry(world: World, code: str = "E1", institution: str = "010101", **more: object) -> Entry:
    full = Entry(
        code=code,
        institution_id=world.institutions[institution].id,
        platform=Platform.WARMUP,
        month=NOVEMBER,
        starts_at=datetime(2026, 11, 12, 14, 0, tzinfo=SHANGHAI),
        place="会议室",
        content="讲座",
        audience="中低温客户",
        goal="升温",
        preparation="请柬",
    )
    return replace(full, **more)  # type: ignore[arg-type]


def ids(world: World, *codes: str) -> list[int]:
    return [world.customers[code].id for code in codes]


def sale(world: World, code: str, customer: str) -> int:
    buyer = world.customers[customer]
    row = Sale(
        code=code,
        customer_id=buyer.id,
        agent_id=buyer.agent_id,
        signed_on=date(2026, 11, 13),
        premium=Decimal(100),
        fyc=Decimal(10),
    )
    world.session.add(row)
    world.session.flush()
    return row.id


def test_an_entry_comes_back_as_saved_and_a_second_save_replaces_it(world: World) -> None:
    repository = ActivityRepository(world.session)
    given = entry(world, office_id=world.offices["0101a"].id, owner_id=world.people["0101aS"].id)
    repository.save(given)
    repository.save(replace(given, goal=None))
    (found,) = repository.month(date(2026, 11, 20))
    assert found == replace(given, goal=None)
    assert (found.audience, found.missing) == ("中低温客户", ("目标",))
    assert repository.month(date(2026, 10, 1)) == []
    assert repository.month(NOVEMBER, office_id=world.offices["0101b"].id) == []


def test_r31_the_loop_closes_once_carried_out_and_reviewed(world: World) -> None:
    repository = ActivityRepository(world.session)
    repository.save(entry(world))
    assert [str(part) for part in open_parts(repository.month(NOVEMBER)[0])] == [
        "执行缺活动过程、客户反馈",
        "检视缺检视结论",
    ]
    repository.carry_out("E1", process="到场 18 人", feedback="希望再讲")
    repository.review("E1", on=date(2026, 11, 13), reviewer="王", conclusion="有效")
    repository.review("E1", on=date(2026, 11, 14), reviewer="王", conclusion="有效，礼品偏晚")
    (found,) = repository.month(NOVEMBER)
    assert found.conclusion == "有效，礼品偏晚"
    assert open_parts(found) == ()


def test_r30_the_platforms_that_an_institution_lacks(world: World) -> None:
    repository = ActivityRepository(world.session)
    for platform in Platform:
        repository.save(entry(world, f"E-{platform}", platform=platform))
    repository.save(entry(world, "F1", "010102"))
    repository.save(entry(world, "F2", "010102", platform=Platform.HIGH_VALUE, place=None))
    keys = {code: row.id for code, row in world.institutions.items()}
    assert repository.missing_platforms(NOVEMBER) == {
        keys["010102"]: (Platform.HIGH_VALUE, Platform.HIGH_POTENTIAL),
        keys["010201"]: tuple(Platform),
    }
    repository.cancel("E-warmup")
    below = ActivityRepository(world.session, within=world.within("010101"))
    assert below.missing_platforms(NOVEMBER) == {keys["010101"]: (Platform.WARMUP,)}


def test_conversion_arrival_and_warming_of_a_month(world: World) -> None:
    repository = ActivityRepository(world.session)
    repository.save(entry(world, office_id=world.offices["0101a"].id, owner_id=world.people["0101aS"].id))
    people = ids(world, "c0", "c1", "c2", "c3", "c4", "c5")
    repository.invite("E1", people)
    repository.record_parts(
        "E1",
        {
            people[0]: Part(
                attended=True,
                sale_id=sale(world, "p0", "c0"),
                temperature_before=Decimal("59.99"),
                temperature_after=Decimal(60),
            ),
            people[1]: Part(attended=True, temperature_before=Decimal(60), temperature_after=Decimal(80)),
            people[2]: Part(attended=True, temperature_before=Decimal(30), temperature_after=Decimal(59)),
            people[3]: Part(attended=True, temperature_before=Decimal(30)),
            people[4]: Part(attended=False),
        },
    )
    repository.save(entry(world, "E2", cancelled=True))
    repository.invite("E2", people)
    expected = Turnout(invited=6, unclear=1, attended=4, signed=1, unmeasured=1, warmed=1)
    assert repository.turnout_of("E1", parameters=DEFAULTS) == expected
    totals = repository.turnout(NOVEMBER, by=ScopeKind.INSTITUTION, parameters=DEFAULTS)
    for code in ("01", "0101", "010101"):
        scope = Scope(ScopeKind.INSTITUTION, world.institutions[code].id)
        assert totals[scope, Platform.WARMUP] == expected
    assert (expected.arrival, expected.conversion, expected.warming) == (
        Decimal("0.8"),
        Decimal("0.25"),
        Decimal(1) / 3,
    )
    owner = Scope(ScopeKind.PERSON, world.people["0101aS"].id)
    owners = repository.turnout(NOVEMBER, by=ScopeKind.PERSON, parameters=DEFAULTS)
    assert owners == {(owner, Platform.WARMUP): expected}


def test_a_withdrawn_sale_is_no_conversion(world: World) -> None:
    repository = ActivityRepository(world.session)
    repository.save(entry(world))
    policy = sale(world, "p0", "c0")
    repository.record_parts("E1", {world.customers["c0"].id: Part(attended=True, sale_id=policy)})
    assert repository.turnout_of("E1", parameters=DEFAULTS).conversion == 1
    row = world.session.get(Sale, policy)
    assert row is not None
    row.withdrawn_on = date(2026, 11, 15)
    world.session.flush()
    assert repository.turnout_of("E1", parameters=DEFAULTS).conversion == 0


def test_inviting_again_keeps_what_was_recorded(world: World) -> None:
    repository = ActivityRepository(world.session)
    repository.save(entry(world))
    customer = world.customers["c0"].id
    repository.record_parts("E1", {customer: Part(attended=True, feedback="好")})
    repository.invite("E1", ids(world, "c0", "c1"))
    rows = dict(
        world.session.execute(
            select(Participation.customer_id, Participation.attended)  # type: ignore[arg-type]
        ).all()
    )
    assert rows == {customer: True, world.customers["c1"].id: None}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"starts_at": datetime(2026, 12, 1, 9, 0, tzinfo=SHANGHAI)}, "不在 2026-11 的行事历内"),
        ({"ends_at": datetime(2026, 11, 12, 14, 0, tzinfo=SHANGHAI)}, "结束时间要晚于开始时间"),
        ({"institution_id": 10_000}, "机构不存在"),
        ({"office_id": 10_000}, "营业室不属于该机构"),
        ({"owner_id": 10_000}, "负责人当天不在该机构任职"),
    ],
)
def test_an_impossible_entry_is_refused(world: World, change: dict[str, object], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        ActivityRepository(world.session).save(entry(world, **change))


def test_a_part_needs_attendance_for_a_sale_and_the_customers_own_policy(world: World) -> None:
    repository = ActivityRepository(world.session)
    repository.save(entry(world))
    policy = sale(world, "p0", "c0")
    first, second = ids(world, "c0", "c1")
    with pytest.raises(InputError, match="没有到场"):
        repository.record_parts("E1", {first: Part(sale_id=policy)})
    with pytest.raises(InputError, match="不是客户"):
        repository.record_parts("E1", {second: Part(attended=True, sale_id=policy)})


def test_an_event_is_not_reviewed_before_it_took_place(world: World) -> None:
    repository = ActivityRepository(world.session)
    repository.save(entry(world))
    with pytest.raises(InputError, match="还没有举办"):
        repository.review("E1", on=date(2026, 11, 11), reviewer="王", conclusion="有效")


def test_nothing_of_a_foreign_institution_is_seen_or_changed(world: World) -> None:
    ActivityRepository(world.session).save(entry(world))
    elsewhere = ActivityRepository(world.session, within=world.within("010102"))
    assert elsewhere.month(NOVEMBER) == []
    assert elsewhere.turnout(NOVEMBER, by=ScopeKind.INSTITUTION, parameters=DEFAULTS) == {}
    for change in (
        lambda: elsewhere.cancel("E1"),
        lambda: elsewhere.carry_out("E1", process="x", feedback="y"),
        lambda: elsewhere.review("E1", on=date(2026, 11, 13), reviewer="王", conclusion="x"),
        lambda: elsewhere.invite("E1", ids(world, "other")),
        lambda: elsewhere.save(entry(world, "E1", "010102")),
        lambda: elsewhere.save(entry(world, "E7", "010101")),
    ):
        with pytest.raises(InputError):
            change()
    elsewhere.save(entry(world, "F1", "010102"))
    with pytest.raises(InputError, match="找不到客户"):
        elsewhere.invite("F1", ids(world, "c0"))


def test_a_month_of_many_events_takes_constant_statements(world: World) -> None:
    repository = ActivityRepository(world.session)
    for number in range(30):
        repository.save(entry(world, f"E{number}"))
        repository.invite(f"E{number}", ids(world, "c0", "c1"))
    with counting_queries(world.session) as statements:
        assert len(repository.month(NOVEMBER)) == 30
        repository.turnout(NOVEMBER, by=ScopeKind.INSTITUTION, parameters=DEFAULTS)
        repository.missing_platforms(NOVEMBER)
    assert len(statements) == 4
    assert world.session.scalar(select(func.count()).select_from(Participation)) == 60

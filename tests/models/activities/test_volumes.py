"""PVKYC volumes: reports, totals, achievement, and quality over quantity."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from models.activities.volume_repository import VolumeRepository
from models.activities.volumes import Item, ItemVolume, Pair, Pvkyc, Side, Volume, quality
from models.base import Scope, ScopeKind
from qa_pipeline.errors import InputError
from tests.models.counting import counting_queries
from tests.models.world import World, small_world

WEEK1, WEEK2 = date(2026, 11, 7), date(2026, 11, 14)
FLOOR = Decimal("0.2")


@pytest.fixture
def world(session: Session) -> World:
    return small_world(session)


def person(world: World, code: str) -> int:
    return world.people[code].id


def volume(*, visits: tuple[int, int], closes: int | None, referrals: int | None = None) -> Volume:
    empty = ItemVolume(None, None, 0, Pair(0, 0))
    items = dict.fromkeys(Item, empty) | {
        Item.VISIT: ItemVolume(visits[1], visits[0], 0, Pair(visits[0], visits[1])),
        Item.CLOSE: ItemVolume(None, closes, 0, Pair(0, 0)),
    }
    return Volume(
        1,
        items,
        Pair(closes or 0, visits[0] if closes is not None else 0),
        Pair(referrals or 0, closes or 0 if referrals is not None else 0),
    )


def test_much_but_poor_is_a_plan_of_visits_reached_with_too_few_closes() -> None:
    found = quality(volume(visits=(12, 10), closes=2), floor=FLOOR)
    assert found.many_but_poor is True
    assert found.reason == "量大质低：拜访完成计划的 120%，拜访成交率 16.6%，低于下限 20%。"


def test_enough_closes_or_too_few_visits_are_not_much_but_poor() -> None:
    assert quality(volume(visits=(10, 10), closes=2), floor=FLOOR).many_but_poor is False
    short = quality(volume(visits=(9, 10), closes=0), floor=FLOOR)
    assert short.many_but_poor is False
    assert "量未达标" in short.reason


@pytest.mark.parametrize(
    ("of", "floor", "reason"),
    [
        (volume(visits=(10, 10), closes=1), None, "pvkyc_conversion_floor"),
        (volume(visits=(0, 0), closes=1), FLOOR, "没有同时上报拜访的计划和实际"),
        (volume(visits=(10, 10), closes=None), FLOOR, "没有同时上报拜访和成交"),
    ],
)
def test_what_is_not_known_is_not_judged(of: Volume, floor: Decimal | None, reason: str) -> None:
    found = quality(of, floor=floor)
    assert found.many_but_poor is None
    assert reason in found.reason


def test_plan_and_actuals_are_reported_apart_and_replaced_when_reported_again(world: World) -> None:
    repository = VolumeRepository(world.session)
    agent = person(world, "0101aA1")
    plan = Pvkyc(plan=5, visit=10, close=2, warm=3, referral=4)
    repository.report(WEEK1, Side.PLANNED, {agent: plan})
    repository.report(WEEK1, Side.DONE, {agent: Pvkyc(visit=3)})
    repository.report(WEEK1, Side.DONE, {agent: Pvkyc(plan=5, visit=8, close=2, referral=1)})
    found = repository.weeks([WEEK1], by=ScopeKind.PERSON)[Scope(ScopeKind.PERSON, agent)]
    assert found.items[Item.VISIT] == ItemVolume(10, 8, 0, Pair(8, 10))
    assert found.items[Item.VISIT].achievement == Decimal("0.8")
    assert found.items[Item.WARM] == ItemVolume(3, None, 1, Pair(0, 0))
    assert found.items[Item.REFERRAL].planned == plan.referral
    assert found.items[Item.WARM].achievement is None
    assert (found.conversion, found.referral_rate) == (Decimal("0.25"), Decimal("0.5"))


def test_totals_of_offices_institutions_and_months_say_how_much_is_unreported(world: World) -> None:
    repository = VolumeRepository(world.session)
    repository.report(
        WEEK1,
        Side.DONE,
        {person(world, "0101aA1"): Pvkyc(visit=6, close=1), person(world, "0101aS"): Pvkyc(visit=4)},
    )
    repository.report(WEEK2, Side.DONE, {person(world, "0101bA1"): Pvkyc(visit=10, close=5)})
    offices = repository.month(date(2026, 11, 1), by=ScopeKind.OFFICE)
    first = offices[Scope(ScopeKind.OFFICE, world.offices["0101a"].id)]
    assert first.expected == 8
    assert (first.items[Item.VISIT].done, first.items[Item.VISIT].unreported) == (10, 6)
    assert first.conversion == Decimal(1) / 6
    institutions = repository.month(date(2026, 11, 1), by=ScopeKind.INSTITUTION)
    head = institutions[Scope(ScopeKind.INSTITUTION, world.institutions["01"].id)]
    assert (head.expected, head.items[Item.VISIT].done, head.conversion) == (48, 20, Decimal(6) / 16)
    silent = institutions[Scope(ScopeKind.INSTITUTION, world.institutions["010201"].id)]
    assert (silent.items[Item.VISIT].done, silent.items[Item.VISIT].unreported) == (None, 16)


def test_who_has_not_reported(world: World) -> None:
    repository = VolumeRepository(world.session, within=world.within("010101"))
    repository.report(WEEK1, Side.DONE, {person(world, "0101aA1"): Pvkyc(visit=0)})
    repository.report(WEEK1, Side.PLANNED, {person(world, "0101aS"): Pvkyc(visit=5)})
    missing = repository.not_reported(WEEK1, Side.DONE)
    assert set(missing) == {person(world, code) for code in ("0101aS", "0101bS", "0101bA1")}


def test_a_report_for_a_foreign_person_or_of_a_negative_count_is_refused(world: World) -> None:
    elsewhere = VolumeRepository(world.session, within=world.within("010102"))
    agent = person(world, "0101aA1")
    with pytest.raises(InputError, match="机构范围内的在职外勤"):
        elsewhere.report(WEEK1, Side.DONE, {agent: Pvkyc(visit=1)})
    with pytest.raises(InputError, match="不能是负数"):
        VolumeRepository(world.session).report(WEEK1, Side.DONE, {agent: Pvkyc(visit=-1)})
    with pytest.raises(InputError, match="不是经营周的最后一天"):
        VolumeRepository(world.session).report(date(2026, 11, 8), Side.DONE, {agent: Pvkyc(visit=1)})
    VolumeRepository(world.session).report(WEEK1, Side.DONE, {agent: Pvkyc(visit=1)})
    assert all(
        v.items[Item.VISIT].done is None for v in elsewhere.weeks([WEEK1], by=ScopeKind.PERSON).values()
    )


def test_a_month_of_all_institutions_is_one_statement(world: World) -> None:
    with counting_queries(world.session) as statements:
        VolumeRepository(world.session).month(date(2026, 11, 1), by=ScopeKind.INSTITUTION)
    assert len(statements) == 1

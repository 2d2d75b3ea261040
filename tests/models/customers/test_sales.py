"""Regular premium by scope, withdrawals in the cooling-off period, and who bought most."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from models.base import Scope, ScopeKind
from models.customers.sale_repository import SaleRepository
from models.customers.sales import Premium
from models.customers.tables import Sale
from qa_pipeline.errors import InputError
from tests.models.world import World, small_world

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)


@pytest.fixture
def world(session: Session) -> World:
    world = small_world(session)
    for code, agent in (("c1", "0101aA1"), ("c2", "0101bA1"), ("c3", "0102aA1")):
        world.customer(code, agent)
    for policy, customer, premium, day in (
        ("p1", "c1", 10_000, 3),
        ("p2", "c1", 5_000, 20),
        ("p3", "c2", 20_000, 10),
        ("p4", "c3", 8_000, 10),
    ):
        sell(world, policy, customer, premium, date(2026, 11, day))
    return world


def sell(world: World, policy: str, customer: str, premium: int, on: date) -> None:
    buyer = world.customers[customer]
    world.session.add(
        Sale(
            code=policy,
            customer_id=buyer.id,
            agent_id=buyer.agent_id,
            signed_on=on,
            premium=Decimal(premium),
            fyc=Decimal(premium) / 5,
            cooling_off_ends=on.replace(day=on.day + 10),
        )
    )
    world.session.flush()


def institution(world: World, code: str) -> Scope:
    return Scope(ScopeKind.INSTITUTION, world.institutions[code].id)


def test_regular_premium_is_signed_minus_withdrawn(world: World) -> None:
    repository = SaleRepository(world.session)
    repository.withdraw("p3", on=date(2026, 11, 15))
    found = repository.premium(FIRST, LAST, by=ScopeKind.INSTITUTION)
    assert found[institution(world, "010101")] == Premium(Decimal(35_000), Decimal(20_000), 2, Decimal(3_000))
    assert found[institution(world, "01")].net == 23_000
    offices = repository.premium(FIRST, LAST, by=ScopeKind.OFFICE)
    assert offices[Scope(ScopeKind.OFFICE, world.offices["0101b"].id)].net == 0
    assert repository.buyers(FIRST, LAST) == 2


def test_a_withdrawal_is_not_known_before_its_day(world: World) -> None:
    repository = SaleRepository(world.session)
    repository.withdraw("p3", on=date(2026, 11, 15))
    by = ScopeKind.INSTITUTION
    head = institution(world, "01")
    assert repository.premium(FIRST, LAST, by=by, as_of=date(2026, 11, 14))[head].net == 43_000
    assert repository.premium(FIRST, LAST, by=by, as_of=date(2026, 11, 15))[head].net == 23_000


def test_customers_are_listed_by_what_they_bought(world: World) -> None:
    repository = SaleRepository(world.session)
    listed = [
        (line.code, line.premium, line.policies) for line in repository.customers_by_premium(FIRST, LAST)
    ]
    assert listed == [("c2", 20_000, 1), ("c1", 15_000, 2), ("c3", 8_000, 1)]
    only = repository.customers_by_premium(FIRST, LAST, agent_id=world.people["0101aA1"].id)
    assert [line.code for line in only] == ["c1"]
    repository.withdraw("p3", on=date(2026, 11, 12))
    assert [line.code for line in repository.customers_by_premium(FIRST, LAST, limit=1)] == ["c1"]


@pytest.mark.parametrize(
    ("policy", "on", "reason"),
    [
        ("p1", date(2026, 11, 14), "不是犹豫期撤单"),
        ("p1", date(2026, 11, 2), "不是犹豫期撤单"),
        ("none", date(2026, 11, 5), "找不到保单"),
    ],
)
def test_only_a_withdrawal_in_the_cooling_off_period_counts(
    world: World, policy: str, on: date, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        SaleRepository(world.session).withdraw(policy, on=on)


def test_a_policy_is_withdrawn_once_and_only_with_a_known_period(world: World) -> None:
    repository = SaleRepository(world.session)
    repository.withdraw("p1", on=date(2026, 11, 4))
    with pytest.raises(InputError, match="已于 2026-11-04 撤单"):
        repository.withdraw("p1", on=date(2026, 11, 5))
    sale = world.session.query(Sale).filter_by(code="p2").one()
    sale.cooling_off_ends = None
    with pytest.raises(InputError, match="没有犹豫期截止日"):
        repository.withdraw("p2", on=date(2026, 11, 21))


def test_foreign_sales_are_neither_counted_nor_withdrawn(world: World) -> None:
    elsewhere = SaleRepository(world.session, within=world.within("0102"))
    assert elsewhere.premium(FIRST, LAST, by=ScopeKind.INSTITUTION) == {}
    assert elsewhere.customers_by_premium(FIRST, LAST) == []
    assert elsewhere.buyers(FIRST, LAST) == 0
    with pytest.raises(InputError, match="找不到保单"):
        elsewhere.withdraw("p1", on=date(2026, 11, 4))


def test_a_sale_stays_where_its_agent_stood_when_it_was_signed(world: World) -> None:
    world.move("0101aA1", "010201", "0201a", date(2026, 11, 10))
    found = SaleRepository(world.session).premium(FIRST, LAST, by=ScopeKind.INSTITUTION)
    assert found[institution(world, "010101")].net == 30_000
    assert found[institution(world, "010201")].net == 5_000

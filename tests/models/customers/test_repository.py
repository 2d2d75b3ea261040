"""Snapshots, quadrants, movement and inventory on both databases."""

from __future__ import annotations

import time
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.base import Scope, ScopeKind
from models.customers.parameters import CustomerParameters
from models.customers.quadrant import Quadrant
from models.customers.repository import Assessment, CustomerRepository
from models.customers.tables import (
    Customer,
    CustomerSnapshot,
    Interaction,
    InteractionKind,
    InventoryLabel,
)
from models.customers.temperature import Contact
from qa_pipeline.errors import InputError
from tests.models.counting import counting_queries
from tests.models.world import START, World, small_world

WEEK1, WEEK2 = date(2026, 11, 7), date(2026, 11, 14)
PARAMETERS = CustomerParameters(weights={kind: Decimal(40) for kind in InteractionKind})


@pytest.fixture
def world(session: Session) -> World:
    world = small_world(session)
    for code, agent in (("c1", "0101aA1"), ("c2", "0101aA1"), ("c3", "0101bA1"), ("c4", "0102aA1")):
        world.customer(code, agent)
    return world


def shots(session: Session, week: date) -> dict[int, tuple[Decimal | None, ...]]:
    rows = session.execute(
        select(
            CustomerSnapshot.customer_id,
            CustomerSnapshot.value,
            CustomerSnapshot.temperature,
            CustomerSnapshot.potential,
        ).where(CustomerSnapshot.week_ends == week)
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def meet(world: World, code: str, *days: date) -> None:
    world.session.add_all(
        Interaction(customer_id=world.customers[code].id, happened_on=day, kind=InteractionKind.VISIT)
        for day in days
    )
    world.session.flush()


def assess(world: World, week: date, **values: int) -> None:
    CustomerRepository(world.session).snapshot_week(
        week,
        parameters=PARAMETERS,
        assessed={
            world.customers[code].id: Assessment(Decimal(value), Decimal(50))
            for code, value in values.items()
        },
    )


def test_a_week_is_written_once_and_a_second_run_replaces_it(world: World) -> None:
    meet(world, "c1", WEEK1, WEEK1 - timedelta(days=30))
    assess(world, WEEK1, c1=80)
    first = shots(world.session, WEEK1)
    assert first[world.customers["c1"].id] == (80, 60, 50)
    assert first[world.customers["c2"].id] == (None, 0, None)
    assess(world, WEEK1, c1=80)
    assert shots(world.session, WEEK1) == first
    meet(world, "c2", WEEK1)
    assess(world, WEEK1)
    assert shots(world.session, WEEK1) == first | {world.customers["c2"].id: (None, 40, None)}


def test_value_and_potential_stay_until_assessed_again(world: World) -> None:
    assess(world, WEEK1, c1=80)
    assess(world, WEEK2, c2=30)
    assert shots(world.session, WEEK2)[world.customers["c1"].id] == (80, 0, 50)


def test_customers_whose_interactions_lack_a_weight_are_unknown_and_the_weight_is_named(world: World) -> None:
    meet(world, "c1", WEEK1)
    run = CustomerRepository(world.session).snapshot_week(WEEK1, parameters=CustomerParameters())
    assert (run.customers, run.without_value, run.missing) == (4, 4, {"interaction_weight.visit": 1})
    assert shots(world.session, WEEK1)[world.customers["c1"].id] == (None, None, None)


def test_a_run_writes_only_customers_of_its_subtree(world: World) -> None:
    there = CustomerRepository(world.session, within=world.within("010102"))
    assert there.snapshot_week(WEEK1, parameters=PARAMETERS).customers == 1
    assert set(shots(world.session, WEEK1)) == {world.customers["c4"].id}
    with pytest.raises(InputError, match="不在您的机构范围内"):
        there.snapshot_week(
            WEEK1, parameters=PARAMETERS, assessed={world.customers["c1"].id: Assessment(Decimal(1))}
        )


def test_a_day_that_ends_no_business_week_is_refused(world: World) -> None:
    with pytest.raises(InputError, match="不是经营周的最后一天"):
        CustomerRepository(world.session).snapshot_week(date(2026, 11, 8), parameters=PARAMETERS)


def test_a_customer_follows_the_agent_to_another_institution(world: World) -> None:
    world.move("0101aA1", "010201", "0201a", date(2026, 11, 10))
    old = CustomerRepository(world.session, within=world.within("010101"))
    new = CustomerRepository(world.session, within=world.within("010201"))
    assert (old.snapshot_week(WEEK1, parameters=PARAMETERS).customers) == 3
    assert (old.snapshot_week(WEEK2, parameters=PARAMETERS).customers) == 1
    assert (new.snapshot_week(WEEK2, parameters=PARAMETERS).customers) == 2


def test_r29_quadrants_are_counted_per_agent_office_and_institution(world: World) -> None:
    meet(world, "c1", WEEK1, WEEK1 - timedelta(days=1))
    meet(world, "c4", WEEK1, WEEK1 - timedelta(days=1))
    assess(world, WEEK1, c1=80, c2=60, c4=59)
    repository = CustomerRepository(world.session)
    agents = repository.quadrants(WEEK1, by=ScopeKind.PERSON, parameters=PARAMETERS)
    agent = Scope(ScopeKind.PERSON, world.people["0101aA1"].id)
    assert agents[agent].counts == {Quadrant.HH: 1, Quadrant.HL: 1}
    offices = repository.quadrants(WEEK1, by=ScopeKind.OFFICE, parameters=PARAMETERS)
    assert offices[Scope(ScopeKind.OFFICE, world.offices["0101b"].id)].counts == {None: 1}
    institutions = repository.quadrants(WEEK1, by=ScopeKind.INSTITUTION, parameters=PARAMETERS)
    branch = institutions[Scope(ScopeKind.INSTITUTION, world.institutions["0101"].id)]
    assert branch.counts == {Quadrant.HH: 1, Quadrant.HL: 1, Quadrant.LH: 1, None: 1}
    below = CustomerRepository(world.session, within=world.within("010102"))
    seen = below.quadrants(WEEK1, by=ScopeKind.INSTITUTION, parameters=PARAMETERS)
    assert set(seen) == {Scope(ScopeKind.INSTITUTION, world.institutions["010102"].id)}


def test_movement_between_two_weeks_counts_each_customer_once(world: World) -> None:
    assess(world, WEEK1, c1=80, c2=80)
    meet(world, "c1", WEEK2, WEEK2 - timedelta(days=1))
    assess(world, WEEK2, c3=10)
    repository = CustomerRepository(world.session)
    moved = repository.movement(WEEK1, WEEK2, by=ScopeKind.INSTITUTION, parameters=PARAMETERS)
    branch = moved[Scope(ScopeKind.INSTITUTION, world.institutions["0101"].id)]
    assert branch.counts == {
        (Quadrant.HL, Quadrant.HH): 1,
        (Quadrant.HL, Quadrant.HL): 1,
        (None, Quadrant.LL): 1,
        (None, None): 1,
    }
    below = moved[Scope(ScopeKind.INSTITUTION, world.institutions["010102"].id)]
    assert below.counts == {(None, None): 1}
    elsewhere = CustomerRepository(world.session, within=world.within("010201"))
    assert elsewhere.movement(WEEK1, WEEK2, by=ScopeKind.INSTITUTION, parameters=PARAMETERS) == {}


def test_the_later_week_of_a_movement_is_its_quadrants(world: World) -> None:
    assess(world, WEEK1, c1=80, c2=80)
    meet(world, "c1", WEEK2, WEEK2 - timedelta(days=1))
    assess(world, WEEK2, c3=10)
    repository = CustomerRepository(world.session)
    for by in ScopeKind:
        moved = repository.movement(WEEK1, WEEK2, by=by, parameters=PARAMETERS)
        assert {scope: each.later() for scope, each in moved.items()} == repository.quadrants(
            WEEK2, by=by, parameters=PARAMETERS
        )


def test_a_sample_of_one_in_one_is_every_customer_whose_place_is_known(world: World) -> None:
    meet(world, "c1", WEEK1)
    assess(world, WEEK1, c1=80, c2=70)
    repository = CustomerRepository(world.session)
    assert sorted(repository.sample(WEEK1, one_in=1)) == [(0, 70), (40, 80)]
    assert repository.sample(WEEK2, one_in=1) == []
    elsewhere = CustomerRepository(world.session, within=world.within("010102"))
    assert elsewhere.sample(WEEK1, one_in=1) == []


def test_a_sample_holds_its_share_of_an_office_whose_customers_are_every_other_row(world: World) -> None:
    for number in range(400):
        world.customer(f"m{number}", "0102aA1" if number % 2 else "0101bA1")
    assess(world, WEEK1, **{f"m{number}": 50 for number in range(400)})
    for code in ("010101", "010102"):
        office = CustomerRepository(world.session, within=world.within(code))
        assert 60 <= len(office.sample(WEEK1, one_in=2)) <= 140
        assert office.sample(WEEK1, one_in=2) == office.sample(WEEK1, one_in=2)


def test_inventory_counts_the_latest_label_and_who_was_left_out(world: World) -> None:
    repository = CustomerRepository(world.session)
    c1, c2, c3 = (world.customers[code].id for code in ("c1", "c2", "c3"))
    repository.take_inventory(date(2026, 11, 2), {c1: InventoryLabel.REGULAR, c2: InventoryLabel.REGULAR})
    repository.take_inventory(date(2026, 11, 5), {c1: InventoryLabel.WARMING})
    repository.take_inventory(date(2026, 10, 31), {c3: InventoryLabel.WARMING})
    counts = repository.inventory(date(2026, 11, 1), WEEK1, by=ScopeKind.INSTITUTION)
    there = counts[Scope(ScopeKind.INSTITUTION, world.institutions["010101"].id)]
    assert (there.customers, there.regular, there.warming, there.missing) == (3, 1, 1, 1)
    assert there.coverage == Decimal(2) / 3


def test_neither_inventory_nor_contacts_are_written_for_a_foreign_customer(world: World) -> None:
    elsewhere = CustomerRepository(world.session, within=world.within("0102"))
    customer = world.customers["c1"].id
    with pytest.raises(InputError, match="找不到客户"):
        elsewhere.take_inventory(WEEK1, {customer: InventoryLabel.REGULAR})
    with pytest.raises(InputError, match="找不到客户"):
        elsewhere.record_contacts({customer: [Contact(InteractionKind.CALL, WEEK1)]}, on=WEEK1)


def test_contacts_are_recorded_once_and_never_ahead_of_time(world: World) -> None:
    repository = CustomerRepository(world.session)
    calls = {world.customers["c1"].id: [Contact(InteractionKind.CALL, WEEK1)]}
    repository.record_contacts(calls, on=WEEK1)
    repository.record_contacts(calls, on=WEEK2)
    assert len(world.session.scalars(select(Interaction.id)).all()) == 1
    with pytest.raises(InputError, match="晚于记录日"):
        repository.record_contacts(calls, on=WEEK1 - timedelta(days=1))


def test_ten_thousand_customers_take_a_handful_of_statements_and_seconds(world: World) -> None:
    agents = [person.id for code, person in world.people.items() if "A" in code]
    world.session.execute(
        insert(Customer),
        [
            {
                "code": f"n{number}",
                "name": "客户",
                "agent_id": agents[number % len(agents)],
                "source": "warm",
                "known_since": START,
            }
            for number in range(10_000)
        ],
    )
    ids = world.session.scalars(select(Customer.id)).all()
    world.session.execute(
        insert(Interaction),
        [
            {
                "customer_id": customer,
                "kind": InteractionKind.CALL,
                "happened_on": WEEK1 - timedelta(days=customer % 90 + 7 * back),
            }
            for customer in ids
            for back in range(3)
        ],
    )
    began = time.process_time()  # not the wall clock: other work may hold the machine
    with counting_queries(world.session) as statements:
        run = CustomerRepository(world.session).snapshot_week(WEEK1, parameters=PARAMETERS)
    assert run.customers == 10_004
    assert len(statements) <= 5
    assert time.process_time() - began < 5

"""Snapshots: who must attend, who may host, who is new, how many there were."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.organisation.roster import Gathering, Hosts
from models.organisation.tenure import average_headcount, is_new
from tests.models.counting import counting_queries
from tests.models.house import House

FIRST, SECOND = date(2026, 9, 8), date(2026, 9, 15)


def due(house: House, code: str, day: date) -> list[str]:
    gathering = Gathering(house.tree.get(code).id, day)
    return [person.code for person in house.roster.due([gathering])[gathering]]


def test_r09_due_are_the_supervisors_and_above_of_the_institution_on_that_day(house: House) -> None:
    house.hire("CHIEF", at="E4a", rank="CHIEF")
    house.hire("HEAD", at="E4a", rank="HEAD")
    house.hire("SALES", at="E4a")
    house.hire("STAFF", at="E4a", rank="STAFF")
    house.hire("OTHER", at="E4b", rank="CHIEF")
    assert due(house, "E4a", FIRST) == ["CHIEF", "HEAD"]


def test_r09_joining_promotion_transfer_and_leaving_count_from_their_day(house: House) -> None:
    house.hire("JOINS", at="E4a", rank="CHIEF", on=SECOND)
    house.hire("RISES", at="E4a")
    house.people.promote("RISES", rank="CHIEF", on=SECOND)
    house.hire("MOVES", at="E4b", rank="CHIEF")
    house.people.transfer("MOVES", institution="E4a", on=SECOND)
    house.hire("LEAVES", at="E4a", rank="CHIEF")
    house.people.leave("LEAVES", on=SECOND)
    assert due(house, "E4a", SECOND - timedelta(days=1)) == ["LEAVES"]
    assert due(house, "E4a", SECOND) == ["JOINS", "MOVES", "RISES"]


def test_r08_hosts_are_the_days_manager_and_the_deputies(house: House) -> None:
    for code in ("M1", "M2", "D1"):
        house.hire(code, at="E3", rank="STAFF")
    house.appointments.manage("E4a", person="M1", on=date(2026, 1, 1))
    house.appointments.manage("E4a", person="M2", on=SECOND)
    house.appointments.deputise("E4a", person="D1", on=FIRST, until=SECOND)
    first, second = (Gathering(house.tree.get("E4a").id, day) for day in (FIRST, SECOND))
    found = house.roster.hosts([first, second])
    assert found[first].admin_manager is not None
    assert found[second].admin_manager is not None
    assert (found[first].admin_manager.code, [p.code for p in found[first].deputies]) == ("M1", ["D1"])
    assert (found[second].admin_manager.name, found[second].deputies) == ("人M2", ())


def test_r08_without_a_manager_nobody_is_named(house: House) -> None:
    gathering = Gathering(house.tree.get("E4a").id, FIRST)
    assert house.roster.hosts([gathering]) == {gathering: Hosts()}
    assert house.roster.hosts([]) == {}
    assert house.roster.due([]) == {}


def test_any_number_of_meetings_takes_one_query(house: House) -> None:
    for number in range(6):
        house.hire(f"C{number}", at=("E4a", "E4b", "W4a")[number % 3], rank="CHIEF")
    gatherings = [
        Gathering(house.tree.get(code).id, day) for code in ("E4a", "E4b", "W4a") for day in (FIRST, SECOND)
    ]
    with counting_queries(house.session) as statements:
        found = house.roster.due(gatherings)
    assert len(statements) == 1
    assert {len(people) for people in found.values()} == {2}
    with counting_queries(house.session) as statements:
        house.roster.hosts(gatherings)
        house.roster.snapshot(on=FIRST)
        house.roster.leads(on=FIRST)
        house.roster.headcounts(FIRST)
    assert len(statements) == 4


def test_a_snapshot_shows_people_as_they_stood_then(house: House) -> None:
    house.hire("P", at="E4a", office="E4a-1", on=date(2025, 10, 1))
    house.people.promote("P", rank="CHIEF", on=SECOND)
    before, after = house.roster.snapshot(on=FIRST), house.roster.snapshot(on=SECOND)
    assert [(p.code, p.is_supervisor, p.rank_order, p.is_new) for p in before] == [("P", False, 1, True)]
    assert [(p.code, p.is_supervisor, p.rank_order) for p in after] == [("P", True, 5)]
    assert before[0].office_id == house.tree.office("E4a-1").id
    assert before[0].rank_id != after[0].rank_id
    assert before[0].person_id == after[0].person_id
    assert (before[0].name, before[0].kind) == ("人P", "agent")


def test_nothing_outside_the_subtree_is_shown(house: House) -> None:
    house.hire("C", at="E4a", office="E4a-1", rank="CHIEF")
    house.appointments.lead("E4a-1", person="C", on=FIRST)
    house.appointments.manage("E4a", person="C", on=FIRST)
    west, gathering = house.seen_from("WEST").roster, Gathering(house.tree.get("E4a").id, FIRST)
    assert west.snapshot(on=FIRST) == ()
    assert west.leads(on=FIRST) == {}
    assert west.headcounts(FIRST) == ()
    assert west.due([gathering]) == {gathering: ()}
    assert west.hosts([gathering]) == {gathering: Hosts()}
    assert len(house.seen_from("EAST").roster.snapshot(on=FIRST)) == 1


@pytest.mark.parametrize(
    ("joined", "day", "new"),
    [
        (date(2025, 9, 8), date(2026, 9, 8), True),
        (date(2025, 9, 8), date(2026, 9, 9), False),
        (date(2024, 2, 29), date(2025, 2, 28), True),
        (date(2024, 2, 29), date(2025, 3, 1), False),
    ],
)
def test_new_is_a_tenure_of_12_months_or_less(joined: date, day: date, new: bool) -> None:
    assert is_new(joined, day) is new


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 800), st.integers(0, 800))
def test_whoever_is_new_was_new_the_day_before(joined: date, days: int, more: int) -> None:
    early, late = joined + timedelta(days=days), joined + timedelta(days=days + more)
    assert is_new(joined, early) or not is_new(joined, late)


def test_average_headcount_is_the_mean_of_opening_and_closing(house: House) -> None:
    house.hire("STAYS", at="E4a", office="E4a-1", on=date(2026, 1, 1))
    house.hire("LEAVES", at="E4a", office="E4a-1", on=date(2026, 1, 1))
    house.people.leave("LEAVES", on=date(2026, 9, 20))
    house.hire("JOINS", at="E4a", office="E4a-1", on=date(2026, 9, 1))
    house.hire("PASSES", at="E4a", office="E4a-1", on=date(2026, 9, 2))
    house.people.leave("PASSES", on=date(2026, 9, 30))
    house.hire("RISES", at="E4a", office="E4a-1", on=date(2026, 1, 1))
    house.people.promote("RISES", rank="CHIEF", on=date(2026, 9, 30))
    house.hire("STAFF", at="E4a", rank="STAFF", on=date(2026, 1, 1))
    agents, chiefs = house.roster.headcounts(date(2026, 9, 1))
    assert (agents.opening, agents.closing, agents.average) == (3, 2, Decimal("2.5"))
    assert (chiefs.opening, chiefs.closing, chiefs.average) == (0, 1, Decimal("0.5"))
    assert agents.institution_id == house.tree.get("E4a").id
    assert agents.office_id == house.tree.office("E4a-1").id
    assert agents.rank_id != chiefs.rank_id
    following = house.roster.headcounts(date(2026, 10, 1))
    assert [row.opening for row in following] == [agents.closing, chiefs.closing]


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_average_headcount_lies_between_its_ends(opening: int, closing: int) -> None:
    assert min(opening, closing) <= average_headcount(opening, closing) <= max(opening, closing)

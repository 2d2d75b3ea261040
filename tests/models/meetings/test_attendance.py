"""Attendance of those due (R9)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.meetings.attendance import Turnout, turnout
from models.meetings.tables import Presence
from models.organisation.roster import Placement
from models.organisation.tables import PersonKind
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status
from tests.models.counting import counting_queries
from tests.models.meetings.room import SEPTEMBER, Room, at

DAY = date(2026, 9, 8)
ON_SITE, REMOTE, LEAVE, ABSENT = Presence


def chief(number: int) -> Placement:
    return Placement(DAY, number, f"C{number:02}", f"人{number}", PersonKind.AGENT, DAY, 1, 5, True, 1, None)


def counted(*presences: Presence | None, guests: int = 0) -> Turnout:
    people = [chief(number) for number in range(len(presences))]
    said = {number: presence for number, presence in enumerate(presences) if presence}
    return turnout(people, said | {1000 + number: ON_SITE for number in range(guests)})


def test_r09_rates_and_absentees_by_name() -> None:
    found = counted(ON_SITE, ON_SITE, REMOTE, ABSENT)
    assert (found.due, found.present, found.on_site, found.remote) == (4, 3, 2, 1)
    assert (found.rate, found.on_site_rate) == (Decimal("0.75"), Decimal("0.5"))
    assert found.absent == ("人3",)


def test_r09_leave_is_told_apart_but_stays_in_the_denominator() -> None:
    found = counted(ON_SITE, LEAVE)
    assert (found.rate, found.leave, found.absent) == (Decimal("0.5"), ("人1",), ())


@pytest.mark.parametrize(
    ("present", "due", "status"),
    [
        (10, 10, Status.PASS),
        (9, 10, Status.WARN),
        (89, 100, Status.FAIL),
        (90, 100, Status.WARN),
        (0, 5, Status.FAIL),
    ],
)
def test_r09_all_pass_some_missing_warn_below_nine_tenths_fail(
    present: int, due: int, status: Status
) -> None:
    assert counted(*[ON_SITE] * present, *[ABSENT] * (due - present)).status() == status


def test_r09_another_floor_may_be_set() -> None:
    found = counted(*[ON_SITE] * 8, *[ABSENT] * 2)
    assert found.status() == Status.FAIL
    assert found.status(floor=Decimal("0.8")) == Status.WARN


def test_r09_nobody_due_or_nothing_recorded_is_unknown() -> None:
    for found in (counted(), counted(None, None), counted(guests=3)):
        assert (found.rate, found.on_site_rate, found.status()) == (None, None, Status.UNKNOWN)


def test_r09_whoever_is_not_on_the_sheet_is_named_and_does_not_count_as_present() -> None:
    found = counted(ON_SITE, None, guests=2)
    assert (found.unrecorded, found.rate, found.guests) == (("人1",), Decimal("0.5"), 2)


@given(st.lists(st.sampled_from([*Presence, None]), max_size=40), st.integers(0, 3))
def test_everyone_due_is_counted_exactly_once(presences: list[Presence | None], guests: int) -> None:
    found = counted(*presences, guests=guests)
    parts = found.present + len(found.leave) + len(found.absent) + len(found.unrecorded)
    assert parts == found.due == len(presences)
    assert found.rate is None or 0 <= found.rate <= 1


# ---------------------------------------------------------------- stored


@pytest.fixture
def held(room: Room) -> Room:
    room.slots.fill_month(SEPTEMBER)
    for code, institution in (("C1", "E4a"), ("C2", "E4a"), ("C3", "E4b"), ("WC", "W4a")):
        room.house.hire(code, at=institution, rank="CHIEF")
    for code, institution in (("M", "E4a"), ("N", "E4b"), ("W", "W4a")):
        room.held(code, institution=institution, start=at(8))
    return room


def test_attendance_is_recorded_and_corrected(held: Room) -> None:
    held.attendance.record("M", {"C1": ON_SITE, "C2": ABSENT, "C3": REMOTE})
    held.attendance.record("M", {"C2": REMOTE})
    found = held.attendance.turnout("M")
    assert (found.on_site, found.remote, found.absent, found.guests) == (1, 1, (), 1)
    assert found.rate == 1


def test_many_meetings_take_three_queries(held: Room) -> None:
    held.attendance.record("M", {"C1": ON_SITE})
    with counting_queries(held.house.session) as statements:
        found = held.attendance.turnouts(["M", "N", "W", "nothing"])
    assert len(statements) == 3
    assert {code: turned.rate for code, turned in found.items()} == {
        "M": Decimal("0.5"),
        "N": None,
        "W": None,
    }


def test_r09_due_is_who_stood_there_on_the_day_of_the_meeting(held: Room) -> None:
    held.house.people.transfer("C2", institution="E4b", on=date(2026, 9, 9))
    held.house.people.leave("C3", on=DAY)
    assert held.attendance.turnout("M").due == 2
    assert held.attendance.turnout("N").due == 0


def test_people_who_cannot_have_been_there_are_refused_all_or_nothing(held: Room) -> None:
    held.house.people.leave("C3", on=DAY)
    with pytest.raises(InputError, match="C3、X9 当日不在职或不在您的管辖范围内"):
        held.attendance.record("M", {"C1": ON_SITE, "X9": ON_SITE, "C3": ON_SITE})
    assert held.attendance.turnout("M").rate is None


def test_a_manager_sees_and_records_only_the_own_subtree(held: Room) -> None:
    east = held.seen_from("EAST")
    assert set(east.attendance.turnouts(["M", "N", "W"])) == {"M", "N"}
    with pytest.raises(InputError, match="会议 W 不存在或不在您的管辖范围内"):
        east.attendance.record("W", {"WC": ON_SITE})
    with pytest.raises(InputError, match="WC 当日不在职或不在您的管辖范围内"):
        east.attendance.record("M", {"WC": ON_SITE})
    with pytest.raises(InputError, match="会议 W 不存在或不在您的管辖范围内"):
        east.attendance.turnout("W")

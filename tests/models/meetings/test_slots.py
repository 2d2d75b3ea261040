"""The four slots of a month for every institution that must hold meetings."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from models.meetings.slots import due_day
from models.meetings.tables import MeetingSlot, SlotName
from qa_pipeline.values.vocabulary import MeetingKind, Theme
from tests.models.counting import counting_queries
from tests.models.meetings.room import SEPTEMBER, Room, at

MARCH_2027 = date(2027, 3, 1)


def test_r01_r02_four_slots_with_kind_theme_and_window(room: Room) -> None:
    filled = room.slots.fill_month(date(2026, 9, 17))
    assert (filled.created, filled.corrected, filled.unknown) == (12, 0, 0)
    assert [
        (s.name, s.kind, s.theme, s.earliest, s.latest)
        for s in room.slots.of_month(SEPTEMBER, institution="E4a")
    ] == [
        (name, MeetingKind.WEEKLY_REVIEW, theme, date(2026, 9, day), date(2026, 9, day))
        for name, theme, day in (
            (SlotName.W1, Theme.SUPERVISOR_LEAD, 8),
            (SlotName.W2, Theme.SUPERVISOR_COACHING, 15),
            (SlotName.W3, Theme.RECRUITMENT_REVIEW, 22),
        )
    ] + [
        (
            SlotName.MP,
            MeetingKind.MONTHLY_PLANNING,
            Theme.MONTH_END_SPRINT,
            date(2026, 9, 27),
            date(2026, 9, 30),
        )
    ]


def test_filling_again_makes_nothing_new(room: Room) -> None:
    room.slots.fill_month(SEPTEMBER)
    filled = room.slots.fill_month(SEPTEMBER)
    assert (filled.created, filled.corrected) == (0, 0)
    assert len(room.house.session.scalars(select(MeetingSlot)).all()) == 12


def test_filling_takes_the_same_few_statements_for_any_number_of_institutions(room: Room) -> None:
    with counting_queries(room.house.session) as few:
        room.slots.fill_month(SEPTEMBER)
    for number in range(30):
        room.house.tree.add(f"N{number}", name="新", parent="W3", valid_from=date(2020, 1, 1), must_hold=True)
    with counting_queries(room.house.session) as many:
        assert room.slots.fill_month(SEPTEMBER).created == 120
    assert len(many) <= len(few) <= 10


def test_slots_of_an_unknown_year_have_no_window_until_its_holidays_are_imported(room: Room) -> None:
    filled = room.slots.fill_month(MARCH_2027)
    assert (filled.created, filled.unknown) == (12, 12)
    assert {s.latest for s in room.slots.of_month(MARCH_2027, institution="E4a")} == {None}
    room.calendar.set_year(2027, source="通知", holidays={date(2027, 3, 8): "节"}, lieu_workdays={})
    filled = room.slots.fill_month(MARCH_2027)
    assert (filled.created, filled.corrected, filled.unknown) == (0, 12, 0)
    room.house.session.expire_all()
    first, second, *_ = room.slots.of_month(MARCH_2027, institution="E4a")
    assert (first.earliest, first.latest) == (date(2027, 3, 5), date(2027, 3, 5))
    assert (second.earliest, second.latest) == (date(2027, 3, 15), date(2027, 3, 15))


def test_r10_a_new_or_closing_institution_owes_only_what_falls_into_its_life(room: Room) -> None:
    tree = room.house.tree
    tree.add("E4c", name="新设", parent="E3", valid_from=date(2026, 9, 10), must_hold=True)
    tree.close("W4a", on=date(2026, 9, 20))
    room.slots.fill_month(SEPTEMBER)
    assert [s.name for s in room.slots.of_month(SEPTEMBER, institution="E4c")] == ["W2", "W3", "MP"]
    assert [s.name for s in room.slots.of_month(SEPTEMBER, institution="W4a")] == ["W1", "W2"]


def test_slots_owed_no_longer_are_taken_back_unless_someone_met(room: Room) -> None:
    room.slots.fill_month(SEPTEMBER)
    room.held("M", institution="W4a", start=at(22))
    room.house.tree.set_must_hold("W4a", must_hold=False)
    assert room.slots.withdraw(after=date(2026, 9, 10)) == 2
    assert [s.name for s in room.slots.of_month(SEPTEMBER, institution="W4a")] == ["W1", "W3"]
    assert len(room.slots.of_month(SEPTEMBER, institution="E4a")) == 4
    assert room.slots.withdraw(after=date(2026, 9, 10)) == 0


def test_a_manager_fills_and_corrects_only_the_own_subtree(room: Room) -> None:
    assert room.seen_from("WEST").slots.fill_month(MARCH_2027).created == 4
    assert room.slots.fill_month(MARCH_2027).created == 8
    room.calendar.set_year(2027, source="通知", holidays={}, lieu_workdays={})
    assert room.seen_from("WEST").slots.fill_month(MARCH_2027).corrected == 4
    room.house.session.expire_all()
    assert {s.latest for s in room.slots.of_month(MARCH_2027, institution="E4a")} == {None}
    room.house.tree.set_must_hold("E4a", must_hold=False)
    assert room.seen_from("WEST").slots.withdraw(after=SEPTEMBER) == 0


@pytest.mark.parametrize(
    ("name", "day"), [(SlotName.W1, 8), (SlotName.W2, 15), (SlotName.W3, 22), (SlotName.MP, 31)]
)
def test_without_a_window_the_base_day_decides_who_owes(name: SlotName, day: int) -> None:
    assert due_day(name, MARCH_2027, None) == date(2027, 3, day)

"""Actions: confirmed, followed up, closed, and the kept rate."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.meetings.actions import kept_rate
from models.meetings.tables import ActionItem, ActionState, FollowUpOutcome
from qa_pipeline.errors import InputError
from tests.models.counting import counting_queries
from tests.models.meetings.room import SEPTEMBER, Room, at

DUE = date(2026, 9, 14)


@pytest.fixture
def held(room: Room) -> Room:
    room.slots.fill_month(SEPTEMBER)
    for code, institution, day in (("M1", "E4a", 8), ("M2", "E4a", 15), ("W", "W4a", 8)):
        room.held(code, institution=institution, start=at(day))
    return room


def agree(room: Room, code: str, *, meeting: str = "M1", due_on: date | None = DUE) -> None:
    room.house.session.add(
        ActionItem(
            code=code,
            meeting_id=room.meetings.get(meeting).id,
            what=f"事{code}",
            who="某人",
            due_on=due_on,
            state=ActionState.OPEN,
        )
    )
    room.house.session.flush()


def checks(room: Room, day: int, *, institution: str = "E4a") -> list[str]:
    return [c.code for c in room.actions.due_for_check(institution, on=date(2026, 9, day))]


def test_r26_a_person_confirms_who_does_it_by_when(held: Room) -> None:
    agree(held, "A", due_on=None)
    held.house.hire("P", at="E4a")
    action = held.actions.confirm("A", at=at(9), owner="P", due_on=DUE)
    held.actions.confirm("A", at=at(10))
    assert (action.owner_id, action.due_on) == (held.house.people.get("P").id, DUE)
    assert action.confirmed_at == at(9)


def test_other_words_are_an_action_in_place_of_what_was_heard(held: Room) -> None:
    agree(held, "A")
    better = held.actions.confirm("A", at=at(9), what="陪访三户")
    assert (better.what, better.who, better.due_on, better.confirmed_at) == ("陪访三户", "某人", DUE, at(9))
    heard = held.actions.get("A")
    assert (heard.what, heard.state, heard.closed_on) == ("事A", ActionState.DROPPED, date(2026, 9, 9))
    assert held.actions.confirm(better.code, at=at(10), what="陪访三户").code == better.code


def test_a_closed_action_is_closed_and_open_is_no_result(held: Room) -> None:
    agree(held, "A")
    with pytest.raises(InputError, match="结果须为已兑现、未兑现或已取消"):
        held.actions.close("A", state=ActionState.OPEN, on=DUE)
    held.actions.close("A", state=ActionState.BROKEN, on=DUE)
    with pytest.raises(InputError, match="行动项 A 已于 2026-09-14 关闭"):
        held.actions.confirm("A", at=at(20))


def test_the_next_meeting_checks_what_is_due_by_then_or_has_no_date(held: Room) -> None:
    agree(held, "LATER", due_on=date(2026, 9, 16))
    agree(held, "TODAY", due_on=date(2026, 9, 15))
    agree(held, "OVERDUE", due_on=date(2026, 9, 10))
    agree(held, "UNDATED", due_on=None)
    agree(held, "SAME", meeting="M2", due_on=date(2026, 9, 15))
    agree(held, "OTHER", meeting="W")
    agree(held, "DONE")
    held.actions.close("DONE", state=ActionState.KEPT, on=DUE)
    held.actions.confirm("OVERDUE", at=at(9))
    assert checks(held, 15) == ["OVERDUE", "TODAY", "UNDATED"]
    assert checks(held, 22) == ["OVERDUE", "TODAY", "SAME", "LATER", "UNDATED"]
    overdue, today, undated = held.actions.due_for_check("E4a", on=date(2026, 9, 15))
    assert (overdue.overdue_days, today.overdue_days, undated.overdue_days) == (5, 0, 0)
    assert (overdue.confirmed, today.confirmed) == (True, False)
    assert (today.what, today.who, today.owner, today.meeting) == ("事TODAY", "某人", None, "M1")


def test_what_is_due_takes_one_query_besides_finding_the_institution(held: Room) -> None:
    for number in range(5):
        agree(held, f"A{number}")
    with counting_queries(held.house.session) as statements:
        assert len(checks(held, 15)) == 5
    assert len(statements) == 2


def test_a_void_meeting_binds_nobody(held: Room) -> None:
    agree(held, "A")
    held.meetings.void("M1")
    assert checks(held, 15) == []


def test_a_later_meeting_follows_up_and_kept_closes_the_action(held: Room) -> None:
    agree(held, "A")
    agree(held, "B")
    row = held.actions.follow_up("A", meeting="M2", outcome=FollowUpOutcome.NOT_MENTIONED)
    assert held.actions.due_for_check("E4a", on=date(2026, 9, 22))[0].passed_over == 1
    held.actions.follow_up("A", meeting="M2", outcome=FollowUpOutcome.KEPT, quote="三位都见了")
    held.actions.follow_up("B", meeting="M2", outcome=FollowUpOutcome.NOT_KEPT)
    assert (row.outcome, row.quote) == (FollowUpOutcome.KEPT, "三位都见了")
    kept = held.actions.get("A")
    assert (kept.state, kept.closed_on) == (ActionState.KEPT, date(2026, 9, 15))
    assert checks(held, 22) == ["B"]


def test_only_a_later_meeting_of_the_institution_follows_up(held: Room) -> None:
    agree(held, "A", meeting="M2")
    for meeting in ("M1", "M2", "W"):
        with pytest.raises(InputError, match="出自会议 M2，只能由同一机构之后的会议跟进"):
            held.actions.follow_up("A", meeting=meeting, outcome=FollowUpOutcome.KEPT)


def test_kept_rate_is_kept_on_time_of_due(held: Room) -> None:
    for code, state, on in (
        ("ON_TIME", ActionState.KEPT, DUE),
        ("TOO_LATE", ActionState.KEPT, date(2026, 9, 15)),
        ("BROKEN", ActionState.BROKEN, DUE),
        ("DROPPED", ActionState.DROPPED, DUE),
    ):
        agree(held, code)
        held.actions.confirm(code, at=at(9))
        held.actions.close(code, state=state, on=on)
    agree(held, "OPEN")
    held.actions.confirm("OPEN", at=at(9))
    agree(held, "MACHINE_READ")
    agree(held, "NEXT_MONTH", due_on=date(2026, 10, 1))
    agree(held, "WEST", meeting="W")
    with counting_queries(held.house.session) as statements:
        east, west = held.actions.kept_rates(SEPTEMBER, date(2026, 9, 30))
    assert len(statements) == 1
    assert (east.institution, east.due, east.kept, east.unconfirmed) == ("E4a", 4, 1, 1)
    assert east.rate == Decimal("0.25")
    assert (west.institution, west.rate, west.unconfirmed) == ("W4a", None, 1)


@given(st.integers(0, 100), st.integers(0, 100))
def test_kept_rate_is_none_without_commitments_due(kept: int, more: int) -> None:
    rate = kept_rate(kept, kept + more)
    assert rate is None if kept + more == 0 else rate is not None and 0 <= rate <= 1


def test_a_manager_sees_and_changes_only_the_own_subtree(held: Room) -> None:
    agree(held, "A")
    west = held.seen_from("WEST").actions
    assert west.kept_rates(SEPTEMBER, date(2026, 9, 30)) == ()
    for refused in (
        lambda: west.get("A"),
        lambda: west.confirm("A", at=at(9)),
        lambda: west.close("A", state=ActionState.KEPT, on=DUE),
        lambda: west.follow_up("A", meeting="W", outcome=FollowUpOutcome.KEPT),
        lambda: west.due_for_check("E4a", on=DUE),
        lambda: west.of_meeting("M1"),
    ):
        with pytest.raises(InputError, match="不在您的管辖范围内"):
            refused()

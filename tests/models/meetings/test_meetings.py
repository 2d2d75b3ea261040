"""Planning, preparing and holding meetings, and the facts an inspection takes from them."""

from __future__ import annotations

from datetime import UTC, date, time, timedelta
from decimal import Decimal

import pytest

from models.base import Scope, ScopeKind
from models.indicators.catalogue import CATALOGUE
from models.indicators.repository import IndicatorRepository, NewObservation
from models.meetings.preparation import preparation
from models.meetings.tables import MeetingState, Presence, SlotName
from qa_pipeline.errors import InputError
from qa_pipeline.findings.books import SPOKEN
from qa_pipeline.names import INDICATORS
from qa_pipeline.values.facts import Figure, MeetingFacts, Roster
from qa_pipeline.values.vocabulary import MeetingKind, Status, Theme
from tests.models.meetings.room import SEPTEMBER, Room, at


@pytest.fixture
def planned(room: Room) -> Room:
    room.slots.fill_month(SEPTEMBER)
    room.meetings.plan("M", institution="E4a", month=SEPTEMBER, slot=SlotName.W1)
    return room


def test_a_slot_takes_one_meeting_that_counts(planned: Room) -> None:
    with pytest.raises(InputError, match="该场次已有会议 M"):
        planned.meetings.plan("N", institution="E4a", month=SEPTEMBER, slot=SlotName.W1)
    planned.meetings.void("M")
    planned.meetings.plan("N", institution="E4a", month=SEPTEMBER, slot=SlotName.W1)
    with pytest.raises(InputError, match="会议 M 已作废"):
        planned.meetings.hold("M", started_at=at(8))


def test_a_meeting_needs_its_slot_and_a_code_of_its_own(planned: Room) -> None:
    with pytest.raises(InputError, match="没有 2026-10-W1 场次：请先生成该月场次"):
        planned.meetings.plan("N", institution="E4a", month=date(2026, 10, 1), slot=SlotName.W1)
    with pytest.raises(InputError, match="会议编号 M 已被使用"):
        planned.meetings.plan("M", institution="E4a", month=SEPTEMBER, slot=SlotName.W2)


def test_r24_prepared_once_topic_time_goal_and_flow_stand_before_the_start(planned: Room) -> None:
    meetings = planned.meetings
    meeting = meetings.prepare("M", at=at(5), topic="主管领跑", starts_at=at(8))
    assert meeting.prepared_at is None
    assert preparation(meeting).status == Status.WARN
    assert preparation(meeting).reason == "会前准备不全，缺：目标、流程"
    meetings.prepare("M", at=at(7), goal="人人达U", flow="复盘、分享、研讨、安排")
    meetings.prepare("M", at=at(9), goal="全部达U")
    assert meeting.prepared_at == at(7)
    assert (preparation(meeting).rule, preparation(meeting).status) == ("R24", Status.PASS)
    assert "2026-09-07 09:00" in preparation(meeting).reason


@pytest.mark.parametrize("moment", [at(8, 9), at(8, 10)])
def test_r24_preparation_at_the_start_or_later_is_a_warning(planned: Room, moment) -> None:
    meeting = planned.meetings.prepare(
        "M", at=moment.astimezone(UTC), topic="题", starts_at=at(8), goal="的", flow="程"
    )
    assert preparation(meeting).status == Status.WARN
    assert f"{moment:%Y-%m-%d %H:%M}，不早于会议开始" in preparation(meeting).reason


def test_r24_an_unrecorded_moment_is_unknown(planned: Room) -> None:
    meeting = planned.meetings.prepare("M", at=at(7), topic="题", starts_at=at(8), goal="的", flow="程")
    meeting.prepared_at = None
    assert preparation(meeting).status == Status.UNKNOWN


def test_a_meeting_held_fills_what_was_planned_for_its_slot(planned: Room) -> None:
    meeting = planned.held("X", institution="E4a", start=at(8))
    assert (meeting.code, meeting.state) == ("M", MeetingState.HELD)
    with pytest.raises(InputError, match="该场次的周复盘会已有有效会议 M：一场只计一次"):
        planned.held("Y", institution="E4a", start=at(9))
    again = planned.meetings.record(
        "M", institution="E4a", kind=MeetingKind.WEEKLY_REVIEW, started_at=at(8, 10), ended_at=at(8, 11)
    )
    assert again is meeting
    assert meeting.ended_at == at(8, 11)
    planned.meetings.hold("M", started_at=at(8, 9, 30))
    assert (meeting.started_at, meeting.ended_at) == (at(8, 9, 30), at(8, 11))


def test_recording_a_meeting_again_changes_only_when_and_who(planned: Room) -> None:
    alone = planned.held("A", institution="E4a", start=at(11, month=3, year=2099))
    assert planned.held("A", institution="E4a", start=at(12, month=3, year=2099)) is alone
    with pytest.raises(InputError, match="会议编号 A 已被使用"):
        planned.held("A", institution="E4b", start=at(8))


def test_r04_the_slot_follows_from_day_and_theme(planned: Room) -> None:
    record = planned.meetings.record
    late = record(
        "L",
        institution="E4b",
        kind=MeetingKind.WEEKLY_REVIEW,
        started_at=at(13),
        theme=Theme.SUPERVISOR_LEAD,
    )
    on_day = record("D", institution="E4b", kind=MeetingKind.WEEKLY_REVIEW, started_at=at(15))
    planning = record("P", institution="E4b", kind=MeetingKind.MONTHLY_PLANNING, started_at=at(28))
    first, second, _, last = planned.slots.of_month(SEPTEMBER, institution="E4b")
    assert [m.slot_id for m in (late, on_day, planning)] == [first.id, second.id, last.id]


def test_a_late_hour_in_utc_is_still_the_day_in_shanghai(planned: Room) -> None:
    meeting = planned.held("U", institution="E4b", start=at(8, 7).astimezone(UTC))
    assert meeting.started_at.day == 7
    assert planned.meetings.day_of(meeting) == date(2026, 9, 8)
    assert meeting.slot_id == planned.slots.of_month(SEPTEMBER, institution="E4b")[0].id


def test_a_meeting_in_an_unknown_year_stands_alone_or_on_its_base_day(planned: Room) -> None:
    planned.slots.fill_month(date(2027, 3, 1))
    alone = planned.held("A", institution="E4a", start=at(11, month=3, year=2027))
    on_base = planned.held("B", institution="E4a", start=at(8, month=3, year=2027))
    assert alone.slot_id is None
    slot = planned.slots.of_month(date(2027, 3, 1), institution="E4a")[0]
    assert (on_base.slot_id, slot.latest) == (slot.id, None)


def test_a_meeting_does_not_end_before_it_starts_nor_lack_a_day(planned: Room) -> None:
    with pytest.raises(InputError, match="结束时间不晚于开始时间"):
        planned.meetings.hold("M", started_at=at(8), ended_at=at(8))
    with pytest.raises(InputError, match="尚未登记时间"):
        planned.meetings.day_of(planned.meetings.get("M"))


def test_a_meeting_ends_within_half_a_day_and_keeps_its_time_in_the_preparation(planned: Room) -> None:
    planned.meetings.hold("M", started_at=at(8), ended_at=at(8, 21))
    with pytest.raises(InputError, match="超过 12 小时"):
        planned.meetings.hold("M", started_at=at(8), ended_at=at(8, 21, 1))
    with pytest.raises(InputError, match="超过 12 小时"):
        planned.meetings.hold("M", started_at=at(6))
    with pytest.raises(InputError, match="不能在会前准备中改开始时间"):
        planned.meetings.prepare("M", at=at(9), starts_at=at(7))
    kept = planned.meetings.prepare("M", at=at(9), starts_at=at(8), topic="领跑")
    assert (kept.topic, kept.started_at) == ("领跑", at(8))


def test_a_manager_plans_and_holds_only_in_the_own_subtree(planned: Room) -> None:
    west = planned.seen_from("WEST")
    for refused in (
        lambda: west.meetings.get("M"),
        lambda: west.meetings.void("M"),
        lambda: west.meetings.hold("M", started_at=at(8)),
        lambda: west.meetings.plan("N", institution="E4b", month=SEPTEMBER, slot=SlotName.W1),
        lambda: west.held("N", institution="E4b", start=at(8)),
        lambda: west.slots.of_month(SEPTEMBER, institution="E4a"),
        lambda: west.facts.facts("M"),
    ):
        with pytest.raises(InputError, match="不在您的管辖范围内"):
            refused()


# ---------------------------------------------------------------- facts


def test_the_facts_of_a_meeting_are_what_the_organisation_knows(planned: Room) -> None:
    house = planned.house
    for code in ("C1", "C2", "C3", "C4"):
        house.hire(code, at="E4a", rank="CHIEF")
    for code in ("BOSS", "VICE"):
        house.hire(code, at="E4a", rank="STAFF")
    house.people.get("C2").name = "人C1"  # two bear one name
    house.appointments.manage("E4a", person="BOSS", on=date(2026, 1, 1))
    house.appointments.deputise("E4a", person="VICE", on=date(2026, 1, 1))
    planned.meetings.prepare("M", at=at(7), topic="题", starts_at=at(8), goal="的", flow="程")
    planned.meetings.hold("M", started_at=at(8), ended_at=at(8, 10, 15), host="VICE")
    planned.attendance.record(
        "M",
        {
            "C1": Presence.ON_SITE,
            "C2": Presence.REMOTE,
            "C3": Presence.LEAVE,
            "C4": Presence.ABSENT,
            "BOSS": Presence.ON_SITE,
        },
    )
    assert planned.facts.facts("M") == MeetingFacts(
        kind=MeetingKind.WEEKLY_REVIEW,
        meeting_date=date(2026, 9, 8),
        start_time=time(9),
        institution="E4a支公司",
        theme=Theme.SUPERVISOR_LEAD,
        host="人VICE",
        admin_manager="人BOSS",
        deputies=("人VICE",),
        expected_attendees=Roster(count=4, names=("人C1（C1）", "人C1（C2）", "人C3", "人C4")),
        attendees=Roster(count=3, names=("人BOSS", "人C1（C1）", "人C1（C2）")),
        on_leave=("人C3",),
        on_site=2,
        prepared_at=at(7).replace(tzinfo=None),
        meeting_minutes=75.0,
    )


def test_r15_the_facts_hold_what_the_indicator_model_knows_of_the_day_before(planned: Room) -> None:
    house = planned.house
    house.hire("C1", at="E4a", rank="CHIEF")
    office = house.tree.add_office("E4a-9", name="第九营业室", institution="E4a", valid_from=date(2026, 1, 1))
    indicators = IndicatorRepository(house.session, within=house.within)
    indicators.define()
    held = planned.meetings.get("M").institution_id
    rows = [
        (Scope(ScopeKind.INSTITUTION, held), "regular_premium", 7, "320000"),
        (Scope(ScopeKind.INSTITUTION, held), "regular_premium", 8, "410000"),
        (Scope(ScopeKind.OFFICE, office.id), "ct_progress", 5, "0.62"),
        (Scope(ScopeKind.PERSON, house.people.get("C1").id), "fyc", 7, "9100"),
    ]
    indicators.append(
        (NewObservation(scope, code, date(2026, 9, day), Decimal(value)) for scope, code, day, value in rows),
        source="核心系统",
        recorded_at=at(8),
    )
    planned.meetings.hold("M", started_at=at(8))
    assert planned.facts.facts("M").figures == (
        Figure(
            owner="E4a支公司", indicator="regular_premium", value=320_000, unit="元", as_of=date(2026, 9, 7)
        ),
        Figure(owner="人C1", indicator="fyc", value=9100, unit="元", as_of=date(2026, 9, 7)),
        Figure(owner="第九营业室", indicator="ct_progress", value=0.62, unit="%", as_of=date(2026, 9, 5)),
    )


def test_every_indicator_that_meetings_say_is_one_of_the_model() -> None:
    model = {definition.code: (definition.name, definition.unit) for definition in CATALOGUE}
    assert {code: model.get(code) for code in INDICATORS} == INDICATORS
    assert set(SPOKEN) == set(INDICATORS)


def test_facts_that_nobody_recorded_are_unknown(planned: Room) -> None:
    planned.meetings.hold("M", started_at=at(8) + timedelta(0))
    facts = planned.facts.facts("M")
    assert (facts.host, facts.admin_manager, facts.expected_attendees, facts.attendees) == (None,) * 4
    assert (facts.on_site, facts.prepared_at, facts.meeting_minutes) == (None,) * 3

"""The generated meetings, events and management actions."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.activities.tables import ActivityEvent, EventReview, Participation, Platform
from models.base import SHANGHAI
from models.calendar.weeks import month_start
from models.customers.tables import Sale
from models.management.tables import ActionKind, ManagementAction
from models.meetings.tables import (
    ActionFollowUp,
    ActionItem,
    Attendance,
    Meeting,
    MeetingSlot,
    MeetingState,
    Presence,
    Scorecard,
    ScorecardItem,
)
from models.organisation.roster import Gathering, RosterRepository
from qa_pipeline.compliance.calendar import slots
from qa_pipeline.values.vocabulary import Status, Verdict
from tests.models.demo_org.conftest import UNTIL
from tests.models.demo_org.test_people import MONTH_ENDS


def test_every_institution_has_the_four_slots_of_each_month_with_the_calendars_windows(demo: Session) -> None:
    found: dict[object, set[object]] = defaultdict(set)
    for slot in demo.scalars(select(MeetingSlot)):
        found[slot.institution_id].add((f"{slot.month:%Y-%m}-{slot.name}", slot.earliest, slot.latest))
    expected = {
        (slot.id, slot.earliest, slot.latest) for day in MONTH_ENDS for slot in slots(day.year, day.month)
    }
    assert len(found) == 3
    assert all(one == expected for one in found.values())


def test_a_slot_has_at_most_one_meeting_that_counts(demo: Session) -> None:
    counts = Counter(demo.scalars(select(Meeting.slot_id).where(Meeting.state != MeetingState.VOID)))
    assert set(counts.values()) == {1}
    assert 0.85 < len(counts) / (3 * 12 * 4) < 1
    states = {state for (state,) in demo.execute(select(Meeting.state).distinct())}
    assert MeetingState.HELD in states


def test_r9_attendance_is_kept_of_exactly_those_due(demo: Session) -> None:
    held = demo.scalars(select(Meeting).where(Meeting.state == MeetingState.HELD)).all()
    days = {
        meeting.id: Gathering(meeting.institution_id, meeting.started_at.astimezone(SHANGHAI).date())
        for meeting in held
        if meeting.started_at
    }
    due = RosterRepository(demo).due(days.values())
    there: dict[int, set[int]] = defaultdict(set)
    for meeting, person in demo.execute(select(Attendance.meeting_id, Attendance.person_id)):
        there[meeting].add(person)
    assert there == {key: {one.person_id for one in due[day]} for key, day in days.items()}
    presences = Counter(demo.scalars(select(Attendance.presence)))
    assert presences[Presence.ON_SITE] > 0.8 * presences.total() > presences[Presence.ABSENT] > 0


def test_every_held_meeting_has_one_current_scorecard_and_its_items_make_the_score(demo: Session) -> None:
    cards = demo.scalars(select(Scorecard).where(Scorecard.is_current)).all()
    held = set(demo.scalars(select(Meeting.id).where(Meeting.state == MeetingState.HELD)))
    assert Counter(card.meeting_id for card in cards) == Counter(held)
    items: dict[int, list[ScorecardItem]] = defaultdict(list)
    for item in demo.scalars(select(ScorecardItem)):
        items[item.scorecard_id].append(item)
    for card in cards:
        known = [item for item in items[card.id] if item.score is not None]
        share = sum((item.score or Decimal(0) for item in known), Decimal(0)) / sum(
            item.maximum for item in known
        )
        assert card.energy_score is not None
        assert abs(card.energy_score - share * 100) <= Decimal("0.01")
        assert (card.on_quality is Status.PASS) == (card.energy_score >= 60)
        failed = Status.FAIL in (card.on_time, card.on_roster, card.on_quality)
        assert (card.verdict is Verdict.NOT_QUALIFIED) == failed


def test_the_result_agrees_with_the_columns(demo: Session) -> None:
    for result, energy, verdict in demo.execute(
        select(Scorecard.result, Scorecard.energy_score, Scorecard.verdict).where(Scorecard.is_current)
    ):
        assert Decimal(str(result["energy_score"])) == energy
        assert result["verdict"] == verdict
        assert {
            "band",
            "compliance",
            "dimensions",
            "items",
            "chapters",
            "practices",
            "issues",
            "actions",
        } <= set(result)


def test_actions_are_followed_up_by_a_later_meeting(demo: Session) -> None:
    earlier = Meeting.__table__.alias()
    later = Meeting.__table__.alias()
    pairs = (
        select(func.count())
        .select_from(ActionFollowUp)
        .join(ActionItem, ActionItem.id == ActionFollowUp.action_id)
        .join(earlier, earlier.c.id == ActionItem.meeting_id)
        .join(later, later.c.id == ActionFollowUp.meeting_id)
    )
    assert demo.scalar(pairs.where(later.c.started_at <= earlier.c.started_at)) == 0
    assert (demo.scalar(pairs) or 0) > 200


def test_r30_most_months_see_all_three_platforms_and_some_entries_are_faulty(demo: Session) -> None:
    platforms: dict[object, set[Platform]] = defaultdict(set)
    events = demo.scalars(select(ActivityEvent)).all()
    for event in events:
        platforms[event.institution_id, event.month].add(event.platform)
    full = sum(len(kinds) == 3 for kinds in platforms.values())
    assert 0.7 < full / (3 * 12) <= 1
    fields = ("starts_at", "place", "content", "audience", "goal", "preparation")
    invalid = [event for event in events if any(getattr(event, name) is None for name in fields)]
    assert 0 < len(invalid) < 0.2 * len(events)


def test_r31_some_loops_stay_open_but_most_are_closed(demo: Session) -> None:
    past = demo.scalar(
        select(func.count()).where(ActivityEvent.month < month_start(UNTIL), ~ActivityEvent.cancelled)
    )
    reviewed = demo.scalar(select(func.count(EventReview.event_id)))
    assert past
    assert reviewed
    assert 0.6 * past < reviewed


def test_a_policy_won_by_an_event_is_its_customers_and_signed_after_it(demo: Session) -> None:
    rows = demo.execute(
        select(Participation, Sale, ActivityEvent.starts_at)
        .join(Sale, Sale.id == Participation.sale_id)
        .join(ActivityEvent, ActivityEvent.id == Participation.event_id)
    ).all()
    assert len(rows) > 20
    for part, sale, starts_at in rows:
        assert part.customer_id == sale.customer_id
        assert part.attended
        assert starts_at is None or sale.signed_on >= starts_at.astimezone(SHANGHAI).date()
    assert len({sale.id for _, sale, _ in rows}) == len(rows)


def test_r32_supervisors_act_weekly_and_some_are_behind(demo: Session) -> None:
    done = demo.scalars(
        select(ManagementAction).where(
            ManagementAction.kind == ActionKind.JOINT_VISIT,
            ManagementAction.record.is_not(None),
            ManagementAction.review.is_not(None),
            ManagementAction.done_on > MONTH_ENDS[-2],
        )
    ).all()
    actors = {action.actor_id for action in done}
    supervisors = {
        place.person_id for place in RosterRepository(demo).snapshot(on=UNTIL) if place.is_supervisor
    }
    assert len(actors) > 0.6 * len(supervisors)
    weeks = Counter((action.actor_id, (action.done_on.day - 1) // 7) for action in done if action.done_on)
    assert len(weeks) < 4 * len(supervisors)
    assert {kind for (kind,) in demo.execute(select(ManagementAction.kind).distinct())} == set(ActionKind)

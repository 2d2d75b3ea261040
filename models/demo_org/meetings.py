"""The meetings of one institution: slots, meetings, who came, and the actions agreed on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import exp
from typing import Final

import numpy as np

from models.base import SHANGHAI
from models.calendar.weeks import month_end
from models.demo_org.extent import Timeline
from models.demo_org.people import Crew
from models.demo_org.scorecards import Held, write_scorecard
from models.demo_org.words import TASKS, TOPICS, pick
from models.demo_org.writer import Writer
from models.meetings.tables import (
    ActionFollowUp,
    ActionItem,
    ActionState,
    Attendance,
    FollowUpOutcome,
    Meeting,
    MeetingSlot,
    MeetingState,
    Presence,
    Recording,
    SlotName,
)
from qa_pipeline.compliance.calendar import Slot, slots
from qa_pipeline.values.vocabulary import MeetingKind

FLOW: Final = {
    MeetingKind.WEEKLY_REVIEW: "阶段复盘、优秀分享、问题研讨、下周安排",
    MeetingKind.MONTHLY_PLANNING: "月度复盘、优秀分享、问题研讨、下月规划、下周安排",
}
MINUTES: Final = {MeetingKind.WEEKLY_REVIEW: 60, MeetingKind.MONTHLY_PLANNING: 118}
FAULTLESS: Final = 0.035
"""Chance that a meeting is not held, held late or held too short, each, at average quality."""
BYTES_A_SECOND: Final = 6_000


@dataclass(frozen=True, slots=True)
class _Agreed:
    """An action of the last meeting, and whether it will be kept."""

    key: int
    who: str
    what: str
    due: date | None
    outcome: FollowUpOutcome


def build_meetings(writer: Writer, crew: Crew, timeline: Timeline, *, seed: int) -> None:
    """Write the slots of all months and what became of them."""
    rng = np.random.default_rng([seed, crew.place.id, 8])
    # Good meetings go with good results, but not everywhere.
    quality = 0.9 * crew.place.quality + float(rng.normal(0, 0.35))
    agreed: list[_Agreed] = []
    for month in timeline.months:
        for slot in slots(month.first.year, month.first.month):
            name = SlotName(slot.id.rsplit("-", 1)[1])
            due = slot.latest or (month_end(month.first) if name is SlotName.MP else slot.base)
            if due < crew.place.founded:
                continue
            key = writer.row(
                MeetingSlot,
                institution_id=crew.place.id,
                month=month.first,
                name=name,
                kind=slot.kind,
                theme=slot.theme,
                earliest=slot.earliest,
                latest=slot.latest,
            )
            agreed = _meet(writer, rng, crew, timeline, slot, key, agreed, quality)


def _meet(
    writer: Writer,
    rng: np.random.Generator,
    crew: Crew,
    timeline: Timeline,
    slot: Slot,
    key: int,
    agreed: list[_Agreed],
    quality: float,
) -> list[_Agreed]:
    """One slot: planned, missed or held; returns what stands agreed after it."""
    weakness = FAULTLESS * exp(-0.7 * quality)
    chance = rng.random(4)
    day = _day(rng, slot, is_late=bool(chance[0] < weakness), founded=crew.place.founded)
    is_missed = chance[1] < weakness
    code = f"{crew.place.code}-{slot.id}"
    start = datetime.combine(day, _clock(rng), SHANGHAI)
    plan = {
        "institution_id": crew.place.id,
        "kind": slot.kind,
        "topic": TOPICS[slot.theme],
        "goal": "逐人定路径，行动项有人、有事、有期限",
        "flow": FLOW[slot.kind],
    }
    if day >= timeline.until:
        if (day - timeline.until).days <= 7:
            writer.row(Meeting, code=code, slot_id=key, state=MeetingState.PLANNED, started_at=start, **plan)
        return agreed
    if is_missed:
        return agreed
    minutes = max(16.0, float(rng.normal(MINUTES[slot.kind], 9)))
    if chance[2] < weakness:
        minutes = float(rng.uniform(17, 30))
    seconds = round(minutes * 60)
    unprepared = chance[3] < 3 * weakness
    host, is_manager, is_deputy = _host(rng, crew, day)
    meeting = writer.row(
        Meeting,
        code=code,
        slot_id=key,
        state=MeetingState.HELD,
        started_at=start,
        ended_at=start + timedelta(seconds=seconds + 120),
        host_id=host,
        prepared_at=start + timedelta(minutes=20) if unprepared else start - timedelta(hours=16),
        **plan,
    )
    if rng.random() < 0.012:
        writer.row(
            Meeting,
            code=f"{code}-X",
            slot_id=key,
            state=MeetingState.VOID,
            started_at=start - timedelta(hours=1),
            ended_at=start - timedelta(minutes=50),
            **plan,
        )
    writer.row(
        Recording,
        meeting_id=meeting,
        part=1,
        content_hash=hashlib.sha256(code.encode()).hexdigest(),
        file_name=f"{code}.m4a",
        size=seconds * BYTES_A_SECOND,
        duration=float(seconds),
        started_at=start,
    )
    present, due = _attend(writer, rng, crew, timeline, meeting, day)
    kept = _follow_up(writer, rng, agreed, meeting, day)
    new = _agree(writer, rng, crew, timeline, meeting, code, day)
    write_scorecard(
        writer,
        rng,
        Held(
            meeting=meeting,
            slot=slot,
            start=start,
            seconds=seconds,
            quality=quality,
            institution=crew.place.name,
            is_manager=is_manager,
            is_deputy=is_deputy,
            present=present,
            due=due,
            kept=kept,
            actions=[(action.who, action.what, action.due) for action in new],
            is_prepared=not unprepared,
        ),
    )
    return new


def _day(rng: np.random.Generator, slot: Slot, *, is_late: bool, founded: date) -> date:
    """A day of the window, or one to three days after it; the base day where the window is unknown."""
    if slot.earliest is None or slot.latest is None:
        return max(slot.base, founded)
    if is_late:
        return slot.latest + timedelta(days=int(rng.integers(1, 4)))
    first = max(slot.earliest, founded)
    return first + timedelta(days=int(rng.integers(0, (slot.latest - first).days + 1)))


def _clock(rng: np.random.Generator) -> time:
    """Mostly in the morning, now and then after noon, rarely after five (R5)."""
    kind = rng.random()
    hours = (9, 10) if kind < 0.78 else (13, 14, 15) if kind < 0.97 else (18,)
    return time(int(rng.choice(hours)), int(rng.choice((0, 15, 30))))


def _host(rng: np.random.Generator, crew: Crew, day: date) -> tuple[int, bool, bool]:
    chance = rng.random()
    if crew.deputy is not None and chance < 0.06:
        return crew.deputy, False, True
    if crew.deputy is None and chance < 0.02:
        return int(crew.ids[crew.leads[0, 0]]), False, False
    return crew.manager_on(day), True, False


def _attend(
    writer: Writer, rng: np.random.Generator, crew: Crew, timeline: Timeline, meeting: int, day: date
) -> tuple[int, int]:
    """Write who of those due (R9) was there; returns how many came, and how many were due."""
    due = np.flatnonzero(crew.supervising[:, timeline.month_of(day)] & (crew.joined <= timeline.number(day)))
    rate = float(np.clip(0.986 + 0.006 * crew.place.quality, 0.85, 0.998))
    marks = rng.random(len(due))
    presences = [
        Presence.ON_SITE
        if mark < rate * 0.95
        else Presence.REMOTE
        if mark < rate
        else Presence.LEAVE
        if mark < rate + (1 - rate) / 2
        else Presence.ABSENT
        for mark in marks.tolist()
    ]
    writer.columns(Attendance, len(due), meeting_id=meeting, person_id=crew.ids[due], presence=presences)
    return sum(presence in (Presence.ON_SITE, Presence.REMOTE) for presence in presences), len(due)


# ---------------------------------------------------------------- actions


def _agree(
    writer: Writer,
    rng: np.random.Generator,
    crew: Crew,
    timeline: Timeline,
    meeting: int,
    code: str,
    day: date,
) -> list[_Agreed]:
    """Write the meeting's actions; the better the institution, the more are kept later."""
    owners = np.flatnonzero(
        crew.supervising[:, timeline.month_of(day)] & (crew.joined <= timeline.number(day))
    )
    keeps = float(np.clip(0.68 + 0.1 * crew.place.quality, 0.25, 0.95))
    new = []
    for number in range(1, int(rng.integers(2, 5)) + 1):
        owner = int(rng.choice(owners))
        what = pick(rng, TASKS).format(n=int(rng.integers(2, 9)))
        due = day + timedelta(days=int(rng.integers(2, 7))) if rng.random() < 0.9 else None
        outcome = (
            FollowUpOutcome.KEPT
            if rng.random() < keeps
            else FollowUpOutcome.NOT_KEPT
            if rng.random() < 0.8
            else FollowUpOutcome.NOT_MENTIONED
        )
        state, closed = ActionState.OPEN, None
        if due is not None and due < timeline.until and outcome is not FollowUpOutcome.NOT_MENTIONED:
            is_kept = outcome is FollowUpOutcome.KEPT
            state, closed = (ActionState.KEPT if is_kept else ActionState.BROKEN), due
        key = writer.row(
            ActionItem,
            code=f"{code}-{number}",
            meeting_id=meeting,
            what=what,
            who=crew.names[owner],
            owner_id=int(crew.ids[owner]),
            due_on=due,
            state=state,
            confirmed_at=datetime.combine(day, time(20), SHANGHAI) if state is not ActionState.OPEN else None,
            closed_on=closed,
        )
        new.append(_Agreed(key, crew.names[owner], what, due, outcome))
    return new


def _follow_up(
    writer: Writer, rng: np.random.Generator, agreed: list[_Agreed], meeting: int, day: date
) -> float | None:
    """Write what the meeting says of the actions agreed before; returns the share it mentions."""
    if not agreed:
        return None
    outcomes = [
        FollowUpOutcome.NOT_MENTIONED
        if rng.random() < 0.06 or action.due is None or action.due > day
        else action.outcome
        for action in agreed
    ]
    for action, outcome in zip(agreed, outcomes, strict=True):
        quote = {
            FollowUpOutcome.KEPT: "上次定的已经做完",
            FollowUpOutcome.NOT_KEPT: "上次定的还差一些",
            FollowUpOutcome.NOT_MENTIONED: None,
        }[outcome]
        writer.row(ActionFollowUp, action_id=action.key, meeting_id=meeting, outcome=outcome, quote=quote)
    mentioned = sum(outcome is not FollowUpOutcome.NOT_MENTIONED for outcome in outcomes)
    return mentioned / len(outcomes)

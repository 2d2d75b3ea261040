"""The briefing of an institution's next slot, and its confirmation as the preparation (R24)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from api.access import Caller
from api.briefings import parts
from api.briefings.repository import SlotMeetingRepository
from api.briefings.schemas import BriefingOut, ChecklistItem, ConfirmIn, NextSlot, SegmentOut, TimePlan
from api.briefings.time_plan import TIME_PLANS, as_flow, checking_share, minutes
from api.codes import CodeRepository
from api.fields import existing
from api.meetings import service as meetings
from api.problems import Conflict, NotFound
from models.base import Subtree
from models.calendar.repository import CalendarRepository
from models.calendar.weeks import month_start, months_later
from models.meetings.preparation import missing_preparation
from models.meetings.repository import MeetingRepository
from models.meetings.slots import SlotRepository, due_day, name_of
from models.meetings.tables import Meeting, MeetingState, SlotName
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution
from qa_pipeline.compliance.calendar import Slot, slots
from qa_pipeline.errors import InputError
from qa_pipeline.names import CHAPTERS, THEMES


@dataclass(frozen=True, slots=True)
class Ahead:
    """A slot of the institution, and the meeting that was entered for it, if any."""

    institution: Institution
    month: date
    slot: Slot
    meeting: Meeting | None

    @property
    def name(self) -> SlotName:
        return name_of(self.slot)


def ahead(
    session: Session, asker: Caller, institution: str, *, on: date, month: date | None, name: SlotName | None
) -> Ahead:
    """The slot that is named, or the first one from the day on whose meeting was not held yet.

    Raises NotFound; InputError for an institution that owes no meetings, and for half a name.
    """
    if (month is None) != (name is None):
        raise InputError("请同时填写 month 和 slot，或都不填以取下一场。")
    owner = existing(InstitutionRepository(session, within=asker.within).get, institution)
    if not owner.must_hold:
        raise InputError(f"{owner.name} 不需要召开二会，没有简报：请选择四级机构。")
    first = month_start(month or on)
    months = [first] if month else [first, months_later(first, 1), months_later(first, 2)]
    entered = SlotMeetingRepository(session, within=asker.within).effective(owner.id, months)
    imported = CalendarRepository(session).imported()
    for each in months:
        for slot in slots(each.year, each.month, imported):
            found = Ahead(owner, each, slot, entered.get((each, name_of(slot))))
            due = due_day(found.name, each, slot.latest)
            if not owner.holds_on(due):
                continue
            if name is None:
                held = found.meeting is not None and found.meeting.state == MeetingState.HELD
                if due >= on and not held:
                    return found
            elif found.name == name:
                return found
    raise NotFound(f"{owner.name} 没有可做简报的场次：请核对机构的生效日期和月份。")


def briefing(session: Session, asker: Caller, found: Ahead, *, on: date) -> BriefingOut:
    """All parts, with indicators as of the day before ``on``."""
    yesterday = on - timedelta(days=1)
    slot, owner = found.slot, found.institution
    plan = TIME_PLANS[slot.kind]
    share = checking_share(plan)
    day = _meeting_day(session, asker, found)
    held = SlotMeetingRepository(session, within=asker.within).held_before(owner.id, day)
    return BriefingOut(
        slot=NextSlot(
            institution=owner.code,
            institution_name=owner.name,
            month=found.month,
            name=found.name,
            kind=slot.kind,
            theme=slot.theme,
            earliest=slot.earliest,
            latest=slot.latest,
            covers=slot.covers,
            remark=slot.collision
            if slot.window
            else "该年法定节假日未知，可开日期未知：请先导入该年节假日。",
        ),
        as_of=yesterday,
        checklist=[ChecklistItem(rule=each.rule, text=each.text) for each in slot.requirements],
        rankings=parts.rankings(session, asker, owner, slot.theme, yesterday),
        below_standard=parts.below_standard(session, asker, owner, yesterday, slot.covers),
        commitments=parts.commitments(session, asker, owner, on=day, held_before=held),
        time_plan=TimePlan(
            minutes=minutes(plan),
            checking_share=None if share is None else Decimal(share.numerator) / share.denominator,
            segments=[
                SegmentOut(
                    chapter=s.chapter, label=CHAPTERS[s.chapter], minutes=s.minutes, checking=s.checking
                )
                for s in plan
            ],
        ),
        suggested_topic=_topic(found),
        suggested_flow=as_flow(plan),
        meeting=meetings.detail(session, asker, found.meeting.code) if found.meeting else None,
    )


def confirm(session: Session, asker: Caller, body: ConfirmIn) -> Meeting:
    """Make the briefing the preparation of the slot's meeting, which is planned if nobody did yet.

    Raises Conflict for a meeting that was held, or whose preparation stands already: that one is edited.
    """
    found = ahead(
        session, asker, body.institution, on=body.starts_at.date(), month=body.month, name=body.slot
    )
    repository = MeetingRepository(session, within=asker.within)
    if found.meeting is None:
        SlotRepository(session, within=Subtree(found.institution.path)).fill_month(body.month)
        stem = f"{body.institution}-{body.month:%Y-%m}-{body.slot}"
        code = CodeRepository(session).free(Meeting.code, stem)
        repository.plan(code, institution=body.institution, month=body.month, slot=body.slot)
    else:
        code = found.meeting.code
        if found.meeting.state == MeetingState.HELD:
            raise Conflict(f"会议 {code} 已召开，不能再做会前准备。")
        if not missing_preparation(found.meeting):
            raise Conflict(f"会议 {code} 已有会前准备：请直接修改该会议的会前准备。")
    return repository.prepare(
        code,
        at=datetime.now(UTC),
        topic=body.topic or _topic(found),
        starts_at=body.starts_at,
        goal=body.goal,
        flow=body.flow or as_flow(TIME_PLANS[found.slot.kind]),
    )


def _topic(found: Ahead) -> str:
    return f"{THEMES[found.slot.theme]}：{found.institution.name} {found.month:%Y年%m月}"


def _meeting_day(session: Session, asker: Caller, found: Ahead) -> date:
    if found.meeting is not None and found.meeting.started_at is not None:
        return MeetingRepository(session, within=asker.within).day_of(found.meeting)
    return due_day(found.name, found.month, found.slot.latest)

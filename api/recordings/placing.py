"""Which meeting a recording belongs to: as the caller says, or as file name, date and institution tell.

Nothing is guessed that is not unique: then the answer says what is missing and how to give it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import PurePath
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.fields import Code, Day, Moment, existing, require_begun
from api.problems import Conflict
from models.base import SHANGHAI, Subtree, midnight
from models.calendar.repository import CalendarRepository
from models.meetings.repository import MeetingRepository
from models.meetings.slots import SlotRepository
from models.meetings.tables import Meeting, MeetingState
from models.organisation.conditions import inside
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution
from qa_pipeline.clock import lies_ahead
from qa_pipeline.compliance.calendar import distance, slot_for
from qa_pipeline.errors import InputError
from qa_pipeline.names import KINDS
from qa_pipeline.values.vocabulary import MeetingKind

SHOWN: Final = 5
MOST_PARTS: Final = 999
"""Of one meeting."""
UNDATED: Final = frozenset({".wav", ".mp3", ".amr", ".aac"})
"""Files that do not say when they were recorded, whatever they hold."""
_DAYS: Final = re.compile(
    r"(?<!\d)(20\d\d)[-_.年]?(1[0-2]|0?[1-9])(?:[-_.月]|(?<=\d\d)(?=\d\d))(3[01]|[12]\d|0?[1-9])(?!\d)日?"
)
"""Without a mark between them month and day have two digits each: ``2026-11`` is no first of January."""
_CLOCK: Final = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:：点时-]([0-5]\d)(?!\d)")
_STAMP: Final = re.compile(
    _DAYS.pattern + r"[ _T-]{1,3}([01]\d|2[0-3])[:：.点时_-]?([0-5]\d)(?:[:：.分_-]?[0-5]\d)?(?!\d)"
)
"""Day and time as recorders name their files: ``20260908_090005``, ``2026-09-08 09.00.05``."""
_WHICH: Final = frozenset({"batch", "file", "meeting", "institution", "day", "started_at", "kind"})
"""What of a placing tells which meeting it is."""


class Untold(InputError):  # noqa: N818 (nothing is wrong yet)
    """When the meeting was is not said; the file itself may tell, or whoever sent it."""


class Placing(BaseModel):
    """What the caller says of the meeting; a file of a batch was placed when the batch began."""

    model_config = ConfigDict(frozen=True)

    batch: Code | None = None
    file: str | None = None
    """The batch, and which of its files it is."""
    meeting: Code | None = None
    institution: Code | None = None
    day: Day | None = None
    started_at: Moment | None = None
    kind: MeetingKind | None = None
    part: int | None = None
    inspect: bool = True

    def after(self, earlier: Placing) -> Placing:
        """As said now; where nothing is said of which meeting it is, what was said of that before stands."""
        if self.model_fields_set & _WHICH:
            return self
        return earlier.model_copy(update=self.model_dump(exclude_unset=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a recording belongs: a meeting that is known, or one that took place and is not known yet."""

    meeting: Meeting | None
    institution: Institution
    day: date
    kind: MeetingKind
    start: datetime | None
    """When it began; None: the meeting's own time stands."""


def resolve(
    session: Session, within: Subtree, said: Placing, *, file_name: str, created: datetime | None
) -> Place:
    """Where the recording belongs. Raises NotFound, Conflict, InputError naming what to add.

    ``created``: when the recorder says that it began; a clock that is ahead tells nothing.
    """
    if created is not None and lies_ahead(created):
        created = None
    if said.meeting is not None:
        return _named(session, within, said, said.meeting, created)
    owner = _institution(session, within, said, file_name)
    day = _day(said, file_name, created)
    kind = said.kind or _kind(session, day, file_name)
    there = _on_day(session, owner, day, kind)
    start = said.started_at or _start(
        there[0] if len(there) == 1 else None, day, _without(file_name, owner.code), created
    )
    if len(there) > 1:
        codes = "、".join(meeting.code for meeting in there[:SHOWN])
        raise Conflict(f"{owner.name} {day:%m月%d日} 有多场{KINDS[kind]}（{codes}）：请选定是哪一场会议。")
    meeting = there[0] if there else None
    if meeting is not None and meeting.state == MeetingState.HELD:
        return Place(meeting=meeting, institution=owner, day=day, kind=kind, start=None)
    if start is None:
        raise _no_start(file_name)
    require_begun(start)
    return Place(meeting=meeting, institution=owner, day=day, kind=kind, start=start)


def require_place(session: Session, within: Subtree, said: Placing, *, file_name: str) -> None:
    """Refuse before a byte is sent what the file cannot change. Raises what ``place`` raises."""
    try:
        found = resolve(session, within, said, file_name=file_name, created=None)
    except Untold:
        if PurePath(file_name).suffix.lower() in UNDATED:
            raise
        return
    if found.meeting is None and found.start is not None:
        meetings, owner = MeetingRepository(session, within=within), found.institution
        try:
            meetings.require_free(owner.code, kind=found.kind, started_at=found.start)
        except InputError as error:
            raise Conflict(str(error)) from error


def place(
    session: Session, within: Subtree, said: Placing, *, file_name: str, created: datetime | None
) -> Meeting:
    """The meeting, held from now on. Raises NotFound, InputError naming what to add, Conflict."""
    found = resolve(session, within, said, file_name=file_name, created=created)
    meetings = MeetingRepository(session, within=within)
    if found.start is None and found.meeting is not None:
        return found.meeting
    if found.start is None:
        raise _no_start(file_name)
    if found.meeting is not None:
        return meetings.hold(found.meeting.code, started_at=found.start)
    owner, day = found.institution, found.day
    slots = SlotRepository(session, within=Subtree(owner.path))
    slots.fill_month(slots.month_of(day, found.kind))
    try:
        return meetings.record(
            _free_code(session, owner, day), institution=owner.code, kind=found.kind, started_at=found.start
        )
    except InputError as error:
        raise Conflict(str(error)) from error


def _named(session: Session, within: Subtree, said: Placing, code: str, created: datetime | None) -> Place:
    meeting = existing(MeetingRepository(session, within=within).get, code)
    if meeting.state == MeetingState.VOID:
        raise Conflict(f"会议 {code} 已作废：请选择有效的会议。")
    held = meeting.state == MeetingState.HELD
    start = meeting.started_at if held else said.started_at or _past(meeting.started_at, created)
    if start is None:
        raise _no_start(code)
    if not held:
        require_begun(start)
    return Place(
        meeting=meeting,
        institution=session.get_one(Institution, meeting.institution_id),
        day=start.astimezone(SHANGHAI).date(),
        kind=meeting.kind,
        start=None if held else start,
    )


def _past(*moments: datetime | None) -> datetime | None:
    """The first that has come: a meeting may be held before its planned time."""
    return next((moment for moment in moments if moment is not None and not lies_ahead(moment)), None)


def _no_start(name: str) -> Untold:
    return Untold(f"“{name}”看不出会议几点开始：请填写召开日期和开始时间。")


def _institution(session: Session, within: Subtree, said: Placing, file_name: str) -> Institution:
    if said.institution is not None:
        return existing(InstitutionRepository(session, within=within).get, said.institution)
    holders = session.scalars(select(Institution).where(inside(within), Institution.must_hold)).all()
    if len(holders) == 1:
        return holders[0]
    named = [one for one in holders if one.name in file_name or _has_code(file_name, one.code)]
    longest = max((len(one.name) for one in named), default=0)
    found = [one for one in named if len(one.name) == longest]
    if not found:
        raise InputError(f"“{file_name}”看不出是哪家机构的会议：请填写机构，或选定会议。")
    if len(found) > 1:
        names = "、".join(one.name for one in found[:SHOWN])
        raise Conflict(f"“{file_name}”可能属于 {names}：请填写机构，或选定会议。")
    return found[0]


def _has_code(text: str, code: str) -> bool:
    return _without(text, code) != text


def _without(text: str, code: str) -> str:
    """Without the code of an institution, whose digits may look like a time."""
    return re.sub(rf"(?<![0-9A-Za-z]){re.escape(code)}(?![0-9A-Za-z])", " ", text)


def _day(said: Placing, file_name: str, created: datetime | None) -> date:
    if said.started_at is not None:
        return said.started_at.astimezone(SHANGHAI).date()
    days = days_in(file_name) if said.day is None else {said.day}
    if len(days) > 1:
        raise InputError(f"“{file_name}”里有不止一个日期：请填写召开日期。")
    if not days and created is not None:
        days = {created.astimezone(SHANGHAI).date()}
    if not days:
        raise Untold(f"“{file_name}”看不出会议日期：请填写召开日期，例如 2026-09-08。")
    day = days.pop()
    if lies_ahead(midnight(day)):
        raise InputError(f"会议日期 {day} 还没有到：请核对召开日期或文件名。")
    return day


def days_in(file_name: str) -> set[date]:
    """The days that a file's name tells."""
    days = set()
    for year, month, day in _DAYS.findall(file_name):
        try:
            days.add(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return days


def _start(planned: Meeting | None, day: date, file_name: str, created: datetime | None) -> datetime | None:
    """When the meeting began: as planned, as the recorder's clock says, or as the file name does."""
    told = (planned.started_at if planned else None, created)
    moment = _past(*(one for one in told if one and one.astimezone(SHANGHAI).date() == day))
    if moment is not None:
        return moment
    found = [(hour, minute) for *_, hour, minute in _STAMP.findall(file_name)]
    found += _CLOCK.findall(_own_day(day).sub(" ", _DAYS.sub(" ", _STAMP.sub(" ", file_name))))
    clocks = {time(int(hour), int(minute)) for hour, minute in found}
    return datetime.combine(day, clocks.pop(), SHANGHAI) if len(clocks) == 1 else None


def _own_day(day: date) -> re.Pattern[str]:
    """The day without its year, ``9-08``, which reads like eight past nine."""
    return re.compile(rf"(?<!\d)0?{day.month}-0?{day.day}(?!\d)")


def _kind(session: Session, day: date, file_name: str) -> MeetingKind:
    if "规划" in file_name:
        return MeetingKind.MONTHLY_PLANNING
    if "复盘" in file_name:
        return MeetingKind.WEEKLY_REVIEW
    imported = CalendarRepository(session).imported()
    near = {kind: slot_for(day, kind, imported=imported) for kind in MeetingKind}
    fits = [kind for kind, slot in near.items() if slot and slot.window and distance(day, slot) == 0]
    if len(fits) != 1:
        raise InputError(f"{day:%m月%d日} 看不出是周复盘会还是月规划会：请选择会议类别。")
    return fits[0]


def _on_day(session: Session, owner: Institution, day: date, kind: MeetingKind) -> list[Meeting]:
    query = select(Meeting).where(
        Meeting.institution_id == owner.id,
        Meeting.kind == kind,
        Meeting.state != MeetingState.VOID,
        Meeting.started_at >= midnight(day),
        Meeting.started_at < midnight(day) + timedelta(days=1),
    )
    return list(session.scalars(query.order_by(Meeting.started_at)))


def _free_code(session: Session, owner: Institution, day: date) -> str:
    stem = f"{owner.code[:48]}-{day:%Y%m%d}"
    taken = set(session.scalars(select(Meeting.code).where(Meeting.code.startswith(stem))))
    return next(
        code for code in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if code not in taken
    )

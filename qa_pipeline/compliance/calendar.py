"""The business calendar: when each month's four meetings may be held, on what theme, and what they cover.

Every institution has four slots a month: weekly reviews on the 8th, 15th and 22nd (R1) and one monthly
planning between the 27th and the month's end (R2). A base day that falls on a statutory holiday only moves
forward, to the nearest working day before it; on an ordinary weekend the base day itself and the days back to
the nearest working day are legal; nothing is ever postponed (R3). A theme belongs to its slot (R4).

Holidays and adjusted working days come from ``chinese_calendar``; a year that was imported (`ImportedDays`)
comes from there instead. A year that neither knows yields slots whose window is None and whose ``base_kind``
is ``unknown``: never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import MeetingKind, Theme

DAY: Final = timedelta(days=1)
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100
THEME_REACH: Final = 6
"""Days outside its window within which an announced theme still claims its slot."""


class BaseKind(StrEnum):
    """What kind of day a slot's base day is (for the monthly planning: what its window holds)."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    STATUTORY_HOLIDAY = "statutory_holiday"
    LIEU_WORKDAY = "lieu_workday"
    WINDOW = "window"
    WINDOW_ALL_NONWORK = "window_all_nonwork"
    UNKNOWN = "unknown"


BASE_KINDS: Final = {
    BaseKind.WORKDAY: "工作日",
    BaseKind.WEEKEND: "普通周末",
    BaseKind.STATUTORY_HOLIDAY: "法定节假日",
    BaseKind.LIEU_WORKDAY: "调休工作日",
    BaseKind.WINDOW: "27日至月末",
    BaseKind.WINDOW_ALL_NONWORK: "27日至月末均非工作日",
    BaseKind.UNKNOWN: "未知",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedDays:
    """Years whose special days were entered by hand; they take the place of what the library says of them.

    In such a year weekdays work and weekends rest, but for its ``holidays`` and ``lieu_workdays``. Days of
    other years say nothing. Hashable, so that what is derived from it can be kept.
    """

    years: frozenset[int] = frozenset()
    holidays: frozenset[date] = frozenset()
    lieu_workdays: frozenset[date] = frozenset()


LIBRARY_ALONE: Final = ImportedDays()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One thing a meeting must cover, and the rule (R13-R23) that says so."""

    rule: str
    text: str


_SHARING = Requirement(rule="R16", text="优秀分享：讲清标杆人、做法、可复制步骤")
_DISCUSSION = Requirement(rule="R17", text="问题研讨：聚焦共性问题，从团队管理、客户经营、技能辅导找根因")
_WEEKLY_FLOW = Requirement(rule="R14", text="流程：阶段复盘 → 优秀分享 → 问题研讨 → 下周安排")

REQUIREMENTS: Final = {
    Theme.SUPERVISOR_LEAD: (
        _WEEKLY_FLOW,
        Requirement(rule="R20", text="主管本人达U情况复盘"),
        Requirement(rule="R20", text="未达U主管的 PVKYC 分析（计划、拜访、成交、缘故客户、转介绍）"),
        Requirement(rule="R20", text="树立主管领跑标杆"),
        _SHARING,
        _DISCUSSION,
    ),
    Theme.SUPERVISOR_COACHING: (
        _WEEKLY_FLOW,
        Requirement(rule="R21", text="各营业室 CT 情况"),
        Requirement(rule="R21", text="未达CT营业室的问题根源"),
        Requirement(rule="R21", text="分享辅导标杆经验"),
        _SHARING,
        _DISCUSSION,
    ),
    Theme.RECRUITMENT_REVIEW: (
        _WEEKLY_FLOW,
        Requirement(rule="R22", text="各营业室送训情况检视"),
        Requirement(rule="R22", text="未送训营业室的障碍"),
        Requirement(rule="R22", text="树立招募标杆"),
        Requirement(rule="R22", text="新人 FYC 与团队 FYC 增长"),
        _SHARING,
        _DISCUSSION,
    ),
    Theme.MONTH_END_SPRINT: (
        Requirement(rule="R13", text="流程：月度复盘 → 优秀分享 → 问题研讨 → 下月规划 → 下周安排"),
        Requirement(rule="R15", text="月度复盘：期缴保费、U人力、CT 的排行与差距"),
        _SHARING,
        _DISCUSSION,
        Requirement(rule="R18", text="下月规划：公司目标转为主管收入目标，排定客经行事历"),
        Requirement(rule="R19", text="下周安排：部署次月第一周（主管领跑周）"),
        Requirement(rule="R23", text="月度全面复盘、下月工作、领跑周详细计划齐备"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One meeting that every institution must hold.

    ``own`` is the window that the base day alone gives; ``earliest``..``latest`` (both included) is the legal
    window after collisions with the next slot are resolved. All three are None when the year's holidays are
    not known. ``covers`` is the business week under review (first and last day).
    """

    id: str
    kind: MeetingKind
    theme: Theme
    base: date
    base_kind: BaseKind
    own: tuple[date, date] | None
    earliest: date | None
    latest: date | None
    covers: tuple[date, date]
    requirements: tuple[Requirement, ...]
    collision: str = ""

    @property
    def window(self) -> tuple[date, date] | None:
        if self.earliest is None or self.latest is None:
            return None
        return self.earliest, self.latest


def parse_month(text: str) -> tuple[int, int]:
    """Read ``2026-11`` (also ``2026/11`` and ``2026年11月``) as (year, month); raises InputError."""
    plain = text.strip().replace("年", "-").replace("/", "-").removesuffix("月")
    year, dash, month = plain.partition("-")
    if dash and len(year) == 4 and len(month) in (1, 2) and (year + month).isdecimal():
        if FIRST_YEAR <= int(year) <= LAST_YEAR and 1 <= int(month) <= 12:
            return int(year), int(month)
        raise InputError(f"“{text}”不是有效的月份：年份 {FIRST_YEAR}–{LAST_YEAR}，月份 1–12，例如 2026-11。")
    raise InputError(f"无法识别月份“{text}”：请写成 年-月，例如 2026-11。")


@lru_cache(maxsize=256)
def slots(year: int, month: int, imported: ImportedDays = LIBRARY_ALONE) -> tuple[Slot, ...]:
    """The month's four slots, W1, W2, W3 and MP, in order (R1-R4)."""
    weekly = [
        _weekly(year, month, 1, 8, Theme.SUPERVISOR_LEAD, imported),
        _weekly(year, month, 2, 15, Theme.SUPERVISOR_COACHING, imported),
        _weekly(year, month, 3, 22, Theme.RECRUITMENT_REVIEW, imported),
    ]
    # Two bases inside one long holiday fall back onto the same working day: the later slot keeps it.
    for later in (2, 1):
        weekly[later - 1], weekly[later] = _without_collision(weekly[later - 1], weekly[later], imported)
    weekly[0] = _with_shared_planning_day(weekly[0], imported)
    return (*weekly, _planning(year, month, imported))


def slot_for(
    meeting_date: date,
    kind: MeetingKind,
    theme: Theme | None = None,
    imported: ImportedDays = LIBRARY_ALONE,
) -> Slot | None:
    """The slot that a meeting held on this day fills or tries to fill: the one with the nearest legal window.

    A legal day decides before the theme does; the theme decides on a day that two slots could claim, and
    for a day outside every window. None: the year's holidays are not known and the day is no base day.
    """
    near = [slot for slot in _around(meeting_date, imported) if slot.kind == kind]
    known = [slot for slot in near if slot.window is not None]
    legal = [slot for slot in known if distance(meeting_date, slot) == 0 or merges(meeting_date, slot)]
    if legal:
        # Of two slots that share the day, the one whose theme was announced; else the one that keeps the day.
        return min(legal, key=lambda s: (s.theme != theme, distance(meeting_date, s)))
    unknown = [slot for slot in near if slot.window is None and _in_base(meeting_date, slot)]
    if unknown:
        return unknown[0]
    if any(slot.window is None and abs(slot.base - meeting_date) < 7 * DAY for slot in near):
        return None
    themed = [s for s in known if s.theme == theme and distance(meeting_date, s) <= THEME_REACH] or known
    return min(themed, key=lambda s: (distance(meeting_date, s), s.base), default=None)


def distance(day: date, slot: Slot) -> int:
    """Days from the day to the slot's legal window; 0 inside. The slot's window must be known."""
    if slot.window is None:
        raise ValueError(f"the window of {slot.id} is not known")
    earliest, latest = slot.window
    return max((earliest - day).days, (day - latest).days, 0)


def merges(day: date, slot: Slot) -> bool:
    """Whether the day is legal for the slot only if it is held together with the slot it collides with."""
    return slot.own is not None and slot.own != slot.window and slot.own[0] <= day <= slot.own[1]


def is_known(year: int, imported: ImportedDays = LIBRARY_ALONE) -> bool:
    """Whether the year's statutory holidays are known."""
    return day_kind(date(year, 6, 15), imported) != BaseKind.UNKNOWN


def day_kind(day: date, imported: ImportedDays = LIBRARY_ALONE) -> BaseKind:
    """Working day, weekend, statutory holiday, adjusted working day, or unknown."""
    if day.year in imported.years:
        if day in imported.holidays:
            return BaseKind.STATUTORY_HOLIDAY
        if day in imported.lieu_workdays:
            return BaseKind.LIEU_WORKDAY
        return BaseKind.WEEKEND if day.weekday() >= 5 else BaseKind.WORKDAY
    import chinese_calendar

    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return BaseKind.UNKNOWN
    if off:
        return BaseKind.STATUTORY_HOLIDAY if name else BaseKind.WEEKEND
    return BaseKind.LIEU_WORKDAY if day.weekday() >= 5 else BaseKind.WORKDAY


def works(day: date, imported: ImportedDays = LIBRARY_ALONE) -> bool | None:
    """Whether people work on the day; None where the year's holidays are not known."""
    kind = day_kind(day, imported)
    return None if kind == BaseKind.UNKNOWN else kind in (BaseKind.WORKDAY, BaseKind.LIEU_WORKDAY)


# ---------------------------------------------------------------- how a slot is made


def _workday_before(day: date, imported: ImportedDays) -> date | None:
    """The nearest working day before this one, or None where the holidays are not known."""
    day -= DAY
    while not (working := works(day, imported)):
        if working is None:
            return None
        day -= DAY
    return day


def _weekly(year: int, month: int, number: int, base_day: int, theme: Theme, imported: ImportedDays) -> Slot:
    base = date(year, month, base_day)
    kind = day_kind(base, imported)
    own: tuple[date, date] | None = None
    if kind in (BaseKind.WORKDAY, BaseKind.LIEU_WORKDAY):
        own = (base, base)
    elif kind != BaseKind.UNKNOWN and (workday := _workday_before(base, imported)):
        own = (workday, workday if kind == BaseKind.STATUTORY_HOLIDAY else base)
    return _slot(
        f"{year:04}-{month:02}-W{number}",
        MeetingKind.WEEKLY_REVIEW,
        theme,
        base,
        kind if own else BaseKind.UNKNOWN,
        own,
        covers=(base - 7 * DAY, base - DAY),
    )


def _planning(year: int, month: int, imported: ImportedDays) -> Slot:
    base = date(year, month, 27)
    last = _month_end(base)
    kinds = {day_kind(base + i * DAY, imported) for i in range((last - base).days + 1)}
    own: tuple[date, date] | None = None
    kind = BaseKind.UNKNOWN
    if BaseKind.UNKNOWN in kinds:
        pass
    elif kinds & {BaseKind.WORKDAY, BaseKind.LIEU_WORKDAY}:
        kind, own = BaseKind.WINDOW, (base, last)
    elif workday := _workday_before(base, imported):
        kind = BaseKind.WINDOW_ALL_NONWORK
        own = (workday, last if kinds == {BaseKind.WEEKEND} else workday)
    return _slot(
        f"{year:04}-{month:02}-MP",
        MeetingKind.MONTHLY_PLANNING,
        Theme.MONTH_END_SPRINT,
        base,
        kind,
        own,
        covers=(date(year, month, 22), last),
    )


def _slot(
    name: str,
    kind: MeetingKind,
    theme: Theme,
    base: date,
    base_kind: BaseKind,
    own: tuple[date, date] | None,
    *,
    covers: tuple[date, date],
) -> Slot:
    return Slot(
        id=name,
        kind=kind,
        theme=theme,
        base=base,
        base_kind=base_kind,
        own=own,
        earliest=own[0] if own else None,
        latest=own[1] if own else None,
        covers=covers,
        requirements=REQUIREMENTS[theme],
    )


def _without_collision(earlier: Slot, later: Slot, imported: ImportedDays) -> tuple[Slot, Slot]:
    if earlier.latest is None or later.earliest is None or earlier.latest < later.earliest:
        return earlier, later
    shared = later.earliest
    moved = _workday_before(shared, imported)
    if moved is None:
        return earlier, later
    note = f"与 {later.id} 撞期于 {shared:%m-%d}：本场前移至 {moved:%m-%d}；合并召开须审批且两个主题齐备"
    kept = f"与 {earlier.id} 撞期于 {shared:%m-%d}：本场保留当日，{earlier.id} 前移至 {moved:%m-%d}"
    return (
        replace(earlier, earliest=moved, latest=moved, collision=note),
        replace(later, collision=kept),
    )


def _with_shared_planning_day(first: Slot, imported: ImportedDays) -> Slot:
    """Note when the month's first review moves into the window of the month before (2025-10-08 -> 09-30)."""
    if first.earliest is None or first.earliest.month == first.base.month:
        return first
    planning = _planning(first.earliest.year, first.earliest.month, imported)
    if planning.window and planning.window[0] <= first.earliest <= planning.window[1]:
        note = f"前移至上月，与 {planning.id} 的窗口重叠：可同日召开，须分两段录音"
        return replace(first, collision=note)
    return first


def _in_base(day: date, slot: Slot) -> bool:
    if slot.kind == MeetingKind.WEEKLY_REVIEW:
        return day == slot.base
    return slot.base <= day <= _month_end(slot.base)


def _month_end(day: date) -> date:
    following = (day.replace(day=1) + 32 * DAY).replace(day=1)
    return following - DAY


def _around(day: date, imported: ImportedDays) -> Iterator[Slot]:
    """The slots of the month, the one before and the one after."""
    first = day.replace(day=1)
    for month in ((first - DAY), first, _month_end(day) + DAY):
        yield from slots(month.year, month.month, imported)

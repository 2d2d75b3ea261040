"""The first screen: what waits for whoever signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.accounts.repository import AccountRepository
from api.accounts.tables import Role
from api.compliance import service as compliance
from api.compliance.aggregate import mean
from api.compliance.schemas import Aggregate, Summary
from api.console import commitments, listing, parts, unfinished
from api.console.frame import View, screen
from api.console.listing import Column
from api.jobs.repository import JobRepository
from api.jobs.tables import JobState
from api.meetings import service as meetings
from api.meetings.actions import shown_action
from api.meetings.repository import ActionListRepository
from api.meetings.schemas import ActionOut, SlotRow
from api.organisation.service import today
from api.reviews import service as reviews
from api.reviews.endpoints import QUEUE_DAYS
from models.calendar.weeks import month_start
from models.meetings.compliance import InstitutionMonth, SlotState
from models.meetings.tables import ActionState, SlotName
from qa_pipeline.names import THEMES
from qa_pipeline.values.vocabulary import MeetingKind
from qa_pipeline.values.written import points

SHOWN_SLOTS: Final = 12
SHOWN: Final = 5
SHOWN_ACTIONS: Final = 8
MOST_ACTIONS: Final = 100
SHOWN_MISSING: Final = 20
SOON: Final = timedelta(days=7)
WINDOWED: Final = frozenset({SlotState.MISSING, SlotState.PENDING})


@dataclass(frozen=True, slots=True)
class Month:
    """The month of all that the caller sees, and institutions by mean energy, the best first."""

    summary: Summary
    ranked: tuple[tuple[str, str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits; None where the role has nothing to do with it."""

    slots: tuple[SlotRow, ...] | None = None
    agreed: tuple[ActionOut, ...] | None = None
    queue: int | None = None
    urgent: int = 0
    month: Month | None = None
    failed: int | None = None
    locked: tuple[str, ...] = ()


def register() -> None:
    """Add the screen."""
    screen("/", title="首页")(home)


def waiting(session: Session, asker: Caller, day: date) -> Waiting:
    if asker.role is Role.MANAGER:
        return Waiting(
            slots=tuple(meetings.slots(session, asker, month_start(day), below=None, as_of=day)),
            agreed=_agreed(session, asker, day),
        )
    if asker.role is Role.QA:
        first = day - timedelta(days=QUEUE_DAYS)
        rows = reviews.queue(session, asker, below=None, first=first, last=day)
        return Waiting(queue=len(rows), urgent=sum(reviews.URGENCY[row.why[0]] < 2 for row in rows))
    found = Waiting(month=_month(session, asker, day))
    if asker.role is not Role.ADMINISTRATOR:
        return found
    locked = AccountRepository(session, within=asker.within).locked(now=datetime.now(UTC))
    return Waiting(
        month=found.month,
        failed=JobRepository(session, within=asker.within).counts()[JobState.FAILED],
        locked=tuple(account.login for account in locked),
    )


def ranked(table: Sequence[InstitutionMonth]) -> tuple[tuple[str, str, Decimal], ...]:
    """(code, name, mean energy) of the institutions with a measured meeting, the best first."""
    means = (
        (line.code, line.name, mean([s.energy_score for s in line.slots if s.energy_score is not None]))
        for line in table
    )
    known = [(code, name, value) for code, name, value in means if value is not None]
    return tuple(sorted(known, key=lambda row: (-row[2], row[0])))


def _month(session: Session, asker: Caller, day: date) -> Month:
    month = month_start(day)
    return Month(
        compliance.summary(session, asker, month, below=None, as_of=day),
        ranked(compliance.table(session, asker, month, below=None, as_of=day)),
    )


def _agreed(session: Session, asker: Caller, day: date) -> tuple[ActionOut, ...]:
    """Open commitments due within the week or before, the latest due first (what has lain for months does not
    hide what is due tomorrow), one too many: the next meeting checks them."""
    rows = ActionListRepository(session, within=asker.within).actions(
        below=None, meeting=None, owner=None, owner_id=None, state=ActionState.OPEN, confirmed=None,
        due_by=day + SOON, cursor=None, limit=MOST_ACTIONS, latest_first=True,
    )  # fmt: skip
    return tuple(shown_action(row) for row in rows)


async def home(view: View) -> None:
    day = today()
    found = await view.ask(waiting, view.asker, day)
    left = await view.ask(unfinished.read, view.asker)
    ui.label(f"{view.name}，您好").classes("lead")
    unfinished.draw(view, left)
    if found.slots is not None:
        _slots(view, found.slots, day)
    if found.agreed is not None:
        _commitments(view, found.agreed, day)
    if found.queue is not None:
        _queue(found)
    if found.failed is not None:
        _operations(found)
    if found.month is not None:
        _at_a_glance(found.month)


def _slots(view: View, rows: Sequence[SlotRow], day: date) -> None:
    """Of few institutions every slot, of many only what waits for somebody; that comes first."""
    many = len(rows) > SHOWN_SLOTS
    due = [row for row in rows if _is_waiting(row, day)] if many else waiting_first(rows, day)
    title = f"{day:%Y 年 %-m 月}待办会议" if many else f"{day:%Y 年 %-m 月}的会议"
    with parts.section(title, "窗口内召开才算按时"):
        if not rows:
            parts.empty("本月没有应召开的会议。")
        elif not due:
            parts.empty("没有到期未开的会议。")
        institutions = len({row.institution for row in rows})
        with ui.element("div").classes("slots"):
            for row in due[:SHOWN_SLOTS]:
                _slot(view, row, named=institutions > 1)
        if many:
            ui.html(listing.link("/compliance", f"全部 {len(rows)} 场 ›"), sanitize=False).classes("more")


def waiting_first(rows: Sequence[SlotRow], day: date) -> list[SlotRow]:
    """Else in their order."""
    return sorted(rows, key=lambda row: not _is_waiting(row, day))


def _is_waiting(row: SlotRow, day: date) -> bool:
    """Whether it was missed, or its window has begun and the meeting is still to come."""
    is_open = row.state is SlotState.PENDING and row.earliest is not None and row.earliest <= day
    return row.state is SlotState.MISSING or is_open


def _slot(view: View, row: SlotRow, *, named: bool) -> None:
    with ui.element("div").classes("slot"):
        ui.label(f"{row.institution_name} · {row.name}" if named else f"{row.name} {THEMES[row.theme]}")
        if named:
            ui.label(THEMES[row.theme]).classes("soft")
        ui.html(listing.slot_badge(row.state), sanitize=False)
        ui.label(window(row.earliest, row.latest)).classes("soft")
        if row.verdict is not None:
            score = f"能量值 {points(row.energy_score)}"
            ui.html(
                listing.joined([listing.verdict_badge(row.verdict), listing.escaped(score)]), sanitize=False
            )
        if row.held_on is not None and row.meeting is not None:
            words = "看结论 ›" if row.verdict is not None else "已召开，尚未质检：看会议 ›"
            ui.html(listing.link(f"/meetings/{row.meeting}", words), sanitize=False)
        elif row.state in WINDOWED:
            links = []
            if view.may(Permission.PREPARE_MEETINGS):
                query = {"institution": row.institution, "month": f"{row.month:%Y-%m}", "slot": str(row.name)}
                links.append(listing.link("/briefing", "会前简报 ›", **query))
            if view.may(Permission.UPLOAD):
                links.append(listing.link("/upload", "上传录音 ›", **_recorded(row)))
            ui.html(listing.joined(links, " &emsp; "), sanitize=False)


def _recorded(row: SlotRow) -> dict[str, str]:
    """What a recording of the slot is a recording of."""
    if row.meeting is not None:
        return {"meeting": row.meeting}
    kind = MeetingKind.MONTHLY_PLANNING if row.name is SlotName.MP else MeetingKind.WEEKLY_REVIEW
    return {"institution": row.institution, "kind": kind}


def window(earliest: date | None, latest: date | None) -> str:
    if earliest is None or latest is None:
        return "窗口未知：当年节假日尚未录入"
    if earliest == latest:
        return f"须在 {earliest:%m-%d} 召开"
    return f"须在 {earliest:%m-%d} 至 {latest:%m-%d} 召开"


def _commitments(view: View, agreed: Sequence[ActionOut], day: date) -> None:
    with parts.section("待检查的承诺", "7 天内到期或已过期，下次会上逐条核对；期限近的在前"):
        if not agreed:
            parts.empty("没有快到期的承诺。")
            return
        listing.folded(
            "待检查的承诺",
            [Column("承诺"), Column("责任人"), Column("期限"), Column("出自"), Column("")],
            [_commitment(view, one, day) for one in agreed[:MOST_ACTIONS]],
            shown=SHOWN_ACTIONS,
            on_action=commitments.doing(view),
        )
        if len(agreed) > MOST_ACTIONS:
            ui.label(f"只列出期限最近的 {MOST_ACTIONS} 项，更早的见各场会议。").classes("soft")


def _commitment(view: View, one: ActionOut, day: date) -> list[object]:
    late = (day - one.due_on).days if one.due_on else 0
    return [
        one.what,
        one.owner_name or one.who or "未说谁",
        f"{commitments.day_of(one.due_on)}，已过 {late} 天" if late > 0 else commitments.day_of(one.due_on),
        listing.link(f"/meetings/{one.meeting}", one.meeting),
        commitments.acts(view, one.code, one.what, one.state, confirmed=one.confirmed_at is not None),
    ]


def _queue(found: Waiting) -> None:
    with parts.section("待复核的结论", f"近 {QUEUE_DAYS} 天"):
        if not found.queue:
            parts.empty("队列是空的：没有结论等待复核。")
            return
        with ui.element("div").classes("tiles"):
            tile("等待复核", f"{found.queue} 场")
            tile("其中申诉与否决项", f"{found.urgent} 场")
        ui.html(listing.link("/reviews", "打开复核队列 ›"), sanitize=False).classes("more")


def tile(name: str, figure: str, note: str = "") -> None:
    with ui.element("div").classes("tile"):
        ui.label(name).classes("name")
        ui.label(figure).classes("figure")
        if note:
            ui.label(note).classes("soft")


def _operations(found: Waiting) -> None:
    with parts.section("运行"):
        if not found.failed and not found.locked:
            parts.empty("没有失败的任务，也没有被锁定的账号。")
            return
        with ui.element("div").classes("tiles"):
            tile("失败的任务", f"{found.failed} 个")
            tile("被锁定的账号", f"{len(found.locked)} 个", "、".join(found.locked[:SHOWN]))
        links = [listing.link("/jobs", "看任务 ›", state="failed"), listing.link("/accounts", "看账号 ›")]
        ui.html(listing.joined(links, " &emsp; "), sanitize=False).classes("more")


LINE: Final = "合格线以各场所用量规为准"
"""Beside a mean of several meetings, which may be scored by several rubrics."""


def decided(totals: Aggregate) -> str:
    """What the share of qualified meetings is one of; those that a person has yet to judge are in it."""
    told = f"{totals.qualified} / {totals.inspected} 场已质检"
    return f"{told}，{totals.needs_review} 场待人工复核" if totals.needs_review else told


def _at_a_glance(month: Month) -> None:
    totals = month.summary.totals
    with parts.section(f"{month.summary.month:%Y 年 %-m 月}一览", f"截至 {month.summary.as_of}"):
        with ui.element("div").classes("tiles"):
            tile("覆盖率", listing.percent(totals.coverage), f"{totals.held} / {totals.due} 场到期")
            inspected = month.summary.inspections
            tile(
                "质检率",
                listing.percent(inspected.rate),
                f"{inspected.inspected} / {inspected.held} 场已召开",
            )
            tile("平均能量值", points(totals.mean_score), LINE)
            tile("合格率", listing.percent(totals.qualified_rate), decided(totals))
        ui.html(listing.link("/compliance", "打开合规表 ›"), sanitize=False).classes("more")
    rankings(month.ranked)
    missing = [(each.slot, where) for each in month.summary.coverage for where in each.missing]
    with parts.section("应开未开", f"{len(missing)} 场"):
        if not missing:
            parts.empty("到期的会议都已召开。" if totals.due else "本月还没有到期的会议。")
            return
        listing.table(
            "应开未开",
            [Column("机构"), Column("场次")],
            [[where.name, slot.value] for slot, where in missing[:SHOWN_MISSING]],
        )
        if len(missing) > SHOWN_MISSING:
            rest_of = listing.link("/compliance", f"全部 {len(missing)} 场 ›", state=SlotState.MISSING)
            ui.html(rest_of, sanitize=False).classes("more")


def rankings(rows: Sequence[tuple[str, str, Decimal]], *, month: str = "") -> None:
    """The best and the worst beside each other; few institutions are shared out between the two."""
    half = len(rows) // 2
    with ui.element("div").classes("columns even"):
        _ranking("能量值最高", rows[: min(SHOWN, len(rows) - half)], month)
        _ranking("能量值最低", rows[::-1][: min(SHOWN, half)], month)


def _ranking(title: str, rows: Sequence[tuple[str, str, Decimal]], month: str) -> None:
    with parts.section(title, "当月已测会议的平均"):
        if not rows:
            parts.empty("还没有可比的结论。")
            return
        listing.table(
            title,
            [Column("机构"), Column("能量值", figures=True)],
            [
                [listing.link("/compliance", name, below=code, month=month), points(value)]
                for code, name, value in rows
            ],
            dense=True,
        )

"""What a manager needs before the next meeting, read and confirmed as its preparation (R24)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.briefings.endpoints import briefing as read_briefing
from api.briefings.schemas import BelowStandard, BriefingOut, Part
from api.console import commitments, listing, parts, when, where
from api.console.calls import call
from api.console.frame import View, screen
from api.console.home import window
from api.console.indicators import amount, gap, observed, unit_of
from api.console.listing import Column, Field, Html
from api.indicators.schemas import RankingOut
from api.meetings.schemas import CommitmentOut
from api.organisation.repository import DirectoryRepository
from api.organisation.service import today
from models.activities.volumes import Item
from models.base import SHANGHAI
from models.meetings.tables import ActionState, MeetingState, SlotName
from qa_pipeline.errors import InputError
from qa_pipeline.names import KINDS, THEMES
from qa_pipeline.values.vocabulary import Status
from qa_pipeline.values.written import percent

PATH: Final = "/briefing"
SHOWN: Final = 8
MOST_PLACES: Final = 12
MOST_PEOPLE: Final = 20
START: Final = time(9)
"""When a meeting is assumed to begin until somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The institution whose meeting is prepared, and those whose meetings the viewer may prepare."""

    code: str | None
    """None: there are none."""
    institutions: where.Offered


def register() -> None:
    """Add the screen."""
    screen(PATH, title="会前", permission=Permission.PREPARE_MEETINGS)(briefing)


def choice(session: Session, asker: Caller, code: str, day: date) -> Choice:
    """Without a code of the first."""
    if not code:
        rows = DirectoryRepository(session, within=asker.within).institutions(
            below=None, parent=None, level=None, must_hold=True, on=day, cursor=None, limit=1
        )
        code = next((row.code for row in rows), "")
    return Choice(code or None, where.offered(session, asker, code, must_hold=True, on=day))


async def briefing(view: View, institution: str = "", month: str = "", slot: str = "") -> None:
    day = today()
    chosen = await view.ask(choice, view.asker, institution, day)
    if chosen.code is None:
        parts.empty("没有需要召开二会的机构：请先在“导入”中导入机构。")
        return
    if slot and slot not in set(SlotName):
        raise InputError(f"场次“{slot}”不对：请从首页的会议进入。")
    found = await view.witness(
        read_briefing,
        institution=chosen.code,
        month=listing.month_of(month, today=day) if slot else None,
        slot=SlotName(slot) if slot else None,
    )
    if chosen.institutions.many or len(chosen.institutions.names) > 1:
        box = Field("institution", "机构", chosen.code, chosen.institutions, options={})
        listing.filters(PATH, [box])
    _head(view, found)
    with ui.element("div").classes("columns"):
        with ui.element("div"):
            _preparation(view, found, day)
            _checklist(found)
            _commitments(view, found.commitments)
        with ui.element("div"):
            _time_plan(found)
            _below_standard(found.below_standard, found.slot.covers)
            for ranking in found.rankings:
                _ranking(ranking)
            _unranked([one for one in found.rankings if not one.items])


def _head(view: View, found: BriefingOut) -> None:
    slot = found.slot
    with ui.element("div").classes("meeting-head"):
        with ui.element("div"):
            ui.label(f"{slot.institution_name} · {slot.month:%Y 年 %-m 月} {slot.name}").classes("lead")
            ui.label(f"{KINDS[slot.kind]} · {THEMES[slot.theme]} · {window(slot.earliest, slot.latest)}")
            covers = (
                f"检视经营周 {slot.covers[0]:%m-%d} 至 {slot.covers[1]:%m-%d}；"
                f"指标取到 {found.as_of:%m-%d} 为止最新的"
            )
            ui.label(covers).classes("soft")
            if slot.remark:
                ui.label(slot.remark).classes("soft")
        meeting = found.meeting
        if meeting is not None and meeting.state is MeetingState.PLANNED and view.may(Permission.UPLOAD):
            with ui.element("div").classes("turn-buttons"):
                record = f"/record/{meeting.code}"
                ui.button("现场录音", icon="mic", on_click=lambda: ui.navigate.to(record))


def _checklist(found: BriefingOut) -> None:
    with parts.section("会上必须讲到", "主题的规定内容"), ui.element("ul").classes("checks rules"):
        for item in found.checklist:
            with ui.element("li"):
                ui.label(item.rule).classes("soft rule")
                ui.label(item.text)


def _reason(part: Part[RankingOut] | Part[BelowStandard] | Part[CommitmentOut]) -> None:
    if not part.known:
        ui.html(listing.badge(Status.UNKNOWN), sanitize=False)
    if part.reason:
        ui.label(part.reason).classes("soft")


def _commitments(view: View, part: Part[CommitmentOut]) -> None:
    with parts.section("要核对的承诺", "上次说定、还没有了结的（R26）"):
        _reason(part)
        if part.known and not part.items:
            parts.empty("没有未了结的承诺。")
        if part.items:
            listing.folded(
                "要核对的承诺",
                [Column("承诺"), Column("责任人"), Column("期限"), Column("出自"), Column("")],
                [_commitment(view, one) for one in part.items],
                shown=SHOWN,
                on_action=commitments.doing(view),
            )


def _commitment(view: View, one: CommitmentOut) -> list[object]:
    who = Html(f'<span class="whole">{listing.escaped(one.owner or one.who or "未说谁")}</span>')
    source = f'<span class="whole">{listing.link(f"/meetings/{one.meeting}", one.meeting)}</span>'
    acts = commitments.acts(view, one.code, one.what, ActionState.OPEN, confirmed=one.confirmed)
    return [one.what, who, _due(one), Html(source), acts]


def _due(one: CommitmentOut) -> Html:
    day = commitments.day_of(one.due_on)
    told = f"{day}，到开会已过 {one.overdue_days} 天" if one.overdue_days > 0 else day
    passed = f"<small>{one.passed_over} 次会未提及</small>" if one.passed_over else ""
    late = " negative" if one.overdue_days > 0 or one.passed_over else ""
    return Html(f'<span class="phrases{late}">{told}</span>{passed}')


def _below_standard(part: Part[BelowStandard], week: tuple[date, date]) -> None:
    """``week``: first and last day of the business week under review, which may be over or yet to come."""
    with parts.section("未达标人员", f"主管在前；计划 / 实际为经营周 {week[0]:%m-%d} 至 {week[1]:%m-%d}"):
        _reason(part)
        if part.known and not part.items:
            parts.empty("没有未达标的人员。")
        if part.items:
            listing.table(
                "未达标人员",
                [Column("姓名"), Column("拜访", True), Column("成交", True), Column("拜访成交率", True)],
                [_below(one) for one in part.items[:MOST_PEOPLE]],
                dense=True,
            )
        if len(part.items) > MOST_PEOPLE:
            ui.label(f"另有 {len(part.items) - MOST_PEOPLE} 人，见“指标”。").classes("soft")


def _below(one: BelowStandard) -> list[object]:
    volumes = (_volume(one, Item.VISIT), _volume(one, Item.CLOSE))
    return [_person(one), *volumes, listing.percent(one.conversion)]


def _person(one: BelowStandard) -> Html:
    note = "<small>主管</small>" if one.supervisor else ""
    return Html(f"<span>{listing.escaped(one.person.name)}{note}</span>")


def _volume(one: BelowStandard, item: Item) -> str | None:
    if one.volumes is None:
        return None
    each = one.volumes[item]
    planned, done = (parts.UNKNOWN if value is None else f"{value}" for value in (each.planned, each.done))
    return f"{planned} / {done}"


def _ranking(part: Part[RankingOut]) -> None:
    for found in part.items:
        unit = unit_of(found.indicator, [place.value for place in found.places])
        note = f"单位 {unit.words}，平均 {amount(found.average, unit)}，{observed(found)}"
        with parts.section(f"{found.indicator.name}排行", note):
            listing.table(
                f"{found.indicator.name}排行",
                [Column("名次与名称"), Column("实绩", True), Column("距目标", True), Column("距第一", True)],
                [
                    [
                        f"{place.place or '未排名'} {place.scope.name}",
                        amount(place.value, unit),
                        gap(place.gap_to_target, unit),
                        gap(place.gap_to_first, unit),
                    ]
                    for place in found.places[:MOST_PLACES]
                ],
                dense=True,
            )
            _reason(part)


def _unranked(lacking: Sequence[Part[RankingOut]]) -> None:
    """The indicators without a ranking, each with its reason."""
    if lacking:
        with parts.section("指标排行"):
            for part in lacking:
                _reason(part)


def _time_plan(found: BriefingOut) -> None:
    plan = found.time_plan
    note = f"共 {plan.minutes} 分钟"
    if plan.checking_share is not None:
        note = f"共 {plan.minutes} 分钟，追问核对占 {percent(plan.checking_share)}（R25 要求七成）"
    with parts.section("时间安排", note):
        for segment in plan.segments:
            parts.bar(segment.minutes, plan.minutes, segment.label)


def _preparation(view: View, found: BriefingOut, day: date) -> None:
    slot, meeting = found.slot, found.meeting
    done = meeting is not None and meeting.topic and meeting.goal and meeting.flow and meeting.started_at
    with (
        parts.section("会前准备", "主题、时间、目标、流程齐全才算（R24）"),
        ui.element("div").classes("stack"),
    ):
        if meeting is not None and (done or meeting.state is not MeetingState.PLANNED):
            parts.status(meeting.preparation)
            ui.label(meeting.preparation_reason).classes("soft")
            _table(meeting.topic, meeting.started_at, meeting.goal, meeting.flow)
            return
        first = slot.earliest or day
        begins = max(first, day)
        with ui.element("div").classes("fields"):
            on = when.field("召开日期", begins)
            at = when.field("开始时间", f"{START:%H:%M}", kind=when.Kind.TIME)
        topic = ui.input("主题", value=found.suggested_topic).props("outlined dense").classes("w-full")
        goal = ui.textarea("目标：本场要达成什么").props("outlined autogrow dense").classes("w-full")
        flow = ui.textarea("流程", value=found.suggested_flow).props("outlined autogrow dense")
        flow.classes("w-full")
        refused = ui.label().classes("negative").props("role=alert")

        async def confirm() -> None:
            try:
                moment = when.moment(on, at)
            except InputError as error:
                refused.text = str(error)
                return
            if moment is None or not (goal.value or "").strip():
                refused.text = "请填写召开日期、开始时间和目标。"
                return
            body = {
                "institution": slot.institution,
                "month": f"{slot.month:%Y-%m}",
                "slot": slot.name,
                "starts_at": moment,
                "goal": goal.value,
                "topic": topic.value or None,
                "flow": flow.value or None,
            }
            answer = await call(view, "POST", "briefings/confirm", body)
            refused.text = answer.refusal
            if answer.ok:
                ui.notify("已确认，会前准备已登记。", type="positive")
                ui.navigate.to(address(slot.institution, slot.month, slot.name))

        ui.button("确认，作为会前准备", icon="check", on_click=confirm).classes("justify-self-start")


def _table(topic: str | None, at: datetime | None, goal: str | None, flow: str | None) -> None:
    lacking = Html('<span class="negative">未填</span>')
    when = f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if at else lacking
    rows: Sequence[Sequence[object]] = [
        ["主题", topic or lacking],
        ["时间", when],
        ["目标", goal or lacking],
        ["流程", flow or lacking],
    ]
    listing.table("会前准备", [Column("要素"), Column("安排")], rows, dense=True)


def address(institution: str, month: date, slot: SlotName) -> str:
    """Where the briefing of a slot stands."""
    return f"{PATH}?institution={institution}&month={month:%Y-%m}&slot={slot}"

"""Calibration sets: who has scored what blind, and once a set is closed, how far they agree."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.accounts.tables import Role
from api.calibration import service
from api.calibration.repository import CalibrationRepository
from api.calibration.schemas import (
    MOST,
    CalibratedRow,
    CalibrationDetail,
    CalibrationOut,
    CalibrationResult,
    Candidate,
    Place,
)
from api.console import listing, parts
from api.console.calls import Answer, call
from api.console.dialogs import anew, confirm
from api.console.frame import View, screen
from api.console.listing import Column, Html
from api.pages import page
from models.base import SHANGHAI
from qa_pipeline.names import KINDS
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/calibration"
A_PAGE: Final = 20
TOLD: Final = "大家各自给同一批已复核的会议打分，谁也看不到别人的分；结束后公布彼此的一致程度。"


@dataclass(frozen=True, slots=True)
class Sets:
    """A page of sets, and what a new one can be made of."""

    sets: tuple[CalibrationOut, ...]
    further: str | None
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class OneSet:
    """A set, and its result once it is closed."""

    detail: CalibrationDetail
    result: CalibrationResult | None


def register() -> None:
    """Add the screens."""
    screen(PATH, title="校准", permission=Permission.REVIEW)(sets)
    screen(PATH + "/{code}", title="校准", permission=Permission.REVIEW)(one_set)


def read_sets(session: Session, asker: Caller, *, cursor: str | None) -> Sets:
    rows = CalibrationRepository(session, within=asker.within).page(cursor=cursor, limit=A_PAGE)
    shown, further = page(rows, A_PAGE, lambda row: [row.id])
    return Sets(
        tuple(service.heads(session, asker, shown)), further, tuple(service.candidates(session, asker))
    )


def read_set(session: Session, asker: Caller, code: str) -> OneSet:
    """Raises NotFound."""
    found = CalibrationRepository(session, within=asker.within).get(code)
    result = service.result(session, asker, code) if found.closed_at is not None else None
    return OneSet(service.shown(session, asker, found), result)


# ---------------------------------------------------------------- all sets


async def sets(view: View, cursor: str = "") -> None:
    found = await view.ask(read_sets, view.asker, cursor=cursor or None)
    with parts.section("校准集", TOLD):
        if found.sets:
            listing.table(
                "校准集",
                [Column("名称"), Column("发起"), Column("状态"), Column("场数", figures=True),
                 Column("已交"), Column("等我盲评", figures=True)],
                [_head(one) for one in found.sets],
            )  # fmt: skip
            listing.further(PATH, found.further)
        else:
            parts.empty("还没有校准集：在下面选几场已复核的会议发起一个。")
    _begin(view, found.candidates)


def _head(one: CalibrationOut) -> list[object]:
    handed_in = "、".join(f"{each.reviewer} {each.handed_in}" for each in one.progress)
    return [
        listing.link(f"{PATH}/{one.code}", one.title),
        f"{one.opened_by} {one.opened_at.astimezone(SHANGHAI):%Y-%m-%d}",
        _state(one),
        one.meetings,
        handed_in or "还没有人交",
        one.left,
    ]


def _state(one: CalibrationOut) -> Html:
    if one.closed_at is None:
        return listing.badge(Status.WARN, "盲评中", "visibility_off")
    return listing.badge(Status.PASS, "已公布")


def _begin(view: View, candidates: Sequence[Candidate]) -> None:
    with parts.section("发起校准", f"选 1 至 {MOST} 场；复核过的人不评自己那一场"):
        if not candidates:
            parts.empty("还没有由人复核生效的会议：先在“复核”页完成几场。")
            return
        title = ui.input("名称").props("outlined dense maxlength=128").classes("field")
        chosen: dict[str, ui.checkbox] = {}
        with ui.element("fieldset").classes("choices tall"):
            ui.html("会议", sanitize=False, tag="legend")
            for one in candidates:
                held = f"{one.held_at.astimezone(SHANGHAI):%Y-%m-%d}" if one.held_at else "时间未登记"
                words = f"{one.institution_name} · {KINDS[one.kind]} · {held}（{one.reviewer} 复核）"
                chosen[one.meeting] = ui.checkbox(words)

        async def begin() -> None:
            meetings = [code for code, box in chosen.items() if box.value]
            name = (title.value or "").strip()
            if not name or not 0 < len(meetings) <= MOST:
                ui.notify(f"请写名称，并选 1 至 {MOST} 场会议。", type="warning")
                return
            answer = await call(view, "POST", "calibrations", {"title": name, "meetings": meetings})
            if answer.ok:
                ui.navigate.to(f"{PATH}/{answer.body['code']}")
            else:
                ui.notify(answer.refusal, type="negative")

        ui.button("发起", icon="balance", on_click=begin)


# ---------------------------------------------------------------- one set


async def one_set(view: View, code: str) -> None:
    found = await view.ask(read_set, view.asker, code)
    one = found.detail
    with ui.element("div").classes("meeting-head"):
        with ui.element("div"):
            ui.label(one.title).classes("lead")
            begun = f"{one.opened_by} 发起于 {one.opened_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
            ui.label(begun).classes("soft")
        ui.html(_state(one), sanitize=False)
    if found.result is not None:
        _result(found.result)
    with parts.section("会议", "" if one.closed_at else f"还有 {one.left} 场等您盲评"):
        listing.table(
            "校准的会议",
            [Column("会议"), Column("召开"), Column("我的盲评")],
            [_place(one, place) for place in one.places],
        )
    if one.closed_at is None:
        _progress(view, one)


def _progress(view: View, one: CalibrationDetail) -> None:
    with parts.section("进度", "结束之前，只显示交了几场"):
        if one.progress:
            listing.table(
                "盲评进度",
                [Column("质检人员"), Column("已交", figures=True)],
                [[each.reviewer, f"{each.handed_in} / {one.meetings}"] for each in one.progress],
            )
        else:
            parts.empty("还没有人交盲评。")
        if one.opened_by == view.asker.actor or view.asker.role is Role.ADMINISTRATOR:
            _close(view, one)


def _place(one: CalibrationDetail, place: Place) -> list[object]:
    name = f"{place.institution_name} · {KINDS[place.kind]}"
    held = f"{place.held_at.astimezone(SHANGHAI):%Y-%m-%d}" if place.held_at else "未登记"
    if place.decided_by_me:
        mine = listing.badge(Status.UNKNOWN, "结论由您作出，不评")
    elif place.handed_in_at is not None:
        mine = listing.badge(Status.PASS, "已交")
    else:
        mine = listing.badge(Status.UNKNOWN, "未交")
    if one.closed_at is None and not place.decided_by_me:
        words = "改盲评 ›" if place.handed_in_at else "去盲评 ›"
        mine = Html(f"<span>{mine} {listing.link(f'{PATH}/{one.code}/{place.meeting}', words)}</span>")
    return [
        listing.two_lines(name, place.meeting),
        held,
        mine,
    ]


def _close(view: View, one: CalibrationDetail) -> None:
    def close() -> Awaitable[Answer]:
        return call(view, "POST", f"calibrations/{one.code}/close")

    def sure() -> None:
        told = "结束后不再收盲评，所有质检人员都能看到结果。"
        confirm("结束并公布结果", told, "结束并公布", close, anew)

    ui.button("结束并公布结果", icon="visibility", on_click=sure).props("outline")


# ---------------------------------------------------------------- its result


def _result(found: CalibrationResult) -> None:
    with parts.section("每位质检人员", "与复核结论比较"):
        listing.table(
            "每位质检人员与复核结论",
            [Column("质检人员"), Column("场次", figures=True), Column("结论一致率", figures=True),
             Column("逐项 kappa", figures=True), Column("能量值平均差", figures=True),
             Column("偏宽或偏严", figures=True)],
            [
                [one.reviewer, one.meetings, listing.percent(one.verdict_agreement),
                 _figure(one.items_kappa), _figure(one.energy.absolute if one.energy else None),
                 _leaning(one.energy.bias if one.energy else None)]
                for one in found.reviewers
            ],
        )  # fmt: skip
    rows = [(f"{one.item} {one.label}", one) for one in found.items]
    rows = [("结论", found.verdict), *rows] if found.verdict else rows
    rows = [("能量值", found.energy), *rows] if found.energy else rows
    with parts.section("逐项一致程度", "平均差以分计；一致程度低的项最该一起讨论"):
        listing.table(
            "校准的逐项一致程度",
            [Column("项"), Column("份数", figures=True), Column("彼此 kappa", figures=True),
             Column("彼此平均差", figures=True), Column("与复核 kappa", figures=True),
             Column("与复核平均差", figures=True), Column("复核未知", figures=True)],
            [_row(name, one) for name, one in rows if one is not None],
        )  # fmt: skip
        ui.label("彼此之间用 Fleiss kappa，与复核用 Cohen kappa；双方总是同一个判断时无从计算。").classes(
            "soft"
        )
        ui.label("复核生效的结果里未知的项没有判断可比，不计入与复核的比较。").classes("soft")


def _row(name: str, one: CalibratedRow) -> list[object]:
    apart = one.reference.absolute if one.reference else None
    return [
        name,
        one.reviewed,
        _figure(one.kappa),
        _figure(one.absolute),
        _figure(one.reference_kappa),
        _figure(apart),
        one.left_open,
    ]


def _figure(value: Decimal | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def _leaning(bias: Decimal | None) -> str:
    """``bias`` is the decided points minus the reviewer's."""
    if bias is None:
        return "—"
    if not bias:
        return "不偏"
    return f"偏严 {bias:.1f} 分" if bias > 0 else f"偏宽 {-bias:.1f} 分"

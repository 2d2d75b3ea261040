"""One person: what is known of them, the whole career, and what happens next in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository, Named
from api.console import listing, parts, standing, when, where
from api.console.calls import Answer, call
from api.console.dialogs import anew, choice, day, deed, dialog, line, text_of
from api.console.frame import View, screen
from api.console.institutions import PATH as INSTITUTIONS
from api.console.listing import Column, Html
from api.console.people import KINDS, PATH, STATES, TITLE, number_of, place_boxes, ranks
from api.console.terms import period
from api.organisation import service
from api.organisation.schemas import CareerStep, PersonDetail
from api.organisation.service import today
from models.organisation.people import Link, PeopleRepository
from models.organisation.tables import Institution, Person, SalesOffice
from qa_pipeline.values.vocabulary import Status

SHOWN_BELOW: Final = 10
MOST_BELOW: Final = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the screen draws; names by code."""

    detail: PersonDetail
    upline: Named | None
    ranks: Mapping[str, str]
    downline: tuple[Link, ...]
    """Of today."""
    homes: Mapping[str, str]
    offices: Mapping[str, str]
    institutions: where.Offered
    """To choose from."""

    @property
    def latest(self) -> CareerStep:
        return self.detail.career[-1]


def register() -> None:
    """Add the screen."""
    screen(f"{PATH}/{{code}}", title=TITLE, permission=Permission.READ_MODEL)(person)


def read(session: Session, asker: Caller, code: str) -> Shown:
    """Raises NotFound for somebody whom the asker does not see."""
    detail = service.person(session, asker, code)
    people, codes = PeopleRepository(session, within=asker.within), CodeRepository(session)
    found, career = people.get(code), people.career(code)
    above = codes.names(Person, [found.upline_id]).get(found.upline_id or 0)
    homes = codes.names(Institution, [row.institution_id for row in career])
    offices = codes.names(SalesOffice, [row.office_id for row in career])
    return Shown(
        detail=detail,
        upline=above if above and above.code == detail.upline else None,
        ranks=ranks(session, asker),
        downline=people.downline(code, on=today()),
        homes={one.code: one.name for one in homes.values()},
        offices={one.code: one.name for one in offices.values()},
        institutions=where.offered(session, asker, detail.career[-1].institution),
    )


async def person(view: View, code: str) -> None:
    shown = await view.ask(read, view.asker, code)
    detail, latest = shown.detail, shown.latest
    back = listing.link(PATH, shown.homes[latest.institution], below=latest.institution)
    ui.html(
        f'<nav class="crumbs" aria-label="位置">{back}<span aria-hidden="true">›</span>'
        f'<span aria-current="page">{listing.escaped(detail.name)}</span></nav>',
        sanitize=False,
    )
    with ui.element("div").classes("plan-head"):
        with ui.element("div"):
            ui.label(detail.name).classes("lead")
            ui.label(f"{detail.code} · {KINDS[detail.kind]} · {shown.ranks[latest.rank]}").classes("soft")
        ui.html(standing.badge(STATES, detail.joined_on, detail.left_on), sanitize=False)
    if view.may(Permission.EDIT_MODEL):
        _changes(view, shown)
    with ui.element("div").classes("columns"):
        _career(view, shown)
        _facts(shown)
    _downline(shown)


def _facts(shown: Shown) -> None:
    detail = shown.detail
    upline: object = "没有，或不在您的管辖范围内"
    if shown.upline is not None:
        upline = listing.link(f"{PATH}/{shown.upline.code}", shown.upline.name)
    rows = [("入职", detail.joined_on), ("电话", detail.phone or "未登记"), ("上线", upline)]
    if detail.left_on:
        rows.insert(1, ("离职", detail.left_on))
    listed = "".join(f"<dt>{word}</dt><dd>{listing.escaped(value)}</dd>" for word, value in rows)
    with parts.section("资料"):
        ui.html(f'<dl class="meanings more">{listed}</dl>', sanitize=False)


def _downline(shown: Shown) -> None:
    """Whom they recruited, and whom those did in turn, as far as they serve today."""
    links, names = shown.downline, {link.person_id: link.name for link in shown.downline}
    direct = sum(link.distance == 1 for link in links)
    with parts.section("下线", f"在职 {len(links)} 人，其中直接下线 {direct} 人"):
        if not links:
            parts.empty("没有在职的下线。")
            return
        listing.folded(
            "下线",
            [Column("下线"), Column("第几代", figures=True), Column("上线", labelled=True)],
            [
                [
                    listing.two_lines(listing.link(f"{PATH}/{quote(link.code)}", link.name), link.code),
                    f"{link.distance}",
                    shown.detail.name
                    if link.distance == 1
                    else names.get(link.upline_id or 0, "已离职或不在您的管辖范围内"),
                ]
                for link in links[:MOST_BELOW]
            ],
            shown=SHOWN_BELOW,
        )
        if len(links) > MOST_BELOW:
            ui.label(f"只列出前 {MOST_BELOW} 人。").classes("soft")


def _career(view: View, shown: Shown) -> None:
    with parts.section("职级经历", "新的在前；只能更正最近一条"):
        if view.may(Permission.EDIT_MODEL):
            with ui.row().classes("no-print"):
                amend = ui.button("更正最近一次变更", icon="edit_calendar")
                amend.on_click(lambda: _amend(view, shown)).props("outline")
        listing.table(
            "职级经历",
            [Column("期间"), Column("职级"), Column("所在"), Column("状态")],
            [
                [
                    period(step.valid_from, step.valid_to),
                    shown.ranks[step.rank],
                    _place(shown, step),
                    _held(step),
                ]
                for step in reversed(shown.detail.career)
            ],
            dense=True,
        )


def _place(shown: Shown, step: CareerStep) -> Html:
    home = listing.link(f"{INSTITUTIONS}/{step.institution}", shown.homes[step.institution])
    return listing.two_lines(home, shown.offices.get(step.office or "", ""))


def _held(step: CareerStep) -> Html:
    if step.valid_from > today():
        return listing.badge(Status.WARN, "未生效", "schedule")
    if step.valid_to is not None and step.valid_to <= today():
        return listing.badge(Status.UNKNOWN, "已结束", "history")
    return listing.badge(Status.PASS, "当前")


def _changes(view: View, shown: Shown) -> None:
    with ui.row().classes("no-print"):
        correct = ui.button("更正资料", icon="edit", on_click=lambda: _correct(view, shown))
        correct.props("outline")
        if shown.detail.left_on is None:
            rank = ui.button("职级变更", icon="trending_up", on_click=lambda: _promote(view, shown))
            rank.props("outline")
            move = ui.button("调动", icon="swap_horiz", on_click=lambda: _transfer(view, shown))
            move.props("outline")
            leave = ui.button("离职", icon="logout", on_click=lambda: _leave(view, shown))
            leave.props("outline")


def _correct(view: View, shown: Shown) -> None:
    """What was entered wrongly; the phone is never shown whole, so it is only replaced."""
    detail = shown.detail
    with dialog("更正资料") as opened:
        name = line("姓名", detail.name, first=True)
        joined = day("入职日", detail.joined_on)
        phone = line(
            f"电话（现为 {detail.phone or '未登记'}，留空为不变）", props="inputmode=tel maxlength=32"
        )
        upline = line("上线的工号或姓名（留空为没有）", detail.upline or "")
        ui.label("姓名对历史一并生效；入职日改变后，职级经历从新的日期开始。").classes("soft")

        async def do() -> Answer:
            above = text_of(upline)
            body: dict[str, Any] = {"name": text_of(name), "joined_on": when.given(joined)}
            if text_of(phone):
                body["phone"] = text_of(phone)
            if above != detail.upline:
                body["upline"] = await view.ask(number_of, view.asker, above) if above else None
            return await call(view, "PATCH", f"people/{detail.code}", body, seen=detail)

        deed(opened, "保存", do, anew)


def _happening(view: View, opened: ui.dialog, shown: Shown, what: str, words: str, body: Any) -> None:
    """``body`` gives what the API is sent; it may raise InputError."""

    async def do() -> Answer:
        return await call(view, "POST", f"people/{shown.detail.code}/{what}", body())

    deed(opened, words, do, anew, destroys=what == "leave")


def _promote(view: View, shown: Shown) -> None:
    with dialog("职级变更") as opened:
        rank = choice("新职级", dict(shown.ranks), shown.latest.rank)
        on = day("生效日", today())
        ui.label("升降都可；降到主管以下时，所带营业室的主管任命同日结束。").classes("soft")
        _happening(
            view, opened, shown, "promote", "变更", lambda: {"rank": rank.value, "on": when.required(on)}
        )


def _amend(view: View, shown: Shown) -> None:
    """The newest row of the career put right, or taken away; what stands before it is not touched."""
    latest, path = shown.latest, f"people/{shown.detail.code}/career/latest"
    with dialog("更正最近一次变更") as opened:
        rank = choice("职级", dict(shown.ranks), latest.rank)
        on = day("生效日", latest.valid_from)
        ui.label("上一条随之止于新的生效日；因原变更结束的任命不会恢复，请在机构页重新任命。").classes("soft")

        async def do() -> Answer:
            body = {"rank": rank.value, "on": when.required(on)}
            return await call(view, "PUT", path, body, seen=shown.detail)

        def withdraw() -> None:
            opened.close()
            _withdraw(view, shown, path)

        if len(shown.detail.career) > 1:
            with ui.row():
                ui.button("撤回这次变更", icon="undo", on_click=withdraw).props("flat")
        deed(opened, "更正", do, anew)


def _withdraw(view: View, shown: Shown, path: str) -> None:
    latest, former = shown.detail.career[-1], shown.detail.career[-2]
    with dialog("撤回最近一次变更") as opened:
        ui.label(f"{latest.valid_from} 起的{shown.ranks[latest.rank]}一条删去，如同没有发生。")
        ui.label(f"此前的{shown.ranks[former.rank]}一条继续有效。").classes("soft")

        async def do() -> Answer:
            return await call(view, "DELETE", path, seen=shown.detail)

        deed(opened, "撤回", do, anew, destroys=True)


async def _transfer(view: View, shown: Shown) -> None:
    with dialog("调动") as opened:
        latest = shown.latest
        boxes = await place_boxes(view, shown.institutions, latest.institution, latest.office)
        rank = choice("职级", {"": "不变", **shown.ranks}, "")
        on = day("生效日", today())
        ui.label("原营业室的主管任命、原机构的行政经理任命同日结束。").classes("soft")

        async def do() -> Answer:
            body = {**await boxes.body(view), "rank": rank.value or None, "on": when.required(on)}
            return await call(view, "POST", f"people/{shown.detail.code}/transfer", body)

        deed(opened, "调动", do, anew)


def _leave(view: View, shown: Shown) -> None:
    with dialog(f"办理离职：{shown.detail.name}") as opened:
        on = day("离职日（首个不在职的日期）", today())
        ui.label("职级、任命和标记同日结束，不能撤回；历史数据都保留。").classes("soft")
        _happening(view, opened, shown, "leave", "办理离职", lambda: {"on": when.required(on)})

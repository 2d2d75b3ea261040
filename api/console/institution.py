"""One institution: its place in the tree, who manages it, what lies right below, and changing all that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, parts, people, places
from api.console.calls import Answer, call
from api.console.dialogs import day, deed, dialog, line, text_of
from api.console.frame import View, screen
from api.console.institutions import (
    LEVELS,
    LOWEST,
    PATH,
    TITLE,
    add,
    company_wide,
    place,
    standing,
    state_badge,
)  # fmt: skip
from api.console.listing import Column, Html
from api.console.meetings import institutions as offered
from api.console.places import Step
from api.fields import existing
from api.figures import plain
from api.organisation import service
from api.organisation.repository import DirectoryRepository
from api.organisation.schemas import InstitutionDetail, InstitutionOut, OfficeOut, Presence
from api.organisation.service import today
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import ManagerRole
from qa_pipeline.errors import InputError
from qa_pipeline.values import Status

MOST: Final = 200
ROLES: Final = {ManagerRole.ADMIN_MANAGER: "行政经理", ManagerRole.DEPUTY: "书面授权代理人"}


@dataclass(frozen=True, slots=True)
class Term:
    """Who held an office when; ``what``: the role, or the code of the sales office."""

    what: str
    code: str
    name: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the screen draws."""

    detail: InstitutionDetail
    way: tuple[Step, ...]
    terms: tuple[Term, ...]
    children: tuple[InstitutionOut, ...]
    offices: tuple[OfficeOut, ...]
    leads: tuple[Term, ...]
    """Of the offices, from today on."""
    offered: Mapping[str, str]


def register() -> None:
    """Add the screen."""
    screen(f"{PATH}/{{code}}", title=TITLE, permission=Permission.READ_MODEL)(institution)


def read(session: Session, asker: Caller, code: str) -> Shown:
    """Raises NotFound for an institution that the asker does not see."""
    found = existing(InstitutionRepository(session, within=asker.within).get, code)
    directory = DirectoryRepository(session, within=asker.within)
    children = directory.institutions(
        below=None, parent=code, level=None, must_hold=None, on=today(), cursor=None, limit=MOST
    )
    offices = directory.offices(
        below=None, on=today(), without_lead=False, cursor=None, limit=MOST, institution=code
    )
    return Shown(
        detail=service.detail(session, asker, code),
        way=places.way_to(session, asker, code, on=today()),
        terms=tuple(
            Term(ROLES[term.role], number, name, term.valid_from, term.valid_to)
            for term, number, name in directory.terms(found.id)
        ),
        children=tuple(service.shown(session, asker, children)),
        offices=tuple(service.office(office, home, None) for office, home, *_ in offices),
        leads=tuple(
            Term(office, number, name, term.valid_from, term.valid_to)
            for office, term, number, name in directory.leads(found.id, today())
        ),
        offered=offered(session, asker),
    )


async def institution(view: View, code: str) -> None:
    shown = await view.ask(read, view.asker, code)
    detail = shown.detail
    places.crumbs(PATH, shown.way)
    with ui.element("div").classes("plan-head"):
        with ui.element("div"):
            ui.label(detail.name).classes("lead")
            told = [detail.code, LEVELS[detail.level], f"{detail.valid_from} 设立"]
            told += [f"{detail.valid_to} 撤销"] if detail.valid_to else []
            told += ["应召开二会"] if detail.must_hold else []
            ui.label(" · ".join(told)).classes("soft")
        ui.html(state_badge(detail), sanitize=False)
    edits = view.may(Permission.EDIT_MODEL) and standing(detail) is not Presence.ENDED
    if edits:
        _changes(view, shown)
    _terms(view, shown, edits)
    if detail.level < LOWEST:
        _children(view, shown, edits)
    else:
        _offices(view, shown, edits)
    with parts.section("人员"):
        link = listing.link(people.PATH, "本机构及下级的人员 ›", below=detail.code)
        ui.html(link, sanitize=False).classes("more")


def _changes(view: View, shown: Shown) -> None:
    """What may be changed of the institution itself; nobody changes the one that their own rights hang on."""
    detail = shown.detail
    with ui.row().classes("no-print"):
        if view.asker.institution_id is None or detail.above:
            ui.button("改名", icon="edit", on_click=lambda: _rename(view, detail)).props("outline")
            if detail.level > 1:
                move = ui.button("调整上级", icon="drive_file_move", on_click=lambda: _move(view, shown))
                move.props("outline")
                close = ui.button("撤销", icon="block", on_click=lambda: _close(view, detail))
                close.props("outline")
        if detail.level == LOWEST and company_wide(view.asker):
            words = "不再应召开二会" if detail.must_hold else "设为应召开二会"
            due = ui.button(words, icon="event", on_click=lambda: _must_hold(view, detail, words))
            due.props("outline")


def _anew(_: Any) -> None:
    ui.navigate.reload()


def _rename(view: View, detail: InstitutionDetail) -> None:
    with dialog("机构改名") as opened:
        name = line("名称", detail.name, first=True)
        ui.label("新名称对历史数据和报表一并生效。").classes("soft")

        async def do() -> Answer:
            return await call(view, "PATCH", f"institutions/{detail.code}", {"name": name.value}, seen=detail)

        deed(opened, "保存", do, _anew)


def _move(view: View, shown: Shown) -> None:
    detail = shown.detail
    with dialog("调整上级") as opened:
        parent = place("新的上级机构", shown.offered, detail.parent or "")
        ui.label("连同全部下级一起移动，立即生效，历史汇总也按新的上级计算。").classes("soft")

        async def do() -> Answer:
            if not text_of(parent):
                raise InputError("请选择新的上级机构。")
            return await call(view, "POST", f"institutions/{detail.code}/move", {"parent": text_of(parent)})

        deed(opened, "移动", do, _anew)


def _ending(view: View, title: str, path: str, note: str) -> None:
    with dialog(title) as opened:
        on = day("撤销日（首个不再有效的日期）", today())
        ui.label(note).classes("soft")

        async def do() -> Answer:
            return await call(view, "POST", path, {"on": _day(on)})

        deed(opened, "确认撤销", do, _anew, props="color=negative")


def _close(view: View, detail: InstitutionDetail) -> None:
    note = "须先撤销或移走下级机构和营业室，并调整在职人员；历史数据都保留。"
    _ending(view, f"撤销{detail.name}", f"institutions/{detail.code}/close", note)


def _must_hold(view: View, detail: InstitutionDetail, words: str) -> None:
    with dialog(words) as opened:
        ui.label("从以后的场次起生效，已排定的场次不变。").classes("soft")

        async def do() -> Answer:
            body = {"must_hold": not detail.must_hold}
            return await call(view, "PUT", f"institutions/{detail.code}/must-hold", body)

        deed(opened, "确定", do, _anew)


def _day(box: Any) -> str:
    """Raises InputError where no day was chosen."""
    if not box.value:
        raise InputError("请填写日期。")
    return str(box.value)


def _terms(view: View, shown: Shown, edits: bool) -> None:
    detail = shown.detail
    with parts.section("负责人", "可主持本机构二会的人（R8）"):
        if edits:
            with ui.row().classes("no-print q-mb-sm"):
                ui.button("任命行政经理", icon="person", on_click=lambda: _manage(view, detail)).props(
                    "outline"
                )
                deputy = ui.button(
                    "书面授权代理", icon="history_edu", on_click=lambda: _deputise(view, detail)
                )
                deputy.props("outline")
        if not shown.terms:
            parts.empty("还没有任命行政经理：任命后才能判定主持人是否合规。")
            return
        listing.table(
            "负责人",
            [Column("姓名"), Column("身份"), Column("状态"), Column("任期")],
            [[_person(term), term.what, _held(term), _period(term)] for term in shown.terms],
        )


def _person(term: Term) -> Html:
    name = listing.link(f"{people.PATH}/{quote(term.code)}", term.name)
    return Html(f"<span>{name}<small>{listing.escaped(term.code)}</small></span>")


def _held(term: Term) -> Html:
    if term.valid_from > today():
        return listing.badge(Status.WARN, "未到任", "schedule")
    if term.valid_to is not None and term.valid_to <= today():
        return listing.badge(Status.UNKNOWN, "已卸任", "history")
    return listing.badge(Status.PASS, "在任")


def _period(term: Term) -> str:
    return f"{term.valid_from} 起" + (f"，至 {term.valid_to}" if term.valid_to else "")


def _appointment(
    view: View,
    title: str,
    note: str,
    *,
    ask: Callable[[dict[str, Any]], Awaitable[Answer]],
    until: bool = False,
) -> None:
    with dialog(title) as opened:
        who = line("工号或姓名", first=True)
        on = day("生效日", today())
        ends = day("授权终止日（不填为长期）") if until else None
        ui.label(note).classes("soft")

        async def do() -> Answer:
            person = await view.ask(people.number_of, view.asker, text_of(who) or "")
            body = {"person": person, "on": _day(on)}
            return await ask(body | ({"until": ends.value or None} if ends else {}))

        deed(opened, "确定", do, _anew)


def _manage(view: View, detail: InstitutionDetail) -> None:
    path = f"institutions/{detail.code}/manager"
    note = "前任行政经理同日卸任。"
    _appointment(view, "任命行政经理", note, ask=lambda body: call(view, "PUT", path, body))


def _deputise(view: View, detail: InstitutionDetail) -> None:
    path = f"institutions/{detail.code}/deputies"
    note = "须有书面授权；行政经理不变。"
    _appointment(view, "书面授权代理", note, ask=lambda body: call(view, "POST", path, body), until=True)


def _children(view: View, shown: Shown, edits: bool) -> None:
    with parts.section("下级机构", f"{len(shown.children)} 家"):
        if edits:
            with ui.row().classes("no-print q-mb-sm"):
                new = ui.button("新设机构", icon="add")
                new.props("outline").on_click(lambda: add(view, shown.offered, shown.detail.code))
        if not shown.children:
            parts.empty("还没有下级机构。")
            return
        listing.table(
            "下级机构",
            [Column("机构"), Column("级别"), Column("应召开二会"), Column("设立")],
            [
                [
                    Html(
                        f"<span>{listing.link(f'{PATH}/{one.code}', one.name)}"
                        f"<small>{listing.escaped(one.code)}</small></span>"
                    ),
                    LEVELS[one.level],
                    "应召开" if one.must_hold else "—",
                    f"{one.valid_from}",
                ]
                for one in shown.children
            ],
        )


# ---------------------------------------------------------------- sales offices


def _offices(view: View, shown: Shown, edits: bool) -> None:
    by_code = {office.code: office for office in shown.offices}

    async def act(name: str, code: str) -> None:
        await ACTIONS[name](view, by_code[code])

    with parts.section("营业室", f"{len(shown.offices)} 个"):
        if edits:
            with ui.row().classes("no-print q-mb-sm"):
                new = ui.button("新设营业室", icon="add", on_click=lambda: _open(view, shown.detail))
                new.props("outline")
        if not shown.offices:
            parts.empty("还没有营业室。")
            return
        columns = [Column("营业室"), Column("主管"), Column("市场系数", figures=True), Column("设立")]
        listing.table(
            "营业室",
            [*columns, *([Column("操作")] if edits else [])],
            [_office(office, shown.leads, edits) for office in shown.offices],
            on_action=act,
        )


def _office(office: OfficeOut, leads: Sequence[Term], edits: bool) -> list[object]:
    theirs = [term for term in leads if term.what == office.code]
    told = listing.joined((_led(term) for term in theirs), "<br>")
    row: list[object] = [
        Html(f"<span>{listing.escaped(office.name)}<small>{listing.escaped(office.code)}</small></span>"),
        Html(f"<span>{told}</span>") if theirs else listing.badge(Status.WARN, "没有主管", "person_off"),
        None if office.market_factor is None else plain(office.market_factor),
        f"{office.valid_from}",
    ]
    if edits:
        buttons = (("change", "修改"), ("lead", "任命主管"), ("close", "撤销"))
        acts = (listing.action(name, office.code, words, subject=office.name) for name, words in buttons)
        row.append(Html(f"<span>{listing.joined(acts)}</span>"))
    return row


def _led(term: Term) -> Html:
    since = f"<small>{term.valid_from} 起</small>" if term.valid_from > today() else ""
    return Html(f"{listing.link(f'{people.PATH}/{quote(term.code)}', term.name)}{since}")


def _factor(box: Any) -> str | None:
    given = text_of(box)
    if given is not None and not given.replace(".", "", 1).isdecimal():
        raise InputError(f"市场系数“{given}”不是数字：请写成 1.1 这样的形式，未知则留空。")
    return given


def _open(view: View, detail: InstitutionDetail) -> None:
    with dialog("新设营业室") as opened:
        code = line("营业室代码", f"{detail.code}-", first=True)
        name = line("营业室名称")
        begins = day("设立日", today())
        factor = line("市场系数（未知则留空）", props="inputmode=decimal")

        async def do() -> Answer:
            body = {
                "code": text_of(code),
                "name": text_of(name),
                "institution": detail.code,
                "valid_from": _day(begins),
                "market_factor": _factor(factor),
            }
            if not (body["code"] and body["name"]):
                raise InputError("请填写营业室代码和名称。")
            return await call(view, "POST", "offices", body)

        deed(opened, "设立", do, _anew)


async def _change_office(view: View, office: OfficeOut) -> None:
    seen = await view.ask(service.office_of, view.asker, office.code)
    with dialog(f"修改{office.name}") as opened:
        name = line("营业室名称", seen.name, first=True)
        known = "" if seen.market_factor is None else plain(seen.market_factor)
        factor = line("市场系数（未知则留空）", known, props="inputmode=decimal")
        ui.label("新名称和市场系数对历史一并生效。").classes("soft")

        async def do() -> Answer:
            body = {"name": text_of(name), "market_factor": _factor(factor)}
            return await call(view, "PATCH", f"offices/{quote(office.code)}", body, seen=seen)

        deed(opened, "保存", do, _anew)


async def _lead(view: View, office: OfficeOut) -> None:
    path = f"offices/{quote(office.code)}/lead"
    note = "须是本营业室的主管及以上；前任同日卸任。"
    _appointment(view, f"任命{office.name}的主管", note, ask=lambda body: call(view, "PUT", path, body))


async def _close_office(view: View, office: OfficeOut) -> None:
    note = "须先把在职人员调到别处；历史数据都保留。"
    _ending(view, f"撤销{office.name}", f"offices/{quote(office.code)}/close", note)


ACTIONS: Final = {"change": _change_office, "lead": _lead, "close": _close_office}

"""One institution: its place in the tree, who manages it, what lies right below, and changing all that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, parts, people, places, standing, where
from api.console.calls import Answer, call
from api.console.dialogs import anew, confirm, deed, dialog, home, line
from api.console.frame import View, screen
from api.console.institutions import (
    LEVELS,
    LOWEST,
    PATH,
    STATES,
    TITLE,
    add,
    company_wide,
)
from api.console.listing import Column
from api.console.offices import offices
from api.console.places import Step
from api.console.terms import Term, appoint, ending, held, period, person_link
from api.fields import existing
from api.organisation import service
from api.organisation.repository import DirectoryRepository
from api.organisation.schemas import InstitutionDetail, InstitutionOut, OfficeOut, Standing
from api.organisation.service import today
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import ManagerRole
from qa_pipeline.errors import InputError

MOST: Final = 200
ROLES: Final = {ManagerRole.ADMIN_MANAGER: "行政经理", ManagerRole.DEPUTY: "书面授权代理人"}


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
    offered: where.Offered


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
    own = directory.offices(
        below=None, on=today(), without_lead=False, cursor=None, limit=MOST, institution=code
    )
    detail = service.detail(session, asker, code)
    return Shown(
        detail=detail,
        way=places.way_to(session, asker, code, on=today()),
        terms=tuple(
            Term(ROLES[term.role], number, name, term.valid_from, term.valid_to)
            for term, number, name in directory.terms(found.id)
        ),
        children=tuple(service.shown(session, asker, children)),
        offices=tuple(service.office(office, home, None) for office, home, *_ in own),
        leads=tuple(
            Term(office, number, name, term.valid_from, term.valid_to)
            for office, term, number, name in directory.leads(found.id, today())
        ),
        offered=where.offered(session, asker, detail.parent),
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
        ui.html(standing.badge(STATES, detail.valid_from, detail.valid_to), sanitize=False)
    ended = service.standing(detail.valid_from, detail.valid_to) is Standing.ENDED
    edits = view.may(Permission.EDIT_MODEL) and not ended
    if edits:
        _changes(view, shown)
    _terms(view, shown, edits)
    if detail.level < LOWEST:
        _children(view, shown, edits)
    else:
        offices(view, detail.code, shown.offices, shown.leads, edits=edits)
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


def _rename(view: View, detail: InstitutionDetail) -> None:
    with dialog("机构改名") as opened:
        name = line("名称", detail.name, first=True)
        ui.label("新名称对历史数据和报表一并生效。").classes("soft")

        async def do() -> Answer:
            return await call(view, "PATCH", f"institutions/{detail.code}", {"name": name.value}, seen=detail)

        deed(opened, "保存", do, anew)


def _move(view: View, shown: Shown) -> None:
    detail = shown.detail
    with dialog("调整上级") as opened:
        parent = home("新的上级机构", shown.offered, detail.parent or "")
        ui.label("连同全部下级一起移动，立即生效，历史汇总也按新的上级计算。").classes("soft")

        async def do() -> Answer:
            above = await where.given(view, parent)
            if above is None:
                raise InputError("请选择新的上级机构。")
            return await call(view, "POST", f"institutions/{detail.code}/move", {"parent": above})

        deed(opened, "移动", do, anew)


def _close(view: View, detail: InstitutionDetail) -> None:
    note = "须先撤销或移走下级机构和营业室，并调整在职人员；历史数据都保留。"
    ending(view, f"撤销机构：{detail.name}", f"institutions/{detail.code}/close", note)


def _must_hold(view: View, detail: InstitutionDetail, words: str) -> None:
    async def do() -> Answer:
        body = {"must_hold": not detail.must_hold}
        return await call(view, "PUT", f"institutions/{detail.code}/must-hold", body)

    confirm(words, "从以后的场次起生效，已排定的场次不变。", words, do, anew)


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
            [
                [person_link(term), term.what, held(term), period(term.valid_from, term.valid_to)]
                for term in shown.terms
            ],
            dense=True,
        )


def _manage(view: View, detail: InstitutionDetail) -> None:
    path = f"institutions/{detail.code}/manager"
    note = "前任行政经理同日卸任。"
    appoint(view, "任命行政经理", note, "任命", ask=lambda body: call(view, "PUT", path, body))


def _deputise(view: View, detail: InstitutionDetail) -> None:
    path = f"institutions/{detail.code}/deputies"
    note = "须有书面授权；行政经理不变。"
    appoint(view, "书面授权代理", note, "授权", ask=lambda body: call(view, "POST", path, body), until=True)


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
            [
                Column("机构"),
                Column("级别"),
                Column("应召开二会", labelled=True),
                Column("设立", labelled=True),
            ],
            [
                [
                    listing.two_lines(listing.link(f"{PATH}/{one.code}", one.name), one.code),
                    LEVELS[one.level],
                    "应召开" if one.must_hold else "—",
                    f"{one.valid_from}",
                ]
                for one in shown.children
            ],
            dense=True,
        )

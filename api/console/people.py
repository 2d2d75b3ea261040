"""The people whom the asker sees, found by number, name, place and status; and those who join."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, parts, standing, when, where
from api.console.calls import Answer, call
from api.console.dialogs import choice, day, deed, dialog, home, line, text_of
from api.console.frame import View, screen
from api.console.listing import Column, Field
from api.console.meetings import chosen
from api.organisation.repository import DirectoryRepository
from api.organisation.schemas import Standing
from api.organisation.service import subtree_of, today
from api.pages import page
from models.organisation.tables import PersonKind
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/people"
TITLE: Final = "人员"
A_PAGE: Final = 40
MOST_OFFICES: Final = 200
KINDS: Final = {PersonKind.AGENT: "外勤", PersonKind.STAFF: "内勤"}
STATES: Final = {
    Standing.CURRENT: (Status.PASS, "在职", "check_circle"),
    Standing.ENDED: (Status.UNKNOWN, "已离职", "logout"),
    Standing.COMING: (Status.WARN, "待入职", "schedule"),
}
SUPERVISORS: Final = {"": "全部", "yes": "主管及以上", "no": "主管以下"}


@dataclass(frozen=True, slots=True)
class Somebody:
    """A line of the list."""

    code: str
    name: str
    kind: PersonKind
    rank: str
    institution: str
    office: str | None
    joined_on: date
    left_on: date | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of people, and what a new one's rank and place are chosen from."""

    rows: tuple[Somebody, ...]
    further: str | None
    ranks: Mapping[str, str]
    institutions: where.Offered


def register() -> None:
    """Add the screen."""
    screen(PATH, title=TITLE, permission=Permission.READ_MODEL)(people)


def read(
    session: Session,
    asker: Caller,
    *,
    search: str | None,
    below: str | None,
    kind: PersonKind | None,
    supervisors: bool | None,
    status: Standing,
    cursor: str | None,
) -> Listed:
    """Raises NotFound for an institution that the asker does not see."""
    part = subtree_of(session, asker, below)
    directory = DirectoryRepository(session, within=asker.within)
    rows = directory.people(
        search=search, below=part.path if part else None, kind=kind, supervisors=supervisors, on=today(),
        status=status, cursor=cursor, limit=A_PAGE,
    )  # fmt: skip
    found, further = page(rows, A_PAGE, lambda row: [row[0].code])
    return Listed(
        rows=tuple(
            Somebody(
                person.code,
                person.name,
                person.kind,
                rank.name,
                home,
                office,
                person.joined_on,
                person.left_on,
            )
            for person, rank, _, _, home, office in found
        ),
        further=further,
        ranks=ranks(session, asker),
        institutions=where.offered(session, asker, below),
    )


def ranks(session: Session, asker: Caller) -> dict[str, str]:
    """Code -> name, the lowest first."""
    return {rank.code: rank.name for rank in DirectoryRepository(session, within=asker.within).ranks()}


def offices_of(session: Session, asker: Caller, institution: str) -> dict[str, str]:
    """Code -> name of the institution's own sales offices of today; {} for one that is not seen."""
    rows = DirectoryRepository(session, within=asker.within).offices(
        below=None, on=today(), without_lead=False, cursor=None, limit=MOST_OFFICES, institution=institution
    )
    return {office.code: office.name for office, *_ in rows}


def number_of(session: Session, asker: Caller, text: str, *, field: str = "工号或姓名") -> str:
    """The number of whoever serves today and bears it, or the name. Raises InputError for none or several;
    ``field``: what the form calls where it is asked for."""
    if not text:
        raise InputError(f"请填写{field}。")
    rows = DirectoryRepository(session, within=asker.within).people(
        search=text, below=None, kind=None, supervisors=None, on=today(), cursor=None, limit=A_PAGE
    )
    exact = [person.code for person, *_ in rows if text in (person.code, person.name)]
    if text in exact or len(exact) == 1:
        return text if text in exact else exact[0]
    if exact:
        raise InputError(f"有 {len(exact)} 人叫{text}：请改填工号，{'、'.join(exact[:5])} 中的一个。")
    raise InputError(f"没有在职人员的工号或姓名是“{text}”：请核对。")


async def people(
    view: View,
    search: str = "",
    below: str = "",
    kind: str = "",
    supervisors: str = "",
    status: str = "",
    cursor: str = "",
) -> None:
    if supervisors not in SUPERVISORS:
        raise InputError(f"没有选项“{supervisors}”：请从列表中选择。")
    found = await view.ask(
        read,
        view.asker,
        search=search.strip() or None,
        below=below or None,
        kind=chosen(PersonKind, kind),
        supervisors={"": None, "yes": True, "no": False}[supervisors],
        status=chosen(Standing, status) or Standing.CURRENT,
        cursor=cursor or None,
    )
    with parts.section(TITLE, "按工号或姓名的开头查找"):
        with ui.element("div").classes("toolbar"):
            kinds = {"": "全部", **{key.value: word for key, word in KINDS.items()}}
            listing.filters(
                PATH,
                [
                    Field("search", "工号或姓名", search),
                    Field("below", "机构", below, found.institutions),
                    Field("kind", "类别", kind, options=kinds),
                    Field("supervisors", "职级", supervisors, options=SUPERVISORS),
                    Field("status", "状态", status, options=standing.choices(STATES)),
                ],
            )
            if view.may(Permission.EDIT_MODEL):
                ui.button("办理入职", icon="person_add", on_click=lambda: join(view, found, below))
        if not found.rows:
            parts.empty("没有符合条件的人员：放宽条件再看，或办理入职。")
            return
        listing.table(
            "人员",
            [Column("姓名"), Column("类别"), Column("职级"), Column("所在"), Column("入职"), Column("状态")],
            [_row(one) for one in found.rows],
            dense=True,
        )
        listing.further(
            PATH, found.further, search=search, below=below, kind=kind, supervisors=supervisors, status=status
        )


def _row(one: Somebody) -> list[object]:
    name = listing.link(f"{PATH}/{one.code}", one.name)
    return [
        listing.two_lines(name, one.code),
        KINDS[one.kind],
        one.rank,
        listing.two_lines(one.institution, one.office or ""),
        standing.span(one.joined_on, one.left_on),
        standing.badge(STATES, one.joined_on, one.left_on),
    ]


@dataclass(frozen=True, slots=True)
class PlaceBoxes:
    """Where somebody is put: an institution, and one of its sales offices."""

    home: Any
    office: Any

    async def body(self, view: View) -> dict[str, str | None]:
        """Raises InputError where no institution is chosen."""
        institution = await where.given(view, self.home)
        if institution is None:
            raise InputError("请选择机构。")
        return {"institution": institution, "office": text_of(self.office)}


async def place_boxes(
    view: View, offered: where.Offered, first: str = "", office: str | None = None
) -> PlaceBoxes:
    """The offices to choose from follow the institution; ``first`` and ``office`` are chosen at first."""
    boxes = PlaceBoxes(home("机构", offered, first), choice("营业室（没有则不选）", {"": "不在营业室"}, ""))

    async def follow() -> None:
        code = await where.known(view, boxes.home)
        found = await view.ask(offices_of, view.asker, code) if code else {}
        there = office if code == first and office in found else ""
        boxes.office.set_options({"": "不在营业室", **found}, value=there)

    boxes.home.on_value_change(follow)
    await follow()
    return boxes


async def join(view: View, found: Listed, below: str) -> None:
    with dialog("办理入职") as opened:
        code = line("工号", first=True)
        name = line("姓名")
        kind = choice("类别", dict(KINDS), PersonKind.AGENT)
        begins = day("入职日", today())
        rank = choice("职级", dict(found.ranks), None)
        boxes = await place_boxes(view, found.institutions, below)
        upline = line("上线的工号或姓名（没有则留空）")

        async def do() -> Answer:
            above = text_of(upline)
            body = {
                "code": text_of(code),
                "name": text_of(name),
                "kind": kind.value,
                "joined_on": when.given(begins),
                "rank": rank.value,
                "upline": await view.ask(number_of, view.asker, above) if above else None,
            }
            if not all((body["code"], body["name"], body["joined_on"], body["rank"])):
                raise InputError("请填写工号、姓名、入职日和职级。")
            return await call(view, "POST", "people", body | await boxes.body(view))

        deed(opened, "入职", do, lambda body: ui.navigate.to(f"{PATH}/{body['code']}"))

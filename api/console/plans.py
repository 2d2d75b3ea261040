"""The month's plans: every scenario with its state, and two of them beside each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository
from api.console import listing, parts, where
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.console.meetings import chosen
from api.console.plan_drafts import PATH, create, next_month
from api.console.plan_tree import Heading, figure, headings
from api.organisation.service import today
from api.pages import page
from api.plans import service
from api.plans.repository import PlanListRepository
from api.plans.schemas import ComparedNode, PlanComparison
from models.organisation.tables import Institution
from models.planning.approval import NAMES
from models.planning.tables import PlanState
from qa_pipeline.values.vocabulary import Status

COMPARISON: Final = "/plan-comparison"
TITLE: Final = "规划"
A_PAGE: Final = 60
ICONS: Final = {
    PlanState.DRAFT: (Status.UNKNOWN, "edit_note"),
    PlanState.SUBMITTED: (Status.WARN, "hourglass_top"),
    PlanState.APPROVED: (Status.PASS, "check_circle"),
    PlanState.REJECTED: (Status.FAIL, "undo"),
    PlanState.SUPERSEDED: (Status.UNKNOWN, "history"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the month's plans, and the institutions to plan for."""

    plans: tuple[Scenario, ...]
    further: str | None
    institutions: where.Offered


@dataclass(frozen=True, slots=True)
class Scenario:
    """One plan of the list."""

    code: str
    name: str
    institution: str
    institution_name: str
    buffer_rate: Decimal
    state: PlanState


def register() -> None:
    """Add the screens."""
    screen(PATH, title=TITLE, permission=Permission.READ_MODEL)(plans)
    screen(COMPARISON, title=TITLE, permission=Permission.READ_MODEL)(comparison)


def badge(state: PlanState) -> Html:
    status, icon = ICONS[state]
    return listing.badge(status, NAMES[state], icon)


def difference(value: Decimal | None, unit: str) -> str:
    if value is None:
        return "—"
    return ("+" if value > 0 else "") + figure(value, unit)


def read(
    session: Session,
    asker: Caller,
    *,
    month: date,
    below: str | None,
    state: PlanState | None,
    cursor: str | None,
) -> Listed:
    """Raises NotFound for a strange institution."""
    codes = CodeRepository(session, within=asker.within)
    rows = PlanListRepository(session, within=asker.within).plans(
        below=codes.path(below), month=month, state=state, cursor=cursor, limit=A_PAGE
    )
    shown, further = page(rows, A_PAGE, lambda row: [row[0].code])
    names = codes.names(Institution, [plan.institution_id for plan, _ in shown])
    found = (
        Scenario(plan.code, plan.name, code, names[plan.institution_id].name, plan.buffer_rate, plan.state)
        for plan, code in shown
    )
    return Listed(tuple(found), further, where.offered(session, asker, below))


async def plans(view: View, month: str = "", below: str = "", state: str = "", cursor: str = "") -> None:
    first = listing.month_of(month, today=today())
    found = await view.ask(
        read,
        view.asker,
        month=first,
        below=below or None,
        state=chosen(PlanState, state),
        cursor=cursor or None,
    )
    listing.months(PATH, first, below=below, state=state)
    kept = {"month": f"{first:%Y-%m}", "below": below, "state": state}
    with parts.section(f"{first:%Y 年 %-m 月}的规划", "同一机构可以有几份方案，批准其中一份"):
        options = {"": "全部", **{key.value: word for key, word in NAMES.items()}}
        with ui.element("div").classes("toolbar"):
            listing.filters(
                PATH,
                [
                    Field("state", "状态", state, options=options),
                    Field("below", "机构", below, found.institutions),
                ],
                month=kept["month"],
            )
            if view.may(Permission.EDIT_MODEL):
                for_month = next_month(first, today())
                ui.button(
                    "新建规划", icon="add", on_click=lambda: create(view, found.institutions, for_month)
                )
        if not found.plans:
            parts.empty("本月没有符合条件的规划：换一个月份或状态再看，或新建一份。")
            return
        _list(found.plans)
        listing.further(PATH, found.further, **kept)


def _list(found: Sequence[Scenario]) -> None:
    of_institution: dict[str, list[Scenario]] = defaultdict(list)
    for one in found:
        of_institution[one.institution].append(one)
    listing.table(
        "规划",
        [Column("规划"), Column("机构"), Column("缓冲", figures=True), Column("状态"), Column("对比")],
        [
            [
                _named(one),
                one.institution_name,
                f"{(one.buffer_rate * 100).normalize():f}%",
                badge(one.state),
                _comparisons(one, of_institution[one.institution]),
            ]
            for one in found
        ],
    )


def _named(one: Scenario) -> Html:
    name = listing.link(f"{PATH}/{one.code}", one.name)
    return listing.two_lines(name, one.code)


def _comparisons(one: Scenario, siblings: Sequence[Scenario]) -> Html:
    links = [
        listing.link(COMPARISON, f"与“{other.name}”", plan=other.code, other=one.code)
        for other in siblings
        if other is not one
    ]
    return (
        Html(f"<span>{listing.joined(links, '、')}</span>")
        if links
        else Html('<span class="soft">只有这一份</span>')
    )


def read_comparison(
    session: Session, asker: Caller, plan: str, other: str
) -> tuple[PlanComparison, tuple[Heading, ...]]:
    """Both plans node by node, and the indicators of both. Raises InputError for different months."""
    compared = service.compare(session, asker, [plan, other])
    found = {
        heading.code: heading
        for code in (plan, other)
        for heading in headings(service.detail(session, asker, service.plan_of(session, asker, code)))
    }
    return compared, tuple(found.values())


async def comparison(view: View, plan: str = "", other: str = "", whole: str = "") -> None:
    compared, found = await view.ask(read_comparison, view.asker, plan, other)
    base, second = compared.plans
    ui.html(
        f'<nav class="crumbs" aria-label="位置">'
        f"{listing.link(PATH, f'{base.month:%Y-%m} 规划', month=f'{base.month:%Y-%m}')}"
        '<span aria-hidden="true">›</span><span aria-current="page">方案对比</span></nav>',
        sanitize=False,
    )
    with ui.element("div").classes("columns even"):
        for word, one in (("基准方案", base), ("对比方案", second)):
            with parts.section(word):
                ui.html(
                    f"{listing.link(f'{PATH}/{one.code}', one.name)} &emsp; {badge(one.state)}",
                    sanitize=False,
                ).classes("more")
                ui.label(f"{one.code} · 缓冲 {(one.buffer_rate * 100).normalize():f}%").classes("soft")
    differing = [node for node in compared.nodes if len(set(node.values)) > 1]
    _totals(compared.nodes, found)
    with parts.section("逐项对比", f"{len(compared.nodes)} 项中 {len(differing)} 项不同"):
        if differing and len(differing) < len(compared.nodes):
            words = "只看不同的" if whole else f"全部 {len(compared.nodes)} 项 ›"
            kept = listing.link(COMPARISON, words, plan=plan, other=other, whole="" if whole else "1")
            ui.html(kept, sanitize=False).classes("more")
        if not differing and not whole:
            parts.empty("两份方案的目标完全相同。")
            return
        _compared("逐项对比", compared.nodes if whole else differing, found)


def _totals(nodes: Sequence[ComparedNode], found: Sequence[Heading]) -> None:
    """The institution's own targets, which decide between the scenarios."""
    top = nodes[0].scope if nodes else None
    with parts.section("机构目标", "“差”为对比方案减基准方案"):
        if top is None:
            parts.empty("两份方案都还没有目标。")
            return
        own = [node for node in nodes if node.scope == top and not node.is_unassigned]
        _compared("机构目标", own, found)


def _compared(label: str, nodes: Sequence[ComparedNode], found: Sequence[Heading]) -> None:
    named = {heading.code: heading for heading in found}
    listing.table(
        label,
        [
            Column("对象"),
            Column("指标"),
            Column("基准", figures=True),
            Column("对比", figures=True),
            Column("差", figures=True),
        ],
        [
            [
                f"{node.scope.name}（未分配）" if node.is_unassigned else node.scope.name,
                f"{heading.name}（{heading.unit}）",
                *("没有此项" if value is None else figure(value, heading.unit) for value in node.values),
                difference(node.differences[1], heading.unit),
            ]
            for node in nodes
            for heading in [named[node.indicator]]
        ],
    )

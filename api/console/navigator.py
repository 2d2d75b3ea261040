"""Next best actions: what to do for which customer, why, until when, and whether it was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository, Named
from api.console import calls, listing, parts, places, where
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.console.places import Step
from api.customers.service import name_of
from api.navigator import service
from api.navigator.schemas import LoadOut, PartLoad, WorkloadOut
from api.organisation.service import today
from models.base import ScopeKind
from models.customers.tables import Customer
from models.indicators.standing_repository import LEAF_LEVEL
from models.navigator.repository import Task
from models.organisation.tables import Person
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/navigator"
A_PAGE: Final = 20
SHOWN: Final = 8
"""Of those who have something open, before the others are folded away."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A line of the list; ``name`` is masked already."""

    task: Task
    customer: str
    name: str
    agent: Named


@dataclass(frozen=True, slots=True)
class Shown:
    """How much is open, where, and a page of it."""

    way: tuple[Step, ...]
    institutions: where.Offered
    workload: WorkloadOut
    advice: tuple[Advice, ...]
    further: str | None


def register() -> None:
    """Add the screen."""
    screen(PATH, title="导航", permission=Permission.READ_MODEL)(navigator)


NONE: Final = "没有待办的建议：建议按四级机构每日生成，请到四级机构点“生成今日建议”。"
NONE_HERE: Final = "没有待办的建议：点“生成今日建议”，按今天的数据生成。"


def read(session: Session, asker: Caller, below: str, agent: str, rule: str, cursor: str) -> Shown:
    """Raises NotFound for an institution or agent that the asker does not see."""
    day = today()
    way = places.way_to(session, asker, below, on=day)
    if not way:
        raise InputError("还没有可以查看的机构：请先导入组织架构。")
    wanted = (way[-1].code, agent or None, rule or None, day)
    found, further = service.tasks(session, asker, *wanted, cursor=cursor or None, limit=A_PAGE)
    codes = CodeRepository(session, within=asker.within)
    agents = codes.names(Person, [task.agent_id for task in found])
    customers = codes.codes(Customer, [task.customer_id for task in found])
    return Shown(
        way=way,
        institutions=where.offered(session, asker, below),
        workload=service.workload(session, asker, *wanted),
        advice=tuple(
            Advice(
                task,
                customers[task.customer_id],
                name_of(task.customer_name, full=False),
                agents[task.agent_id],
            )
            for task in found
        ),
        further=further,
    )


async def navigator(view: View, below: str = "", agent: str = "", rule: str = "", cursor: str = "") -> None:
    agent = agent.strip()
    shown = await view.ask(read, view.asker, below, agent, rule, cursor)
    places.crumbs(PATH, shown.way, rule=rule)
    with ui.element("div").classes("toolbar no-print"):
        home = Field("below", "机构", below, shown.institutions)
        listing.filters(PATH, [home, Field("agent", "服务人员工号", agent)], rule=rule)
        runs = view.may(Permission.EDIT_MODEL) and shown.way[-1].level == LEAF_LEVEL
        if runs:
            _run(view, shown.way[-1])
    if not shown.workload.total.open:
        parts.empty(NONE_HERE if runs else NONE)
        return
    _actions_row(shown.workload, rule, below=below, agent=agent)
    if not agent:
        _parts(shown.workload, shown.way[-1].code, rule)
    with parts.section("下一步行动", "先到期的在前，同一天到期的按行动的优先级"):
        if not shown.advice:
            parts.empty("这种行动没有待办的建议：请选“全部行动”。")
            return
        _table(view, shown)
        listing.further(PATH, shown.further, below=below, agent=agent, rule=rule)


def _actions_row(found: WorkloadOut, rule: str, **kept: str) -> None:
    """The actions as tiles, the most urgent first; each leads to its part of the list."""
    told = [("", "全部行动", found.total), *((one.rule, one.label, one) for one in found.actions)]
    cards = []
    for code, name, load in told:
        here = ' aria-current="page"' if code == rule else ""
        cards.append(
            f'<a class="tile board" href="{listing.escaped(listing.address(PATH, rule=code, **kept))}"{here}>'
            f'<span class="name">{listing.escaped(name)}</span><span class="figure">{load.open:,}</span>'
            f'<span class="soft">{_pressing(load)}</span></a>'
        )
    ui.html(f'<nav class="tiles boards" aria-label="行动">{"".join(cards)}</nav>', sanitize=False).classes(
        "w-full"
    )


def _pressing(load: LoadOut) -> str:
    told = [f"逾期 {load.overdue:,}"] if load.overdue else []
    if load.due_today:
        told.append(f"今天到期 {load.due_today:,}")
    return " · ".join(told) or "没有逾期"


def _parts(found: WorkloadOut, below: str, rule: str) -> None:
    """Whose it is; where nobody has anything of the kind, the list says so."""
    if not found.parts:
        return
    people = found.parts[0].scope.kind is ScopeKind.PERSON
    title = "各服务人员的待办" if people else "各下级机构的待办"
    with parts.section(title, "逾期多的在前"):
        listing.folded(
            title,
            [Column("名称"), *(Column(name, figures=True) for name in ("待办", "今天到期", "逾期"))],
            [_part(one, below, rule) for one in found.parts],
            shown=SHOWN,
        )


def _part(one: PartLoad, below: str, rule: str) -> list[object]:
    scope = one.scope
    there = {"below": below, "agent": scope.code} if scope.kind is ScopeKind.PERSON else {"below": scope.code}
    name = listing.link(PATH, scope.name, rule=rule, **there)
    late = Html(f'<span class="negative">{one.overdue:,}</span>') if one.overdue else "0"
    return [listing.two_lines(name, scope.code), f"{one.open:,}", f"{one.due_today:,}", late]


def _run(view: View, node: Step) -> None:
    async def run() -> None:
        button.disable()
        answer = await calls.call(view, "POST", "navigator/runs", {"institution": node.code})
        if answer.ok:
            ui.navigate.reload()
            return
        button.enable()
        ui.notify(answer.refusal, type="negative")

    button = ui.button("生成今日建议", icon="refresh", on_click=run).props("outline")


def _table(view: View, shown: Shown) -> None:
    may = view.may(Permission.EDIT_MODEL)

    async def close(name: str, key: str) -> None:
        said = "已记为完成。" if name == "done" else "已记为不采纳。"
        if await calls.did(view, "POST", f"navigator/recommendations/{int(key)}/{name}", said=said, body={}):
            ui.navigate.reload()

    columns = ["客户", "行动与依据", "服务人员", "期限", *(["办理"] if may else [])]
    listing.table(
        "下一步行动",
        [Column(title, figures=title == "期限", labelled=title == "服务人员") for title in columns],
        [[*_line(one), *([_actions(one)] if may else [])] for one in shown.advice],
        on_action=close,
        dense=True,
    )


def _line(one: Advice) -> list[object]:
    task = one.task
    due = f"{task.due_on:%m-%d}"
    what = listing.two_lines(task.action, task.reason)
    if task.contact_limit:
        limited = listing.badge(Status.WARN, "受限", "do_not_disturb_on")
        what = Html(f"<span>{what}{listing.two_lines(limited, task.contact_limit)}</span>")
    return [
        listing.two_lines(one.name, one.customer),
        what,
        listing.two_lines(one.agent.name, listing.whole(one.agent.code)),
        listing.badge(Status.FAIL, f"{due} 逾期", "event_busy") if task.overdue else due,
    ]


def _actions(one: Advice) -> Html:
    key, subject = str(one.task.id), f"{one.customer} {one.task.action}"
    done = listing.action("done", key, "已完成", subject=subject)
    return Html(f"<span>{done} {listing.action('dismiss', key, '不采纳', subject=subject)}</span>")

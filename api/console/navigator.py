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
from api.fields import existing
from api.organisation.service import today
from api.pages import sliced
from models.customers.tables import Customer
from models.indicators.standing_repository import LEAF_LEVEL
from models.navigator.repository import NavigatorRepository, Task
from models.organisation.tables import Person
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/navigator"
A_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Advice:
    """A line of the list; ``name`` is masked already."""

    task: Task
    customer: str
    name: str
    agent: Named


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of what is open, and where."""

    way: tuple[Step, ...]
    institutions: where.Offered
    total: int
    overdue: int
    advice: tuple[Advice, ...]
    further: str | None


def register() -> None:
    """Add the screen."""
    screen(PATH, title="导航", permission=Permission.READ_MODEL)(navigator)


def read(session: Session, asker: Caller, below: str, agent: str, cursor: str) -> Shown:
    """Raises NotFound for an institution or agent that the asker does not see."""
    day = today()
    way = places.way_to(session, asker, below, on=day)
    if not way:
        raise InputError("还没有可以查看的机构：请先导入组织架构。")
    codes = CodeRepository(session, within=asker.within)
    agent_id = existing(lambda code: codes.key(Person, code), agent) if agent else None
    tasks = NavigatorRepository(session, within=codes.below(way[-1].code)).tasks(day, agent_id=agent_id)
    found, further = sliced(tasks, cursor or None, A_PAGE, lambda task: [f"{task.due_on}", task.id])
    agents = codes.names(Person, [task.agent_id for task in found])
    customers = codes.codes(Customer, [task.customer_id for task in found])
    return Shown(
        way=way,
        institutions=where.offered(session, asker, below),
        total=len(tasks),
        overdue=sum(task.overdue for task in tasks),
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


async def navigator(view: View, below: str = "", agent: str = "", cursor: str = "") -> None:
    agent = agent.strip()
    shown = await view.ask(read, view.asker, below, agent, cursor)
    places.crumbs(PATH, shown.way)
    with parts.section("下一步行动", f"{shown.total:,} 条待办，其中 {shown.overdue:,} 条逾期；先到期的在前"):
        with ui.element("div").classes("toolbar no-print"):
            home = Field("below", "机构", below, shown.institutions)
            listing.filters(PATH, [home, Field("agent", "服务人员工号", agent)])
            if view.may(Permission.EDIT_MODEL) and shown.way[-1].level == LEAF_LEVEL:
                _run(view, shown.way[-1])
        if not shown.advice:
            parts.empty("没有待办的建议：建议按四级机构每日生成，请到四级机构点“生成今日建议”。")
            return
        _table(view, shown)
        listing.further(PATH, shown.further, below=below, agent=agent)


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

    columns = ["客户", "行动与依据", "联系限制", "服务人员", "期限", *(["办理"] if may else [])]
    listing.table(
        "下一步行动",
        [Column(title, figures=title in ("期限", "办理")) for title in columns],
        [[*_line(one), *([_actions(one)] if may else [])] for one in shown.advice],
        on_action=close,
    )


def _line(one: Advice) -> list[object]:
    task = one.task
    due = f"{task.due_on:%m-%d}"
    return [
        listing.two_lines(one.name, one.customer),
        listing.two_lines(task.action, task.reason),
        listing.two_lines(listing.badge(Status.WARN, "受限", "do_not_disturb_on"), task.contact_limit)
        if task.contact_limit
        else "没有限制",
        listing.two_lines(one.agent.name, one.agent.code),
        listing.badge(Status.FAIL, f"{due} 逾期", "event_busy") if task.overdue else due,
    ]


def _actions(one: Advice) -> Html:
    key, subject = str(one.task.id), f"{one.customer} {one.task.action}"
    done = listing.action("done", key, "已完成", subject=subject)
    return Html(f"<span>{done} {listing.action('dismiss', key, '不采纳', subject=subject)}</span>")

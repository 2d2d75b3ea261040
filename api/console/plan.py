"""One plan: its target tree with what is wrong in it, edited in place, and its way to approval."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository
from api.console import listing, parts
from api.console.calls import call
from api.console.frame import View, screen
from api.console.listing import Column, Html
from api.console.plan_tree import ASPECTS, Cell, Heading, Line, headings, lines, part_of
from api.console.plans import COMPARISON, PATH, TITLE, badge, figure
from api.figures import plain
from api.plans import service
from api.plans.repository import PlanListRepository
from api.plans.schemas import DecisionOut, PlanDetail
from models.base import SHANGHAI
from models.organisation.tables import Institution
from models.planning.approval import NAMES
from models.planning.repository import PlanRepository
from models.planning.tables import PlanState
from qa_pipeline.errors import InputError
from qa_pipeline.values import Status

MOST_SCENARIOS: Final = 20
MUST: Final = listing.badge(Status.FAIL, "须改正")
MAY: Final = listing.badge(Status.WARN, "提醒")


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the screen draws."""

    detail: PlanDetail
    institution: str
    decisions: tuple[DecisionOut, ...]
    others: tuple[tuple[str, str], ...]
    """(code, name) of the institution's other plans of the month."""

    @property
    def blocking(self) -> int:
        return sum(problem.blocks for problem in self.detail.problems)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that can be done with a plan in a state."""

    path: str
    words: str
    done: str
    permission: Permission
    needs_reason: bool = False


SUBMIT: Final = Step("submit", "提交审批", "已提交审批。", Permission.EDIT_MODEL)
TAKE_BACK: Final = Step("take-back", "退回草稿修改", "已退回草稿，可以修改。", Permission.EDIT_MODEL)
APPROVE: Final = Step("approve", "批准", "已批准；同月原先批准的方案随之被取代。", Permission.APPROVE_PLANS)
REJECT: Final = Step("reject", "不批准", "已退回。", Permission.APPROVE_PLANS, needs_reason=True)
STEPS: Final = {
    PlanState.DRAFT: (SUBMIT,),
    PlanState.SUBMITTED: (APPROVE, REJECT, TAKE_BACK),
    PlanState.REJECTED: (TAKE_BACK,),
    PlanState.APPROVED: (),
    PlanState.SUPERSEDED: (),
}


def register() -> None:
    """Add the screen."""
    screen(f"{PATH}/{{code}}", title=TITLE, permission=Permission.READ_MODEL)(plan)


def read(session: Session, asker: Caller, code: str) -> Shown:
    """Raises NotFound for a plan that the asker does not see."""
    found = service.plan_of(session, asker, code)
    rows = PlanListRepository(session, within=asker.within).plans(
        below=CodeRepository(session, within=asker.within).path(None),
        month=found.month,
        state=None,
        cursor=None,
        limit=MOST_SCENARIOS,
    )
    named = CodeRepository(session).names(Institution, [found.institution_id])
    return Shown(
        detail=service.detail(session, asker, found),
        institution=named[found.institution_id].name,
        decisions=tuple(
            DecisionOut(before=row.before, after=row.after, by=row.decided_by, at=row.decided_at,
                        comment=row.comment)
            for row in PlanRepository(session, within=asker.within).decisions(found.id)
        ),
        others=tuple(
            (other.code, other.name) for other, _ in rows
            if other.institution_id == found.institution_id and other.id != found.id
        ),
    )  # fmt: skip


def amount(text: str) -> Decimal:
    """Raises InputError for what is no number."""
    try:
        value = Decimal(text.strip().replace(",", "").replace("，", ""))
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise InputError(f"“{text.strip()}”不是数字：请写成 1200000 这样的形式。")
    return value


async def plan(view: View, code: str, part: str = "") -> None:
    place = ui.element("div").classes("w-full")

    async def draw() -> None:
        shown = await view.ask(read, view.asker, code)
        place.clear()
        with place:
            _draw(view, shown, part, draw)

    await draw()


def _draw(view: View, shown: Shown, part: str, redraw: Callable[[], Awaitable[None]]) -> None:
    detail = shown.detail
    month = f"{detail.month:%Y-%m}"
    ui.html(
        f'<nav class="crumbs" aria-label="位置">{listing.link(PATH, f"{month} 规划", month=month)}'
        f'<span aria-hidden="true">›</span><span aria-current="page">{listing.escaped(detail.name)}'
        "</span></nav>",
        sanitize=False,
    )
    with ui.element("div").classes("plan-head"):
        with ui.element("div"):
            ui.label(f"{shown.institution} {detail.name}").classes("lead")
            ui.label(f"{detail.code} · {month} · 下级合计应超出本级 {_rate(detail.buffer_rate)}").classes(
                "soft"
            )
        ui.html(badge(detail.state), sanitize=False)
    with ui.element("div").classes("columns even"):
        _problems(shown)
        _approval(view, shown, redraw)
    _tree(view, detail, part, redraw)
    _scenarios(view, shown)


def _problems(shown: Shown) -> None:
    problems = shown.detail.problems
    note = f"{shown.blocking} 处妨碍提交，{len(problems) - shown.blocking} 处提醒"
    with parts.section("校验", note if problems else ""):
        if not problems:
            ui.html(listing.badge(Status.PASS, "没有问题，可以提交"), sanitize=False)
            return
        rows = "".join(
            f"<li>{MUST if each.blocks else MAY}<span>{listing.escaped(each.sentence)}</span></li>"
            for each in sorted(problems, key=lambda each: not each.blocks)
        )
        ui.html(f'<ul class="checks">{rows}</ul>', sanitize=False).classes("w-full")


def _tree(view: View, detail: PlanDetail, part: str, redraw: Callable[[], Awaitable[None]]) -> None:
    across, every = headings(detail), lines(detail)
    rows = part_of(every, part)
    may_edit = view.may(Permission.EDIT_MODEL) and detail.state is PlanState.DRAFT
    note = "点数值修改；同级的“未分配”随之变化" if may_edit else _why_not(view, detail)
    with parts.section("目标树", note):
        if not every:
            parts.empty("规划中还没有任何目标：请先设置机构目标。")
            return
        if len(rows) < len(every):
            kept = listing.link(f"{PATH}/{detail.code}", "回到上层") if part else Html("点名称看它的下级")
            ui.html(f"共 {len(every)} 行，现列 {len(rows)} 行：{kept}", sanitize=False).classes("soft more")
        of_id = {str(cell.id): (line, code, cell) for line in every for code, cell in line.cells.items()}

        async def edit(_: str, key: str) -> None:
            line, code, cell = of_id[key]
            heading = next(each for each in across if each.code == code)
            await _edit(view, detail, line, heading, cell, redraw)

        with ui.element("div").classes("wide").props('tabindex=0 role=region aria-label="目标树"'):
            listing.table(
                "目标树",
                [
                    Column("对象"),
                    *(Column(f"{each.name}（{each.unit}，{ASPECTS[each.aspect]}）", True) for each in across),
                ],
                [
                    [
                        _scope(detail.code, line, every),
                        *(_cell(line, each, line.cells.get(each.code), may_edit) for each in across),
                    ]
                    for line in rows
                ],
                on_action=edit,
            )


def _why_not(view: View, detail: PlanDetail) -> str:
    if not view.may(Permission.EDIT_MODEL):
        return "您的角色只能查看"
    return f"{NAMES[detail.state]}的规划不能修改目标"


def _scope(code: str, line: Line, every: Sequence[Line]) -> Html:
    indent = f'class="node" style="--depth:{line.depth}"'
    if line.is_unassigned:
        return Html(f"<span {indent}>{listing.badge(Status.WARN, '未分配', 'call_split')}</span>")
    has_below = any(line.key in other.above for other in every)
    named: Html = listing.escaped(line.scope.name)
    if has_below and line.depth:
        named = listing.link(f"{PATH}/{code}", line.scope.name, part=line.key)
    return Html(f"<span {indent}>{named}<small>{listing.escaped(line.scope.code)}</small></span>")


def _cell(line: Line, heading: Heading, cell: Cell | None, may_edit: bool) -> Html:
    if cell is None:
        return Html('<span class="soft">—</span>')
    value = listing.escaped(figure(cell.value, heading.unit))
    if may_edit and not line.is_unassigned:
        subject = f"：修改{line.scope.name}的{heading.name}"
        value = listing.action("edit", str(cell.id), figure(cell.value, heading.unit), subject=subject)
    if cell.total is None or cell.verdict is None:
        return Html(f"<span>{value}</span>")
    total = figure(cell.total, heading.unit)
    return Html(
        f'<span>{value}<small class="sum">下级合计 {total} {listing.badge(*cell.verdict)}</small></span>'
    )


async def _edit(
    view: View,
    detail: PlanDetail,
    line: Line,
    heading: Heading,
    cell: Cell,
    redraw: Callable[[], Awaitable[None]],
) -> None:
    """Ask for the new value, and send it with what the reader saw, so that nobody's edit is lost."""
    with ui.dialog() as dialog, ui.card().classes("ask"):
        ui.label(f"修改{line.scope.name}的{heading.name}").classes("heading").props(
            "role=heading aria-level=2"
        )
        ui.label(f"现为 {figure(cell.value, heading.unit)} {heading.unit}" + _below(cell, heading)).classes(
            "soft"
        )
        box = ui.input(f"新目标（{heading.unit}）", value=plain(cell.value))
        box.props("outlined dense autofocus inputmode=decimal").classes("w-full")
        refused = ui.label().classes("negative").props("role=alert")

        async def save() -> None:
            try:
                body = {"value": plain(amount(box.value))}
            except InputError as error:
                refused.text = str(error)
                return
            path = f"plans/{detail.code}/targets/{cell.id}"
            answer = await call(view, "PUT", path, body, seen=detail)
            refused.text = answer.refusal
            if answer.ok:
                dialog.close()
                ui.notify(
                    f"{line.scope.name}的{heading.name}已改为 {figure(amount(box.value), heading.unit)}。",
                    type="positive",
                )
                await redraw()

        box.on("keydown.enter", save)
        with ui.row():
            ui.button("保存", on_click=save)
            ui.button("取消", on_click=dialog.close).props("flat")
    dialog.open()


def _below(cell: Cell, heading: Heading) -> str:
    if cell.total is None or cell.required is None:
        return ""
    total, needed = (figure(value, heading.unit) for value in (cell.total, cell.required))
    return f"；下级合计 {total}，含缓冲须 {needed}"


def _approval(view: View, shown: Shown, redraw: Callable[[], Awaitable[None]]) -> None:
    detail = shown.detail
    steps = [step for step in STEPS[detail.state] if view.may(step.permission)]
    with parts.section("审批", NAMES[detail.state]), ui.element("div").classes("stack"):
        if steps:
            _steps(view, shown, steps, redraw)
        elif detail.state is PlanState.SUBMITTED:
            ui.label("等待有审批权限的人决定。").classes("soft")
        if not shown.decisions:
            parts.empty("还没有审批记录。")
            return
        listing.table(
            "审批记录",
            [Column("时间"), Column("由"), Column("改为"), Column("意见")],
            [
                [
                    f"{each.at.astimezone(SHANGHAI):%m-%d %H:%M}",
                    each.by,
                    badge(each.after),
                    each.comment or Html('<span class="soft">无</span>'),
                ]
                for each in reversed(shown.decisions)
            ],
        )


def _steps(view: View, shown: Shown, steps: Sequence[Step], redraw: Callable[[], Awaitable[None]]) -> None:
    needs_reason = any(step.needs_reason for step in steps)
    label = "意见（不批准时必填）" if needs_reason else "意见（可不填）"
    comment = ui.textarea(label).props("outlined autogrow dense maxlength=1000").classes("w-full")
    refused = ui.label().classes("negative").props("role=alert")

    def pressed(step: Step) -> Callable[[], Awaitable[None]]:
        async def go() -> None:
            given = (comment.value or "").strip()
            if step.needs_reason and not given:
                refused.text = "不批准须写明原因：请填写意见。"
                return
            body: dict[str, Any] = {"comment": given} if given else {}
            answer = await call(view, "POST", f"plans/{shown.detail.code}/{step.path}", body)
            refused.text = answer.refusal
            if answer.ok:
                ui.notify(step.done, type="positive")
                await redraw()

        return go

    with ui.row():
        for place, step in enumerate(steps):
            button = ui.button(step.words, on_click=pressed(step)).props("" if place == 0 else "outline")
            if step is SUBMIT and shown.blocking:
                button.disable()
    if SUBMIT in steps and shown.blocking:
        ui.label(f"校验中有 {shown.blocking} 处须改正，改好后才能提交。").classes("soft")


def _scenarios(view: View, shown: Shown) -> None:
    detail = shown.detail
    with parts.section("同月方案", "批准其中一份"), ui.element("div").classes("stack"):
        if not shown.others:
            parts.empty("本机构本月只有这一份方案。")
        for code, name in shown.others:
            pieces = [
                listing.link(f"{PATH}/{code}", name),
                listing.link(COMPARISON, "与它对比 ›", plan=code, other=detail.code),
            ]
            ui.html(listing.joined(pieces, " &emsp; "), sanitize=False).classes("more")
        if view.may(Permission.EDIT_MODEL):
            _copy(view, detail, 1 + len(shown.others))


def _copy(view: View, detail: PlanDetail, known: int) -> None:
    """Another scenario begins as a copy of this one."""
    suggested = f"{detail.institution}-{detail.month:%Y-%m}-{chr(ord('A') + known % 26)}"
    folded = ui.expansion("复制为另一方案", icon="content_copy").classes("w-full")
    with folded, ui.element("div").classes("stack"):
        code = ui.input("方案代码", value=suggested).props("outlined dense").classes("w-full")
        name = ui.input("方案名称", value=f"{detail.month.month} 月对比方案").props("outlined dense")
        name.classes("w-full")
        refused = ui.label().classes("negative").props("role=alert")

        async def copy() -> None:
            body = {"code": code.value.strip(), "name": name.value.strip()}
            answer = await call(view, "POST", f"plans/{detail.code}/copies", body)
            refused.text = answer.refusal
            if answer.ok:
                ui.navigate.to(f"{PATH}/{answer.body['code']}")

        ui.button("复制", on_click=copy).props("outline")


def _rate(value: Decimal) -> str:
    return f"{(value * 100).normalize():f}%"

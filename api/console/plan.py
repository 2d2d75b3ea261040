"""One plan: its target tree with what is wrong in it, edited in place, and its way to approval."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository
from api.console import listing, parts, plan_drafts, plan_targets
from api.console.calls import call
from api.console.frame import View, screen
from api.console.listing import Column, Html
from api.console.plan_drafts import PATH, Redraw
from api.console.plan_targets import Place
from api.console.plan_tree import ASPECTS, Cell, Heading, Line, figure, headings, lines, part_of
from api.console.plans import COMPARISON, TITLE, badge
from api.plans import service
from api.plans.repository import PlanListRepository
from api.plans.schemas import DecisionOut, PlanDetail
from models.base import SHANGHAI, ScopeKind
from models.organisation.tables import Institution
from models.planning.approval import NAMES
from models.planning.repository import PlanRepository
from models.planning.tables import PlanState
from qa_pipeline.values.vocabulary import Status

MOST_SCENARIOS: Final = 20
MOST_PROBLEMS: Final = 50
MUST: Final = listing.badge(Status.FAIL, "须改正")
MAY: Final = listing.badge(Status.WARN, "提醒")


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the screen draws."""

    detail: PlanDetail
    institution: str
    decisions: tuple[DecisionOut, ...]
    own: bool
    """Whether whoever looks submitted it."""
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
        own=service.is_own(session, asker, found),
        others=tuple(
            (other.code, other.name) for other, _ in rows
            if other.institution_id == found.institution_id and other.id != found.id
        ),
    )  # fmt: skip


async def plan(view: View, code: str, part: str = "") -> None:
    place = ui.element("div").classes("w-full")

    async def draw() -> None:
        shown = await view.ask(read, view.asker, code)
        place.clear()
        with place:
            _draw(view, shown, part, draw)

    await draw()


def _draw(view: View, shown: Shown, part: str, redraw: Redraw) -> None:
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
            ui.label(f"{detail.code} · {month} · 营业室合计应超出机构 {_rate(detail.buffer_rate)}").classes(
                "soft"
            )
        with ui.row().classes("items-center w-auto"):
            if _may_edit(view, detail):
                rename = ui.button(icon="edit", on_click=lambda: plan_drafts.change(view, detail, redraw))
                rename.props('flat dense aria-label="修改名称和缓冲"')
                if not shown.decisions:
                    discard = ui.button(icon="delete", on_click=lambda: plan_drafts.discard(view, detail))
                    discard.props('flat dense aria-label="删除草稿"')
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
            for each in sorted(problems, key=lambda each: not each.blocks)[:MOST_PROBLEMS]
        )
        ui.html(f'<ul class="checks" tabindex="0">{rows}</ul>', sanitize=False).classes("w-full")
        if len(problems) > MOST_PROBLEMS:
            ui.label(f"只列出前 {MOST_PROBLEMS} 处，改正后再看其余。").classes("soft")


def _may_edit(view: View, detail: PlanDetail) -> bool:
    return view.may(Permission.EDIT_MODEL) and detail.state is PlanState.DRAFT


def _tree(view: View, detail: PlanDetail, part: str, redraw: Redraw) -> None:
    across, every = headings(detail), lines(detail)
    rows = part_of(every, part)
    may_edit = _may_edit(view, detail)
    note = "点数值修改或分给下级；同级的“未分配”随之变化" if may_edit else _why_not(view, detail)
    with parts.section("目标树", note if every or not may_edit else ""):
        if may_edit:
            with ui.row().classes("no-print q-mb-sm"):
                top = ui.button("设定机构目标", icon="flag")
                top.on_click(lambda: plan_targets.set_top(view, detail, redraw))
                if every:
                    down = ui.button("逐级分解", icon="account_tree").props("outline")
                    down.on_click(lambda: plan_targets.spread(view, detail, across, redraw))
        if not every:
            parts.empty("规划中还没有任何目标：先设定机构目标，再分给下级。")
            return
        if len(rows) < len(every):
            kept = listing.link(f"{PATH}/{detail.code}", "回到上层") if part else Html("点名称看它的下级")
            shown_of = f"<span>共 {len(every)} 行，现列 {len(rows)} 行</span>"
            ui.html(f"{shown_of} &emsp; {kept}", sanitize=False).classes("soft more")
        of_id = {
            str(cell.id): Place(detail, line, next(each for each in across if each.code == code), cell)
            for line in every
            for code, cell in line.cells.items()
        }

        async def act(name: str, key: str) -> None:
            await (plan_targets.edit if name == "edit" else plan_targets.share)(view, of_id[key], redraw)

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
                on_action=act,
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
    whose = f"{line.scope.name} · {heading.name}"
    if line.is_unassigned:
        give = listing.action("share", str(cell.parent), "分配", subject=whose) if may_edit else ""
        return Html(f"<span>{value} {give}</span>")
    if may_edit:
        value = listing.action(
            "edit", str(cell.id), figure(cell.value, heading.unit), subject=f"修改目标：{whose}"
        )
    if cell.total is None or cell.verdict is None:
        down = line.scope.kind is not ScopeKind.PERSON and may_edit
        give = listing.action("share", str(cell.id), "分给下级", subject=whose) if down else ""
        return Html(
            f'<span>{value}<small class="sum">{give}</small></span>' if down else f"<span>{value}</span>"
        )
    total = figure(cell.total, heading.unit)
    return Html(
        f'<span>{value}<small class="sum"><span>下级合计 {total}</span> '
        f"{listing.badge(*cell.verdict)}</small></span>"
    )


def _approval(view: View, shown: Shown, redraw: Redraw) -> None:
    detail = shown.detail
    steps = [step for step in STEPS[detail.state] if view.may(step.permission)]
    with parts.section("审批", NAMES[detail.state]), ui.element("div").classes("stack"):
        if APPROVE in steps and shown.own:
            steps.remove(APPROVE)
            ui.label("您（或您建的密钥）提交的规划须由另一位有审批权限的人批准。").classes("soft")
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


def _steps(view: View, shown: Shown, steps: Sequence[Step], redraw: Redraw) -> None:
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
            with ui.row():
                ui.button(
                    "复制为另一方案", icon="content_copy", on_click=lambda: plan_drafts.copy(view, detail)
                ).props("outline")
                onward = ui.button("复制到其他月份", icon="event_repeat")
                onward.on_click(lambda: plan_drafts.copy_to_month(view, detail)).props("outline")


def _rate(value: Decimal) -> str:
    return f"{(value * 100).normalize():f}%"

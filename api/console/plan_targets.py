"""The targets of a draft: set at the top, changed, shared out to those below, spread over the whole tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller
from api.console import listing, parts
from api.console.calls import Answer, call
from api.console.dialogs import buttons, choice, deed, dialog, line, text_of
from api.console.frame import View
from api.console.plan_drafts import Redraw, number
from api.console.plan_tree import ASPECTS, Cell, Heading, Line, figure
from api.figures import plain
from api.indicators.repository import DefinitionRepository
from api.plans import service
from api.plans.schemas import PlanDetail, ShareOut, SharesOut
from models.base import ScopeKind
from models.indicators.catalogue import RATE_UNIT
from models.planning.basis import METHODS, Method
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status

BY_HAND: Final = ""
DEPTHS: Final = {
    ScopeKind.PERSON: "个人",
    ScopeKind.OFFICE: "营业室",
    ScopeKind.INSTITUTION: "机构",
}
USUAL: Final = ("regular_premium", "visits")
"""What nearly every plan sets targets for: offered first."""
BASES: Final = {
    Method.HEADCOUNT: "人",
    Method.TEAMS: "权重",
}
"""What the shares of a method are counted in; of the others the indicator's own unit."""


@dataclass(frozen=True, slots=True)
class Place:
    """One target that is to be changed: whose, of what."""

    detail: PlanDetail
    line: Line
    heading: Heading
    cell: Cell

    @property
    def named(self) -> str:
        return f"{self.line.scope.name} · {self.heading.name}"

    @property
    def path(self) -> str:
        return f"plans/{self.detail.code}/targets/{self.cell.id}"

    @property
    def may_have_below(self) -> bool:
        return self.line.scope.kind is not ScopeKind.PERSON


def amount(text: str) -> Decimal:
    """Raises InputError for what is no number."""
    return number(text, "1200000")


def indicators(session: Session, detail: PlanDetail) -> dict[str, Heading]:
    """What targets can be set for in the plan's month, by code: rates have no parts to give away."""
    rows = [row for row in DefinitionRepository(session).definitions() if row.valid_from <= detail.month]
    newest = {row.code: row for row in rows}
    found = [
        Heading(row.code, row.name, row.unit, row.aspect) for row in newest.values() if row.unit != RATE_UNIT
    ]

    def order(one: Heading) -> tuple[int, bool]:
        return list(ASPECTS).index(one.aspect), one.code not in USUAL

    return {one.code: one for one in sorted(found, key=order)}


async def set_top(view: View, detail: PlanDetail, redraw: Redraw) -> None:
    """The plan institution's own target of an indicator."""
    offered = await view.ask(indicators, detail)
    present = {node.indicator: node.value for node in detail.nodes if node.parent is None}
    if not offered:
        ui.notify("还没有登记任何指标：请先登记指标口径。", type="negative")
        return
    aspects = {offered[code].aspect for code in present if code in offered}
    first = next((one for one in offered.values() if one.aspect not in aspects), next(iter(offered.values())))
    with dialog("设定机构目标") as opened:
        words = {code: f"{one.name}（{one.unit}，{ASPECTS[one.aspect]}）" for code, one in offered.items()}
        which = choice("指标", words, first.code)
        box = line("目标", first=True, props="inputmode=decimal")
        ui.label("每份规划至少要有一个结果指标和一个过程指标。").classes("soft")

        def shown() -> None:
            value = present.get(which.value)
            box.value = "" if value is None else plain(value)

        which.on_value_change(shown)
        shown()

        async def do() -> Answer:
            body = {"indicator": which.value, "value": plain(amount(box.value or ""))}
            return await call(view, "PUT", f"plans/{detail.code}/targets", body, seen=detail)

        deed(opened, "保存", do, lambda _: redraw())


async def edit(view: View, place: Place, redraw: Redraw) -> None:
    """Another value, sent with what the reader saw, so that nobody's edit is lost."""
    heading, cell = place.heading, place.cell
    with dialog(f"修改目标：{place.named}") as opened:
        ui.label(f"现为 {figure(cell.value, heading.unit)} {heading.unit}").classes("soft")
        if cell.total is not None and cell.required is not None:
            total, required = figure(cell.total, heading.unit), figure(cell.required, heading.unit)
            with_buffer = cell.required > cell.value
            words = f"下级合计 {total}，含缓冲须 {required}" if with_buffer else f"下级合计 {total}"
            ui.label(words).classes("soft")
        box = line(f"新目标（{heading.unit}）", plain(cell.value), first=True, props="inputmode=decimal")

        async def do() -> Answer:
            return await call(view, "PUT", place.path, {"value": plain(amount(box.value))}, seen=place.detail)

        async def done(_: Any) -> None:
            told = figure(amount(box.value), heading.unit)
            ui.notify(f"目标已改为 {told}：{place.named}。", type="positive")
            await redraw()

        async def further() -> None:
            opened.close()
            await share(view, place, redraw)

        def remove() -> None:
            opened.close()
            _remove(view, place, redraw)

        with ui.row():
            if place.may_have_below:
                ui.button("分给下级", icon="account_tree", on_click=further).props("outline")
            ui.button("删除这个目标…", icon="delete", on_click=remove).props("flat")
        box.on("keydown.enter", deed(opened, "保存", do, done))


def _remove(view: View, place: Place, redraw: Redraw) -> None:
    with dialog(f"删除目标：{place.named}") as opened:
        ui.label("删除后它的数回到同级的“未分配”。")
        if place.cell.total is not None:
            ui.label("它下级的目标一并删除。")

        async def do() -> Answer:
            return await call(view, "DELETE", place.path, seen=place.detail)

        deed(opened, "删除", do, lambda _: redraw(), destroys=True)


# ---------------------------------------------------------------- sharing one target out


def read_shares(session: Session, asker: Caller, code: str, target: int, method: Method) -> SharesOut:
    return service.shares(session, asker, service.plan_of(session, asker, code), target, method)


async def share(view: View, place: Place, redraw: Redraw) -> None:
    """Give a target to those right below it: by a method, by hand, or by a method and then by hand."""

    async def of(method: Method) -> SharesOut:
        return await view.ask(read_shares, view.asker, place.detail.code, place.cell.id, method)

    try:
        members = await of(Method.EVEN)
    except InputError as error:
        ui.notify(str(error), type="negative")
        return
    heading = place.heading
    with dialog(f"分给下级：{place.named}", wide=True) as opened:
        unit = heading.unit
        own, needed = figure(members.target, unit), figure(members.required, unit)
        words = f"本级 {own} {unit}，下级合计含缓冲须 {needed} {unit}"
        if members.required == members.target:
            words = f"本级 {own} {unit}，下级合计不得少于它"
        ui.label(words).classes("soft")
        people = all(one.scope.kind is ScopeKind.PERSON for one in members.shares)
        methods = {key: word for key, word in METHODS.items() if not (people and key is Method.TEAMS)}
        begun = any(one.value is not None for one in members.shares)
        method = choice(
            "方法", {BY_HAND: "逐个填写", **methods}, BY_HAND if begun else Method.HISTORY_OR_MEAN
        )
        why_not = ui.label().classes("outdated").props("role=status")
        why_not.set_visibility(False)
        boxes: dict[tuple[ScopeKind, str], Any] = {}
        bases: dict[tuple[ScopeKind, str], ui.label] = {}
        with ui.element("div").classes("shares").props('role=group aria-label="下级目标"'):
            for one in members.shares:
                with ui.element("div"):
                    ui.label(one.scope.name)
                    bases[_key(one)] = ui.label(one.scope.code).classes("soft")
                box = ui.input(value="" if one.value is None else plain(one.value))
                parts.named(box.props("outlined dense inputmode=decimal"), f"下级目标 {one.scope.name}")
                boxes[_key(one)] = box
        left = ui.html("", sanitize=False).classes("w-full").props("aria-live=polite")

        def count() -> None:
            left.content = _balance([box.value for box in boxes.values()], members, heading)

        async def fill() -> None:
            if method.value == BY_HAND:
                return
            found = await of(Method(method.value))
            why_not.text = found.why_not or ""
            why_not.set_visibility(found.why_not is not None)
            for one in found.shares:
                bases[_key(one)].text = f"{one.scope.code}{_basis(one, Method(method.value), heading)}"
                if found.why_not is None and one.proposed is not None:
                    boxes[_key(one)].value = plain(one.proposed)

        for box in boxes.values():
            box.on_value_change(count)
        method.on_value_change(fill)
        await fill()
        count()

        async def do() -> Answer:
            body = {"values": _values(members.shares, boxes)}
            return await call(view, "POST", f"{place.path}/assign", body, seen=place.detail)

        deed(opened, "分给下级", do, lambda _: redraw())


def _key(one: ShareOut) -> tuple[ScopeKind, str]:
    return one.scope.kind, one.scope.code


def _basis(one: ShareOut, method: Method, heading: Heading) -> str:
    if method is Method.EVEN:
        return ""
    if one.weight is None:
        return " · 依据未知"
    unit = BASES.get(method)
    if unit:
        return f" · {one.weight:,.0f} {unit}"
    return f" · 每月 {figure(one.weight, heading.unit)} {heading.unit}"


def _balance(texts: Sequence[str], members: SharesOut, heading: Heading) -> str:
    """What has been given so far, and what that leaves."""
    try:
        given = sum((amount(text) for text in texts if text and text.strip()), Decimal(0))
    except InputError as error:
        return listing.badge(Status.FAIL, str(error))
    unit = heading.unit
    short = members.required - given
    if given < members.target:
        verdict = listing.badge(Status.FAIL, f"低于本级，还差 {figure(short, unit)}，留在“未分配”")
    elif short > 0:
        verdict = listing.badge(Status.WARN, f"缓冲不足，还差 {figure(short, unit)}，留在“未分配”")
    else:
        words = "已含缓冲" if members.required > members.target else "已分完"
        if short:
            words = f"已分够，多出 {figure(-short, unit)}"
        verdict = listing.badge(Status.PASS, words)
    total = f"合计 {figure(given, unit)} {unit}"
    return f'<span class="given"><span>{listing.escaped(total)}</span> {verdict}</span>'


def _values(shares: Sequence[ShareOut], boxes: dict[tuple[ScopeKind, str], Any]) -> list[dict[str, Any]]:
    """Raises InputError where nothing is given, or what there is was emptied."""
    emptied = [one.scope.name for one in shares if one.value is not None and not text_of(boxes[_key(one)])]
    if emptied:
        raise InputError(f"{'、'.join(emptied)}已有目标，不能留空：请填 0，或在目标树中删除它。")
    given = [(one, text_of(boxes[_key(one)])) for one in shares]
    values = [
        {"scope": {"kind": one.scope.kind, "code": one.scope.code}, "value": plain(amount(text))}
        for one, text in given
        if text
    ]
    if not values:
        raise InputError("还没有填写任何下级的目标：请选择方法，或逐个填写。")
    return values


# ---------------------------------------------------------------- spreading the whole tree


def spread(view: View, detail: PlanDetail, headings: Sequence[Heading], redraw: Redraw) -> None:
    """Break down all that has none below it, to a level."""
    with dialog("逐级分解") as opened:
        ui.label("还没有下级的目标逐级往下分；已经分好的不动。").classes("soft")
        method = choice("方法", dict(METHODS), Method.HISTORY_OR_MEAN)
        depth = choice("分到", dict(DEPTHS), ScopeKind.PERSON)
        names = {one.code: one.name for one in headings}
        which = choice("指标（不选为全部）", names, [], multiple=True)
        which.props("use-chips")

        async def do() -> Answer:
            body = {"method": method.value, "down_to": depth.value, "indicators": which.value}
            return await call(view, "POST", f"plans/{detail.code}/spread", body, seen=detail)

        client = ui.context.client

        async def done(body: Any) -> None:
            ui.notify(f"新增 {body['added']} 个目标。", type="positive")
            await redraw()
            if body["unknown"]:
                with client:  # what this dialog stood in is gone with what was drawn before
                    _left(body["added"], body["unknown"])

        deed(opened, "分解", do, done)


def _left(added: int, sentences: Sequence[str]) -> None:
    """What could not be broken down, and why."""
    with dialog("逐级分解的结果", wide=True) as opened:
        ui.label(f"新增 {added} 个目标；以下 {len(sentences)} 处数据不足，没有分解：")
        items = "".join(f"<li>{listing.escaped(sentence)}</li>" for sentence in sentences)
        ui.html(f'<ul class="problems" tabindex="0">{items}</ul>', sanitize=False).classes("w-full")
        with buttons():
            ui.button("知道了", on_click=opened.close)

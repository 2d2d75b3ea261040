"""Plans begun, copied, renamed and deleted while they are drafts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from decimal import Decimal
from string import ascii_uppercase
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.console import when, where
from api.console.calls import Answer, call
from api.console.dialogs import buttons, deed, dialog, home, line, text_of
from api.console.frame import View
from api.console.listing import escaped
from api.figures import plain
from api.organisation.service import today
from api.plans.repository import PlanListRepository
from api.plans.schemas import PlanDetail
from models.calendar.weeks import months_later
from qa_pipeline.errors import InputError

PATH: Final = "/plans"
STANDARD: Final = "空为公司参数，未设为 5"
Redraw = Callable[[], Awaitable[None]]


def free_code(session: Session, institution: str, month: str) -> str:
    """``350102-2026-12-B``: the first letter that no plan bears."""
    plans = PlanListRepository(session)
    codes = [f"{institution}-{month}-{letter}" for letter in ascii_uppercase]
    return next((code for code in codes if not plans.is_taken(code)), f"{institution}-{month}-")


def number(text: str, example: str) -> Decimal:
    """Raises InputError for what is no number."""
    try:
        value = Decimal(text.strip().replace(",", "").replace("，", ""))
    except ArithmeticError:
        value = Decimal("nan")
    if not value.is_finite():
        raise InputError(f"“{text.strip()}”不是数字：请写成 {example} 这样的形式。")
    return value


def _rate(box: Any) -> str | None:
    """A share from per cent; None for nothing."""
    given = text_of(box)
    return None if given is None else plain(number(given, "5") / 100)


def _month(month: date) -> Any:
    return when.field("月份", f"{month:%Y-%m}", kind=when.Kind.MONTH).classes("w-full")


async def create(view: View, offered: where.Offered, month: date) -> None:
    with dialog("新建规划") as opened:
        place = home("机构", offered, "" if offered.many else next(iter(offered.names), ""))
        of = _month(month)
        name = line("方案名称", f"{month.month} 月基准方案")
        code = line("方案代码")
        buffer = line("缓冲（%）", props=f'inputmode=decimal hint="{STANDARD}"')

        async def suggest() -> None:
            institution = await where.known(view, place)
            if institution and (wanted := when.known(of)):
                code.value = await view.ask(free_code, institution, wanted)

        place.on_value_change(suggest)
        of.on_value_change(suggest)
        await suggest()

        async def do() -> Answer:
            given = {
                "名称": text_of(name),
                "代码": text_of(code),
                "机构": await where.given(view, place),
                "月份": when.given(of),
            }
            _require(given)
            body = {
                "code": given["代码"],
                "name": given["名称"],
                "institution": given["机构"],
                "month": given["月份"],
                "buffer_rate": _rate(buffer),
            }
            return await call(view, "POST", "plans", body)

        deed(opened, "新建", do, _go)


def change(view: View, detail: PlanDetail, redraw: Redraw) -> None:
    with dialog("修改名称和缓冲") as opened:
        name = line("方案名称", detail.name, first=True)
        buffer = line("缓冲（%）", plain(detail.buffer_rate * 100), props="inputmode=decimal")
        ui.label("缓冲只在机构目标分到营业室时计一次；改变后，那里的“未分配”随之变化。").classes("soft")

        async def do() -> Answer:
            body = {"name": text_of(name), "buffer_rate": _rate(buffer)}
            return await call(view, "PATCH", f"plans/{detail.code}", body, seen=detail)

        deed(opened, "保存", do, lambda _: redraw())


def discard(view: View, detail: PlanDetail) -> None:
    with dialog("删除草稿") as opened:
        count = sum(not node.is_unassigned for node in detail.nodes)
        ui.label(f"“{detail.name}”及其 {count} 个目标一并删除，不能恢复。")

        async def do() -> Answer:
            return await call(view, "DELETE", f"plans/{detail.code}", seen=detail)

        back = f"{PATH}?month={detail.month:%Y-%m}"
        deed(opened, "删除", do, lambda _: ui.navigate.to(back), destroys=True)


async def copy(view: View, detail: PlanDetail) -> None:
    """Another scenario begins as a copy of this one."""
    month = f"{detail.month:%Y-%m}"
    suggested = await view.ask(free_code, detail.institution, month)
    with dialog("复制为另一方案") as opened:
        name = line("方案名称", f"{detail.month.month} 月对比方案", first=True)
        code = line("方案代码", suggested)

        async def do() -> Answer:
            return await _copied(view, detail, code, name, month)

        deed(opened, "复制", do, _go)


async def copy_to_month(view: View, detail: PlanDetail) -> None:
    """Another month's first plan begins as a copy of this one."""
    month = next_month(months_later(detail.month, 1), today())
    with dialog("复制到其他月份") as opened:
        ui.label("带入目标树和缓冲，不带审批；已离开原上级的对象不带入，其数留作“未分配”。").classes("soft")
        of = _month(month)
        name = line("方案名称")
        code = line("方案代码")

        async def suggest() -> None:
            if wanted := when.known(of):
                name.value = f"{int(wanted[5:])} 月基准方案"
                code.value = await view.ask(free_code, detail.institution, wanted)

        of.on_value_change(suggest)
        await suggest()

        async def do() -> Answer:
            return await _copied(view, detail, code, name, when.given(of))

        client = ui.context.client

        def done(body: Any) -> None:
            if body["left_out"]:
                with client:
                    _left_out(body)
            else:
                _go(body)

        deed(opened, "复制", do, done)


async def _copied(view: View, detail: PlanDetail, code: Any, name: Any, month: str | None) -> Answer:
    """Raises InputError where something was not filled in."""
    given = {"名称": text_of(name), "代码": text_of(code), "月份": month}
    _require(given)
    body = {"code": given["代码"], "name": given["名称"], "month": month}
    return await call(view, "POST", f"plans/{detail.code}/copies", body)


def _left_out(body: Mapping[str, Any]) -> None:
    """What the copy does not hold; then on to the copy."""
    with dialog("没有带入的目标", wide=True) as opened:
        opened.props("persistent")
        ui.label(f"规划已建立；以下 {len(body['left_out'])} 处没有带入，请在新规划中分配：")
        items = "".join(f"<li>{escaped(sentence)}</li>" for sentence in body["left_out"])
        ui.html(f'<ul class="problems" tabindex="0">{items}</ul>', sanitize=False).classes("w-full")
        with buttons():
            ui.button("打开新规划", on_click=lambda: _go(body))


def _go(body: Mapping[str, Any]) -> None:
    ui.navigate.to(f"{PATH}/{body['code']}")


def _require(given: Mapping[str, str | None]) -> None:
    """Raises InputError."""
    if lacking := [what for what, value in given.items() if not value]:
        raise InputError(f"请填写{'、'.join(lacking)}。")


def next_month(month: date, on: date) -> date:
    """The month that a new plan is most likely for: the one shown, unless that has begun."""
    return max(month, months_later(on, 1).replace(day=1))

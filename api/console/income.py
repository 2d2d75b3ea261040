"""Supervisors' income targets, and what the team must do for one: from yuan back to visits (R18, R28)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository, Named
from api.console import listing, parts, places, where
from api.console.calls import call
from api.console.frame import View, screen
from api.console.home import tile
from api.console.listing import Column, Field, Html
from api.console.places import Step
from api.fields import existing
from api.figures import plain
from api.organisation.service import today
from api.pages import sliced
from api.plans import income as routes
from api.plans import service
from api.plans.schemas import IncomeAnswer, IncomeLineOut, IncomeQuestion, IncomeTargetOut
from models.organisation.tables import Institution, Person
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/income"
TITLE: Final = "收入目标"
A_PAGE: Final = 60
INPUTS: Final = (
    ("income", "收入目标（元/月）"),
    ("own_fyc", "本人 FYC（元/月）"),
    ("recruiting_allowance", "招募津贴（元/月）"),
    ("bonus", "奖金（元/月）"),
)
ZERO: Final = frozenset({"recruiting_allowance", "bonus"})
"""What an income may well be without."""


@dataclass(frozen=True, slots=True)
class Way:
    """One step of the way back: its figure, what it is divided by, and the parameter that it asks for."""

    field: str
    name: str
    unit: str
    how: str
    parameter: str


TEAM: Final = (
    Way("team_fyc", "团队 FYC", "元", "（收入目标 − 本人 FYC − 招募津贴 − 奖金）÷ 管理津贴率", "管理津贴率"),
    Way("premium", "期缴保费", "元", "团队 FYC ÷ FYC率", "FYC率"),
    Way("customers", "成交客户", "户", "期缴保费 ÷ 客均保费", "客均保费"),
)
PLATFORM: Final = (
    Way("platform_customers", "由平台成交的客户", "户", "成交客户 × 平台成交份额", "平台成交份额"),
    Way("arrivals", "到场客户", "户", "平台成交客户 ÷ 平台转化率", "平台转化率"),
    Way("invitations", "邀约客户", "户", "到场客户 ÷ 到场率", "到场率"),
)
VISITS: Final = (
    Way("visit_customers", "由拜访成交的客户", "户", "其余的成交客户", "平台成交份额"),
    Way("visits", "拜访", "次", "拜访成交客户 ÷ 拜访成交率", "拜访成交率"),
)
KEPT_BY: Final[Mapping[str, str]] = {
    "职级": "人员的职级经历",
    "团队基础": "前三个月的团队 FYC 观测值",
    "市场系数": "营业室资料",
    "客均保费": "工具箱",
    "平台转化率": "工具箱",
}
"""Where a missing figure is kept; all others are parameters."""


@dataclass(frozen=True, slots=True)
class Supervisors:
    """Whose income targets the month has, in the place where the screen stands."""

    way: tuple[Step, ...]
    institutions: where.Offered
    lines: tuple[IncomeLineOut, ...]


@dataclass(frozen=True, slots=True)
class Supervisor:
    """One supervisor; the target and what it takes are None where none is set."""

    person: Named
    rank: str
    target: IncomeTargetOut | None
    answer: IncomeAnswer | None


def register() -> None:
    """Add the screens."""
    screen(PATH, title=TITLE, permission=Permission.READ_MODEL)(supervisors)
    screen(f"{PATH}/{{person}}", title=TITLE, permission=Permission.READ_MODEL)(supervisor)


def read(session: Session, asker: Caller, month: date, below: str, day: date) -> Supervisors:
    """Raises NotFound for a strange institution."""
    way = places.way_to(session, asker, below, on=day)
    found = routes.targets(session, asker, way[-1].code, month) if way else []
    return Supervisors(way, where.offered(session, asker, below), tuple(found))


def read_one(session: Session, asker: Caller, code: str, month: date) -> Supervisor:
    """Raises NotFound for a strange person, InputError for one who leads no office."""
    codes = CodeRepository(session, within=asker.within)
    key = existing(lambda given: codes.key(Person, given), code)
    institution, _ = service.led(session, asker, key, month)
    home = codes.codes(Institution, [institution])[institution]
    lines = routes.targets(session, asker, home, month)
    line = next((line for line in lines if line.person.code == code), None)
    rank, target = (line.rank, line.target) if line else (parts.UNKNOWN, None)
    if target is None:
        return Supervisor(codes.names(Person, [key])[key], rank, None, None)
    given = {name: getattr(target, name) for name, _ in INPUTS}
    answer = routes.calculate(session, asker, IncomeQuestion(person=code, month=month, **given))
    return Supervisor(answer.person, rank, target, answer)


async def supervisors(view: View, month: str = "", below: str = "", cursor: str = "") -> None:
    day = today()
    first = listing.month_of(month, today=day)
    found = await view.ask(read, view.asker, first, below, day)
    listing.months(PATH, first, below=below)
    kept = {"month": f"{first:%Y-%m}"}
    if found.way:
        places.crumbs(PATH, found.way, **kept)
    unset = sum(line.target is None for line in found.lines)
    note = f"{len(found.lines)} 名主管，都已设定"
    if unset:
        note = f"{len(found.lines)} 名主管，{unset} 名还没有设定"
    with parts.section(f"{first:%Y 年 %-m 月}主管的收入目标", note if found.lines else ""):
        listing.filters(PATH, [Field("below", "机构", below, found.institutions)], **kept)
        if not found.lines:
            parts.empty("这里本月没有主管：换一个机构或月份再看。")
            return
        ordered = sorted(found.lines, key=lambda line: (line.target is not None, line.person.code))
        rows, further = sliced(
            ordered, cursor or None, A_PAGE, lambda line: [line.target is not None, line.person.code]
        )
        listing.table(
            "主管的收入目标",
            [Column("主管"), Column("职级"), Column("设定"), Column("收入目标（元）", True),
             Column("团队基础（元）", True), Column("市场系数", True)],
            [_row(line, kept) for line in rows],
            dense=True,
        )  # fmt: skip
        listing.further(PATH, further, below=below, **kept)


def _row(line: IncomeLineOut, kept: dict[str, str]) -> list[object]:
    name = listing.link(f"{PATH}/{line.person.code}", line.person.name, **kept)
    person = listing.two_lines(name, line.person.code)
    target = line.target
    if target is None:
        dash = Html('<span class="soft">—</span>')
        return [person, line.rank, listing.badge(Status.WARN, "未设定"), dash, dash, dash]
    return [
        person,
        line.rank,
        listing.badge(Status.PASS, "已设定"),
        yuan(target.income),
        yuan(target.team_base),
        plain(target.market_factor),
    ]


def yuan(value: Decimal | None) -> str:
    return parts.UNKNOWN if value is None else f"{value:,.2f}"


async def supervisor(view: View, person: str, month: str = "") -> None:
    first = listing.month_of(month, today=today())
    found = await view.ask(read_one, view.asker, person, first)
    path = f"{PATH}/{person}"
    words = f"{first:%Y-%m} 收入目标"
    ui.html(
        f'<nav class="crumbs" aria-label="位置">{listing.link(PATH, words, month=f"{first:%Y-%m}")}'
        f'<span aria-hidden="true">›</span><span aria-current="page">{listing.escaped(found.person.name)}'
        "</span></nav>",
        sanitize=False,
    )
    listing.months(path, first)
    with ui.element("div").classes("columns income"):
        asked = ui.element("div")
        answered = ui.element("div").props("aria-live=polite")
    with asked:
        _form(view, found, first, answered)
    with answered:
        if found.answer is None:
            with parts.section("测算"):
                parts.empty("本月还没有设定收入目标：填写左边各项，点“测算”看团队要做到什么。")
        else:
            _answer(found.answer, found.rank)


def _form(view: View, found: Supervisor, month: date, answered: Any) -> None:
    stored = found.target is not None
    note = "已设定，可以重新测算" if stored else "本月还没有设定"
    with parts.section(f"{found.person.name}的收入目标", note), ui.element("div").classes("stack"):
        boxes = {}
        for name, words in INPUTS:
            value = plain(getattr(found.target, name)) if stored else "0" if name in ZERO else ""
            box = ui.input(words, value=value).props("outlined dense inputmode=decimal").classes("w-full")
            boxes[name] = box
        refused = ui.label().classes("negative").props("role=alert")

        def given() -> dict[str, str] | None:
            """The form as a request; None, and said so, where something is not filled in."""
            texts = {name: (box.value or "").strip().replace(",", "") for name, box in boxes.items()}
            empty = [words.split("（")[0] for name, words in INPUTS if not texts[name]]
            refused.text = f"请填写{'、'.join(empty)}；没有的填 0。" if empty else ""
            return None if empty else texts

        async def calculate() -> None:
            texts = given()
            if texts is None:
                return
            body = {"person": found.person.code, "month": f"{month:%Y-%m}", **texts}
            answer = await call(view, "POST", "income-targets/calculation", body)
            refused.text = answer.refusal
            if answer.ok:
                answered.clear()
                with answered:
                    _answer(IncomeAnswer.model_validate(answer.body), found.rank)

        async def store() -> None:
            texts = given()
            if texts is None:
                return
            answer = await call(view, "PUT", f"income-targets/{found.person.code}/{month:%Y-%m}", texts)
            refused.text = answer.refusal
            if answer.ok:
                ui.notify(f"{found.person.name} {month:%Y-%m} 的收入目标已设定。", type="positive")
                await calculate()

        for box in boxes.values():
            box.on("keydown.enter", calculate)
        with ui.row():
            ui.button("测算", on_click=calculate)
            if view.may(Permission.EDIT_MODEL):
                ui.button("设为目标", on_click=store).props("outline")


def _answer(answer: IncomeAnswer, rank: str) -> None:
    missing = [*answer.missing, *answer.path.missing]
    with parts.section("三因素", "职级、团队基础、市场"), ui.element("div").classes("tiles"):
        tile("职级", rank, f"管理津贴率 {listing.percent(answer.allowance_rate)}")
        tile("团队基础", yuan(answer.team_base), "前三个月团队 FYC 月均，元")
        market = parts.UNKNOWN if answer.market_factor is None else plain(answer.market_factor)
        tile("市场系数", market)
        tile("按现有团队可得", yuan(answer.expected), "元/月")
    with parts.section("要做到什么", "从收入目标反推到每月的活动量"):
        if missing:
            _missing(missing)
        _steps("团队", TEAM, answer)
        with ui.element("div").classes("columns even"):
            _steps("平台这条路", PLATFORM, answer)
            _steps("拜访这条路", VISITS, answer)


def _missing(names: Sequence[str]) -> None:
    """Every unknown parameter by its name, and where it is kept: nothing is guessed."""
    rows = "".join(
        f"<li>{listing.badge(Status.UNKNOWN, f'缺{name}')}"
        f"<span>在{KEPT_BY.get(name, '参数表')}中补齐后才能算出。</span></li>"
        for name in dict.fromkeys(names)
    )
    ui.html(f'<ul class="checks" aria-label="缺少的参数">{rows}</ul>', sanitize=False).classes("w-full")


def _steps(title: str, ways: Sequence[Way], answer: IncomeAnswer) -> None:
    listing.table(
        title,
        [Column(title), Column("每月", figures=True)],
        [[listing.two_lines(way.name, way.how), _figure(way, answer)] for way in ways],
    )


def _figure(way: Way, answer: IncomeAnswer) -> Html:
    value: Decimal | None = getattr(answer.path, way.field)
    if value is not None:
        words = yuan(value) if way.unit == "元" else f"{value:,.0f}"
        return Html(f"<span><strong>{words}</strong> {way.unit}</span>")
    why = f"缺{way.parameter}" if way.parameter in answer.path.missing else "前一步未知"
    return listing.two_lines(listing.badge(Status.UNKNOWN, parts.UNKNOWN), why)

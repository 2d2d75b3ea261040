"""Customers by value and temperature: four quadrants with their strategy, and who is in them (R29)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any, Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository, ScopeOut
from api.console import listing, parts, places
from api.console.compliance import BLUE, GREEN, GREY
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.console.places import Step
from api.customers import service
from api.customers.repository import CustomerListRepository
from api.customers.schemas import CustomerOut
from api.organisation.service import today
from api.pages import page
from models.base import ScopeKind, Subtree
from models.calendar.weeks import business_week, business_weeks, month_start, months_later
from models.customers.parameters import CustomerParameters
from models.customers.quadrant import STRATEGIES, Matrix, Movement, Quadrant, quadrant
from models.customers.repository import CustomerRepository
from models.customers.tables import CustomerSource
from models.customers.temperature import TemperatureLevel
from models.indicators.standing_repository import LEAF_LEVEL
from models.navigator.conditions import QUADRANT_NAMES
from qa_pipeline.errors import InputError
from qa_pipeline.values.written import points

PATH: Final = "/customers"
LISTED: Final = "customers"
"""The place of the list, far below the top of a phone: whoever narrows it or turns its page is led there."""
A_PAGE: Final = 20
MOST_POINTS: Final = 2000
"""Dots that the eye still tells apart; of more customers the chart shows a sample of about so many, and says
so."""
WORDS: Final = {
    Quadrant.HH: "高价值 · 高温度",
    Quadrant.HL: "高价值 · 低温度",
    Quadrant.LH: "低价值 · 高温度",
    Quadrant.LL: "低价值 · 低温度",
}
MARKS: Final = {
    Quadrant.HH: ("circle", GREEN),
    Quadrant.HL: ("diamond", "#d08a2e"),
    Quadrant.LH: ("triangle", BLUE),
    Quadrant.LL: ("rect", GREY),
}
"""Shape and colour of the dots: neither alone tells the quadrant."""
SOURCES: Final = {
    CustomerSource.WARM: "缘故",
    CustomerSource.REFERRAL: "转介绍",
    CustomerSource.EVENT: "活动",
    CustomerSource.OTHER: "其他",
}
LEVELS: Final = {
    TemperatureLevel.HIGH: "高",
    TemperatureLevel.MEDIUM: "中",
    TemperatureLevel.LOW: "低",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to."""

    agent: str | None
    quadrant: Quadrant | None
    not_inventoried_since: date | None
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the screen draws."""

    way: tuple[Step, ...]
    parameters: CustomerParameters
    matrix: Matrix
    movement: Movement
    points: dict[Quadrant, list[tuple[float, float]]]
    """(temperature, value) of customers whose quadrant is known: all, or about `MOST_POINTS`."""
    parts: tuple[tuple[ScopeOut, Matrix], ...]
    """Of the institutions, or a level-4 institution's offices, right below."""
    customers: tuple[CustomerOut, ...]
    """Their names are masked."""
    further: str | None


def register() -> None:
    """Add the screen."""
    screen(PATH, title="客户", permission=Permission.READ_MODEL)(customers)


def read(session: Session, asker: Caller, below: str, week: date, before: date, wanted: Filter) -> Shown:
    """Raises NotFound for an institution that the asker does not see."""
    way = places.way_to(session, asker, below, on=week)
    if not way:
        raise InputError("还没有可以查看的机构：请先导入组织架构。")
    path = CodeRepository(session, within=asker.within).path(way[-1].code)
    parameters = service.parameters_of(session, asker, path, week)
    repository = CustomerRepository(session, within=Subtree(path))
    whole, below_it = _movement(session, repository, way[-1], before, week, parameters)
    matrix = whole.later()
    points: dict[Quadrant, list[tuple[float, float]]] = defaultdict(list)
    for warmth, value in repository.sample(week, one_in=max(1, ceil(matrix.known / MOST_POINTS))):
        if place := quadrant(value, warmth, parameters=parameters):
            points[place].append((float(warmth), float(value)))
    found, further = _list(session, asker, path, week, parameters, wanted)
    return Shown(
        way=way,
        parameters=parameters,
        matrix=matrix,
        movement=whole,
        points=points,
        parts=below_it,
        customers=found,
        further=further,
    )


def _movement(
    session: Session,
    repository: CustomerRepository,
    node: Step,
    before: date,
    week: date,
    parameters: CustomerParameters,
) -> tuple[Movement, tuple[tuple[ScopeOut, Matrix], ...]]:
    """Of the node itself, and where the customers of what lies right below it are in the later week."""
    moved = repository.movement(before, week, by=ScopeKind.INSTITUTION, parameters=parameters)
    shown = CodeRepository(session).shown(moved)
    whole = next((each for scope, each in moved.items() if shown[scope].code == node.code), Movement({}))
    found = {scope: each.later() for scope, each in moved.items()}
    if node.level == LEAF_LEVEL:
        found = repository.quadrants(week, by=ScopeKind.OFFICE, parameters=parameters)
        shown = CodeRepository(session).shown(found)
        direct = set(found)
    else:
        children = places.children_of(session, repository.within, node, on=week)
        direct = {scope for scope in found if shown[scope].code in children}
    rows = [(shown[scope], found[scope]) for scope in direct]
    return whole, tuple(sorted(rows, key=lambda row: row[0].code))


def _list(
    session: Session, asker: Caller, path: str, week: date, parameters: CustomerParameters, wanted: Filter
) -> tuple[tuple[CustomerOut, ...], str | None]:
    rows = CustomerListRepository(session, within=asker.within).customers(
        below=path,
        on=today(),
        week_ends=week,
        parameters=parameters,
        agent=wanted.agent,
        quadrant=wanted.quadrant,
        source=None,
        search=None,
        not_inventoried_since=wanted.not_inventoried_since,
        cursor=wanted.cursor,
        limit=A_PAGE,
    )
    shown, further = page(rows, A_PAGE, lambda row: [row[0].code])
    found = (service.line(*row, week_ends=week, parameters=parameters, full=False) for row in shown)
    return tuple(found), further


def ended_weeks(day: date) -> list[date]:
    """Last days of the business weeks of three months that have ended, the newest first."""
    months = [months_later(day.replace(day=1), -back) for back in range(4)]
    lasts = [week.last for month in months for week in business_weeks(month.year, month.month)]
    return sorted((last for last in lasts if last <= day), reverse=True)


async def customers(
    view: View,
    below: str = "",
    week: str = "",
    quadrant: str = "",
    agent: str = "",
    inventory: str = "",
    cursor: str = "",
) -> None:
    day = today()
    weeks = ended_weeks(day)
    ends = next((one for one in weeks[:-1] if week in ("", f"{one}")), None)
    if ends is None:
        raise InputError(f"“{week}”不是近三个月内已结束的经营周：请从列表中选择。")
    if quadrant and quadrant not in list(Quadrant):
        raise InputError(f"没有象限“{quadrant}”：请从列表中选择。")
    since = {"week": business_week(day).first, "month": month_start(day)}
    if inventory and inventory not in since:
        raise InputError(f"没有盘点条件“{inventory}”：请从列表中选择。")
    place = Quadrant(quadrant) if quadrant else None
    wanted = Filter(agent.strip() or None, place, since.get(inventory), cursor or None)
    before = weeks[weeks.index(ends) + 1]
    shown = await view.ask(read, view.asker, below, ends, before, wanted)
    kept = {"week": week, "below": below, "quadrant": quadrant, "agent": agent, "inventory": inventory}
    options = {f"{one}": f"至 {one}" for one in weeks[:-1]}
    listing.filters(PATH, [Field("week", "经营周", f"{ends}", options=options)], below=below)
    places.crumbs(PATH, shown.way, week=week)
    _quadrants(shown, kept)
    with ui.element("div").classes("columns even"):
        _scatter(shown)
        _below(shown, week)
    _customers(shown, kept, since)


def _quadrants(shown: Shown, kept: dict[str, str]) -> None:
    """One tile a quadrant with its strategy; it narrows the list."""
    matrix, cards = shown.matrix, []
    for place, strategy in STRATEGIES.items():
        count = matrix.counts.get(place, 0)
        share = Decimal(count) / matrix.known if matrix.known else None
        known = "占比未知" if share is None else f"占象限已知的 {listing.percent(share)}"
        chosen = kept["quadrant"] == place
        wanted = "" if chosen else place.value
        address = listing.address(PATH, place=LISTED if wanted else "", **{**kept, "quadrant": wanted})
        here = ' aria-current="true"' if chosen else ""
        cards.append(
            f'<a class="tile board" href="{listing.escaped(address)}"{here}>'
            f'<span class="name">{WORDS[place]}（{place}）</span>'
            f'<span class="figure">{count:,} 位</span>'
            f'<span class="soft">{known}</span>'
            f"<span><b>{strategy.name}</b> · <span>{strategy.means}</span></span></a>"
        )
    ui.html(f'<nav class="tiles boards" aria-label="四象限">{"".join(cards)}</nav>', sanitize=False).classes(
        "w-full"
    )
    moved = shown.movement
    facts = (
        f"客户质量（高价值占比）{listing.percent(matrix.quality)}；较上一经营周升温 {moved.warmed():,} 位、"
        f"降温 {moved.cooled():,} 位，象限不变 {moved.stayed():,} 位。"
    )
    if matrix.unknown:
        facts += f"另有 {matrix.unknown:,} 位缺价值或温度，象限未知。"
    ui.label(facts).classes("soft")


def _scatter(shown: Shown) -> None:
    value, warmth = shown.parameters.value_limit, shown.parameters.temperature_limit
    drawn = sum(map(len, shown.points.values()))
    note = f"分界：价值 {value:.0f}、温度 {warmth:.0f}"
    if shown.matrix.known > drawn:
        note = f"分界：价值 {value:.0f}、温度 {warmth:.0f}；图中为其中 {drawn:,} 位"
    with parts.section("价值 × 温度", note):
        if not drawn:
            parts.empty("这一周还没有客户的价值和温度：请先生成当周的客户快照，或换一周。")
            return
        counts = shown.matrix.counts
        told = "，".join(f"{name} {counts.get(place, 0)} 位" for place, name in QUADRANT_NAMES.items())
        ui.echart(_chart(shown.points, float(value), float(warmth))).classes("scatter").props(
            f'role=img aria-label="价值与温度散点图：{told}"'
        )


def _chart(points: dict[Quadrant, list[tuple[float, float]]], value: float, warmth: float) -> dict[str, Any]:
    def axis(name: str) -> dict[str, Any]:
        return {
            "type": "value", "name": name, "min": 0, "max": 100, "nameTextStyle": {"color": GREY},
            "nameLocation": "middle", "nameGap": 28, "axisLabel": {"color": GREY},
            "splitLine": {"show": False}, "axisLine": {"show": True, "lineStyle": {"color": GREY}},
        }  # fmt: skip

    series: list[dict[str, Any]] = [
        {
            "type": "scatter", "name": f"{WORDS[place]}", "symbol": MARKS[place][0], "symbolSize": 5,
            "itemStyle": {"color": MARKS[place][1], "opacity": 0.55}, "data": points.get(place, []),
        }
        for place in Quadrant
    ]  # fmt: skip
    series[0]["markLine"] = {
        "silent": True, "symbol": "none", "label": {"color": GREY, "formatter": "{c}"},
        "lineStyle": {"color": GREY, "type": "dashed", "width": 1.5},
        "data": [{"xAxis": warmth}, {"yAxis": value}],
    }  # fmt: skip
    return {
        "animation": False,
        "grid": {"left": 48, "right": 28, "top": 20, "bottom": 104},
        "legend": {"bottom": 0, "textStyle": {"color": GREY}, "itemWidth": 12, "itemGap": 22},
        "tooltip": {"trigger": "item", "formatter": "{a}<br>温度，价值：{c}"},
        "xAxis": axis("温度"),
        "yAxis": axis("价值"),
        "series": series,
    }


def _below(shown: Shown, week: str) -> None:
    offices = shown.way[-1].level == LEAF_LEVEL
    with parts.section("各营业室" if offices else "下级机构", "" if offices else "点机构名看它的下一级"):
        if not shown.parts:
            parts.empty("下面没有客户。")
            return
        listing.table(
            "各单位的四象限",
            [
                Column("名称"),
                *(Column(place.value, figures=True) for place in Quadrant),
                Column("象限未知", figures=True),
                Column("客户质量", figures=True),
            ],
            [
                [
                    scope.name if offices else listing.link(PATH, scope.name, week=week, below=scope.code),
                    *(f"{matrix.counts.get(place, 0):,}" for place in Quadrant),
                    f"{matrix.unknown:,}",
                    listing.percent(matrix.quality),
                ]
                for scope, matrix in shown.parts
            ],
            dense=True,
        )


def _customers(shown: Shown, kept: dict[str, str], since: dict[str, date]) -> None:
    with parts.section("客户名单", "姓名已隐去，按客户代码排列", place=LISTED):
        options = {"": "全部", **{place.value: f"{WORDS[place]}" for place in Quadrant}}
        inventory = {
            "": "全部",
            "week": f"{since['week']:%m-%d} 起（本经营周）没有盘点",
            "month": f"{since['month']:%m-%d} 起（本月）没有盘点",
        }
        fields = [
            Field("quadrant", "象限", kept["quadrant"], options=options),
            Field("inventory", "客户盘点", kept["inventory"], options=inventory),
            Field("agent", "服务人员工号", kept["agent"]),
        ]
        listing.filters(PATH, fields, place=LISTED, week=kept["week"], below=kept["below"])
        if not shown.customers:
            parts.empty("没有符合条件的客户：请换一个象限或盘点条件，或核对工号。")
            return
        listing.table(
            "客户名单",
            [
                Column("客户"),
                Column("服务人员"),
                Column("来源"),
                *(Column(words, figures=True) for words in ("价值", "温度", "潜力")),
                Column("象限"),
                Column("策略"),
            ],
            [_line(one) for one in shown.customers],
            dense=True,
        )
        listing.further(PATH, shown.further, place=LISTED, **kept)


def _line(one: CustomerOut) -> list[object]:
    week = one.week
    level = f" · {LEVELS[week.level]}" if week.level else ""
    return [
        Html(f"{listing.escaped(one.name)}<small>{listing.escaped(one.code)}</small>"),
        one.agent,
        SOURCES[one.source],
        points(week.value),
        f"{points(week.temperature)}{level}",
        points(week.potential),
        WORDS[week.quadrant] if week.quadrant else "象限未知",
        STRATEGIES[week.quadrant].name if week.quadrant else "",
    ]

"""The ranking board: 期缴保费, U人力 and CT down to the agent, and how far each is from what (R15)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.codes import CodeRepository, ScopeRef
from api.console import listing, parts, places
from api.console.frame import View, screen
from api.console.listing import Column, Html
from api.console.places import Step
from api.indicators import service
from api.indicators.schemas import AnomalyOut, DefinitionOut, PlaceOut, RankingOut
from api.organisation.service import today
from models.base import Scope, ScopeKind
from models.calendar.weeks import month_end
from models.indicators.catalogue import RATE_UNIT
from models.indicators.rates import achievement, is_ct
from models.indicators.repository import IndicatorRepository
from models.indicators.standing_repository import LEAF_LEVEL
from models.organisation.repository import InstitutionRepository
from models.planning.repository import PlanRepository
from qa_pipeline.errors import InputError
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/indicators"
PREMIUM, U, CT = "regular_premium", "u_headcount", "ct_attained"
BOARDS: Final = {PREMIUM: "期缴保费", U: "U 人力", CT: "CT"}
IN_PLACE_OF: Final = {(CT, LEAF_LEVEL): "ct_progress", (U, LEAF_LEVEL + 1): "fyc"}
"""(board, level of the node) -> what its parts are ranked by where the board's own value is only 1 or 0."""
NOTES: Final = {
    "ct_progress": "营业室按 CT 进度排，达到 100% 即达 CT",
    "fyc": "人员按当月 FYC 排，达到绩优标准即为 U 人力",
}
OF_TARGET: Final = ("目标", "达成率", "时间进度", "距目标")
LARGE: Final = 100_000
"""Yuan from which sums are told in 万元."""
MINUS: Final = "−"


@dataclass(frozen=True, slots=True)
class Unit:
    """How a value is written: divided, in a form, in words."""

    words: str
    divisor: int
    form: str


@dataclass(frozen=True, slots=True)
class Head:
    """A board's own figure of the node; None: not known, or no target approved."""

    code: str
    definition: DefinitionOut
    value: Decimal | None
    as_of: date | None
    target: Decimal | None


@dataclass(frozen=True, slots=True)
class Board:
    """All that the screen draws."""

    way: tuple[Step, ...]
    heads: tuple[Head, ...]
    ranking: RankingOut | None
    """None: the board goes no further down."""
    anomalies: tuple[AnomalyOut, ...] | None
    """Of a level-4 institution's offices, on the CT board."""


def register() -> None:
    """Add the screen."""
    screen(PATH, title="指标", permission=Permission.READ_MODEL)(indicators)


def read(session: Session, asker: Caller, code: str, below: str, office: str, day: date) -> Board:
    """Raises NotFound for an institution or office that the asker does not see."""
    if office:
        last, home = places.office_step(session, asker, office)
        way = (*places.way_to(session, asker, home, on=day), last)
    else:
        way = places.way_to(session, asker, below, on=day)
    if not way:
        raise InputError("还没有可以排行的机构：请先导入组织架构。")
    node = way[-1]
    ref = ScopeRef(kind=ScopeKind.OFFICE if office else ScopeKind.INSTITUTION, code=node.code)
    scope = CodeRepository(session, within=asker.within).scopes([ref])[ref]
    ranked_by = IN_PLACE_OF.get((code, node.level), code)
    at_the_end = code == CT and bool(office)
    anomalies = None
    if code == CT and node.level == LEAF_LEVEL:
        institution = InstitutionRepository(session, within=asker.within).get(node.code)
        anomalies = tuple(service.anomalies(session, asker, institution, day))
    return Board(
        way=way,
        heads=_heads(session, asker, scope, day),
        ranking=None if at_the_end else service.ranking(session, asker, ref, ranked_by, day, None),
        anomalies=anomalies,
    )


def _heads(session: Session, asker: Caller, scope: Scope, day: date) -> tuple[Head, ...]:
    repository = IndicatorRepository(session, within=asker.within)
    versions, values = repository.versions(BOARDS), repository.latest([scope], list(BOARDS), day)
    plans = PlanRepository(session, within=asker.within)
    heads = []
    for code in BOARDS:
        found = values.get((scope, code))
        heads.append(
            Head(
                code,
                service.definition(versions.on(code, day)),
                found.value if found else None,
                found.as_of if found else None,
                plans.approved_values([scope], code, day).get(scope),
            )
        )
    return tuple(heads)


async def indicators(
    view: View, code: str = PREMIUM, below: str = "", office: str = "", month: str = ""
) -> None:
    if code not in BOARDS:
        raise InputError(f"没有指标看板“{code}”：请从{'、'.join(BOARDS.values())}中选择。")
    now = today()
    first = listing.month_of(month, today=now)
    day = min(now, month_end(first)) if first <= now else month_end(first)
    board = await view.ask(read, view.asker, code, below, office, day)
    kept = {"month": month, "code": code}
    listing.months(PATH, first, code=code, below=below, office=office)
    places.crumbs(PATH, board.way, **kept)
    _heads_row(board, code, month)
    if board.ranking is None:
        with parts.section("排行"):
            parts.empty("CT 按营业室评定，营业室之下没有排行：请看期缴保费或 U 人力。")
    else:
        _ranking(board.ranking, board.way[-1], kept, name=BOARDS[code])
    if board.anomalies is not None:
        _anomalies(board.anomalies)


def _heads_row(board: Board, current: str, month: str) -> None:
    """The three boards as tiles; each leads to its ranking."""
    node = board.way[-1]
    cards = []
    for head in board.heads:
        address = listing.address(PATH, code=head.code, month=month, **node.query)
        unit = unit_of(head.definition, (head.value, head.target))
        rate = achievement(head.value, head.target)
        told = (
            "没有已批准的目标"
            if head.target is None
            else f"目标 {amount(head.target, unit)}，达成 {listing.percent(rate)}"
        )
        if head.as_of is not None:
            told += f" · 截至 {head.as_of:%m-%d}"
        here = ' aria-current="page"' if head.code == current else ""
        cards.append(
            f'<a class="tile board" href="{listing.escaped(address)}"{here}>'
            f'<span class="name">{BOARDS[head.code]}（{unit.words}）</span>'
            f'<span class="figure">{amount(head.value, unit)}</span><span class="soft">{told}</span></a>'
        )
    ui.html(
        f'<nav class="tiles boards" aria-label="指标看板">{"".join(cards)}</nav>', sanitize=False
    ).classes("w-full")


def _ranking(ranking: RankingOut, node: Step, kept: dict[str, str], *, name: str) -> None:
    definition = ranking.indicator
    unit = unit_of(definition, (figure for one in ranking.places for figure in (one.value, one.target)))
    title = f"{node.name}下级的{definition.name if definition.code in NOTES else name}"
    note = NOTES.get(definition.code, "点名称看它的下一级" if ranking.places else "")
    with parts.section("排行", note):
        if not ranking.places:
            parts.empty("当月没有可以排行的下级：请换一个月份，或返回上一级。")
            return
        ui.label(f"口径：{definition.formula}").classes("soft")
        known = f"{ranking.unknown} 个没有数据，不参加排名" if ranking.unknown else "全部有数据"
        told = [f"单位 {unit.words}", f"平均 {amount(ranking.average, unit)}", known]
        if ranking.unknown < len(ranking.places):
            told.append(observed(ranking))
        ui.label(" · ".join(told)).classes("soft")
        rows = [_cells(place, definition, unit, kept) for place in ranking.places]
        if not any(place.target is not None for place in ranking.places):
            rows = [[pair for pair in row if pair[0].title not in OF_TARGET] for row in rows]
        columns = [column for column, _ in rows[0]]
        listing.table(title, columns, [[cell for _, cell in row] for row in rows], dense=True)
        _reading(ranking)


def _reading(ranking: RankingOut) -> None:
    """How to read the table."""
    sentences = ["差距为负表示落后。"]
    if ranking.indicator.unit == RATE_UNIT:
        sentences.append("差距的单位为百分点。")
    if any(place.target is not None for place in ranking.places):
        sentences.append("目标取自已批准的规划，没有的为未知；时间进度为达成率与其截至日已过工作日占比之差。")
    else:
        sentences.append("这些对象当月没有已批准的目标，距目标和达成率未知。")
    ui.label("".join(sentences)).classes("soft")


def _cells(
    place: PlaceOut, definition: DefinitionOut, unit: Unit, kept: dict[str, str]
) -> list[tuple[Column, object]]:
    as_of = None if place.as_of is None else f"{place.as_of:%m-%d}"
    cells: list[tuple[Column, object]] = [
        (Column("名次与名称"), _name(place, kept)),
        (Column(definition.name, figures=True), amount(place.value, unit)),
        (Column("目标", figures=True), amount(place.target, unit)),
        (Column("达成率", figures=True), listing.percent(place.achievement)),
        (Column("时间进度"), _pace(place.progress_difference)),
        (Column("距目标", figures=True), gap(place.gap_to_target, unit)),
        (Column("距平均", figures=True), gap(place.gap_to_average, unit)),
        (Column("距第一", figures=True), gap(place.gap_to_first, unit)),
        (Column("截至", figures=True), as_of),
    ]
    if definition.code == "ct_progress":
        cells.insert(2, (Column("判定"), _ct(place.value)))
    return cells


def _name(place: PlaceOut, kept: dict[str, str]) -> Html:
    number = "未排名" if place.place is None else str(place.place)
    scope = place.scope
    name = listing.escaped(scope.name)
    ends_here = scope.kind is ScopeKind.PERSON or (scope.kind is ScopeKind.OFFICE and kept["code"] == CT)
    if not ends_here:
        name = listing.link(
            PATH, name, **kept, **{"office" if scope.kind is ScopeKind.OFFICE else "below": scope.code}
        )
    return Html(
        f'<span class="ranked"><span class="place">{number}</span>'
        f"{listing.two_lines(name, scope.code)}</span>"
    )


def _ct(progress: Decimal | None) -> Html:
    reached = is_ct(progress)
    if reached is None:
        return listing.badge(Status.UNKNOWN)
    return listing.badge(Status.PASS, "达 CT") if reached else listing.badge(Status.WARN, "未达")


def _pace(difference: Decimal | None) -> Html:
    """Achievement against the share of the month's working days that was over when the value was taken."""
    if difference is None:
        return listing.badge(Status.UNKNOWN, parts.UNKNOWN)
    size = f"{abs(difference) * 100:.1f} 个百分点"
    if difference >= 0:
        return listing.badge(Status.PASS, f"快 {size}", "trending_up")
    return listing.badge(Status.WARN, f"慢 {size}", "trending_down")


def _anomalies(found: tuple[AnomalyOut, ...]) -> None:
    with parts.section("CT 率持续偏低的营业室", "滚动 CT 率连续低于本机构平均，附可能原因"):
        if not found:
            parts.empty("没有持续偏低的营业室。")
        for one in found:
            with ui.element("div").classes("finding"):
                ui.label(one.office.name).classes("text-weight-medium")
                for cause in one.causes:
                    ui.label(f"{cause.sentence}{cause.advice}")
                if one.unknown:
                    ui.label(f"无法判断：{'；'.join(one.unknown)}").classes("soft")


def observed(found: RankingOut) -> str:
    """Of which days the known values are: seldom of the day up to which somebody looks."""
    days = sorted({place.as_of for place in found.places if place.as_of is not None})
    if len(days) == 1:
        return f"截至 {days[0]:%m-%d}"
    return f"各自截至 {days[0]:%m-%d} 至 {days[-1]:%m-%d}"


def unit_of(definition: DefinitionOut, values: Iterable[Decimal | None]) -> Unit:
    """One unit for all the values of a column; small sums stay in yuan."""
    if definition.unit == RATE_UNIT:
        return Unit("%", 1, ".1%")
    if definition.unit != "元":
        return Unit(definition.unit, 1, ",.1f")
    largest = max((abs(value) for value in values if value is not None), default=0)
    return Unit("万元", 10_000, ",.2f") if largest >= LARGE else Unit("元", 1, ",.0f")


def amount(value: Decimal | None, unit: Unit) -> str:
    """Unknown stays unknown."""
    return parts.UNKNOWN if value is None else f"{value / unit.divisor:{unit.form}}".removesuffix(".0")


def gap(value: Decimal | None, unit: Unit) -> Html:
    """A gap with its sign, in a colour too when behind."""
    if value is None:
        return Html(parts.UNKNOWN)
    words = amount(abs(value), unit).removesuffix("%")
    if not any(digit in words for digit in "123456789"):
        return Html(f'<span class="soft">{words}</span>')
    return Html(f'<span class="negative">{MINUS}{words}</span>' if value < 0 else f"+{words}")

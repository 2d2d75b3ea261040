"""How far the machine and the reviewers agree, and how the meetings are drawn from which that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import calibration, listing, parts, when, where
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.console.sound import ITEM_STATUS
from api.fields import in_order
from api.organisation.service import subtree_of, today
from api.reviews import service
from api.reviews.endpoints import QUEUE_DAYS
from api.reviews.repository import CorrectionRepository
from api.reviews.schemas import AgreementOut
from qa_pipeline.names import VERDICTS
from qa_pipeline.rubric.loader import SHIPPED, load_rubric
from qa_pipeline.values.vocabulary import Status, Verdict

PATH: Final = "/agreement"
FEW: Final = 20
"""Below so many reviews a kappa says little: its standard error is about 0.2."""
GRADES: Final = (
    (Decimal("0.8"), Status.PASS, "很一致"),
    (Decimal("0.6"), Status.PASS, "较一致"),
    (Decimal("0.4"), Status.WARN, "中等"),
    (Decimal(-1), Status.FAIL, "不一致"),
)
"""Lower bounds of kappa. Source: Landis and Koch, The measurement of observer agreement, 1977."""
DRAWN: Final = {"": "全部复核过的", "sampled": "只看抽检的"}
SAMPLING: Final = (
    f"取会议编号的 SHA-256 前 8 位十六进制数，模 100 小于 {service.SAMPLE} 的抽检，约占 {service.SAMPLE}%。"
    "同一场会议抽不抽中永远不变，谁都能验证，谁也不能挑选。"
)


@dataclass(frozen=True, slots=True)
class Agreed:
    """The figures, and the institutions to choose from."""

    found: AgreementOut
    institutions: where.Offered
    corrected: int
    """Meetings in which a person put something right in the period, whatever the filter."""
    labels: Mapping[str, str]
    """Item -> name, of the shipped rubrics; an item of another one is shown by its number alone."""


def register() -> None:
    """Add the screen."""
    screen(PATH, title="一致性", permission=Permission.REVIEW)(agreement)


def read(
    session: Session, asker: Caller, *, first: date, last: date, below: str | None, sampled: bool
) -> Agreed:
    """Raises InputError for a period that ends before it begins, NotFound for a foreign institution."""
    in_order(first, last)
    part = subtree_of(session, asker, below)
    path = part.path if part else None
    found = service.agreed(session, asker, first=first, last=last, below=path, sampled=sampled)
    labels = {item.id: item.label for name in SHIPPED for item in load_rubric(name).items}
    corrected = CorrectionRepository(session, within=asker.within).touched(first=first, last=last)
    return Agreed(found, where.offered(session, asker, below), len(corrected), labels)


async def agreement(view: View, first: str = "", last: str = "", below: str = "", drawn: str = "") -> None:
    end = when.day(last, today())
    begin = when.day(first, end - timedelta(days=QUEUE_DAYS))
    sampled = drawn == "sampled"
    shown = await view.ask(read, view.asker, first=begin, last=end, below=below or None, sampled=sampled)
    found = shown.found
    with parts.section("机器与人工的一致程度", "按复核决定生效的日期统计"):
        fields = [
            Field("first", "自", begin.isoformat(), when.Kind.DAY),
            Field("last", "至", end.isoformat(), when.Kind.DAY),
            Field("below", "机构", below, shown.institutions),
            Field("drawn", "会议", drawn, options=DRAWN),
        ]
        listing.filters(PATH, fields)
    with ui.element("div").classes("tiles"):
        _tile("已复核", f"{found.reviews} 场", _enough(found.reviews))
        told = (
            f"另有 {found.left_open} 场机器判为待人工复核，不计入"
            if found.left_open
            else "机器与人工给出同一结论"
        )
        _tile("结论一致率", listing.percent(found.verdict_agreement), told)
        _tile("结论 kappa", _kappa_text(found.verdict_kappa), "扣除碰巧一致之后的一致程度")
    if found.reviews:
        _verdicts(found)
        _items(found, shown.labels)
    else:
        parts.empty("这段时间没有生效的复核：放宽日期，或先在“复核”页完成几场。")
    _corrections(shown.corrected, begin, end)
    with parts.section("校准", calibration.TOLD):
        ui.html(listing.link(calibration.PATH, "打开校准集 ›"), sanitize=False).classes("more")
    with parts.section("抽检规则"):
        ui.label(SAMPLING)
        ui.html(listing.link("/reviews", "队列中抽检的会议 ›", why="sampled"), sanitize=False).classes("more")
        ui.label("复核队列里的会议多为有疑点的，一致率会低于全体；只看抽检的才能推断全体。").classes("soft")


def _verdicts(found: AgreementOut) -> None:
    counts = {(cell.machine, cell.person): cell.reviews for cell in found.verdicts}
    persons = (Verdict.QUALIFIED, Verdict.NOT_QUALIFIED)
    with parts.section("结论对照", "行为机器结论，列为人工结论"):
        listing.table(
            "机器结论与人工结论",
            [Column("机器结论"), *(Column(f"人工{VERDICTS[one]}", figures=True) for one in persons)],
            [
                [listing.verdict_badge(machine), *(counts.get((machine, one), 0) for one in persons)]
                for machine in Verdict
            ],
        )


def _items(found: AgreementOut, labels: Mapping[str, str]) -> None:
    with parts.section("逐项一致程度", f"不足 {FEW} 场的只作参考"):
        if not found.items:
            parts.empty("复核时还没有确认或改过哪一项：在“复核”页逐项确认，才能比较。")
            return
        listing.table(
            "逐项一致程度",
            [Column("项"), Column("复核场次", figures=True), Column("机器没有给分", figures=True),
             Column("一致率", figures=True), Column("kappa", figures=True), Column("判断")],
            [
                [f"{one.item} {labels.get(one.item, '')}", one.reviewed, one.left_open,
                 listing.percent(one.agreement), _kappa_text(one.kappa),
                 _grade(one.kappa, one.reviewed - one.left_open)]
                for one in found.items
            ],
        )  # fmt: skip
        words = "、".join(word for _, word in list(ITEM_STATUS.values())[:3])
        ui.label(f"每项按{words}比较；机器没有给分的不计入，双方总是同一个判断时 kappa 无从计算。").classes(
            "soft"
        )
        ui.label("只计复核人确认过或改过的项；没有表态的不算一致，不计入。").classes("soft")


def _corrections(meetings: int, first: date, last: date) -> None:
    """As `huijian corrections` writes them; the browser asks for the file: the audit trail knows who did."""
    with parts.section(
        "更正，作为标注数据", "改过的文字、章节、语句标签和结论，供 huijian train 学习；个人号码已隐去"
    ):
        if not meetings:
            parts.empty("这段时间没有更正：放宽日期，或先在“复核”页改几场。")
            return
        query = urlencode({"first": first.isoformat(), "last": last.isoformat()})
        ui.html(
            f'<a class="act" download href="/api/v1/reviews/corrections?{query}">导出更正（ZIP）</a>'
            f'<span class="soft">这段时间有 {meetings} 场会议有更正。</span>',
            sanitize=False,
        ).classes("turn-buttons")


def _grade(kappa: Decimal | None, reviews: int) -> Html:
    if reviews < FEW:
        return listing.badge(Status.UNKNOWN, f"太少（{reviews}/{FEW}）")
    if kappa is None:
        return listing.badge(Status.UNKNOWN, "无从计算")
    return next(listing.badge(value, word) for least, value, word in GRADES if kappa >= least)


def _kappa_text(kappa: Decimal | None) -> str:
    return "—" if kappa is None else f"{kappa:.2f}"


def _enough(reviews: int) -> str:
    return "足够判断" if reviews >= FEW else f"不足 {FEW} 场，只作参考"


def _tile(name: str, figure: str, told: str) -> None:
    with ui.element("div").classes("tile"):
        ui.label(name).classes("name")
        ui.label(figure).classes("figure")
        ui.label(told).classes("soft")

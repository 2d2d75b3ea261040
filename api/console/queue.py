"""The review queue: what waits for a person and why, and how fast it gets done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.calibration.repository import CalibrationRepository
from api.console import MOUNT, calibration, listing, meetings, parts, where
from api.console.calls import call, did
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.organisation.service import subtree_of, today
from api.pages import sliced
from api.reviews import service
from api.reviews.endpoints import QUEUE_DAYS
from api.reviews.repository import ReviewRepository
from api.reviews.schemas import PaceOut, QueueRow, Why
from api.reviews.tables import ReviewState
from models.base import SHANGHAI
from qa_pipeline.values.vocabulary import Status
from qa_pipeline.values.written import points

PATH: Final = "/reviews"
A_PAGE: Final = 50
OLD: Final = 7
"""Days after which a meeting has waited too long."""
REASONS: Final[Mapping[Why, tuple[Status, str, str]]] = {
    Why.APPEALED: (Status.FAIL, "被申诉", "经理对结论提出了申诉，等待答复。"),
    Why.CRITICAL: (Status.FAIL, "触发否决项", "录音触发了否决项，须由人确认。"),
    Why.COPIED: (Status.FAIL, "录音重复", "有一段录音或文字与别的会议相同，须由人确认哪一场是真的。"),
    Why.NEEDS_REVIEW: (Status.WARN, "机器判不了", "机器没有把握判合格或不合格。"),
    Why.STRADDLES: (Status.WARN, "跨合格线", "能量值的误差范围跨过所用量规的合格线。"),
    Why.LOW_CONFIDENCE: (Status.WARN, "误差大", f"能量值的误差范围有 {service.WIDE} 分或更宽。"),
    Why.SAMPLED: (Status.UNKNOWN, "抽检", f"按固定规则从每百场抽 {service.SAMPLE} 场，没有别的疑点。"),
}
"""Status, word, and the reason as a sentence."""
WHOSE: Final = {"": "全部", "free": "无人领取", "mine": "我领取的", "second": "等第二人意见"}


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of what waits, the numbers of all of it, and what the queue's rows do not say."""

    rows: tuple[QueueRow, ...]
    further: str | None
    waiting: int
    urgent: int
    mine: int
    proposed: frozenset[str]
    """Codes of reviews that wait for a second person."""
    pace: PaceOut
    blind: int
    """Meetings of open calibration sets that wait for the caller."""
    institutions: where.Offered


def register() -> None:
    """Add the screen."""
    screen(PATH, title="复核", permission=Permission.REVIEW)(queue)


def read(
    session: Session, asker: Caller, *, why: Why | None, whose: str, below: str | None, cursor: str | None
) -> Queue:
    """Raises NotFound for an institution that the asker does not see."""
    part = subtree_of(session, asker, below)
    day = today()
    path = part.path if part else None
    rows = service.queue(session, asker, below=path, first=day - timedelta(days=QUEUE_DAYS), last=day)
    reviews = ReviewRepository(session, within=asker.within)
    proposed = reviews.page(
        meeting=None, state=ReviewState.PROPOSED, reviewer_id=None, cursor=None, limit=len(rows) + 1
    )
    seconds = frozenset(review.code for review, *_ in proposed)
    wanted = [
        row
        for row in rows
        if (why is None or why in row.why)
        and (whose != "free" or row.review is None)
        and (whose != "mine" or row.reviewer == asker.actor)
        and (whose != "second" or row.review in seconds)
    ]
    shown, further = sliced(wanted, cursor, A_PAGE, service.queue_key)
    return Queue(
        rows=tuple(shown),
        further=further,
        waiting=len(rows),
        urgent=sum(bool({Why.APPEALED, Why.CRITICAL, Why.COPIED} & set(row.why)) for row in rows),
        mine=sum(row.reviewer == asker.actor for row in rows),
        proposed=seconds,
        pace=service.pace(session, asker, day=day),
        blind=CalibrationRepository(session, within=asker.within).waiting_for(asker.account_id or 0),
        institutions=where.offered(session, asker, below),
    )


async def queue(view: View, why: str = "", whose: str = "", below: str = "", cursor: str = "") -> None:
    found = await view.ask(
        read,
        view.asker,
        why=meetings.chosen(Why, why),
        whose=whose if whose in WHOSE else "",
        below=below or None,
        cursor=cursor or None,
    )
    _counters(found)
    if found.blind:
        words = f"校准：{found.blind} 场等您盲评 ›"
        ui.html(listing.link(calibration.PATH, words), sanitize=False).classes("more")
    _waiting(view, found, why, whose, below)
    _done(found.pace)
    with parts.section("为什么进队列"), ui.element("dl").classes("meanings"):
        for value, word, told in REASONS.values():
            with ui.element("dt"):
                parts.status(value, word)
            with ui.element("dd"):
                ui.label(told)


def _waiting(view: View, found: Queue, why: str, whose: str, below: str) -> None:
    with parts.section("待复核", f"近 {QUEUE_DAYS} 天召开的会议，紧急的在前；被申诉的不限时间"):
        reasons = {"": "全部", **{one.value: REASONS[one][1] for one in Why}}
        fields = [
            Field("why", "原因", why, options=reasons),
            Field("whose", "由谁复核", whose, options=WHOSE),
            Field("below", "机构", below, found.institutions),
        ]
        listing.filters(PATH, fields)
        if not found.rows:
            parts.empty(
                "队列是空的：没有要复核的会议。"
                if not found.waiting
                else "没有符合条件的会议：放宽条件再看。"
            )
            return

        async def act(name: str, code: str) -> None:
            if name == "release":
                if await did(view, "POST", f"reviews/{code}/release", said="已释放。"):
                    ui.navigate.reload()
                return
            answer = await call(view, "POST", "reviews", {"meeting": code})
            if answer.ok:
                ui.navigate.to(listing.address(f"{PATH}/{code}", why=why, below=below).removeprefix(MOUNT))
            else:
                ui.notify(answer.refusal, type="negative")

        listing.table(
            "待复核的会议",
            [Column("会议"), Column("召开"), Column("机器结论"), Column("能量值", figures=True),
             Column("为什么要复核"), Column("复核")],
            [_row(view, one, found, why, below) for one in found.rows],
            on_action=act,
        )  # fmt: skip
        listing.further(PATH, found.further, why=why, whose=whose, below=below)


def _done(pace: PaceOut) -> None:
    if not pace.reviewers:
        return
    with parts.section("近 7 天谁完成了多少", "用时为从领取到决定的中位数，不计等第二人的"):
        listing.table(
            "近 7 天谁完成了多少",
            [Column("质检人员"), Column("完成", figures=True), Column("用时", figures=True)],
            [[one.reviewer, one.week, _speed(one.minutes)] for one in pace.reviewers],
        )


def _counters(found: Queue) -> None:
    pace = found.pace
    with ui.element("div").classes("tiles"):
        for name, figure, told in (
            ("待复核", str(found.waiting), f"其中紧急 {found.urgent} 场"),
            ("我领取的", str(found.mine), f"等第二人意见 {len(found.proposed)} 场"),
            ("今天完成", f"{pace.mine_today}", f"全体 {pace.today} 场"),
            ("近 7 天完成", f"{pace.mine_week}", f"全体 {pace.week} 场"),
            ("我的用时", _speed(pace.minutes), "近 7 天从领取到决定的中位数"),
        ):
            with ui.element("div").classes("tile"):
                ui.label(name).classes("name")
                ui.label(figure).classes("figure")
                ui.label(told).classes("soft")


def _speed(minutes: float | None) -> str:
    return "—" if minutes is None else "不足 1 分钟" if minutes < 1 else f"{minutes:.0f} 分钟"


def _row(view: View, one: QueueRow, found: Queue, why: str, below: str) -> list[object]:
    name = listing.link(f"{PATH}/{one.meeting}", one.institution_name, why=why, below=below)
    low, high = one.band
    band = "" if low is None or high is None else f"<small>{points(low)}–{points(high)}</small>"
    return [
        listing.two_lines(name, f"{one.meeting} · 第 {one.version} 版"),
        listing.two_lines(listing.whole(f"{one.held_at.astimezone(SHANGHAI):%Y-%m-%d}"), _age(one)),
        listing.verdict_badge(one.verdict),
        Html(f"<span>{points(one.energy_score)}{band}</span>"),
        Html(f'<span class="reasons">{listing.joined(_reason(reason) for reason in one.why)}</span>'),
        _whose(view, one, found),
    ]


def _age(one: QueueRow) -> Html:
    held: date = one.held_at.astimezone(SHANGHAI).date()
    days = (today() - held).days
    words = "今天" if days < 1 else f"{days} 天前"
    return Html(f'<span class="status warn">{words}</span>' if days > OLD else words)


def _reason(why: Why) -> Html:
    value, word, told = REASONS[why]
    return Html(f'<span title="{listing.escaped(told)}">{listing.badge(value, word)}</span>')


def _whose(view: View, one: QueueRow, found: Queue) -> Html:
    subject = f"{one.institution_name} {one.meeting}"
    if one.review is None:
        return listing.action("take", one.meeting, "领取并复核", subject=subject)
    bench = listing.link(f"{PATH}/{one.meeting}", "继续" if one.reviewer == view.asker.actor else "查看")
    if one.review in found.proposed:
        return listing.two_lines(bench, f"{one.reviewer} 已决定，等第二人意见")
    if one.reviewer == view.asker.actor:
        release = listing.action("release", one.review, "释放", subject=subject)
        return Html(f"<span>{bench} {release}<small>由您复核</small></span>")
    return listing.two_lines(bench, f"{one.reviewer} 正在复核")

"""Which version of a result is shown, how it came about, and in what two versions differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from api.access import Caller
from api.console import listing, parts, sound
from api.console.listing import Column, Html
from api.meetings import scorecards
from api.meetings.scorecard_schemas import Comparison, ScorecardOut, VersionOut
from api.reviews.repository import ReviewRepository
from models.base import SHANGHAI
from qa_pipeline.values.written import points

SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class History:
    """The versions from old to new, who decided those that people made, and two of them compared."""

    versions: tuple[VersionOut, ...]
    deciders: Mapping[int, str]
    compared: Comparison | None


def read(session: Session, asker: Caller, code: str, *, before: int | None, after: int) -> History:
    """``before``: compare this version with ``after``. Raises NotFound for a version that is not there."""
    reviews = ReviewRepository(session, within=asker.within).page(
        meeting=code, state=None, reviewer_id=None, cursor=None, limit=SHOWN
    )
    return History(
        versions=tuple(scorecards.versions(session, asker, code)),
        deciders={made: reviewer for *_, reviewer, _, made in reviews if made is not None},
        compared=None if before is None else scorecards.compare(session, asker, code, before, after),
    )


def told(card: ScorecardOut) -> str:
    """Which version is shown and who made it, in one sentence."""
    which = (
        f"第 {card.version} 版（当前）" if card.is_current else f"第 {card.version} 版（旧版，不是当前结论）"
    )
    if card.review is None:
        return f"{which} · 机器质检的结论 · {_moment(card)}"
    facts = [which, f"{card.review.by} 复核第 {card.review.of_version} 版后作出"]
    if card.review.overridden:
        facts.append(f"改分 {len(card.review.overridden)} 项")
    if card.review.second:
        facts.append(f"{card.review.second} 复核同意")
    return " · ".join([*facts, _moment(card), f"理由：{card.review.reason}"])


def draw(code: str, shown: ScorecardOut, history: History) -> None:
    """The list of versions with a switch, and the comparison that was asked for."""
    path = f"/meetings/{code}"
    with parts.section("版本", "每次评分或复核都另存一版，旧版不变；文字稿总是最新的"):
        listing.table(
            "版本",
            [Column("版本"), Column("时间"), Column("由谁作出"), Column("结论"),
             Column("能量值", figures=True), Column("查看")],
            [_row(path, one, shown, history) for one in reversed(history.versions)],
            dense=True,
        )  # fmt: skip
        if history.compared is not None:
            _comparison(history.compared)


def _row(path: str, one: VersionOut, shown: ScorecardOut, history: History) -> list[object]:
    links = []
    if one.version == shown.version:
        links.append(Html("<span>正在显示</span>"))
    else:
        links.append(listing.link(path, "查看这一版", version=str(one.version)))
        earlier, later = sorted((one.version, shown.version))
        links.append(
            listing.link(path, f"与第 {shown.version} 版比较", version=str(later), compare=str(earlier))
        )
    return [
        f"第 {one.version} 版（当前）" if one.is_current else f"第 {one.version} 版",
        _moment(one),
        history.deciders.get(one.version, "机器"),
        listing.verdict_badge(one.verdict),
        points(one.energy_score),
        Html(f"<span>{listing.joined(links, ' · ')}</span>"),
    ]


def _comparison(found: Comparison) -> None:
    before, after = found.before, found.after
    with parts.section(f"第 {before.version} 版与第 {after.version} 版的差别", "只列有变化的项"):
        rows: list[list[object]] = [
            ["结论", listing.verdict_badge(before.verdict), listing.verdict_badge(after.verdict)],
            ["能量值", points(before.energy_score), points(after.energy_score)],
        ]
        rows += [
            [
                f"{one.id} {one.label}",
                _points(one.before, one.status_before),
                _points(one.after, one.status_after),
            ]
            for one in found.items
        ]
        listing.table(
            "两版的差别",
            [Column("内容"), Column(f"第 {before.version} 版"), Column(f"第 {after.version} 版")],
            rows,
        )
        if not found.items:
            parts.empty("各项得分没有变化。")


def _points(score: float | None, status: str | None) -> Html:
    if status is None:
        return Html("<span>没有这一项</span>")
    value, word = sound.ITEM_STATUS[status]
    figure = "—" if score is None else points(score)
    return Html(f"<span>{figure} {listing.badge(value, word)}</span>")


def _moment(one: VersionOut) -> str:
    return f"{one.made_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"

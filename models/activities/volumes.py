"""PVKYC volumes: how much was planned and done, and whether much was also good (量与质)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from qa_pipeline.values.written import percent

FLOOR: Final = "pvkyc_conversion_floor"
"""Parameter: closes per visit below which a fulfilled plan is 量大质低. The dossier names no default."""


class Item(StrEnum):
    """计划, 拜访, 成交, 缘故客户, 转介绍 (R20)."""

    PLAN = "plan"
    VISIT = "visit"
    CLOSE = "close"
    WARM = "warm"
    REFERRAL = "referral"


class Side(StrEnum):
    """What a weekly report is about: the plan or what was done."""

    PLANNED = "planned"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pvkyc:
    """One person's five counts of a week; None: not reported."""

    plan: int | None = None
    visit: int | None = None
    close: int | None = None
    warm: int | None = None
    referral: int | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sums over the reports that hold both numbers, so that their rate compares like with like."""

    part: int
    whole: int

    @property
    def rate(self) -> Decimal | None:
        """part / whole; None without denominator."""
        return Decimal(self.part) / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class ItemVolume:
    """One item over a set of persons and weeks; a sum is None when nobody reported it."""

    planned: int | None
    done: int | None
    unreported: int
    """Persons' weeks without a report of what was done."""
    against_plan: Pair

    @property
    def achievement(self) -> Decimal | None:
        """done / planned (dossier section 1, PVKYC), over the reports that hold both."""
        return self.against_plan.rate


@dataclass(frozen=True, slots=True)
class Volume:
    """PVKYC of a person, office or institution over some weeks. ``expected``: persons x weeks in service."""

    expected: int
    items: Mapping[Item, ItemVolume]
    closes_of_visits: Pair
    referrals_of_closes: Pair

    @property
    def conversion(self) -> Decimal | None:
        """拜访成交率 = closes / visits."""
        return self.closes_of_visits.rate

    @property
    def referral_rate(self) -> Decimal | None:
        """Referrals won per close."""
        return self.referrals_of_closes.rate


@dataclass(frozen=True, slots=True)
class Quality:
    """Whether a fulfilled plan of visits hides a poor conversion; None: not known."""

    many_but_poor: bool | None
    reason: str


def quality(volume: Volume, *, floor: Decimal | None) -> Quality:
    """量大质低: visits reach the plan, but closes per visit stay below the floor (quality over quantity)."""
    visits = volume.items[Item.VISIT].achievement
    if visits is None:
        return Quality(None, "没有同时上报拜访的计划和实际，无法判断。")
    if visits < 1:
        return Quality(False, f"拜访完成计划的 {percent(visits)}，量未达标，先补足拜访量。")
    if floor is None:
        return Quality(None, f"缺少参数 {FLOOR}，无法判断质量：请先设置成交率下限。")
    if volume.conversion is None:
        return Quality(None, "没有同时上报拜访和成交，无法计算成交率。")
    said = f"拜访完成计划的 {percent(visits)}，拜访成交率 {percent(volume.conversion)}"
    if volume.conversion < floor:
        return Quality(True, f"量大质低：{said}，低于下限 {percent(floor)}。")
    return Quality(False, f"{said}，不低于下限 {percent(floor)}。")

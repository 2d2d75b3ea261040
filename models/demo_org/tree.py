"""Ranks, parameters, and the institutions from head office down, with their latent quality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from models.calendar.weeks import months_later
from models.customers.parameters import weight_code
from models.demo_org.extent import Extent, Timeline
from models.demo_org.words import COMPANY, DEMO, QUARTERS, REGIONS, WEIGHTS
from models.demo_org.writer import Writer
from models.indicators.tables import Parameter
from models.organisation.tables import Institution, Rank

FOUNDED: Final = date(2012, 1, 1)
"""Of the company; level-4 institutions follow."""
NEW_EVERY: Final = 29
"""Every so many level-4 institutions one opens within the months."""

YUAN: Final = 100
"""Fen."""
U_THRESHOLDS: Final = (4_000 * YUAN, 4_500 * YUAN)
"""Fen of FYC a month: in the first half of the months, then raised."""
CT_THRESHOLDS: Final = {"fyc": 18_000 * YUAN, "u_headcount": 1, "active_headcount": 4}
BUFFER_PERCENT: Final = 5


@dataclass(frozen=True, slots=True)
class RankLine:
    """One rank with its demo values; ``sells`` is the mean number of policies a month."""

    code: str
    name: str
    order: int
    is_supervisor: bool
    sells: float
    allowance_rate: float = 0
    coefficient: float = 1


STAFF: Final = RankLine("STAFF", "内勤", 0, False, 0)
RANKS: Final = (
    RankLine("T1", "见习业务员", 10, False, 0.42),
    RankLine("A1", "业务员", 20, False, 0.66),
    RankLine("A2", "高级业务员", 30, False, 1.2),
    RankLine("S1", "业务主任", 40, True, 1.3, 0.10, 1.0),
    RankLine("S2", "高级业务主任", 50, True, 1.4, 0.13, 1.1),
    RankLine("S3", "营业部经理", 60, True, 1.5, 0.16, 1.25),
)
TRAINEE, AGENT, SENIOR, SUPERVISOR, SENIOR_SUPERVISOR, MANAGER = range(len(RANKS))

GENERAL_PARAMETERS: Final[Mapping[str, float]] = {
    "buffer_rate": BUFFER_PERCENT / 100,
    "fyc_rate": 0.27,
    "platform_share": 0.3,
    "arrival_rate": 0.55,
    "closing_rate": 0.05,
    "pvkyc_conversion_floor": 0.03,
    "anomaly_threshold.new_agents": 0.4,
    "anomaly_threshold.joint_visits": 1,
    "anomaly_threshold.customer_quality": 0.2,
    **{weight_code(kind): weight for kind, weight in WEIGHTS.items()},
}


@dataclass(frozen=True, slots=True)
class Place:
    """One institution as the generator knows it. ``quality`` is latent, about normal, and drives results."""

    id: int
    code: str
    name: str
    path: tuple[int, ...]
    """Keys from the root down to this one."""
    quality: float
    founded: date

    @property
    def level(self) -> int:
        return len(self.path)


@dataclass(frozen=True, slots=True)
class Tree:
    """All institutions, the rank keys in the order of `RANKS`, and that of the staff."""

    places: tuple[Place, ...]
    ranks: tuple[int, ...]
    staff_rank: int

    @property
    def leaves(self) -> tuple[Place, ...]:
        return tuple(place for place in self.places if place.level == 4)


def build_tree(writer: Writer, extent: Extent, timeline: Timeline, *, seed: int) -> Tree:
    """Write ranks, parameters and institutions."""
    ranks = tuple(_rank(writer, line) for line in RANKS)
    staff_rank = _rank(writer, STAFF)
    _parameters(writer, ranks, timeline)
    rng = np.random.default_rng([seed, 0])
    places = [_place(writer, None, "00", f"{COMPANY}总公司", 0.0, FOUNDED)]
    subs: list[tuple[Place, str]] = []
    for code, region, cities in REGIONS[: extent.branches]:
        branch = _place(
            writer, places[0], code, f"{COMPANY}{region}分公司", _drift(rng, 0.5), date(2013, 3, 1)
        )
        places.append(branch)
        for number, city in enumerate(cities[: extent.sub_branches], 1):
            sub = _place(
                writer,
                branch,
                f"{code}{number:02}",
                f"{city}中心支公司",
                branch.quality + _drift(rng, 0.4),
                date(2014, 7, 1),
            )
            places.append(sub)
            subs.append((sub, city))
    for number in range(extent.institutions):
        sub, city = subs[number % len(subs)]
        row = number // len(subs)
        is_new = number % NEW_EVERY == NEW_EVERY - 1
        founded = (
            timeline.months[timeline.count // 3].first
            if is_new
            else date(2015 + int(rng.integers(0, 4)), 1, 1)
        )
        places.append(
            _place(
                writer,
                sub,
                f"{sub.code}{row + 1:02}",
                city + QUARTERS[row],
                sub.quality + _drift(rng, 0.7),
                founded,
            )
        )
    return Tree(tuple(places), ranks, staff_rank)


def _drift(rng: np.random.Generator, spread: float) -> float:
    return float(rng.normal(0, spread))


def _place(writer: Writer, above: Place | None, code: str, name: str, quality: float, founded: date) -> Place:
    key = writer.ids(Institution, 1)[0]
    path = (*(above.path if above else ()), key)
    place = Place(key, code, name, path, quality, founded)
    writer.row(
        Institution,
        id=key,
        code=code,
        name=name,
        level=place.level,
        parent_id=above.id if above else None,
        path=f"/{'/'.join(map(str, path))}/",
        must_hold=place.level == 4,
        valid_from=founded,
    )
    return place


def _rank(writer: Writer, line: RankLine) -> int:
    return writer.row(
        Rank, code=line.code, name=line.name, rank_order=line.order, is_supervisor=line.is_supervisor
    )


def threshold_change(timeline: Timeline) -> date:
    """First day of the higher U threshold."""
    return timeline.months[timeline.count // 2].first


def _parameters(writer: Writer, ranks: tuple[int, ...], timeline: Timeline) -> None:
    start = months_later(timeline.start, -12)

    def put(
        code: str, value: float, *, first: date = start, to: date | None = None, rank: int | None = None
    ) -> None:
        writer.row(
            Parameter,
            code=code,
            value=round(value * 1_000_000),
            note=DEMO,
            valid_from=first,
            valid_to=to,
            rank_id=rank,
        )

    change = threshold_change(timeline)
    put("u_threshold", U_THRESHOLDS[0] / YUAN, to=change)
    put("u_threshold", U_THRESHOLDS[1] / YUAN, first=change)
    for code, value in CT_THRESHOLDS.items():
        put(f"ct_threshold.{code}", value / YUAN if code == "fyc" else value)
    for code, number in GENERAL_PARAMETERS.items():
        put(code, number)
    for line, rank in zip(RANKS, ranks, strict=True):
        if line.is_supervisor:
            put("allowance_rate", line.allowance_rate, rank=rank)
            put("rank_coefficient", line.coefficient, rank=rank)

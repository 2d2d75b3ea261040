"""How far two careful people agree about a meeting, and how far we agree with either of them.

``second.jsonl`` is what second persons gave the meetings of the two kinds that the rubrics were calibrated
without (but the first seven whole ones), each read by one of eight, item by item and as a whole: from the
text, its kind, date, theme, numbers present and host alone, without the author's verdict, band, notes,
chapters and acts and without our results.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.evaluation.verdicts import WIDE, Judged

READINGS = Path(__file__).with_name("second.jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReading:
    """``score`` is the energy score as a whole, ``items`` the level (0-1) of each item."""

    meeting: str
    score: float
    passes: bool
    items: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two who judged the same meetings: shares with one verdict and with scores at most `WIDE` / 2 points
    apart, mean distance of the scores in points."""

    verdict: float
    near: float
    apart: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPair:
    """An item's points, ours against the second person's: mean difference (ours less theirs), mean distance,
    and Pearson correlation (None where either gives all meetings the same)."""

    weight: float
    bias: float
    apart: float
    correlation: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconded:
    meetings: int
    people: Pair
    with_author: Pair
    with_second: Pair
    items: Mapping[str, ItemPair]


def second_readings(path: Path = READINGS) -> tuple[SecondReading, ...]:
    """One JSON object a line: id, overall, verdict (pass or fail), items."""
    told = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return tuple(
        SecondReading(
            meeting=one["id"], score=one["overall"], passes=one["verdict"] == "pass", items=one["items"]
        )
        for one in told
    )


def measure(judged: Iterable[Judged], readings: Iterable[SecondReading]) -> Seconded:
    """Of the meetings that somebody read a second time. Raises ValueError where there is none."""
    ours = {one.meeting.id: one for one in judged}
    both = [(ours[one.meeting], one) for one in readings if one.meeting in ours]
    if not both:
        raise ValueError("none of these meetings was read a second time")
    author = [(sum(one.meeting.band) / 2, one.meeting.passes) for one, _ in both]
    second = [(two.score, two.passes) for _, two in both]
    mine = [(one.card.energy_score, one.qualified) for one, _ in both]
    return Seconded(
        meetings=len(both),
        people=_pair(author, second),
        with_author=_pair(author, mine),
        with_second=_pair(second, mine),
        items=dict(_items(both)),
    )


def _pair(one: Sequence[tuple[float, bool]], other: Sequence[tuple[float, bool]]) -> Pair:
    apart = [abs(a - b) for (a, _), (b, _) in zip(one, other, strict=True)]
    return Pair(
        verdict=statistics.mean(a == b for (_, a), (_, b) in zip(one, other, strict=True)),
        near=statistics.mean(distance <= WIDE / 2 for distance in apart),
        apart=statistics.mean(apart),
    )


def _items(both: Sequence[tuple[Judged, SecondReading]]) -> Iterator[tuple[str, ItemPair]]:
    """The items that the rubrics share, in their order; unknown ones are left out."""
    for id in both[0][1].items:
        points = [
            (item.score, item.max * two.items[id], item.max)
            for one, two in both
            for item in one.card.items
            if item.id == id and item.level is not None
        ]
        ours, theirs = [p[0] for p in points], [p[1] for p in points]
        varied = len({*ours}) > 1 and len({*theirs}) > 1
        yield (
            id,
            ItemPair(
                weight=points[0][2],
                bias=statistics.mean(a - b for a, b, _ in points),
                apart=statistics.mean(abs(a - b) for a, b, _ in points),
                correlation=statistics.correlation(ours, theirs) if varied else None,
            ),
        )

"""Rankings and gaps of an indicator (R15): who stands where, and how far from what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from models.base import Scope
from models.indicators.rates import achievement, progress_difference
from models.indicators.tables import Direction


@dataclass(frozen=True, slots=True)
class Standing:
    """The value of one scope; None: not observed in the month. ``as_of`` is the last day it covers (截至)."""

    scope: Scope
    name: str
    value: Decimal | None
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Place:
    """One line of a ranking.

    Gaps are in the indicator's unit, and negative when behind whichever way is better. ``place`` counts ties
    once and skips after them (1, 1, 3); None, at the end: no value. Rates are shares, 1 = 100 %; both are
    None for an indicator where lower is better, which a share of the target does not measure.
    """

    place: int | None
    standing: Standing
    target: Decimal | None
    gap_to_target: Decimal | None
    gap_to_average: Decimal | None
    gap_to_first: Decimal | None
    achievement: Decimal | None
    progress_difference: Decimal | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """All places, the best first, and the mean of the known values."""

    places: tuple[Place, ...]
    average: Decimal | None
    unknown: int
    """How many have no value."""


def rank(
    standings: Sequence[Standing],
    *,
    direction: Direction,
    targets: Mapping[Scope, Decimal],
    worked_days: Mapping[date, int | None],
    working_days: int | None,
) -> Ranking:
    """Rank by value. Equal values share a place and stand in the given order.

    ``worked_days``: the month's working days up to and including each day that a value is as of, so that a
    value of some days ago is held against what was over of the month then.
    """
    sign = 1 if direction is Direction.HIGHER else -1
    known = sorted(
        (
            (standing.value * sign, index)
            for index, standing in enumerate(standings)
            if standing.value is not None
        ),
        key=lambda pair: (-pair[0], pair[1]),
    )
    values = [value for value, _ in known]
    mean = sum(values, Decimal(0)) / len(values) if values else None
    place_of = {value: place for place, value in reversed(list(enumerate(values, 1)))}

    def line(standing: Standing, value: Decimal | None) -> Place:
        target = targets.get(standing.scope)
        rate = achievement(standing.value, target) if direction is Direction.HIGHER else None
        worked = None if standing.as_of is None else worked_days.get(standing.as_of)
        return Place(
            place=None if value is None else place_of[value],
            standing=standing,
            target=target,
            gap_to_target=None if value is None or target is None else value - target * sign,
            gap_to_average=None if value is None or mean is None else value - mean,
            gap_to_first=None if value is None else value - values[0],
            achievement=rate,
            progress_difference=progress_difference(rate, worked=worked, working=working_days),
        )

    missing = [standing for standing in standings if standing.value is None]
    return Ranking(
        places=(
            *(line(standings[index], value) for value, index in known),
            *(line(standing, None) for standing in missing),
        ),
        average=None if mean is None else mean * sign,
        unknown=len(missing),
    )

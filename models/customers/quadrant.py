"""The four quadrants of value and temperature, their strategies, and moves between them (R29)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from models.customers.parameters import CustomerParameters


class Quadrant(StrEnum):
    """First letter: value; second: temperature."""

    HH = "HH"
    HL = "HL"
    LH = "LH"
    LL = "LL"


@dataclass(frozen=True, slots=True)
class Strategy:
    """What a quadrant asks for, in a word and in a sentence."""

    name: str
    means: str


STRATEGIES: Final[Mapping[Quadrant, Strategy]] = {
    Quadrant.HH: Strategy("维护加保", "重点维护，通过高端活动加深关系，挖掘加保潜力。"),
    Quadrant.HL: Strategy("升温", "重点升温，通过专业服务和情感投入提升关系温度。"),
    Quadrant.LH: Strategy("转化", "重点转化，通过产品匹配和需求激发提升价值贡献。"),
    Quadrant.LL: Strategy("标准服务", "标准服务，通过基础维护保持联系，等待时机转化。"),
}
"""R29."""


def quadrant(
    value: Decimal | None, warmth: Decimal | None, *, parameters: CustomerParameters
) -> Quadrant | None:
    """The quadrant of a value and a temperature, both high from their limit on (60); None: one is unknown."""
    if value is None or warmth is None:
        return None
    first = "H" if value >= parameters.value_limit else "L"
    return Quadrant(first + ("H" if warmth >= parameters.temperature_limit else "L"))


@dataclass(frozen=True, slots=True)
class Matrix:
    """How many customers are in each quadrant; None counts those whose quadrant is not known."""

    counts: Mapping[Quadrant | None, int]

    @property
    def known(self) -> int:
        return sum(count for place, count in self.counts.items() if place is not None)

    @property
    def unknown(self) -> int:
        return self.counts.get(None, 0)

    @property
    def quality(self) -> Decimal | None:
        """客户质量: the share of HH and HL among the customers whose quadrant is known; None without any."""
        high = self.counts.get(Quadrant.HH, 0) + self.counts.get(Quadrant.HL, 0)
        return Decimal(high) / self.known if self.known else None


@dataclass(frozen=True, slots=True)
class Movement:
    """How many customers went from which quadrant to which between two weeks; None: not known that week."""

    counts: Mapping[tuple[Quadrant | None, Quadrant | None], int]

    def later(self) -> Matrix:
        """How many customers are in each quadrant in the later week."""
        counts: Counter[Quadrant | None] = Counter()
        for (_, place), customers in self.counts.items():
            counts[place] += customers
        return Matrix(dict(counts))

    def stayed(self) -> int:
        """Customers known in both weeks and in the same quadrant."""
        return sum(n for (before, after), n in self.counts.items() if before is not None and before == after)

    def warmed(self) -> int:
        """Customers whose temperature went from low to high, whatever became of their value."""
        return self._count(before="L", after="H")

    def cooled(self) -> int:
        """Customers whose temperature went from high to low."""
        return self._count(before="H", after="L")

    def _count(self, *, before: str, after: str) -> int:
        return sum(
            n for (old, new), n in self.counts.items() if old and new and (old[1], new[1]) == (before, after)
        )

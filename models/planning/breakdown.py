"""Breaking a target down to those below, exactly (R27; dossier section 3).

主管保费目标 = 机构目标 × w × (1 + 缓冲), w = 基础 × 职级系数 × 市场系数 / Σ: the buffer counts once, where
an institution's target goes to its teams. What the children do not carry of what they must stands on an
unassigned child, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, TypeVar

from models.base import ScopeKind
from models.indicators.catalogue import RATE_UNIT
from qa_pipeline.errors import InputError

BUFFER_RATE: Final = Decimal("0.05")
"""How far teams exceed their institution together, unless the parameter ``buffer_rate`` says otherwise."""
FEN: Final = Decimal("0.01")
WHOLE: Final = Decimal(1)
K = TypeVar("K")


def step_of(unit: str) -> Decimal:
    """Smallest part of a target: a fen of money, one of what is counted.

    Raises InputError for a rate, which has no parts.
    """
    if unit == RATE_UNIT:
        raise InputError("比率指标不能按份额分解：请分解它的分子（例如把活动率换成出单人力）。")
    return FEN if unit == "元" else WHOLE


def buffer_at(above: ScopeKind, below: Collection[ScopeKind], *, buffer: Decimal) -> Decimal:
    """The plan's buffer where an institution's target goes to its teams, or to its people where it has none.

    Zero from institution to institution and from a team to its people: at every step it would compound.
    """
    if above is ScopeKind.INSTITUTION and ScopeKind.INSTITUTION not in below:
        return buffer
    return Decimal(0)


def required(target: Decimal, *, buffer: Decimal, step: Decimal) -> Decimal:
    """What the children must carry together: target × (1 + buffer), rounded up to the step."""
    return (target * (1 + buffer) / step).to_integral_value(ROUND_CEILING) * step


def unassigned(target: Decimal, assigned: Sequence[Decimal], *, buffer: Decimal, step: Decimal) -> Decimal:
    """What nobody carries yet. Children that together exceed what is required leave none."""
    return max(required(target, buffer=buffer, step=step) - sum(assigned, Decimal(0)), Decimal(0))


def split(total: Decimal, weights: Mapping[K, Decimal], *, step: Decimal) -> dict[K, Decimal]:
    """Parts of ``total`` (a multiple of the step) in proportion to the weights; they sum to it exactly.

    Each part is rounded down; the steps left over go one each to the largest remainders, the first first.
    Raises InputError for a negative weight, or weights that are all zero.
    """
    if any(weight < 0 for weight in weights.values()):
        raise InputError("分解权重不能为负：请核对基础、职级系数和市场系数。")
    whole = sum(weights.values(), Decimal(0))
    if not whole:
        raise InputError("分解权重合计为零，无法按份额分解：请先补齐团队基础、职级系数和市场系数。")
    steps = (total / step).to_integral_value(ROUND_FLOOR)
    exact = {key: steps * weight / whole for key, weight in weights.items()}
    parts = {key: value.to_integral_value(ROUND_FLOOR) for key, value in exact.items()}
    left = int(steps - sum(parts.values()))
    by_remainder = sorted(exact, key=lambda key: parts[key] - exact[key])
    for key in by_remainder[:left]:
        parts[key] += 1
    return {key: part * step for key, part in parts.items()}


@dataclass(frozen=True, slots=True)
class Base:
    """The three factors of a team's share; None: not known. ``fyc`` is the monthly mean of three months."""

    fyc: Decimal | None
    rank_coefficient: Decimal | None
    market_factor: Decimal | None

    @property
    def weight(self) -> Decimal | None:
        """基础 × 职级系数 × 市场系数."""
        if self.fyc is None or self.rank_coefficient is None or self.market_factor is None:
            return None
        return self.fyc * self.rank_coefficient * self.market_factor

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the factors that are not known."""
        named = {"团队基础": self.fyc, "职级系数": self.rank_coefficient, "市场系数": self.market_factor}
        return tuple(name for name, value in named.items() if value is None)


def shares(bases: Mapping[K, Base]) -> dict[K, Decimal] | None:
    """w of each; they sum to 1 but for rounding. None when anyone's factor is not known, or Σ is zero."""
    weights = {key: base.weight for key, base in bases.items()}
    known = {key: weight for key, weight in weights.items() if weight is not None}
    whole = sum(known.values(), Decimal(0))
    if len(known) < len(weights) or not whole:
        return None
    return {key: weight / whole for key, weight in known.items()}

"""产能缺口: what the force, tier by tier, is expected to sell short of the target (dossier section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """The people of one rank; ``productivity`` (toolbox) in yuan a head and month; None: not known."""

    rank: str
    headcount: int
    productivity: Decimal | None


@dataclass(frozen=True, slots=True)
class Capacity:
    """Expected premium and what it lacks; a negative gap is a surplus. None if a tier is in ``missing``."""

    expected: Decimal | None
    gap: Decimal | None
    missing: tuple[str, ...]


def capacity(target: Decimal, tiers: Sequence[Tier]) -> Capacity:
    """产能缺口 = target − Σ(tier headcount × tier_productivity). An empty tier needs no productivity."""
    missing = tuple(tier.rank for tier in tiers if tier.headcount and tier.productivity is None)
    if missing:
        return Capacity(None, None, missing)
    expected = sum((tier.headcount * (tier.productivity or Decimal(0)) for tier in tiers), Decimal(0))
    return Capacity(expected, target - expected, ())

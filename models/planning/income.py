"""A supervisor's income target and what it takes to reach it (R18, R28; dossier section 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Final

from models.indicators.parameters import Parameters
from models.planning.breakdown import FEN, WHOLE

ALLOWANCE_RATE: Final = "allowance_rate"
"""管理津贴率 by rank, from the company's basic law (基本法)."""
FYC_RATE: Final = "fyc_rate"
"""FYC / regular premium."""
PLATFORM_SHARE: Final = "platform_share"
"""Share of the customers to be won by platform events; the rest by visits."""
ARRIVAL_RATE: Final = "arrival_rate"
"""Customers who come / customers invited."""
CLOSING_RATE: Final = "closing_rate"
"""Customers who sign / visits."""


@dataclass(frozen=True, slots=True)
class Income:
    """What an income is made of besides the management allowance, in yuan a month."""

    own_fyc: Decimal
    recruiting_allowance: Decimal = Decimal(0)
    bonus: Decimal = Decimal(0)

    @property
    def without_team(self) -> Decimal:
        return self.own_fyc + self.recruiting_allowance + self.bonus


def income(parts: Income, *, team_fyc: Decimal | None, allowance_rate: Decimal | None) -> Decimal | None:
    """income_target = own FYC + allowance rate(rank) × team FYC + recruiting allowance + bonus, in fen."""
    if team_fyc is None or allowance_rate is None:
        return None
    return (parts.without_team + allowance_rate * team_fyc).quantize(FEN, ROUND_HALF_UP)


def team_fyc_for(target: Decimal, parts: Income, *, allowance_rate: Decimal | None) -> Decimal | None:
    """Team FYC that the income target needs, rounded up to the fen; zero when the rest reaches it already."""
    gap = max(target - parts.without_team, Decimal(0))
    if allowance_rate is None or (gap and not allowance_rate):
        return None
    return _up(gap / allowance_rate, FEN) if gap else Decimal(0)


@dataclass(frozen=True, slots=True)
class Conversions:
    """The parameters of the way back from FYC to activity; None: not known."""

    fyc_rate: Decimal | None
    premium_per_customer: Decimal | None
    platform_share: Decimal | None
    platform_conversion: Decimal | None
    arrival_rate: Decimal | None
    closing_rate: Decimal | None


def conversions_of(
    parameters: Parameters,
    *,
    path: str,
    premium_per_customer: Decimal | None,
    platform_conversion: Decimal | None,
) -> Conversions:
    """The rates that hold for the institution of the path; the other two come from the toolbox."""
    return Conversions(
        fyc_rate=parameters.value(FYC_RATE, path=path),
        premium_per_customer=premium_per_customer,
        platform_share=parameters.value(PLATFORM_SHARE, path=path),
        platform_conversion=platform_conversion,
        arrival_rate=parameters.value(ARRIVAL_RATE, path=path),
        closing_rate=parameters.value(CLOSING_RATE, path=path),
    )


@dataclass(frozen=True, slots=True)
class Path:
    """What the team must do in the month. None: cannot be said; ``missing`` names the parameters."""

    team_fyc: Decimal | None
    premium: Decimal | None
    customers: Decimal | None
    platform_customers: Decimal | None
    visit_customers: Decimal | None
    arrivals: Decimal | None
    invitations: Decimal | None
    visits: Decimal | None
    missing: tuple[str, ...]


def path_from_premium(
    premium: Decimal | None, conversions: Conversions, *, team_fyc: Decimal | None = None
) -> Path:
    """过程反推: customers = premium / premium per customer; each customer is won by one of the two paths.

    Platform path: arrivals = customers / platform conversion, invitations = arrivals / arrival rate. Visit
    path: visits = customers / closing rate. People and visits are rounded up; the two paths' customers sum to
    all customers. A path with no customers needs nothing and asks for no parameter.
    """
    missing: list[str] = []

    def over(amount: Decimal | None, rate: Decimal | None, name: str) -> Decimal | None:
        if amount is None or amount == 0:
            return amount
        if not rate:
            missing.append(name)
            return None
        return _up(amount / rate, WHOLE)

    customers = over(premium, conversions.premium_per_customer, "客均保费")
    share = conversions.platform_share
    by_platform = by_visit = None
    if share is None:
        missing.append("平台成交份额")
    elif customers is not None:
        by_platform = (customers * share).to_integral_value(ROUND_HALF_UP)
        by_visit = customers - by_platform
    arrivals = over(by_platform, conversions.platform_conversion, "平台转化率")
    invitations = over(arrivals, conversions.arrival_rate, "到场率")
    visits = over(by_visit, conversions.closing_rate, "拜访成交率")
    return Path(
        team_fyc, premium, customers, by_platform, by_visit, arrivals, invitations, visits, tuple(missing)
    )


def path_from_income(
    target: Decimal, parts: Income, *, allowance_rate: Decimal | None, conversions: Conversions
) -> Path:
    """From the income target back to team FYC, premium (FYC / FYC rate) and what `path_from_premium` says."""
    team_fyc = team_fyc_for(target, parts, allowance_rate=allowance_rate)
    premium = None
    missing = ["管理津贴率"] if team_fyc is None else []
    if team_fyc is not None:
        if conversions.fyc_rate:
            premium = _up(team_fyc / conversions.fyc_rate, FEN)
        elif team_fyc:
            missing.append("FYC率")
        else:
            premium = Decimal(0)
    path = path_from_premium(premium, conversions, team_fyc=team_fyc)
    return replace(path, missing=(*missing, *path.missing))


def _up(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_CEILING) * step

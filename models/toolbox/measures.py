"""The three tables of the toolbox, from what an institution did in some months (dossier section 1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from models.activities.rates import Turnout
from models.activities.tables import Platform
from models.customers.quadrant import Quadrant
from models.customers.sales import premium_per_customer
from models.toolbox.tables import ToolboxTable

ALL: Final = "all"
"""Key of the value over all ranks, quadrants or platforms."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of a table and how many it rests on. None: nothing to divide by."""

    table: ToolboxTable
    key: str
    value: Decimal | None
    sample: int


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a customer paid for a policy, and the customer's quadrant when signing; None: not known."""

    customer_id: int
    premium: Decimal
    quadrant: Quadrant | None


def tier_productivity(
    premium: Mapping[str, Decimal], person_months: Mapping[str, Decimal], *, months: int
) -> list[Measured]:
    """分层队伍产能 by rank code: premium of the tier / its mean headcount, in yuan a head and month.

    ``person_months`` sums the mean headcounts (月均人力) of the period's months; the sample is their mean.
    """
    table = ToolboxTable.TIER_PRODUCTIVITY
    tiers = {key: (premium.get(key, Decimal(0)), person_months.get(key, Decimal(0))) for key in person_months}
    tiers[ALL] = (sum(premium.values(), Decimal(0)), sum(person_months.values(), Decimal(0)))
    return [
        Measured(table, key, paid / heads if heads else None, int(heads / months))
        for key, (paid, heads) in tiers.items()
    ]


def premium_by_quadrant(purchases: Iterable[Purchase]) -> list[Measured]:
    """客均保费贡献: premium / customers who bought, over all and by quadrant at signing.

    A customer who bought in two quadrants counts in each, once in all; one of unknown quadrant in all only.
    """
    paid: dict[str, Decimal] = defaultdict(Decimal)
    buyers: dict[str, set[int]] = defaultdict(set)
    for purchase in purchases:
        for key in (ALL, purchase.quadrant):
            if key is not None:
                paid[key] += purchase.premium
                buyers[key].add(purchase.customer_id)
    return [
        Measured(
            ToolboxTable.PREMIUM_PER_CUSTOMER,
            key,
            premium_per_customer(paid[key], len(buyers[key])),
            len(buyers[key]),
        )
        for key in (ALL, *(quadrant.value for quadrant in Quadrant))
    ]


def platform_conversion(turnouts: Mapping[Platform, Turnout]) -> list[Measured]:
    """活动平台转化: customers who signed / customers who came, over all and by platform."""
    found = {platform.value: turnouts.get(platform, Turnout()) for platform in Platform}
    found[ALL] = sum(found.values(), Turnout())
    return [
        Measured(ToolboxTable.PLATFORM_CONVERSION, key, turnout.conversion, turnout.attended)
        for key, turnout in found.items()
    ]

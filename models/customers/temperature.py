"""How warm the relation to a customer is: interactions add warmth, which halves every thirty days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final

from models.customers.parameters import CustomerParameters, weight_code
from models.customers.tables import InteractionKind

CAP: Final = Decimal(100)
HALF: Final = Decimal("0.5")
HALF_LIVES: Final = 20
"""What is older than this many half-lives adds less than a millionth of its weight and is not read."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One interaction with a customer."""

    kind: InteractionKind
    happened_on: date


@dataclass(frozen=True, slots=True)
class Temperature:
    """0-100, or None with the codes of the parameters that were missing."""

    value: Decimal | None
    missing: tuple[str, ...] = ()


class TemperatureLevel(StrEnum):
    """高 (from 60), 中 (40-59), 低 (below 40)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


def temperature(contacts: Iterable[Contact], *, on: date, parameters: CustomerParameters) -> Temperature:
    """min(100, Σ interaction weight x 0.5^(days since / 30)) as of a day (dossier section 3).

    Contacts after the day do not count; without contacts the sum is 0. Unknown when a kind of interaction
    that counts has no weight.
    """
    total = Decimal(0)
    missing: set[str] = set()
    for contact in contacts:
        days = (on - contact.happened_on).days
        if days < 0:
            continue
        weight = parameters.weights.get(contact.kind)
        if weight is None:
            missing.add(weight_code(contact.kind))
        else:
            total += weight * _decay(days, parameters.half_life)
    if missing:
        return Temperature(None, tuple(sorted(missing)))
    return Temperature(max(Decimal(0), min(CAP, total)))


def temperature_level(value: Decimal | None, *, parameters: CustomerParameters) -> TemperatureLevel | None:
    """High from 60, medium from 40, low below (dossier section 2, defaults); None: not known."""
    if value is None:
        return None
    if value >= parameters.level_high:
        return TemperatureLevel.HIGH
    return TemperatureLevel.MEDIUM if value >= parameters.level_medium else TemperatureLevel.LOW


@lru_cache(maxsize=4096)
def _decay(days: int, half_life: Decimal) -> Decimal:
    return HALF ** (days / half_life)

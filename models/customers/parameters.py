"""The parameters that customer calculations rest on, and the dossier's defaults for those that have one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from models.customers.tables import InteractionKind
from models.indicators.parameters import Parameters

VALUE_LIMIT: Final = "quadrant_limit.value"
TEMPERATURE_LIMIT: Final = "quadrant_limit.temperature"
LEVEL_HIGH: Final = "temperature_level.high"
LEVEL_MEDIUM: Final = "temperature_level.medium"
HALF_LIFE: Final = "temperature_half_life_days"

SIXTY: Final = Decimal(60)
"""Where value and temperature are high (dossier section 2, defaults: 象限切60, ≥60高)."""
FORTY: Final = Decimal(40)
"""Where temperature is medium (dossier section 2, defaults: 40–59中)."""
THIRTY_DAYS: Final = Decimal(30)
"""After how long an interaction warms half as much (dossier section 3, temperature)."""


def weight_code(kind: InteractionKind) -> str:
    """Code of the parameter that says how much an interaction of the kind warms."""
    return f"interaction_weight.{kind.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerParameters:
    """Limits (0-100 points), half-life in days and interaction weights (points; a missing one is unknown)."""

    value_limit: Decimal = SIXTY
    temperature_limit: Decimal = SIXTY
    level_high: Decimal = SIXTY
    level_medium: Decimal = FORTY
    half_life: Decimal = THIRTY_DAYS
    weights: Mapping[InteractionKind, Decimal] = field(default_factory=dict)


def customer_parameters(parameters: Parameters, *, path: str = "/") -> CustomerParameters:
    """What holds for an institution (by its path): the defaults where nothing is set; a missing weight stays
    out."""
    weights = {kind: parameters.value(weight_code(kind), path=path) for kind in InteractionKind}

    def number(code: str, default: Decimal) -> Decimal:
        found = parameters.value(code, path=path)
        return default if found is None else found

    return CustomerParameters(
        value_limit=number(VALUE_LIMIT, SIXTY),
        temperature_limit=number(TEMPERATURE_LIMIT, SIXTY),
        level_high=number(LEVEL_HIGH, SIXTY),
        level_medium=number(LEVEL_MEDIUM, FORTY),
        half_life=number(HALF_LIFE, THIRTY_DAYS),
        weights={kind: weight for kind, weight in weights.items() if weight is not None},
    )

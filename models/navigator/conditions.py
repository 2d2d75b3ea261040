"""What a navigator rule may ask of a customer, and how the answer reads in a reason.

Every condition is one row of ``CONDITIONS``: what its operand must be, whether it holds, and the fact it
states. A state that is not known never holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from models.customers.quadrant import Quadrant
from models.customers.temperature import TemperatureLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerState:
    """What is known of a customer on a day; None: not known, or not there (renewal, event without sale)."""

    customer_id: int
    agent_id: int
    on: date
    last_contact_on: date
    """Latest interaction; the day the agent came to know the customer while there was none."""
    do_not_contact: bool = False
    complaint_open: bool = False
    cooling_off: bool | None = False
    value: Decimal | None = None
    temperature: Decimal | None = None
    level: TemperatureLevel | None = None
    potential: Decimal | None = None
    quadrant: Quadrant | None = None
    renewal_on: date | None = None
    has_gap: bool | None = None
    attended_unsigned_on: date | None = None
    """Latest event attended, if no policy was signed since."""


class Operand(StrEnum):
    """What stands behind the colon."""

    FLAG = "flag"
    DAYS = "days"
    SCORE = "score"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Condition:
    """``fact`` gets only states for which the condition holds."""

    operand: Operand
    holds: Callable[[CustomerState, Any], bool]
    fact: Callable[[CustomerState, Any], str]
    words: tuple[str, ...] = ()


LEVEL_NAMES: Final = {
    TemperatureLevel.HIGH: "高温",
    TemperatureLevel.MEDIUM: "中温",
    TemperatureLevel.LOW: "低温",
}
QUADRANT_NAMES: Final = {
    Quadrant.HH: "高价值高温度",
    Quadrant.HL: "高价值低温度",
    Quadrant.LH: "低价值高温度",
    Quadrant.LL: "低价值低温度",
}


def _renewal_near(state: CustomerState, days: int) -> bool:
    return state.renewal_on is not None and 0 <= (state.renewal_on - state.on).days <= days


def _unsigned_since(state: CustomerState, days: int) -> bool:
    attended = state.attended_unsigned_on
    return attended is not None and 0 <= (state.on - attended).days <= days


def _has_potential(state: CustomerState, least: int) -> bool:
    return state.potential is not None and state.potential >= least


def _silent(state: CustomerState, days: int) -> bool:
    return (state.on - state.last_contact_on).days >= days


def _quadrant_fact(state: CustomerState, _: object) -> str:
    name = QUADRANT_NAMES[Quadrant(str(state.quadrant))]
    return f"{name}客户（价值 {state.value:.0f}，温度 {state.temperature:.0f}）"


def _level_fact(state: CustomerState, _: object) -> str:
    return f"{LEVEL_NAMES[TemperatureLevel(str(state.level))]}客户（温度 {state.temperature:.0f}）"


CONDITIONS: Final[Mapping[str, Condition]] = {
    "complaint_open": Condition(
        Operand.FLAG,
        lambda state, flag: state.complaint_open is flag,
        lambda _, flag: "有未结投诉" if flag else "没有未结投诉",
    ),
    "cooling_off": Condition(
        Operand.FLAG,
        lambda state, flag: state.cooling_off is flag,
        lambda _, flag: "有保单在犹豫期内" if flag else "没有保单在犹豫期内",
    ),
    "quadrant": Condition(
        Operand.WORDS, lambda state, words: state.quadrant in words, _quadrant_fact, tuple(Quadrant)
    ),
    "temperature_level": Condition(
        Operand.WORDS, lambda state, words: state.level in words, _level_fact, tuple(TemperatureLevel)
    ),
    "has_gap": Condition(
        Operand.FLAG,
        lambda state, flag: state.has_gap is flag,
        lambda _, flag: "有保障缺口" if flag else "没有保障缺口",
    ),
    "renewal_within_days": Condition(
        Operand.DAYS, _renewal_near, lambda state, _: f"{state.renewal_on:%Y-%m-%d} 续期"
    ),
    "potential_at_least": Condition(
        Operand.SCORE, _has_potential, lambda state, _: f"潜力 {state.potential:.0f}"
    ),
    "attended_unsigned_within_days": Condition(
        Operand.DAYS, _unsigned_since, lambda state, _: f"{state.attended_unsigned_on:%Y-%m-%d} 到场未签"
    ),
    "no_contact_for_days": Condition(
        Operand.DAYS,
        _silent,
        lambda state, _: f"已 {(state.on - state.last_contact_on).days} 天没有接触",
    ),
}


@dataclass(frozen=True, slots=True)
class When:
    """All checks hold, and of ``any_of``, if there are any, at least one does."""

    checks: tuple[tuple[str, Any], ...]
    any_of: tuple[When, ...] = ()


def facts(when: When, state: CustomerState) -> tuple[str, ...] | None:
    """The facts for which the condition holds, in order; None when it does not hold."""
    found: list[str] = []
    for name, operand in when.checks:
        condition = CONDITIONS[name]
        if not condition.holds(state, operand):
            return None
        found.append(condition.fact(state, operand))
    if not when.any_of:
        return tuple(found)
    alternatives = [said for part in when.any_of if (said := facts(part, state)) is not None]
    if not alternatives:
        return None
    return (*found, *(fact for said in alternatives for fact in said))

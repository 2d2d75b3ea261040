"""How often each management action is due, who owes it, and who is behind (R32)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from models.activities.tables import Platform
from models.base import ScopeKind, Subtree
from models.customers.placement import scopes
from models.indicators.parameters import Parameters
from models.management.tables import ActionKind


class Period(StrEnum):
    """A business week or a month."""

    WEEK = "week"
    MONTH = "month"


class Owes(StrEnum):
    """Whom an action is due from, or for the goal interview: with whom."""

    SUPERVISOR = "supervisor"
    FOCUS_SUPERVISOR = "focus_supervisor"
    INSTITUTION = "institution"


@dataclass(frozen=True, slots=True)
class Cadence:
    """``times`` in each period, for each of those who owe it; counted once the record and review are there
    where they are needed."""

    kind: ActionKind
    period: Period
    owes: Owes
    times: int = 1
    needs_review: bool = False


CADENCES: Final[Mapping[ActionKind, Cadence]] = {
    cadence.kind: cadence
    for cadence in (
        Cadence(ActionKind.GOAL_INTERVIEW, Period.MONTH, Owes.FOCUS_SUPERVISOR),
        Cadence(ActionKind.CUSTOMER_INVENTORY, Period.WEEK, Owes.SUPERVISOR),
        Cadence(ActionKind.PLATFORM_SETUP, Period.MONTH, Owes.INSTITUTION),
        Cadence(ActionKind.JOINT_VISIT, Period.WEEK, Owes.SUPERVISOR, needs_review=True),
    )
}
"""R32. The platform set-up is due for each of the three platform kinds (R30)."""


def times(kind: ActionKind, parameters: Parameters, *, path: str) -> int:
    """How often the action is due in a period at an institution: parameter ``cadence.<kind>``, or R32."""
    found = parameters.value(f"cadence.{kind.value}", path=path)
    return CADENCES[kind].times if found is None else int(found)


@dataclass(frozen=True, slots=True)
class Duty:
    """What one supervisor, or one institution for a platform, owed in a period and did."""

    path: str
    """Of the institution that it counts for."""
    required: int
    done: int
    person_id: int | None = None
    platform: Platform | None = None

    @property
    def missing(self) -> int:
        return max(0, self.required - self.done)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an institution, with all below it, stands in one kind of action."""

    duties: int
    covered: int
    behind: tuple[Duty, ...]

    @property
    def missing(self) -> int:
        """How many actions are still to be done."""
        return sum(duty.missing for duty in self.behind)

    @property
    def coverage(self) -> Decimal | None:
        """陪访覆盖 (and 面谈, 盘点 alike) = those with at least one in the period / those who owe it; None
        when nobody does (dossier section 3)."""
        return Decimal(self.covered) / self.duties if self.duties else None


def standings(duties: Iterable[Duty], *, within: Subtree) -> dict[int, Standing]:
    """The duties added up by institution, and by each institution above it that the reader may see."""
    found: dict[int, list[Duty]] = defaultdict(list)
    for duty in duties:
        for scope in scopes(ScopeKind.INSTITUTION, duty.path, within=within):
            found[scope.id].append(duty)
    return {
        institution: Standing(
            len(each), sum(duty.done > 0 for duty in each), tuple(duty for duty in each if duty.missing)
        )
        for institution, each in found.items()
    }

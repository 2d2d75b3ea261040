"""What an activity achieved: arrival, conversion and warming rates (dossier section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many customers were invited, came, signed and warmed up.

    What is not known leaves the denominator and is counted apart: ``unclear`` customers whose attendance is
    not recorded, ``unmeasured`` attendants without temperature before or after.
    """

    invited: int = 0
    unclear: int = 0
    attended: int = 0
    signed: int = 0
    unmeasured: int = 0
    warmed: int = 0

    @property
    def arrival(self) -> Decimal | None:
        """到场率 = attended / invited; None without denominator."""
        return _rate(self.attended, self.invited - self.unclear)

    @property
    def conversion(self) -> Decimal | None:
        """活动平台转化 = customers who signed / who attended; None without denominator."""
        return _rate(self.signed, self.attended)

    @property
    def warming(self) -> Decimal | None:
        """升温率 = customers below 60 before and at 60 or more after / who attended; None without
        denominator."""
        return _rate(self.warmed, self.attended - self.unmeasured)

    def __add__(self, other: Turnout) -> Turnout:
        return Turnout(
            self.invited + other.invited,
            self.unclear + other.unclear,
            self.attended + other.attended,
            self.signed + other.signed,
            self.unmeasured + other.unmeasured,
            self.warmed + other.warmed,
        )


def _rate(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None

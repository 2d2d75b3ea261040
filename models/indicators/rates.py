"""Rates and attainments (dossier sections 1 and 3). A denominator of zero or an unknown gives None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

ROLLING_MONTHS: Final = 6
"""Window of a sales office's CT rate (dossier, defaults), unless the parameter says otherwise."""
ROLLING_PARAMETER: Final = "ct_window_months"
CT_THRESHOLD: Final = "ct_threshold."
"""Prefix of the parameters that make up the CT standard, for example ``ct_threshold.fyc``."""
U_THRESHOLD: Final = "u_threshold"


@dataclass(frozen=True, slots=True)
class Share:
    """Counted parts of a counted whole."""

    part: Decimal
    whole: Decimal

    @property
    def rate(self) -> Decimal | None:
        return self.part / self.whole if self.whole else None


def achievement(actual: Decimal | None, target: Decimal | None) -> Decimal | None:
    """达成率 = actual / target."""
    return None if actual is None or not target else actual / target


def progress_difference(rate: Decimal | None, *, worked: int | None, working: int | None) -> Decimal | None:
    """进度差 = achievement − worked days / working days; days of an unknown year are None."""
    return None if rate is None or worked is None or not working else rate - Decimal(worked) / working


def is_u(actual: Decimal | None, threshold: Decimal | None) -> bool | None:
    """达U: the month's FYC reaches the threshold."""
    return None if actual is None or threshold is None else actual >= threshold


def ct_progress(
    actuals: Mapping[str, Decimal | None], thresholds: Mapping[str, Decimal | None]
) -> Decimal | None:
    """min over k of actual_k / threshold_k; None without thresholds, or when one of them or its actual is."""
    parts = [achievement(actuals.get(code), threshold) for code, threshold in thresholds.items()]
    known = [part for part in parts if part is not None]
    return min(known) if known and len(known) == len(parts) else None


def is_ct(progress: Decimal | None) -> bool | None:
    """达CT: every part of the standard is reached."""
    return None if progress is None else progress >= 1


def rolling_ct_rate(attained: Sequence[bool | None], *, months: int = ROLLING_MONTHS) -> Share:
    """单室CT率: months with CT / assessed months, of the last ``months`` (oldest first).

    A month not assessed, or not known, is None: it leaves the denominator, and ``whole`` shows it.
    """
    assessed = [month for month in attained[-months:] if month is not None]
    return Share(Decimal(sum(assessed)), Decimal(len(assessed)))

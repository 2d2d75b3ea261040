"""How a moment and a score are written, on every screen and in every report."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Protocol

from qa_pipeline.values.vocabulary import Seconds

UNKNOWN: Final = "未知"


class Named(Protocol):
    """What has a name and a reason, as a critical item has."""

    @property
    def label(self) -> str: ...

    @property
    def reason(self) -> str: ...


def in_short(reason: str, beside: Iterable[Named]) -> str:
    """The reason of a verdict where what it rests on stands beside it with its own: that is only named."""
    for one in beside:
        reason = reason.replace(f"{one.label}：{one.reason.rstrip('。')}", one.label)
    return reason


def clock(seconds: Seconds) -> str:
    """05:07 or 1:02:03, from the start of the meeting; rounded down, as a player shows it."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def points(score: float | Decimal | None) -> str:
    """One decimal at most, rounded down, so that 59.99 never reads as 60."""
    if score is None or not math.isfinite(score):
        return UNKNOWN
    return f"{math.floor(float(score) * 10 + 1e-6) / 10:g}"


def percent(share: float | Decimal) -> str:
    """One decimal at most, rounded down, so that 69.96 % never reads as 70 %."""
    return f"{math.floor(float(share) * 1000 + 1e-6) / 10:g}%"

"""Whether a meeting can have taken place, as far as this machine's clock tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

TOLERANCE: Final = timedelta(minutes=5)
"""By which the clocks of two machines differ."""
BUILT: Final = datetime(2026, 11, 26, tzinfo=timezone(timedelta(hours=8)))
"""A clock that stands before the day the program was built is wrong: then that day is taken for today."""


def lies_ahead(start: datetime) -> bool:
    """Whether what is said to have begun at ``start`` (with its zone) has not come yet."""
    return start > max(datetime.now(UTC), BUILT) + TOLERANCE

"""SQL of the rates that all processes share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select

from api.accounts.tables import SharedBucket
from models.base import Repository
from models.upsert import upsert

SKEW: Final = timedelta(minutes=1)
"""Clocks of machines differ by less: a later moment was set by a clock that was put back since."""
FORGOTTEN: Final = timedelta(hours=1)
"""Every bucket is full again long before."""


class BucketRepository(Repository):
    """Buckets that are full are as good as forgotten."""

    def spend(self, key: str, tokens: float, *, burst: float, per_second: float, now: datetime) -> float:
        """Take the tokens out of the bucket unless it is empty; returns the seconds until it no longer is.

        What was used already may be more than there was: then the bucket owes it.
        """
        upsert(
            self.session,
            SharedBucket,
            [{"key": key, "left": burst, "at": now}],
            key=("key",),
            keep=("left", "at"),
        )
        row = self.session.scalars(
            select(SharedBucket)
            .where(SharedBucket.key == key)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        since = now if row.at > now + SKEW else row.at
        gained = max(0.0, (now - since).total_seconds()) * per_second
        row.left, row.at = min(burst, row.left + gained), max(since, now)
        if row.left < 1:
            return (1 - row.left) / per_second
        row.left -= tokens
        return 0.0

    def forget_full(self, *, now: datetime) -> None:
        self.session.execute(delete(SharedBucket).where(SharedBucket.at < now - FORGOTTEN))

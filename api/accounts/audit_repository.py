"""All SQL that reads the audit trail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select

from api.accounts.tables import AuditEntry
from api.pages import after
from models.base import EVERYWHERE, Repository
from models.organisation.conditions import inside
from models.organisation.tables import Institution

AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries; None: all. Moments are half-open, ``since`` <= at < ``until``."""

    actor: str | None = None
    action: str | None = None
    kind: str | None = None
    code: str | None = None
    since: datetime | None = None
    until: datetime | None = None


AuditLine = tuple[AuditEntry, str | None]
"""An entry and the code of its institution."""


class AuditRepository(Repository):
    """An entry without institution is seen only by whoever sees everything."""

    def lines(self, wanted: AuditFilter, *, cursor: str | None, limit: int) -> Sequence[AuditLine]:
        """Newest first, one more than the limit."""
        query = after(self._lines(wanted), [AuditEntry.at, AuditEntry.id], cursor, limit, descending=True)
        return [(row[0], row[1]) for row in self.session.execute(query)]

    def all(self, wanted: AuditFilter) -> Iterator[AuditLine]:
        """Oldest first, never all in memory."""
        query = self._lines(wanted).order_by(AuditEntry.at, AuditEntry.id)
        rows = self.session.execute(query.execution_options(yield_per=AT_ONCE))
        return ((row[0], row[1]) for row in rows)

    def _lines(self, wanted: AuditFilter) -> Select[Any]:
        query = select(AuditEntry, Institution.code).outerjoin(
            Institution, Institution.id == AuditEntry.institution_id
        )
        if self.within != EVERYWHERE:
            query = query.where(inside(self.within))
        for column, value in (
            (AuditEntry.actor, wanted.actor),
            (AuditEntry.action, wanted.action),
            (AuditEntry.object_kind, wanted.kind),
            (AuditEntry.object_code, wanted.code),
        ):
            if value is not None:
                query = query.where(column == value)
        if wanted.since is not None:
            query = query.where(AuditEntry.at >= wanted.since)
        if wanted.until is not None:
            query = query.where(AuditEntry.at < wanted.until)
        return query

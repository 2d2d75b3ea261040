"""Management actions a page at a time, and one by its code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from api.pages import after
from models.base import Repository
from models.customers.placement import placed
from models.management.repository import DAY, unfinished
from models.management.tables import ActionKind, ManagementAction


class ActionRepository(Repository):
    """An action belongs to where its actor stood on the day it was done, or else planned for."""

    def page(
        self,
        first: date,
        last: date,
        *,
        kind: ActionKind | None = None,
        only_unfinished: bool = False,
        latest_first: bool = False,
        cursor: str | None = None,
        limit: int,
    ) -> Sequence[ManagementAction]:
        """Those of the first to the last day in the order of their days and codes, one too many."""
        query = placed(select(ManagementAction), ManagementAction.actor_id, on=DAY, within=self.within)
        query = query.where(DAY.between(first, last))
        if kind is not None:
            query = query.where(ManagementAction.kind == kind)
        if only_unfinished:
            query = query.where(unfinished())
        return self.session.scalars(
            after(query, [DAY, ManagementAction.code], cursor, limit, descending=latest_first)
        ).all()

    def action(self, code: str) -> ManagementAction | None:
        """None: no such action that may be seen."""
        query = placed(select(ManagementAction), ManagementAction.actor_id, on=DAY, within=self.within)
        found: ManagementAction | None = self.session.scalars(
            query.where(ManagementAction.code == code)
        ).one_or_none()
        return found


def place_of(row: ManagementAction) -> list[str]:
    """What the cursor remembers of the last row shown."""
    return [f"{row.done_on or row.planned_on}", row.code]

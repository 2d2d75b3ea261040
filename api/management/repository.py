"""One management action by its code."""

from __future__ import annotations

from sqlalchemy import select

from models.base import Repository
from models.customers.placement import placed
from models.management.repository import DAY
from models.management.tables import ManagementAction


class ActionRepository(Repository):
    """An action belongs to where its actor stood on the day it was done, or else planned for."""

    def action(self, code: str) -> ManagementAction | None:
        """None: no such action that may be seen."""
        query = placed(select(ManagementAction), ManagementAction.actor_id, on=DAY, within=self.within)
        found: ManagementAction | None = self.session.scalars(
            query.where(ManagementAction.code == code)
        ).one_or_none()
        return found

"""Lists of plans, and which institution a supervisor's office belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from api.pages import after
from models.base import Repository
from models.organisation.conditions import holds_on, inside
from models.organisation.tables import Institution, OfficeLead, SalesOffice
from models.planning.tables import Plan, PlanState, Target


class PlanListRepository(Repository):
    """Plans of the subtree's institutions."""

    def plans(
        self,
        *,
        below: str,
        month: date | None,
        state: PlanState | None,
        cursor: str | None,
        limit: int,
    ) -> Sequence[Row[Any]]:
        """(plan, institution code), in the order of the plans' codes."""
        query = (
            select(Plan, Institution.code)
            .join(Institution, Institution.id == Plan.institution_id)
            .where(inside(self.within), Institution.path.startswith(below))
        )
        if month is not None:
            query = query.where(Plan.month == month)
        if state is not None:
            query = query.where(Plan.state == state)
        return self.session.execute(after(query, [Plan.code], cursor, limit)).all()

    def is_taken(self, code: str) -> bool:
        """Whether a plan of anywhere bears the code."""
        return self.session.scalar(select(Plan.id).where(Plan.code == code)) is not None

    def holds(self, plan_id: int, target_id: int) -> bool:
        """Whether the target is one of the plan's."""
        query = select(Target.id).where(Target.id == target_id, Target.plan_id == plan_id)
        return self.session.scalar(query) is not None

    def of_month(self, institution_id: int, month: date) -> Plan | None:
        """A plan that the institution has for the month, whatever its state; None: it has none.

        Whoever asks meanwhile for the same institution waits until the caller's transaction is over.
        """
        own = select(Institution.id).where(Institution.id == institution_id)
        self.session.execute(own.with_for_update())
        query = select(Plan).where(Plan.institution_id == institution_id, Plan.month == month)
        return self.session.scalars(query.order_by(Plan.code).limit(1)).one_or_none()

    def led(self, person_id: int, on: date) -> tuple[int, int] | None:
        """(institution, office) that the person leads in the subtree on the day; None: none."""
        query = (
            select(SalesOffice.institution_id, SalesOffice.id)
            .join(Institution, Institution.id == SalesOffice.institution_id)
            .join(OfficeLead, OfficeLead.office_id == SalesOffice.id)
            .where(OfficeLead.person_id == person_id, holds_on(OfficeLead, on), inside(self.within))
            .order_by(SalesOffice.code)
        )
        row = self.session.execute(query).first()
        return None if row is None else (row[0], row[1])

"""Lists and copies of plans, and which institution a supervisor's office belongs to."""

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

    def copy_targets(self, source: Plan, copy: Plan) -> None:
        """Give the copy, which has none yet, the whole tree of the source, level by level."""
        rows = self.session.scalars(select(Target).where(Target.plan_id == source.id).order_by(Target.id))
        waiting, copied = list(rows), dict[int | None, int | None]({None: None})
        while waiting:
            level = {row.id: _copied(row, copy.id, copied) for row in waiting if row.parent_id in copied}
            self.session.add_all(level.values())
            self.session.flush()
            copied |= {key: target.id for key, target in level.items()}
            waiting = [row for row in waiting if row.id not in level]

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


def _copied(row: Target, plan_id: int, copied: dict[int | None, int | None]) -> Target:
    return Target(
        plan_id=plan_id,
        parent_id=copied[row.parent_id],
        indicator_id=row.indicator_id,
        institution_id=row.institution_id,
        office_id=row.office_id,
        person_id=row.person_id,
        is_unassigned=row.is_unassigned,
        value=row.value,
    )

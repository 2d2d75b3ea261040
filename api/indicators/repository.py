"""Lists of definitions and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, or_, select

from api.pages import after
from models.base import Repository
from models.indicators.tables import Indicator, Parameter
from models.organisation.conditions import holds_on, inside
from models.organisation.tables import Institution, Rank


class DefinitionRepository(Repository):
    """Definitions are everyone's."""

    def definitions(self, code: str | None = None) -> Sequence[Indicator]:
        """All versions by code, the oldest first; of one indicator if asked."""
        query = select(Indicator).order_by(Indicator.code, Indicator.version)
        if code is not None:
            query = query.where(Indicator.code == code)
        return self.session.scalars(query).all()


class ParameterListRepository(Repository):
    """Parameters that can answer for an institution of the subtree: also those set above it."""

    def parameters(
        self, *, code: str | None, on: date | None, cursor: str | None, limit: int
    ) -> Sequence[Row[Any]]:
        """(parameter, institution code, rank code) in the order they were set."""
        above = [int(key) for key in self.within.path.split("/") if key]
        query = (
            select(Parameter, Institution.code, Rank.code)
            .outerjoin(Institution, Institution.id == Parameter.institution_id)
            .outerjoin(Rank, Rank.id == Parameter.rank_id)
            .where(
                or_(
                    Parameter.institution_id.is_(None),
                    Parameter.institution_id.in_(above),
                    inside(self.within),
                )
            )
        )
        if code is not None:
            query = query.where(Parameter.code == code)
        if on is not None:
            query = query.where(holds_on(Parameter, on))
        return self.session.execute(after(query, [Parameter.code, Parameter.id], cursor, limit)).all()

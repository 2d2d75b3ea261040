"""Parameters by effective date: set them, and read all that hold on a day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import or_, select

from models.base import EVERYWHERE, Repository
from models.indicators.parameters import Parameters, Setting
from models.indicators.tables import BOUNDS, Parameter
from models.organisation.conditions import holds_on, inside
from models.organisation.tables import Institution
from qa_pipeline.errors import InputError


class ParameterRepository(Repository):
    """Reads what applies to the subtree, so also what stands above it; writes only within it."""

    def on(self, day: date) -> Parameters:
        """All parameters that hold on the day and can answer for an institution of the subtree. One query."""
        above = [int(key) for key in self.within.path.split("/") if key]
        query = (
            select(Parameter)
            .outerjoin(Institution, Institution.id == Parameter.institution_id)
            .where(
                holds_on(Parameter, day),
                or_(
                    Parameter.institution_id.is_(None),
                    Parameter.institution_id.in_(above),
                    inside(self.within),
                ),
            )
        )
        return Parameters(
            Setting(row.code, row.value, row.valid_from, row.institution_id, row.rank_id)
            for row in self.session.scalars(query)
        )

    def put(
        self,
        code: str,
        value: Decimal,
        *,
        valid_from: date,
        valid_to: date | None = None,
        institution_id: int | None = None,
        rank_id: int | None = None,
        note: str | None = None,
    ) -> Parameter:
        """Set a parameter from a day on; the row before it ends there, and it ends where the next one starts.

        The same first day again replaces the value. Raises InputError for an institution outside the subtree,
        a general or rank parameter set by a reader who does not see everything, or a value out of bounds.
        """
        if institution_id is not None and rank_id is not None:
            raise InputError(f"参数“{code}”不能同时限定机构和职级：请只填一项。")
        if valid_to is not None and valid_to <= valid_from:
            raise InputError(f"参数“{code}”的失效日 {valid_to} 不晚于生效日 {valid_from}：请核对日期。")
        least, most = BOUNDS.get(code, (0, None))
        if value < least or (most is not None and value > most):
            reach = f"不小于 {least}" if most is None else f"在 {least} 到 {most} 之间"
            raise InputError(f"参数 {code} 须{reach}：请改正数值。")
        self._require_writable(code, institution_id)
        rows = self.session.scalars(
            select(Parameter)
            .where(
                Parameter.code == code,
                Parameter.institution_id.is_not_distinct_from(institution_id),
                Parameter.rank_id.is_not_distinct_from(rank_id),
            )
            .order_by(Parameter.valid_from)
        ).all()
        later = next((row.valid_from for row in rows if row.valid_from > valid_from), None)
        end = min((day for day in (valid_to, later) if day is not None), default=None)
        for row in rows:
            if row.valid_from < valid_from and row.holds_on(valid_from):
                row.valid_to = valid_from
        setting = next((row for row in rows if row.valid_from == valid_from), None)
        if setting is None:
            setting = Parameter(
                code=code, institution_id=institution_id, rank_id=rank_id, valid_from=valid_from
            )
            self.session.add(setting)
        setting.value, setting.valid_to, setting.note = value, end, note
        self.session.flush()
        return setting

    def _require_writable(self, code: str, institution_id: int | None) -> None:
        if institution_id is None:
            if self.within != EVERYWHERE:
                raise InputError(f"参数“{code}”适用于全公司，只有总公司可以设置：请改为限定您管辖的机构。")
            return
        visible = select(Institution.id).where(Institution.id == institution_id, inside(self.within))
        if self.session.scalar(visible) is None:
            raise InputError(f"参数“{code}”的机构（主键 {institution_id}）不存在或不在您管辖的范围内。")

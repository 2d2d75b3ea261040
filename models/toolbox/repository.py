"""Computing, overriding and looking up the values of the toolbox."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import func, select

from models.activities.rates import Turnout
from models.activities.repository import ActivityRepository
from models.activities.tables import Platform
from models.base import Repository, ScopeKind, Subtree
from models.calendar.weeks import month_start, months_later
from models.customers.parameters import CustomerParameters, customer_parameters
from models.customers.placement import placed
from models.customers.quadrant import Quadrant, quadrant
from models.customers.tables import CustomerSnapshot, Sale
from models.indicators.parameter_repository import ParameterRepository
from models.indicators.repository import STEP
from models.organisation.conditions import holds_on, inside
from models.organisation.roster import RosterRepository
from models.organisation.tables import Institution, Rank, RankHistory
from models.toolbox.lookup import MIN_SAMPLE, MIN_SAMPLE_PARAMETER, Entry, Toolbox
from models.toolbox.measures import (
    ALL,
    Measured,
    Purchase,
    platform_conversion,
    premium_by_quadrant,
    tier_productivity,
)
from models.toolbox.tables import ToolboxTable, ToolboxValue
from qa_pipeline.errors import InputError


class ToolboxRepository(Repository):
    """Values of the subtree's institutions. A look-up may fall back on the values of those above it."""

    def compute(self, institution_id: int, *, first: date, last: date) -> list[ToolboxValue]:
        """Compute all three tables from the months ``first``..``last``, valid from the month after the last.

        The same period's end again replaces what was computed; values of other days, and those set by hand,
        stay. Sales count where and in which rank their agent stood when signing; withdrawn ones do not.
        """
        institution = self._institution(institution_id)
        start, end = month_start(first), months_later(month_start(last), 1)
        if end <= start:
            raise InputError(f"计算区间的末月 {last:%Y-%m} 早于首月 {first:%Y-%m}：请核对月份。")
        within = Subtree(institution.path)
        parameters = customer_parameters(ParameterRepository(self.session).on(end), path=institution.path)
        measured = [
            *self._tiers(within, start, end),
            *premium_by_quadrant(self._purchases(within, start, end, parameters)),
            *platform_conversion(self._turnouts(institution, start, end, parameters)),
        ]
        return self._store(institution_id, measured, start, end)

    def override(
        self,
        institution_id: int,
        table: ToolboxTable,
        key: str,
        value: Decimal,
        *,
        valid_from: date,
        note: str | None = None,
    ) -> ToolboxValue:
        """Set a value by hand from a day on; it wins until it is ended or the next one starts.

        The same first day again replaces the value. Raises InputError for an unknown key or a negative value.
        """
        self._institution(institution_id)
        self._require_key(table, key)
        if value < 0:
            raise InputError(f"工具箱的手工数值不能为负（{key}：{value}）：请核对。")
        rows = self._overrides(institution_id, table, key)
        for row in rows:
            if row.valid_from < valid_from and row.holds_on(valid_from):
                row.valid_to = valid_from
        self.session.flush()
        row = next((row for row in rows if row.valid_from == valid_from), None) or ToolboxValue(
            table_name=table,
            key=key,
            institution_id=institution_id,
            valid_from=valid_from,
            valid_to=next((row.valid_from for row in rows if row.valid_from > valid_from), None),
            is_override=True,
        )
        row.value, row.note = value, note
        self.session.add(row)
        self.session.flush()
        return row

    def end_override(self, institution_id: int, table: ToolboxTable, key: str, *, on: date) -> None:
        """End the value set by hand that holds on the day: from then on the computed one answers again."""
        self._institution(institution_id)
        rows = self._overrides(institution_id, table, key)
        row = next((row for row in rows if row.holds_on(on)), None)
        if row is None:
            raise InputError(f"“{key}”在 {on} 没有手工设定的数值，无需终止：请核对日期。")
        if row.valid_from == on:
            raise InputError(f"“{key}”的手工数值 {on} 当天才生效，不能当天终止：请选择更晚的日期。")
        row.valid_to = on
        self.session.flush()

    def history(self, institution_id: int) -> list[ToolboxValue]:
        """All values the institution ever had, by table and key, the newest first."""
        self._institution(institution_id)
        query = select(ToolboxValue).where(ToolboxValue.institution_id == institution_id)
        order = (ToolboxValue.table_name, ToolboxValue.key, ToolboxValue.valid_from.desc())
        return list(self.session.scalars(query.order_by(*order, ToolboxValue.is_override.desc())))

    def on(self, institution_id: int, day: date) -> Toolbox:
        """What answers for the institution on the day, from its own values and those above it."""
        institution = self._institution(institution_id)
        keys = [int(key) for key in institution.path.split("/") if key][::-1]
        names = dict(
            self.session.execute(select(Institution.id, Institution.name).where(Institution.id.in_(keys)))
            .tuples()
            .all()
        )
        rows = self.session.scalars(
            select(ToolboxValue).where(ToolboxValue.institution_id.in_(keys), holds_on(ToolboxValue, day))
        )
        parameters = ParameterRepository(self.session).on(day)
        min_sample = parameters.value(MIN_SAMPLE_PARAMETER, path=institution.path)
        return Toolbox(
            (
                Entry(
                    row.institution_id,
                    row.table_name,
                    row.key,
                    row.valid_from,
                    row.value,
                    row.sample_size,
                    row.is_override,
                )
                for row in rows
            ),
            line=[(key, names[key]) for key in keys],
            min_sample=MIN_SAMPLE if min_sample is None else int(min_sample),
        )

    # --- what is measured

    def _tiers(self, within: Subtree, start: date, end: date) -> list[Measured]:
        premium = self.session.execute(
            placed(select(Rank.code, func.sum(Sale.premium)), Sale.agent_id, on=Sale.signed_on, within=within)
            .join(Rank, Rank.id == RankHistory.rank_id)
            .where(Sale.signed_on >= start, Sale.signed_on < end, Sale.withdrawn_on.is_(None))
            .group_by(Rank.code)
        ).tuples()
        ranks = dict(self.session.execute(select(Rank.id, Rank.code)).tuples().all())
        roster = RosterRepository(self.session, within=within)
        person_months: dict[str, Decimal] = defaultdict(Decimal)
        months = 0
        while (month := months_later(start, months)) < end:
            for headcount in roster.headcounts(month):
                person_months[ranks[headcount.rank_id]] += headcount.average
            months += 1
        return tier_productivity(dict(premium.all()), person_months, months=months)

    def _purchases(
        self, within: Subtree, start: date, end: date, parameters: CustomerParameters
    ) -> list[Purchase]:
        newest = (
            select(func.max(CustomerSnapshot.week_ends))
            .where(
                CustomerSnapshot.customer_id == Sale.customer_id, CustomerSnapshot.week_ends <= Sale.signed_on
            )
            .correlate(Sale)
            .scalar_subquery()
        )
        query = (
            placed(
                select(
                    Sale.customer_id, Sale.premium, CustomerSnapshot.value, CustomerSnapshot.temperature
                ).select_from(Sale),
                Sale.agent_id,
                on=Sale.signed_on,
                within=within,
            )
            .outerjoin(
                CustomerSnapshot,
                (CustomerSnapshot.customer_id == Sale.customer_id) & (CustomerSnapshot.week_ends == newest),
            )
            .where(Sale.signed_on >= start, Sale.signed_on < end, Sale.withdrawn_on.is_(None))
        )
        return [
            Purchase(customer_id, premium, quadrant(value, temperature, parameters=parameters))
            for customer_id, premium, value, temperature in self.session.execute(query)
        ]

    def _turnouts(
        self, institution: Institution, start: date, end: date, parameters: CustomerParameters
    ) -> dict[Platform, Turnout]:
        activities = ActivityRepository(self.session, within=Subtree(institution.path))
        totals: dict[Platform, Turnout] = defaultdict(Turnout)
        months = 0
        while (month := months_later(start, months)) < end:
            found = activities.turnout(month, by=ScopeKind.INSTITUTION, parameters=parameters)
            for (scope, platform), turnout in found.items():
                if scope.id == institution.id:
                    totals[platform] += turnout
            months += 1
        return totals

    # --- what is stored

    def _store(
        self, institution_id: int, measured: list[Measured], start: date, end: date
    ) -> list[ToolboxValue]:
        stored = {
            (row.table_name, row.key): row
            for row in self.session.scalars(
                select(ToolboxValue).where(
                    ToolboxValue.institution_id == institution_id,
                    ToolboxValue.valid_from == end,
                    ~ToolboxValue.is_override,
                )
            )
        }
        for value in measured:
            row = stored.get((value.table, value.key))
            if row is None:
                row = stored[value.table, value.key] = ToolboxValue(
                    table_name=value.table,
                    key=value.key,
                    institution_id=institution_id,
                    valid_from=end,
                    is_override=False,
                )
                self.session.add(row)
            row.value = None if value.value is None else value.value.quantize(STEP, ROUND_HALF_UP)
            row.sample_size = value.sample
            row.period_from, row.period_to = start, end
        self.session.flush()
        return list(stored.values())

    def _overrides(self, institution_id: int, table: ToolboxTable, key: str) -> list[ToolboxValue]:
        query = select(ToolboxValue).where(
            ToolboxValue.institution_id == institution_id,
            ToolboxValue.table_name == table,
            ToolboxValue.key == key,
            ToolboxValue.is_override,
        )
        return list(self.session.scalars(query.order_by(ToolboxValue.valid_from)))

    def _require_key(self, table: ToolboxTable, key: str) -> None:
        keys = [ALL]
        if table is ToolboxTable.TIER_PRODUCTIVITY:
            keys += self.session.scalars(select(Rank.code).order_by(Rank.rank_order))
        elif table is ToolboxTable.PREMIUM_PER_CUSTOMER:
            keys += Quadrant
        else:
            keys += Platform
        if key not in keys:
            raise InputError(f"工具箱没有“{key}”这一项：请改用 {'、'.join(keys)} 之一。")

    def _institution(self, institution_id: int) -> Institution:
        institution = self.session.scalar(
            select(Institution).where(Institution.id == institution_id, inside(self.within))
        )
        if institution is None:
            raise InputError(f"机构（主键 {institution_id}）不存在或不在您管辖的范围内：请核对后重新选择。")
        return institution

"""The three factors of every team (R28), and the supervisors' income targets that rest on them (R18)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import and_, exists, select

from models.base import Repository, Scope, ScopeKind, Subtree
from models.calendar.weeks import month_end, month_start
from models.indicators.parameter_repository import ParameterRepository
from models.indicators.repository import IndicatorRepository
from models.indicators.scopes import months_back
from models.organisation.conditions import holds_on, inside
from models.organisation.tables import Institution, OfficeLead, Person, Rank, RankHistory, SalesOffice
from models.planning.breakdown import FEN, Base
from models.planning.income import ALLOWANCE_RATE, Income
from models.planning.tables import IncomeTarget
from qa_pipeline.errors import InputError

BASE_MONTHS = 3
"""基础 is the team's mean monthly FYC of this many months before (dossier section 3)."""
RANK_COEFFICIENT = "rank_coefficient"


@dataclass(frozen=True, slots=True)
class Team:
    """An office with its leader on the first day of a month, and the factors of its share."""

    office_id: int
    office: str
    leader_id: int | None
    leader: str | None
    rank_id: int | None
    base: Base
    allowance_rate: Decimal | None
    """管理津贴率 of the leader's rank; None: not known."""

    @property
    def scope(self) -> Scope:
        return Scope(ScopeKind.OFFICE, self.office_id)


@dataclass(frozen=True, slots=True)
class IncomeLine:
    """A supervisor of an institution and the income target of the month; None: not set yet."""

    person_id: int
    name: str
    rank: str
    target: IncomeTarget | None


class TeamRepository(Repository):
    """Offices and supervisors at or below an institution of the subtree."""

    def teams(self, institution_id: int, month: date) -> list[Team]:
        """Every office that exists on the month's first day, in four queries.

        Months before an office existed leave its mean; a month without an observation while it did makes the
        base unknown.
        """
        first = month_start(month)
        rows = self.session.execute(
            select(SalesOffice, Institution.path, Person.id, Person.name, RankHistory.rank_id)
            .join(Institution, Institution.id == SalesOffice.institution_id)
            .outerjoin(OfficeLead, and_(OfficeLead.office_id == SalesOffice.id, holds_on(OfficeLead, first)))
            .outerjoin(Person, Person.id == OfficeLead.person_id)
            .outerjoin(RankHistory, and_(RankHistory.person_id == Person.id, holds_on(RankHistory, first)))
            .where(
                inside(Subtree(self._path(institution_id))), inside(self.within), holds_on(SalesOffice, first)
            )
            .order_by(SalesOffice.code)
        ).all()
        months = months_back(first, BASE_MONTHS + 1)[:-1]
        scopes = [Scope(ScopeKind.OFFICE, row[0].id) for row in rows]
        values = IndicatorRepository(self.session).monthly(scopes, ["fyc"], months)
        parameters = ParameterRepository(self.session).on(first)
        teams = []
        for scope, (office, path, leader_id, leader, rank_id) in zip(scopes, rows, strict=True):
            found = [
                values.get((scope, "fyc", month)) for month in months if office.valid_from <= month_end(month)
            ]
            known = [value.value for value in found if value is not None]
            complete = known and len(known) == len(found)
            mean = (sum(known) / Decimal(len(known))).quantize(FEN, ROUND_HALF_UP) if complete else None
            coefficient, allowance = (
                None if rank_id is None else parameters.value(code, path=path, rank_id=rank_id)
                for code in (RANK_COEFFICIENT, ALLOWANCE_RATE)
            )
            base = Base(mean, coefficient, office.market_factor)
            teams.append(Team(office.id, office.name, leader_id, leader, rank_id, base, allowance))
        return teams

    def put_income(self, person_id: int, month: date, target: Decimal, parts: Income) -> IncomeTarget:
        """Set or change a supervisor's income target, with the rank, team base and market of the month (R28).

        Raises InputError when one of the three is not known, or the person leads no office of the subtree.
        """
        first = month_start(month)
        place = self.session.execute(
            select(SalesOffice.institution_id, SalesOffice.id, Person.name)
            .join(Institution, Institution.id == SalesOffice.institution_id)
            .join(OfficeLead, OfficeLead.office_id == SalesOffice.id)
            .join(Person, Person.id == OfficeLead.person_id)
            .where(Person.id == person_id, holds_on(OfficeLead, first), inside(self.within))
        ).first()
        if place is None:
            raise InputError(
                f"人员（主键 {person_id}）在 {first} 没有带领您管辖的营业室，不能设收入目标：请核对主管任命。"
            )
        institution_id, office_id, name = place
        team = next(team for team in self.teams(institution_id, first) if team.office_id == office_id)
        base, market = team.base.fyc, team.base.market_factor
        if target <= 0:
            raise InputError(f"{name}的收入目标必须大于零：请核对金额。")
        if team.rank_id is None or base is None or market is None:
            named = {"职级": team.rank_id, "团队基础": base, "市场系数": market}
            missing = "、".join(factor for factor, value in named.items() if value is None)
            raise InputError(f"{name}的收入目标须记录职级、团队基础、市场三因素，现缺：{missing}。请先补齐。")
        row = self.session.scalar(
            select(IncomeTarget).where(IncomeTarget.person_id == person_id, IncomeTarget.month == first)
        )
        if row is None:
            row = IncomeTarget(person_id=person_id, month=first)
            self.session.add(row)
        row.income, row.rank_id, row.team_base, row.market_factor = target, team.rank_id, base, market
        row.own_fyc, row.recruiting_allowance, row.bonus = (
            parts.own_fyc,
            parts.recruiting_allowance,
            parts.bonus,
        )
        self.session.flush()
        return row

    def incomes(self, institution_id: int, month: date) -> list[IncomeLine]:
        """Every supervisor at or below the institution who leads an office on the month's first day, and the
        month's income target, if any (R18): it is worked out from the team."""
        first = month_start(month)
        rows = self.session.execute(
            select(Person.id, Person.name, Rank.name, IncomeTarget)
            .join(RankHistory, RankHistory.person_id == Person.id)
            .join(Rank, Rank.id == RankHistory.rank_id)
            .join(Institution, Institution.id == RankHistory.institution_id)
            .outerjoin(IncomeTarget, and_(IncomeTarget.person_id == Person.id, IncomeTarget.month == first))
            .where(
                inside(Subtree(self._path(institution_id))),
                inside(self.within),
                holds_on(RankHistory, first),
                Rank.is_supervisor,
                exists().where(OfficeLead.person_id == Person.id, holds_on(OfficeLead, first)),
            )
            .order_by(Person.code)
        )
        return [IncomeLine(*row) for row in rows]

    def _path(self, institution_id: int) -> str:
        path = self.session.scalar(
            select(Institution.path).where(Institution.id == institution_id, inside(self.within))
        )
        if path is None:
            raise InputError(f"机构（主键 {institution_id}）不存在或不在您管辖的范围内：请核对后重新选择。")
        return path

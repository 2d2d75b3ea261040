"""Where the institutions, offices and people below a node stand (R15), and who reached U and CT."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from models.base import Repository, Scope, ScopeKind, Subtree
from models.calendar.weeks import month_start
from models.indicators.catalogue import U_INDICATOR
from models.indicators.parameter_repository import ParameterRepository
from models.indicators.ranking import Ranking, Standing, rank
from models.indicators.rates import (
    CT_THRESHOLD,
    ROLLING_MONTHS,
    ROLLING_PARAMETER,
    U_THRESHOLD,
    ct_progress,
    is_ct,
    is_u,
    rolling_ct_rate,
)
from models.indicators.repository import KIND_NAMES, IndicatorRepository, NewObservation
from models.indicators.scopes import months_back
from models.indicators.tables import Indicator, Observation
from models.organisation.conditions import holds_on, inside
from models.organisation.tables import Institution, Person, PersonKind, RankHistory, SalesOffice
from qa_pipeline.errors import InputError

LEAF_LEVEL = 4
"""Level of the institutions that hold the meetings and have the sales offices."""


@dataclass(frozen=True, slots=True)
class OfficeAttainment:
    """CT of an office in the month to date; None: a threshold or an actual is missing."""

    office_id: int
    name: str
    path: str
    progress: Decimal | None
    attained: bool | None


@dataclass(frozen=True, slots=True)
class PersonAttainment:
    """达U of an agent in the month to date; None: the threshold or the FYC is missing."""

    person_id: int
    name: str
    path: str
    office_id: int | None
    is_u: bool | None


@dataclass(frozen=True, slots=True)
class OfficeRates:
    """单室CT率 of the months asked for, oldest first."""

    office_id: int
    name: str
    rates: tuple[Decimal | None, ...]


class StandingRepository(Repository):
    """All of it from observations and parameters, for a node of the subtree."""

    def ranking(
        self,
        node: Scope,
        code: str,
        day: date,
        *,
        level: int | None = None,
        targets: Mapping[Scope, Decimal] | None = None,
        worked_days: Mapping[date, int | None] | None = None,
        working_days: int | None = None,
    ) -> Ranking:
        """Rank what lies below the node by the indicator as of the day; drill down with a place's scope.

        Below an institution: its direct institutions, those of ``level`` (2-4) when given, or the offices of
        a level-4 institution; below an office: its agents. ``targets`` come from the approved plan.
        """
        indicator = IndicatorRepository(self.session).versions([code]).on(code, day)
        return rank(
            self._standings(node, indicator, day, level),
            direction=indicator.direction,
            targets=targets or {},
            worked_days=worked_days or {},
            working_days=working_days,
        )

    def _standings(self, node: Scope, indicator: Indicator, day: date, level: int | None) -> list[Standing]:
        if node.kind is ScopeKind.PERSON:
            raise InputError("人员之下没有可以排行的对象：请选择机构或营业室。")
        parent = self._node(node)
        query: Select[Any]
        entity: type[Institution | SalesOffice | Person]
        if node.kind is ScopeKind.OFFICE:
            kind, entity = ScopeKind.PERSON, Person
            query = (
                self._line(Person, indicator, kind, day)
                .join(RankHistory, RankHistory.person_id == Person.id)
                .where(
                    RankHistory.office_id == node.id,
                    holds_on(RankHistory, day),
                    Person.kind == PersonKind.AGENT,
                )
            )
        elif parent.level == LEAF_LEVEL:
            kind, entity = ScopeKind.OFFICE, SalesOffice
            query = self._line(SalesOffice, indicator, kind, day).where(
                SalesOffice.institution_id == node.id, holds_on(SalesOffice, day)
            )
        else:
            kind, entity = ScopeKind.INSTITUTION, Institution
            below: ColumnElement[bool] = Institution.parent_id == node.id
            if level is not None:
                below = (
                    (Institution.level == level) & inside(Subtree(parent.path)) & (Institution.id != node.id)
                )
            query = self._line(Institution, indicator, kind, day).where(below, holds_on(Institution, day))
        return [
            Standing(Scope(kind, key), name, value, as_of)
            for key, name, value, as_of in self.session.execute(query.order_by(entity.code))
        ]

    @staticmethod
    def _line(
        entity: type[Institution | SalesOffice | Person], indicator: Indicator, kind: ScopeKind, day: date
    ) -> Select[Any]:
        """Key, name, value and as-of day; the value by one step in the index for each row."""

        def newest(column: Any) -> Any:
            return (
                select(column)
                .where(
                    getattr(Observation, f"{kind}_id") == entity.id,
                    Observation.indicator_id == indicator.id,
                    Observation.as_of.between(month_start(day), day),
                )
                .order_by(Observation.as_of.desc(), Observation.revision.desc())
                .limit(1)
                .correlate(entity)
                .scalar_subquery()
            )

        return select(entity.id, entity.name, newest(Observation.value), newest(Observation.as_of))

    def _node(self, node: Scope) -> Institution:
        """The institution of the node; raises InputError when it is not in the subtree."""
        query = select(Institution).where(inside(self.within))
        if node.kind is ScopeKind.OFFICE:
            query = query.join(SalesOffice, SalesOffice.institution_id == Institution.id).where(
                SalesOffice.id == node.id
            )
        else:
            query = query.where(Institution.id == node.id)
        institution = self.session.scalar(query)
        if institution is None:
            raise InputError(
                f"{KIND_NAMES[node.kind]}（主键 {node.id}）不存在或不在您管辖的范围内：请核对后重新选择。"
            )
        return institution

    # --- U and CT ----------------------------------------------------------------------------------------

    def offices(self, institution_id: int, day: date) -> list[OfficeAttainment]:
        """CT of every office at or below the institution, by the thresholds that hold on the day."""
        root = self._node(Scope(ScopeKind.INSTITUTION, institution_id))
        offices = self.session.execute(
            select(SalesOffice.id, SalesOffice.name, Institution.path)
            .join(Institution, Institution.id == SalesOffice.institution_id)
            .where(inside(Subtree(root.path)), holds_on(SalesOffice, day))
            .order_by(SalesOffice.code)
        ).all()
        parameters = ParameterRepository(self.session).on(day)
        thresholds = {path: parameters.group(CT_THRESHOLD, path=path) for _, _, path in offices}
        codes = {code for group in thresholds.values() for code in group}
        scopes = [Scope(ScopeKind.OFFICE, key) for key, _, _ in offices]
        values = IndicatorRepository(self.session).latest(scopes, codes, day) if codes else {}
        found = []
        for scope, (key, name, path) in zip(scopes, offices, strict=True):
            actuals = {code: values[scope, code].value for code in codes if (scope, code) in values}
            progress = ct_progress(actuals, thresholds[path])
            found.append(OfficeAttainment(key, name, path, progress, is_ct(progress)))
        return found

    def people(self, institution_id: int, day: date) -> list[PersonAttainment]:
        """达U of every agent at or below the institution, by the threshold of place and rank."""
        root = self._node(Scope(ScopeKind.INSTITUTION, institution_id))
        people = self.session.execute(
            select(Person.id, Person.name, Institution.path, RankHistory.office_id, RankHistory.rank_id)
            .join(RankHistory, RankHistory.person_id == Person.id)
            .join(Institution, Institution.id == RankHistory.institution_id)
            .where(inside(Subtree(root.path)), holds_on(RankHistory, day), Person.kind == PersonKind.AGENT)
            .order_by(Person.code)
        ).all()
        parameters = ParameterRepository(self.session).on(day)
        scopes = [Scope(ScopeKind.PERSON, person.id) for person in people]
        values = IndicatorRepository(self.session).latest(scopes, [U_INDICATOR], day)
        return [
            PersonAttainment(
                key,
                name,
                path,
                office_id,
                is_u(
                    values[scope, U_INDICATOR].value if (scope, U_INDICATOR) in values else None,
                    parameters.value(U_THRESHOLD, path=path, rank_id=rank_id),
                ),
            )
            for scope, (key, name, path, office_id, rank_id) in zip(scopes, people, strict=True)
        ]

    def attainments(self, institution_id: int, day: date) -> list[NewObservation]:
        """U and CT as observations, ready to append: each agent, office and institution at or below.

        An institution gets a count only when every one of its agents (offices) is known.
        """
        offices, people = self.offices(institution_id, day), self.people(institution_id, day)
        root = self._node(Scope(ScopeKind.INSTITUTION, institution_id))
        counts: list[tuple[Scope, str, Decimal | None]] = []
        members: dict[int | None, list[bool | None]] = defaultdict(list)
        for person in people:
            members[person.office_id].append(person.is_u)
        for office in offices:
            scope = Scope(ScopeKind.OFFICE, office.office_id)
            counts.append((scope, "ct_progress", office.progress))
            counts.append((scope, "ct_attained", _count([office.attained])))
            counts.append((scope, "u_headcount", _count(members[office.office_id])))
        for person in people:
            counts.append((Scope(ScopeKind.PERSON, person.person_id), "u_headcount", _count([person.is_u])))
        for institution in self.session.scalars(
            select(Institution).where(inside(Subtree(root.path)), holds_on(Institution, day))
        ):
            scope = Scope(ScopeKind.INSTITUTION, institution.id)
            for code, flags in (
                ("ct_attained", [o.attained for o in offices if o.path.startswith(institution.path)]),
                ("u_headcount", [p.is_u for p in people if p.path.startswith(institution.path)]),
            ):
                counts.append((scope, code, _count(flags)))
        return [NewObservation(scope, code, day, value) for scope, code, value in counts if value is not None]

    def ct_rates(self, institution_id: int, day: date, *, months: int) -> list[OfficeRates]:
        """Rolling CT rate of each office of the institution at the end of the last ``months`` months.

        It rests on the observed ``ct_attained``: a threshold changed later does not change the past.
        """
        path = self._node(Scope(ScopeKind.INSTITUTION, institution_id)).path
        offices = self.session.execute(
            select(SalesOffice.id, SalesOffice.name)
            .where(SalesOffice.institution_id == institution_id, holds_on(SalesOffice, day))
            .order_by(SalesOffice.code)
        ).all()
        given = ParameterRepository(self.session).on(day).value(ROLLING_PARAMETER, path=path)
        rolling = ROLLING_MONTHS if given is None else int(given)
        window = months_back(day, rolling + months - 1)
        scopes = [Scope(ScopeKind.OFFICE, key) for key, _ in offices]
        values = IndicatorRepository(self.session).monthly(scopes, ["ct_attained"], window)
        found = []
        for scope, (key, name) in zip(scopes, offices, strict=True):
            known = [values.get((scope, "ct_attained", month)) for month in window]
            attained = [None if value is None else value.value >= 1 for value in known]
            rates = tuple(
                rolling_ct_rate(attained[: len(attained) - back], months=rolling).rate
                for back in range(months - 1, -1, -1)
            )
            found.append(OfficeRates(key, name, rates))
        return found


def _count(flags: list[bool | None]) -> Decimal | None:
    """How many are true; None when there are none, or one is unknown."""
    known = [flag for flag in flags if flag is not None]
    return Decimal(sum(known)) if known and len(known) == len(flags) else None

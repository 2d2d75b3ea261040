"""Who was where on a day: who must attend a meeting (R9), who may host it (R8), and headcounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, case, func, or_, select

from models.base import Repository
from models.calendar.weeks import month_end, month_start
from models.organisation.conditions import holds_on, holds_within, in_service, inside
from models.organisation.tables import (
    Institution,
    InstitutionManager,
    ManagerRole,
    OfficeLead,
    Person,
    PersonKind,
    Rank,
    RankHistory,
)
from models.organisation.tenure import Headcount, is_new


@dataclass(frozen=True, slots=True)
class Placement:
    """A person as they stood on ``day``: rank, institution and sales office."""

    day: date
    person_id: int
    code: str
    name: str
    kind: PersonKind
    joined_on: date
    rank_id: int
    rank_order: int
    is_supervisor: bool
    institution_id: int
    office_id: int | None

    @property
    def is_new(self) -> bool:
        """Tenure of 12 months or less on that day (dossier section 3)."""
        return is_new(self.joined_on, self.day)


@dataclass(frozen=True, slots=True)
class Gathering:
    """A meeting as the organisation sees it: an institution on a day."""

    institution_id: int
    day: date


@dataclass(frozen=True, slots=True)
class Hosts:
    """Who may host (R8): the day's administrative manager, and those with authority to stand in."""

    admin_manager: Placed | None = None
    deputies: tuple[Placed, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A person by key, number and name."""

    person_id: int
    code: str
    name: str


class RosterRepository(Repository):
    """Snapshots. Every question takes one query, however many people or meetings it is about."""

    def snapshot(self, *, on: date) -> tuple[Placement, ...]:
        """Everyone in service on the day, with rank and place, by institution and number."""
        query = self._placements().where(holds_on(RankHistory, on), in_service(on))
        query = query.order_by(RankHistory.institution_id, Person.code)
        return tuple(Placement(on, *row[:10]) for row in self.session.execute(query))

    def due(self, gatherings: Collection[Gathering]) -> Mapping[Gathering, tuple[Placement, ...]]:
        """Who must attend each: in service that day, supervisor or above, of that institution (R9)."""
        found: dict[Gathering, list[Placement]] = {gathering: [] for gathering in gatherings}
        if not found:
            return {}
        at = _by_institution(found)
        query = self._placements().where(Rank.is_supervisor, *self._around(RankHistory, found))
        for row in self.session.execute(query.order_by(Person.code)):
            for gathering in at[row.institution_id]:
                if _holds(row, gathering.day) and _serves(row, gathering.day):
                    found[gathering].append(Placement(gathering.day, *row[:10]))
        return {gathering: tuple(people) for gathering, people in found.items()}

    def hosts(self, gatherings: Collection[Gathering]) -> Mapping[Gathering, Hosts]:
        """Who may host each meeting (R8)."""
        found = {gathering: Hosts() for gathering in gatherings}
        if not found:
            return {}
        at = _by_institution(found)
        query = (
            select(
                InstitutionManager.institution_id,
                InstitutionManager.role,
                InstitutionManager.valid_from,
                InstitutionManager.valid_to,
                Person.joined_on,
                Person.left_on,
                Person.id,
                Person.code,
                Person.name,
            )
            .join(Person, Person.id == InstitutionManager.person_id)
            .join(Institution, Institution.id == InstitutionManager.institution_id)
            .where(inside(self.within), *self._around(InstitutionManager, found))
            .order_by(Person.code)
        )
        for row in self.session.execute(query):
            person = Placed(row.id, row.code, row.name)
            for gathering in at[row.institution_id]:
                if not (_holds(row, gathering.day) and _serves(row, gathering.day)):
                    continue
                now = found[gathering]
                found[gathering] = (
                    Hosts(person, now.deputies)
                    if row.role == ManagerRole.ADMIN_MANAGER
                    else Hosts(now.admin_manager, (*now.deputies, person))
                )
        return found

    def leads(self, *, on: date) -> Mapping[int, int]:
        """Sales office -> the person who leads it on the day."""
        query = (
            select(OfficeLead.office_id, OfficeLead.person_id)
            .join(Person, Person.id == OfficeLead.person_id)
            .join(RankHistory, RankHistory.person_id == Person.id)
            .join(Institution, Institution.id == RankHistory.institution_id)
            .where(holds_on(OfficeLead, on), holds_on(RankHistory, on), in_service(on), inside(self.within))
        )
        return dict(self.session.execute(query).tuples().all())

    def headcounts(self, month: date) -> tuple[Headcount, ...]:
        """Agents by institution, office and rank at both ends of the month (月均人力, dossier section 3).

        The opening is the end of the day before the month, so that one month's closing opens the next.
        """
        opening, closing = month_start(month) - timedelta(days=1), month_end(month)
        there = [holds_on(RankHistory, day) & in_service(day) for day in (opening, closing)]
        place = (RankHistory.institution_id, RankHistory.office_id, RankHistory.rank_id)
        query = (
            select(*place, *(func.sum(case((at, 1), else_=0)) for at in there))
            .join(Person, Person.id == RankHistory.person_id)
            .join(Institution, Institution.id == RankHistory.institution_id)
            .where(inside(self.within), Person.kind == PersonKind.AGENT, or_(*there))
            .group_by(*place)
            .order_by(*place)
        )
        return tuple(
            Headcount(institution, office, rank, int(first), int(last))
            for institution, office, rank, first, last in self.session.execute(query)
        )

    # ------------------------------------------------------------ inner steps

    def _placements(self) -> Select[Any]:
        return (
            select(
                Person.id,
                Person.code,
                Person.name,
                Person.kind,
                Person.joined_on,
                RankHistory.rank_id,
                Rank.rank_order,
                Rank.is_supervisor,
                RankHistory.institution_id,
                RankHistory.office_id,
                RankHistory.valid_from,
                RankHistory.valid_to,
                Person.left_on,
            )
            .join(RankHistory, RankHistory.person_id == Person.id)
            .join(Rank, Rank.id == RankHistory.rank_id)
            .join(Institution, Institution.id == RankHistory.institution_id)
            .where(inside(self.within))
        )

    @staticmethod
    def _around(
        table: type[RankHistory] | type[InstitutionManager], gatherings: Collection[Gathering]
    ) -> tuple[Any, ...]:
        days = [gathering.day for gathering in gatherings]
        places = {gathering.institution_id for gathering in gatherings}
        return holds_within(table, min(days), max(days)), table.institution_id.in_(places)


def _by_institution(gatherings: Collection[Gathering]) -> Mapping[int, list[Gathering]]:
    found: dict[int, list[Gathering]] = {}
    for gathering in gatherings:
        found.setdefault(gathering.institution_id, []).append(gathering)
    return found


def _holds(row: Any, day: date) -> bool:
    return bool(row.valid_from <= day and (row.valid_to is None or day < row.valid_to))


def _serves(row: Any, day: date) -> bool:
    return bool(row.joined_on <= day and (row.left_on is None or day < row.left_on))

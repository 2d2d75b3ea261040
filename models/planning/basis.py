"""Who stands right below a target's scope, and by what its target may be shared out among them (R27, R28)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Select, select

from models.base import Repository, Scope, ScopeKind, Subtree
from models.calendar.weeks import month_end, month_start
from models.indicators.repository import IndicatorRepository, Value
from models.indicators.scopes import ids_within, months_back
from models.organisation.conditions import holds_on, inside
from models.organisation.roster import RosterRepository
from models.organisation.tables import Institution, PersonKind, RankHistory, SalesOffice
from models.planning.team_repository import BASE_MONTHS, TeamRepository
from qa_pipeline.errors import InputError


class Method(StrEnum):
    """By what a target is shared out among those below."""

    EVEN = "even"
    HEADCOUNT = "headcount"
    HISTORY = "history"
    HISTORY_OR_MEAN = "history_or_mean"
    TEAMS = "teams"


METHODS: Final[Mapping[Method, str]] = {
    Method.EVEN: "平均",
    Method.HEADCOUNT: "按月初外勤人力",
    Method.HISTORY: "按前三个月实绩",
    Method.HISTORY_OR_MEAN: "按前三个月实绩，缺实绩的按同级平均",
    Method.TEAMS: "按团队基础、职级、市场（R28）",
}


@dataclass(frozen=True, slots=True)
class Member:
    """One of those right below; ``since``: founded or joined."""

    scope: Scope
    code: str
    name: str
    since: date


Family = Sequence[Member]
Weights = Mapping[Scope, Decimal | None]
"""Of each member; None: not known, and never guessed."""


class BasisRepository(Repository):
    """The organisation on a month's first day, within the subtree of the plan's institution."""

    def members(self, parents: Collection[Scope], month: date) -> dict[Scope, Family]:
        """Right below each: institutions, else sales offices, else agents; whoever has none below is absent.

        Agents of an institution that has offices, but who are in none, are left out.
        """
        first = month_start(month)
        families: dict[Scope, list[Member]] = defaultdict(list)
        above = {parent.id for parent in parents if parent.kind is ScopeKind.INSTITUTION}
        for table, column, kind in (
            (Institution, Institution.parent_id, ScopeKind.INSTITUTION),
            (SalesOffice, SalesOffice.institution_id, ScopeKind.OFFICE),
        ):
            waiting = {key for key in above if Scope(ScopeKind.INSTITUTION, key) not in families}
            query = select(column, table.id, table.code, table.name, table.valid_from)
            query = query.where(column.in_(waiting), holds_on(table, first)).order_by(table.code)
            for parent, key, code, name, since in self.session.execute(query) if waiting else ():
                member = Member(Scope(kind, key), code, name, since)
                families[Scope(ScopeKind.INSTITUTION, parent)].append(member)
        bare = {parent for parent in parents if parent not in families}
        for person in self._agents(first) if bare else ():
            office = None if person.office_id is None else Scope(ScopeKind.OFFICE, person.office_id)
            place = office or Scope(ScopeKind.INSTITUTION, person.institution_id)
            if place in bare:
                scope = Scope(ScopeKind.PERSON, person.person_id)
                families[place].append(Member(scope, person.code, person.name, person.joined_on))
        return dict(families)

    def weights(
        self, families: Mapping[Scope, Family], method: Method, *, code: str, month: date
    ) -> dict[Scope, Weights]:
        """By the members' common parent; ``code``: of the indicator, whose history counts.

        Raises InputError for people's shares by the three factors, which only teams have (R28).
        """
        if method is Method.EVEN:
            return {
                parent: {member.scope: Decimal(1) for member in family} for parent, family in families.items()
            }
        if method is Method.HEADCOUNT:
            heads = self._heads(month_start(month))
            return {
                parent: {member.scope: Decimal(heads[member.scope]) for member in family}
                for parent, family in families.items()
            }
        if method is Method.TEAMS:
            found = self._teams(month)
            scopes = {member.scope for family in families.values() for member in family}
            if any(scope.kind is ScopeKind.PERSON for scope in scopes):
                raise InputError("个人没有团队基础和市场系数：分到个人请改用其他方法。")
            return {
                parent: {member.scope: found.get(member.scope, Decimal(0)) for member in family}
                for parent, family in families.items()
            }
        return self._histories(families, code, month, fill=method is Method.HISTORY_OR_MEAN)

    def require_below(self, above: Scope, month: date, scopes: Iterable[Scope]) -> None:
        """Raise InputError for a scope that is not below the other one in the month."""
        wanted: dict[ScopeKind, set[int]] = defaultdict(set)
        for scope in scopes:
            wanted[scope.kind].add(scope.id)
        for kind, ids in wanted.items():
            below: Select[Any] | None = None
            if above.kind is ScopeKind.INSTITUTION:
                path = self.session.scalar(select(Institution.path).where(Institution.id == above.id)) or ""
                below = _below_institution(kind, path, above.id, month)
            elif above.kind is ScopeKind.OFFICE and kind is ScopeKind.PERSON:
                below = select(RankHistory.person_id).where(
                    RankHistory.office_id == above.id, holds_on(RankHistory, month)
                )
            found = set() if below is None else set(self.session.scalars(below))
            if outside := sorted(ids - found):
                raise InputError(f"目标只能分解给下级：{kind} {outside[0]} 在 {month} 不属于该节点，请核对。")

    # --- what the shares rest on

    def _agents(self, day: date) -> Iterable[Any]:
        """Placements of the field force on the day, by institution and number."""
        people = RosterRepository(self.session, within=self.within).snapshot(on=day)
        return (person for person in people if person.kind is PersonKind.AGENT)

    def _heads(self, day: date) -> Counter[Scope]:
        """Agents of every institution (with all below it), every office, and one of every person."""
        above = self._above()
        heads: Counter[Scope] = Counter()
        for person in self._agents(day):
            heads.update(above[person.institution_id])
            heads[Scope(ScopeKind.PERSON, person.person_id)] += 1
            if person.office_id is not None:
                heads[Scope(ScopeKind.OFFICE, person.office_id)] += 1
        return heads

    def _teams(self, month: date) -> dict[Scope, Decimal | None]:
        """w of every office; of every institution the sum of its offices', None where one is not known."""
        root = int(self.within.path.strip("/").rpartition("/")[2])
        teams = TeamRepository(self.session, within=self.within).teams(root, month)
        offices = select(SalesOffice.id, SalesOffice.institution_id).where(
            SalesOffice.id.in_([team.office_id for team in teams])
        )
        homes = dict(self.session.execute(offices).tuples().all())
        above = self._above()
        found: dict[Scope, Decimal | None] = {}
        for team in teams:
            weight = team.base.weight
            found[team.scope] = weight
            for scope in above[homes[team.office_id]]:
                sofar = found.get(scope, Decimal(0))
                found[scope] = None if weight is None or sofar is None else sofar + weight
        return found

    def _above(self) -> dict[int, list[Scope]]:
        """Institution -> itself and all above it in the subtree."""
        query = select(Institution.id, Institution.path).where(inside(self.within))
        return {
            key: [Scope(ScopeKind.INSTITUTION, int(one)) for one in path.split("/") if one]
            for key, path in self.session.execute(query)
        }

    def _histories(
        self, families: Mapping[Scope, Family], code: str, month: date, *, fill: bool
    ) -> dict[Scope, Weights]:
        months = months_back(month_start(month), BASE_MONTHS + 1)[:-1]
        scopes = [member.scope for family in families.values() for member in family]
        values = IndicatorRepository(self.session).monthly(scopes, [code], months)
        found = {parent: _means(family, values, code, months) for parent, family in families.items()}
        return {parent: _filled(means) for parent, means in found.items()} if fill else found


def _means(
    family: Family, values: Mapping[tuple[Scope, str, date], Value], code: str, months: Sequence[date]
) -> Weights:
    """Each one's monthly mean over the months of which anybody's value is known; below zero counts as zero.

    Months before somebody came leave their mean; a month without a value since then leaves it unknown.
    """
    used = [month for month in months if any((member.scope, code, month) in values for member in family)]
    means: dict[Scope, Decimal | None] = {}
    for member in family:
        theirs = [
            values.get((member.scope, code, month)) for month in used if member.since <= month_end(month)
        ]
        known = [value.value for value in theirs if value is not None]
        complete = known and len(known) == len(theirs)
        means[member.scope] = max(sum(known, Decimal(0)) / len(known), Decimal(0)) if complete else None
    return means


def _filled(means: Weights) -> Weights:
    """Whoever's mean is not known gets the mean of the others; None where nobody's is known."""
    known = [mean for mean in means.values() if mean is not None]
    common = sum(known, Decimal(0)) / len(known) if known else None
    return {scope: common if mean is None else mean for scope, mean in means.items()}


def _below_institution(kind: ScopeKind, path: str, institution_id: int, day: date) -> Select[Any]:
    ids = ids_within(kind, Subtree(path), day)
    return ids.where(Institution.id != institution_id) if kind is ScopeKind.INSTITUTION else ids

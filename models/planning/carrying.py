"""A plan's targets begun anew in another plan of the institution: another scenario, or another month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select

from models.base import Repository, Scope, ScopeKind
from models.calendar.weeks import month_start
from models.indicators.repository import IndicatorRepository
from models.organisation.conditions import holds_on
from models.organisation.tables import Institution, RankHistory, SalesOffice
from models.planning.repository import PlanRepository
from models.planning.tables import Plan, Target
from models.planning.tree import Node
from qa_pipeline.errors import InputError


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a scope stands on a day: the path of its institution, and the office of a person."""

    path: str
    office_id: int | None


class CarryRepository(Repository):
    """Plans of the subtree's institutions."""

    def carry(self, source: Plan, new: Plan) -> tuple[str, ...]:
        """Give the new plan, which has no targets yet, those of the source; its state and decisions stay.

        Whoever no longer stands below the parent on the first day of the new plan's month is left out with
        all below, and an indicator without a definition by then; what they carried becomes unassigned where
        others remain beside them. A sentence tells of each. Raises InputError where the institution itself
        does not exist in that month.
        """
        plans = PlanRepository(self.session, within=self.within)
        nodes = [node for node in plans.nodes(source.id) if not node.is_unassigned]
        places = self._places(source.id, new.month)
        if nodes and Scope(ScopeKind.INSTITUTION, source.institution_id) not in places:
            raise InputError(f"该机构在 {new.month:%Y-%m} 初尚未设立或已经撤销：请换一个月份。")
        known = {node.id: node for node in nodes}
        indicators, left = self._indicators(nodes, new.month)
        copied: dict[int | None, int | None] = {None: None}
        level = [node for node in nodes if node.parent_id is None]
        while level:
            targets: dict[int, Target] = {}
            for node in level:
                above = known.get(node.parent_id or 0)
                if node.code not in indicators:
                    continue
                if above is not None and not _is_below(places, above.scope, node.scope):
                    sentence = f"{node.name}在 {new.month:%Y-%m} 初不在{above.name}之下，其目标没有带入。"
                    left[sentence] = None
                    continue
                targets[node.id] = Target(
                    plan_id=new.id,
                    parent_id=copied[node.parent_id],
                    indicator_id=indicators[node.code],
                    value=node.value,
                    **{f"{node.scope.kind}_id": node.scope.id},
                )
            self.session.add_all(targets.values())
            self.session.flush()
            copied |= {key: target.id for key, target in targets.items()}
            level = [node for node in nodes if node.parent_id in targets]
        plans.balance(new)
        return tuple(left)

    def _indicators(self, nodes: list[Node], month: date) -> tuple[dict[str, int], dict[str, None]]:
        """Code -> key of the version of the month; and a sentence for each indicator that has none."""
        versions = IndicatorRepository(self.session).versions({node.code for node in nodes})
        found: dict[str, int] = {}
        lacking: dict[str, None] = {}
        for code, name in {node.code: node.indicator for node in nodes}.items():
            try:
                found[code] = versions.on(code, month).id
            except InputError:
                lacking[f"{name}在 {month:%Y-%m} 没有有效口径，其目标没有带入。"] = None
        return found, lacking

    def _places(self, plan_id: int, month: date) -> Mapping[Scope, _Place]:
        """Of whatever the plan has targets for, where it exists on the month's first day."""
        day = month_start(month)

        def within_plan(kind: ScopeKind) -> Select[Any]:
            column = getattr(Target, f"{kind}_id")
            return select(column).where(Target.plan_id == plan_id, column.is_not(None))

        institutions = select(Institution.id, Institution.path).where(
            Institution.id.in_(within_plan(ScopeKind.INSTITUTION)), holds_on(Institution, day)
        )
        offices = (
            select(SalesOffice.id, Institution.path)
            .join(Institution, Institution.id == SalesOffice.institution_id)
            .where(SalesOffice.id.in_(within_plan(ScopeKind.OFFICE)), holds_on(SalesOffice, day))
        )
        people = (
            select(RankHistory.person_id, Institution.path, RankHistory.office_id)
            .join(Institution, Institution.id == RankHistory.institution_id)
            .where(RankHistory.person_id.in_(within_plan(ScopeKind.PERSON)), holds_on(RankHistory, day))
        )
        found = {
            Scope(kind, key): _Place(path, None)
            for kind, query in ((ScopeKind.INSTITUTION, institutions), (ScopeKind.OFFICE, offices))
            for key, path in self.session.execute(query)
        }
        for key, path, office in self.session.execute(people):
            found[Scope(ScopeKind.PERSON, key)] = _Place(path, office)
        return found


def _is_below(places: Mapping[Scope, _Place], above: Scope, scope: Scope) -> bool:
    place, around = places.get(scope), places.get(above)
    if place is None or around is None:
        return False
    if above.kind is ScopeKind.OFFICE:
        return place.office_id == above.id
    return scope != above and place.path.startswith(around.path)

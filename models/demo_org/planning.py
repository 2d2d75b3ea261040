"""Plans with their target trees (R27), and the supervisors' income targets (R28)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Final

import numpy as np

from models.base import SHANGHAI
from models.calendar.weeks import months_later
from models.demo_org.extent import Extent, Timeline
from models.demo_org.observations import FEN, ONE, Figures
from models.demo_org.people import Crew
from models.demo_org.production import SEASON
from models.demo_org.tree import BUFFER_PERCENT, RANKS, YUAN, Place, Tree
from models.demo_org.writer import Writer
from models.planning.tables import IncomeTarget, Plan, PlanDecision, PlanState, Target
from models.planning.team_repository import BASE_MONTHS

BUFFER: Final = BUFFER_PERCENT * 10_000
"""Millionths."""
PLANNED: Final = {"regular_premium": FEN, "visits": ONE}
"""A result and a process indicator for every node (R27), with what a step of them is stored as."""
THOUSAND: Final = 1_000 * YUAN
APPROVED: Final = (PlanState.DRAFT, PlanState.SUBMITTED, PlanState.APPROVED)


@dataclass
class Plans:
    """The months planned for, and the level-4 institutions' targets: (month, institution) -> by code."""

    timeline: Timeline
    extent: Extent
    indicators: Mapping[str, int]
    roots: dict[tuple[date, int], dict[str, int]] = field(default_factory=dict)

    @property
    def months(self) -> Sequence[tuple[date, int]]:
        """First day, and the index of the month before; the month to come is planned too."""
        count = self.timeline.count
        first = max(1, count - self.extent.detail_months)
        return [
            *((month.first, month.month - 1) for month in self.timeline.months[first:]),
            (months_later(self.timeline.months[-1].first, 1), count - 1),
        ]


def build_plans(writer: Writer, tree: Tree, crew: Crew, figures: Figures, plans: Plans, *, seed: int) -> None:
    """Write the plans of a level-4 institution: institution, offices, agents; and the income targets."""
    rng = np.random.default_rng([seed, crew.place.id, 9])
    for first, before in plans.months:
        if plans.timeline.months[before].first < crew.place.founded:
            continue
        goals = _goals(rng, figures, first, before)
        plans.roots[first, crew.place.id] = goals
        is_next = first > plans.timeline.until
        states = (
            APPROVED
            if not is_next
            else (*APPROVED[:2], PlanState.REJECTED)
            if rng.random() < 0.1
            else APPROVED[:2]
        )
        plan = _plan(writer, crew.place, first, "A", "基准方案", states, _decided(plans.timeline, first))
        _tree(writer, rng, crew, figures, plans, plan, goals, before, scale=100)
        if first == plans.timeline.months[-1].first and rng.random() < 0.4:
            draft = _plan(
                writer, crew.place, first, "B", "冲刺方案", APPROVED[:1], _decided(plans.timeline, first)
            )
            higher = {code: goal * 110 // 100 // _step(code) * _step(code) for code, goal in goals.items()}
            _tree(writer, rng, crew, figures, plans, draft, higher, before, scale=110)
    _incomes(writer, rng, tree, crew, figures, plans.timeline)


def build_company_plans(writer: Writer, tree: Tree, plans: Plans) -> None:
    """Write head office's plan of each month: its target down to every level-4 institution."""
    head = tree.places[0]
    for first, _ in plans.months:
        is_next = first > plans.timeline.until
        plan = _plan(
            writer,
            head,
            first,
            "A",
            "公司方案",
            APPROVED[: 2 if is_next else 3],
            _decided(plans.timeline, first),
        )
        for code in PLANNED:
            values = {
                place.id: goals[code]
                for place in tree.leaves
                if (goals := plans.roots.get((first, place.id))) is not None
            }
            for place in reversed(tree.places):  # children stand after their parents
                below = [p for p in tree.places if p.path[:-1] == place.path and p.id in values]
                if place.level < 4 and below:
                    values[place.id] = sum(values[p.id] for p in below)
            nodes = [place for place in tree.places if place.id in values]
            keys = dict(zip([p.id for p in nodes], writer.ids(Target, len(nodes)), strict=True))
            for place in nodes:
                _target(
                    writer, plans, plan, code, values[place.id],
                    key=keys[place.id],
                    parent=keys[place.path[-2]] if place.level > 1 else None,
                    institution_id=place.id,
                )  # fmt: skip


def _step(code: str) -> int:
    """Targets of institutions are round: thousands of yuan, single visits."""
    return THOUSAND if code == "regular_premium" else 1


def _goals(rng: np.random.Generator, figures: Figures, first: date, before: int) -> dict[str, int]:
    """Targets from the mean of up to three months before, the season, and ambition: fen and visits."""
    window = slice(max(0, before - 2), before + 1)
    season = SEASON.get(first.month, 1.0) / np.mean(
        [SEASON.get(months_later(first, -back).month, 1.0) for back in range(1, 1 + min(3, before + 1))]
    )
    ambition = float(rng.uniform(1.0, 1.2))
    goals = {}
    for code in PLANNED:
        mean = float(figures[code][:, window].sum(axis=0).mean())
        factor = ambition * (season if code == "regular_premium" else 1.0)
        goals[code] = max(round(mean * factor / _step(code)), 1) * _step(code)
    return goals


def _decided(timeline: Timeline, first: date) -> datetime:
    """Plans are settled in the monthly planning before the month, or just now."""
    return datetime.combine(
        min(first - timedelta(days=3), timeline.until - timedelta(days=1)), time(17), SHANGHAI
    )


def _plan(
    writer: Writer,
    place: Place,
    first: date,
    letter: str,
    name: str,
    states: Sequence[PlanState],
    at: datetime,
) -> int:
    """A plan in the last of the states, with the steps that led there."""
    plan = writer.row(
        Plan,
        code=f"{place.code}-{first:%Y-%m}-{letter}",
        name=f"{first:%Y年%m月}{name}",
        institution_id=place.id,
        month=first,
        buffer_rate=BUFFER,
        state=states[-1],
    )
    for number, (before, after) in enumerate(pairwise(states)):
        writer.row(
            PlanDecision,
            plan_id=plan,
            before=before,
            after=after,
            decided_by="示例审批人" if number else "示例行政经理",
            decided_at=at + timedelta(hours=number),
            comment="目标与上月产能差距过大，请重排" if after is PlanState.REJECTED else None,
        )
    return plan


def _tree(
    writer: Writer,
    rng: np.random.Generator,
    crew: Crew,
    figures: Figures,
    plans: Plans,
    plan: int,
    goals: Mapping[str, int],
    before: int,
    *,
    scale: int,
) -> None:
    """Institution -> offices -> agents, each with what is not assigned yet."""
    month = min(before + 1, plans.timeline.count - 1)
    first = plans.timeline.months[month].first
    there = crew.serving[:, month] & (crew.joined <= plans.timeline.number(first))
    for code, goal in goals.items():
        root = _target(writer, plans, plan, code, goal, institution_id=crew.place.id)
        window = slice(max(0, before - 2), before + 1)
        base = figures[code][:, window].sum(axis=1) + 1.0
        parts = _share(rng, goal * float(rng.uniform(1.0, 1.045)), base)
        needed = -(-goal * (100 + BUFFER_PERCENT) // 100)
        _unassigned(writer, plans, plan, code, needed, sum(parts), parent=root, institution_id=crew.place.id)
        for number, (office, part) in enumerate(zip(crew.offices, parts, strict=True)):
            node = _target(writer, plans, plan, code, part, parent=root, office_id=office.id)
            team = np.flatnonzero(there & (crew.office[:, month] == number))
            shares = _share(rng, part * float(rng.uniform(0.95, 1.0)), 0.5 + crew.rank[team, month])
            _unassigned(writer, plans, plan, code, part, sum(shares), parent=node, office_id=office.id)
            writer.columns(
                Target,
                len(team),
                id=writer.ids(Target, len(team)),
                plan_id=plan,
                parent_id=node,
                indicator_id=plans.indicators[code],
                person_id=crew.ids[team],
                is_unassigned=False,
                value=[share * PLANNED[code] for share in shares],
            )


def _share(rng: np.random.Generator, total: float, base: np.ndarray) -> list[int]:
    weights = np.asarray(base, float) * rng.uniform(0.85, 1.15, len(base))
    return [int(total * weight / weights.sum()) for weight in weights.tolist()]


def _target(
    writer: Writer,
    plans: Plans,
    plan: int,
    code: str,
    value: int,
    *,
    key: int | None = None,
    parent: int | None = None,
    is_unassigned: bool = False,
    **scope: int,
) -> int:
    return writer.row(
        Target,
        id=writer.ids(Target, 1)[0] if key is None else key,
        plan_id=plan,
        parent_id=parent,
        indicator_id=plans.indicators[code],
        is_unassigned=is_unassigned,
        value=value * PLANNED[code],
        **scope,
    )


def _unassigned(
    writer: Writer, plans: Plans, plan: int, code: str, needed: int, given: int, *, parent: int, **scope: int
) -> None:
    """What nobody below carries of what they must together."""
    rest = needed - given
    if rest > 0:
        _target(writer, plans, plan, code, rest, parent=parent, is_unassigned=True, **scope)


def _incomes(
    writer: Writer, rng: np.random.Generator, tree: Tree, crew: Crew, figures: Figures, timeline: Timeline
) -> None:
    """Income of whoever leads an office on the month's first day; from the fourth month on, when the team's
    base of three months is known."""
    for month in timeline.months[BASE_MONTHS:]:
        number = month.month
        window = slice(number - BASE_MONTHS, number)
        if timeline.months[number - BASE_MONTHS].first < crew.place.founded:
            continue
        for office, lead in enumerate(crew.leads[:, number].tolist()):
            line = RANKS[int(crew.rank[lead, number])]
            base = round(int(figures["fyc"][office, window].sum()) / BASE_MONTHS)
            own = round(base * float(rng.uniform(0.12, 0.25)))
            recruiting = int(rng.integers(0, 4)) * 500 * YUAN
            bonus = int(rng.integers(0, 3)) * 800 * YUAN
            stretch = float(rng.uniform(1.0, 1.25))
            income = own + recruiting + bonus + round(line.allowance_rate * base * stretch)
            writer.row(
                IncomeTarget,
                person_id=int(crew.ids[lead]),
                month=month.first,
                income=max(income, 100 * YUAN),
                rank_id=tree.ranks[int(crew.rank[lead, number])],
                team_base=base,
                market_factor=crew.offices[office].market,
                own_fyc=own,
                recruiting_allowance=recruiting,
                bonus=bonus,
            )

"""The people of one level-4 institution: joins, ranks, moves, leavings, leads and managers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.demo_org.extent import Timeline
from models.demo_org.staff import invented_names, phones, write_staff
from models.demo_org.tree import (
    AGENT,
    MANAGER,
    SENIOR,
    SENIOR_SUPERVISOR,
    SUPERVISOR,
    TRAINEE,
    Place,
    Tree,
)
from models.demo_org.words import NUMERALS
from models.demo_org.writer import Writer
from models.organisation.tables import (
    FocusSupervisor,
    OfficeLead,
    Person,
    PersonKind,
    RankHistory,
    SalesOffice,
)

HEADCOUNT: Final = 67
SUPERVISOR_SHARE: Final = 0.13
LEAVING: Final = (0.045, 0.02, 0.01, 0.002, 0.002, 0.0)
"""Chance a month, by rank; who leads an office stays."""
PROMOTION: Final = (0.25, 0.02, 0.004, 0.01, 0.005, 0.0)
PROBATION: Final = timedelta(days=90)
NEVER: Final = 1_000_000


class Step(NamedTuple):
    """From a day on, a rank in an office (index)."""

    first: date
    rank: int
    office: int


@dataclass(slots=True)
class Agent:
    joined: date
    steps: list[Step]
    left: date | None = None
    leads: bool = False

    @property
    def rank(self) -> int:
        return self.steps[-1].rank

    @property
    def office(self) -> int:
        return self.steps[-1].office

    def change(self, day: date, *, rank: int | None = None, office: int | None = None) -> None:
        last = self.steps[-1]
        step = Step(day, last.rank if rank is None else rank, last.office if office is None else office)
        if last.first == day:
            self.steps.pop()
        self.steps.append(step)


@dataclass(frozen=True, slots=True)
class Office:
    """A sales office and its latent quality."""

    id: int
    code: str
    quality: float
    market: int
    """Millionths."""


@dataclass(frozen=True)
class Crew:
    """Agents of one institution as arrays: rows are agents by the day they joined, columns are months.

    ``rank`` and ``office`` are indices, -1 where the agent does not serve at the end of the month (as far as
    it is seen). Days are numbers of the timeline. Ranks and offices change, and people leave, on the first
    day of a month only, so that a month belongs to one office.
    """

    place: Place
    offices: tuple[Office, ...]
    ids: NDArray[np.int64]
    names: tuple[str, ...]
    joined: NDArray[np.int64]
    left: NDArray[np.int64]
    """`NEVER` for who stays."""
    rank: NDArray[np.int64]
    office: NDArray[np.int64]
    leads: NDArray[np.int64]
    """Office x month: index of the agent."""
    managers: tuple[tuple[date, int], ...]
    """From which day on which person managed the institution."""
    deputy: int | None

    @property
    def serving(self) -> NDArray[np.bool_]:
        return self.rank >= 0

    @property
    def supervising(self) -> NDArray[np.bool_]:
        return self.rank >= SUPERVISOR

    def manager_on(self, day: date) -> int:
        held = [person for first, person in self.managers if first <= day]
        return held[-1] if held else self.managers[0][1]


@dataclass(slots=True)
class _Draft:
    agents: list[Agent]
    leads: list[list[tuple[date, Agent]]] = field(default_factory=list)


def build_people(writer: Writer, tree: Tree, place: Place, timeline: Timeline, *, seed: int) -> Crew:
    """Write the sales offices and all people of a level-4 institution."""
    rng = np.random.default_rng([seed, place.id, 1])
    count = int(rng.choice((5, 6, 6, 6, 7)))
    offices = tuple(_office(writer, rng, place, number) for number in range(count))
    draft = _first_agents(rng, place, timeline, count)
    for month in timeline.months:
        if month.first > max(place.founded, timeline.start):
            _turn_of_month(rng, draft, month.first, timeline, place, count)
    draft.agents.sort(key=lambda agent: agent.joined)
    managers, deputy = write_staff(writer, rng, tree, place, timeline)
    return _write(writer, rng, tree, place, timeline, offices, draft, managers, deputy)


def _office(writer: Writer, rng: np.random.Generator, place: Place, number: int) -> Office:
    code = f"{place.code}-{number + 1:02}"
    market = round(float(np.clip(rng.normal(1, 0.08), 0.8, 1.25)) * 100) * 10_000
    short = place.name.removesuffix("支公司").removesuffix("营销服务部").removesuffix("营业部")
    key = writer.row(
        SalesOffice,
        code=code,
        name=f"{short}{NUMERALS[number]}室",
        institution_id=place.id,
        market_factor=market,
        valid_from=place.founded,
    )
    return Office(key, code, 0.6 * place.quality + float(rng.normal(0, 0.6)), market)


# ---------------------------------------------------------------- how careers run


def _first_agents(rng: np.random.Generator, place: Place, timeline: Timeline, offices: int) -> _Draft:
    """Who is there when the months (or the institution) begin."""
    start = max(timeline.start, place.founded)
    is_new = start > timeline.start
    size = max(offices * 6, round(HEADCOUNT + float(rng.normal(0, 5))))
    draft = _Draft([])

    def add(rank: int, office: int, years: tuple[float, float]) -> Agent:
        if is_new:
            back = 0 if rank >= SUPERVISOR else -int(rng.integers(1, 50))
        else:
            back = int(rng.uniform(*years) * 365)
        joined = max(start - timedelta(days=back), place.founded)
        agent = Agent(joined, [Step(joined, TRAINEE if rank < SUPERVISOR else AGENT, office)])
        if is_new:
            agent.steps = [Step(joined, rank, office)]
        elif rank != TRAINEE:
            days = (start - joined).days
            if rank >= SUPERVISOR and days > 720:
                agent.change(_month_after(joined + timedelta(days=days // 3)), rank=SENIOR)
            agent.change(_month_after(joined + timedelta(days=days // 2)), rank=rank)
        if agent.joined <= timeline.until:
            draft.agents.append(agent)
        return agent

    for office in range(offices):
        rank = int(rng.choice((SUPERVISOR, SENIOR_SUPERVISOR, MANAGER), p=(0.5, 0.35, 0.15)))
        lead = add(rank, office, (3, 9))
        lead.leads = True
        draft.leads.append([(max(lead.steps[-1].first, place.founded), lead)])
    extra = max(1, round(size * SUPERVISOR_SHARE) - offices)
    for _ in range(extra):
        add(SUPERVISOR, int(rng.integers(0, offices)), (2, 7))
    shares = rng.dirichlet(np.full(offices, 12.0))
    for _ in range(size - offices - extra):
        rank = int(rng.choice((TRAINEE, AGENT, SENIOR), p=(0.2, 0.52, 0.28)))
        years = ((0.02, 0.6), (0.5, 4), (1.5, 7))[rank]
        add(rank, int(rng.choice(offices, p=shares)), years)
    return draft


def _turn_of_month(
    rng: np.random.Generator, draft: _Draft, first: date, timeline: Timeline, place: Place, offices: int
) -> None:
    """On the first of a month people leave, rise, move and hand over; in the month new ones join."""
    for agent in draft.agents:
        if agent.left or agent.joined >= first:
            continue
        leave, rise, move = rng.random(3)
        if not agent.leads and leave < LEAVING[agent.rank]:
            agent.left = first
        elif rise < PROMOTION[agent.rank] and agent.joined + PROBATION < first:
            agent.change(first, rank=agent.rank + 1)
        elif not agent.leads and move < 0.003:
            agent.change(first, office=int(rng.integers(0, offices)))
    for office, leads in enumerate(draft.leads):
        heirs = [
            agent
            for agent in draft.agents
            if not agent.leads
            and not agent.left
            and agent.joined < first
            and agent.office == office
            and agent.rank >= SENIOR
        ]
        if rng.random() < 0.008 and heirs:
            heir = max(heirs, key=lambda agent: (agent.rank, -agent.joined.toordinal()))
            leads[-1][1].leads = False
            if heir.rank < SUPERVISOR:
                heir.change(first, rank=SUPERVISOR)
            heir.leads = True
            leads.append((first, heir))
    rush = 1.6 if first.month in (3, 7) else 0.95
    for _ in range(int(rng.poisson(1.45 * rush * np.exp(0.15 * place.quality)))):
        joined = first + timedelta(days=int(rng.integers(1, 28)))
        office = int(rng.integers(0, offices))
        if joined <= timeline.until:
            draft.agents.append(Agent(joined, [Step(joined, TRAINEE, office)]))


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


# ---------------------------------------------------------------- how they are written


def _write(
    writer: Writer,
    rng: np.random.Generator,
    tree: Tree,
    place: Place,
    timeline: Timeline,
    offices: tuple[Office, ...],
    draft: _Draft,
    managers: tuple[tuple[date, int], ...],
    deputy: int | None,
) -> Crew:
    agents = draft.agents
    ids = writer.ids(Person, len(agents))
    names = invented_names(rng, len(agents))
    uplines = [_upline(rng, agents, index) for index in range(len(agents))]
    writer.columns(
        Person,
        len(agents),
        id=ids,
        code=[f"{place.code}{1001 + index}" for index in range(len(agents))],
        name=names,
        kind=PersonKind.AGENT,
        joined_on=[agent.joined for agent in agents],
        left_on=[agent.left for agent in agents],
        upline_id=[None if upline is None else ids[upline] for upline in uplines],
        phone=phones(rng, len(agents)),
    )
    for key, agent in zip(ids, agents, strict=True):
        ends = [*(step.first for step in agent.steps[1:]), agent.left]
        for step, end in zip(agent.steps, ends, strict=True):
            writer.row(
                RankHistory,
                person_id=key,
                rank_id=tree.ranks[step.rank],
                institution_id=place.id,
                office_id=offices[step.office].id,
                valid_from=step.first,
                valid_to=end,
            )
    places = {id(agent): index for index, agent in enumerate(agents)}
    leads = np.zeros((len(offices), timeline.count), np.int64)
    for office, held in enumerate(draft.leads):
        for (first, agent), end in zip(held, [*(day for day, _ in held[1:]), None], strict=True):
            index = places[id(agent)]
            writer.row(
                OfficeLead,
                office_id=offices[office].id,
                person_id=ids[index],
                valid_from=first,
                valid_to=end,
            )
            leads[office, [month.last >= first for month in timeline.months]] = index
    rank, office_of = _by_month(agents, timeline)
    marked = (rank[:, -1] >= SUPERVISOR) & (rng.random(len(agents)) < 0.06)
    for place_of in np.flatnonzero(marked).tolist():
        writer.row(
            FocusSupervisor,
            person_id=ids[place_of],
            reason="新任主管，需重点辅导",
            valid_from=timeline.months[-1].first,
        )
    return Crew(
        place,
        offices,
        np.array(ids),
        tuple(names),
        np.array([timeline.number(agent.joined) for agent in agents]),
        np.array([timeline.number(agent.left) if agent.left else NEVER for agent in agents]),
        rank,
        office_of,
        leads,
        managers,
        deputy,
    )


def _by_month(agents: Sequence[Agent], timeline: Timeline) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rank = np.full((len(agents), timeline.count), -1)
    office = rank.copy()
    for index, agent in enumerate(agents):
        for number, month in enumerate(timeline.months):
            if agent.joined <= month.last and (agent.left is None or agent.left > month.first):
                step = [step for step in agent.steps if step.first <= month.last][-1]
                rank[index, number], office[index, number] = step.rank, step.office
    return rank, office


def _upline(rng: np.random.Generator, agents: Sequence[Agent], index: int) -> int | None:
    """Who recruited the agent: someone who served already, mostly of the same office; None: the first."""
    joined, office = agents[index].joined, agents[index].steps[0].office
    there = [
        other
        for other in range(index)
        if agents[other].joined < joined and (agents[other].left or date.max) > joined
    ]
    near = [other for other in there if agents[other].steps[0].office == office]
    pool = near or there
    return int(rng.choice(pool)) if pool else None

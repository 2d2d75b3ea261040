"""What the agents of one institution do and sell: customers, policies, and visits week by week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.activities.tables import WeeklyVolume
from models.customers.tables import Customer, CustomerSource, Sale
from models.demo_org.extent import Extent, Timeline
from models.demo_org.people import NEVER, Crew
from models.demo_org.staff import phones
from models.demo_org.tree import RANKS, TRAINEE, YUAN
from models.demo_org.words import SURNAMES, TITLES
from models.demo_org.writer import Writer

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SEASON: Final = {
    1: 1.9,
    2: 0.8,
    3: 1.15,
    4: 0.85,
    5: 0.9,
    6: 1.2,
    7: 0.8,
    8: 0.85,
    9: 1.1,
    10: 0.85,
    11: 0.95,
}
"""New business by calendar month: 开门红 in January, the ends of the quarters; December is 1."""
COOLING_OFF_DAYS: Final = 15
COMMISSION: Final = (18, 22, 27, 32, 36)
"""Percent of the first premium."""


@dataclass(frozen=True)
class Clients:
    """Customers of one institution, sorted by agent: those of agent i are ``bounds[i]..bounds[i + 1]``."""

    ids: Ints
    agent: Ints
    bounds: Ints
    value: Floats
    potential: Floats
    care: Floats
    """How much the agent sees to the customer: weight of visits and sales."""
    known: Ints
    """Day on which the customer became known."""
    do_not_contact: NDArray[np.bool_]

    def pick(self, rng: np.random.Generator, agents: Ints, weights: Floats) -> Ints:
        """One customer of each of the agents, by weight."""
        sums = np.concatenate(([0.0], np.cumsum(weights)))
        low, high = sums[self.bounds[agents]], sums[self.bounds[agents + 1]]
        found = np.searchsorted(sums, low + rng.random(len(agents)) * (high - low), side="right") - 1
        return np.asarray(np.clip(found, self.bounds[agents], self.bounds[agents + 1] - 1))


@dataclass(frozen=True)
class Production:
    """Policies as arrays, and PVKYC done: agent x week."""

    clients: Clients
    sale_ids: Ints
    agent: Ints
    customer: Ints
    day: Ints
    premium: Ints
    """Fen."""
    fyc: Ints
    counts: NDArray[np.bool_]
    """Not withdrawn."""
    visits: Ints
    closes: Ints
    warm: Ints
    referrals: Ints


def build_production(
    writer: Writer, crew: Crew, timeline: Timeline, extent: Extent, *, seed: int
) -> Production:
    """Write customers, sales and weekly volumes of one institution."""
    rng = np.random.default_rng([seed, crew.place.id, 2])
    skill = rng.normal(0, 1, len(crew.ids))
    diligence = rng.normal(0, 1, len(crew.ids))
    clients = _clients(rng, crew, timeline, extent)
    agent, day = _policies(rng, crew, timeline, skill, diligence)
    customer = clients.pick(rng, agent, clients.care * (0.4 + clients.value / 100))
    np.minimum.at(clients.known, customer, day)
    worth = 5_800 * np.exp(0.75 * rng.normal(0, 1, len(day)) + 0.12 * crew.place.quality)
    worth *= 0.6 + clients.value[customer] / 80
    premium = np.maximum(1_000, np.round(worth / 100) * 100).astype(np.int64) * YUAN
    fyc = premium * rng.choice(COMMISSION, len(day)) // 100
    withdrawn = np.where(
        rng.random(len(day)) < 0.025, day + rng.integers(1, COOLING_OFF_DAYS, len(day)), timeline.days
    )
    counts = withdrawn >= timeline.days
    _write_customers(writer, rng, crew, clients, timeline)
    sale_ids = writer.ids(Sale, len(day))
    writer.columns(
        Sale,
        len(day),
        id=sale_ids,
        code=[f"P{crew.place.code}{number:06}" for number in range(1, len(day) + 1)],
        customer_id=clients.ids[customer],
        agent_id=crew.ids[agent],
        signed_on=_days(timeline, day),
        premium=premium,
        fyc=fyc,
        cooling_off_ends=_days(timeline, day + COOLING_OFF_DAYS),
        withdrawn_on=[
            None if kept else timeline.day(number)
            for kept, number in zip(counts.tolist(), withdrawn.tolist(), strict=True)
        ],
    )
    closes = np.zeros((len(crew.ids), len(timeline.weeks)), np.int64)
    week_of = np.searchsorted([timeline.number(week.first) for week in timeline.weeks], day, side="right") - 1
    np.add.at(closes, (agent[counts], week_of[counts]), 1)
    contacts = _contacts(rng, crew, timeline, closes, skill, diligence)
    production = Production(
        clients,
        np.array(sale_ids),
        agent,
        customer,
        day,
        premium,
        fyc,
        counts,
        contacts[0],
        closes,
        *contacts[1:],
    )
    _write_volumes(writer, rng, crew, timeline, extent, production)
    return production


def _days(timeline: Timeline, numbers: Ints) -> list[object]:
    return [timeline.start + timedelta(days=number) for number in numbers.tolist()]


# ---------------------------------------------------------------- customers


def _clients(rng: np.random.Generator, crew: Crew, timeline: Timeline, extent: Extent) -> Clients:
    tenure = np.clip(timeline.days - crew.joined, 60, 900) / 900
    counts = np.maximum(2, rng.poisson(extent.customers * 1.25 * np.sqrt(tenure)))
    agent = np.repeat(np.arange(len(crew.ids)), counts)
    total = len(agent)
    value = np.clip(rng.normal(45 + 5 * crew.place.quality, 20, total), 1, 99)
    back = rng.integers(-240, 1500, total)
    known = np.maximum(crew.joined[agent], np.minimum(timeline.days - 1 - back, timeline.days - 1))
    return Clients(
        ids=np.zeros(total, np.int64),
        agent=agent,
        bounds=np.concatenate(([0], np.cumsum(counts))),
        value=value,
        potential=np.clip(0.3 * value + rng.normal(35, 18, total), 1, 99),
        care=rng.gamma(0.9, 1.3, total) + 0.05,
        known=np.minimum(known, np.minimum(crew.left[agent], timeline.days) - 1),
        do_not_contact=rng.random(total) < 0.015,
    )


def _write_customers(
    writer: Writer, rng: np.random.Generator, crew: Crew, clients: Clients, timeline: Timeline
) -> None:
    """Customers of who left go to the lead of the office that was theirs."""
    total = len(clients.agent)
    keys = writer.ids(Customer, total)
    clients.ids[:] = keys
    gone = crew.left[clients.agent] < NEVER
    offices = crew.office.max(axis=1)  # of who left before the months began: -1, but no such agent is kept
    owner = np.where(gone, crew.leads[offices[clients.agent], -1], clients.agent)
    chance = rng.random(total)
    renewal = rng.integers(1, 365, total)
    names = zip(
        rng.integers(0, len(SURNAMES), total).tolist(), rng.integers(0, 2, total).tolist(), strict=True
    )
    sources = rng.choice(len(CustomerSource), total, p=(0.4, 0.28, 0.2, 0.12)).tolist()
    kinds = list(CustomerSource)
    writer.columns(
        Customer,
        total,
        id=keys,
        code=[f"K{crew.place.code}{number:05}" for number in range(1, total + 1)],
        name=[SURNAMES[surname] + TITLES[title] for surname, title in names],
        agent_id=crew.ids[owner],
        source=[kinds[number] for number in sources],
        phone=phones(rng, total),
        known_since=_days(timeline, clients.known),
        do_not_contact=clients.do_not_contact,
        complaint_open=rng.random(total) < 0.004,
        has_gap=[None if x < 0.3 else x < 0.7 for x in rng.random(total).tolist()],
        renewal_on=[
            timeline.until + timedelta(days=days) if x < 0.45 else None
            for x, days in zip(chance.tolist(), renewal.tolist(), strict=True)
        ],
    )


# ---------------------------------------------------------------- policies and visits


def _policies(
    rng: np.random.Generator, crew: Crew, timeline: Timeline, skill: Floats, diligence: Floats
) -> tuple[Ints, Ints]:
    """Agent and day of every policy signed up to the last day."""
    quality = np.array([office.quality for office in crew.offices])
    sells = np.array([line.sells for line in RANKS])
    season = np.array([SEASON.get(month.first.month, 1.0) for month in timeline.months])
    rate = np.where(crew.serving, sells[crew.rank], 0.0) * season
    rate *= np.exp(0.5 * skill + 0.15 * diligence - 0.2)[:, None]
    rate *= np.exp(0.25 * crew.place.quality + 0.2 * quality[crew.office] - 0.1)
    firsts = np.array([timeline.number(month.first) for month in timeline.months])
    ends = np.array([timeline.number(month.end) for month in timeline.months])
    there = np.clip((ends - np.maximum(firsts, crew.joined[:, None]) + 1) / (ends - firsts + 1), 0, 1)
    counts = rng.poisson(rate * there)
    agent, month = np.nonzero(counts)
    times = counts[agent, month]
    agent, month = np.repeat(agent, times), np.repeat(month, times)
    day = np.zeros(len(agent), np.int64)
    for number, span in enumerate(timeline.months):
        mine = np.flatnonzero(month == number)
        length = (span.end - span.first).days + 1
        weights = np.ones(length)
        weights[-5:] *= 2.6  # the rush before the month closes
        weights[:3] *= 0.6
        rest = [(span.first + timedelta(days=back)).weekday() >= 5 for back in range(length)]
        weights[rest] *= 0.45
        day[mine] = firsts[number] + rng.choice(length, len(mine), p=weights / weights.sum())
    day = np.maximum(day, crew.joined[agent] + (day < crew.joined[agent]))
    kept = day < timeline.days
    order = np.lexsort((agent[kept], day[kept]))
    return agent[kept][order], day[kept][order]


def _contacts(
    rng: np.random.Generator, crew: Crew, timeline: Timeline, closes: Ints, skill: Floats, diligence: Floats
) -> tuple[Ints, Ints, Ints]:
    """Visits, warm contacts and referrals: diligence makes many, skill makes them count."""
    active = active_days(crew, timeline)
    habit = 0.5 * np.exp(0.35 * diligence + 0.1 * crew.place.quality)
    rank = np.max(crew.rank, axis=1)
    visits = rng.poisson(active * (habit * np.where(rank == TRAINEE, 0.8, 1.0))[:, None]) + closes
    warm = rng.binomial(visits, np.clip(0.2 - 0.03 * skill, 0.05, 0.4)[:, None])
    referrals = rng.binomial(visits, np.clip(0.07 + 0.025 * skill, 0.01, 0.25)[:, None])
    return visits, warm, referrals


def active_days(crew: Crew, timeline: Timeline) -> Ints:
    """Days in service, agent x week, up to the last day."""
    firsts = np.array([timeline.number(week.first) for week in timeline.weeks])
    lasts = np.array([timeline.number(week.last) for week in timeline.weeks])
    begins = np.maximum(firsts, crew.joined[:, None])
    ends = np.minimum(lasts, crew.left[:, None] - 1)
    return np.asarray(np.clip(ends - begins + 1, 0, None))


def _write_volumes(
    writer: Writer,
    rng: np.random.Generator,
    crew: Crew,
    timeline: Timeline,
    extent: Extent,
    production: Production,
) -> None:
    active = active_days(crew, timeline)
    active[:, [week.month < timeline.count - extent.detail_months for week in timeline.weeks]] = 0
    agent, week = np.nonzero(active)
    visits = production.visits[agent, week]
    usual = active[agent, week] * 0.55

    def planned(share: float) -> Ints:
        return np.maximum(0, np.round(usual * share + rng.normal(0, 0.8, len(agent)))).astype(np.int64)

    lists = planned(1.3)
    ends = [span.end for span in timeline.weeks]
    writer.columns(
        WeeklyVolume,
        len(agent),
        person_id=crew.ids[agent],
        week_ends=[ends[number] for number in week.tolist()],
        plan_planned=lists,
        plan_done=rng.binomial(lists, 0.8),
        visit_planned=planned(1.0),
        visit_done=visits,
        close_planned=planned(0.06),
        close_done=production.closes[agent, week],
        warm_planned=planned(0.2),
        warm_done=production.warm[agent, week],
        referral_planned=planned(0.1),
        referral_done=production.referrals[agent, week],
    )

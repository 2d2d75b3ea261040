"""How customers were met and how warm that kept them: interactions, weekly snapshots, temperatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.customers.tables import CustomerSnapshot, Interaction, InteractionKind
from models.customers.temperature import CAP
from models.demo_org.extent import Extent, Timeline
from models.demo_org.people import Crew
from models.demo_org.production import Clients, Floats, Ints, Production
from models.demo_org.words import WEIGHTS
from models.demo_org.writer import Writer

HALF_LIFE_DAYS: Final = 30
KINDS: Final = tuple(InteractionKind)
MONTHLY: Final = {
    InteractionKind.CALL: 0.45,
    InteractionKind.MESSAGE: 0.7,
    InteractionKind.SERVICE: 0.1,
    InteractionKind.REFERRAL: 0.03,
}
"""Contacts with a customer a month besides visits and events, on average."""


@dataclass(frozen=True)
class Warmth:
    """Temperature by the formula of the dossier, customer x day from ``first`` on, before the cap."""

    first: int
    sums: NDArray[np.float32]

    def on(self, customers: Ints | int, day: int) -> Floats:
        """0-100, everything that happened on the day included; before ``first`` all are cold."""
        place = day - self.first
        if place < 0:
            return np.zeros(np.size(customers))
        return np.asarray(np.minimum(float(CAP), np.atleast_1d(self.sums[customers, place]).astype(float)))


def detail_start(timeline: Timeline, extent: Extent) -> int:
    """First day for which contacts with customers are written."""
    return timeline.number(timeline.months[max(timeline.count - extent.detail_months, 0)].first)


def build_warmth(
    writer: Writer,
    crew: Crew,
    production: Production,
    timeline: Timeline,
    extent: Extent,
    *,
    events: Sequence[tuple[int, Ints]],
    seed: int,
) -> Warmth:
    """Write an institution's interactions and snapshots; ``events``: day, and the customers who came."""
    rng = np.random.default_rng([seed, crew.place.id, 3])
    clients = production.clients
    first = detail_start(timeline, extent)
    found = [*_visits(rng, crew, production, timeline, first), *_others(rng, clients, timeline, first)]
    found += [_keys(customers, day, InteractionKind.EVENT) for day, customers in events if day >= first]
    keys = np.unique(np.concatenate(found))
    customer, day, kind = keys // 4_000_000, keys // 1_000 % 4_000, keys % 1_000
    kept = (day >= clients.known[customer]) & ~(clients.do_not_contact[customer] & (kind != _EVENT))
    customer, day, kind = customer[kept], day[kept], kind[kept]
    words = list(KINDS)
    writer.columns(
        Interaction,
        len(customer),
        id=writer.ids(Interaction, len(customer)),
        customer_id=clients.ids[customer],
        happened_on=[timeline.day(number) for number in day.tolist()],
        kind=[words[number] for number in kind.tolist()],
    )
    weights = np.array([WEIGHTS[word] for word in KINDS], np.float32)
    sums = np.zeros((len(clients.ids), timeline.days - first), np.float32)
    np.add.at(sums, (customer, day - first), weights[kind])
    decay = np.float32(0.5 ** (1 / HALF_LIFE_DAYS))
    for place in range(1, sums.shape[1]):
        sums[:, place] += sums[:, place - 1] * decay
    warmth = Warmth(first, sums)
    _write_snapshots(writer, rng, clients, warmth, timeline, extent)
    return warmth


_EVENT: Final = KINDS.index(InteractionKind.EVENT)


def _keys(customer: Ints, day: Ints | int, kind: InteractionKind) -> Ints:
    """Customer, day and kind as one number each: what is unique in the table."""
    return np.asarray((customer * 4_000 + day) * 1_000 + KINDS.index(kind))


def _visits(
    rng: np.random.Generator, crew: Crew, production: Production, timeline: Timeline, first: int
) -> list[Ints]:
    """About half of the counted visits are to customers on file; every closing is one of them."""
    clients = production.clients
    recorded = rng.binomial(production.visits - production.closes, 0.5)
    agent, week = np.nonzero(recorded)
    times = recorded[agent, week]
    agent, week = np.repeat(agent, times), np.repeat(week, times)
    begins = np.array([timeline.number(span.first) for span in timeline.weeks])[week]
    lasts = np.array([timeline.number(span.last) for span in timeline.weeks])[week]
    begins = np.maximum(begins, crew.joined[agent])
    lasts = np.minimum(lasts, crew.left[agent] - 1)
    day = rng.integers(begins, lasts + 1)
    kept = day >= first
    customer = clients.pick(rng, agent[kept], clients.care)
    closed = production.counts & (production.day >= first)
    return [
        _keys(customer, day[kept], InteractionKind.VISIT),
        _keys(production.customer[closed], production.day[closed], InteractionKind.VISIT),
    ]


def _others(rng: np.random.Generator, clients: Clients, timeline: Timeline, first: int) -> list[Ints]:
    days = timeline.days - first
    found = []
    for kind, monthly in MONTHLY.items():
        times = rng.poisson(clients.care / 1.25 * monthly * days / 30)
        customer = np.repeat(np.arange(len(times)), times)
        found.append(_keys(customer, first + rng.integers(0, days, len(customer)), kind))
    return found


def _write_snapshots(
    writer: Writer,
    rng: np.random.Generator,
    clients: Clients,
    warmth: Warmth,
    timeline: Timeline,
    extent: Extent,
) -> None:
    done = [week for week in timeline.weeks if week.end <= timeline.until][-extent.snapshot_weeks :]
    unknown = rng.random((2, len(clients.ids))) < ((0.03,), (0.08,))
    for week in done:
        day = timeline.number(week.end)
        if day < warmth.first:
            continue
        known = np.flatnonzero(clients.known <= day)
        drift = rng.normal(0, 1, len(known))
        writer.columns(
            CustomerSnapshot,
            len(known),
            customer_id=clients.ids[known],
            week_ends=week.end,
            value=_hundredths(clients.value[known] + drift, unknown[0, known]),
            temperature=_hundredths(warmth.on(known, day), None),
            potential=_hundredths(clients.potential[known] - drift, unknown[1, known]),
        )


def _hundredths(points: Floats, unknown: NDArray[np.bool_] | None) -> list[int | None]:
    numbers: list[int | None] = np.clip(np.round(points * 100), 0, 10_000).astype(np.int64).tolist()
    if unknown is None:
        return numbers
    return [None if gone else number for number, gone in zip(numbers, unknown.tolist(), strict=True)]

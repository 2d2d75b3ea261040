"""The four management actions of one institution, with some people behind (R32)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import exp
from typing import Any, Final

import numpy as np

from models.demo_org.activities import Event
from models.demo_org.extent import Extent, Timeline
from models.demo_org.people import Crew
from models.demo_org.production import Ints, Production
from models.demo_org.words import RECORDS, REVIEWS, pick
from models.demo_org.writer import Writer
from models.management.tables import ActionKind, ManagementAction

FOCUS_SHARE: Final = 0.5
"""Of the supervisors, about so many are interviewed each month as 重点主管."""


@dataclass(frozen=True)
class JointVisits:
    """Joint visits with record and review, agent (who accompanied) x month."""

    done: Ints


def build_actions(
    writer: Writer,
    crew: Crew,
    production: Production,
    events: Sequence[Event],
    keys: Sequence[int],
    timeline: Timeline,
    extent: Extent,
    *,
    seed: int,
) -> JointVisits:
    """Write the actions of the detail months; joint visits are counted for all months."""
    rng = np.random.default_rng([seed, crew.place.id, 6])
    book = _Book(writer, crew, timeline, timeline.count - extent.detail_months)
    done = np.zeros(crew.rank.shape, np.int64)
    _weekly(rng, book, crew, production, timeline, done)
    _interviews(rng, book, crew, timeline)
    for event, key in zip(events, keys, strict=True):
        set_up = event.day - int(rng.integers(2, 9))
        book.put(
            event.month,
            kind=ActionKind.PLATFORM_SETUP,
            actor_id=int(crew.ids[event.owner]),
            event_id=key,
            planned_on=timeline.day(set_up),
            done_on=timeline.day(set_up) if set_up < timeline.days and not event.cancelled else None,
            record="邀约名单、场地、主讲已落实" if set_up < timeline.days else None,
        )
    return JointVisits(done)


@dataclass
class _Book:
    """Numbers the actions; those of months without detail are not written."""

    writer: Writer
    crew: Crew
    timeline: Timeline
    first_month: int
    number: int = 0

    def put(self, month: int, **values: Any) -> None:
        if month >= self.first_month:
            self.number += 1
            code = f"M{self.crew.place.code}{self.number:06}"
            self.writer.row(ManagementAction, code=code, **values)


def _weekly(
    rng: np.random.Generator,
    book: _Book,
    crew: Crew,
    production: Production,
    timeline: Timeline,
    done: Ints,
) -> None:
    """Each supervisor owes an inventory and a joint visit a week; weaker offices fall behind more."""
    clients = production.clients
    for week in timeline.weeks:
        month, first, last = week.month, timeline.number(week.first), timeline.number(week.last)
        sellers = crew.serving[:, month] & ~crew.supervising[:, month] & (crew.joined <= last)
        teams = [np.flatnonzero(sellers & (crew.office[:, month] == n)) for n in range(len(crew.offices))]
        for actor in np.flatnonzero(crew.supervising[:, month] & (crew.joined <= last)).tolist():
            office = int(crew.office[actor, month])
            quality, team = crew.offices[office].quality, teams[office]
            begins = max(first, int(crew.joined[actor]))
            key = int(crew.ids[actor])
            if rng.random() < min(max(0.86 + 0.07 * quality, 0.4), 0.99):
                day = timeline.day(int(rng.integers(begins, last + 1)))
                book.put(
                    month,
                    kind=ActionKind.CUSTOMER_INVENTORY,
                    actor_id=key,
                    planned_on=day,
                    done_on=day,
                    record=f"盘点活动客户{int(rng.integers(4, 13))}人",
                )
            for _ in range(int(rng.poisson(1.25 * exp(0.35 * quality))) if len(team) else 0):
                subject = int(team[rng.integers(len(team))])
                number = int(rng.integers(max(begins, crew.joined[subject]), last + 1))
                customer = int(rng.integers(clients.bounds[subject], clients.bounds[subject + 1]))
                is_known = clients.known[customer] <= number
                chance = float(rng.random())
                is_done, is_full = chance < 0.92, chance < 0.82
                done[actor, month] += is_full
                book.put(
                    month,
                    kind=ActionKind.JOINT_VISIT,
                    actor_id=key,
                    subject_id=int(crew.ids[subject]),
                    customer_id=int(clients.ids[customer]) if is_known else None,
                    planned_on=timeline.day(number),
                    done_on=timeline.day(number) if is_done else None,
                    record=pick(rng, RECORDS) if is_done else None,
                    review=pick(rng, REVIEWS) if is_full else None,
                )


def _interviews(rng: np.random.Generator, book: _Book, crew: Crew, timeline: Timeline) -> None:
    """The administrative manager talks goals with the supervisors who fell short, most of the months."""
    for month in timeline.months:
        for subject in np.flatnonzero(crew.supervising[:, month.month]).tolist():
            if rng.random() > FOCUS_SHARE:
                continue
            planned = max(month.first, timeline.day(int(crew.joined[subject]))) + timedelta(
                days=int(rng.integers(0, 10))
            )
            willing = min(max(0.85 + 0.08 * crew.place.quality, 0.4), 0.99)
            is_done = planned <= timeline.until and rng.random() < willing
            book.put(
                month.month,
                kind=ActionKind.GOAL_INTERVIEW,
                actor_id=crew.manager_on(planned),
                subject_id=int(crew.ids[subject]),
                planned_on=planned,
                done_on=planned if is_done else None,
                record="谈定收入目标与路径" if is_done else None,
                review="下月初核对进度" if is_done else None,
            )

"""The activity calendar of one institution: events of the three platforms, who came, what it brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.activities.tables import ActivityEvent, EventReview, Participation, Platform
from models.base import SHANGHAI
from models.customers.tables import InventoryEntry, InventoryLabel
from models.demo_org.extent import Extent, Span, Timeline
from models.demo_org.people import Crew
from models.demo_org.production import Clients, Floats, Ints, Production
from models.demo_org.warmth import Warmth, detail_start
from models.demo_org.words import AUDIENCES, CONTENTS, PLACES, pick
from models.demo_org.writer import Writer

SIGNED_WITHIN: Final = 5
"""Days after an event in which a policy of someone who came counts as won by it."""
FIELDS: Final = ("starts_at", "place", "content", "audience", "goal", "preparation")
CONVERSION: Final = {Platform.WARMUP: 0.3, Platform.HIGH_VALUE: 0.75, Platform.HIGH_POTENTIAL: 0.5}
"""How readily someone about to sign is won for the platform."""


@dataclass(frozen=True)
class Event:
    """An entry of the calendar. ``came`` and ``sales`` follow ``invited``; sale -1: none."""

    platform: Platform
    month: int
    day: int
    office: int | None
    owner: int
    """Index of the supervisor."""
    cancelled: bool
    invited: Ints
    came: NDArray[np.bool_]
    sales: Ints

    def held(self, timeline: Timeline) -> bool:
        return self.day < timeline.days and not self.cancelled


def plan_events(crew: Crew, production: Production, timeline: Timeline, *, seed: int) -> list[Event]:
    """The events of all months, unwritten: temperatures rest on them, and they on temperatures."""
    rng = np.random.default_rng([seed, crew.place.id, 4])
    quality = crew.place.quality
    free = production.counts.copy()
    """Policies that no event has won yet."""
    events = []
    for month in timeline.months:
        if not crew.supervising[:, month.month].any():
            continue
        for platform in Platform:
            # A weak institution now and then leaves a platform out; a strong one holds it twice.
            times = 0 if rng.random() < 0.06 * np.exp(-0.8 * quality) else 1
            times += int(rng.random() < 0.25 * np.exp(0.4 * quality))
            for _ in range(times):
                events.append(_event(rng, crew, production, timeline, month, platform, free))
    return sorted(events, key=lambda event: event.day)


def _event(
    rng: np.random.Generator,
    crew: Crew,
    production: Production,
    timeline: Timeline,
    month: Span,
    platform: Platform,
    free: NDArray[np.bool_],
) -> Event:
    clients = production.clients
    office = int(rng.integers(0, len(crew.offices))) if rng.random() < 0.35 else None
    owner = int(
        rng.choice(np.flatnonzero(crew.supervising[:, month.month]))
        if office is None
        else crew.leads[office, month.month]
    )
    day = timeline.number(month.first + timedelta(days=int(rng.integers(3, (month.end - month.first).days))))
    day = max(day, int(crew.joined[owner]))
    cancelled = bool(rng.random() < 0.03)
    weights = _appeal(clients, platform) * rng.gamma(2, 1, len(clients.ids))
    there = (clients.known <= min(day, timeline.days - 1)) & ~clients.do_not_contact
    if office is not None:
        there &= crew.office[clients.agent, month.month] == office
    there &= crew.serving[clients.agent, month.month]
    weights[~there] = 0
    size = min(int(rng.integers(14, 26)), int(there.sum()))
    invited = np.sort(np.argpartition(-weights, size - 1)[:size]) if size else np.zeros(0, np.int64)
    came = rng.random(len(invited)) < np.clip(0.55 + 0.06 * crew.place.quality, 0.3, 0.8)
    sales = np.full(len(invited), -1)
    if day < timeline.days and not cancelled:
        near = np.flatnonzero(free & (production.day >= day) & (production.day <= day + SIGNED_WITHIN))
        near = near[rng.random(len(near)) < CONVERSION[platform]]
        near = near[there[production.customer[near]]][:4]
        _, firsts = np.unique(production.customer[near], return_index=True)
        near = near[firsts]
        free[near] = False
        buyers = production.customer[near]
        others = ~np.isin(invited, buyers)
        invited = np.concatenate((invited[others], buyers))
        came = np.concatenate((came[others], np.ones(len(buyers), bool)))
        sales = np.concatenate((sales[others], near))
    else:
        came[:] = False
    return Event(platform, month.month, day, office, owner, cancelled, invited, came, sales)


def _appeal(clients: Clients, platform: Platform) -> Floats:
    if platform is Platform.HIGH_VALUE:
        return clients.value**2
    if platform is Platform.HIGH_POTENTIAL:
        return clients.potential**2
    return np.asarray(1 / (clients.care + 0.2))


def write_events(
    writer: Writer,
    crew: Crew,
    production: Production,
    events: Sequence[Event],
    warmth: Warmth,
    timeline: Timeline,
    extent: Extent,
    *,
    seed: int,
) -> list[int]:
    """Write events, participations, reviews and the inventories that followed; returns the events' keys."""
    rng = np.random.default_rng([seed, crew.place.id, 5])
    first = detail_start(timeline, extent)
    numbers: dict[int, int] = {}
    labelled: set[tuple[int, int]] = set()
    keys = []
    for event in events:
        numbers[event.month] = numbers.get(event.month, 0) + 1
        key = _write_event(writer, rng, crew, event, timeline, numbers[event.month])
        keys.append(key)
        if event.day >= first and not event.cancelled:
            _write_participations(writer, rng, production, event, key, warmth, timeline)
            if event.held(timeline):
                _write_inventory(writer, rng, production.clients, event, warmth, timeline, labelled)
    return keys


def _write_event(
    writer: Writer, rng: np.random.Generator, crew: Crew, event: Event, timeline: Timeline, number: int
) -> int:
    day = timeline.day(event.day)
    starts = datetime.combine(day, time(int(rng.choice((9, 10, 14, 15))), 30), SHANGHAI)
    content = pick(rng, CONTENTS[event.platform])
    fields: dict[str, object] = {
        "starts_at": starts,
        "place": pick(rng, PLACES),
        "content": content,
        "audience": f"{AUDIENCES[event.platform]}{len(event.invited)}人",
        "goal": f"到场{max(4, len(event.invited) // 2)}人，预约面谈{int(rng.integers(3, 8))}人",
        "preparation": "邀约名单、物料、主讲人",
    }
    carelessness, closing = rng.random(2)
    if carelessness < 0.06 * np.exp(-0.4 * crew.place.quality):
        fields[pick(rng, FIELDS)] = None  # invalid (R30)
    came, signed = int(event.came.sum()), int((event.sales >= 0).sum())
    if event.held(timeline):
        unclosed = closing < 0.16 * np.exp(-0.4 * crew.place.quality)
        if not (unclosed and closing < 0.06):
            fields["process"] = f"签到、主讲、分组交流，到场{came}人"
            fields["feedback"] = f"{max(1, came // 2)}位客户愿意再谈"
    key = writer.row(
        ActivityEvent,
        code=f"E{crew.place.code}{timeline.months[event.month].first:%Y%m}{number:02}",
        institution_id=crew.place.id,
        office_id=None if event.office is None else crew.offices[event.office].id,
        owner_id=int(crew.ids[event.owner]),
        platform=event.platform,
        month=timeline.months[event.month].first,
        ends_at=starts + timedelta(hours=2) if fields["starts_at"] else None,
        cancelled=event.cancelled,
        **fields,
    )
    reviewed = day + timedelta(days=int(rng.integers(1, 4)))
    if event.held(timeline) and not unclosed and reviewed <= timeline.until:
        writer.row(
            EventReview,
            event_id=key,
            reviewed_on=reviewed,
            reviewer=crew.names[event.owner],
            conclusion=f"到场{came}人，签单{signed}件",
            improvement=pick(rng, ("邀约提前一周", "会后三天内回访到场客户", "主讲缩短，多留交流时间")),
        )
    return key


def _write_participations(
    writer: Writer,
    rng: np.random.Generator,
    production: Production,
    event: Event,
    key: int,
    warmth: Warmth,
    timeline: Timeline,
) -> None:
    held = event.held(timeline)
    before = _hundredths(warmth.on(event.invited, min(event.day, timeline.days) - 1))
    after = _hundredths(warmth.on(event.invited, event.day)) if held else before
    came = event.came.tolist()
    sales = event.sales.tolist()
    writer.columns(
        Participation,
        len(event.invited),
        event_id=key,
        customer_id=production.clients.ids[event.invited],
        attended=event.came if held else None,
        sale_id=[int(production.sale_ids[sale]) if sale >= 0 else None for sale in sales],
        feedback=[
            "愿意再谈" if there and x < 0.4 else None
            for there, x in zip(came, rng.random(len(came)).tolist(), strict=True)
        ],
        temperature_before=before,
        temperature_after=[warm if held and there else None for warm, there in zip(after, came, strict=True)],
    )


def _write_inventory(
    writer: Writer,
    rng: np.random.Generator,
    clients: Clients,
    event: Event,
    warmth: Warmth,
    timeline: Timeline,
    labelled: set[tuple[int, int]],
) -> None:
    """Within a week the customers who came are sorted into 普客 and 升温客户; once a day is enough."""
    day = event.day + int(rng.integers(1, 6))
    if day >= timeline.days:
        return
    came = event.invited[event.came].tolist()
    present = np.array([customer for customer in came if (customer, day) not in labelled], np.int64)
    labelled.update((customer, day) for customer in came)
    warm = warmth.on(present, day) >= 35
    writer.columns(
        InventoryEntry,
        len(present),
        customer_id=clients.ids[present],
        taken_on=timeline.day(day),
        label=[InventoryLabel.WARMING if is_warm else InventoryLabel.REGULAR for is_warm in warm.tolist()],
    )


def _hundredths(points: Floats) -> list[int]:
    numbers: list[int] = np.round(points * 100).astype(np.int64).tolist()
    return numbers

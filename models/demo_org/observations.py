"""Indicators of people, offices and institutions: each level is the sum of the one below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.base import SHANGHAI
from models.calendar.weeks import months_later
from models.demo_org.activities import Event
from models.demo_org.extent import Span, Timeline
from models.demo_org.management import JointVisits
from models.demo_org.people import Crew
from models.demo_org.production import Ints, Production
from models.demo_org.tree import CT_THRESHOLDS, U_THRESHOLDS, Place, threshold_change
from models.demo_org.words import SOURCE
from models.demo_org.writer import Writer
from models.indicators.rates import ROLLING_MONTHS
from models.indicators.tables import Observation
from models.organisation.tenure import NEW_MONTHS

ONE: Final = 10_000
"""A count or a share of 1 as it is stored."""
FEN: Final = ONE // 100
"""A fen as it is stored."""
SUMMED: Final = {
    "regular_premium": FEN,
    "fyc": FEN,
    "u_headcount": ONE,
    "active_headcount": ONE,
    "customers": ONE,
    "visits": ONE,
    "closes": ONE,
    "warm_customers": ONE,
    "referrals": ONE,
}
"""Of every agent, office and institution, with what one of them is stored as."""
SUPERVISORS: Final = {"own_fyc": FEN, "joint_visits": ONE}
"""Of supervisors, and summed above them."""
EVENTS: Final = ("platform_events", "invitations", "arrivals")
DAILY: Final = ("regular_premium", "fyc", "u_headcount", "active_headcount", "customers", "closes")
"""As of each day of the last month for institutions, each week for offices."""


@dataclass(frozen=True)
class Figures:
    """By code, month sums: of an office (or more of them: office x month) or institution (month)."""

    values: Mapping[str, Ints]

    def __getitem__(self, code: str) -> Ints:
        return self.values[code]


@dataclass
class Company:
    """Figures of the level-4 institutions, from which those above follow."""

    months: dict[int, dict[str, Ints]] = field(default_factory=dict)
    days: dict[int, dict[str, Ints]] = field(default_factory=dict)


@dataclass(frozen=True)
class Recorder:
    """Writes observations of any scope."""

    writer: Writer
    timeline: Timeline
    indicators: Mapping[str, int]

    def put(
        self, scope: str, ids: Sequence[int], codes: Sequence[str], days: Sequence[date], values: Ints
    ) -> None:
        moments = {day: datetime.combine(day, time(22), SHANGHAI) for day in set(days)}
        self.writer.columns(
            Observation,
            len(values),
            id=self.writer.ids(Observation, len(values)),
            indicator_id=[self.indicators[code] for code in codes],
            as_of=days,
            value=values,
            recorded_at=[moments[day] for day in days],
            source=SOURCE,
            **{f"{scope}_id": ids},
        )

    def series(
        self, scope: str, key: int, values: Mapping[str, Ints], days: Sequence[date], known: NDArray[np.bool_]
    ) -> None:
        """One scope's values by code, as of the days, where known and not negative (a rate without value)."""
        codes: list[str] = []
        when: list[date] = []
        found: list[int] = []
        for code, line in values.items():
            for place in np.flatnonzero(known & (line >= 0)).tolist():
                codes.append(code)
                when.append(days[place])
                found.append(int(line[place]))
        self.put(scope, [key] * len(found), codes, when, np.array(found, np.int64))


def observe(
    recorder: Recorder,
    company: Company,
    crew: Crew,
    production: Production,
    joint: JointVisits,
    events: Sequence[Event],
    *,
    seed: int,
) -> Figures:
    """Write all observations of one institution and its people; returns the offices' monthly sums."""
    timeline = recorder.timeline
    rng = np.random.default_rng([seed, crew.place.id, 7])
    people = _people(crew, production, joint, timeline)
    _write_people(recorder, crew, people)
    figures = _offices(rng, crew, people, timeline)
    exists = np.array([month.last >= crew.place.founded for month in timeline.months])
    lasts = [month.last for month in timeline.months]
    for number, office in enumerate(crew.offices):
        own = {code: line[number] for code, line in figures.items()}
        progress = _progress(own)
        rates = {"ct_progress": progress, "ct_rate": _rolling(own["ct_attained"], exists)}
        recorder.series("office", office.id, _scaled(own) | _rates(own) | rates, lasts, exists)
    whole = {code: line.sum(axis=0) for code, line in figures.items()}
    whole["trained_offices"] = (figures["training_referral"] > 0).sum(axis=0)
    whole |= _events(events, timeline)
    company.months[crew.place.id] = whole
    _write_institution(recorder, crew.place, whole, exists)
    company.days[crew.place.id] = _last_month(recorder, crew, production)
    return Figures(figures)


def observe_above(
    recorder: Recorder, company: Company, places: Iterable[Place], leaves: Sequence[Place]
) -> None:
    """Write the observations of the institutions above level 4, and the daily series of all."""
    timeline = recorder.timeline
    days = _days_before(timeline)
    for place in places:
        below = [leaf.id for leaf in leaves if place.id in leaf.path]
        daily = _sum(company.days[key] for key in below)
        exists = np.array([day >= place.founded for day in days], bool)
        recorder.series("institution", place.id, _scaled(daily), days, exists)
        if place.level < 4:
            months = _sum(company.months[key] for key in below)
            _write_institution(recorder, place, months, np.ones(timeline.count, bool))


def _sum(parts: Iterable[dict[str, Ints]]) -> dict[str, Ints]:
    total: dict[str, Ints] = {}
    for part in parts:
        for code, line in part.items():
            total[code] = total[code] + line if code in total else line.copy()
    return total


# ---------------------------------------------------------------- people


def _people(crew: Crew, production: Production, joint: JointVisits, timeline: Timeline) -> dict[str, Ints]:
    """Agent x month by code: fen and counts."""
    firsts = [timeline.number(month.first) for month in timeline.months]
    kept = production.counts
    agent, day = production.agent[kept], production.day[kept]
    month = np.searchsorted(firsts, day, side="right") - 1
    shape = crew.rank.shape

    def sums(of: Ints | int, who: Ints, when: Ints) -> Ints:
        total = np.zeros(shape, np.int64)
        np.add.at(total, (who, when), of)
        return total

    buyers = np.unique(production.customer[kept] * 1_000 + month)
    weeks = [week.month for week in timeline.weeks]

    def monthly(by_week: Ints) -> Ints:
        total = np.zeros(shape, np.int64)
        np.add.at(total.T, weeks, by_week.T)
        return total

    fyc = sums(production.fyc[kept], agent, month)
    closes = sums(1, agent, month)
    return {
        "regular_premium": sums(production.premium[kept], agent, month),
        "fyc": fyc,
        "u_headcount": ((fyc >= u_thresholds(timeline)) & crew.serving).astype(np.int64),
        "active_headcount": (closes > 0).astype(np.int64),
        "customers": sums(1, production.clients.agent[buyers // 1_000], buyers % 1_000),
        "visits": monthly(production.visits),
        "closes": closes,
        "warm_customers": monthly(production.warm),
        "referrals": monthly(production.referrals),
        "own_fyc": np.where(crew.supervising, fyc, 0),
        "joint_visits": joint.done,
        "new_agents": _joined(crew, timeline),
        "new_agent_fyc": np.where(_is_new(crew, timeline), fyc, 0),
    }


def u_thresholds(timeline: Timeline) -> Ints:
    """Fen of FYC by month: the threshold that holds on the month's last day."""
    change = threshold_change(timeline)
    return np.array([U_THRESHOLDS[int(month.last >= change)] for month in timeline.months])


def _joined(crew: Crew, timeline: Timeline) -> Ints:
    firsts = np.array([timeline.number(month.first) for month in timeline.months])
    lasts = np.array([timeline.number(month.last) for month in timeline.months])
    joined = crew.joined[:, None]
    return ((joined >= firsts) & (joined <= lasts)).astype(np.int64)


def _is_new(crew: Crew, timeline: Timeline) -> NDArray[np.bool_]:
    until = [
        timeline.number(months_later(timeline.day(joined), NEW_MONTHS)) for joined in crew.joined.tolist()
    ]
    lasts = np.array([timeline.number(month.last) for month in timeline.months])
    return crew.serving & (lasts <= np.array(until)[:, None])


def _write_people(recorder: Recorder, crew: Crew, people: Mapping[str, Ints]) -> None:
    steps = SUMMED | SUPERVISORS
    codes = list(steps)
    values = np.stack([people[code] * step for code, step in steps.items()], axis=1)
    shown = np.stack([crew.supervising if code in SUPERVISORS else crew.serving for code in codes], axis=1)
    person, code, month = np.nonzero(shown)
    lasts = [span.last for span in recorder.timeline.months]
    recorder.put(
        "person",
        crew.ids[person].tolist(),
        [codes[number] for number in code.tolist()],
        [lasts[number] for number in month.tolist()],
        values[person, code, month],
    )


# ---------------------------------------------------------------- offices and institutions


def _offices(
    rng: np.random.Generator, crew: Crew, people: Mapping[str, Ints], timeline: Timeline
) -> dict[str, Ints]:
    """Office x month by code."""
    members = np.stack([crew.office == number for number in range(len(crew.offices))])
    figures = {code: (members * line).sum(axis=1) for code, line in people.items()}
    figures["headcount"] = members.sum(axis=1)
    firsts = np.array([timeline.number(month.first) for month in timeline.months])
    figures["opening"] = _opening(crew, firsts)
    quality = np.array([office.quality for office in crew.offices])[:, None]
    asked = rng.poisson(0.35 * np.exp(0.3 * quality) * np.ones(timeline.count))
    figures["training_referral"] = np.where(figures["headcount"] > 0, asked + figures["new_agents"], 0)
    figures["ct_attained"] = (_progress(figures) >= ONE).astype(np.int64)
    figures["offices"] = (figures["headcount"] > 0).astype(np.int64)
    return figures


def _opening(crew: Crew, firsts: Ints) -> Ints:
    """Headcount at the end of the day before each month, by the office of that day."""
    before = np.concatenate((crew.office[:, :1], crew.office[:, :-1]), axis=1)
    there = (crew.joined[:, None] < firsts) & (crew.left[:, None] >= firsts)
    return np.stack([((before == number) & there).sum(axis=0) for number in range(len(crew.offices))])


def _progress(figures: Mapping[str, Ints]) -> Ints:
    """ct_progress = min over the parts of the standard of actual / threshold (dossier section 3)."""
    parts = [figures[code] * ONE // threshold for code, threshold in CT_THRESHOLDS.items()]
    return np.asarray(np.minimum.reduce(parts))


def _rolling(attained: Ints, exists: NDArray[np.bool_]) -> Ints:
    """单室CT率: months with CT of the last six / months assessed."""
    rates = np.full(len(attained), -1)
    for month in np.flatnonzero(exists).tolist():
        window = slice(max(0, month - ROLLING_MONTHS + 1), month + 1)
        rates[month] = round(int(attained[window].sum()) * ONE / int(exists[window].sum()))
    return rates


def _scaled(figures: Mapping[str, Ints]) -> dict[str, Ints]:
    """As stored, without what only serves the rates."""
    money = ("regular_premium", "fyc", "own_fyc", "new_agent_fyc")
    hidden = ("opening", "offices", "trained_offices")
    return {
        code: line * (FEN if code in money else ONE) for code, line in figures.items() if code not in hidden
    }


def _rates(figures: Mapping[str, Ints]) -> dict[str, Ints]:
    """Mean headcount and the rates on it; -1 where the denominator is zero."""
    twice = figures["opening"] + figures["headcount"]
    return {
        "mean_headcount": twice * ONE // 2,
        "u_rate": _over(figures["u_headcount"] * 2, twice),
        "activity_rate": _over(figures["active_headcount"] * 2, twice),
    }


def _over(part: Ints, whole: Ints) -> Ints:
    rate = np.floor(part * ONE / np.maximum(whole, 1) + 0.5).astype(np.int64)
    return np.where(whole > 0, rate, -1)


def _write_institution(
    recorder: Recorder, place: Place, figures: Mapping[str, Ints], exists: NDArray[np.bool_]
) -> None:
    rates = _rates(figures) | {
        "ct_rate": _over(figures["ct_attained"], figures["offices"]),
        "training_rate": _over(figures["trained_offices"], figures["offices"]),
    }
    lasts = [month.last for month in recorder.timeline.months]
    recorder.series("institution", place.id, _scaled(figures) | rates, lasts, exists)


def _events(events: Sequence[Event], timeline: Timeline) -> dict[str, Ints]:
    totals = {code: np.zeros(timeline.count, np.int64) for code in EVENTS}
    for event in events:
        if event.held(timeline):
            totals["platform_events"][event.month] += 1
            totals["invitations"][event.month] += len(event.invited)
            totals["arrivals"][event.month] += int(event.came.sum())
    return totals


# ---------------------------------------------------------------- within the last month


def _days_before(timeline: Timeline) -> list[date]:
    """The days of the last month before the last one, which the month's own values are of."""
    last = timeline.months[-1]
    return [last.first + timedelta(days=day) for day in range((last.last - last.first).days)]


def _last_month(recorder: Recorder, crew: Crew, production: Production) -> dict[str, Ints]:
    """Write the offices' weekly values; returns the institution's by day."""
    timeline = recorder.timeline
    month: Span = timeline.months[-1]
    first = timeline.number(month.first)
    days = _days_before(timeline)
    kept = production.counts & (production.day >= first) & (production.day < timeline.days - 1)
    agent, day = production.agent[kept], production.day[kept] - first
    shape = (len(crew.ids), len(days))

    def running(of: Ints | int, who: Ints, when: Ints) -> Ints:
        total = np.zeros(shape, np.int64)
        np.add.at(total, (who, when), of)
        return total.cumsum(axis=1)

    customers, places = np.unique(production.customer[kept], return_index=True)
    fyc = running(production.fyc[kept], agent, day)
    closes = running(1, agent, day)
    people = {
        "regular_premium": running(production.premium[kept], agent, day),
        "fyc": fyc,
        "u_headcount": (fyc >= u_thresholds(timeline)[-1]).astype(np.int64),
        "active_headcount": (closes > 0).astype(np.int64),
        "customers": running(1, production.clients.agent[customers], day[places]),
        "closes": closes,
    }
    members = np.stack([crew.office[:, -1] == number for number in range(len(crew.offices))])
    offices = {code: members.astype(np.int64) @ people[code] for code in DAILY}
    progress = _progress(offices)
    offices["ct_attained"] = (progress >= ONE).astype(np.int64)
    weekly = np.array([any(span.end == day for span in timeline.weeks) for day in days], bool)
    for number, office in enumerate(crew.offices):
        own = {code: line[number] for code, line in offices.items()}
        lines = _scaled(own) | {"ct_progress": progress[number]}
        recorder.series("office", office.id, lines, days, weekly)
    return {code: line.sum(axis=0) for code, line in offices.items()}

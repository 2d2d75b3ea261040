"""The generated people: every reference holds, histories do not overlap, everyone stands where they may."""

from __future__ import annotations

from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from models.calendar.weeks import month_end, months_later
from models.indicators.tables import Indicator, Observation
from models.organisation.roster import Gathering, RosterRepository
from models.organisation.tables import (
    Institution,
    Person,
    PersonKind,
    Rank,
    RankHistory,
    SalesOffice,
)
from models.tables import METADATA
from tests.models.demo_org.conftest import UNTIL

MONTH_ENDS = [min(month_end(months_later(UNTIL.replace(day=1), -back)), UNTIL) for back in range(11, -1, -1)]


def test_every_reference_is_there(demo: Session) -> None:
    broken = []
    for table in METADATA.sorted_tables:
        for column in table.columns:
            for key in column.foreign_keys:
                there = select(key.column)
                missing = select(func.count()).where(column.is_not(None), column.not_in(there))
                if demo.scalar(missing):
                    broken.append(f"{table.name}.{column.name}")
    assert broken == []


def test_keys_are_numbers_not_bytes(demo: Session) -> None:
    """NumPy's integers would be stored as bytes by SQLite's driver."""
    for table in METADATA.sorted_tables:
        row = demo.execute(select(table).limit(1)).first()
        assert row is None or not any(isinstance(value, bytes) for value in row), table.name


def test_the_tree_has_its_four_levels(demo: Session) -> None:
    counted = dict(
        demo.execute(select(Institution.level, func.count()).group_by(Institution.level)).tuples().all()
    )
    assert counted == {1: 1, 2: 1, 3: 2, 4: 3}
    above = aliased(Institution)
    pairs = demo.execute(select(Institution, above).join(above, above.id == Institution.parent_id)).all()
    assert all(
        child.path == f"{parent.path}{child.id}/" and child.level == parent.level + 1
        for child, parent in pairs
    )


def test_a_level_4_institution_has_about_67_agents_of_whom_13_percent_supervise(demo: Session) -> None:
    agents = [place for place in RosterRepository(demo).snapshot(on=UNTIL) if place.kind is PersonKind.AGENT]
    assert 3 * 55 <= len(agents) <= 3 * 80
    assert 0.10 <= sum(agent.is_supervisor for agent in agents) / len(agents) <= 0.17
    assert len({agent.rank_id for agent in agents}) >= 5


def test_rank_histories_do_not_overlap_and_cover_the_service(demo: Session) -> None:
    rows = demo.execute(
        select(RankHistory, Person.joined_on, SalesOffice.institution_id)
        .join(Person, Person.id == RankHistory.person_id)
        .outerjoin(SalesOffice, SalesOffice.id == RankHistory.office_id)
        .order_by(RankHistory.person_id, RankHistory.valid_from)
    ).all()
    careers: dict[int, list[RankHistory]] = {}
    for history, joined, place_of_office in rows:
        assert place_of_office in (None, history.institution_id)
        assert history.valid_from >= joined
        careers.setdefault(history.person_id, []).append(history)
    ends = dict(demo.execute(select(Person.id, Person.left_on)).tuples().all())
    assert {person: career[-1].valid_to for person, career in careers.items()} == ends
    assert all(
        before.valid_to == after.valid_from
        for career in careers.values()
        for before, after in pairwise(career)
    )


def test_people_join_rise_and_leave_within_the_year(demo: Session) -> None:
    start = MONTH_ENDS[0].replace(day=1)
    joined = demo.scalar(select(func.count()).where(Person.joined_on >= start))
    left = demo.scalar(select(func.count()).where(Person.left_on > start))
    rises = demo.scalar(
        select(func.count())
        .select_from(RankHistory)
        .join(Person, Person.id == RankHistory.person_id)
        .where(RankHistory.valid_from > start, RankHistory.valid_from > Person.joined_on)
    )
    assert min(joined or 0, left or 0, rises or 0) >= 5


def test_whoever_recruited_someone_joined_earlier(demo: Session) -> None:
    upline = aliased(Person)
    later = (
        select(func.count())
        .select_from(Person)
        .join(upline, upline.id == Person.upline_id)
        .where(upline.joined_on >= Person.joined_on)
    )
    assert demo.scalar(later) == 0
    assert (demo.scalar(select(func.count(Person.upline_id))) or 0) > 100


def test_every_office_has_exactly_one_lead_a_supervisor_of_it(demo: Session) -> None:
    offices = set(demo.scalars(select(SalesOffice.id)))
    roster = RosterRepository(demo)
    for day in MONTH_ENDS:
        leads = roster.leads(on=day)
        placed = {place.person_id: place for place in roster.snapshot(on=day)}
        assert set(leads) == offices
        assert all(placed[person].office_id == office for office, person in leads.items())
        assert all(placed[person].is_supervisor for person in leads.values())


def test_every_institution_has_a_manager_on_every_day(demo: Session) -> None:
    ids = demo.scalars(select(Institution.id))
    asked = [Gathering(key, day) for key in ids for day in MONTH_ENDS]
    assert all(hosts.admin_manager for hosts in RosterRepository(demo).hosts(asked).values())


def test_observed_headcounts_are_those_of_the_roster(demo: Session) -> None:
    codes = dict(demo.execute(select(Indicator.code, Indicator.id)).tuples().all())
    observed = {
        (row.office_id, row.as_of, row.indicator_id): row.value
        for row in demo.scalars(
            select(Observation).where(
                Observation.office_id.is_not(None),
                Observation.indicator_id.in_([codes["headcount"], codes["mean_headcount"]]),
            )
        )
    }
    for day in (MONTH_ENDS[0], MONTH_ENDS[5], MONTH_ENDS[10]):
        totals: dict[int, list[int]] = {}
        for count in RosterRepository(demo).headcounts(day):
            opening, closing = totals.setdefault(count.office_id or 0, [0, 0])
            totals[count.office_id or 0] = [opening + count.opening, closing + count.closing]
        assert totals
        for office, (opening, closing) in totals.items():
            assert observed[office, day, codes["headcount"]] == closing
            assert observed[office, day, codes["mean_headcount"]] * 2 == opening + closing


def test_ranks_tell_supervisors_from_agents_by_their_order(demo: Session) -> None:
    ranks = list(demo.scalars(select(Rank).order_by(Rank.rank_order)))
    flags = [rank.is_supervisor for rank in ranks]
    assert flags == sorted(flags)

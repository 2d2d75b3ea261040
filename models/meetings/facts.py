"""What the organisation knows of a meeting, in the form in which an inspection takes it (R3-R9, R24)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import select

from models.base import SHANGHAI, Repository, Scope, ScopeKind
from models.indicators.repository import IndicatorRepository
from models.indicators.tables import Indicator
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Attendance, Meeting, MeetingSlot, Presence
from models.organisation.roster import Gathering, Placed, RosterRepository
from models.organisation.tables import Institution, Person, SalesOffice
from qa_pipeline.names import INDICATORS
from qa_pipeline.values.facts import Figure, MeetingFacts, Roster


class FactsRepository(Repository):
    """Joins slot, roster, hosts and attendance of one meeting."""

    def facts(self, meeting: str) -> MeetingFacts:
        """The facts to inspect the meeting with; what is not recorded stays None.

        Whoever shares a name with another is written with their number, so that the inspection,
        which goes by names, keeps them apart. Raises InputError while the meeting has no time.
        """
        meetings = MeetingRepository(self.session, within=self.within)
        held = meetings.get(meeting)
        day = meetings.day_of(held)
        at, roster = Gathering(held.institution_id, day), RosterRepository(self.session, within=self.within)
        hosts, due = roster.hosts([at])[at], roster.due([at])[at]
        came = self._came(held.id)
        present = [person for person, presence in came if presence in (Presence.ON_SITE, Presence.REMOTE)]
        on_leave = [person for person, presence in came if presence == Presence.LEAVE]
        expected = [Placed(person.person_id, person.code, person.name) for person in due]
        managers = [person for person in (hosts.admin_manager, *hosts.deputies) if person is not None]
        host = self._person(held.host_id)
        label = _labels([*expected, *managers, *(person for person, _ in came), *([host] if host else [])])
        start, end = _local(held.started_at), _local(held.ended_at)
        return MeetingFacts(
            kind=held.kind,
            meeting_date=day,
            start_time=start.time() if start else None,
            institution=self.session.get_one(Institution, held.institution_id).name,
            theme=self.session.get_one(MeetingSlot, held.slot_id).theme if held.slot_id else None,
            host=label[host.person_id] if host else None,
            admin_manager=label[hosts.admin_manager.person_id] if hosts.admin_manager else None,
            deputies=tuple(label[person.person_id] for person in hosts.deputies),
            expected_attendees=_roster(label[person.person_id] for person in expected) if expected else None,
            attendees=_roster(label[person.person_id] for person in present) if came else None,
            on_leave=tuple(label[person.person_id] for person in on_leave),
            on_site=sum(presence == Presence.ON_SITE for _, presence in came) if came else None,
            prepared_at=_local(held.prepared_at),
            meeting_minutes=(end - start).total_seconds() / 60 if start and end else None,
            figures=self._figures(
                held.institution_id, {p.person_id: label[p.person_id] for p in expected}, day
            ),
        )

    def _figures(self, institution_id: int, people: dict[int, str], day: date) -> tuple[Figure, ...]:
        """What the institution, its offices and those who are to come stand at on the day before (R15)."""
        owners = {Scope(ScopeKind.PERSON, key): name for key, name in people.items()}
        institution = self.session.get_one(Institution, institution_id)
        owners[Scope(ScopeKind.INSTITUTION, institution_id)] = institution.name
        offices = select(SalesOffice.id, SalesOffice.name).where(SalesOffice.institution_id == institution_id)
        owners |= {Scope(ScopeKind.OFFICE, key): name for key, name in self.session.execute(offices)}
        until = day - timedelta(days=1)
        known = select(Indicator.code).where(Indicator.code.in_(INDICATORS), Indicator.valid_from <= until)
        codes = set(self.session.scalars(known))
        if not codes:
            return ()
        values = IndicatorRepository(self.session, within=self.within).latest(owners, codes, until)
        found = [
            Figure(
                owner=owners[scope],
                indicator=code,
                value=float(value.value),
                unit=INDICATORS[code][1],
                as_of=value.as_of,
            )
            for (scope, code), value in values.items()
        ]
        return tuple(sorted(found, key=lambda figure: (figure.owner, figure.indicator)))

    def _came(self, meeting_id: int) -> list[tuple[Placed, Presence]]:
        query = (
            select(Person.id, Person.code, Person.name, Attendance.presence)
            .join(Attendance, Attendance.person_id == Person.id)
            .join(Meeting, Meeting.id == Attendance.meeting_id)
            .where(Meeting.id == meeting_id)
            .order_by(Person.code)
        )
        return [(Placed(*row[:3]), row.presence) for row in self.session.execute(query)]

    def _person(self, person_id: int | None) -> Placed | None:
        person = self.session.get(Person, person_id) if person_id else None
        return Placed(person.id, person.code, person.name) if person else None


def _labels(people: Iterable[Placed]) -> dict[int, str]:
    """Person -> name, with the number where two of them share the name."""
    known = {person.person_id: person for person in people}
    bearers = Counter(person.name for person in known.values())
    return {
        key: person.name if bearers[person.name] == 1 else f"{person.name}（{person.code}）"
        for key, person in known.items()
    }


def _roster(names: Iterable[str]) -> Roster:
    listed = tuple(names)
    return Roster(count=len(listed), names=listed)


def _local(moment: datetime | None) -> datetime | None:
    """Shanghai wall time without a zone, as meeting facts are written."""
    return moment.astimezone(SHANGHAI).replace(tzinfo=None) if moment else None

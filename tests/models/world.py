"""A small organisation for the tests of customers, activities, management and navigator.

Head office 01 over branches 0101 (level-4 institutions 010101 and 010102) and 0102 (010201). Every level-4
institution has two sales offices, each led by one supervisor with ``agents`` agents.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from models.base import Subtree
from models.customers.tables import Customer, CustomerSource
from models.organisation.tables import (
    Institution,
    OfficeLead,
    Person,
    PersonKind,
    Rank,
    RankHistory,
    SalesOffice,
)

START = date(2025, 1, 1)


@dataclass(slots=True)
class World:
    """The rows by code."""

    session: Session
    institutions: dict[str, Institution] = field(default_factory=dict)
    offices: dict[str, SalesOffice] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    ranks: dict[str, Rank] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)

    def within(self, code: str) -> Subtree:
        return Subtree(self.institutions[code].path)

    def customer(self, code: str, agent: str, **more: Any) -> Customer:
        """A customer of the agent, known since the start."""
        given = {"name": f"客户{code}", "source": CustomerSource.WARM, "known_since": START} | more
        row = Customer(code=code, agent_id=self.people[agent].id, **given)
        self.session.add(row)
        self.session.flush()
        self.customers[code] = row
        return row

    def move(self, person: str, institution: str, office: str, on: date) -> None:
        """The person changes to another institution and office on the day."""
        row = self.session.query(RankHistory).filter_by(person_id=self.people[person].id, valid_to=None).one()
        row.valid_to = on
        self.session.flush()
        self._stand(
            self.people[person], row.rank_id, self.institutions[institution], self.offices[office], on
        )

    def _stand(
        self, person: Person, rank_id: int, institution: Institution, office: SalesOffice, since: date
    ) -> None:
        self.session.add(
            RankHistory(
                person_id=person.id,
                rank_id=rank_id,
                institution_id=institution.id,
                office_id=office.id,
                valid_from=since,
            )
        )
        self.session.flush()

    def institution(self, code: str, level: int, above: str | None = None) -> None:
        row = Institution(
            code=code,
            name=f"机构{code}",
            level=level,
            parent_id=self.institutions[above].id if above else None,
            path="/",
            must_hold=level == 4,
            valid_from=START,
        )
        self.session.add(row)
        self.session.flush()
        row.path = f"{self.institutions[above].path if above else '/'}{row.id}/"
        self.session.flush()
        self.institutions[code] = row

    def office(self, code: str, institution: str, *, agents: int) -> None:
        """An office, its supervisor ``<code>S`` and its agents ``<code>A1`` …"""
        home = self.institutions[institution]
        office = SalesOffice(code=code, name=f"营业室{code}", institution_id=home.id, valid_from=START)
        self.session.add(office)
        self.session.flush()
        self.offices[code] = office
        for name in (f"{code}S", *(f"{code}A{number + 1}" for number in range(agents))):
            person = Person(code=name, name=f"员{name}", kind=PersonKind.AGENT, joined_on=START)
            self.session.add(person)
            self.session.flush()
            self.people[name] = person
            rank = self.ranks["supervisor" if name.endswith("S") else "agent"]
            self._stand(person, rank.id, home, office, START)
        lead = OfficeLead(office_id=office.id, person_id=self.people[f"{code}S"].id, valid_from=START)
        self.session.add(lead)
        self.session.flush()


def small_world(session: Session, *, agents: int = 1) -> World:
    """The organisation described above, flushed."""
    world = World(session)
    for code, order in (("agent", 1), ("supervisor", 5)):
        world.ranks[code] = Rank(code=code, name=code, rank_order=order, is_supervisor=order > 1)
    session.add_all(world.ranks.values())
    world.institution("01", 1)
    world.institution("0101", 2, "01")
    world.institution("0102", 2, "01")
    for code in ("010101", "010102", "010201"):
        world.institution(code, 4, code[:4])
        for letter in "ab":
            world.office(f"{code[-4:]}{letter}", code, agents=agents)
    return world

"""A small company for the tests: head office -> branch -> sub-branch -> two level-4 institutions A and B."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from models.base import Base, Scope, ScopeKind, Subtree
from models.organisation.tables import (
    Institution,
    OfficeLead,
    Person,
    PersonKind,
    Rank,
    RankHistory,
    SalesOffice,
)

FOUNDED = date(2020, 1, 1)


class Company:
    """A has the offices A1 and A2, B has B1; each has a leader (``A1S``) and agents (``A1a``, ``A1b``)."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.institutions: dict[str, Institution] = {}
        self.offices: dict[str, SalesOffice] = {}
        self.people: dict[str, Person] = {}
        self.agent = Rank(code="agent", name="业务员", rank_order=10, is_supervisor=False)
        self.supervisor = Rank(code="supervisor", name="业务主任", rank_order=20, is_supervisor=True)
        self._add(self.agent, self.supervisor)
        for code, level, parent in (("head", 1, None), ("branch", 2, "head"), ("sub", 3, "branch")):
            self.institution(code, level=level, parent=parent)
        for code in ("A", "B"):
            self.institution(code, level=4, parent="sub")
        for code in ("A1", "A2", "B1"):
            self.office(code, institution=code[0])

    def institution(self, code: str, *, level: int, parent: str | None) -> Institution:
        above = self.institutions[parent] if parent else None
        institution = Institution(
            code=code,
            name=f"机构{code}",
            level=level,
            parent_id=above.id if above else None,
            path="",
            must_hold=level == 4,
            valid_from=FOUNDED,
        )
        self._add(institution)
        institution.path = f"{above.path if above else '/'}{institution.id}/"
        self.session.flush()
        self.institutions[code] = institution
        return institution

    def office(self, code: str, *, institution: str) -> SalesOffice:
        office = SalesOffice(
            code=code,
            name=f"{code}室",
            institution_id=self.institutions[institution].id,
            market_factor=Decimal(1),
            valid_from=FOUNDED,
        )
        self._add(office)
        self.offices[code] = office
        leader = self.person(f"{code}S", office=code, rank=self.supervisor)
        self._add(OfficeLead(office_id=office.id, person_id=leader.id, valid_from=FOUNDED))
        for letter in "ab":
            self.person(f"{code}{letter}", office=code, rank=self.agent)
        return office

    def person(self, code: str, *, office: str, rank: Rank) -> Person:
        person = Person(code=code, name=f"人员{code}", kind=PersonKind.AGENT, joined_on=FOUNDED)
        self._add(person)
        self._add(
            RankHistory(
                person_id=person.id,
                rank_id=rank.id,
                institution_id=self.offices[office].institution_id,
                office_id=self.offices[office].id,
                valid_from=FOUNDED,
            )
        )
        self.people[code] = person
        return person

    def scope(self, code: str) -> Scope:
        """The scope of an institution, office or person by its code."""
        if code in self.institutions:
            return Scope(ScopeKind.INSTITUTION, self.institutions[code].id)
        if code in self.offices:
            return Scope(ScopeKind.OFFICE, self.offices[code].id)
        return Scope(ScopeKind.PERSON, self.people[code].id)

    def within(self, code: str) -> Subtree:
        """What the manager of an institution may see."""
        return Subtree(self.institutions[code].path)

    def _add(self, *rows: Base) -> None:
        self.session.add_all(rows)
        self.session.flush()

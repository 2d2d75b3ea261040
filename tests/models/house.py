"""A small company built through the repositories: two branches, three level-4 institutions, their people.

H head office
├── EAST ─ E3 ─┬─ E4a (offices E4a-1, E4a-2)
│              └─ E4b (office E4b-1)
└── WEST ─ W3 ─── W4a
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from models.base import EVERYWHERE, Subtree
from models.organisation.appointments import AppointmentRepository
from models.organisation.people import PeopleRepository
from models.organisation.repository import InstitutionRepository
from models.organisation.roster import RosterRepository
from models.organisation.tables import Person, PersonKind, Rank

FOUNDED = date(2020, 1, 1)
JOINED = date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class House:
    """The organisation's repositories, for everyone or for a manager of one subtree."""

    session: Session
    within: Subtree = EVERYWHERE

    @property
    def tree(self) -> InstitutionRepository:
        return InstitutionRepository(self.session, within=self.within)

    @property
    def people(self) -> PeopleRepository:
        return PeopleRepository(self.session, within=self.within)

    @property
    def appointments(self) -> AppointmentRepository:
        return AppointmentRepository(self.session, within=self.within)

    @property
    def roster(self) -> RosterRepository:
        return RosterRepository(self.session, within=self.within)

    def seen_from(self, code: str) -> House:
        return House(self.session, Subtree(House(self.session).tree.get(code).path))

    def hire(
        self,
        code: str,
        *,
        at: str,
        rank: str = "SALES",
        office: str | None = None,
        on: date = JOINED,
        upline: str | None = None,
    ) -> Person:
        return self.people.join(
            code,
            name=f"人{code}",
            kind=PersonKind.STAFF if rank == "STAFF" else PersonKind.AGENT,
            joined_on=on,
            rank=rank,
            institution=at,
            office=office,
            upline=upline,
        )


def build_house(session: Session) -> House:
    """The company without people."""
    session.add_all(
        [
            Rank(code="STAFF", name="内勤", rank_order=0, is_supervisor=False),
            Rank(code="SALES", name="业务员", rank_order=1, is_supervisor=False),
            Rank(code="CHIEF", name="主管", rank_order=5, is_supervisor=True),
            Rank(code="HEAD", name="总监", rank_order=9, is_supervisor=True),
        ]
    )
    house = House(session)
    tree = house.tree
    tree.add("H", name="总公司", parent=None, valid_from=FOUNDED)
    for code, parent in (("EAST", "H"), ("WEST", "H"), ("E3", "EAST"), ("W3", "WEST")):
        tree.add(code, name=f"机构{code}", parent=parent, valid_from=FOUNDED)
    for code, parent in (("E4a", "E3"), ("E4b", "E3"), ("W4a", "W3")):
        tree.add(code, name=f"{code}支公司", parent=parent, valid_from=FOUNDED, must_hold=True)
    for code in ("E4a-1", "E4a-2", "E4b-1"):
        tree.add_office(code, name=f"营业室{code}", institution=code[:3], valid_from=FOUNDED)
    return house

"""Lists of institutions, offices and people, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select

from api.organisation.schemas import Standing
from api.pages import after
from models.base import Repository
from models.organisation.conditions import holds_on, in_service, inside, newest
from models.organisation.tables import (
    Institution,
    InstitutionManager,
    OfficeLead,
    Person,
    PersonKind,
    Rank,
    RankHistory,
    SalesOffice,
)


def present(status: Standing, begins: Any, ends: Any, day: date) -> ColumnElement[bool]:
    """What exists on the day, has ended by then, or only begins later; ``ends`` is the first day after."""
    if status is Standing.COMING:
        coming: ColumnElement[bool] = begins > day
        return coming
    if status is Standing.ENDED:
        ended: ColumnElement[bool] = ends <= day
        return ended
    return and_(begins <= day, or_(ends.is_(None), ends > day))


def starts_with(column: Any, text: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.startswith(text, autoescape=True)
    return found


class DirectoryRepository(Repository):
    """What the subtree holds, in the order of its codes."""

    def institutions(
        self,
        *,
        below: str | None,
        parent: str | None,
        level: int | None,
        must_hold: bool | None,
        on: date | None,
        cursor: str | None,
        limit: int,
        search: str | None = None,
        status: Standing = Standing.CURRENT,
    ) -> Sequence[Institution]:
        """``on``: those that stood so on the day; ``search``: begins the code, or is in the name."""
        query = select(Institution).where(inside(self.within))
        conditions = (
            (below, lambda: Institution.path.startswith(below or "")),
            (parent, lambda: Institution.parent_id == self._key(parent or "")),
            (level, lambda: Institution.level == level),
            (must_hold, lambda: Institution.must_hold.is_(bool(must_hold))),
            (on, lambda: present(status, Institution.valid_from, Institution.valid_to, on or date.min)),
            (search, lambda: or_(starts_with(Institution.code, search or ""), _in_name(search or ""))),
        )
        query = query.where(*(condition() for given, condition in conditions if given is not None))
        return self.session.scalars(after(query, [Institution.code], cursor, limit)).all()

    def codes(self, ids: Collection[int | None]) -> Mapping[int, str]:
        """Key -> code, of institutions that the reader may see."""
        query = select(Institution.id, Institution.code).where(Institution.id.in_([i for i in ids if i]))
        return dict(self.session.execute(query.where(inside(self.within))).tuples().all())

    def office_codes(self, ids: Collection[int | None]) -> Mapping[int, str]:
        query = select(SalesOffice.id, SalesOffice.code).where(SalesOffice.id.in_([i for i in ids if i]))
        return dict(self.session.execute(query).tuples().all())

    def ranks(self) -> Sequence[Rank]:
        """All ranks, lowest first."""
        return self.session.scalars(select(Rank).order_by(Rank.rank_order)).all()

    def people_codes(self, ids: Collection[int | None]) -> Mapping[int, str]:
        """Key -> number, of people whose newest place the reader may see."""
        query = (
            select(Person.id, Person.code)
            .join(RankHistory, RankHistory.person_id == Person.id)
            .join(Institution, Institution.id == RankHistory.institution_id)
            .where(Person.id.in_([i for i in ids if i]), inside(self.within))
            .where(newest())
        )
        return dict(self.session.execute(query).tuples().all())

    def offices(
        self,
        *,
        below: str | None,
        on: date,
        without_lead: bool,
        cursor: str | None,
        limit: int,
        institution: str | None = None,
    ) -> Sequence[Row[Any]]:
        """(office, institution code, lead's number, lead's name) as on the day."""
        query = (
            select(SalesOffice, Institution.code, Person.code, Person.name)
            .join(Institution, Institution.id == SalesOffice.institution_id)
            .outerjoin(OfficeLead, and_(OfficeLead.office_id == SalesOffice.id, holds_on(OfficeLead, on)))
            .outerjoin(Person, and_(Person.id == OfficeLead.person_id, in_service(on)))
            .where(inside(self.within), holds_on(SalesOffice, on))
        )
        if below is not None:
            query = query.where(Institution.path.startswith(below))
        if institution is not None:
            query = query.where(Institution.code == institution)
        if without_lead:
            query = query.where(Person.id.is_(None))
        return self.session.execute(after(query, [SalesOffice.code], cursor, limit)).all()

    def terms(self, institution_id: int) -> Sequence[Row[Any]]:
        """(term, number, name) of all who managed or will manage the institution, the latest first."""
        query = (
            select(InstitutionManager, Person.code, Person.name)
            .join(Person, Person.id == InstitutionManager.person_id)
            .where(InstitutionManager.institution_id == institution_id)
            .order_by(InstitutionManager.valid_from.desc(), Person.code)
        )
        return self.session.execute(query).all()

    def leads(self, institution_id: int, on: date) -> Sequence[Row[Any]]:
        """(office code, term, number, name) of who leads the institution's offices from the day on."""
        query = (
            select(SalesOffice.code, OfficeLead, Person.code, Person.name)
            .join(OfficeLead, OfficeLead.office_id == SalesOffice.id)
            .join(Person, Person.id == OfficeLead.person_id)
            .where(SalesOffice.institution_id == institution_id)
            .where(or_(OfficeLead.valid_to.is_(None), OfficeLead.valid_to > on))
            .order_by(OfficeLead.valid_from)
        )
        return self.session.execute(query).all()

    def lead(self, office_id: int, on: date) -> Person | None:
        """Who leads the office on the day."""
        query = select(Person).join(OfficeLead, OfficeLead.person_id == Person.id)
        query = query.where(OfficeLead.office_id == office_id, holds_on(OfficeLead, on), in_service(on))
        return self.session.scalars(query).one_or_none()

    def people(
        self,
        *,
        search: str | None,
        below: str | None,
        kind: PersonKind | None,
        supervisors: bool | None,
        on: date,
        cursor: str | None,
        limit: int,
        status: Standing = Standing.CURRENT,
    ) -> Sequence[Row[Any]]:
        """(person, rank, institution code, office code, their names) of those who stood so on the day.

        Those who left are where they were last, those who are to come where they will be.
        """
        query = (
            select(Person, Rank, Institution.code, SalesOffice.code, Institution.name, SalesOffice.name)
            .join(RankHistory, RankHistory.person_id == Person.id)
            .join(Rank, Rank.id == RankHistory.rank_id)
            .join(Institution, Institution.id == RankHistory.institution_id)
            .outerjoin(SalesOffice, SalesOffice.id == RankHistory.office_id)
            .where(inside(self.within), present(status, Person.joined_on, Person.left_on, on))
        )
        if status is Standing.CURRENT:
            query = query.where(holds_on(RankHistory, on))
        else:
            query = query.where(newest())
        if search is not None:
            query = query.where(or_(starts_with(Person.code, search), starts_with(Person.name, search)))
        if below is not None:
            query = query.where(Institution.path.startswith(below))
        if kind is not None:
            query = query.where(Person.kind == kind)
        if supervisors is not None:
            query = query.where(Rank.is_supervisor.is_(supervisors))
        return self.session.execute(after(query, [Person.code], cursor, limit)).all()

    def _key(self, code: str) -> Any:
        return select(Institution.id).where(Institution.code == code).scalar_subquery()


def _in_name(text: str) -> ColumnElement[bool]:
    return Institution.name.contains(text, autoescape=True)

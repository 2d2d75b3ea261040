"""What of the organisation is shown, and which changes a caller may make to the tree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy.orm import Session

from api.access import Caller
from api.fields import existing
from api.organisation.repository import DirectoryRepository
from api.organisation.schemas import (
    CareerStep,
    InstitutionDetail,
    InstitutionOut,
    OfficeOut,
    PersonDetail,
    PersonRef,
    Recruit,
    RosterOut,
    Standing,
)
from api.problems import Forbidden
from models.base import SHANGHAI, Subtree
from models.exchange.cells import masked
from models.exchange.entities import BY_TITLE
from models.organisation.people import Link, PeopleRepository
from models.organisation.repository import InstitutionRepository
from models.organisation.roster import Gathering, Placed, Placement, RosterRepository
from models.organisation.tables import Institution, Person, SalesOffice

PHONE: Final = BY_TITLE["people"].column("phone")


def today() -> date:
    return datetime.now(UTC).astimezone(SHANGHAI).date()


def standing(begins: date, ends: date | None) -> Standing:
    """Of today; ``ends`` is the first day after."""
    day = today()
    if begins > day:
        return Standing.COMING
    return Standing.ENDED if ends is not None and ends <= day else Standing.CURRENT


def subtree_of(session: Session, asker: Caller, code: str | None) -> Subtree | None:
    """The subtree below a visible institution; None when no code is given. Raises NotFound."""
    if code is None:
        return None
    return Subtree(existing(InstitutionRepository(session, within=asker.within).get, code).path)


def require_company_wide(asker: Caller) -> None:
    """Who must hold meetings is for the head office to say, not for those who must hold them."""
    if len([key for key in asker.within.path.split("/") if key]) > 1:
        raise Forbidden("是否应召开二会由总公司决定：请联系总公司管理员。")


def require_below(session: Session, asker: Caller, code: str) -> None:
    """Nobody closes or moves the institution that their own rights hang on."""
    found = existing(InstitutionRepository(session, within=asker.within).get, code)
    if found.path == asker.within.path:
        raise Forbidden("不能调整您本人所属的机构：请由上级机构办理。")


def shown(session: Session, asker: Caller, rows: Sequence[Institution]) -> list[InstitutionOut]:
    codes = DirectoryRepository(session, within=asker.within).codes([row.parent_id for row in rows])
    return [
        InstitutionOut(
            code=row.code,
            name=row.name,
            level=row.level,
            parent=codes.get(row.parent_id or 0),
            must_hold=row.must_hold,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows
    ]


def detail(session: Session, asker: Caller, code: str) -> InstitutionDetail:
    tree = InstitutionRepository(session, within=asker.within)
    found = existing(tree.get, code)
    at = Gathering(found.id, today())
    hosts = RosterRepository(session, within=asker.within).hosts([at])[at]
    return InstitutionDetail(
        **shown(session, asker, [found])[0].model_dump(),
        above=[row.code for row in tree.above(code)],
        manager=ref(hosts.admin_manager) if hosts.admin_manager else None,
        deputies=[ref(person) for person in hosts.deputies],
    )


def office(row: SalesOffice, institution: str, lead: PersonRef | None) -> OfficeOut:
    return OfficeOut(
        code=row.code,
        name=row.name,
        institution=institution,
        lead=lead,
        market_factor=None if row.market_factor is None else row.market_factor.normalize() + 0,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def office_of(session: Session, asker: Caller, code: str) -> OfficeOut:
    """The office with its lead of today; raises NotFound."""
    found = existing(InstitutionRepository(session, within=asker.within).office, code)
    directory = DirectoryRepository(session, within=asker.within)
    lead = directory.lead(found.id, today())
    home = directory.codes([found.institution_id])[found.institution_id]
    return office(found, home, ref(lead) if lead else None)


def ref(person: Person | Placed | Placement) -> PersonRef:
    return PersonRef(code=person.code, name=person.name)


def person(session: Session, asker: Caller, code: str) -> PersonDetail:
    people = PeopleRepository(session, within=asker.within)
    directory = DirectoryRepository(session, within=asker.within)
    found, career = existing(people.get, code), people.career(code)
    # A person's earlier places are part of who they are: their codes are told wherever they lay.
    places = DirectoryRepository(session).codes([row.institution_id for row in career])
    offices = directory.office_codes([row.office_id for row in career])
    ranks = {rank.id: rank.code for rank in directory.ranks()}
    return PersonDetail(
        code=found.code,
        name=found.name,
        kind=found.kind,
        joined_on=found.joined_on,
        left_on=found.left_on,
        phone=masked(PHONE, found.phone) if found.phone else None,
        upline=directory.people_codes([found.upline_id]).get(found.upline_id or 0),
        career=[
            CareerStep(
                rank=ranks[row.rank_id],
                institution=places[row.institution_id],
                office=offices.get(row.office_id or 0),
                valid_from=row.valid_from,
                valid_to=row.valid_to,
            )
            for row in career
        ],
    )


def recruits(session: Session, asker: Caller, links: Sequence[Link]) -> list[Recruit]:
    """A downline, or a page of it, as shown."""
    above = DirectoryRepository(session, within=asker.within).people_codes([x.upline_id for x in links])
    return [
        Recruit(
            code=link.code,
            name=link.name,
            generation=link.distance,
            upline=above.get(link.upline_id or 0),
        )
        for link in links
    ]


def roster(session: Session, asker: Caller, code: str, on: date) -> RosterOut:
    """Raises NotFound for an institution that the caller does not see."""
    found = existing(InstitutionRepository(session, within=asker.within).get, code)
    at, rosters = Gathering(found.id, on), RosterRepository(session, within=asker.within)
    hosts = rosters.hosts([at])[at]
    return RosterOut(
        institution=code,
        on=on,
        due=[ref(each) for each in rosters.due([at])[at]],
        manager=ref(hosts.admin_manager) if hosts.admin_manager else None,
        deputies=[ref(each) for each in hosts.deputies],
    )

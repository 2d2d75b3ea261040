"""Routes of institutions and sales offices."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.audit import note
from api.etags import IfMatch, Tag, require_match
from api.fields import Below, Code, Day, Line, existing
from api.organisation import service
from api.organisation.repository import DirectoryRepository
from api.organisation.schemas import (
    Appointment,
    Deputation,
    Ending,
    InstitutionDetail,
    InstitutionOut,
    Move,
    MustHold,
    NewInstitution,
    NewOffice,
    OfficeChange,
    OfficeOut,
    PersonRef,
    Renaming,
    RosterOut,
    Standing,
)
from api.pages import Cursor, Limit, Page, page
from api.sessions import Database
from models.base import Subtree
from models.meetings.slots import SlotRepository
from models.organisation.appointments import AppointmentRepository
from models.organisation.repository import InstitutionRepository

router: Final = APIRouter(tags=["机构"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]
On = Annotated[Day | None, Query(description="日期；不填为今天")]


@router.get("/institutions", summary="机构列表（按代码排序）", operation_id="list_institutions")
def institutions(
    session: Database,
    asker: Reader,
    below: Below = None,
    level: Annotated[int | None, Query(ge=1, le=4, description="机构级别")] = None,
    must_hold: Annotated[bool | None, Query(description="是否应召开二会")] = None,
    search: Annotated[Line | None, Query(description="代码的开头，或名称的一部分")] = None,
    status: Annotated[
        Standing | None, Query(description="状态：current 存续，ended 已撤销，coming 尚未设立；不填为全部")
    ] = None,
    on: Annotated[
        Day | None, Query(description="只看该日存在（或符合 status）的机构；不填为全部，有 status 时为今天")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[InstitutionOut]:
    part = service.subtree_of(session, asker, below)
    rows = DirectoryRepository(session, within=asker.within).institutions(
        below=part.path if part else None,
        parent=None,
        level=level,
        must_hold=must_hold,
        on=on or (service.today() if status else None),
        cursor=cursor,
        limit=limit,
        search=search,
        status=status or Standing.CURRENT,
    )
    shown, further = page(rows, limit, lambda row: [row.code])
    return Page(items=service.shown(session, asker, shown), next=further)


@router.get("/institutions/{code}", summary="一家机构", operation_id="get_institution")
def institution(tag: Tag, session: Database, asker: Reader, code: Code) -> InstitutionDetail:
    shown = service.detail(session, asker, code)
    tag(shown)
    return shown


@router.patch("/institutions/{code}", summary="改名", operation_id="rename_institution")
def rename(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Editor,
    code: Code,
    body: Renaming,
    match: IfMatch,
) -> InstitutionDetail:
    require_match(match, service.detail(session, asker, code))
    service.require_below(session, asker, code)
    renamed = InstitutionRepository(session, within=asker.within).rename(code, name=body.name)
    _noted(session, request, asker, "institution.edit", code, renamed.id, name=body.name)
    shown = service.detail(session, asker, code)
    tag(shown)
    return shown


@router.get("/institutions/{code}/children", summary="直接下级机构", operation_id="list_child_institutions")
def children(
    session: Database, asker: Reader, code: Code, cursor: Cursor = None, limit: Limit = 100
) -> Page[InstitutionOut]:
    existing(InstitutionRepository(session, within=asker.within).get, code)
    rows = DirectoryRepository(session, within=asker.within).institutions(
        below=None, parent=code, level=None, must_hold=None, on=None, cursor=cursor, limit=limit
    )
    shown, further = page(rows, limit, lambda row: [row.code])
    return Page(items=service.shown(session, asker, shown), next=further)


@router.get("/institutions/{code}/roster", summary="某日会议的应到名单与可主持人", operation_id="get_roster")
def roster(
    session: Database, asker: Reader, code: Code, on: Annotated[Day, Query(description="会议日期")]
) -> RosterOut:
    return service.roster(session, asker, code, on)


@router.post("/institutions", status_code=201, summary="设立机构", operation_id="add_institution")
def add_institution(
    request: Request, session: Database, asker: Editor, body: NewInstitution
) -> InstitutionDetail:
    if body.must_hold:
        service.require_company_wide(asker)
    new = InstitutionRepository(session, within=asker.within).add(
        body.code,
        name=body.name,
        parent=body.parent,
        valid_from=body.valid_from,
        must_hold=body.must_hold,
    )
    if body.must_hold:
        SlotRepository(session, within=Subtree(new.path)).fill_ahead(service.today())
    _noted(session, request, asker, "institution.add", new.code, new.id)
    return service.detail(session, asker, new.code)


@router.post("/institutions/{code}/move", summary="移到另一上级之下", operation_id="move_institution")
def move(request: Request, session: Database, asker: Editor, code: Code, body: Move) -> InstitutionDetail:
    service.require_below(session, asker, code)
    moved = InstitutionRepository(session, within=asker.within).move(code, parent=body.parent)
    _noted(session, request, asker, "institution.move", code, moved.id, parent=body.parent)
    return service.detail(session, asker, code)


@router.post("/institutions/{code}/close", summary="撤销机构", operation_id="close_institution")
def close(request: Request, session: Database, asker: Editor, code: Code, body: Ending) -> InstitutionDetail:
    service.require_below(session, asker, code)
    tree = InstitutionRepository(session, within=asker.within)
    tree.close(code, on=body.on)
    SlotRepository(session, within=Subtree(tree.get(code).path)).withdraw(after=body.on - timedelta(days=1))
    _noted(session, request, asker, "institution.close", code, tree.get(code).id, on=str(body.on))
    return service.detail(session, asker, code)


@router.put("/institutions/{code}/must-hold", summary="设定是否应召开二会", operation_id="set_must_hold")
def must_hold(
    request: Request, session: Database, asker: Editor, code: Code, body: MustHold
) -> InstitutionDetail:
    tree = InstitutionRepository(session, within=asker.within)
    found = existing(tree.get, code)
    service.require_company_wide(asker)
    tree.set_must_hold(code, must_hold=body.must_hold)
    slots = SlotRepository(session, within=Subtree(found.path))
    if body.must_hold:
        slots.fill_ahead(service.today())
    else:
        slots.withdraw(after=service.today())
    _noted(session, request, asker, "institution.must_hold", code, found.id, must_hold=body.must_hold)
    return service.detail(session, asker, code)


@router.put("/institutions/{code}/manager", summary="任命行政经理（R8）", operation_id="set_manager")
def manage(
    request: Request, session: Database, asker: Editor, code: Code, body: Appointment
) -> InstitutionDetail:
    found = existing(InstitutionRepository(session, within=asker.within).get, code)
    appointments = AppointmentRepository(session, within=asker.within)
    appointments.manage(code, person=body.person, on=body.on)
    _noted(session, request, asker, "institution.manager", code, found.id, person=body.person)
    return service.detail(session, asker, code)


@router.post("/institutions/{code}/deputies", summary="书面授权代理主持（R8）", operation_id="add_deputy")
def deputise(
    request: Request, session: Database, asker: Editor, code: Code, body: Deputation
) -> InstitutionDetail:
    found = existing(InstitutionRepository(session, within=asker.within).get, code)
    appointments = AppointmentRepository(session, within=asker.within)
    appointments.deputise(code, person=body.person, on=body.on, until=body.until)
    _noted(session, request, asker, "institution.deputy", code, found.id, person=body.person)
    return service.detail(session, asker, code)


@router.get("/offices", summary="营业室列表（按代码排序）", operation_id="list_offices")
def offices(
    session: Database,
    asker: Reader,
    below: Below = None,
    on: On = None,
    without_lead: Annotated[bool, Query(description="只看没有负责人的营业室")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[OfficeOut]:
    part = service.subtree_of(session, asker, below)
    rows = DirectoryRepository(session, within=asker.within).offices(
        below=part.path if part else None,
        on=on or service.today(),
        without_lead=without_lead,
        cursor=cursor,
        limit=limit,
    )
    shown, further = page(rows, limit, lambda row: [row[0].code])
    return Page(
        items=[
            service.office(office, home, PersonRef(code=lead, name=name) if lead else None)
            for office, home, lead, name in shown
        ],
        next=further,
    )


@router.get("/offices/{code}", summary="一个营业室", operation_id="get_office")
def office(tag: Tag, session: Database, asker: Reader, code: Code) -> OfficeOut:
    shown = service.office_of(session, asker, code)
    tag(shown)
    return shown


@router.patch("/offices/{code}", summary="改名，修改市场系数", operation_id="change_office")
def change_office(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Editor,
    code: Code,
    body: OfficeChange,
    match: IfMatch,
) -> OfficeOut:
    require_match(match, service.office_of(session, asker, code))
    tree = InstitutionRepository(session, within=asker.within)
    found, given = tree.office(code), body.model_fields_set
    factor = body.market_factor if "market_factor" in given else found.market_factor
    tree.change_office(code, name=body.name or found.name, market_factor=factor)
    told = "，".join(sorted(given))
    _noted(session, request, asker, "office.edit", code, found.institution_id, fields=told)
    shown = service.office_of(session, asker, code)
    tag(shown)
    return shown


@router.post("/offices", status_code=201, summary="设立营业室", operation_id="add_office")
def add_office(request: Request, session: Database, asker: Editor, body: NewOffice) -> OfficeOut:
    new = InstitutionRepository(session, within=asker.within).add_office(
        body.code,
        name=body.name,
        institution=body.institution,
        valid_from=body.valid_from,
        market_factor=body.market_factor,
    )
    _noted(session, request, asker, "office.add", new.code, new.institution_id)
    return service.office(new, body.institution, None)


@router.post("/offices/{code}/close", status_code=204, summary="撤销营业室", operation_id="close_office")
def close_office(request: Request, session: Database, asker: Editor, code: Code, body: Ending) -> None:
    tree = InstitutionRepository(session, within=asker.within)
    office = existing(tree.office, code)
    tree.close_office(code, on=body.on)
    _noted(session, request, asker, "office.close", code, office.institution_id, on=str(body.on))


@router.put(
    "/offices/{code}/lead", status_code=204, summary="任命营业室负责人", operation_id="set_office_lead"
)
def lead(request: Request, session: Database, asker: Editor, code: Code, body: Appointment) -> None:
    office = existing(InstitutionRepository(session, within=asker.within).office, code)
    AppointmentRepository(session, within=asker.within).lead(code, person=body.person, on=body.on)
    _noted(session, request, asker, "office.lead", code, office.institution_id, person=body.person)


def _noted(
    session: Database,
    request: Request,
    asker: Caller,
    action: str,
    code: str,
    institution_id: int,
    **detail: str | bool,
) -> None:
    kind = action.partition(".")[0]
    note(session, request, asker, action, kind=kind, code=code, institution_id=institution_id, **detail)

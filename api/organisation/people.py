"""Routes of people: search, careers, and what happens to them."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.audit import note
from api.etags import IfMatch, Tag, require_match
from api.fields import Below, Code, Day, Line, existing
from api.organisation import service
from api.organisation.repository import DirectoryRepository
from api.organisation.schemas import (
    Ending,
    NewPerson,
    PersonChange,
    PersonDetail,
    PersonOut,
    Promotion,
    RankOut,
    Recruit,
    Standing,
    Transfer,
)
from api.pages import Cursor, Limit, Page, page, sliced
from api.sessions import Database
from models.organisation.people import PeopleRepository
from models.organisation.tables import PersonKind

router: Final = APIRouter(tags=["人员"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]


@router.get("/ranks", summary="职级（由低到高）", operation_id="list_ranks")
def ranks(session: Database, asker: Reader) -> list[RankOut]:
    return [
        RankOut(code=rank.code, name=rank.name, order=rank.rank_order, is_supervisor=rank.is_supervisor)
        for rank in DirectoryRepository(session, within=asker.within).ranks()
    ]


@router.get("/people", summary="人员列表（按工号排序），默认为某日在职的", operation_id="list_people")
def people(
    session: Database,
    asker: Reader,
    search: Annotated[Line | None, Query(description="工号或姓名的开头")] = None,
    below: Below = None,
    kind: Annotated[PersonKind | None, Query(description="类别：agent 外勤，staff 内勤")] = None,
    supervisors: Annotated[bool | None, Query(description="是否主管及以上")] = None,
    status: Annotated[
        Standing, Query(description="状态：current 在职，ended 已离职（列其最后所在），coming 尚未入职")
    ] = Standing.CURRENT,
    on: Annotated[Day | None, Query(description="日期；不填为今天")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PersonOut]:
    part = service.subtree_of(session, asker, below)
    rows = DirectoryRepository(session, within=asker.within).people(
        search=search,
        below=part.path if part else None,
        kind=kind,
        supervisors=supervisors,
        on=on or service.today(),
        status=status,
        cursor=cursor,
        limit=limit,
    )
    shown, further = page(rows, limit, lambda row: [row[0].code])
    return Page(
        items=[
            PersonOut(
                code=person.code,
                name=person.name,
                kind=person.kind,
                rank=rank.code,
                is_supervisor=rank.is_supervisor,
                institution=institution,
                office=office,
                joined_on=person.joined_on,
                left_on=person.left_on,
            )
            for person, rank, institution, office, *_ in shown
        ],
        next=further,
    )


@router.get("/people/{code}", summary="一个人及其职级经历", operation_id="get_person")
def person(tag: Tag, session: Database, asker: Reader, code: Code) -> PersonDetail:
    shown = service.person(session, asker, code)
    tag(shown)
    return shown


@router.get(
    "/people/{code}/downline",
    summary="一个人的下线（近的在前），默认为今天在职的",
    operation_id="list_downline",
)
def downline(
    session: Database,
    asker: Reader,
    code: Code,
    on: Annotated[Day | None, Query(description="日期；不填为今天")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Recruit]:
    people = PeopleRepository(session, within=asker.within)
    found = existing(lambda given: people.downline(given, on=on or service.today()), code)
    links, further = sliced(found, cursor, limit, lambda link: [link.distance, link.code])
    return Page(items=service.recruits(session, asker, links), next=further)


@router.patch("/people/{code}", summary="更正姓名、电话、入职日、上线", operation_id="change_person")
def change_person(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Editor,
    code: Code,
    body: PersonChange,
    match: IfMatch,
) -> PersonDetail:
    require_match(match, service.person(session, asker, code))
    repository = PeopleRepository(session, within=asker.within)
    found, given = repository.get(code), body.model_fields_set
    repository.correct(
        code,
        name=body.name or found.name,
        phone=body.phone if "phone" in given else found.phone,
        joined_on=body.joined_on or found.joined_on,
    )
    if "upline" in given:
        repository.set_upline(code, upline=body.upline)
    note(session, request, asker, "person.edit", kind="person", code=code, fields="，".join(sorted(given)))
    shown = service.person(session, asker, code)
    tag(shown)
    return shown


@router.post("/people", status_code=201, summary="入职", operation_id="add_person")
def add_person(request: Request, session: Database, asker: Editor, body: NewPerson) -> PersonDetail:
    PeopleRepository(session, within=asker.within).join(
        body.code,
        name=body.name,
        kind=body.kind,
        joined_on=body.joined_on,
        rank=body.rank,
        institution=body.institution,
        office=body.office,
        upline=body.upline,
    )
    note(session, request, asker, "person.join", kind="person", code=body.code, institution=body.institution)
    return service.person(session, asker, body.code)


@router.post("/people/{code}/promote", summary="职级变更", operation_id="promote_person")
def promote(request: Request, session: Database, asker: Editor, code: Code, body: Promotion) -> PersonDetail:
    repository = PeopleRepository(session, within=asker.within)
    existing(repository.get, code)
    repository.promote(code, rank=body.rank, on=body.on)
    note(session, request, asker, "person.promote", kind="person", code=code, rank=body.rank, on=str(body.on))
    return service.person(session, asker, code)


@router.put(
    "/people/{code}/career/latest",
    summary="更正最近一次变更的职级和生效日",
    operation_id="correct_latest_career_step",
)
def amend(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Editor,
    code: Code,
    body: Promotion,
    match: IfMatch,
) -> PersonDetail:
    require_match(match, service.person(session, asker, code))
    PeopleRepository(session, within=asker.within).amend(code, rank=body.rank, on=body.on)
    note(session, request, asker, "person.amend", kind="person", code=code, rank=body.rank, on=str(body.on))
    shown = service.person(session, asker, code)
    tag(shown)
    return shown


@router.delete(
    "/people/{code}/career/latest",
    summary="撤回最近一次职级变更或调动",
    operation_id="withdraw_latest_career_step",
)
def withdraw(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Editor,
    code: Code,
    match: IfMatch,
) -> PersonDetail:
    seen = service.person(session, asker, code)
    require_match(match, seen)
    PeopleRepository(session, within=asker.within).withdraw(code)
    taken = seen.career[-1]
    note(
        session, request, asker, "person.withdraw",
        kind="person", code=code, rank=taken.rank, on=str(taken.valid_from),
    )  # fmt: skip
    shown = service.person(session, asker, code)
    tag(shown)
    return shown


@router.post("/people/{code}/transfer", summary="调动", operation_id="transfer_person")
def transfer(request: Request, session: Database, asker: Editor, code: Code, body: Transfer) -> PersonDetail:
    repository = PeopleRepository(session, within=asker.within)
    existing(repository.get, code)
    repository.transfer(code, institution=body.institution, on=body.on, office=body.office, rank=body.rank)
    note(
        session, request, asker, "person.transfer",
        kind="person", code=code, institution=body.institution, on=str(body.on),
    )  # fmt: skip
    return service.person(session, asker, code)


@router.post("/people/{code}/leave", summary="离职", operation_id="leave_person")
def leave(request: Request, session: Database, asker: Editor, code: Code, body: Ending) -> PersonDetail:
    repository = PeopleRepository(session, within=asker.within)
    existing(repository.get, code)
    repository.leave(code, on=body.on)
    note(session, request, asker, "person.leave", kind="person", code=code, on=str(body.on))
    return service.person(session, asker, code)

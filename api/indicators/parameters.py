"""Routes of the parameters: thresholds, rates and factors by institution or rank, with their history."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Row

from api.access import Caller, Permission, allowed
from api.audit import note
from api.codes import CodeRepository, day_or_today
from api.fields import Code, Day
from api.indicators.repository import ParameterListRepository
from api.indicators.schemas import ParameterIn, ParameterOut
from api.pages import Cursor, Limit, Page, page
from api.problems import NotFound
from api.sessions import Database
from models.indicators.parameter_repository import ParameterRepository
from models.organisation.tables import Institution, Rank

router: Final = APIRouter(tags=["参数"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MODEL))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_MODEL))]


@router.get("/parameters", summary="某日有效的参数（按代码排序）", operation_id="list_parameters")
def parameters(
    session: Database,
    asker: Reader,
    code: Annotated[Code | None, Query(description="只看一个参数")] = None,
    on: Annotated[Day | None, Query(description="哪一天；不填为今天")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ParameterOut]:
    rows = ParameterListRepository(session, within=asker.within).parameters(
        code=code, on=day_or_today(on), cursor=cursor, limit=limit
    )
    shown, further = page(rows, limit, lambda row: [row[0].code, row[0].id])
    return Page(items=[_shown(row) for row in shown], next=further)


@router.get("/parameters/{code}/history", summary="一个参数的全部历史", operation_id="get_parameter_history")
def history(
    session: Database, asker: Reader, code: Code, cursor: Cursor = None, limit: Limit = 100
) -> Page[ParameterOut]:
    rows = ParameterListRepository(session, within=asker.within).parameters(
        code=code, on=None, cursor=cursor, limit=limit
    )
    if not rows and cursor is None:
        raise NotFound(f"参数 {code} 不存在或不在您的管辖范围内：请核对编号。")
    shown, further = page(rows, limit, lambda row: [row[0].code, row[0].id])
    return Page(items=[_shown(row) for row in shown], next=further)


@router.put("/parameters/{code}", summary="设定参数，自某日起生效", operation_id="set_parameter")
def put(request: Request, session: Database, asker: Editor, code: Code, body: ParameterIn) -> ParameterOut:
    codes = CodeRepository(session, within=asker.within)
    institution = codes.optional(Institution, body.institution)
    row = ParameterRepository(session, within=asker.within).put(
        code,
        body.value,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        institution_id=institution,
        rank_id=codes.optional(Rank, body.rank),
        note=body.note,
    )
    note(
        session, request, asker, "parameter.set",
        kind="parameter", code=code, institution_id=institution,
        value=str(body.value), valid_from=str(body.valid_from),
    )  # fmt: skip
    return ParameterOut(
        code=code,
        value=row.value,
        institution=body.institution,
        rank=body.rank,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        note=row.note,
    )


def _shown(row: Row[Any]) -> ParameterOut:
    parameter, institution, rank = row
    return ParameterOut(
        code=parameter.code,
        value=parameter.value,
        institution=institution,
        rank=rank,
        valid_from=parameter.valid_from,
        valid_to=parameter.valid_to,
        note=parameter.note,
    )

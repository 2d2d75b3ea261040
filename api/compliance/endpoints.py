"""Routes of compliance."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import Caller, Permission, allowed
from api.audit import note
from api.compliance import aggregate, service, sheets
from api.compliance.schemas import ChildLine, ComplianceScore, InstitutionLine, Summary, TrendPoint
from api.fields import Below, Code, Day, Month
from api.organisation.service import subtree_of, today
from api.pages import Cursor, Limit, Page, sliced
from api.sessions import Database
from models.base import SHANGHAI
from models.meetings.compliance import SlotState
from models.meetings.tables import SlotName
from qa_pipeline.clock import lies_ahead
from qa_pipeline.errors import InputError

router: Final = APIRouter(tags=["合规"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_COMPLIANCE))]
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def not_ahead(
    as_of: Annotated[
        Day | None,
        Query(description="截至哪一天（含），不晚于今天，此后的召开和结论不计；不填为今天"),
    ] = None,
) -> date:
    """The day as of which is told. Raises InputError for one to come: what is due by then would be missed."""
    if as_of is not None and lies_ahead(datetime.combine(as_of, time(), SHANGHAI)):
        raise InputError(f"截至日期 {as_of} 还没有到：请改为今天或更早的日期。")
    return as_of or today()


AsOf = Annotated[date, Depends(not_ahead)]


class Form(StrEnum):
    """Files that spreadsheets read."""

    CSV = "csv"
    XLSX = "xlsx"


@router.get("/compliance/scores", summary="各机构某月的合规得分", operation_id="list_compliance_scores")
def scores(
    request: Request,
    session: Database,
    asker: Reader,
    month: Annotated[Month, Query(description="月份，如 2026-09")],
    as_of: AsOf,
    below: Below = None,
    cursor: Cursor = None,
    limit: Limit = 200,
) -> Page[ComplianceScore]:
    """供其他系统取用；每次读取都记入审计。"""
    part = subtree_of(session, asker, below)
    table = service.table(session, asker, month, below=part, as_of=as_of)
    found, further = sliced(table, cursor, limit, lambda row: [row.code])
    note(session, request, asker, "compliance.scores", kind="month", code=f"{month:%Y-%m}", rows=len(found))
    return Page(items=[aggregate.score(row, month) for row in found], next=further)


@router.get("/compliance/trend", summary="合规逐月走势", operation_id="get_compliance_trend")
def trend(
    session: Database,
    asker: Reader,
    first: Annotated[Month, Query(description="起始月份（含）")],
    last: Annotated[Month, Query(description="终止月份（含），最多 24 个月")],
    as_of: AsOf,
    below: Below = None,
) -> list[TrendPoint]:
    part = subtree_of(session, asker, below)
    return service.trend(session, asker, first, last, below=part, as_of=as_of)


@router.get(
    "/compliance/{month}", summary="某月合规表（按机构代码排序）", operation_id="get_compliance_table"
)
def table(
    session: Database,
    asker: Reader,
    month: Month,
    as_of: AsOf,
    below: Below = None,
    slot: Annotated[SlotName | None, Query(description="只看该场次")] = None,
    state: Annotated[SlotState | None, Query(description="只看有该状态场次的机构")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[InstitutionLine]:
    part = subtree_of(session, asker, below)
    rows = service.table(session, asker, month, below=part, as_of=as_of)
    wanted = [
        row
        for row in rows
        if any(slot in (None, cell.name) and state in (None, cell.state) for cell in row.slots)
    ]
    found, further = sliced(wanted, cursor, limit, lambda row: [row.code])
    return Page(items=[service.line(row, slot) for row in found], next=further)


@router.get(
    "/compliance/{month}/file",
    summary="某月合规表文件（CSV、XLSX）",
    operation_id="get_compliance_file",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, XLSX: {}}, "description": "合规表"}},
)
def file(
    request: Request,
    session: Database,
    asker: Reader,
    month: Month,
    as_of: AsOf,
    form: Annotated[Form, Query(description="格式")] = Form.XLSX,
    below: Below = None,
) -> Response:
    part = subtree_of(session, asker, below)
    rows = service.table(session, asker, month, below=part, as_of=as_of)
    write, media = (sheets.as_csv, "text/csv; charset=utf-8") if form == Form.CSV else (sheets.as_xlsx, XLSX)
    name = f"compliance-{month:%Y-%m}.{form}"
    note(session, request, asker, "compliance.export", kind="month", code=f"{month:%Y-%m}", rows=len(rows))
    return Response(
        write(rows, month),
        media_type=media,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/compliance/{month}/summary", summary="某月合规汇总", operation_id="get_compliance_summary")
def summary(session: Database, asker: Reader, month: Month, as_of: AsOf, below: Below = None) -> Summary:
    part = subtree_of(session, asker, below)
    return service.summary(session, asker, month, below=part, as_of=as_of)


@router.get(
    "/compliance/{month}/children", summary="下钻一级：各下级机构的汇总", operation_id="drill_compliance"
)
def children(
    session: Database,
    asker: Reader,
    month: Month,
    as_of: AsOf,
    parent: Annotated[Code | None, Query(description="上级机构代码；不填为您所辖的最上级")] = None,
) -> list[ChildLine]:
    return service.children(session, asker, month, parent=parent, as_of=as_of)

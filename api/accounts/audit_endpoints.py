"""Routes of the audit trail."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.access import Caller, Permission, allowed
from api.accounts.audit_repository import AuditFilter, AuditLine, AuditRepository
from api.accounts.schemas import AuditOut
from api.audit import note
from api.fields import Moment, in_order
from api.pages import Cursor, Limit, Page, page
from api.sessions import Database
from models.base import Subtree
from models.exchange.cells import FORMULA_STARTS, QUOTE

router: Final = APIRouter(prefix="/audit", tags=["审计"])
Auditor = Annotated[Caller, Depends(allowed(Permission.READ_AUDIT))]
HEADINGS: Final = ("时间", "操作者", "动作", "对象", "编号", "机构", "详情", "请求编号", "来源地址")
Text = Annotated[str | None, Query(max_length=128, pattern=r"^[^\x00]*$")]


def _wanted(
    actor: Annotated[Text, Query(description="登录名，或 key:名称")] = None,
    action: Annotated[Text, Query(description="动作，如 recording.play")] = None,
    kind: Annotated[Text, Query(description="对象种类，如 recording")] = None,
    code: Annotated[Text, Query(description="对象编号")] = None,
    since: Annotated[Moment | None, Query(description="自此时起（含）")] = None,
    until: Annotated[Moment | None, Query(description="到此时止（不含）")] = None,
) -> AuditFilter:
    in_order(since, until)
    return AuditFilter(actor=actor, action=action, kind=kind, code=code, since=since, until=until)


Wanted = Annotated[AuditFilter, Depends(_wanted)]


@router.get("", summary="谁看过、改过什么", operation_id="list_audit")
def list_audit(
    session: Database, asker: Auditor, wanted: Wanted, cursor: Cursor = None, limit: Limit = 100
) -> Page[AuditOut]:
    """新的在前。"""
    lines = AuditRepository(session, within=asker.within).lines(wanted, cursor=cursor, limit=limit)
    found, behind = page(lines, limit, lambda line: (line[0].at, line[0].id))
    return Page(items=[_shown(line) for line in found], next=behind)


@router.get(
    "/export",
    summary="导出审计记录（CSV）",
    operation_id="export_audit",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def export_audit(request: Request, session: Database, asker: Auditor, wanted: Wanted) -> StreamingResponse:
    """旧的在前；导出本身也记入审计。"""
    note(session, request, asker, "audit.export", kind="audit", code="audit")
    rows = _csv(request.app.state.engine, asker.within, wanted)
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=headers)


def _csv(engine: Engine, within: Subtree, wanted: AuditFilter) -> Iterator[str]:
    """With a session of its own, since the request's has ended when the answer is sent."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")  # by which spreadsheets know the encoding
    writer.writerow(HEADINGS)
    with Session(engine) as session:
        for entry, institution in AuditRepository(session, within=within).all(wanted):
            at = entry.at.isoformat(timespec="seconds")
            detail = json.dumps(entry.detail, ensure_ascii=False)
            cells = (at, entry.actor, entry.action, entry.object_kind, entry.object_code, institution or "")
            more = (detail, entry.request_id, entry.address or "")
            writer.writerow([_cell(text) for text in (*cells, *more)])
            if buffer.tell() > 1 << 16:
                yield _taken(buffer)
    yield _taken(buffer)


def _cell(text: str) -> str:
    """A text that a spreadsheet would take for a formula is quoted."""
    return QUOTE + text if text.startswith(FORMULA_STARTS) else text


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _shown(line: AuditLine) -> AuditOut:
    entry, institution = line
    return AuditOut(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        kind=entry.object_kind,
        code=entry.object_code,
        institution=institution,
        detail=entry.detail,
        request_id=entry.request_id,
        address=entry.address,
    )

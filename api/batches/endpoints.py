"""Routes of batches."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import Caller, Permission, allowed
from api.audit import note
from api.batches import service
from api.batches.repository import BatchRepository
from api.batches.schemas import BatchAnswer, BatchFileOut, BatchMeetingOut, BatchOut, LeftOut, NewBatch
from api.batches.tables import Batch, FileState
from api.fields import Code
from api.jobs.tables import JobState
from api.meetings.scorecards import XLSX
from api.pages import Cursor, Limit, Page, page
from api.sessions import Database
from qa_pipeline.report.workbook import write_workbook

router: Final = APIRouter(tags=["批次"])
Runner = Annotated[Caller, Depends(allowed(Permission.RUN_BATCHES))]


@router.post(
    "/batches", summary="成批质检一批录音（可先试运行）", operation_id="start_batch", status_code=202
)
def begin(request: Request, session: Database, asker: Runner, body: NewBatch) -> BatchAnswer:
    """已上传的录音、服务器归档中的文件（folder），或随后由客户端断点续传的文件（files）。

    都排在新上传的录音之后。已有结论的会议默认跳过；对不上的文件和原因列在 unmatched。
    files 中的文件用 /uploads 发送，Upload-Metadata 写明 batch（批次编号）和 file（文件名）。
    """
    state = request.app.state
    answer = service.begin(session, asker, body, engine=state.engine, settings=state.settings)
    if answer.batch is not None:
        batch = BatchRepository(session, within=asker.within).get(answer.batch.code)
        counted = {"jobs": sum(answer.batch.jobs.values()), "files": sum(answer.batch.files.values())}
        _noted(session, request, asker, batch, "batch.start", **counted)
    return answer


@router.get("/batches", summary="批次（新的在前）", operation_id="list_batches")
def listed(session: Database, asker: Runner, limit: Limit = 50, cursor: Cursor = None) -> Page[BatchOut]:
    rows = BatchRepository(session, within=asker.within).listed(cursor=cursor, limit=limit)
    found, further = page(rows, limit, lambda row: [row.id])
    return Page(items=service.lines(session, asker, found), next=further)


@router.get("/batches/{code}", summary="一个批次的进度", operation_id="get_batch")
def one(session: Database, asker: Runner, code: Code) -> BatchOut:
    """各任务见 /jobs?batch=编号。"""
    return service.shown(session, asker, BatchRepository(session, within=asker.within).get(code))


@router.get("/batches/{code}/files", summary="批次要收的文件", operation_id="list_batch_files")
def files(
    session: Database,
    asker: Runner,
    code: Code,
    state: Annotated[FileState | None, Query(description="只看这一状态")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[BatchFileOut]:
    """服务器归档中的文件，或要由客户端发送的文件；按收取的顺序。

    客户端凭文件名发送：应请求删除的个人信息在还没发送的文件名中保留到收下或不能收为止。"""
    repository = BatchRepository(session, within=asker.within)
    batch = repository.get(code)
    rows = repository.files(batch, state=state, cursor=cursor, limit=limit)
    found, further = page(rows, limit, lambda row: [row[0].id])
    return Page(items=[service.file_line(row, batch, meeting) for row, meeting in found], next=further)


@router.get("/batches/{code}/meetings", summary="批次的会议和结论", operation_id="list_batch_meetings")
def meetings(
    session: Database,
    asker: Runner,
    code: Code,
    state: Annotated[JobState | None, Query(description="只看质检任务为这一状态的")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[BatchMeetingOut]:
    """已开始质检的会议，按提交的顺序；文件还没收齐的会议不在其中。"""
    repository = BatchRepository(session, within=asker.within)
    repository.get(code)
    rows = repository.meetings(code, state=state, cursor=cursor, limit=limit)
    found, further = page(rows, limit, lambda row: [row[0].id])
    return Page(items=list(map(service.meeting_line, found)), next=further)


@router.get("/batches/{code}/left-out", summary="批次没有质检的", operation_id="get_batch_left_out")
def left_out(session: Database, asker: Runner, code: Code) -> LeftOut:
    """建立批次时已有结论而跳过的会议，和对不上任何会议的文件；收取时不能收的文件见 …/files?state=refused。"""
    batch = BatchRepository(session, within=asker.within).get(code)
    return LeftOut.model_validate(batch, from_attributes=True)


@router.post("/batches/{code}/pause", summary="暂停（正在做的做完本阶段）", operation_id="pause_batch")
def pause(request: Request, session: Database, asker: Runner, code: Code) -> BatchOut:
    return _paused(request, session, asker, code, paused=True)


@router.post("/batches/{code}/resume", summary="继续，并再试一次不能收的文件", operation_id="resume_batch")
def resume(request: Request, session: Database, asker: Runner, code: Code) -> BatchOut:
    return _paused(request, session, asker, code, paused=False)


@router.get(
    "/batches/{code}/results.xlsx",
    summary="结果工作簿",
    operation_id="get_batch_workbook",
    response_class=Response,
    responses={200: {"content": {XLSX: {}}, "description": "工作簿"}},
)
def workbook(request: Request, session: Database, asker: Runner, code: Code) -> Response:
    batch = BatchRepository(session, within=asker.within).get(code)
    rows = service.workbook_rows(session, asker, batch)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "results.xlsx"
        write_workbook(rows, file)
        content = file.read_bytes()
    _noted(session, request, asker, batch, "batch.export", rows=len(rows))
    return Response(
        content,
        media_type=XLSX,
        headers={"Content-Disposition": f'attachment; filename="batch-{batch.code}.xlsx"'},
    )


def _paused(request: Request, session: Database, asker: Caller, code: str, *, paused: bool) -> BatchOut:
    batch = service.set_paused(session, asker, code, paused=paused)
    _noted(session, request, asker, batch, "batch.pause" if paused else "batch.resume")
    return service.shown(session, asker, batch)


def _noted(
    session: Database, request: Request, asker: Caller, batch: Batch, action: str, **detail: int
) -> None:
    note(
        session,
        request,
        asker,
        action,
        kind="batch",
        code=batch.code,
        institution_id=batch.institution_id,
        **detail,
    )

"""Routes of inspection jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from api.access import Caller, Permission, allowed
from api.audit import note
from api.fields import Code, existing
from api.jobs import inputs, service
from api.jobs.repository import JobRepository
from api.jobs.schemas import JobIn, JobOut, QueueOut, WorkerOut, job_out
from api.jobs.tables import ACTIVE, JobState
from api.pages import Cursor, Limit, Page, page
from api.sessions import Database
from models.meetings.repository import MeetingRepository

router: Final = APIRouter(tags=["任务"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MEETINGS))]
Starter = Annotated[Caller, Depends(allowed(Permission.UPLOAD))]
JobCode = Annotated[Code, Path(description="任务编号")]
ALIVE: Final = timedelta(seconds=30)
"""A worker that was seen within this time runs."""
LOOK_SECONDS: Final = 1.0
KEEP_ALIVE_SECONDS: Final = 15.0


@router.get("/jobs", summary="质检任务（新的在前）", operation_id="list_jobs")
def listed(
    session: Database,
    asker: Reader,
    state: Annotated[JobState | None, Query(description="只看这一状态")] = None,
    meeting: Annotated[Code | None, Query(description="会议编号")] = None,
    institution: Annotated[Code | None, Query(description="机构代码（不含下级）")] = None,
    batch: Annotated[Code | None, Query(description="批次编号")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[JobOut]:
    rows = JobRepository(session, within=asker.within).listed(
        state=state, meeting=meeting, institution=institution, batch=batch, cursor=cursor, limit=limit
    )
    shown, following = page(rows, limit, lambda row: (row.job.id,))
    return Page(items=[job_out(row) for row in shown], next=following)


@router.post("/jobs", summary="开始（或重新）质检一场会议", operation_id="start_job", status_code=202)
def start(body: JobIn, request: Request, session: Database, asker: Starter) -> JobOut:
    """已有结果的阶段不会重做；要重做请给出 again_from。同一会议较早的任务让位。"""
    meeting = existing(MeetingRepository(session, within=asker.within).get, body.meeting)
    store = request.app.state.store
    text = body.transcript and inputs.transcript(session, store, meeting, body.transcript)
    rubric = body.rubric and inputs.rubric(session, store, meeting, body.rubric, within=asker.within)
    job = service.start(
        session,
        meeting=body.meeting,
        requested_by=asker.actor,
        within=asker.within,
        again_from=body.again_from,
        transcript=text or None,
        rubric=rubric or None,
    )
    found = JobRepository(session, within=asker.within).get(job.code)
    note(
        session, request, asker, "job.start", kind="job", code=job.code,
        institution_id=found.institution_id, again_from=body.again_from, rubric=body.rubric,
        transcript=body.transcript,
    )  # fmt: skip
    return job_out(found)


@router.get("/jobs/queue", summary="队列状态", operation_id="get_queue")
def queue(session: Database, asker: Reader) -> QueueOut:
    jobs = JobRepository(session, within=asker.within)
    workers = jobs.workers(seen_after=datetime.now(UTC) - ALIVE)
    counts = jobs.counts()
    return QueueOut(
        queued=counts[JobState.QUEUED],
        running=counts[JobState.RUNNING],
        done=counts[JobState.DONE],
        failed=counts[JobState.FAILED],
        cancelled=counts[JobState.CANCELLED],
        waiting_since=jobs.waiting_since(),
        workers=[
            WorkerOut(name=w.name, concurrency=w.concurrency, started_at=w.started_at, seen_at=w.seen_at)
            for w in workers
        ],
    )


@router.get("/jobs/{job}", summary="一个质检任务", operation_id="get_job")
def one(job: JobCode, session: Database, asker: Reader) -> JobOut:
    return job_out(JobRepository(session, within=asker.within).get(job))


@router.post("/jobs/{job}/cancel", summary="取消质检任务", operation_id="cancel_job")
def cancel(job: JobCode, request: Request, session: Database, asker: Starter) -> JobOut:
    """等待中的立即取消；进行中的在几秒内停下。"""
    found = service.cancel(session, job, within=asker.within)
    note(session, request, asker, "job.cancel", kind="job", code=job, institution_id=found.institution_id)
    return job_out(found)


@router.post("/jobs/{job}/retry", summary="重试失败或已取消的任务", operation_id="retry_job")
def retry(job: JobCode, request: Request, session: Database, asker: Starter) -> JobOut:
    """从失败的那一步继续，之前各步的结果仍然有效。"""
    found = service.retry(session, job, within=asker.within)
    note(session, request, asker, "job.retry", kind="job", code=job, institution_id=found.institution_id)
    return job_out(found)


@router.get(
    "/jobs/{job}/events",
    summary="任务进度（服务器推送）",
    operation_id="follow_job",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "事件 progress，数据与 get_job 相同；任务结束后流即结束",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
def follow(job: JobCode, request: Request, session: Database, asker: Reader) -> StreamingResponse:
    """每有变化推送一次，直到任务结束。"""
    JobRepository(session, within=asker.within).get(job)
    return StreamingResponse(
        _events(request, asker, job),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _events(request: Request, asker: Caller, job: str) -> AsyncIterator[str]:
    last, told = "", time.monotonic()
    while not await request.is_disconnected():
        shown = await run_in_threadpool(_look, request, asker, job)
        text = shown.model_dump_json()
        if text != last:
            yield f"event: progress\ndata: {text}\n\n"
            last, told = text, time.monotonic()
        elif time.monotonic() - told > KEEP_ALIVE_SECONDS:
            yield ": 仍在进行\n\n"
            told = time.monotonic()
        if shown.state not in ACTIVE:
            return
        await asyncio.sleep(LOOK_SECONDS)


def _look(request: Request, asker: Caller, job: str) -> JobOut:
    """What the job looks like now, in a session of its own: the request's is closed while events go out."""
    with Session(request.app.state.engine) as session:
        return job_out(JobRepository(session, within=asker.within).get(job))

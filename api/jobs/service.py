"""Start, cancel and retry inspections. A job is a row: a worker finds it and hands it to the engine."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from api.jobs.repository import JobRepository, Listed
from api.jobs.tables import FRESH, InspectionJob, JobState, Stage
from api.problems import Conflict
from models.base import EVERYWHERE, Subtree
from models.meetings.repository import MeetingRepository
from models.meetings.tables import MeetingState, Recording
from qa_pipeline.errors import InputError

GAVE_WAY = "同一会议有更新的质检任务，本任务让位。"
CANCELLED = "已按要求取消。"
DECIDED = "会议的结论已由人复核作出，此前发起的质检不再进行；仍要质检的，请重新发起。"


def start(
    session: Session,
    *,
    meeting: str,
    requested_by: str,
    within: Subtree = EVERYWHERE,
    priority: int = FRESH,
    batch: str | None = None,
    paused: bool = False,
    again_from: Stage | None = None,
    transcript: str | None = None,
    rubric: str | None = None,
) -> InspectionJob:
    """Ask for the inspection of a meeting that was held; older jobs of the meeting give way.

    ``again_from``: do this stage and those after it anew. ``transcript`` and ``rubric`` are content hashes in
    the store. A job that waits and was asked for in the same way is returned as it is.
    Raises InputError for a meeting that was not held, or without recording and transcript.
    """
    meetings = MeetingRepository(session, within=within)
    owner = meetings.get(meeting)
    if owner.state != MeetingState.HELD:
        raise InputError(f"会议 {meeting} 未登记召开或已作废，不能质检：请先登记召开时间。")
    recorded = session.scalar(select(exists().where(Recording.meeting_id == owner.id)))
    if not recorded and transcript is None:
        raise InputError(f"会议 {meeting} 还没有录音：请先上传录音。")
    meetings.lock(owner.id)
    for job in JobRepository(session).active_of(owner.id):
        asked = (job.again_from, job.transcript, job.rubric)
        if job.state == JobState.QUEUED and asked == (again_from, transcript, rubric):
            job.priority, job.retry_at = min(job.priority, priority), None
            return job
        end_when_possible(job, GAVE_WAY)
    new = InspectionJob(
        code=f"J{secrets.token_hex(8)}",
        meeting_id=owner.id,
        state=JobState.QUEUED,
        priority=priority,
        batch=batch,
        paused=paused,
        again_from=again_from,
        transcript=transcript,
        rubric=rubric,
        requested_by=requested_by,
        created_at=datetime.now(UTC),
    )
    session.add(new)
    session.flush()
    return new


def cancel(session: Session, code: str, *, within: Subtree) -> Listed:
    """End the job: at once while it waits; its worker ends it within seconds while it runs."""
    found = JobRepository(session, within=within).get(code, lock=True)
    if found.job.state not in (JobState.QUEUED, JobState.RUNNING):
        raise Conflict(f"任务 {code} 已结束，不能取消。")
    end_when_possible(found.job, CANCELLED)
    session.flush()
    return found


def retry(session: Session, code: str, *, within: Subtree) -> Listed:
    """Queue a failed or cancelled job again; what its stages made before is not made again."""
    found = JobRepository(session, within=within).get(code, lock=True)
    job = found.job
    if job.state not in (JobState.FAILED, JobState.CANCELLED):
        raise Conflict(f"任务 {code} 没有失败也没有取消，无需重试。")
    newest = session.scalars(
        select(InspectionJob.code)
        .where(InspectionJob.meeting_id == job.meeting_id)
        .order_by(InspectionJob.id.desc())
    ).first()
    if newest != code:
        raise Conflict(f"会议 {found.meeting} 之后已有新的任务 {newest}：请重试该任务。")
    job.state, job.dispatched, job.attempts, job.retry_at = JobState.QUEUED, False, 0, None
    job.cancel_requested, job.error, job.finished_at, job.progress = False, None, None, 0.0
    session.flush()
    return found


def give_way_to_decision(session: Session, meeting: int) -> None:
    """End what was asked for before a person decided: its result would take the place of the decision."""
    for job in JobRepository(session).active_of(meeting):
        end_when_possible(job, DECIDED)


def end_when_possible(job: InspectionJob, why: str) -> None:
    """Cancel a job that waits; ask the worker of one that runs to end it."""
    if job.state == JobState.RUNNING:
        job.cancel_requested, job.error = True, why
    else:
        job.state, job.error, job.finished_at = JobState.CANCELLED, why, datetime.now(UTC)

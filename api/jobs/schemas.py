"""What routes of jobs take and answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.fields import Code, Instant, example
from api.jobs.repository import Listed
from api.jobs.tables import JobState, Stage


class JobOut(BaseModel):
    """One inspection job."""

    model_config = ConfigDict(
        json_schema_extra=example(
            code="J5f0c2d9a1b3e4f60",
            meeting="350102-20260908",
            institution="350102",
            state="running",
            stage="transcribe",
            progress=0.42,
            priority=10,
            batch=None,
            paused=False,
            again_from=None,
            attempts=0,
            retry_at=None,
            cancelling=False,
            error=None,
            requested_by="manager1",
            created_at="2026-09-08T11:55:00+08:00",
            started_at="2026-09-08T11:55:02+08:00",
            finished_at=None,
            scorecard_version=None,
        )
    )

    code: str
    meeting: str
    institution: str
    state: JobState
    stage: Stage | None = Field(description="所在阶段，或结束时所在的阶段")
    progress: float = Field(ge=0, le=1, description="本阶段完成的比例")
    priority: int = Field(description="小的先做；新上传 10，存档 100")
    batch: str | None
    paused: bool
    again_from: Stage | None = Field(description="从这一阶段起重做")
    attempts: int = Field(description="因可恢复的原因连续失败的次数")
    retry_at: Instant | None = Field(description="下次自动重试的时间")
    cancelling: bool = Field(description="已要求取消，正在停下")
    error: str | None = Field(description="为什么等待重试、失败或取消")
    requested_by: str
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    scorecard_version: int | None = Field(description="发布成第几版结论")


class JobIn(BaseModel):
    """An inspection to start."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=example(meeting="350102-20260908", again_from="score")
    )

    meeting: Code = Field(description="会议编号")
    again_from: Stage | None = Field(
        default=None,
        description="重做的阶段：从这一阶段起；score 为只重新评分，不再转写。不填则只做还没做过的",
    )
    rubric: Annotated[str, StringConstraints(max_length=130, pattern=r"^[\w.:@-]+$")] | None = Field(
        default=None,
        description="量规：按它评分，如 weekly_review@1.1；不填则用适用的量规",
        examples=["weekly_review@1.1"],
    )
    transcript: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="文字稿的版次；不填则用最新的人工修订，没有修订则用识别的",
    )


class WorkerOut(BaseModel):
    name: str
    concurrency: int = Field(description="同时处理几个任务")
    started_at: Instant
    seen_at: Instant


class QueueOut(BaseModel):
    """The state of the queue, for the caller's institutions."""

    queued: int
    running: int
    done: int
    failed: int
    cancelled: int
    waiting_since: Instant | None = Field(description="等得最久的任务是什么时候提交的")
    workers: list[WorkerOut] = Field(description="正在运行的工作进程")


def job_out(found: Listed) -> JobOut:
    job = found.job
    return JobOut(
        code=job.code,
        meeting=found.meeting,
        institution=found.institution,
        state=job.state,
        stage=job.stage,
        progress=job.progress,
        priority=job.priority,
        batch=job.batch,
        paused=job.paused,
        again_from=job.again_from,
        attempts=job.attempts,
        retry_at=job.retry_at if job.state == JobState.QUEUED else None,
        cancelling=job.cancel_requested and job.state == JobState.RUNNING,
        error=job.error,
        requested_by=job.requested_by,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        scorecard_version=job.scorecard_version,
    )

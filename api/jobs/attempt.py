"""One attempt at one stage: what heals is tried again later, what does not ends the job with a sentence."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.exc import InterfaceError, OperationalError

from api.jobs.parent import ChildDied, NotWanted, Report
from api.jobs.repository import JobRepository, Listed
from api.jobs.stages import STAGES, Shop, Task
from api.jobs.tables import InspectionJob, JobState, Stage
from api.operations.logs import bound
from api.operations.tracing import span
from api.problems import NotFound
from models.database import transaction
from qa_pipeline.errors import HuijianError, InputError, ModelError, OutputError, reason

log = logging.getLogger("huijian.jobs")

BACK_OFF: Final = (15, 60, 300, 900, 1800)
"""Seconds before the second attempt, the third …; after the last one the job has failed."""
DATABASE_SECONDS: Final = 3
"""Pause before a stage begins again whose database did not answer."""
MAY_HEAL: Final = (OutputError, NotFound, ModelError, ChildDied, OSError, MemoryError)
"""Disk, store (a share that is not mounted looks empty), model, memory. Other wrong input stays wrong."""

DONE: Final = "done"
ENDED: Final = "ended"


def attempt(shop: Shop, stage: Stage, *, job: str, run: int, worker: str) -> str:
    """Do the stage of a job's run: DONE, or ENDED when the run goes no further. Raises nothing.

    The job's row says why. While the database does not answer, the stage begins again: it finds what it made.
    """
    report = Report(engine=shop.engine, job=job, run=run)
    while True:
        try:
            with bound(job_id=job), span(f"job {stage}", job_id=job, run=run, worker=worker) as traced:
                came_of_it = _attempt(shop, stage, report, worker)
                traced.tell(outcome=came_of_it)
                return came_of_it
        except (OperationalError, InterfaceError):
            log.warning("job %s, %s: the database does not answer", job, stage)
            time.sleep(DATABASE_SECONDS)


def _attempt(shop: Shop, stage: Stage, report: Report, worker: str) -> str:
    try:
        task = _begin(shop, stage, report, worker)
        if task is None:
            return ENDED
        STAGES[stage](shop, task, report)
    except NotWanted as reason:
        _end(shop, report, JobState.CANCELLED, str(reason))
        return ENDED
    except (OperationalError, InterfaceError):
        raise
    except MAY_HEAL as error:
        _again_later(shop, report, _sentence(error))
        return ENDED
    except InputError as error:
        _end(shop, report, JobState.FAILED, str(error))
        return ENDED
    except Exception:
        log.exception("job %s, %s failed", report.job, stage)
        _again_later(shop, report, "服务内部出错，已记录：请把任务编号告诉管理员。")
        return ENDED
    return DONE


def _begin(shop: Shop, stage: Stage, report: Report, worker: str) -> Task | None:
    """Note that the stage runs; None when the job is paused and goes back to wait."""
    with transaction(shop.engine) as session:
        job = report.current(session)
        if job.paused:
            job.state, job.dispatched = JobState.QUEUED, False
            return None
        found: Listed = JobRepository(session).get(report.job)
        job.state, job.stage, job.progress, job.worker = JobState.RUNNING, stage, 0.0, worker
        job.started_at = job.started_at or datetime.now(UTC)
        return Task(
            job_id=job.id,
            meeting=found.meeting,
            again_from=job.again_from,
            transcript=job.transcript,
            rubric=job.rubric,
        )


def _again_later(shop: Shop, report: Report, why: str) -> None:
    with transaction(shop.engine) as session:
        job = _own(JobRepository(session), report)
        if job is None:
            return
        job.error = why
        if job.attempts >= len(BACK_OFF):
            job.state, job.finished_at = JobState.FAILED, datetime.now(UTC)
            return
        job.state, job.dispatched = JobState.QUEUED, False
        job.retry_at = datetime.now(UTC) + timedelta(seconds=BACK_OFF[job.attempts])
        job.attempts += 1


def _end(shop: Shop, report: Report, state: JobState, why: str) -> None:
    with transaction(shop.engine) as session:
        job = _own(JobRepository(session), report)
        if job is not None:
            job.state, job.error, job.finished_at = state, why or job.error, datetime.now(UTC)


def _own(jobs: JobRepository, report: Report) -> InspectionJob | None:
    """The job if this run still owns it."""
    job = jobs.get(report.job, lock=True).job
    return job if job.run == report.run and job.state in (JobState.QUEUED, JobState.RUNNING) else None


def _sentence(error: BaseException) -> str:
    if isinstance(error, HuijianError):
        return str(error)
    if isinstance(error, MemoryError):
        return "内存不足：请稍后重试或减少同时处理的任务数。"
    why = reason(error) if isinstance(error, OSError) else str(error)
    return f"读写文件失败（{why}）：请检查磁盘和存储。"

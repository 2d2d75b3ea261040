"""How far the inspection of a meeting is, told on the meeting's page until its result can be seen there."""

from __future__ import annotations

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import jobs, listing, parts
from api.console.frame import View
from api.jobs.repository import JobRepository
from api.jobs.schemas import JobOut, job_out
from api.jobs.tables import ACTIVE, JobState


def newest(session: Session, asker: Caller, code: str) -> JobOut | None:
    """The meeting's newest inspection, if there is any."""
    found = JobRepository(session, within=asker.within).listed(
        state=None, meeting=code, institution=None, batch=None, cursor=None, limit=1
    )
    return job_out(found[0]) if found else None


def draw(view: View, code: str, job: JobOut | None, *, inspected: bool) -> None:
    """What is told changes with the job; the page is never read anew by itself, for somebody may be writing.

    ``inspected``: there is a result already, and another on its way.
    """
    with parts.section("质检进度"):
        told = ui.element("div").props("role=status")
        far = ui.element("div")
        onward = ui.element("div")
    drawn: list[JobOut | None] = []

    def show(found: JobOut | None) -> None:
        before = drawn[0] if drawn else None
        if drawn == [found]:
            return
        if not drawn or _told(before, inspected=inspected) != _told(found, inspected=inspected):
            told.clear()  # only now: whoever listens hears of each stage, not of each percent
            onward.clear()
            with told:
                _say(code, found, inspected=inspected)
            with onward:
                _onward(view, code, found)
        far.clear()
        if found is not None and found.stage is not None and found.state is JobState.RUNNING:
            with far:
                ui.html(jobs.bar("", jobs.STAGES[found.stage], found.progress), sanitize=False)
        drawn[:] = [found]

    async def look() -> None:
        show(await view.ask(newest, view.asker, code))
        if drawn[0] is not None and drawn[0].state is JobState.DONE:
            timer.deactivate()

    show(job)
    timer = ui.timer(jobs.EVERY_SECONDS, look)


def _say(code: str, job: JobOut | None, *, inspected: bool) -> None:
    if job is not None and job.state is JobState.DONE:
        words = _told(job, inspected=inspected)
        ui.html(listing.link(f"/meetings/{code}", words), sanitize=False).classes("more")
    else:
        parts.empty(_told(job, inspected=inspected))


def _told(job: JobOut | None, *, inspected: bool) -> str:
    """Why there is no result yet, or what becomes of the one that is seen."""
    if job is None:
        return "这场会议还没有结论：上传录音后会自动质检。"
    if job.state is JobState.DONE:
        return "新的结论已出，点此查看" if inspected else "结论已出，点此查看"
    if job.state is JobState.FAILED:
        return f"质检没有完成：{job.error or '原因没有记下'}"
    if job.state is JobState.CANCELLED:
        return "重新质检已取消，结论不变。" if inspected else "这场会议还没有结论：质检已取消。"
    stage = "已暂停" if job.paused else jobs.STAGES[job.stage] if job.stage else "排队等候"
    if job.error is not None:
        return f"{stage}：{job.error}"
    return f"正在重新质检：{stage}" if inspected else f"质检中：{stage}"


def _onward(view: View, code: str, job: JobOut | None) -> None:
    """Where to go on."""
    if not view.may(Permission.UPLOAD) or (job is not None and job.state is JobState.DONE):
        return
    upload = listing.link("/upload", "上传录音 ›", meeting=code)
    if job is None:
        where = upload
    else:
        where = listing.link("/jobs", "看任务 ›" if job.state in ACTIVE else "看进度、重试 ›")
    ui.html(where, sanitize=False).classes("more")

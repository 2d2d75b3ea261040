"""The job monitor: what waits, what runs and how far it is, what failed and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import listing, parts
from api.console.calls import did
from api.console.frame import View, screen
from api.console.home import tile
from api.console.listing import Column, Field, Html
from api.console.meetings import chosen
from api.jobs.endpoints import ALIVE
from api.jobs.repository import JobRepository
from api.jobs.schemas import JobOut, job_out
from api.jobs.tables import ACTIVE, JobState, Stage
from api.pages import page
from models.base import SHANGHAI
from qa_pipeline.values.vocabulary import Status
from qa_pipeline.values.written import percent

PATH: Final = "/jobs"
A_PAGE: Final = 50
EVERY_SECONDS: Final = 3.0
STATES: Final[Mapping[JobState, str]] = {
    JobState.QUEUED: "等待",
    JobState.RUNNING: "进行中",
    JobState.DONE: "完成",
    JobState.FAILED: "失败",
    JobState.CANCELLED: "已取消",
}
OF_STATE: Final = {
    JobState.QUEUED: (Status.UNKNOWN, "hourglass_empty"),
    JobState.RUNNING: (Status.WARN, "autorenew"),
    JobState.DONE: (Status.PASS, "check_circle"),
    JobState.FAILED: (Status.FAIL, "cancel"),
    JobState.CANCELLED: (Status.UNKNOWN, "block"),
}
STAGES: Final[Mapping[Stage, str]] = {
    Stage.PROBE: "检查录音",
    Stage.TRANSCRIBE: "转写",
    Stage.READ: "理解",
    Stage.SCORE: "评分",
    Stage.PUBLISH: "发布",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of jobs and the state of the queue."""

    jobs: tuple[JobOut, ...]
    further: str | None
    counts: Mapping[JobState, int]
    waiting_since: datetime | None
    workers: int


def register() -> None:
    """Add the screen."""
    screen(PATH, title="任务", permission=Permission.UPLOAD)(jobs)


def read(session: Session, asker: Caller, state: JobState | None, cursor: str | None) -> Shown:
    """Newest first."""
    repository = JobRepository(session, within=asker.within)
    rows = repository.listed(
        state=state, meeting=None, institution=None, batch=None, cursor=cursor, limit=A_PAGE
    )
    shown, further = page(rows, A_PAGE, lambda row: (row.job.id,))
    return Shown(
        jobs=tuple(map(job_out, shown)),
        further=further,
        counts=repository.counts(),
        waiting_since=repository.waiting_since(),
        workers=len(repository.workers(seen_after=datetime.now(UTC) - ALIVE)),
    )


async def jobs(view: View, state: str = "", cursor: str = "") -> None:
    wanted = chosen(JobState, state)
    drawn: list[Shown] = []
    with parts.section("队列"):
        tiles = ui.element("div").classes("tiles")
    with parts.section("任务", "新的在前，自动更新"):
        options = {"": "全部", **{key.value: word for key, word in STATES.items()}}
        listing.filters(PATH, [Field("state", "状态", state, options=options)])
        place = ui.element("div").classes("w-full")

    async def draw() -> None:
        found = await view.ask(read, view.asker, wanted, cursor or None)
        if drawn == [found]:
            return  # whoever is at a button with the keyboard stays there
        drawn[:] = [found]
        tiles.clear()
        with tiles:
            _queue(found)
        place.clear()
        with place:
            _jobs(found)
            listing.further(PATH, found.further, state=state)

    def _jobs(found: Shown) -> None:
        if not found.jobs:
            parts.empty("没有任务：上传录音后会自动出现在这里。")
            return
        listing.table(
            "质检任务",
            [Column("会议"), Column("状态"), Column("进度"), Column("说明"), Column("提交"), Column("操作")],
            [_job(one) for one in found.jobs],
            on_action=act,
        )

    async def act(name: str, code: str) -> None:
        said = "已重新排队。" if name == "retry" else "已取消，进行中的几秒内停下。"
        await did(view, "POST", f"jobs/{code}/{name}", said=said)
        await draw()

    await draw()
    ui.timer(EVERY_SECONDS, draw)


def _queue(found: Shown) -> None:
    since = found.waiting_since
    note = f"最早 {since.astimezone(SHANGHAI):%m-%d %H:%M} 提交" if since else ""
    tile("等待", str(found.counts[JobState.QUEUED]), note)
    tile("进行中", str(found.counts[JobState.RUNNING]))
    tile("失败", str(found.counts[JobState.FAILED]))
    tile("完成", str(found.counts[JobState.DONE]))
    tile("工作进程", str(found.workers), "" if found.workers else "没有进程在运行，任务不会开始")


def _job(one: JobOut) -> list[object]:
    status, icon = OF_STATE[one.state]
    word = "正在停下" if one.cancelling else "已暂停" if one.paused else STATES[one.state]
    return [
        listing.link(f"/meetings/{one.meeting}", one.meeting),
        listing.badge(status, word, icon),
        _progress(one),
        _told(one),
        listing.two_lines(f"{one.created_at:%m-%d %H:%M}", one.requested_by),
        _actions(one),
    ]


def _told(one: JobOut) -> str | Html:
    """Why it waits, failed or was cancelled; and when a waiting one is tried again by itself."""
    if one.error is None or one.retry_at is None:
        return one.error or ""
    return listing.two_lines(one.error, f"{one.retry_at.astimezone(SHANGHAI):%m-%d %H:%M} 自动再试")


def _progress(one: JobOut) -> Html:
    if one.stage is None or one.state is JobState.DONE:
        return Html("")
    name = STAGES[one.stage]
    if one.state is not JobState.RUNNING:
        return listing.escaped(name)
    return bar(f"{name} ", name, one.progress)


def bar(words: str, name: str, share: float) -> Html:
    """How far what has this name is, behind the words."""
    told = percent(share)
    return Html(
        f'<span class="grow">{words}{told}<span class="track" role="progressbar" aria-label="{name} 的进度" '
        f'aria-valuenow="{told[:-1]}"><span class="fill" style="width:{told}"></span></span></span>'
    )


def _actions(one: JobOut) -> Html:
    if one.state in ACTIVE and not one.cancelling:
        return listing.action("cancel", one.code, "取消", subject=one.meeting)
    if one.state in (JobState.FAILED, JobState.CANCELLED):
        return listing.action("retry", one.code, "重试", subject=one.meeting)
    return Html("")

"""One batch: how far it is and why nothing moves, what was refused or left out, and its meetings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.batches.repository import BatchRepository
from api.batches.schemas import BatchFileOut, BatchMeetingOut, BatchOut, LeftOut, UnmatchedFile
from api.batches.service import file_line, meeting_line, shown
from api.batches.tables import FileState
from api.console import batches, listing, parts
from api.console.calls import did
from api.console.frame import View, screen
from api.console.home import tile
from api.console.jobs import EVERY_SECONDS, OF_STATE, STATES
from api.console.listing import Column, Field, Html
from api.console.meetings import chosen
from api.jobs.endpoints import ALIVE
from api.jobs.repository import JobRepository
from api.jobs.tables import JobState
from api.pages import page
from models.base import SHANGHAI
from qa_pipeline.values.vocabulary import Status
from qa_pipeline.values.written import points

A_PAGE: Final = 50
MOST_REFUSED: Final = 200
Stands = tuple[Status, str, str]
FIRST: Final = 20
"""Lines of a list before the others are folded away."""
DONE: Final = {
    "pause": "已暂停，正在做的做完本阶段。",
    "resume": "已继续，没有收下的文件也会再试。",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A batch as it stands, with a page of its meetings."""

    batch: BatchOut
    refused: tuple[BatchFileOut, ...]
    meetings: tuple[BatchMeetingOut, ...]
    further: str | None
    workers: int


class _Live:
    """A part of the screen that is drawn anew only when what it shows has changed: whoever is at one of its
    buttons with the keyboard stays there."""

    def __init__(self, draw: Callable[..., None]) -> None:
        self._place, self._draw = ui.element("div").classes("w-full"), draw
        self._drawn: tuple[Any, ...] | None = None

    def show(self, *given: Any) -> None:
        if given == self._drawn:
            return
        self._drawn = given
        self._place.clear()
        with self._place:
            self._draw(*given)


def register() -> None:
    """Add the screen."""
    screen(f"{batches.PATH}/{{code}}", title="批次", permission=Permission.RUN_BATCHES)(batch)


def read(session: Session, asker: Caller, *, code: str, state: JobState | None, cursor: str | None) -> Shown:
    """Meetings in the order in which they were asked for. Raises NotFound."""
    repository = BatchRepository(session, within=asker.within)
    one = repository.get(code)
    rows = repository.meetings(code, state=state, cursor=cursor, limit=A_PAGE)
    found, further = page(rows, A_PAGE, lambda row: [row[0].id])
    refused = repository.files(one, state=FileState.REFUSED, cursor=None, limit=MOST_REFUSED)
    workers = JobRepository(session, within=asker.within).workers(seen_after=datetime.now(UTC) - ALIVE)
    return Shown(
        batch=shown(session, asker, one),
        refused=tuple(file_line(row, one, meeting) for row, meeting in refused[:MOST_REFUSED]),
        meetings=tuple(map(meeting_line, found)),
        further=further,
        workers=len(workers),
    )


def left_out(session: Session, asker: Caller, code: str) -> LeftOut:
    """Raises NotFound."""
    found = BatchRepository(session, within=asker.within).get(code)
    return LeftOut.model_validate(found, from_attributes=True)


async def batch(view: View, code: str, state: str = "", cursor: str = "") -> None:
    wanted = chosen(JobState, state)
    here = f"{batches.PATH}/{code}"

    async def ask() -> Shown:
        return await view.ask(read, view.asker, code=code, state=wanted, cursor=cursor or None)

    async def do(name: str) -> None:
        await did(view, "POST", f"batches/{quote(code)}/{name}", said=DONE[name])
        draw(await ask())

    async def retry(name: str, job: str) -> None:
        await did(view, "POST", f"jobs/{quote(job)}/{name}", said="已重新排队。")
        draw(await ask())

    def meetings(rows: tuple[BatchMeetingOut, ...], further: str | None) -> None:
        if not rows:
            parts.empty("没有这一状态的会议。" if state else "还没有会议开始质检：文件收下后自动开始。")
            return
        columns = [Column("会议"), Column("质检"), Column("结论"), Column("能量值", figures=True)]
        columns += [Column("说明"), Column("操作")]
        listing.table("批次的会议", columns, list(map(_meeting, rows)), on_action=retry, dense=True)
        listing.further(here, further, place="meetings", state=state)

    def draw(now: Shown) -> None:
        one = now.batch
        refusals = one.files[FileState.REFUSED]
        acts.show(batches.state(one), one.paused, one.finished, refusals > 0)
        standing.show(one.model_copy(update={"done_by": None}), _done_by(one), tuple(why(one, now.workers)))
        refused.show(now.refused, refusals)
        listed.show(now.meetings, now.further)

    found = await ask()
    with ui.element("div").classes("meeting-head"):
        with ui.element("div"):
            _head(found.batch)
        with ui.element("div"):
            acts = _Live(partial(_acts, do))
    standing = _Live(_standing)
    with parts.section("没有收下的文件", "不会自动再试"):
        refused = _Live(_refused)
    with parts.section("会议", "按提交的顺序，自动更新", place="meetings"):
        options = {"": "全部", **{key.value: word for key, word in STATES.items()}}
        listing.filters(here, [Field("state", "质检", state, options=options)], place="meetings")
        listed = _Live(meetings)
    _left_out(await view.ask(left_out, view.asker, code))
    draw(found)

    async def update() -> None:
        draw(await ask())

    ui.timer(EVERY_SECONDS, update)


def why(one: BatchOut, workers: int) -> Iterator[str]:
    """Why nothing moves, or why something does not, and what to do about it."""
    waiting, refused = one.files[FileState.WAITING], one.files[FileState.REFUSED]
    if one.paused and not one.finished:
        yield "已暂停：要接着做请点“继续”。"
    if waiting and one.folder is None:
        yield f"{waiting} 个文件等着发送：请在放录音的电脑上再运行一次 huijian batch。"
    to_do = one.jobs[JobState.QUEUED] or (waiting and one.folder is not None)
    if to_do and not workers:
        yield "没有工作进程在运行，任务不会开始：请联系管理员。"
    if refused:
        yield f"{refused} 个文件没有收下：原因见下，排除后点“再试没有收下的文件”。"
    if failed := one.jobs[JobState.FAILED]:
        yield f"{failed} 场会议质检失败：原因见下，排除后点“重试”。"


def _head(one: BatchOut) -> None:
    ui.label(one.name).classes("lead")
    began = f"{one.created_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    words = [one.code, began, one.created_by]
    words += [] if one.folder is None else [f"归档文件夹 {one.folder or '/'}"]
    ui.label(" · ".join(words)).classes("soft")
    address = f"/api/v1/batches/{quote(one.code)}/results.xlsx"
    ui.html(f'<a href="{address}" download>下载结果工作簿</a>', sanitize=False).classes("downloads no-print")


def _acts(do: Callable[[str], Any], stands: Stands, paused: bool, finished: bool, refused: bool) -> None:
    with ui.element("div").classes("turn-buttons"):
        ui.html(listing.badge(*stands), sanitize=False)
        if paused and not finished:
            ui.button("继续", icon="play_arrow", on_click=lambda: do("resume")).props("outline")
        elif not finished:
            ui.button("暂停", icon="pause", on_click=lambda: do("pause")).props("outline")
        if refused and (finished or not paused):  # going on tries them again as well
            again = ui.button("再试没有收下的文件", icon="replay", on_click=lambda: do("resume"))
            again.props("outline")


def _standing(one: BatchOut, done_by: str, reasons: tuple[str, ...]) -> None:
    with ui.element("div").classes("stack"):
        for reason in reasons:
            ui.label(reason).classes("outdated").props("role=note")
        parts.share(one.progress, "进度")
    if done_by:
        ui.label(done_by).classes("soft")
    files, jobs = one.files, one.jobs
    with ui.element("div").classes("tiles"):
        tile("会议完成", str(jobs[JobState.DONE]))
        tile(
            "会议在等", str(jobs[JobState.QUEUED] + jobs[JobState.RUNNING]), _running(jobs[JobState.RUNNING])
        )
        tile("会议失败", str(jobs[JobState.FAILED]), _cancelled(jobs[JobState.CANCELLED]))
        if sum(files.values()):
            tile("文件收下", str(files[FileState.TAKEN]), _to_come(files[FileState.WAITING]))
            tile("文件没有收下", str(files[FileState.REFUSED]))
        tile("已有结论而跳过", _number(one.inspected))
        tile("对不上会议", _number(one.unmatched))


def _running(number: int) -> str:
    return f"其中 {number} 场进行中" if number else ""


def _to_come(number: int) -> str:
    return f"{number} 个等待收取" if number else ""


def _cancelled(number: int) -> str:
    return f"另有 {number} 场已取消" if number else ""


def _number(found: int | None) -> str:
    return parts.UNKNOWN if found is None else str(found)


def _done_by(one: BatchOut) -> str:
    if one.done_by is None:
        return ""
    return f"按目前速度预计 {one.done_by.astimezone(SHANGHAI):%m-%d %H:%M} 做完"


def _refused(files: tuple[BatchFileOut, ...], number: int) -> None:
    if not files:
        parts.empty("没有：收取的文件都收下了，或还在等待。")
        return
    rows = [[one.file, one.error or ""] for one in files]
    listing.folded("没有收下的文件", [Column("文件"), Column("原因")], rows, shown=FIRST)
    if number > len(files):
        parts.empty(f"只列出前 {len(files)} 个，全部见结果工作簿。")


def _meeting(one: BatchMeetingOut) -> list[object]:
    status, icon = OF_STATE[one.state]
    day = f"{one.started_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if one.started_at else "未登记"
    failed = one.state in (JobState.FAILED, JobState.CANCELLED)
    done = one.state is JobState.DONE
    name = listing.link(f"/meetings/{one.meeting}", one.institution_name)
    return [
        listing.two_lines(name, f"{day} · {one.meeting}"),
        listing.badge(status, STATES[one.state], icon),
        listing.verdict_badge(one.verdict) if done else "",
        points(one.energy_score) if done else "",
        one.error or "",
        listing.action("retry", one.job, "重试", subject=one.meeting) if failed else Html(""),
    ]


def _left_out(found: LeftOut) -> None:
    """Nothing for a batch that left nothing out."""
    if found.inspected is None or found.unmatched is None:
        with parts.section("跳过和对不上的"):
            parts.empty("这个批次建立时还没有记下跳过和对不上的文件。")
        return
    if found.unmatched:
        with parts.section("对不上会议的文件", "建立批次时就排除了：改正后另建批次"):
            columns = [Column("文件"), Column("原因")]
            listing.folded("对不上会议的文件", columns, list(map(_unmatched, found.unmatched)), shown=FIRST)
    if found.inspected:
        with parts.section("已有结论而跳过的会议", "要重新质检，建立批次时加 --again；由人复核过的不再质检"):
            links = [[listing.link(f"/meetings/{code}", code)] for code in found.inspected]
            listing.folded("已有结论而跳过的会议", [Column("会议")], links, shown=FIRST)


def _unmatched(one: UnmatchedFile) -> list[object]:
    line = one.file if one.line is None else listing.two_lines(one.file, f"清单第 {one.line} 行")
    return [line, one.reason]

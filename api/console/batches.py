"""Batches: which archives are inspected, by whom, and how far each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.batches.repository import BatchRepository
from api.batches.schemas import BatchOut
from api.batches.service import lines
from api.batches.tables import FileState
from api.console import listing, parts
from api.console.frame import View, screen
from api.console.jobs import EVERY_SECONDS
from api.console.listing import Column, Html
from api.jobs.tables import ACTIVE, JobState
from api.pages import page
from models.base import SHANGHAI
from qa_pipeline.values.vocabulary import Status
from qa_pipeline.values.written import percent

PATH: Final = "/batches"
A_PAGE: Final = 30


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of batches."""

    rows: tuple[BatchOut, ...]
    further: str | None


def register() -> None:
    """Add the screen."""
    screen(PATH, title="批次", permission=Permission.RUN_BATCHES)(batches)


def read(session: Session, asker: Caller, cursor: str | None) -> Listed:
    """Newest first; not by when they may be done, which is another moment each time it is asked."""
    rows = BatchRepository(session, within=asker.within).listed(cursor=cursor, limit=A_PAGE)
    shown, further = page(rows, A_PAGE, lambda row: [row.id])
    rows_shown = (one.model_copy(update={"done_by": None}) for one in lines(session, asker, shown))
    return Listed(tuple(rows_shown), further)


def state(one: BatchOut) -> tuple[Status, str, str]:
    """Status, word and icon."""
    if one.paused and not one.finished:
        return Status.UNKNOWN, "已暂停", "pause_circle"
    if not one.finished and one.folder is None and not any(one.jobs[state] for state in ACTIVE):
        return Status.WARN, "等着发送", "upload"
    if not one.finished:
        return Status.WARN, "进行中", "autorenew"
    if one.files[FileState.REFUSED] or one.jobs[JobState.FAILED]:
        return Status.WARN, "做完，有没做成的", "warning"
    return Status.PASS, "完成", "check_circle"


async def batches(view: View, cursor: str = "") -> None:
    drawn: list[Listed] = []
    with parts.section("批次", "新的在前，自动更新"):
        place = ui.element("div").classes("w-full")

    async def draw() -> None:
        found = await view.ask(read, view.asker, cursor or None)
        if drawn == [found]:
            return  # whoever is at a link with the keyboard stays there
        drawn[:] = [found]
        place.clear()
        with place:
            _table(found)

    await draw()
    ui.timer(EVERY_SECONDS, draw)


def _table(found: Listed) -> None:
    if not found.rows:
        parts.empty(
            "还没有批次：整月的归档用命令 huijian batch 文件夹 --service 服务地址 交来，"
            "或由其他系统调用 POST /api/v1/batches。"
        )
        return
    listing.table(
        "批次",
        [Column("批次"), Column("状态"), Column("进度"), Column("会议"), Column("文件"), Column("发起")],
        [_row(one) for one in found.rows],
    )
    listing.further(PATH, found.further)


def _row(one: BatchOut) -> list[object]:
    return [
        listing.two_lines(listing.link(f"{PATH}/{one.code}", one.name), one.code),
        listing.badge(*state(one)),
        track(one),
        _meetings(one),
        _files(one),
        listing.two_lines(f"{one.created_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}", one.created_by),
    ]


def track(one: BatchOut) -> Html:
    """How many of its meetings have ended, as a bar."""
    share = percent(one.progress)
    return Html(
        f'<span class="grow">{share}<span class="track" role="progressbar" aria-label="批次的进度" '
        f'aria-valuenow="{share[:-1]}"><span class="fill" style="width:{share}"></span></span></span>'
    )


def _meetings(one: BatchOut) -> Html:
    jobs = one.jobs
    waiting, failed = jobs[JobState.QUEUED] + jobs[JobState.RUNNING], jobs[JobState.FAILED]
    others = [f"{waiting} 场在等"] if waiting else []
    others += [f"{failed} 场失败"] if failed else []
    others += [f"{jobs[JobState.CANCELLED]} 场已取消"] if jobs[JobState.CANCELLED] else []
    others += [f"{one.inspected} 场跳过"] if one.inspected else []
    return listing.two_lines(f"{jobs[JobState.DONE]} 场完成", " · ".join(others))


def _files(one: BatchOut) -> Html | str:
    waiting, taken, refused = (one.files[state] for state in FileState)
    others = [f"{waiting} 个等待收取"] if waiting else []
    others += [f"{refused} 个没有收下"] if refused else []
    others += [f"{one.unmatched} 个对不上"] if one.unmatched else []
    if not waiting + taken + refused and not others:
        return "已上传的录音"
    return listing.two_lines(f"{taken} 个收下", " · ".join(others))

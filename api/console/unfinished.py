"""What its owner began to record or to upload and did not finish, on the first screen: go on, or drop it.

The service knows what it has received; what was recorded while nothing could be sent is on the device alone
(assets/unfinished.js looks there).
"""

from __future__ import annotations

import json
from typing import Final

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import MOUNT, frame, listing, parts
from api.console.calls import call
from api.console.dialogs import anew, confirm
from api.console.frame import View
from api.console.listing import Column, Html
from api.recordings import resumable
from api.recordings.schemas import UnfinishedOut
from api.store import open_store
from models.base import SHANGHAI

MEGABYTE: Final = 1024 * 1024
TITLE: Final = "没有传完的录音"


def read(session: Session, asker: Caller) -> tuple[UnfinishedOut, ...]:
    if Permission.UPLOAD not in asker.permissions:
        return ()
    settings = frame.settings()
    store = open_store(settings.store, data_folder=settings.data_folder)
    return tuple(resumable.unfinished(session, asker, store))


def draw(view: View, found: tuple[UnfinishedOut, ...]) -> None:
    """Hidden as long as neither the service nor the device has anything."""
    if not view.may(Permission.UPLOAD):
        return

    def drop(_: str, code: str) -> None:
        told = "已传的部分从服务器上删去，要用时须从头再传。"
        path = f"uploads/{code}"
        confirm("丢弃未传完的录音", told, "丢弃", lambda: call(view, "DELETE", path), anew, destroys=True)

    given = json.dumps({"owner": view.asker.actor, "mount": MOUNT, "known": [one.code for one in found]})
    script = given.replace("</", "<\\/")
    ui.add_body_html(
        f'<script>window.hjUnfinished = {script}</script><script src="{MOUNT}/assets/unfinished.js"></script>'
    )
    outer = ui.element("div").classes("w-full").props("id=unfinished" + ("" if found else " hidden"))
    with outer, parts.section(TITLE, "七天之内可以接着传，已传的部分都在"):
        ui.html('<ul id="unfinished-here" class="problems"></ul>', sanitize=False)
        if found:
            listing.table(
                TITLE,
                [Column("录音"), Column("会议"), Column("已传", figures=True), Column("开始"), Column("")],
                [_row(one) for one in found],
                on_action=drop,
            )


def received(sent: int, whole: int | None) -> str:
    """``2.0 / 40.5 MB`` of bytes, in kilobytes where megabytes would read 0.0."""
    unit, size = ("MB", MEGABYTE) if max(sent, whole or 0) >= MEGABYTE / 10 else ("KB", 1024)
    figures = [sent] if whole is None else [sent, whole]
    return f"{' / '.join(f'{each / size:.1f}' for each in figures)} {unit}"


def _row(one: UnfinishedOut) -> list[object]:
    known = {"meeting": one.meeting} if one.meeting else {}
    if one.live and one.meeting:
        way = listing.link(f"/record/{one.meeting}", "接着录或接着传 ›")
    elif one.offset == one.length:
        way = listing.link("/upload", "再选同一文件，补上会议信息 ›", **known)
    else:
        way = listing.link("/upload", "再选同一文件接着传 ›", **known)
    drop = Html("") if one.live else listing.action("drop", one.code, "丢弃", subject=one.file_name)
    return [
        one.file_name,
        listing.link(f"/meetings/{one.meeting}", one.meeting) if one.meeting else "按文件识别",
        received(one.offset, one.length),
        f"{one.created_at.astimezone(SHANGHAI):%m-%d %H:%M}",
        Html(f"<span>{way} {drop}</span>"),
    ]

"""Uploading a meeting's recording, from the file to the verdict without leaving the page."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Final

from nicegui import ui
from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.access import Caller, Permission
from api.console import MOUNT, parts, when, where
from api.console.calls import Answer
from api.console.dialogs import confirm
from api.console.frame import View, screen
from api.console.institutions import LOWEST
from api.meetings import service
from api.meetings.repository import MeetingListRepository, Sort
from api.meetings.schemas import MeetingOut
from api.organisation.service import today
from api.recordings.placing import Placing, resolve
from models.base import SHANGHAI
from models.calendar.weeks import month_start, months_later
from models.meetings.recordings import RecordingRepository
from models.meetings.tables import MeetingState
from models.organisation.tables import Institution
from qa_pipeline.errors import HuijianError, InputError
from qa_pipeline.names import KINDS
from qa_pipeline.pipeline import SOUND

OFFERED: Final = 60


def register() -> None:
    """Add the screen."""
    screen("/upload", title="上传", permission=Permission.UPLOAD)(upload)


def waiting(session: Session, asker: Caller, today: date, chosen: str = "") -> dict[str, str]:
    """Code -> words of this month's and last month's meetings without a result, newest first; and of the
    chosen one. Raises NotFound for a chosen one that the asker does not see."""
    listed = MeetingListRepository(session, within=asker.within)
    words: dict[str, str] = {}
    for month in (month_start(today), months_later(month_start(today), -1)):
        rows = listed.page(
            below=None, month=month, slot=None, kind=None, state=None, verdict=None, inspected=False,
            sort=Sort.LATEST_FIRST, cursor=None, limit=OFFERED,
        )  # fmt: skip
        words |= {one.code: _words(one) for one in map(service.shown, rows)
                  if one.state is not MeetingState.VOID}  # fmt: skip
    if chosen and chosen not in words:
        words[chosen] = _words(service.detail(session, asker, chosen))
    return words


def _words(one: MeetingOut) -> str:
    held = f"{one.started_at:%m-%d}" if one.started_at else "待召开"
    return f"{one.institution_name} · {KINDS[one.kind]} · {held}"


def already_there(session: Session, asker: Caller, said: dict[str, Any], file_name: str) -> str:
    """What its next part would be told beside; "" where the meeting has no recording, or is not clear yet."""
    try:
        placing = Placing.model_validate(said)
        found = resolve(session, asker.within, placing, file_name=file_name, created=None).meeting
    except (HuijianError, ValidationError):
        return ""  # the upload itself is refused, in a sentence beside the file
    parts = RecordingRepository(session, within=asker.within).check(found.code).parts if found else ()
    if found is None or not parts:
        return ""
    owner = session.get_one(Institution, found.institution_id)
    when_held = f"{found.started_at.astimezone(SHANGHAI):%m-%d}" if found.started_at else ""
    return (
        f"{owner.name} {when_held} 的{KINDS[found.kind]}已有 {len(parts)} 段录音，"
        f"这次上传的将作为第 {max(part.part for part in parts) + 1} 段；以前传过的文件不会重复登记。"
    )


async def upload(view: View, meeting: str = "", institution: str = "", kind: str = "") -> None:
    """The address may say of which meeting the recording is, or of whose meeting of which kind."""
    offered = await view.ask(waiting, view.asker, today(), meeting)
    places = await view.ask(where.offered, view.asker, institution or None, level=LOWEST)
    ui.add_body_html(f'<script src="{MOUNT}/assets/upload.js"></script>')
    with parts.section("选择录音", "可选多段；断网后再选同一文件会接着传"):
        kinds = ",".join(sorted(SOUND))
        ui.html(
            f'<label class="drop" for="files"><span>点此选择录音，或拖到这里</span>'
            f'<input id="files" type="file" multiple accept="audio/*,video/*,{kinds}"></label>',
            sanitize=False,
        ).classes("w-full")
        which = ui.select(offered, label="哪一场会议（不选则自动识别）", with_input=True, clearable=True)
        which.props("outlined dense").classes("field").value = meeting or None
        sort = ui.select(dict(KINDS), label="会议类别（不选则自动识别）", clearable=True)
        sort.props("outlined dense").classes("field").value = kind if kind in KINDS else None
        with ui.element("div").classes("fields"):
            day = when.field("召开日期")
            start = when.field("开始时间", kind=when.Kind.TIME)
            place = where.field("机构（不选则自动识别）", places, institution, optional=True)
            place.set_visibility(places.many or len(places.names) > 1)

        async def facts() -> dict[str, Any]:
            on, at = when.given(day), when.given(start)
            if at and not on:
                raise InputError("填了开始时间，请同时填写召开日期。")
            moment = f"{on}T{at}:00+08:00" if on and at else None
            said = {"meeting": which.value, "kind": sort.value, "day": on, "started_at": moment,
                    "institution": await where.given(view, place)}  # fmt: skip
            return {name: value for name, value in said.items() if value}

        async def begin() -> None:
            chosen = await ui.run_javascript("return hjChosen()")
            if not chosen:
                ui.notify("请先选择录音文件。", type="warning")
                return
            try:
                told = await facts()
                there = await view.ask(already_there, view.asker, told, chosen[0])
            except where.NoSuchInstitution:
                return  # said at its field
            except InputError as error:
                ui.notify(str(error), type="warning")
                return

            async def send() -> Answer:
                ui.run_javascript(f"hjUpload({json.dumps(told)}, '{view.csrf}')")
                return Answer(ok=True, body=None)

            if there:
                confirm("这场会议已有录音", there, "接着上传", send, lambda _: None)
            else:
                await send()

        ui.button("开始上传", icon="upload", on_click=begin)
    with parts.section("进度"):
        ui.html(
            '<ol id="uploads" class="uploads" aria-live="polite"></ol>'
            '<p class="empty soft">选好录音，点“开始上传”：每个文件的进度和结论都在这里，不用刷新。</p>',
            sanitize=False,
        ).classes("w-full")

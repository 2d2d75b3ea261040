"""Routes of minutes, and of practices as they are passed on: their sound, their card."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse

from api.access import Caller, Permission, allowed
from api.audit import note_meeting
from api.fields import Code
from api.minutes import clip, service
from api.minutes.document import document
from api.minutes.schemas import MinutesOut
from api.problems import NotFound
from api.sessions import Database
from api.store import Store

router: Final = APIRouter(tags=["会议纪要"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MEETINGS))]
Listener = Annotated[Caller, Depends(allowed(Permission.PLAY_RECORDINGS))]
Full = Annotated[bool, Query(description="不隐去号码和客户姓名；仅限质检人员，并记入审计")]
PracticeNumber = Annotated[int, Path(ge=1, le=999, description="第几条做法，与纪要中的 number 一致")]
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@router.get("/meetings/{code}/minutes", summary="会议纪要", operation_id="get_minutes")
def minutes(request: Request, session: Database, asker: Reader, code: Code, full: Full = False) -> MinutesOut:
    return _minutes(request, session, asker, code, full=full)


@router.get(
    "/meetings/{code}/minutes.docx",
    summary="会议纪要（Word）",
    operation_id="get_minutes_document",
    response_class=Response,
    responses={200: {"content": {DOCX: {}}, "description": "纪要"}},
)
def word(request: Request, session: Database, asker: Reader, code: Code, full: Full = False) -> Response:
    shown = _minutes(request, session, asker, code, full=full)
    day = f"{shown.started_at:%Y-%m-%d}" if shown.started_at else code
    name = quote(f"{shown.institution}_{day}_会议纪要.docx")
    return Response(
        document(shown),
        media_type=DOCX,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


@router.get(
    "/meetings/{code}/practices/{number}/audio",
    summary="一条优秀做法的录音片段（M4A）",
    operation_id="get_practice_audio",
    response_class=Response,
    responses={200: {"content": {"audio/mp4": {}}, "description": "片段"}},
)
def practice(
    request: Request,
    session: Database,
    asker: Listener,
    code: Code,
    number: PracticeNumber,
) -> Response:
    """每次收听都记入审计。"""
    found = service.inspected(session, asker, code)
    inspection = found.inspection
    part, begin, end = clip.place(inspection.recording, inspection.findings.practices, number)
    note_meeting(session, request, asker, found.meeting, "clip.play", practice=number)
    session.commit()  # cutting takes a moment, and nothing is held meanwhile
    store: Store = request.app.state.store
    if store.size(part.sha256) is None:
        raise NotFound(f"会议 {code} 的录音已按保留期删除，无法截取。")
    with store.on_disk(part.sha256) as file:
        content = clip.cut(file, begin, end)
    return Response(content, media_type="audio/mp4", headers={"Cache-Control": "private, no-store"})


@router.get(
    "/meetings/{code}/practices/{number}/card",
    summary="一条优秀做法的实践卡（可转发的文字）",
    operation_id="get_practice_card",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {}}, "description": "实践卡"}},
)
def card(
    request: Request, session: Database, asker: Reader, code: Code, number: PracticeNumber
) -> PlainTextResponse:
    """号码和客户姓名已隐去；每次取用都记入审计。"""
    found = service.inspected(session, asker, code)
    text = service.card(session, found, number)
    note_meeting(session, request, asker, found.meeting, "card.read", practice=number)
    return PlainTextResponse(text)


def _minutes(request: Request, session: Database, asker: Caller, code: str, *, full: bool) -> MinutesOut:
    found = service.inspected(session, asker, code)
    if full:
        service.require_full(asker)
    shown = service.minutes(session, asker, found, full=full)
    note_meeting(
        session, request, asker, found.meeting, "minutes.read", version=found.card.version, full=full
    )
    return shown

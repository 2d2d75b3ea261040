"""Routes of uploads in one request, of a meeting's parts, and of playing them."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from api.access import Caller, Permission, allowed
from api.accounts.tables import AuditEntry
from api.audit import note, note_meeting
from api.etags import IfMatch, Tag, require_match
from api.fields import Code, Day, Moment, existing
from api.jobs.repository import JobRepository
from api.jobs.stages import key_of
from api.jobs.tables import ArtefactKind
from api.problems import NotFound
from api.recordings.placing import MOST_PARTS, Placing
from api.recordings.receiving import Sound, receive, sounds
from api.recordings.schemas import (
    JobRef,
    RecordingOut,
    RecordingWithdrawal,
    UploadAnswer,
    WaveformOut,
    WithdrawnOut,
)
from api.recordings.service import accept, keep, shown
from api.recordings.threads import in_keeping_thread, in_upload_thread
from api.recordings.withdrawal import withdraw
from api.sessions import Database, begin_writing, reads_first
from api.store import Store, get
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Recording
from qa_pipeline.values.vocabulary import MeetingKind

router: Final = APIRouter(tags=["录音"])
Uploader = Annotated[Caller, Depends(allowed(Permission.UPLOAD))]
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MEETINGS))]
Listener = Annotated[Caller, Depends(allowed(Permission.PLAY_RECORDINGS))]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=128,
        pattern=r"^[\x21-\x7e]+$",
        description="客户端为一次上传起的编号；30 天内重试时带同一编号，只登记一次并得到同一回答",
    ),
]
ANY_SIZE: Final = 1 << 40
"""The limit of a file is kept while it comes, whatever the whole request's size."""
PLAY_NOTED: Final = timedelta(minutes=10)
"""A player asks for many ranges; one entry stands for all that it asks within this time."""
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "minItems": 1,
                            "description": "录音文件；一场会议分几段录的，按顺序给出几个",
                        }
                    },
                }
            }
        },
    }
}


async def placing(
    meeting: Annotated[Code | None, Query(description="会议编号；不填则按机构、日期和文件名找")] = None,
    institution: Annotated[Code | None, Query(description="机构代码")] = None,
    day: Annotated[Day | None, Query(description="召开日期；不填则看文件名或录音时间")] = None,
    started_at: Annotated[Moment | None, Query(description="会议开始时间，带时区")] = None,
    kind: Annotated[MeetingKind | None, Query(description="会议类别；不填则看文件名或日期")] = None,
    part: Annotated[
        int | None, Query(ge=1, le=MOST_PARTS, description="第一个文件是第几段；不填则接在后面")
    ] = None,
    inspect: Annotated[bool, Query(description="登记后即开始质检；还有后续分段时可先填 false")] = True,
) -> Placing:
    """What the caller says of the meeting, from the query."""
    return Placing(
        meeting=meeting, institution=institution, day=day, started_at=started_at, kind=kind, part=part,
        inspect=inspect,
    )  # fmt: skip


@router.post(
    "/recordings",
    summary="上传一场会议的录音",
    operation_id="upload_recording",
    status_code=201,
    response_model=UploadAnswer,
    responses={
        200: {"model": UploadAnswer, "description": "同样的文件此前已登记"},
        413: {"description": "文件超过上限"},
        507: {"description": "存储空间已满"},
    },
    openapi_extra=_BODY,
    max_body_size=ANY_SIZE,
)
@reads_first
async def upload(
    request: Request,
    response: Response,
    session: Database,
    asker: Uploader,
    said: Annotated[Placing, Depends(placing)],
    idempotency_key: IdempotencyKey = None,
) -> UploadAnswer:
    """一个或多个文件一次传完。会议未指定时按机构、日期和文件名寻找，不唯一则说明缺什么。"""
    store: Store = request.app.state.store
    limit = request.app.state.settings.upload_limit
    await run_in_threadpool(_check_before, session, asker, said)
    arrived = await receive(request, store, limit=limit)
    try:
        found = await in_upload_thread(sounds, arrived)
        answer, new = await in_keeping_thread(
            _take, session, request, asker, store, found, said, idempotency_key
        )
    finally:
        for one in arrived:
            one.file.unlink(missing_ok=True)
    response.status_code = 201 if new else 200
    return answer


def _check_before(session: Session, asker: Caller, said: Placing) -> None:
    """Refuse what can be refused before a byte is taken; then hold nothing while the bytes come."""
    if said.meeting is not None:
        existing(MeetingRepository(session, within=asker.within).get, said.meeting)
    session.commit()


def _take(
    session: Session,
    request: Request,
    asker: Caller,
    store: Store,
    found: Sequence[Sound],
    said: Placing,
    key: str | None,
) -> tuple[UploadAnswer, bool]:
    """Committed here: who writes next need not wait until this answer is on its way."""
    keep(store, [one.arrived for one in found])
    begin_writing(session, to=None if key is None else f"{asker.actor} {key}")
    taken = accept(session, request, asker, found, said, key=key)
    session.commit()
    return taken


@router.get(
    "/meetings/{meeting}/recordings",
    summary="一场会议的录音分段",
    operation_id="list_recordings",
)
def parts(meeting: Annotated[Code, Path()], session: Database, asker: Reader, tag: Tag) -> RecordingOut:
    """按段号排列，并指出缺段、断点和重复的声音。"""
    found = shown(session, asker, existing(MeetingRepository(session, within=asker.within).get, meeting))
    tag(found)
    return found


@router.post(
    "/meetings/{meeting}/recordings/{part}/withdraw",
    summary="撤回传错会议的一段录音",
    operation_id="withdraw_recording",
)
def take_back(
    meeting: Annotated[Code, Path()],
    part: Annotated[int, Path(ge=1, le=MOST_PARTS)],
    body: RecordingWithdrawal,
    request: Request,
    tag: Tag,
    session: Database,
    asker: Uploader,
    if_match: IfMatch,
) -> WithdrawnOut:
    """其后各段依次前移，其余录音重新质检。结论已依据这一段时，只能由有复核权限的人员撤回；正在复核、已由人作出结论、
    法定保留中或录音已按保留期删除的不能撤回。声音文件无人再用后由每日清理删除。"""
    owner = existing(MeetingRepository(session, within=asker.within).get, meeting)
    MeetingRepository(session).lock(owner.id)
    require_match(if_match, shown(session, asker, owner))
    row, job = withdraw(session, request.app.state.store, asker, owner, part)
    note_meeting(
        session, request, asker, owner, "recording.withdraw", part=part, sha256=row.content_hash,
        reason=body.reason,
    )  # fmt: skip
    ref = JobRef(code=job.code, state=job.state) if job is not None else None
    left = shown(session, asker, owner)
    tag(left)
    return WithdrawnOut(**dict(left), job=ref)


@router.get(
    "/meetings/{meeting}/recordings/{part}/audio",
    summary="播放或下载一段录音",
    operation_id="play_recording",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}},
        206: {
            "description": "所要的一段",
            "content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}},
        },
        416: {"description": "请求的范围超出文件"},
    },
)
def play(
    meeting: Annotated[Code, Path()],
    part: Annotated[int, Path(ge=1, le=MOST_PARTS)],
    request: Request,
    session: Database,
    asker: Listener,
    download: Annotated[bool, Query(description="下载：true 为下载成文件")] = False,
    wanted: Annotated[str | None, Header(alias="Range", description="要哪一段，如 bytes=0-1048575")] = None,
) -> Response:
    """支持 Range 请求，可拖动播放；每次收听都记入审计。"""
    owner = existing(MeetingRepository(session, within=asker.within).get, meeting)
    row = session.scalars(
        select(Recording).where(Recording.meeting_id == owner.id, Recording.part == part)
    ).one_or_none()
    store: Store = request.app.state.store
    size = store.size(row.content_hash) if row is not None else None
    if row is None or size is None:
        raise NotFound(f"会议 {meeting} 的第 {part} 段录音不存在或已按保留期删除。")
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{row.content_hash}"',
        "Content-Disposition": f"{'attachment' if download else 'inline'}; "
        f"filename*=UTF-8''{quote(row.file_name)}",
    }
    span = _span(wanted, size)
    if span is None:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    _note_play(session, request, asker, f"{meeting}#{part}", owner.institution_id, download=download)
    start, end = span
    partial = wanted is not None and _RANGE.fullmatch(wanted) is not None
    if partial:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    return StreamingResponse(
        store.read(row.content_hash, start=start, end=end),
        status_code=206 if partial else 200,
        media_type=_media_type(row.file_name),
        headers=headers,
    )


@router.get(
    "/meetings/{meeting}/waveform",
    summary="录音的波形，供画图",
    operation_id="get_waveform",
    responses={404: {"description": "没有录音，或尚未质检"}},
)
def waveform(
    meeting: Annotated[Code, Path()], request: Request, session: Database, asker: Reader
) -> WaveformOut:
    """由质检任务计算一次，存为成果；不含任何话语。"""
    owner = existing(MeetingRepository(session, within=asker.within).get, meeting)
    found = shown(session, asker, owner)
    made = JobRepository(session).artefact(
        ArtefactKind.WAVEFORM, key_of(*(part.sha256 for part in found.parts))
    )
    store: Store = request.app.state.store
    if made is None or store.size(made.content_hash) is None:
        raise NotFound(f"会议 {meeting} 的录音还没有波形：质检时会自动计算。")
    columns = json.loads(get(store, made.content_hash))
    return WaveformOut(duration=sum(part.duration for part in found.parts), columns=columns)


def _span(wanted: str | None, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of the range; all when none is asked for in the form that players use."""
    found = _RANGE.fullmatch(wanted or "")
    if found is None or found[0] == "bytes=-":
        return 0, size
    first, last = found[1], found[2]
    if not first:
        return (max(0, size - int(last)), size) if int(last) > 0 else None
    start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None


def _media_type(name: str) -> str:
    kind = mimetypes.guess_type(name)[0] or ""
    return kind if kind.startswith(("audio/", "video/")) else "application/octet-stream"


def _note_play(
    session: Session, request: Request, asker: Caller, code: str, institution_id: int, *, download: bool
) -> None:
    action = "recording.download" if download else "recording.play"
    lately = select(
        exists().where(
            AuditEntry.actor == asker.actor,
            AuditEntry.action == action,
            AuditEntry.object_kind == "recording",
            AuditEntry.object_code == code,
            AuditEntry.at > datetime.now(UTC) - PLAY_NOTED,
        )
    )
    if not session.scalar(lately):
        begin_writing(session)
        note(session, request, asker, action, kind="recording", code=code, institution_id=institution_id)

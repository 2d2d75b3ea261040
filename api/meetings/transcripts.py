"""Routes of transcripts: as text of several forms, and edited as new versions."""

from __future__ import annotations

import tempfile
from enum import StrEnum
from pathlib import Path as File
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import Caller, Permission, allowed
from api.audit import note_meeting
from api.etags import IfMatch, Tag, require_match
from api.fields import Code
from api.meetings import service, versions
from api.meetings.scorecard_schemas import (
    BorderOut,
    TranscriptEdit,
    TranscriptHead,
    TranscriptOut,
    UtteranceOut,
)
from api.meetings.tables import TranscriptVersion
from api.problems import Forbidden, NotFound
from api.sessions import Database
from models.meetings.tables import Meeting
from qa_pipeline.transcript.formats import write_transcript

router: Final = APIRouter(tags=["文字稿"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MEETINGS))]
Editor = Annotated[Caller, Depends(allowed(Permission.EDIT_TRANSCRIPTS))]
Full = Annotated[bool, Query(description="不掩码的全文；仅限质检人员，并记入审计")]
Which = Annotated[int | None, Query(ge=1, le=1_000_000, description="版本；不填为最新")]


class Form(StrEnum):
    """Forms in which a transcript can be fetched as a file."""

    JSON = "json"
    SRT = "srt"
    VTT = "vtt"
    TXT = "txt"


_MEDIA: Final = {
    Form.JSON: "application/json",
    Form.SRT: "application/x-subrip",
    Form.VTT: "text/vtt",
    Form.TXT: "text/plain",
}


@router.get("/meetings/{code}/transcript", summary="文字稿（缺省掩码）", operation_id="get_transcript")
def transcript(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Reader,
    code: Code,
    version: Which = None,
    full: Full = False,
) -> TranscriptOut:
    meeting = service.meeting(session, asker, code)
    row = _readable(session, asker, meeting, version, full=full)
    shown = _shown(meeting, row, full=full)
    tag(_head(row))
    note_meeting(session, request, asker, meeting, "transcript.read", version=row.version, full=full)
    return shown


@router.get(
    "/meetings/{code}/transcript/file",
    summary="文字稿文件（JSON、SRT、VTT、TXT，缺省掩码）",
    operation_id="get_transcript_file",
    response_class=Response,
    responses={200: {"content": {media: {} for media in _MEDIA.values()}, "description": "文字稿"}},
)
def file(
    request: Request,
    session: Database,
    asker: Reader,
    code: Code,
    form: Annotated[Form, Query(description="格式")] = Form.TXT,
    version: Which = None,
    full: Full = False,
) -> Response:
    meeting = service.meeting(session, asker, code)
    row = _readable(session, asker, meeting, version, full=full)
    text = versions.transcript_of(row)
    with tempfile.TemporaryDirectory() as folder:
        target = File(folder) / f"transcript.{form}"
        write_transcript(text if full else versions.masked(text), target)
        content = target.read_bytes()
    note_meeting(session, request, asker, meeting, "transcript.read", version=row.version, full=full)
    name = quote(f"{meeting.code}_文字稿_{row.version}.{form}")
    return Response(
        content,
        media_type=f"{_MEDIA[form]}; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


@router.get(
    "/meetings/{code}/transcript/versions", summary="文字稿各版（由旧到新）", operation_id="list_transcripts"
)
def history(session: Database, asker: Reader, code: Code) -> list[TranscriptHead]:
    meeting = service.meeting(session, asker, code)
    return [_head(row) for row in versions.all_of(session, meeting.id)]


@router.post(
    "/meetings/{code}/transcript/versions",
    status_code=201,
    summary="修改文字、说话人、章节边界或语句标签，存为新版（下次评分采用）",
    operation_id="edit_transcript",
)
def edit(
    request: Request,
    tag: Tag,
    session: Database,
    asker: Editor,
    code: Code,
    body: TranscriptEdit,
    if_match: IfMatch,
) -> TranscriptOut:
    meeting = service.meeting(session, asker, code)
    newest = _found(session, meeting, None)
    require_match(if_match, _head(newest))
    new = versions.edit(
        session,
        newest,
        kind=meeting.kind,
        changes=[
            versions.Change(utterance=c.utterance, text=c.text, speaker=c.speaker) for c in body.changes
        ],
        speakers=body.speakers,
        borders=None
        if body.chapters is None
        else [versions.Border(first=b.first, chapter=b.chapter) for b in body.chapters],
        acts=None
        if body.acts is None
        else [versions.Doing(utterance=a.utterance, acts=tuple(a.acts)) for a in body.acts],
        by=asker.actor,
        note=body.note,
    )
    given = {"acts": body.acts, "chapters": body.chapters}
    counted = {name: len(rows) for name, rows in given.items() if rows is not None}
    note_meeting(
        session,
        request,
        asker,
        meeting,
        "transcript.edit",
        version=new.version,
        changes=len(body.changes),
        **counted,
    )
    tag(_head(new))
    return _shown(meeting, new, full=False)


def _readable(
    session: Database, asker: Caller, meeting: Meeting, version: int | None, *, full: bool
) -> TranscriptVersion:
    if full and Permission.REVIEW not in asker.permissions:
        raise Forbidden("不掩码的全文仅限质检人员查看：请去掉 full 参数。")
    return _found(session, meeting, version)


def _found(session: Database, meeting: Meeting, version: int | None) -> TranscriptVersion:
    rows = versions.all_of(session, meeting.id)
    row = next((r for r in reversed(rows) if version in (None, r.version)), None)
    if row is None:
        raise NotFound(
            f"会议 {meeting.code} 还没有文字稿：请先上传录音并等待转写完成。"
            if version is None
            else f"会议 {meeting.code} 没有第 {version} 版文字稿。"
        )
    return row


def _head(row: TranscriptVersion) -> TranscriptHead:
    return TranscriptHead(
        version=row.version,
        base_version=row.base_version,
        edited_by=row.edited_by,
        edited_at=row.edited_at,
        note=row.note,
    )


def _shown(meeting: Meeting, row: TranscriptVersion, *, full: bool) -> TranscriptOut:
    text = versions.transcript_of(row)
    edited = [any(e.step == versions.BY_HAND for e in u.edits) for u in text.utterances]
    lines = (text if full else versions.masked(text)).utterances
    acts = {doing.utterance: list(doing.acts) for doing in versions.acts_of(row)}
    return TranscriptOut(
        **dict(_head(row)),
        meeting=meeting.code,
        full=full,
        borders=[BorderOut.model_validate(border) for border in row.borders] if row.borders else None,
        utterances=[
            UtteranceOut(
                index=index,
                start=line.start,
                end=line.end,
                speaker=line.speaker,
                text=line.text,
                phantom=line.phantom,
                edited=by_hand,
                acts=acts.get(index),
            )
            for index, (line, by_hand) in enumerate(zip(lines, edited, strict=True))
        ],
    )

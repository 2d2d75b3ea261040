"""Routes of results: versions, differences, and reports to read or print."""

from __future__ import annotations

import tempfile
from pathlib import Path as File
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import Session

from api.access import Caller, Permission, allowed
from api.audit import note_meeting
from api.copies import service as copies
from api.fields import Code
from api.meetings import service
from api.meetings.kept import inspection_of
from api.meetings.repository import VersionRepository
from api.meetings.scorecard_schemas import (
    ChapterOut,
    Comparison,
    CriticalOut,
    DisagreementOut,
    EvidenceOut,
    FindingOut,
    ItemChange,
    ItemOut,
    ListenOut,
    ReadersOut,
    Result,
    Reviewed,
    ScorecardOut,
    VersionOut,
)
from api.problems import NotFound
from api.sessions import Database
from models.meetings.scorecards import ScorecardRepository
from models.meetings.tables import Meeting, Scorecard
from qa_pipeline.report.html import render_html
from qa_pipeline.report.workbook import write_workbook
from qa_pipeline.values.reader import ReaderChoice

router: Final = APIRouter(tags=["质检结论"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MEETINGS))]
Version = Annotated[int, Path(ge=1, le=1_000_000, description="版本号")]
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REPORT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@router.get("/meetings/{code}/scorecard", summary="当前结论", operation_id="get_scorecard")
def current(request: Request, session: Database, asker: Reader, code: Code) -> ScorecardOut:
    meeting = service.meeting(session, asker, code)
    shown = full(session, asker, meeting, found(session, meeting, None))
    note_meeting(session, request, asker, meeting, "scorecard.read", version=shown.version)
    return shown


@router.get("/meetings/{code}/scorecards", summary="各版结论（由旧到新）", operation_id="list_scorecards")
def versions(session: Database, asker: Reader, code: Code) -> list[VersionOut]:
    service.meeting(session, asker, code)
    return [head(card) for card in ScorecardRepository(session, within=asker.within).versions(code)]


@router.get("/meetings/{code}/scorecards/compare", summary="比较两版结论", operation_id="compare_scorecards")
def compare(
    session: Database,
    asker: Reader,
    code: Code,
    before: Annotated[int, Query(ge=1, le=1_000_000, description="较早的版本")],
    after: Annotated[int, Query(ge=1, le=1_000_000, description="较晚的版本")],
) -> Comparison:
    meeting = service.meeting(session, asker, code)
    old, new = (found(session, meeting, version) for version in (before, after))
    return Comparison(
        before=head(old),
        after=head(new),
        verdict_changed=old.verdict != new.verdict,
        items=_changes(old.result["items"], new.result["items"]),
    )


@router.get(
    "/meetings/{code}/scorecards/{version}", summary="某一版结论", operation_id="get_scorecard_version"
)
def one(request: Request, session: Database, asker: Reader, code: Code, version: Version) -> ScorecardOut:
    meeting = service.meeting(session, asker, code)
    shown = full(session, asker, meeting, found(session, meeting, version))
    note_meeting(session, request, asker, meeting, "scorecard.read", version=version)
    return shown


@router.get(
    "/meetings/{code}/scorecards/{version}/result",
    summary="某一版的完整结果（与 huijian inspect --json 相同）",
    operation_id="get_result",
)
def result(request: Request, session: Database, asker: Reader, code: Code, version: Version) -> Result:
    meeting = service.meeting(session, asker, code)
    whole = found(session, meeting, version).result
    note_meeting(session, request, asker, meeting, "scorecard.read", version=version)
    return whole


@router.get(
    "/meetings/{code}/scorecards/{version}/report.html",
    summary="报告（单个 HTML 文件）",
    operation_id="get_report",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}, "description": "报告"}},
)
def report(request: Request, session: Database, asker: Reader, code: Code, version: Version) -> Response:
    meeting = service.meeting(session, asker, code)
    page = render_html(inspection_of(session, found(session, meeting, version)))
    note_meeting(session, request, asker, meeting, "report.read", version=version)
    return Response(
        page, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": REPORT_POLICY}
    )


@router.get(
    "/meetings/{code}/scorecards/{version}/report.xlsx",
    summary="结果工作簿",
    operation_id="get_workbook",
    response_class=Response,
    responses={200: {"content": {XLSX: {}}, "description": "工作簿"}},
)
def workbook(request: Request, session: Database, asker: Reader, code: Code, version: Version) -> Response:
    meeting = service.meeting(session, asker, code)
    whole = found(session, meeting, version).result
    with tempfile.TemporaryDirectory() as folder:
        file = File(folder) / "result.xlsx"
        write_workbook([{"name": code, "status": "done", "result": whole}], file)
        content = file.read_bytes()
    note_meeting(session, request, asker, meeting, "report.read", version=version)
    return Response(
        content,
        media_type=XLSX,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{code}_结论_{version}.xlsx')}"
        },
    )


# ---------------------------------------------------------------- how a scorecard is shown


def found(session: Database, meeting: Meeting, version: int | None) -> Scorecard:
    """Raises NotFound where the meeting has no such version, or none yet."""
    card = VersionRepository(session).one(meeting.id, version)
    if card is None:
        raise NotFound(
            f"会议 {meeting.code} 尚未质检。"
            if version is None
            else f"会议 {meeting.code} 没有第 {version} 版结论。"
        )
    return card


def head(card: Scorecard) -> VersionOut:
    return VersionOut(
        version=card.version,
        is_current=card.is_current,
        made_at=card.made_at,
        rubric=card.rubric,
        energy_score=card.energy_score,
        band=(card.band_low, card.band_high),
        verdict=card.verdict,
        on_time=card.on_time,
        on_roster=card.on_roster,
        on_quality=card.on_quality,
    )


def full(session: Session, asker: Caller, meeting: Meeting, card: Scorecard) -> ScorecardOut:
    """Which meeting another one was copied from only those learn who may see both."""
    whole = card.result
    return ScorecardOut(
        **dict(head(card)),
        meeting=meeting.code,
        pass_line=whole["pass_line"],
        items=[_item(item) for item in whole["items"]],
        criticals=[CriticalOut.model_validate(critical) for critical in whole["criticals"]],
        attendance_changed=service.attendance_changed(session, meeting, card),
        copies=copies.shown(session, meeting, within=asker.within),
        listen=ListenOut.model_validate(whole["listen"]) if whole.get("listen") else None,
        readers=_readers(whole.get("reader")),
        chapters=[
            ChapterOut(chapter=row.chapter, start=row.start, end=row.end, confidence=row.confidence)
            for row in card.chapters
        ],
        findings=[
            FindingOut(kind=row.kind, text=row.text, start=row.start, end=row.end, quote=row.quote)
            for row in card.findings
        ],
        warnings=whole["warnings"],
        review=Reviewed.model_validate(whole["review"]) if "review" in whole else None,
    )


def _readers(told: dict[str, Any] | None) -> ReadersOut | None:
    """None where nobody but the local reader was to read; results of long ago do not say."""
    if told is None or told["asked"] == ReaderChoice.LOCAL:
        return None
    agreement = told["agreement"]
    return ReadersOut(
        asked=told["asked"],
        used=told["used"],
        reason=told["reason"],
        review=told["review"],
        chapter_agreement=agreement["chapters"],
        act_agreement=agreement["acts"],
        disagreements=[DisagreementOut.model_validate(one) for one in told["disagreements"]],
    )


def _item(item: dict[str, Any]) -> ItemOut:
    return ItemOut(
        id=item["id"],
        label=item["label"],
        dimension=item["dimension"],
        score=None if item["level"] is None else item["score"],
        max=item["max"],
        status=item["status"],
        reason=item["reason"],
        confidence=item["confidence"],
        suggestion=item["suggestion"],
        evidence=[EvidenceOut.model_validate(proof) for proof in item["evidence"]],
    )


def _changes(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[ItemChange]:
    before, after = ({item["id"]: _item(item) for item in items} for items in (old, new))
    changes = []
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key), after.get(key)
        if was and now and (was.score, was.status) == (now.score, now.status):
            continue
        changes.append(
            ItemChange(
                id=key,
                label=now.label if now else was.label if was else "",
                before=was.score if was else None,
                after=now.score if now else None,
                status_before=was.status if was else None,
                status_after=now.status if now else None,
            )
        )
    return changes

"""Routes of the review queue, reviews, appeals and agreement."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Row

from api.access import Caller, Permission, allowed
from api.audit import note, note_meeting
from api.fields import Below, Code, Day, in_order
from api.organisation.service import subtree_of, today
from api.pages import Cursor, Limit, Page, page, sliced
from api.reviews import corrections, service
from api.reviews.repository import AppealRepository, ReviewRepository
from api.reviews.schemas import (
    AgreementOut,
    AnswerIn,
    AppealIn,
    AppealOut,
    DecisionIn,
    OverrideOut,
    PaceOut,
    QueueRow,
    ReviewOut,
    SecondIn,
    Taking,
    Why,
)
from api.reviews.tables import AppealState, Review, ReviewState
from api.sessions import Database
from models.meetings.tables import Meeting

router: Final = APIRouter(tags=["复核"])
Reader = Annotated[Caller, Depends(allowed(Permission.READ_MEETINGS))]
Reviewer = Annotated[Caller, Depends(allowed(Permission.REVIEW))]
Appellant = Annotated[Caller, Depends(allowed(Permission.APPEAL))]
QUEUE_DAYS: Final = 92


@router.get("/reviews/queue", summary="待复核的结论（紧急的在前）", operation_id="list_review_queue")
def queue(
    session: Database,
    asker: Reviewer,
    below: Below = None,
    why: Annotated[Why | None, Query(description="只看有该原因的")] = None,
    free: Annotated[bool, Query(description="只看无人领取的")] = False,
    first: Annotated[Day | None, Query(description="召开日自（含）；不填为 92 天前")] = None,
    last: Annotated[Day | None, Query(description="召开日至（含）；不填为今天")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[QueueRow]:
    """有申诉的结论不论会议何时召开都在列。"""
    part = subtree_of(session, asker, below)
    end = last or today()
    begin = first or end - timedelta(days=QUEUE_DAYS)
    in_order(begin, end)
    rows = service.queue(session, asker, below=part.path if part else None, first=begin, last=end)
    wanted = [row for row in rows if (why is None or why in row.why) and not (free and row.review)]
    shown, further = sliced(wanted, cursor, limit, service.queue_key)
    return Page(items=list(shown), next=further)


@router.get("/reviews/agreement", summary="机器与人工的一致程度", operation_id="get_agreement")
def agreement(
    session: Database,
    asker: Reviewer,
    first: Annotated[Day, Query(description="决定日自（含）")],
    last: Annotated[Day, Query(description="决定日至（含）")],
    below: Below = None,
    sampled: Annotated[bool, Query(description="只看按规则抽检的会议：由此才能推断全体")] = False,
) -> AgreementOut:
    in_order(first, last)
    part = subtree_of(session, asker, below)
    path = part.path if part else None
    return service.agreed(session, asker, first=first, last=last, below=path, sampled=sampled)


@router.get(
    "/reviews/corrections",
    summary="复核更正，作为标注数据（ZIP，供 huijian train 使用）",
    operation_id="export_corrections",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "每场一个文本文件"}},
)
def corrected(
    request: Request,
    session: Database,
    asker: Reviewer,
    first: Annotated[Day, Query(description="更正日自（含）")],
    last: Annotated[Day, Query(description="更正日至（含）")],
) -> Response:
    in_order(first, last)
    found = list(corrections.corrections(session, asker.within, first=first, last=last))
    content = corrections.packed(found)
    note(session, request, asker, "corrections.export", kind="review", code="-", meetings=len(found))
    return Response(
        content,
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="corrections.zip"'},
    )


@router.get("/reviews/pace", summary="完成了多少复核、用时多久", operation_id="get_review_pace")
def pace(session: Database, asker: Reviewer) -> PaceOut:
    return service.pace(session, asker, day=today())


@router.get("/reviews", summary="复核（新的在前）", operation_id="list_reviews")
def reviews(
    session: Database,
    asker: Reviewer,
    meeting: Annotated[Code | None, Query(description="会议编号")] = None,
    state: Annotated[ReviewState | None, Query(description="状态")] = None,
    mine: Annotated[bool, Query(description="只看我领取的")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ReviewOut]:
    rows = ReviewRepository(session, within=asker.within).page(
        meeting=meeting,
        state=state,
        reviewer_id=(asker.account_id or 0) if mine else None,
        cursor=cursor,
        limit=limit,
    )
    shown, further = page(rows, limit, lambda row: [row[0].id])
    return Page(items=[shown_review(row) for row in shown], next=further)


@router.post("/reviews", status_code=201, summary="领取复核（重复领取无害）", operation_id="take_review")
def take(request: Request, session: Database, asker: Reviewer, body: Taking) -> ReviewOut:
    return _noted(session, request, asker, "review.take", service.take(session, asker, body.meeting))


@router.get("/reviews/{code}", summary="一次复核", operation_id="get_review")
def review(session: Database, asker: Reviewer, code: Code) -> ReviewOut:
    repository = ReviewRepository(session, within=asker.within)
    return shown_review(repository.shown(repository.get(code).code))


@router.post("/reviews/{code}/release", summary="释放复核", operation_id="release_review")
def release(request: Request, session: Database, asker: Reviewer, code: Code) -> ReviewOut:
    return _noted(session, request, asker, "review.release", service.release(session, asker, code))


@router.post("/reviews/{code}/decide", summary="作出决定，可改分", operation_id="decide_review")
def decide(request: Request, session: Database, asker: Reviewer, code: Code, body: DecisionIn) -> ReviewOut:
    decided = service.decide(session, asker, code, body)
    return _noted(session, request, asker, "review.decide", decided, verdict=body.verdict.value)


@router.post("/reviews/{code}/second", summary="第二人意见", operation_id="second_review")
def second(request: Request, session: Database, asker: Reviewer, code: Code, body: SecondIn) -> ReviewOut:
    confirmed = service.second(session, asker, code, body)
    return _noted(session, request, asker, "review.second", confirmed, agrees=body.agrees)


@router.get("/appeals", summary="申诉（新的在前）", operation_id="list_appeals")
def appeals(
    session: Database,
    asker: Reader,
    below: Below = None,
    meeting: Annotated[Code | None, Query(description="会议编号")] = None,
    state: Annotated[AppealState | None, Query(description="状态")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AppealOut]:
    part = subtree_of(session, asker, below)
    rows = AppealRepository(session, within=asker.within).page(
        meeting=meeting, state=state, below=part.path if part else None, cursor=cursor, limit=limit
    )
    shown, further = page(rows, limit, lambda row: [row[0].id])
    return Page(items=[shown_appeal(row) for row in shown], next=further)


@router.post(
    "/meetings/{code}/appeals", status_code=201, summary="对当前结论提出申诉", operation_id="open_appeal"
)
def appeal(request: Request, session: Database, asker: Appellant, code: Code, body: AppealIn) -> AppealOut:
    opened = service.appeal(session, asker, code, body.reason)
    note_meeting(session, request, asker, session.get_one(Meeting, opened.meeting_id), "appeal.open")
    return shown_appeal(AppealRepository(session, within=asker.within).shown(opened.code))


@router.post("/appeals/{code}/answer", summary="答复申诉", operation_id="answer_appeal")
def answer(request: Request, session: Database, asker: Reviewer, code: Code, body: AnswerIn) -> AppealOut:
    service.answer(session, asker, code, body)
    note(session, request, asker, "appeal.answer", kind="appeal", code=code, upheld=body.upheld)
    return shown_appeal(AppealRepository(session, within=asker.within).shown(code))


def _noted(
    session: Database, request: Request, asker: Caller, action: str, review: Review, **detail: str | bool
) -> ReviewOut:
    meeting = session.get_one(Meeting, review.meeting_id)
    note_meeting(session, request, asker, meeting, action, **detail)
    return shown_review(ReviewRepository(session, within=asker.within).shown(review.code))


def shown_review(row: Row[Any]) -> ReviewOut:
    found, meeting, version, reviewer, second, made = row
    return ReviewOut(
        code=found.code,
        meeting=meeting,
        version=version,
        state=found.state,
        reviewer=reviewer,
        taken_at=found.taken_at,
        verdict=found.verdict,
        reason=found.reason,
        overrides=[OverrideOut.model_validate(one) for one in found.overrides],
        second=second,
        second_agrees=found.second_agrees,
        second_reason=found.second_reason,
        decided_at=found.decided_at,
        result_version=made,
    )


def shown_appeal(row: Row[Any]) -> AppealOut:
    found, meeting, institution, version, opened_by, answered_by = row
    return AppealOut(
        code=found.code,
        meeting=meeting,
        institution=institution,
        version=version,
        state=found.state,
        opened_by=opened_by,
        opened_at=found.opened_at,
        reason=found.reason,
        answered_by=answered_by,
        answered_at=found.answered_at,
        answer=found.answer,
    )

"""Routes of calibration sets."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request

from api.access import Caller, Permission, allowed
from api.audit import note
from api.calibration import service
from api.calibration.repository import CalibrationRepository
from api.calibration.schemas import (
    BlindSheet,
    CalibrationDetail,
    CalibrationIn,
    CalibrationOut,
    CalibrationResult,
    Candidate,
    SheetIn,
)
from api.fields import Code
from api.pages import Cursor, Limit, Page, page
from api.sessions import Database

router: Final = APIRouter(tags=["校准"])
Reviewer = Annotated[Caller, Depends(allowed(Permission.REVIEW))]


@router.get(
    "/calibration-candidates", summary="可用于校准的会议（新复核的在前）", operation_id="list_candidates"
)
def candidates(session: Database, asker: Reviewer) -> list[Candidate]:
    return service.candidates(session, asker)


@router.get("/calibrations", summary="校准集（新的在前）", operation_id="list_calibrations")
def calibrations(
    session: Database, asker: Reviewer, cursor: Cursor = None, limit: Limit = 50
) -> Page[CalibrationOut]:
    rows = CalibrationRepository(session, within=asker.within).page(cursor=cursor, limit=limit)
    shown, further = page(rows, limit, lambda row: [row.id])
    return Page(items=service.heads(session, asker, shown), next=further)


@router.post("/calibrations", status_code=201, summary="发起校准", operation_id="begin_calibration")
def begin(request: Request, session: Database, asker: Reviewer, body: CalibrationIn) -> CalibrationDetail:
    new = service.begin(session, asker, body)
    note(session, request, asker, "calibration.begin", kind="calibration", code=new.code)
    return service.shown(session, asker, new)


@router.get("/calibrations/{code}", summary="一个校准集", operation_id="get_calibration")
def calibration(session: Database, asker: Reviewer, code: Code) -> CalibrationDetail:
    found = CalibrationRepository(session, within=asker.within).get(code)
    return service.shown(session, asker, found)


@router.post("/calibrations/{code}/close", summary="结束校准，公布结果", operation_id="close_calibration")
def close(request: Request, session: Database, asker: Reviewer, code: Code) -> CalibrationDetail:
    closed = service.close(session, asker, code)
    note(session, request, asker, "calibration.close", kind="calibration", code=code)
    return service.shown(session, asker, closed)


@router.get(
    "/calibrations/{code}/result",
    summary="校准结果（结束后可看）",
    operation_id="get_calibration_result",
    responses={409: {"description": "校准尚未结束"}},
)
def result(session: Database, asker: Reviewer, code: Code) -> CalibrationResult:
    return service.result(session, asker, code)


@router.get(
    "/calibrations/{code}/sheets/{meeting}",
    summary="一场会议的盲评表（不含任何人的评分）",
    operation_id="get_blind_sheet",
)
def sheet(session: Database, asker: Reviewer, code: Code, meeting: Code) -> BlindSheet:
    return service.blank(session, asker, code, meeting)


@router.put(
    "/calibrations/{code}/sheets/{meeting}",
    summary="交盲评（结束前可重交）",
    operation_id="put_blind_sheet",
)
def hand_in(
    request: Request, session: Database, asker: Reviewer, code: Code, meeting: Code, body: SheetIn
) -> BlindSheet:
    service.hand_in(session, asker, code, meeting, body)
    note(session, request, asker, "calibration.hand_in", kind="calibration", code=code, meeting=meeting)
    return service.blank(session, asker, code, meeting)

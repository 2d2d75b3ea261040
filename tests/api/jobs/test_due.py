"""The daily look at which meetings were due and are missing."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.jobs.due import note_missing
from api.jobs.tables import Notice
from models.base import SHANGHAI
from models.database import transaction
from models.meetings.repository import MeetingRepository
from qa_pipeline.values.vocabulary import MeetingKind


def test_missed_meetings_and_missing_recordings_are_told_once(service_engine: Engine) -> None:
    with transaction(service_engine) as session:
        assert note_missing(session, today=date(2026, 9, 8)) == 0
        MeetingRepository(session).record(
            "M", institution="350102", kind=MeetingKind.WEEKLY_REVIEW,
            started_at=datetime(2026, 9, 8, 9, tzinfo=SHANGHAI),
        )  # fmt: skip
    with transaction(service_engine) as session:
        assert note_missing(session, today=date(2026, 9, 12)) == 2
    with transaction(service_engine) as session:
        assert note_missing(session, today=date(2026, 9, 13)) == 0
    with Session(service_engine) as session:
        told = {notice.text for notice in session.scalars(select(Notice))}
        assert {notice.subject for notice in session.scalars(select(Notice))} == {"2026-09-W1"}
    held, missed = sorted(told)
    assert held.startswith("机构350102 2026-09-W1 周复盘会最晚应于 09月")
    assert held.endswith("已召开，但没有上传录音：请尽快补上。")
    assert missed.startswith("机构350103")
    assert missed.endswith("没有登记召开：请尽快补上。")

"""Meetings of the test service that were really inspected."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from sqlalchemy import Engine

from api.meetings.kept import publish
from models.base import SHANGHAI
from models.database import transaction
from models.meetings.repository import MeetingRepository
from models.meetings.slots import SlotRepository
from qa_pipeline.values.facts import Figure
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.vocabulary import MeetingKind
from tests.report.conftest import inspected

SEPTEMBER = date(2026, 9, 1)
MADE_AT = datetime(2026, 9, 9, 1, tzinfo=UTC)
PHONE = "13812345678"


@cache
def good() -> Inspection:
    """A weekly review that qualifies; somebody says a phone number in it."""
    found = inspected("A01", institution="机构350102")
    first, *others = found.transcript.utterances
    spoken = replace(first, text=f"{first.text}电话{PHONE}。")
    return replace(found, transcript=replace(found.transcript, utterances=(spoken, *others)))


@cache
def poor() -> Inspection:
    """A weekly review without a problem discussion; a figure is said that the books have otherwise."""
    fyc = Figure(owner="许东", indicator="fyc", value=5200.0, unit="元")
    return inspected("A05", institution="机构350103", figures=(fyc,))


def hold(engine: Engine, code: str, *, institution: str, day: int = 8) -> None:
    """A meeting held in September 2026 in the slot that follows from its day."""
    with transaction(engine) as session:
        SlotRepository(session).fill_month(SEPTEMBER)
        start = datetime(2026, 9, day, 9, tzinfo=SHANGHAI)
        MeetingRepository(session).record(
            code,
            institution=institution,
            kind=MeetingKind.WEEKLY_REVIEW,
            started_at=start,
            ended_at=start + timedelta(hours=1),
        )


def inspect_in_august(engine: Engine, code: str, day: int, inspection: Inspection) -> None:
    """A meeting of a month that has no slots, and that no screen counts; its code begins with that of its
    institution."""
    with transaction(engine) as session:
        held = datetime(2026, 8, day, 9, tzinfo=SHANGHAI)
        weekly = MeetingKind.WEEKLY_REVIEW
        MeetingRepository(session).record(code, institution=code[:6], kind=weekly, started_at=held)
    inspect(engine, code, inspection)


def inspect(engine: Engine, code: str, inspection: Inspection) -> None:
    with transaction(engine) as session:
        publish(session, code, inspection, made_at=MADE_AT)

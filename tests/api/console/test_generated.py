"""The screens over a generated organisation, as ``huijian serve --demo`` shows it, by the simulated user."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final

import pytest
from nicegui.testing import User
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, undefer

from api.accounts.tables import Role
from api.database import migrate
from api.jobs.tables import InspectionJob, JobState
from models.database import transaction
from models.demo_org.extent import Size
from models.demo_org.generate import FEWEST_MONTHS, generate
from models.meetings.tables import Meeting, MeetingState, Scorecard
from tests.api.conftest import SignedIn
from tests.api.console.conftest import Play
from tests.databases import new_database

UNTIL: Final = date(2026, 11, 24)
OPENED: Final = 6


@pytest.fixture(scope="module")
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    for engine in new_database("sqlite", request, tmp_path_factory.mktemp("generated"), prepare=migrate):
        generate(engine, seed=7, size=Size.SMALL, until=UNTIL, months=FEWEST_MONTHS)
        yield engine


@pytest.fixture
def service_engine(generated: Engine) -> Engine:
    return generated


def inspected(engine: Engine) -> list[str]:
    """Some of the meetings that agreed on actions."""
    query = (
        select(Meeting.code, Scorecard)
        .join(Scorecard, Scorecard.meeting_id == Meeting.id)
        .where(Meeting.state == MeetingState.HELD, Scorecard.is_current)
        .options(undefer(Scorecard.result))
        .order_by(Meeting.code)
    )
    with Session(engine) as session:
        return [code for code, card in session.execute(query).tuples() if card.result["actions"]][:OPENED]


def test_the_page_of_every_generated_meeting_opens(
    play: Play, signed_in: SignedIn, generated: Engine
) -> None:
    held = inspected(generated)
    with Session(generated) as session:
        waiting = session.scalars(select(Meeting.code).where(Meeting.state == MeetingState.PLANNED)).first()
    assert len(held) == OPENED
    assert waiting is not None

    async def story(user: User) -> None:
        for code in (*held, waiting):
            await user.open(f"/meetings/{code}")
            await user.should_see("文字稿" if code in held else "这场会议还没有结论")

    play(signed_in(Role.QA), story)


def test_a_meeting_whose_inspection_failed_says_why_and_where_to_try_again(
    play: Play, signed_in: SignedIn, generated: Engine
) -> None:
    with transaction(generated) as session:
        meeting = session.scalars(select(Meeting).where(Meeting.state == MeetingState.PLANNED)).first()
        assert meeting is not None
        session.add(
            InspectionJob(
                code="J失败",
                meeting_id=meeting.id,
                state=JobState.FAILED,
                error="录音里没有听到讲话，请核对文件。",
                requested_by="t",
                created_at=datetime.now(UTC),
            )
        )
        code = meeting.code

    async def story(user: User) -> None:
        await user.open(f"/meetings/{code}")
        await user.should_see("质检没有完成：录音里没有听到讲话，请核对文件。")
        await user.should_see("看进度、重试 ›")

    play(signed_in(Role.HEAD_OFFICE), story)

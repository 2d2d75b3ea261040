"""``huijian serve --demo``: the samples come in once, also when loading was broken off."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api import demo
from api.database import migrate
from api.jobs.service import start
from api.jobs.tables import InspectionJob
from api.settings import Settings
from models.base import SHANGHAI
from models.database import connect, transaction
from models.meetings.repository import MeetingRepository
from models.meetings.slots import SlotRepository
from models.meetings.tables import MeetingSlot, Recording, Scorecard
from models.organisation.repository import InstitutionRepository

MONTHS = (date(2026, 9, 1), date(2026, 10, 1))
SAMPLES = 5


def small(engine: Engine, **_: object) -> None:
    """An organisation with inspected meetings of every theme: the demo's own takes many seconds."""
    with transaction(engine) as session:
        tree, parent = InstitutionRepository(session), None
        for code in ("0", "35", "3501", "350102"):
            tree.add(code, name=code, parent=parent, valid_from=date(2020, 1, 1), must_hold=code == "350102")
            parent = code
        for month in MONTHS:
            SlotRepository(session).fill_month(month)
        slots = session.execute(
            select(MeetingSlot.earliest, MeetingSlot.kind).where(MeetingSlot.month.in_(MONTHS))
        )
        for number, (day, kind) in enumerate(slots.tuples().all()):
            at = datetime(day.year, day.month, day.day, 9, tzinfo=SHANGHAI)
            held = MeetingRepository(session).record(
                f"M{number}", institution="350102", kind=kind, started_at=at + timedelta(minutes=number)
            )
            session.add(Scorecard(meeting_id=held.id, version=1, is_current=True, made_at=datetime.now(UTC),
                                  rubric="r", result={}, verdict="qualified", on_time="pass",
                                  on_roster="pass", on_quality="pass"))  # fmt: skip


def test_all_samples_come_in_once_though_loading_was_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "generate", small)
    settings = Settings(data_folder=tmp_path)
    engine = connect(settings.database)
    migrate(engine)
    asked = list[str]()

    def broken_off(session: Session, *, meeting: str, requested_by: str) -> InspectionJob:
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(meeting)
        return start(session, meeting=meeting, requested_by=requested_by)

    with monkeypatch.context() as patched:
        patched.setattr(demo, "start", broken_off)
        with pytest.raises(KeyboardInterrupt):
            demo.load(engine, settings)
    assert demo.load(engine, settings).endswith(f"正在质检 {SAMPLES} 段示例录音。")
    assert demo.load(engine, settings) == "数据库里已有机构，未再装入示例机构。"
    with Session(engine) as session:
        meetings = session.scalars(select(InspectionJob.meeting_id)).all()
        recordings = session.scalars(select(Recording)).all()
    assert len(meetings) == len({row.file_name for row in recordings}) == SAMPLES
    assert set(meetings) == {row.meeting_id for row in recordings}
    engine.dispose()

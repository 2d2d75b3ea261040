"""The demo organisation, with the sample recordings as the recordings of some of its newest meetings."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from api.jobs.service import start
from api.settings import Settings
from api.store import open_store, spooled
from models.base import SHANGHAI
from models.database import transaction
from models.demo_org.extent import Size
from models.demo_org.generate import generate
from models.meetings.recordings import RecordingRepository
from models.meetings.tables import Meeting, MeetingSlot, MeetingState, Recording, Scorecard
from models.organisation.tables import Institution
from qa_pipeline.facts import read_facts
from qa_pipeline.pipeline import complete
from qa_pipeline.recording import open_recording
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.transcript import Transcript
from qa_pipeline.values.vocabulary import Status

SAMPLES: Final = Path(__file__).parents[1] / "audio_samples"
SEED: Final = 1
BEGUN: Final = "demo.begun"
"""In the data folder while the demo is being loaded, so that a start after an interruption goes on."""


def load(engine: Engine, settings: Settings, *, until: date | None = None) -> str:
    """Fill an empty database and ask for the inspection of the samples; a database in use stays as it is.

    Broken off, it goes on at the next call. ``until``: the last day of the organisation, by default today.
    """
    begun = settings.data_folder / BEGUN
    with Session(engine) as session:
        empty = session.scalar(select(Institution.id).limit(1)) is None
    if not empty and not begun.exists():
        return "数据库里已有机构，未再装入示例机构。"
    begun.touch()
    if empty:
        generate(engine, seed=SEED, size=Size.SMALL, until=until or datetime.now(SHANGHAI).date())
    store = open_store(settings.store, data_folder=settings.data_folder)
    taken: set[int] = set()
    for sound in sorted(SAMPLES.glob("*.opus")):
        facts = _themed(read_facts(sound.with_name(f"{sound.stem}.meeting.yaml")))
        part = open_recording([sound]).parts[0]
        with transaction(engine) as session:
            there = session.scalar(select(Recording.meeting_id).where(Recording.content_hash == part.sha256))
            if there is not None:
                taken.add(there)
                continue
            meeting = _like(session, facts, taken)
            if meeting is None:
                continue
            taken.add(meeting.id)
            copy = spooled(store)
            shutil.copyfile(sound, copy)
            store.keep(copy, part.sha256)
            session.execute(delete(Recording).where(Recording.meeting_id == meeting.id))
            if meeting.started_at is not None:
                minutes = facts.meeting_minutes or part.duration / 60
                meeting.ended_at = meeting.started_at + timedelta(minutes=minutes)
            RecordingRepository(session).add(
                meeting.code,
                part=1,
                content_hash=part.sha256,
                file_name=sound.name,
                size=sound.stat().st_size,
                duration=part.duration,
                started_at=meeting.started_at,
            )
            start(session, meeting=meeting.code, requested_by="demo")
    begun.unlink()
    if not taken:
        return "已装入示例机构（数据均为虚构）；安装包不含示例录音，要质检示例录音请从源码目录启动。"
    return f"已装入示例机构（数据均为虚构），正在质检 {len(taken)} 段示例录音。"


def _themed(facts: MeetingFacts) -> MeetingFacts:
    return complete(facts, Transcript(utterances=(), duration=0.0, engine=""))[0]


def _like(session: Session, facts: MeetingFacts, taken: set[int]) -> Meeting | None:
    """The newest meeting of the same kind and theme that has no sample yet.

    One that was on time and on the roster, so that what is said in the sample makes the verdict.
    """
    query = (
        select(Meeting)
        .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
        .join(Scorecard, (Scorecard.meeting_id == Meeting.id) & Scorecard.is_current)
        .where(
            Scorecard.on_time == Status.PASS,
            Scorecard.on_roster == Status.PASS,
            Meeting.state == MeetingState.HELD,
            MeetingSlot.kind == facts.kind,
            MeetingSlot.theme == facts.theme,
            Meeting.id.not_in(taken),
        )
        .order_by(Meeting.started_at.desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none()

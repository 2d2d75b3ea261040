"""A service's database, store and workers: meetings with recordings, real processes that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.jobs.attempt import DONE, attempt
from api.jobs.child import Order
from api.jobs.parent import Children, Report
from api.jobs.repository import JobRepository
from api.jobs.service import start
from api.jobs.stages import Shop, key_of
from api.jobs.tables import ArtefactKind, InspectionJob, JobState, Stage
from api.jobs.worker import EVERY
from api.settings import Settings
from api.store import Store, spooled
from models.base import SHANGHAI
from models.database import transaction
from models.meetings.recordings import RecordingRepository
from models.meetings.repository import MeetingRepository
from qa_pipeline.pipeline import inspect
from qa_pipeline.recording import open_recording
from qa_pipeline.report.json import inspection_from_json, inspection_to_json
from qa_pipeline.transcript.formats import read_transcript, to_json
from qa_pipeline.transcript.store import resolve
from qa_pipeline.values.facts import MeetingFacts
from qa_pipeline.values.vocabulary import MeetingKind
from tests.sound import ROOT, tone, write_sound

T = TypeVar("T")
PATIENCE = 600.0
"""Seconds: far more than anything takes on a machine that is not overloaded."""
LATER = datetime(2100, 1, 1, tzinfo=SHANGHAI)
"""When every pause before another attempt is over."""
THERE = "there"
"""Noted where a recording is heard though its transcript exists."""
TUESDAY = datetime(2026, 9, 8, 9, tzinfo=SHANGHAI)


def can(folder: Path) -> None:
    """Write what the fast child answers with: the shortest sample's words, and what is read in them."""
    transcript = read_transcript(ROOT / "audio_samples" / "weekly_short.reference.json")
    (folder / "transcript.json").write_text(to_json(transcript))
    made = inspect(transcript, facts=MeetingFacts(kind=MeetingKind.WEEKLY_REVIEW))
    (folder / "inspection.json").write_text(inspection_to_json(made))


@dataclass
class Works:
    """A service's database, store and workers."""

    engine: Engine
    settings: Settings
    folder: Path
    store: Store
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    meetings: int = 0
    failures: list[Exception] = field(default_factory=list)
    """What hearing by hand raises."""

    def takes(self, seconds: float) -> None:
        (self.folder / "seconds").write_text(str(seconds))

    def held(self, *, sound: bool = True) -> str:
        """A meeting that was held, with a recording of its own."""
        self.meetings += 1
        code = f"M{self.meetings}"
        with transaction(self.engine) as session:
            MeetingRepository(session).record(
                code,
                institution="350102",
                kind=MeetingKind.WEEKLY_REVIEW,
                started_at=TUESDAY + timedelta(days=self.meetings),
            )
            if sound:
                self.record(session, code)
        return code

    def record(self, session: Session, code: str, *, part: int = 1, name: str = "会议.wav") -> None:
        file = spooled(self.store)
        named = file.with_suffix(".wav")
        write_sound(named, tone(200 + 5 * self.meetings, 2.0), codec="pcm_s16le")
        found = open_recording([named]).parts[0]
        size = named.stat().st_size
        self.store.keep(named, found.sha256)
        file.unlink()
        RecordingRepository(session).add(
            code, part=part, content_hash=found.sha256, file_name=name, size=size, duration=found.duration
        )

    def ask(self, meeting: str, **how: object) -> str:
        with transaction(self.engine) as session:
            return start(session, meeting=meeting, requested_by="tester", **how).code  # type: ignore[arg-type]

    def worker(
        self, *, concurrency: int = 1, hears: str = "in a child", finds_lost: float = EVERY["find_lost"]
    ) -> subprocess.Popen[bytes]:
        """A worker whose jobs are heard ``in a child`` that can be killed, or ``at once`` in itself; it looks
        for lost ones every so many seconds."""
        environment = {
            **os.environ,
            "HUIJIAN_DATA_FOLDER": str(self.settings.data_folder),
            "HUIJIAN_DATABASE_URL": self.settings.database_url,
            "HUIJIAN_MODEL": "demo",
            "HUIJIAN_TEST_FOLDER": str(self.folder),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.api.jobs.process", str(concurrency), hears, str(finds_lost)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
        )
        self.processes.append(process)
        return process

    def by_hand(self, code: str) -> InspectionJob:
        """One run of a waiting job, stage by stage as the engine does it, in this process."""
        with transaction(self.engine) as session:
            JobRepository(session).to_dispatch(now=LATER, limit=100)
        run = self.job(code).run
        shop = Shop(
            engine=self.engine,
            store=self.store,
            settings=self.settings,
            children=AtOnce(self.folder, self.engine, failures=self.failures),
            threads=1,
        )
        for stage in Stage:
            if attempt(shop, stage, job=code, run=run, worker="by hand") != DONE:
                break
        return self.job(code)

    def job(self, code: str) -> InspectionJob:
        with Session(self.engine) as session:
            return session.scalars(select(InspectionJob).where(InspectionJob.code == code)).one()

    def wait(self, code: str, *states: JobState, seconds: float = PATIENCE) -> InspectionJob:
        return self.until(lambda: self.job(code), lambda job: job.state in states, seconds=seconds)

    def until(self, look: Callable[[], T], right: Callable[[T], bool], *, seconds: float = PATIENCE) -> T:
        end = time.monotonic() + seconds
        while not right(found := look()):
            assert time.monotonic() < end, found
            time.sleep(0.1)
        return found

    @property
    def heard(self) -> list[list[str]]:
        log = self.folder / "heard.log"
        return [line.split() for line in log.read_text().splitlines()] if log.exists() else []

    @property
    def finished(self) -> Counter[str]:
        """Recording -> how often it was heard to the end."""
        return Counter(line[1] for line in self.heard if line[0] == "end")


class AtOnce(Children):
    """Does in this process what a child would: hears and reads what is canned, or fails as it is told."""

    def __init__(self, folder: Path, engine: Engine, *, failures: Sequence[Exception] = ()) -> None:
        super().__init__()
        self._folder, self._engine, self._failures = folder, engine, failures

    def run(self, order: Order, report: Report) -> None:
        if order.work == "transcribe":
            self._hear(order, report)
            return
        canned = inspection_from_json((self._folder / "inspection.json").read_bytes())
        facts = replace(order.facts, theme=canned.facts.theme)
        order.result.write_text(inspection_to_json(replace(canned, facts=facts, recording=order.recording)))

    def _hear(self, order: Order, report: Report) -> None:
        assert order.recording is not None
        model = resolve(order.model)
        key = key_of(order.recording.sha256, f"{model.name}@{model.revision}")
        with Session(self._engine) as session:
            there = JobRepository(session).artefact(ArtefactKind.TRANSCRIPT, key) is not None
        known = THERE if there else "new"
        self._note(f"begin {order.recording.sha256} {os.getpid()} {time.time()} {key} {known}")
        report.progress(0.5)
        for error in self._failures:
            raise error
        time.sleep(float((self._folder / "seconds").read_text()))
        order.result.write_bytes((self._folder / "transcript.json").read_bytes())
        self._note(f"end {order.recording.sha256} {os.getpid()}")

    def _note(self, line: str) -> None:
        with (self._folder / "heard.log").open("a") as log:
            log.write(line + "\n")

"""The console with demo data, for programs that look at it: a running service, and people signed in to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api import demo
from api.access import COOKIE, hashed
from api.accounts.tables import Account, Role, SignIn
from api.console import MOUNT
from api.jobs.stages import key_of
from api.jobs.tables import Artefact, ArtefactKind, InspectionJob, JobState
from api.meetings.kept import publish
from api.recordings.waveform import columns
from api.serving import prepare
from api.settings import Settings
from api.store import open_store, put
from models.database import transaction
from models.meetings.facts import FactsRepository
from models.meetings.tables import Meeting, Recording
from qa_pipeline.pipeline import inspect
from qa_pipeline.recording import open_recording
from qa_pipeline.transcript.formats import read_transcript
from tests.evaluation.soak import free_port

UNTIL: Final = date(2026, 9, 30)
MADE_AT: Final = datetime(2026, 9, 30, 4, tzinfo=UTC)
NAMES: Final = {
    Role.ADMINISTRATOR: "管理员",
    Role.MANAGER: "王经理",
    Role.QA: "质检小李",
    Role.HEAD_OFFICE: "总公司张工",
}
DRAWN: Final = ("weekly_good", "weekly_poor")
START_SECONDS: Final = 180.0
PATIENCE_MS: Final = 240_000
"""For a machine on which much else goes on."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A running service; ``meetings``: name of a sample -> code of the meeting that it is a recording of."""

    url: str
    meetings: Mapping[str, str]
    process: int


def furnish(folder: Path) -> tuple[Engine, dict[str, str]]:
    """The demo organisation up to a fixed day, the samples inspected from their reference transcripts.

    Somebody of each role is signed in with the role for a token.
    """
    settings = Settings(data_folder=folder)
    engine = prepare(settings)
    demo.load(engine, settings, until=UNTIL)
    with transaction(engine) as session:
        recorded = select(Recording.file_name, Meeting.code).join(Meeting, Meeting.id == Recording.meeting_id)
        meetings = {
            Path(name).stem: code
            for name, code in session.execute(recorded)
            if (demo.SAMPLES / name).exists()
        }
        for name, code in sorted(meetings.items()):
            transcript = read_transcript(demo.SAMPLES / f"{name}.reference.json")
            facts = FactsRepository(session).facts(code)
            publish(session, code, inspect(transcript, facts=facts), made_at=MADE_AT)
        place = session.scalars(
            select(Meeting.institution_id).where(Meeting.code == meetings["weekly_good"])
        ).one()
        now = datetime.now(UTC)
        for role, name in NAMES.items():
            account = Account(
                login=role, name=name, role=role, created_at=now,
                institution_id=place if role is Role.MANAGER else None,
            )  # fmt: skip
            session.add(account)
            session.flush()
            session.add(SignIn(account_id=account.id, token_hash=hashed(role), csrf_token=f"csrf-{role}",
                               created_at=now, expires_at=now + timedelta(hours=8)))  # fmt: skip
        _draw(session, settings, meetings)
    return engine, meetings


def _draw(session: Session, settings: Settings, meetings: Mapping[str, str]) -> None:
    """The waveforms that are looked at, as the jobs would have left them: each takes some seconds."""
    store = open_store(settings.store, data_folder=settings.data_folder)
    for name in DRAWN:
        code = meetings[name]
        job = session.scalars(
            select(InspectionJob)
            .join(Meeting, Meeting.id == InspectionJob.meeting_id)
            .where(Meeting.code == code)
        ).one()
        job.state, job.progress = JobState.DONE, 1.0
        part = open_recording([demo.SAMPLES / f"{name}.opus"]).parts[0]
        drawn = put(store, json.dumps(columns((part,))).encode())
        session.add(
            Artefact(kind=ArtefactKind.WAVEFORM, key=key_of(part.sha256), content_hash=drawn,
                     version="shown", job_id=job.id, made_at=MADE_AT)
        )  # fmt: skip


@contextmanager
def served() -> Iterator[Shown]:
    """The service, without a worker, while the block runs."""
    with tempfile.TemporaryDirectory(prefix="huijian_shown_", ignore_cleanup_errors=True) as name:
        engine, meetings = furnish(Path(name))
        engine.dispose()
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "api.cli", "serve", "--no-worker"]
        command += ["--data", name, "--port", str(port)]
        environment = {**os.environ, "HUIJIAN_REQUESTS_PER_MINUTE": "100000"}
        with (Path(name) / "log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _await_answer(f"{url}{MOUNT}/sign-in", process)
            yield Shown(url, meetings, process.pid)
        finally:
            process.terminate()
            process.wait(30)


def _await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with urlopen(url, timeout=START_SECONDS):
                return
        except URLError:
            time.sleep(0.2)
    raise SystemExit("the service did not start")


@contextmanager
def browsing() -> Iterator[Browser]:
    """A Chromium of this machine; leaves with a sentence where there is none."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("this needs a browser: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream",
                  "--use-fake-ui-for-media-stream", "--font-render-hinting=none", "--lang=zh-CN",
                  "--process-per-site"],  # many tabs of one person fit the machine
        )  # fmt: skip
        yield browser
        browser.close()


def page_of(
    browser: Browser, shown: Shown, role: Role, *, width: int = 1440, height: int = 900, dark: bool = False,
    scale: float = 1,
) -> Page:  # fmt: skip
    """A page of somebody of the role."""
    context = browser.new_context(
        base_url=shown.url, viewport={"width": width, "height": height}, locale="zh-CN",
        color_scheme="dark" if dark else "light", device_scale_factor=scale,
    )  # fmt: skip
    context.add_cookies([{"name": COOKIE, "value": role, "url": shown.url}])
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


def opened(page: Page, path: str) -> None:
    """Go to a screen and wait until it hears what is clicked."""
    page.goto(f"{MOUNT}{path}")
    page.wait_for_function("window.did_handshake")

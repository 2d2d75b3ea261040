"""Three hundred uploads at once, and people who read meanwhile (``make soak``).

``huijian serve`` answers on this machine. One process hands in recordings of 10 MB over as many connections
at once. It stands for three hundred other machines and must not take this one's processors from the service:
it hands its bytes to the system as they are, at the lowest priority. Another asks for what managers look at,
again and again, and notes how long each answer took. Between two questions it computes for as long as an
answer takes when nothing else goes on: how long that takes meanwhile (``work``) tells what the machine
itself, busy with all this and more, adds to an answer.

    python -m tests.evaluation.load [--uploads 300] [--megabytes 10] [--backend sqlite|postgresql]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path

import httpx
import numpy as np
import psutil
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database import migrate
from models.database import connect
from models.meetings.tables import Recording
from tests.evaluation.soak import HEADERS, database, free_port, organise, serve
from tests.sound import write_sound

READS = (
    "/meetings?limit=20",
    "/meetings/S0",
    "/jobs?limit=20",
    "/jobs/queue",
    "/institutions?limit=20",
    "/compliance/2001-01",
)
PAUSE = 0.05
"""Seconds between two questions of the reader."""
GOAL_MS = 100.0
QUIET = 5.0
"""Seconds of reading before the uploads, to compare with."""
PATIENCE = 1800.0
LOWEST = 19
BOUNDARY = "huijian-load"


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--uploads", type=int, default=300)
    asked.add_argument("--megabytes", type=float, default=10.0)
    asked.add_argument("--backend", choices=("sqlite", "postgresql"), default="sqlite")
    options = asked.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="huijian_load_", ignore_cleanup_errors=True) as name,
        database(options.backend, Path(name)) as url,
    ):
        figures = load(Path(name), url, uploads=options.uploads, megabytes=options.megabytes)
    print(json.dumps({"backend": options.backend, **figures}, ensure_ascii=False, indent=2))
    return 0 if figures["registered"] == options.uploads and figures["read_p95_ms"] < GOAL_MS else 1


def load(folder: Path, url: str, *, uploads: int, megabytes: float) -> dict[str, object]:
    """The figures of one run."""
    engine = connect(url)
    migrate(engine)
    organise(engine, uploads)
    noise = np.random.default_rng(1).normal(0, 0.1, int(megabytes * 1024**2) // 2).astype(np.float32)
    sound = write_sound(folder / "sound.wav", noise, codec="pcm_s16le")
    port = free_port()
    base = f"http://127.0.0.1:{port}/api/v1"
    # Nobody asks so much, but here one key stands for three hundred managers.
    server = serve(folder, url, port, HUIJIAN_REQUESTS_PER_MINUTE="1000000")
    try:
        _until_it_answers(base)
        quiet = read(base, seconds=QUIET, rounds=0)
        rounds = _rounds_of(quiet["p50_ms"])
        told: multiprocessing.Queue[dict[str, object]] = multiprocessing.Queue()
        uploader = multiprocessing.Process(target=_upload_all, args=(port, sound, uploads, told))
        uploader.start()
        before = _processor_seconds(server.pid)
        busy = read(
            base,
            seconds=PATIENCE,
            rounds=rounds,
            until=lambda: not uploader.is_alive() or not told.empty(),
        )
        spent = _processor_seconds(server.pid) - before
        answers = told.get(timeout=10)
        uploader.join()
    finally:
        server.terminate()
        server.wait()
    with Session(engine) as session:
        registered = session.scalar(select(func.count(func.distinct(Recording.meeting_id))))
    engine.dispose()
    return {
        "uploads": uploads,
        "registered": registered or 0,
        **answers,
        "server_processor_seconds": round(spent, 1),
        **{f"quiet_read_{name}": figure for name, figure in quiet.items()},
        **{f"read_{name}": figure for name, figure in busy.items()},
    }


def read(
    base: str, *, seconds: float, rounds: int, until: Callable[[], bool] = lambda: False
) -> dict[str, float]:
    """Ask one question after the other; how many were answered, and how long the answers took."""
    times, works, wrong = list[float](), list[float](), 0
    end = time.monotonic() + seconds
    with httpx.Client(base_url=base, headers=HEADERS, timeout=60) as client:
        for path in cycle(READS):
            if until() or time.monotonic() > end:
                break
            began = time.perf_counter()
            wrong += client.get(path).status_code != 200
            times.append(1000 * (time.perf_counter() - began))
            time.sleep(PAUSE)
            if rounds:
                works.append(_work(rounds))
                time.sleep(PAUSE)
    cuts, works_cuts = _cuts(times), _cuts(works)
    return {
        "answers": len(times),
        "refused": wrong,
        "p50_ms": cuts[49],
        "p95_ms": cuts[94],
        "p99_ms": cuts[98],
        **({"work_p50_ms": works_cuts[49], "work_p95_ms": works_cuts[94]} if works_cuts else {}),
    }


def _cuts(times: list[float]) -> list[float]:
    """The 99 percentiles, or none."""
    return [round(c, 1) for c in statistics.quantiles(times, n=100, method="inclusive")] if times else []


def _work(rounds: int) -> float:
    """Milliseconds that a fixed amount of computing took."""
    began = time.perf_counter()
    total = 0
    for number in range(rounds):
        total += number
    return 1000 * (time.perf_counter() - began)


def _rounds_of(milliseconds: float) -> int:
    """How much computing takes so long while nothing else goes on."""
    trial = 100_000
    return int(trial * milliseconds / statistics.median(_work(trial) for _ in range(21)))


def _processor_seconds(pid: int) -> float:
    spent = psutil.Process(pid).cpu_times()
    return float(spent.user + spent.system)


def _upload_all(port: int, sound: Path, uploads: int, told: multiprocessing.Queue[dict[str, object]]) -> None:
    os.nice(LOWEST)
    began = time.perf_counter()
    with ThreadPoolExecutor(uploads) as threads:
        statuses = list(threads.map(partial(_upload, port, sound.read_bytes()), range(uploads)))
    seconds = time.perf_counter() - began
    told.put({"statuses": dict(Counter(map(str, statuses))), "upload_seconds": round(seconds, 1)})


def _upload(port: int, sound: bytes, number: int) -> int:
    """One recording like no other; the bytes that all have lie in memory once."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{number}.wav"\r\n\r\n'
    tail = number.to_bytes(4, "little") + f"\r\n--{BOUNDARY}--\r\n".encode()
    body = (head.encode(), memoryview(sound)[:-4], tail)
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(
        "POST",
        f"/api/v1/recordings?meeting=S{number}",
        body=iter(body),
        headers={
            **HEADERS,
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(sum(map(len, body))),
        },
    )
    with connection.getresponse() as answer:
        answer.read()
    connection.close()
    return answer.status


def _until_it_answers(base: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            httpx.get(f"{base}/jobs/queue", headers=HEADERS, timeout=60)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return


if __name__ == "__main__":
    sys.exit(main())

"""One worker process: hands waiting jobs to the engine, takes over from the dead, looks for missing meetings.

It may be killed at any point: whatever it had begun is found again by its next start or by another worker.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from api.accounts.bucket_repository import BucketRepository
from api.batches.intake import Intake
from api.database import require_current
from api.jobs.due import note_missing
from api.jobs.engine import Engine
from api.jobs.locks import Lease, lease_for
from api.jobs.parent import Children
from api.jobs.repository import JobRepository
from api.jobs.stages import Shop
from api.jobs.tables import Worker
from api.recordings.resumable import forget_expired
from api.recordings.service import forget_answers
from api.retention.service import expire
from api.retention.tidying import tidy
from api.settings import Settings
from api.store import StoreError, open_store, sweep
from api.webhooks.messenger import Messenger
from api.webhooks.repository import SubscriptionRepository
from models.base import SHANGHAI
from models.database import connect, take_stock, transaction
from qa_pipeline.transcript.machine import card_memory, memory_on_card, usable_processors
from qa_pipeline.transcript.store import resolve

log = logging.getLogger("huijian.worker")

CORES_EACH: Final = 4
"""More threads than this help one transcription little; another one beside it helps more."""
TICK: Final = 0.5
EVERY: Final[Mapping[str, float]] = {"dispatch": 0.5, "seen": 2, "take_over": 3, "find_lost": 20, "due": 60}
"""Seconds between two rounds of each duty."""
AT_ONCE: Final = 200
EARLIEST_HOUR: Final = 7
"""The day's missing meetings are looked for from this hour on, Shanghai time."""


class WorkerProcess:
    """The duties of a worker, each on its own clock."""

    def __init__(
        self, settings: Settings, *, concurrency: int | None = None, children: Children | None = None
    ) -> None:
        self.engine = connect(settings.database)
        require_current(self.engine)
        self.concurrency = concurrency or fitting_concurrency(settings.model)
        self.lease: Lease = lease_for(self.engine, settings.data_folder)
        self.children = children or Children()
        self.store = open_store(settings.store, data_folder=settings.data_folder)
        self._shop = Shop(
            engine=self.engine,
            store=self.store,
            settings=settings,
            children=self.children,
            threads=max(1, usable_processors() // self.concurrency),
        )
        self._suspects: set[tuple[str, int]] = set()
        self._looked: date | None = None
        self._started = datetime.now(UTC)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop, or until the lease is lost."""
        self.seen()
        self.queue = Engine(self._shop, worker=self.lease.name, concurrency=self.concurrency)
        log.info("worker %s started, %d at a time", self.lease.name, self.concurrency)
        duties: dict[str, Callable[[], None]] = {
            "dispatch": self.dispatch,
            "seen": self.seen,
            "take_over": self.take_over,
            "find_lost": self.find_lost,
            "due": self.look_after_the_day,
        }
        next_time = dict.fromkeys(duties, 0.0)
        while not stop.wait(TICK):
            try:
                if not self.lease.hold():
                    log.error("worker %s lost its lease", self.lease.name)
                    return
                for name, duty in duties.items():
                    if time.monotonic() >= next_time[name]:
                        duty()
                        next_time[name] = time.monotonic() + EVERY[name]
            except (OperationalError, InterfaceError):
                log.warning("the database does not answer; trying again")
                stop.wait(2)

    def dispatch(self) -> None:
        """Hand over what waits."""
        with transaction(self.engine) as session:
            taken = JobRepository(session).to_dispatch(now=datetime.now(UTC), limit=AT_ONCE)
        for job in taken:
            self.queue.enqueue(job)

    def seen(self) -> None:
        with transaction(self.engine) as session:
            row = session.scalars(select(Worker).where(Worker.name == self.lease.name)).one_or_none()
            row = row or Worker(name=self.lease.name)
            row.concurrency, row.started_at, row.seen_at = (
                self.concurrency,
                self._started,
                datetime.now(UTC),
            )
            session.add(row)

    def take_over(self) -> None:
        """Queue again what workers that died for good had begun."""
        with Session(self.engine) as session:
            others = session.scalars(select(Worker.name).where(Worker.name != self.lease.name)).all()
        for name in others:
            if not self.lease.is_dead(name):
                continue
            try:
                number = self.queue.take_over(name)
                log.warning("took over %d jobs from %s", number, name)
                with transaction(self.engine) as session:
                    gone = session.scalars(select(Worker).where(Worker.name == name)).one_or_none()
                    if gone is not None:
                        session.delete(gone)
            finally:
                self.lease.release(name)

    def find_lost(self) -> None:
        """Let jobs wait again that the engine does not know: its database is new, or a hand-over was cut off.

        Only those seen twice: a hand-over may just be under way.
        """
        with Session(self.engine) as session:
            jobs = JobRepository(session).dispatched()
        lost = self.queue.lost(jobs)
        with transaction(self.engine) as session:
            for job in lost:
                if (job.code, job.run) in self._suspects:
                    log.warning("the engine has lost job %s", job.code)
                    JobRepository(session).take_back(job)
        self._suspects = {(job.code, job.run) for job in lost}

    def look_after_the_day(self) -> None:
        """Once a day: tell which meetings are missing; forget what is over, recordings among it."""
        now = datetime.now(SHANGHAI)
        if now.hour < EARLIEST_HOUR or self._looked == now.date():
            return
        try:
            with transaction(self.engine) as session:
                note_missing(session, today=now.date())
                expire(session, self.store, days=self._shop.settings.retention_days, now=now)
                BucketRepository(session).forget_full(now=now)
                forget_answers(session, now=now)
                forget_expired(session, self.store, now=now)
                SubscriptionRepository(session).forget_old(now=now)
            sweep(self.store, now=now.timestamp())
            tidy(self.engine, self.store, now=now)
            take_stock(self.engine)
        except IntegrityError:
            return  # another worker is telling the same; the next round sees it
        except StoreError:
            log.warning("the store does not answer; looking after the day later")
            return
        self._looked = now.date()


def run(
    settings: Settings,
    *,
    concurrency: int | None = None,
    children: Children | None = None,
    until_stdin_ends: bool = False,
) -> None:
    """Be a worker until SIGTERM or SIGINT (or until who started this has died), then end at once.

    Ending means killing the children and leaving: what was begun is resumed from its artefacts.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if until_stdin_ends:
        threading.Thread(target=_stop_with_the_starter, args=(stop,), daemon=True).start()
    worker = WorkerProcess(settings, concurrency=concurrency, children=children)
    messenger = Messenger(worker.engine, settings)
    threading.Thread(target=messenger.run, args=(stop,), daemon=True).start()
    threading.Thread(
        target=Intake(worker.engine, worker.store, settings).run, args=(stop,), daemon=True
    ).start()
    try:
        worker.run(stop)
    finally:
        worker.children.stop()
        worker.lease.end()
        logging.shutdown()
    os._exit(0 if stop.is_set() else 1)


def _stop_with_the_starter(stop: threading.Event) -> None:
    while os.read(0, 1024):  # not sys.stdin: its lock would be held when the process ends otherwise
        continue
    stop.set()


def fitting_concurrency(model: str | None) -> int:
    """How many jobs at once this machine can bear: by cores, and by the memory of its graphics card if any.

    Of several cards CTranslate2 uses the first: each other one gets a worker of its own, with
    ``CUDA_VISIBLE_DEVICES``. Raises ModelError when the speech model is not here.
    """
    memory = card_memory("total")
    if memory is None:
        return max(1, usable_processors() // CORES_EACH)
    return max(1, min(int(memory // memory_on_card(resolve(model).size)), usable_processors()))

"""The worker's side of a child process: its progress, its end, and killing it when the job is cancelled."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

import qa_pipeline.errors
from api.jobs.child import Order
from api.jobs.repository import JobRepository
from api.jobs.service import CANCELLED, GAVE_WAY
from api.jobs.tables import InspectionJob, JobState
from models.database import transaction
from qa_pipeline.errors import HuijianError

LOOK_SECONDS: Final = 0.5
"""How often a running child is looked after, and its job asked whether it is still wanted."""


class NotWanted(Exception):  # noqa: N818 (no error: somebody decided so)
    """The job was cancelled, gave way to a newer one, or belongs to another run by now."""


class ChildDied(HuijianError):  # noqa: N818 (says what happened)
    """The process ended without an answer: killed for memory, or crashed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a stage tells the job's row what it does, and learns that it is not wanted any more."""

    engine: Engine
    job: str
    run: int

    def current(self, session: Session) -> InspectionJob:
        """The job, locked, if this run is still wanted; raises NotWanted."""
        repository = JobRepository(session)
        job = repository.get(self.job, lock=True).job
        if job.run != self.run or job.state not in (JobState.QUEUED, JobState.RUNNING):
            raise NotWanted
        if job.cancel_requested:
            raise NotWanted(job.error or CANCELLED)
        newest = max(other.id for other in repository.active_of(job.meeting_id))
        if newest != job.id:
            raise NotWanted(GAVE_WAY)
        return job

    def progress(self, share: float) -> None:
        """Note the share of the stage that is done; raises NotWanted. Passes over a database that is gone."""
        try:
            with transaction(self.engine) as session:
                self.current(session).progress = min(max(share, 0.0), 1.0)
        except OperationalError:
            return


@dataclass(slots=True, kw_only=True)
class Children:
    """Starts child processes and ends them all when the worker stops."""

    command: Sequence[str] = (sys.executable, "-P", "-m", "api.jobs.child")
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _stopping: bool = False

    def run(self, order: Order, report: Report) -> None:
        """Let a child do the order. Raises what the child raised, ChildDied, or NotWanted (child killed)."""
        child = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        self._running.add(child)
        lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        reader = threading.Thread(target=_collect, args=(child, lines), daemon=True)
        reader.start()
        try:
            if child.stdin is None:
                raise ChildDied("处理进程没有启动。")
            child.stdin.write(order.model_dump_json().encode() + b"\n")
            child.stdin.flush()
            answer = self._follow(lines, report)
        except BrokenPipeError:
            answer = None
        finally:
            _end(child, reader)
            self._running.discard(child)
        if self._stopping:
            threading.Event().wait()  # the process ends; whatever is told now would be told of a crash
        if answer is None:
            raise ChildDied("处理进程意外终止（可能内存不足）。")
        if "error" in answer:
            kind, sentence = answer["error"]
            raise getattr(qa_pipeline.errors, kind, HuijianError)(sentence)

    def stop(self) -> None:
        """Kill all children; their jobs stay as they are, to be resumed."""
        self._stopping = True
        for child in list(self._running):
            child.kill()

    def _follow(self, lines: queue.Queue[dict[str, Any] | None], report: Report) -> dict[str, Any] | None:
        share, told = 0.0, 0.0
        while True:
            try:
                line = lines.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                line = {}
            if line is None or "error" in line or "done" in line:
                return line
            if "progress" in line:
                done, total = line["progress"]
                share = done / total if total else 0.0
            if time.monotonic() - told >= LOOK_SECONDS:
                report.progress(share)
                told = time.monotonic()


def _end(child: subprocess.Popen[bytes], reader: threading.Thread) -> None:
    child.kill()
    child.wait()
    reader.join(timeout=5)
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):  # what a dead child did not read
                pipe.close()


def _collect(child: subprocess.Popen[bytes], lines: queue.Queue[dict[str, Any] | None]) -> None:
    """Hand on what the child says, and None when it says no more; a line that its death cut short is none."""
    try:
        for line in child.stdout or ():
            lines.put(json.loads(line))
    except ValueError:
        pass
    finally:
        lines.put(None)

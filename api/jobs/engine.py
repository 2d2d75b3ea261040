"""The workflow on the durable engine (DBOS): its own database only remembers which steps of a run are done.

On SQLite that is a file beside the main database; on PostgreSQL the schema ``dbos`` of the same database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

from api.jobs.attempt import DONE, attempt
from api.jobs.stages import Shop
from api.jobs.tables import InspectionJob, Stage
from api.settings import Settings
from models.database import connect

QUEUE: Final = "inspections"
APPLICATION_VERSION: Final = "1"
"""Pinned: a newer program goes on with an older one's jobs. Raised only when stages change their order."""
GONE: Final = frozenset({"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})
NAME: Final = "huijian"


class Engine:
    """The engine of this process, launched under the worker's name."""

    def __init__(self, shop: Shop, *, worker: str, concurrency: int) -> None:
        config: DBOSConfig = {
            "name": NAME,
            "system_database_url": system_database(shop.settings),
            "application_version": APPLICATION_VERSION,
            "executor_id": worker,
            "serializer": DBOSPortableJSONSerializer(),
            "console_log_level": "WARNING",
            "log_level": "WARNING",
            "sys_db_pool_size": max(5, 2 * concurrency),
        }
        DBOS(config=config)
        _register(shop, worker)
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=concurrency,
            polling_interval_sec=0.5,
            on_conflict="always_update",
        )

    def enqueue(self, job: InspectionJob) -> None:
        """Hand the job's run over; the same run twice is one."""
        run = job.run
        DBOS.enqueue_workflow_with_options(
            {
                "workflow_name": "inspect",
                "queue_name": QUEUE,
                "workflow_id": workflow_id(job.code, run),
                "workflow_id_reuse_policy": "return-existing",
                "priority": job.priority,
                "app_version": APPLICATION_VERSION,
            },
            job.code,
            run,
        )

    def lost(self, jobs: Sequence[InspectionJob]) -> list[InspectionJob]:
        """Those whose run the engine does not know, or has given up."""
        ids = {workflow_id(job.code, job.run): job for job in jobs}
        found = (
            DBOS.list_workflows(workflow_ids=list(ids), load_input=False, load_output=False) if ids else []
        )
        alive = {status.workflow_id for status in found if status.status not in GONE}
        return [job for id_, job in ids.items() if id_ not in alive]

    def take_over(self, worker: str) -> int:
        """Queue again what a dead worker had begun; returns how many."""
        theirs = DBOS.list_workflows(
            status="PENDING", executor_id=worker, queue_name=QUEUE, load_input=False, load_output=False
        )
        if theirs:
            DBOS.resume_workflows([status.workflow_id for status in theirs], queue_name=QUEUE)
        return len(theirs)

    def stop(self) -> None:
        DBOS.destroy()


def workflow_id(job: str, run: int) -> str:
    return f"{job}.{run}"


def system_database(settings: Settings) -> str:
    """Where the engine keeps its own state."""
    if settings.database.startswith("sqlite"):
        return f"sqlite:///{settings.data_folder / 'jobs.db'}"
    address = connect(settings.database).url
    return address.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _register(shop: Shop, worker: str) -> None:
    """The workflow: the stages of one run of a job, each a step that is never repeated once it is done."""

    @DBOS.workflow(name="inspect")
    def inspect(job: str, run: int) -> str:
        for stage in Stage:
            ended = DBOS.run_step(
                {"name": stage.value}, attempt, shop, stage, job=job, run=run, worker=worker
            )
            if ended != DONE:
                return ended
        return DONE

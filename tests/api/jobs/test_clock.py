"""A clock that jumps: nobody alive is taken for dead, and nothing waits for a moment that was never meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.jobs.locks import lease_for
from api.jobs.repository import JobRepository
from api.jobs.tables import InspectionJob, Worker
from api.jobs.worker import WorkerProcess
from models.database import transaction
from tests.api.jobs.works import Works

YEAR = timedelta(days=365)


def test_a_clock_that_was_put_back_delays_no_further_attempt(works: Works) -> None:
    now = datetime.now(UTC)
    pauses = {works.ask(works.held()): pause for pause in (YEAR, timedelta(minutes=20), -YEAR)}
    with transaction(works.engine) as session:
        for code, pause in pauses.items():
            job = session.scalars(select(InspectionJob).where(InspectionJob.code == code)).one()
            job.retry_at = now + pause
        taken = {job.code for job in JobRepository(session).to_dispatch(now=now, limit=10)}
    assert {pauses[code] for code in taken} == {YEAR, -YEAR}


@pytest.mark.parametrize("_original", ["postgresql"], indirect=True)
@pytest.mark.parametrize("ahead", [YEAR, -YEAR])
def test_a_worker_lives_while_it_holds_its_lease_whatever_its_clock_says(
    works: Works, service_engine: Engine, ahead: timedelta
) -> None:
    other = lease_for(service_engine, works.folder)
    with transaction(service_engine) as session:
        then = datetime.now(UTC) + ahead
        session.add(Worker(name=other.name, concurrency=1, started_at=then, seen_at=then))
    process = WorkerProcess(works.settings)
    process.seen()
    process.take_over()
    with Session(service_engine) as session:
        known = set(session.scalars(select(Worker.name)))
    assert known == {other.name, process.lease.name}
    assert other.hold()
    for lease in (process.lease, other):
        lease.end()
    process.engine.dispose()

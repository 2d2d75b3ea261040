"""Workers as real processes on the durable engine: killed, cancelled, lost for good."""

from __future__ import annotations

import signal

import psutil
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.jobs.service import cancel
from api.jobs.tables import JobState, Worker
from models.base import EVERYWHERE
from models.database import transaction
from models.meetings.tables import Scorecard
from tests.api.jobs.works import Works

ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


def scorecards(works: Works) -> dict[int, int]:
    """Meeting -> how many scorecards it has."""
    with Session(works.engine) as session:
        query = select(Scorecard.meeting_id, func.count()).group_by(Scorecard.meeting_id)
        return dict(session.execute(query).tuples().all())


def test_a_worker_killed_in_the_middle_is_resumed_and_nothing_is_heard_twice(works: Works) -> None:
    works.takes(5)
    code = works.ask(works.held())
    first = works.worker()
    ((_, _, child, *_),) = works.until(lambda: works.heard, bool)
    first.send_signal(signal.SIGKILL)
    first.wait()
    works.until(lambda: psutil.pid_exists(int(child)), lambda alive: not alive)
    works.takes(0)
    works.worker()
    assert works.wait(code, *ENDED).state == JobState.DONE
    assert set(works.finished.values()) == {1}
    assert list(scorecards(works).values()) == [1]


@pytest.mark.parametrize("_original", ["sqlite"], indirect=True)
def test_cancelling_kills_the_child_that_hears_and_a_newer_job_replaces_a_running_one(works: Works) -> None:
    works.takes(60)
    cancelled = works.ask(works.held())
    works.worker(concurrency=2)
    ((_, _, child, *_),) = works.until(lambda: works.heard, bool)
    with transaction(works.engine) as session:
        cancel(session, cancelled, within=EVERYWHERE)
    assert works.wait(cancelled, *ENDED).error == "已按要求取消。"
    assert not psutil.pid_exists(int(child))
    older = works.ask(works.held())
    works.until(lambda: works.heard, lambda heard: len(heard) == 2)
    works.takes(0)
    newer = works.ask("M2")
    assert works.wait(newer, *ENDED).state == JobState.DONE
    assert works.wait(older, *ENDED).error == "同一会议有更新的质检任务，本任务让位。"


@pytest.mark.parametrize("_original", ["sqlite"], indirect=True)
def test_without_the_engines_database_nothing_is_lost_and_nothing_heard_twice(works: Works) -> None:
    works.takes(60)
    code = works.ask(works.held())
    first = works.worker(hears="at once")
    works.until(lambda: works.heard, bool)
    first.kill()
    first.wait()
    for file in works.settings.data_folder.glob("jobs.db*"):
        file.unlink()
    works.takes(0)
    works.worker(hears="at once", finds_lost=1)
    assert works.wait(code, *ENDED).state == JobState.DONE
    assert set(works.finished.values()) == {1}


@pytest.mark.parametrize("_original", ["postgresql"], indirect=True)
def test_two_workers_share_ten_jobs_and_one_takes_over_when_the_other_dies_for_good(works: Works) -> None:
    works.takes(2)
    codes = [works.ask(works.held()) for _ in range(10)]
    one = works.worker(concurrency=2, hears="at once")
    works.worker(concurrency=2, hears="at once")

    def heard_by() -> set[str]:
        return {line[2] for line in works.heard}

    works.until(heard_by, lambda found: len(found) == 2)
    one.send_signal(signal.SIGKILL)
    one.wait()
    works.takes(0)
    for code in codes:
        assert works.wait(code, *ENDED).state == JobState.DONE
    assert set(works.finished.values()) == {1}
    assert set(scorecards(works).values()) == {1}
    assert len(works.finished) == len(scorecards(works)) == 10
    with Session(works.engine) as session:
        assert session.scalar(select(func.count()).select_from(Worker)) == 1

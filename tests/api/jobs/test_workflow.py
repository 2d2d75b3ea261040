"""From an uploaded recording to a published result, whatever dies on the way."""

from __future__ import annotations

import signal

import psutil
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from api.jobs.tables import Artefact, ArtefactKind, JobState, Stage
from models.database import transaction
from models.meetings.tables import Scorecard
from tests.api.jobs.conftest import Works


def scorecards(works: Works) -> int:
    with Session(works.engine) as session:
        return session.scalar(select(func.count()).select_from(Scorecard)) or 0


def test_a_recording_becomes_a_published_scorecard(works: Works) -> None:
    code = works.ask(works.held())
    works.worker()
    job = works.wait(code, JobState.DONE, JobState.FAILED)
    assert (job.state, job.stage, job.scorecard_version, job.error) == (JobState.DONE, Stage.PUBLISH, 1, None)
    with Session(works.engine) as session:
        assert {a.kind for a in session.scalars(select(Artefact))} == set(ArtefactKind)
        card = session.scalars(select(Scorecard)).one()
        assert (card.is_current, card.version) == (True, 1)


def test_a_worker_killed_in_the_middle_is_resumed_and_hears_once_more_only_what_was_not_finished(
    works: Works,
) -> None:
    works.takes(3)
    code = works.ask(works.held())
    first = works.worker()
    works.until(lambda: works.heard, bool)
    first.send_signal(signal.SIGKILL)
    first.wait()
    (begun,) = works.heard
    works.until(lambda: psutil.pid_exists(int(begun[2])), lambda alive: not alive, seconds=5)
    works.takes(0)
    works.worker()
    assert works.wait(code, JobState.DONE, JobState.FAILED).state == JobState.DONE
    assert set(works.finished.values()) == {1}
    assert scorecards(works) == 1


def test_without_the_engines_database_nothing_is_heard_twice(works: Works) -> None:
    code = works.ask(works.held())
    works.worker()
    works.wait(code, JobState.DONE)
    again = works.ask("M1")
    works.wait(again, JobState.DONE)
    assert set(works.finished.values()) == {1}
    assert works.job(again).scorecard_version == 2


def test_one_stage_is_done_again_when_asked(works: Works) -> None:
    code = works.ask(works.held())
    works.worker()
    works.wait(code, JobState.DONE)
    works.wait(works.ask("M1", again_from=Stage.READ), JobState.DONE)
    assert set(works.finished.values()) == {1}
    works.wait(works.ask("M1", again_from=Stage.TRANSCRIBE), JobState.DONE)
    assert set(works.finished.values()) == {2}


def test_cancelling_kills_the_child_that_hears(works: Works) -> None:
    from api.jobs.service import cancel
    from models.base import EVERYWHERE

    works.takes(60)
    code = works.ask(works.held())
    works.worker()
    ((_, _, process),) = works.until(lambda: works.heard, bool)
    with transaction(works.engine) as session:
        cancel(session, code, within=EVERYWHERE)
    job = works.wait(code, JobState.CANCELLED, seconds=10)
    assert job.error == "已按要求取消。"
    assert not psutil.pid_exists(int(process))


def test_what_may_heal_is_tried_again_and_what_may_not_ends_with_its_sentence(works: Works) -> None:
    (works.folder / "fail").write_text("ModelError 连不上模型库。")
    heals = works.ask(works.held())
    works.worker()
    works.until(lambda: works.job(heals).attempts, bool)
    assert works.job(heals).error == "连不上模型库。"
    (works.folder / "fail").write_text("RecordingError 录音里没有听到讲话。")
    job = works.wait(heals, JobState.FAILED)
    assert (job.error, job.stage) == ("录音里没有听到讲话。", Stage.TRANSCRIBE)
    (works.folder / "fail").unlink()
    from api.jobs.service import retry
    from models.base import EVERYWHERE

    with transaction(works.engine) as session:
        retry(session, heals, within=EVERYWHERE)
    works.wait(heals, JobState.DONE)


def test_a_recording_that_left_the_store_fails_in_words_and_a_store_that_went_away_is_waited_for(
    works: Works,
) -> None:
    code = works.ask(works.held())
    (works.settings.data_folder / "store").rename(works.settings.data_folder / "unmounted")
    works.worker()
    works.until(lambda: works.job(code).attempts, bool)
    assert "存储" in (works.job(code).error or "")
    with transaction(works.engine) as session:
        session.execute(delete(Artefact))
    target = works.settings.data_folder / "store"
    for kept in (works.settings.data_folder / "unmounted").iterdir():
        target.mkdir(exist_ok=True)
        kept.rename(target / kept.name)
    works.wait(code, JobState.DONE)


def test_a_newer_job_takes_the_place_of_a_running_one(works: Works) -> None:
    works.takes(60)
    older = works.ask(works.held())
    works.worker(concurrency=2)
    works.until(lambda: works.heard, bool)
    works.takes(0)
    newer = works.ask("M1")
    works.wait(newer, JobState.DONE)
    assert works.wait(older, JobState.CANCELLED).error == "同一会议有更新的质检任务，本任务让位。"
    assert scorecards(works) == 1

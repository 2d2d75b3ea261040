"""What stages make once and find again, what heals, what does not; in this process, without the engine."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.access import PERMITTED, Caller
from api.accounts.tables import Role
from api.jobs.parent import ChildDied
from api.jobs.service import cancel, retry
from api.jobs.tables import Artefact, ArtefactKind, JobState, Stage
from api.meetings import versions
from api.meetings.kept import inspection_of
from api.recordings.withdrawal import withdraw
from api.store import put
from models.base import EVERYWHERE
from models.database import transaction
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Scorecard
from qa_pipeline.errors import ModelError, RecordingError
from qa_pipeline.report.json import inspection_from_json, inspection_to_json
from qa_pipeline.values.reader import ReaderChoice, ReaderReport
from qa_pipeline.values.vocabulary import Act, MeetingKind
from tests.api.jobs.works import Works
from tests.sound import ROOT


def scorecards(works: Works) -> int:
    with Session(works.engine) as session:
        return session.scalar(select(func.count()).select_from(Scorecard)) or 0


def test_a_recording_becomes_a_published_scorecard(works: Works) -> None:
    job = works.by_hand(works.ask(works.held()))
    assert (job.state, job.stage, job.scorecard_version, job.error) == (JobState.DONE, Stage.PUBLISH, 1, None)
    with Session(works.engine) as session:
        assert {a.kind for a in session.scalars(select(Artefact))} == set(ArtefactKind)
        card = session.scalars(select(Scorecard)).one()
        made = inspection_of(session, card)
        assert made.facts.institution == "机构350102"
        assert made.recording is not None
        assert [part.path for part in made.recording.parts] == ["会议.wav"]


REVIEWER = Caller(actor="qa", role=Role.QA, permissions=PERMITTED[Role.QA], within=EVERYWHERE)


def parts_heard(works: Works) -> list[list[str]]:
    """The files that each version of the one result was made of."""
    with Session(works.engine) as session:
        made = [inspection_of(session, card).recording for card in session.scalars(select(Scorecard))]
    return [[part.path for part in one.parts] for one in made if one is not None]


def test_once_a_part_is_taken_back_the_result_is_that_of_the_others_alone(works: Works) -> None:
    meeting = works.held()
    with transaction(works.engine) as session:
        works.meetings += 1
        works.record(session, meeting, part=2, name="别的会.wav")
    works.by_hand(works.ask(meeting))
    with transaction(works.engine) as session:
        held = MeetingRepository(session).get(meeting)
        _, job = withdraw(session, works.store, REVIEWER, held, 2)
        assert job is not None
        code = job.code
    assert works.by_hand(code).state == JobState.DONE
    assert parts_heard(works) == [["会议.wav", "别的会.wav"], ["会议.wav"]]
    with transaction(works.engine) as session:  # of no result any more: whoever hands in takes it back
        works.record(session, meeting, part=2, name="别的会.wav")
    running = works.ask(meeting)
    manager = replace(REVIEWER, permissions=PERMITTED[Role.MANAGER])
    with transaction(works.engine) as session:
        held = MeetingRepository(session).get(meeting)
        assert withdraw(session, works.store, manager, held, 2)[1] is None
    assert works.by_hand(running).state == JobState.CANCELLED
    assert len(parts_heard(works)) == 2


def test_k4_a_job_finds_out_what_was_handed_in_before(works: Works) -> None:
    """Every recording here has the same words: the second meeting is a copy, the first one is not."""
    for _ in range(2):
        works.by_hand(works.ask(works.held()))
    works.by_hand(works.ask("M1"))
    with Session(works.engine) as session:
        cards = [
            inspection_of(session, card)
            for card in session.scalars(select(Scorecard).order_by(Scorecard.meeting_id, Scorecard.version))
        ]
    told = ["".join(gate.reason for gate in made.scorecard.criticals if gate.id == "K4") for made in cards]
    assert ["文字雷同" in reason for reason in told] == [False, False, True]
    assert "与本机构 2026-09-09 的会议的文字雷同" in told[2]
    assert [made.findings.measures["copied_words_share"].value for made in cards][:2] == [0, 0]


def test_a_meeting_inspected_again_is_not_heard_again(works: Works) -> None:
    works.by_hand(works.ask(works.held()))
    assert works.by_hand(works.ask("M1")).scorecard_version == 2
    assert set(works.finished.values()) == {1}


def test_one_stage_is_done_again_when_asked(works: Works) -> None:
    works.by_hand(works.ask(works.held()))
    works.by_hand(works.ask("M1", again_from=Stage.READ))
    assert set(works.finished.values()) == {1}
    works.by_hand(works.ask("M1", again_from=Stage.TRANSCRIBE))
    assert set(works.finished.values()) == {2}
    works.by_hand(works.ask("M1"))
    assert set(works.finished.values()) == {2}


def test_a_reading_that_a_language_model_did_not_answer_is_made_again_the_next_time(works: Works) -> None:
    answered = (works.folder / "inspection.json").read_bytes()
    silent = ReaderReport(asked=ReaderChoice.BOTH, reason="10 秒内没有回答")
    made = replace(inspection_from_json(answered), reader=silent)
    (works.folder / "inspection.json").write_text(inspection_to_json(made))
    works.by_hand(works.ask(works.held()))
    (works.folder / "inspection.json").write_bytes(answered)
    works.by_hand(works.ask("M1"))
    (works.folder / "inspection.json").write_text(inspection_to_json(made))
    works.by_hand(works.ask("M1"))
    with Session(works.engine) as session:
        cards = session.scalars(select(Scorecard).order_by(Scorecard.version))
        assert [inspection_of(session, card).reader.answered for card in cards] == [False, True, True]
    assert set(works.finished.values()) == {1}


def test_another_rubric_scores_again_without_hearing_or_reading(works: Works) -> None:
    works.by_hand(works.ask(works.held()))
    text = (ROOT / "rubrics" / "weekly_review.yaml").read_text().replace("pass_line: 60", "pass_line: 90")
    works.by_hand(works.ask("M1", rubric=put(works.store, text.encode())))
    with Session(works.engine) as session:
        first, second = session.scalars(select(Scorecard).order_by(Scorecard.version))
        assert inspection_of(session, second).scorecard.pass_line == 90
        assert inspection_of(session, first).scorecard.pass_line == 60
        made = session.scalars(select(Artefact.kind)).all()
        assert sorted(made) == ["inspection", "inspection", "reading", "recording", "transcript", "waveform"]


def test_a_transcript_that_people_put_right_is_read_instead_of_the_recording(works: Works) -> None:
    works.by_hand(works.ask(works.held()))
    with transaction(works.engine) as session:
        newest = versions.latest(session, MeetingRepository(session).get("M1").id)
        assert newest is not None
        change = versions.Change(utterance=0, text="大家好，现在开会。")
        kind = MeetingKind.WEEKLY_REVIEW
        newest = versions.edit(
            session, newest, kind=kind, changes=[change], speakers={}, borders=None, by="qa", note=None
        )
    works.by_hand(works.ask("M1"))
    assert set(works.finished.values()) == {1}
    with Session(works.engine) as session:
        readings = session.scalars(select(Artefact).where(Artefact.kind == ArtefactKind.READING)).all()
        assert len(readings) == 2
    with transaction(works.engine) as session:
        goal = [versions.Doing(utterance=0, acts=(Act.GOAL,))]
        versions.edit(
            session, newest, kind=kind, changes=[], speakers={}, borders=None, acts=goal, by="qa", note=None
        )
    works.by_hand(works.ask("M1"))
    with Session(works.engine) as session:
        assert len(session.scalars(select(Artefact).where(Artefact.kind == ArtefactKind.READING)).all()) == 3


def test_what_may_heal_is_tried_again_later_and_the_last_attempt_fails_in_words(works: Works) -> None:
    works.failures = [ModelError("连不上模型库。")]
    job = works.by_hand(works.ask(works.held()))
    assert (job.state, job.attempts, job.error) == (JobState.QUEUED, 1, "连不上模型库。")
    assert job.retry_at is not None
    works.failures = [ChildDied("处理进程意外终止（可能内存不足）。")]
    while works.job(job.code).state == JobState.QUEUED:
        works.by_hand(job.code)
    ended = works.job(job.code)
    assert (ended.state, ended.attempts, ended.error) == (
        JobState.FAILED,
        5,
        "处理进程意外终止（可能内存不足）。",
    )
    works.failures = []
    with transaction(works.engine) as session:
        retry(session, job.code, within=EVERYWHERE)
    assert works.by_hand(job.code).state == JobState.DONE


def test_a_bad_recording_ends_the_job_with_its_sentence(works: Works) -> None:
    works.failures = [RecordingError("录音里没有听到讲话。")]
    job = works.by_hand(works.ask(works.held()))
    assert (job.state, job.stage, job.error) == (JobState.FAILED, Stage.TRANSCRIBE, "录音里没有听到讲话。")


def test_a_store_that_went_away_is_waited_for(works: Works) -> None:
    store, away = works.settings.data_folder / "store", works.settings.data_folder / "unmounted"
    code = works.ask(works.held())
    store.rename(away)
    job = works.by_hand(code)
    assert job.state == JobState.QUEUED
    assert "不见了：请检查磁盘或网络共享是否已挂载" in (job.error or "")
    away.rename(store)
    assert works.by_hand(code).state == JobState.DONE


def test_an_artefact_whose_content_is_gone_is_made_again(works: Works) -> None:
    works.by_hand(works.ask(works.held()))
    with Session(works.engine) as session:
        kept = session.scalars(select(Artefact).where(Artefact.kind == ArtefactKind.TRANSCRIPT)).one()
    works.store.remove(kept.content_hash)
    works.by_hand(works.ask("M1"))
    assert set(works.finished.values()) == {2}


def test_a_waiting_job_is_asked_for_once_and_gives_way_to_a_different_one(works: Works) -> None:
    first = works.ask(works.held())
    assert works.ask("M1") == first
    other = works.ask("M1", again_from=Stage.SCORE)
    assert other != first
    assert (works.job(first).state, works.job(first).error) == (
        JobState.CANCELLED,
        "同一会议有更新的质检任务，本任务让位。",
    )
    assert works.by_hand(other).state == JobState.DONE
    assert scorecards(works) == 1


def test_a_paused_job_does_not_start_and_a_cancelled_one_stays_so(works: Works) -> None:
    code = works.ask(works.held(), paused=True)
    with transaction(works.engine) as session:
        cancel(session, code, within=EVERYWHERE)
    assert works.job(code).state == JobState.CANCELLED
    assert scorecards(works) == 0


def test_fresh_uploads_go_before_the_archive(works: Works) -> None:
    from datetime import UTC, datetime

    from api.jobs.repository import JobRepository
    from api.jobs.tables import ARCHIVE

    archive = [works.ask(works.held(), priority=ARCHIVE) for _ in range(2)]
    fresh = works.ask(works.held())
    with transaction(works.engine) as session:
        taken = JobRepository(session).to_dispatch(now=datetime.now(UTC), limit=10)
        assert [job.code for job in taken] == [fresh, *archive]


def test_only_the_engine_module_knows_the_engine() -> None:
    knowing = [
        path.relative_to(ROOT).as_posix()
        for package in ("api", "models", "qa_pipeline")
        for path in (ROOT / package).rglob("*.py")
        if "dbos import" in path.read_text("utf-8") or "import dbos" in path.read_text("utf-8")
    ]
    assert knowing == ["api/jobs/engine.py"]

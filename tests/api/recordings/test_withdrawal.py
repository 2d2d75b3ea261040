"""A part that was handed in for the wrong meeting is taken back, and what remains is inspected again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry, Role
from api.copies.tables import MeetingPrint
from api.jobs.tables import InspectionJob, JobState
from api.meetings import versions
from api.meetings.kept import publish
from api.meetings.versions import BY_HAND
from models.database import transaction
from models.meetings.recordings import RecordingRepository
from models.meetings.tables import Meeting, Scorecard
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.recording import Recording, joined
from qa_pipeline.values.vocabulary import Act, Likeness, MeetingKind
from tests.api.conftest import SignedIn
from tests.api.recordings.test_upload import hand_in, hold, wav
from tests.api.results import good, poor

M = "/api/v1/meetings/M"


@pytest.fixture
def sounds(tmp_path: Path) -> tuple[bytes, bytes, bytes]:
    return wav(tmp_path, 440), wav(tmp_path, 550), wav(tmp_path, 660)


@pytest.fixture
def manager(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    hold(service_engine, "M")
    return signed_in(Role.MANAGER, institution="350102")


def withdraw(client: TestClient, part: int, *, tag: str | None = None) -> httpx.Response:
    seen = tag or client.get(f"{M}/recordings").headers["ETag"]
    reason = {"reason": "是另一场会议的录音"}
    return client.post(f"{M}/recordings/{part}/withdraw", json=reason, headers={"If-Match": seen})


def of(engine: Engine, found: Inspection, meeting: str = "M") -> Scorecard:
    """The result of the meeting's recordings as they are now, as a job publishes it."""
    with transaction(engine) as session:
        hashes = [part.content_hash for part in RecordingRepository(session).check(meeting).parts]
        heard = Recording(parts=(), duration=4.0, sha256=joined(hashes))
        for job in session.scalars(select(InspectionJob)):
            job.state = JobState.DONE
        return publish(session, meeting, replace(found, recording=heard), made_at=datetime.now(UTC))


def names(client: TestClient) -> list[tuple[int, str]]:
    return [(part["part"], part["file_name"]) for part in client.get(f"{M}/recordings").json()["parts"]]


def test_the_parts_behind_it_move_up_and_what_remains_is_inspected(
    manager: TestClient, service_engine: Engine, sounds: tuple[bytes, bytes, bytes]
) -> None:
    files = zip(("1.wav", "2.wav", "3.wav"), sounds, strict=True)
    first = hand_in(manager, *files, meeting="M").json()
    seen = manager.get(f"{M}/recordings").headers["ETag"]
    answer = withdraw(manager, 2)
    assert answer.status_code == 200, answer.text
    assert names(manager) == [(1, "1.wav"), (2, "3.wav")]
    assert (answer.json()["missing"], answer.json()["job"]["state"]) == ([], "queued")
    assert answer.json()["job"]["code"] == first["job"]["code"]  # it waits, and reads the parts as they are
    assert withdraw(manager, 2, tag=seen).json()["code"] == "stale"  # pressed twice: the third one stays
    assert withdraw(manager, 3).json()["detail"] == "会议 M 没有第 3 段录音：请刷新后核对段号。"
    with Session(service_engine) as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "recording.withdraw")).one()
        assert (noted.object_code, noted.actor) == ("M", "manager-350102")
        assert (noted.detail["part"], noted.detail["reason"]) == (2, "是另一场会议的录音")
        assert noted.detail["sha256"] == first["parts"][1]["sha256"]


def test_a_part_that_no_result_rests_on_is_taken_back_by_whoever_hands_in(
    manager: TestClient, service_engine: Engine, sounds: tuple[bytes, bytes, bytes]
) -> None:
    hand_in(manager, ("1.wav", sounds[0]), meeting="M")
    of(service_engine, good())
    job = hand_in(manager, ("2.wav", sounds[1]), meeting="M").json()["job"]["code"]
    answer = withdraw(manager, 2)
    assert (answer.status_code, answer.json()["job"]) == (200, None)
    told = manager.get(f"/api/v1/jobs/{job}").json()
    assert (told["state"], told["error"]) == ("cancelled", "录音已撤回，本任务取消。")
    assert manager.get(f"{M}/scorecard").json()["version"] == 1  # it stands: it was made of what is left


def test_what_a_result_rests_on_is_taken_back_by_those_who_review_until_a_person_decides(
    manager: TestClient, service_engine: Engine, signed_in: SignedIn, sounds: tuple[bytes, bytes, bytes]
) -> None:
    hand_in(manager, ("1.wav", sounds[0]), ("2.wav", sounds[1]), meeting="M")
    of(service_engine, poor())
    refused = withdraw(manager, 2)
    assert (refused.status_code, "只能由有复核权限的人员更正" in refused.json()["detail"]) == (403, True)
    qa = signed_in(Role.QA)
    review = qa.post("/api/v1/reviews", json={"meeting": "M"}).json()["code"]
    told = withdraw(qa, 2)
    assert (told.status_code, told.json()["detail"]) == (
        409,
        "会议 M 正在复核，录音不能撤回：请等复核结束，或请复核人先释放。",
    )
    decision = {"verdict": "not_qualified", "reason": "属实", "overrides": []}
    assert qa.post(f"/api/v1/reviews/{review}/decide", json=decision).json()["state"] == "decided"
    told = withdraw(qa, 2)
    assert (told.status_code, "已由人复核作出，录音不能再增减" in told.json()["detail"]) == (409, True)
    assert hand_in(manager, ("2.wav", sounds[1]), meeting="M").json()["new"] is False
    told = hand_in(manager, ("3.wav", sounds[2]), meeting="M")
    assert (told.status_code, "已由人复核作出，录音不能再增减" in told.json()["detail"]) == (409, True)
    assert len(names(qa)) == 2
    assert qa.get(f"{M}/scorecard").json()["verdict"] == "not_qualified"
    of(service_engine, poor())
    assert withdraw(qa, 2).json()["job"]["state"] == "queued"
    of(service_engine, poor())
    told = withdraw(qa, 1)
    assert told.json()["detail"] == (
        "会议 M 的结论只依据这一段录音：请先传上正确的录音再撤回这一段，或作废这场会议。"
    )


def test_a_legal_hold_and_the_days_of_retention_keep_every_part(
    manager: TestClient, signed_in: SignedIn, app: FastAPI, sounds: tuple[bytes, bytes, bytes]
) -> None:
    parts = hand_in(manager, ("1.wav", sounds[0]), ("2.wav", sounds[1]), meeting="M").json()["parts"]
    keeper = signed_in(Role.ADMINISTRATOR)
    keeper.put(f"{M}/legal-hold", json={"reason": "监管调取"})
    assert withdraw(manager, 2).json()["detail"] == "会议 M 在法定保留中，录音不能撤回：请先解除保留。"
    keeper.delete(f"{M}/legal-hold")
    app.state.store.remove(parts[0]["sha256"])
    told = withdraw(manager, 2)
    assert (told.status_code, told.json()["detail"]) == (
        409,
        "会议 M 的录音已按保留期删除，不能再撤回或重新质检。",
    )
    assert len(names(manager)) == 2


def test_the_only_part_is_taken_back_before_its_result_and_handed_in_where_it_belongs(
    manager: TestClient, service_engine: Engine, sounds: tuple[bytes, bytes, bytes]
) -> None:
    hand_in(manager, ("1.wav", sounds[0]), meeting="M")
    with transaction(service_engine) as session:
        held = session.scalars(select(Meeting.id).where(Meeting.code == "M")).one()
        session.add(MeetingPrint(meeting_id=held, kind=Likeness.WORDS, maker="shingles-1", body=b""))
    assert withdraw(manager, 1).json()["job"] is None
    assert manager.get("/api/v1/jobs?meeting=M").json()["items"][0]["state"] == "cancelled"
    with Session(service_engine) as session:
        assert session.scalars(select(MeetingPrint)).all() == []  # nothing seems to be copied from here
    hold(service_engine, "N", day=15)
    there = hand_in(manager, ("1.wav", sounds[0]), meeting="N").json()
    assert (there["received"], there["parts"][0]["duplicates"]) == ([1], [])


def test_what_was_put_right_before_the_part_came_holds_again(
    manager: TestClient, service_engine: Engine, signed_in: SignedIn, sounds: tuple[bytes, bytes, bytes]
) -> None:
    hand_in(manager, ("1.wav", sounds[0]), meeting="M")
    of(service_engine, good())
    with transaction(service_engine) as session:
        held = session.scalars(select(Meeting.id).where(Meeting.code == "M")).one()
        first = versions.latest(session, held)
        assert first is not None
        changed = [versions.Change(utterance=0, text="改过")]
        versions.edit(
            session, first, kind=MeetingKind.WEEKLY_REVIEW, changes=changed, speakers={}, borders=None,
            acts=[versions.Doing(utterance=0, acts=(Act.GOAL,))], by="qa", note=None,
        )  # fmt: skip
    hand_in(manager, ("2.wav", sounds[1]), meeting="M")
    of(service_engine, poor())
    with Session(service_engine) as session:
        assert versions.corrected(session, held) is None
    assert withdraw(signed_in(Role.QA), 2).status_code == 200
    with Session(service_engine) as session:
        again = versions.corrected(session, held)
        assert again is not None
        assert again.transcript.utterances[0].text == "改过"
    of(service_engine, replace(good(), transcript=again.transcript))
    with Session(service_engine) as session:
        newest = versions.latest(session, held)
        assert newest is not None
        assert (newest.version, newest.edited_by) == (4, "qa")  # not the words of what was taken back
        assert versions.transcript_of(newest).utterances[0].edits[-1].step == BY_HAND
        corrected = versions.corrected(session, held)
        assert corrected is not None
        assert corrected.acts == {0: (Act.GOAL,)}

"""Routes of jobs: start, cancel, retry, list, follow; nobody reaches another subtree's."""

from __future__ import annotations

import json
import threading
import time

import pytest
from fastapi.testclient import TestClient

from api.accounts.tables import Role
from api.jobs.service import end_when_possible
from api.jobs.tables import InspectionJob, JobState
from api.rubrics.texts import shipped_text
from api.store import get
from models.database import transaction
from qa_pipeline.rubric import rubric_for
from qa_pipeline.values.vocabulary import MeetingKind
from tests.api.conftest import SignedIn
from tests.api.jobs.works import Works


@pytest.fixture
def manager(signed_in: SignedIn) -> TestClient:
    return signed_in(Role.MANAGER, institution="350102")


def test_a_job_is_started_cancelled_and_retried(works: Works, manager: TestClient) -> None:
    works.held()
    started = manager.post("/api/v1/jobs", json={"meeting": "M1"})
    assert (started.status_code, started.json()["state"]) == (202, "queued")
    code = started.json()["code"]
    assert manager.post(f"/api/v1/jobs/{code}/retry").status_code == 409
    assert manager.post(f"/api/v1/jobs/{code}/cancel").json()["state"] == "cancelled"
    assert manager.post(f"/api/v1/jobs/{code}/cancel").status_code == 409
    assert manager.post(f"/api/v1/jobs/{code}/retry").json()["state"] == "queued"
    assert works.by_hand(code).state == JobState.DONE
    shown = manager.get(f"/api/v1/jobs/{code}").json()
    assert (shown["state"], shown["scorecard_version"], shown["meeting"]) == ("done", 1, "M1")
    again = manager.post("/api/v1/jobs", json={"meeting": "M1", "again_from": "score"}).json()
    assert (again["again_from"], again["state"]) == ("score", "queued")
    assert manager.post(f"/api/v1/jobs/{again['code']}/cancel").status_code == 200


def test_a_job_scores_by_the_rubric_and_the_transcript_that_are_asked_for(
    works: Works, manager: TestClient
) -> None:
    works.held()
    works.by_hand(manager.post("/api/v1/jobs", json={"meeting": "M1"}).json()["code"])
    weekly, monthly = (rubric_for(kind, None) for kind in MeetingKind)
    asked = {
        "meeting": "M1",
        "again_from": "score",
        "rubric": f"{weekly.id}@{weekly.version}",
        "transcript": 1,
    }
    started = manager.post("/api/v1/jobs", json=asked)
    assert started.status_code == 202, started.text
    job = works.by_hand(started.json()["code"])
    assert (job.state, job.scorecard_version) == (JobState.DONE, 2)
    assert get(works.store, job.rubric or "").decode() == shipped_text(weekly.id)
    assert job.transcript is not None
    assert len(works.heard) == 2  # begin and end of the first job's hearing
    for wrong, status in (
        ({"rubric": f"{weekly.id}@99"}, 404),
        ({"rubric": weekly.id}, 400),
        ({"rubric": f"{monthly.id}@{monthly.version}"}, 400),
        ({"transcript": 9}, 404),
        ({"transcript": 0}, 422),
    ):
        assert manager.post("/api/v1/jobs", json={"meeting": "M1", **wrong}).status_code == status, wrong


def test_a_meeting_without_recording_or_not_there_is_refused(works: Works, manager: TestClient) -> None:
    works.held(sound=False)
    answer = manager.post("/api/v1/jobs", json={"meeting": "M1"})
    assert (answer.status_code, answer.json()["detail"]) == (400, "会议 M1 还没有录音：请先上传录音。")
    assert manager.post("/api/v1/jobs", json={"meeting": "M2"}).status_code == 404
    assert manager.post("/api/v1/jobs", json={"meeting": "M1", "x": 1}).status_code == 422


def test_only_jobs_of_the_subtree_are_seen(works: Works, signed_in: SignedIn, anonymous: TestClient) -> None:
    code = works.ask(works.held())
    beside = signed_in(Role.MANAGER, institution="350103")
    for method, path in (
        ("GET", f"/api/v1/jobs/{code}"),
        ("POST", f"/api/v1/jobs/{code}/cancel"),
        ("POST", f"/api/v1/jobs/{code}/retry"),
        ("GET", f"/api/v1/jobs/{code}/events"),
    ):
        assert beside.request(method, path).status_code == 404
        assert anonymous.request(method, path).status_code == 401
    assert beside.get("/api/v1/jobs").json() == {"items": [], "next": None}
    assert beside.post("/api/v1/jobs", json={"meeting": "M1"}).status_code == 404
    assert beside.get("/api/v1/jobs/queue").json()["queued"] == 0


def test_jobs_are_listed_newest_first_in_pages_and_counted(works: Works, manager: TestClient) -> None:
    codes = [works.ask(works.held()) for _ in range(3)]
    first = manager.get("/api/v1/jobs?limit=2").json()
    second = manager.get("/api/v1/jobs", params={"limit": 2, "cursor": first["next"]}).json()
    assert [job["code"] for job in first["items"] + second["items"]] == codes[::-1]
    assert second["next"] is None
    assert [job["code"] for job in manager.get("/api/v1/jobs?meeting=M2").json()["items"]] == [codes[1]]
    assert manager.get("/api/v1/jobs?state=done").json()["items"] == []
    queue = manager.get("/api/v1/jobs/queue").json()
    assert (queue["queued"], queue["running"], queue["workers"]) == (3, 0, [])
    assert queue["waiting_since"] is not None


def test_progress_is_pushed_until_the_job_has_ended(works: Works, manager: TestClient) -> None:
    code = works.ask(works.held())

    def go_on() -> None:
        for state, progress in ((JobState.RUNNING, 0.5), (JobState.QUEUED, 0.0)):
            time.sleep(1.5)
            with transaction(works.engine) as session:
                job = session.query(InspectionJob).filter_by(code=code).one()
                if state == JobState.QUEUED:
                    job.state = state
                    end_when_possible(job, "已按要求取消。")
                else:
                    job.state, job.progress = state, progress

    worker = threading.Thread(target=go_on)
    worker.start()
    answer = manager.get(f"/api/v1/jobs/{code}/events")
    worker.join()
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert [event["state"] for event in events] == ["queued", "running", "cancelled"]
    assert events[1]["progress"] == 0.5
    assert events[-1]["error"] == "已按要求取消。"

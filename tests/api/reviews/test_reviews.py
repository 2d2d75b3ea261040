"""The queue, reviews with a second reviewer, appeals and agreement, through the service."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from typer.testing import CliRunner

from api.access import CSRF_HEADER
from api.accounts.tables import Role
from api.cli import app
from api.jobs.parent import NotWanted, Report
from api.jobs.service import DECIDED, start
from api.jobs.tables import JobState
from api.meetings.kept import publish
from api.reviews.service import is_sampled
from models.database import transaction
from qa_pipeline.values.compliance import ComplianceVerdict
from qa_pipeline.values.inspection import Inspection
from qa_pipeline.values.vocabulary import Status, Verdict
from tests.api.conftest import SignedIn
from tests.api.people import staff
from tests.api.results import good, hold, inspect

V1 = "/api/v1"
MONTH = "first=2026-09-01&last=2026-09-30"


def clear(verdict: Verdict = Verdict.QUALIFIED, band: tuple[float, float] = (80.0, 90.0)) -> Inspection:
    """An inspection without any doubt but what is asked for."""
    found = good()
    fine = ComplianceVerdict(status=Status.PASS, reason="")
    return replace(
        found,
        scorecard=replace(found.scorecard, band=band, criticals=()),
        compliance=replace(found.compliance, on_time=fine, on_roster=fine, on_quality=fine, verdict=verdict),
    )


@pytest.fixture
def qa(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    """A is qualified beyond doubt, B straddles the line, C needs a person."""
    staff(service_engine)
    for code, institution, day in (("A", "350102", 8), ("B", "350102", 15), ("C", "350103", 8)):
        hold(service_engine, code, institution=institution, day=day)
    inspect(service_engine, "A", clear())
    inspect(service_engine, "B", clear(band=(55.0, 90.0)))
    inspect(service_engine, "C", clear(Verdict.NEEDS_REVIEW))
    return signed_in(Role.QA)


def queue(client: TestClient, query: str = "") -> dict[str, list[str]]:
    rows = client.get(f"{V1}/reviews/queue?{MONTH}&{query}").json()["items"]
    return {row["meeting"]: row["why"] for row in rows}


def take(client: TestClient, meeting: str) -> str:
    answer = client.post(f"{V1}/reviews", json={"meeting": meeting})
    assert answer.status_code == 201
    code: str = answer.json()["code"]
    return code


def test_the_queue_says_why_and_the_most_urgent_come_first(qa: TestClient) -> None:
    assert list(queue(qa).items()) == [("C", ["needs_review"]), ("B", ["straddles", "low_confidence"])]
    assert queue(qa, "why=straddles") == {"B": ["straddles", "low_confidence"]}
    assert list(queue(qa, "below=350103")) == ["C"]
    assert qa.get(f"{V1}/reviews/queue?first=2026-10-01&last=2026-10-31").json()["items"] == []
    first = qa.get(f"{V1}/reviews/queue?{MONTH}&limit=1").json()
    assert list(queue(qa, f"cursor={first['next']}")) == ["B"]


def test_what_one_has_taken_another_cannot(qa: TestClient, signed_in: SignedIn) -> None:
    code = take(qa, "C")
    assert take(qa, "C") == code
    other = signed_in(Role.ADMINISTRATOR)
    refused = other.post(f"{V1}/reviews", json={"meeting": "C"})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert list(queue(qa, "free=true")) == ["B"]
    assert (
        other.post(f"{V1}/reviews/{code}/decide", json={"verdict": "qualified", "reason": "x"}).status_code
        == 403
    )
    assert other.post(f"{V1}/reviews/{code}/release").json()["state"] == "released"
    assert qa.post(f"{V1}/reviews/{code}/release").status_code == 409
    assert take(other, "C") != code
    assert qa.get(f"{V1}/reviews/{code}").json()["reviewer"] == "qa-None"


def test_a_decision_makes_a_version_of_its_own_and_the_machines_stays(qa: TestClient) -> None:
    code = take(qa, "C")
    item = next(i for i in qa.get(f"{V1}/meetings/C/scorecard").json()["items"] if i["score"])
    body = {
        "verdict": "qualified",
        "reason": "复听后确认",
        "overrides": [{"item": item["id"], "score": "0", "reason": "没有"}],
    }
    decided = qa.post(f"{V1}/reviews/{code}/decide", json=body).json()
    assert (decided["state"], decided["result_version"]) == ("decided", 2)
    card = qa.get(f"{V1}/meetings/C/scorecard").json()
    assert (card["version"], card["verdict"], card["band"][0]) == (2, "qualified", card["energy_score"])
    assert card["review"] == {
        "by": "qa-None",
        "second": None,
        "reason": "复听后确认",
        "of_version": 1,
        "overridden": [item["id"]],
    }
    machine = qa.get(f"{V1}/meetings/C/scorecards/1").json()
    assert (machine["verdict"], machine["review"]) == ("needs_review", None)
    assert list(queue(qa)) == ["B"]
    assert qa.post(f"{V1}/reviews/{code}/decide", json=body).status_code == 409


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_no_inspection_asked_for_before_takes_the_place_of_a_decision(
    qa: TestClient, service_engine: Engine, state: JobState
) -> None:
    with transaction(service_engine) as session:
        job = start(session, meeting="C", requested_by="tester", transcript="0" * 64)
        job.state, code = state, job.code
    body = {"verdict": "qualified", "reason": "复听后确认"}
    assert qa.post(f"{V1}/reviews/{take(qa, 'C')}/decide", json=body).json()["state"] == "decided"
    with (
        transaction(service_engine) as session,
        pytest.raises(NotWanted, match=DECIDED if state is JobState.RUNNING else None),
    ):
        Report(engine=service_engine, job=code, run=0).current(session)
    with transaction(service_engine) as session:
        start(session, meeting="C", requested_by="tester", transcript="0" * 64)  # asked for after it


def test_turning_a_verdict_needs_a_second_reviewer(qa: TestClient, signed_in: SignedIn) -> None:
    code = take(qa, "A")
    body = {"verdict": "not_qualified", "reason": "念稿"}
    assert qa.post(f"{V1}/reviews/{code}/decide", json=body).json()["state"] == "proposed"
    assert qa.get(f"{V1}/meetings/A/scorecard").json()["verdict"] == "qualified"
    told = {"agrees": False, "reason": "不同意"}
    assert qa.post(f"{V1}/reviews/{code}/second", json=told).status_code == 403
    other = signed_in(Role.ADMINISTRATOR)
    assert other.post(f"{V1}/reviews/{code}/second", json=told).json()["state"] == "taken"
    assert qa.post(f"{V1}/reviews/{code}/decide", json=body).json()["second"] is None
    agreed = other.post(f"{V1}/reviews/{code}/second", json={"agrees": True, "reason": "同意"}).json()
    assert (agreed["state"], agreed["second"]) == ("decided", "administrator-None")
    card = qa.get(f"{V1}/meetings/A/scorecard").json()
    assert (card["verdict"], card["on_quality"], card["review"]["second"]) == (
        "not_qualified",
        "fail",
        "administrator-None",
    )


def test_a_result_scored_again_meanwhile_is_not_decided_on(qa: TestClient, service_engine: Engine) -> None:
    code = take(qa, "C")
    inspect(service_engine, "C", clear())
    body = {"verdict": "qualified", "reason": "复听"}
    assert "重新评分" in qa.post(f"{V1}/reviews/{code}/decide", json=body).json()["detail"]


def test_a_decision_waits_for_a_result_that_is_just_being_published(
    qa: TestClient, service_engine: Engine
) -> None:
    code = take(qa, "C")
    body = {"verdict": "qualified", "reason": "复听"}
    with ThreadPoolExecutor(1) as pool:
        with transaction(service_engine) as session:
            publish(session, "C", clear(), made_at=datetime.now(UTC))
            deciding = pool.submit(qa.post, f"{V1}/reviews/{code}/decide", json=body)
            assert not wait([deciding], timeout=0.5).done
        answer = deciding.result()
    assert (answer.status_code, "重新评分" in answer.json()["detail"]) == (409, True)


def test_an_appeal_comes_first_and_is_upheld_only_by_a_decision(
    qa: TestClient, signed_in: SignedIn, service_engine: Engine
) -> None:
    manager = signed_in(Role.MANAGER, institution="350102")
    appeal = manager.post(f"{V1}/meetings/A/appeals", json={"reason": "漏识别"}).json()
    assert (appeal["state"], appeal["version"]) == ("open", 1)
    assert manager.post(f"{V1}/meetings/A/appeals", json={"reason": "再来"}).status_code == 409
    assert manager.post(f"{V1}/meetings/C/appeals", json={"reason": "他人"}).status_code == 404
    assert next(iter(queue(qa).items())) == ("A", ["appealed"])
    path = f"{V1}/appeals/{appeal['code']}/answer"
    assert manager.post(path, json={"upheld": False, "answer": "x"}).status_code == 403
    assert qa.post(path, json={"upheld": True, "answer": "成立"}).status_code == 409
    inspect(service_engine, "A", clear())
    assert qa.post(path, json={"upheld": True, "answer": "机器已重评"}).status_code == 409
    code = take(qa, "A")
    qa.post(f"{V1}/reviews/{code}/decide", json={"verdict": "qualified", "reason": "确认"})
    answered = qa.post(path, json={"upheld": True, "answer": "已更正"}).json()
    assert (answered["state"], answered["answered_by"]) == ("upheld", "qa-None")
    assert qa.post(path, json={"upheld": False, "answer": "x"}).status_code == 409
    assert [a["state"] for a in manager.get(f"{V1}/appeals").json()["items"]] == ["upheld"]
    other = signed_in(Role.MANAGER, institution="350103")
    assert other.get(f"{V1}/appeals").json()["items"] == []
    assert qa.get(f"{V1}/appeals?state=open").json()["items"] == []


def test_agreement_counts_what_was_decided(qa: TestClient, service_engine: Engine) -> None:
    item = next(i for i in qa.get(f"{V1}/meetings/B/scorecard").json()["items"] if i["score"])
    other = next(i for i in qa.get(f"{V1}/meetings/B/scorecard").json()["items"] if i["id"] != item["id"])
    changed = [{"item": item["id"], "score": "0", "reason": "没有"}]
    for meeting, overrides, confirmed in (("B", changed, [other["id"]]), ("C", [], [item["id"]])):
        body = {"verdict": "qualified", "reason": "确认", "overrides": overrides, "confirmed": confirmed}
        decided = qa.post(f"{V1}/reviews/{take(qa, meeting)}/decide", json=body)
        assert decided.status_code == 200, decided.text
    told = qa.get(f"{V1}/reviews/agreement?first=2026-01-01&last=2099-12-31").json()
    # What the machine left to a person is no verdict: neither agreed nor disagreed.
    assert (told["reviews"], told["left_open"], told["verdict_agreement"]) == (2, 1, "1")
    assert {"machine": "needs_review", "person": "qualified", "reviews": 1} in told["verdicts"]
    # An item that the reviewer said nothing of is not agreed on.
    rows = {row["item"]: row for row in told["items"]}
    assert {name: row["reviewed"] for name, row in rows.items()} == {item["id"]: 2, other["id"]: 1}
    apart = rows[item["id"]]
    assert (apart["agreement"], float(apart["difference"]["bias"])) == ("0.5", float(item["score"]) / 2)
    assert (rows[other["id"]]["agreement"], rows[other["id"]]["difference"]["absolute"]) == ("1", "0")
    energy = told["energy"]
    assert energy["reviewed"] == 2
    assert float(energy["low"]) < float(energy["bias"]) < float(energy["high"])
    assert [row["state"] for row in qa.get(f"{V1}/reviews?mine=true&meeting=B").json()["items"]] == [
        "decided"
    ]
    drawn = qa.get(f"{V1}/reviews/agreement?first=2026-01-01&last=2099-12-31&sampled=true").json()
    assert drawn["reviews"] == sum(map(is_sampled, ("B", "C")))
    assert qa.get(f"{V1}/reviews/agreement?first=2026-09-02&last=2026-09-01").status_code == 400
    # The command counts the same reviews.
    database = service_engine.url.render_as_string(hide_password=False)
    printed = CliRunner().invoke(app, ["agreement", "--database", database])
    assert printed.exit_code == 0, printed.output
    assert "共 2 场会议" in printed.output
    assert "另有 1 场的结论是待人工复核，没有结论可比" in printed.output
    assert "没有表态的不算一致" in printed.output


def test_an_item_the_machine_gave_no_points_is_counted_apart(qa: TestClient, service_engine: Engine) -> None:
    found = clear()
    first, *others = found.scorecard.items
    unknown = replace(first, level=None, score=0.0, status="unknown")
    inspect(service_engine, "B", replace(found, scorecard=replace(found.scorecard, items=(unknown, *others))))
    given = [{"item": first.id, "score": "2", "reason": "听到了"}]
    body = {"verdict": "qualified", "reason": "确认", "overrides": given}
    assert qa.post(f"{V1}/reviews/{take(qa, 'B')}/decide", json=body).status_code == 200
    (row,) = qa.get(f"{V1}/reviews/agreement?first=2026-01-01&last=2099-12-31").json()["items"]
    assert (row["reviewed"], row["left_open"], row["agreement"], row["kappa"]) == (1, 1, None, None)


def test_what_is_confirmed_must_be_an_item_and_outlives_the_wait_for_the_second(
    qa: TestClient, signed_in: SignedIn
) -> None:
    code = take(qa, "A")
    body = {"verdict": "not_qualified", "reason": "念稿", "confirmed": ["X9"]}
    refused = qa.post(f"{V1}/reviews/{code}/decide", json=body)
    assert (refused.status_code, "X9" in refused.json()["detail"]) == (400, True)
    assert qa.post(f"{V1}/reviews/{code}/decide", json={**body, "confirmed": ["C1"]}).status_code == 200
    said = {"agrees": True, "reason": "同意"}
    assert signed_in(Role.ADMINISTRATOR).post(f"{V1}/reviews/{code}/second", json=said).status_code == 200
    told = qa.get(f"{V1}/reviews/agreement?first=2026-01-01&last=2099-12-31").json()
    assert [row["item"] for row in told["items"]] == ["C1"]


def test_the_pace_counts_own_and_all_reviews(qa: TestClient, signed_in: SignedIn) -> None:
    empty = {"today": 0, "mine_today": 0, "week": 0, "mine_week": 0, "minutes": None, "reviewers": []}
    assert qa.get(f"{V1}/reviews/pace").json() == empty
    qa.post(f"{V1}/reviews/{take(qa, 'B')}/decide", json={"verdict": "qualified", "reason": "确认"})
    told = qa.get(f"{V1}/reviews/pace").json()
    assert (told["today"], told["mine_today"], told["week"], told["mine_week"]) == (1, 1, 1, 1)
    assert 0 <= told["minutes"] < 1
    other = signed_in(Role.ADMINISTRATOR).get(f"{V1}/reviews/pace").json()
    assert (other["today"], other["mine_today"], other["minutes"]) == (1, 0, None)
    assert other["reviewers"] == [{"reviewer": "qa-None", "week": 1, "minutes": told["minutes"]}]
    assert signed_in(Role.MANAGER, institution="350102").get(f"{V1}/reviews/pace").status_code == 403


def test_only_reviewers_review(qa: TestClient, signed_in: SignedIn, anonymous: TestClient) -> None:
    manager = signed_in(Role.MANAGER, institution="350102")
    assert manager.get(f"{V1}/reviews/queue").status_code == 403
    assert manager.post(f"{V1}/reviews", json={"meeting": "A"}).status_code == 403
    assert anonymous.get(f"{V1}/reviews/queue").status_code == 401
    assert qa.get(f"{V1}/reviews/nothing").status_code == 404
    assert qa.post(f"{V1}/reviews", json={"meeting": "nothing"}).status_code == 404
    assert qa.post(f"{V1}/reviews", json={"meeting": "A"}, headers={CSRF_HEADER: "x"}).status_code == 403

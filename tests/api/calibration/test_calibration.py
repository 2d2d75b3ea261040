"""Reviewers score decided meetings blind; what they gave is shown once the set is closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from api.access import COOKIE, CSRF_HEADER, hashed
from api.accounts.tables import Account, Role, SignIn
from models.database import transaction
from models.meetings.tables import Meeting, Scorecard
from tests.api.conftest import SignedIn
from tests.api.people import staff
from tests.api.results import good, hold, inspect

V1 = "/api/v1"


@pytest.fixture
def decider(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    """An administrator who decided on meeting A, and not on B."""
    staff(service_engine)
    for code, day in (("A", 8), ("B", 15)):
        hold(service_engine, code, institution="350102", day=day)
        inspect(service_engine, code, good())
    client = signed_in(Role.ADMINISTRATOR)
    code = client.post(f"{V1}/reviews", json={"meeting": "A"}).json()["code"]
    body = {"verdict": "qualified", "reason": "复听后确认"}
    assert client.post(f"{V1}/reviews/{code}/decide", json=body).json()["state"] == "decided"
    return client


@pytest.fixture
def reviewers(service_engine: Engine, decider: TestClient) -> list[TestClient]:
    """Two of QA, who see everything."""
    clients = []
    with transaction(service_engine) as session:
        now = datetime.now(UTC)
        for login in ("anna", "bert"):
            account = Account(login=login, name=login, role=Role.QA, created_at=now)
            session.add(account)
            session.flush()
            session.add(SignIn(account_id=account.id, token_hash=hashed(login), csrf_token="x",
                               created_at=now, expires_at=now + timedelta(hours=1)))  # fmt: skip
            clients.append(TestClient(decider.app, headers={"Cookie": f"{COOKIE}={login}", CSRF_HEADER: "x"}))
    return clients


def begun(client: TestClient) -> str:
    answer = client.post(f"{V1}/calibrations", json={"title": "九月校准", "meetings": ["A"]})
    assert answer.status_code == 201, answer.text
    code: str = answer.json()["code"]
    return code


def sheet(client: TestClient, code: str, *, but: dict[str, Any]) -> dict[str, Any]:
    """Full points for everything, but what is given."""
    items = client.get(f"{V1}/calibrations/{code}/sheets/A").json()["items"]
    scores = [{"item": one["id"], "score": but.get(one["id"], str(one["max"]))} for one in items]
    return {"verdict": "qualified", "scores": scores}


def test_only_decided_meetings_of_the_own_subtree_are_calibrated(
    decider: TestClient, signed_in: SignedIn
) -> None:
    assert [row["meeting"] for row in decider.get(f"{V1}/calibration-candidates").json()] == ["A"]
    for meetings in (["B"], ["A", "A"], ["X"]):
        answer = decider.post(f"{V1}/calibrations", json={"title": "x", "meetings": meetings})
        assert answer.status_code == 400, meetings
    code = begun(decider)
    elsewhere = signed_in(Role.QA, institution="350103")
    assert elsewhere.get(f"{V1}/calibrations/{code}").status_code == 404
    assert elsewhere.get(f"{V1}/calibrations").json()["items"] == []
    manager = signed_in(Role.MANAGER, institution="350102")
    assert manager.get(f"{V1}/calibrations/{code}").status_code == 403


def test_nobody_sees_points_until_the_set_is_closed(decider: TestClient, reviewers: list[TestClient]) -> None:
    anna, bert = reviewers
    code = begun(decider)
    blank = anna.get(f"{V1}/calibrations/{code}/sheets/A").json()
    assert {(one["given"], one["given_not_applicable"]) for one in blank["items"]} == {(None, False)}
    assert blank["verdict"] is None
    assert "score" not in blank["items"][0]
    assert "status" not in blank["items"][0]
    assert decider.get(f"{V1}/calibrations/{code}/sheets/A").status_code == 403  # decided it
    assert decider.post(f"{V1}/calibrations/{code}/close").status_code == 409  # nobody handed in

    given = sheet(anna, code, but={"C1": "3.5", "C2": None})
    assert anna.put(f"{V1}/calibrations/{code}/sheets/A", json=given).status_code == 200
    again = anna.get(f"{V1}/calibrations/{code}/sheets/A").json()["items"]
    assert [(one["given"], one["given_not_applicable"]) for one in again[:2]] == [
        ("3.5", False),
        (None, True),
    ]
    assert {one["given"] for one in bert.get(f"{V1}/calibrations/{code}/sheets/A").json()["items"]} == {None}
    seen = bert.get(f"{V1}/calibrations/{code}").json()
    assert (seen["mine"], seen["left"]) == (0, 1)
    assert seen["progress"] == [{"reviewer": "anna", "handed_in": 1}]
    assert anna.get(f"{V1}/calibrations/{code}/result").status_code == 409
    assert anna.post(f"{V1}/calibrations/{code}/close").status_code == 403  # did not begin it


def refused(client: TestClient, code: str) -> None:
    """A sheet says something of every item once, within its points."""
    whole = sheet(client, code, but={})
    for but, status in (({"C1": "14.5"}, 400), ({"C1": "-1"}, 422), ({"C1": "x"}, 422)):
        answer = client.put(f"{V1}/calibrations/{code}/sheets/A", json=sheet(client, code, but=but))
        assert (but, answer.status_code) == (but, status)
    for scores in (whole["scores"][1:], whole["scores"] * 2, [*whole["scores"], {"item": "Z", "score": "1"}]):
        answer = client.put(f"{V1}/calibrations/{code}/sheets/A", json={**whole, "scores": scores})
        assert answer.status_code == 400
    undecided = {**whole, "verdict": "needs_review"}
    assert client.put(f"{V1}/calibrations/{code}/sheets/A", json=undecided).status_code == 422
    assert client.put(f"{V1}/calibrations/{code}/sheets/B", json=whole).status_code == 404


def test_the_result_says_how_far_reviewers_are_from_each_other_and_from_the_decision(
    decider: TestClient, reviewers: list[TestClient]
) -> None:
    code = begun(decider)
    refused(reviewers[0], code)
    for client, but in zip(reviewers, ({"C1": "10"}, {"C1": "0", "C3": None}), strict=True):
        given = sheet(client, code, but=but)
        assert client.put(f"{V1}/calibrations/{code}/sheets/A", json=given).status_code == 200
    assert decider.post(f"{V1}/calibrations/{code}/close").json()["closed_at"]
    late = reviewers[0].put(f"{V1}/calibrations/{code}/sheets/A", json=given)
    assert late.status_code == 409

    found = reviewers[0].get(f"{V1}/calibrations/{code}/result").json()
    items = {row["item"]: row for row in found["items"]}
    card = decider.get(f"{V1}/meetings/A/scorecard").json()
    machine = {item["id"]: Decimal(str(item["score"])) for item in card["items"]}
    first = items["C1"]
    assert (first["label"], first["reviewed"], first["absolute"]) == ("章节要点", 2, "10")
    mean = (abs(machine["C1"] - 10) + machine["C1"]) / 2
    assert Decimal(first["reference"]["absolute"]) == mean
    assert Decimal(first["kappa"]) == -1  # partial against missed: worse than chance
    assert items["C3"]["absolute"] is None  # one of them gave no points
    assert items["C4"]["kappa"] is None  # both always say the same
    assert [(row["reviewer"], row["meetings"], row["verdict_agreement"]) for row in found["reviewers"]] == [
        ("anna", 1, "1"),
        ("bert", 1, "1"),
    ]
    assert found["energy"]["reviewed"] == 2
    assert decider.post(f"{V1}/calibrations/{code}/close").status_code == 409


def test_what_the_decision_left_unknown_is_nothing_to_agree_with_and_what_does_not_apply_is(
    decider: TestClient, reviewers: list[TestClient], service_engine: Engine
) -> None:
    with transaction(service_engine) as session:
        current = select(Scorecard).join(Meeting).where(Meeting.code == "A", Scorecard.is_current)
        card = session.scalars(current).one()
        told = {"C1": "unknown", "C2": "not_applicable"}
        card.result = {
            **card.result,
            "items": [
                {**item, "status": told[item["id"]], "level": None, "score": 0}
                if item["id"] in told
                else item
                for item in card.result["items"]
            ],
        }
    code = begun(decider)
    for client, given in zip(reviewers, (None, "0"), strict=True):
        handed = sheet(client, code, but={"C1": given, "C2": given})
        assert client.put(f"{V1}/calibrations/{code}/sheets/A", json=handed).status_code == 200
    assert decider.post(f"{V1}/calibrations/{code}/close").status_code == 200
    found = decider.get(f"{V1}/calibrations/{code}/result").json()
    items = {row["item"]: row for row in found["items"]}
    assert [items[item]["reviewed"] for item in ("C1", "C2")] == [2, 2]
    assert [items[item]["left_open"] for item in ("C1", "C2")] == [2, 0]
    assert [items[item]["reference_kappa"] for item in ("C1", "C2")] == [None, "0"]
    assert [items[item]["kappa"] for item in ("C1", "C2")] == ["-1", "-1"]  # among themselves both count

"""The activity calendar over the API: what is missing, the loop, who came, and subscriptions."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.accounts.tables import Account, Role
from models.database import transaction
from tests.api.company import add_customers
from tests.api.conftest import SignedIn
from tests.models.company import Company

V1 = "/api/v1"
EVENT = {
    "code": "E1",
    "institution": "A",
    "platform": "warmup",
    "month": "2025-11",
    "starts_at": "2025-11-12T14:00:00+08:00",
    "ends_at": "2025-11-12T16:00:00+08:00",
    "place": "职场三楼",
    "content": "养老沙龙",
    "audience": "中温客户",
    "goal": "到场12人",
    "preparation": "邀约名单",
}


@pytest.fixture
def manager(company: Company, service_engine: Engine, signed_in: SignedIn) -> TestClient:
    add_customers(service_engine, company)
    return signed_in(Role.MANAGER, institution="A")


@pytest.fixture
def event(manager: TestClient) -> TestClient:
    assert manager.post(f"{V1}/activities", json=EVENT).status_code == 201
    return manager


def edited(client: TestClient, **change: Any) -> Any:
    tag = client.get(f"{V1}/activities/E1").headers["ETag"]
    body = {key: value for key, value in {**EVENT, **change}.items() if key != "code"}
    return client.put(f"{V1}/activities/E1", json=body, headers={"If-Match": tag})


def test_the_month_lays_events_out_on_days(event: TestClient) -> None:
    event.post(f"{V1}/activities", json={**EVENT, "code": "E2", "starts_at": None, "ends_at": None})
    month = event.get(f"{V1}/activities?institution=A&month=2025-11").json()
    days = {day["day"]: day["events"] for week in month["weeks"] for day in week}
    assert (days["2025-11-12"], month["unscheduled"]) == (["E1"], ["E2"])
    assert len(month["weeks"][0]) == 7
    assert [each["valid"] for each in month["events"]] == [True, False]
    assert event.get(f"{V1}/activities?institution=B&month=2025-11").status_code == 404


def test_r30_what_is_invalid_or_missing_is_told(event: TestClient) -> None:
    assert edited(event, place=None).json()["missing"] == ["地点"]
    gaps = event.get(f"{V1}/activity-gaps?institution=A&month=2025-11").json()
    assert [each["code"] for each in gaps["invalid"]] == ["E1"]
    assert gaps["missing_platforms"] == [
        {
            "institution": {"code": "A", "name": "机构A"},
            "platforms": ["warmup", "high_value", "high_potential"],
        }
    ]


def test_r31_the_loop_closes_with_execution_and_review(event: TestClient) -> None:
    def still_open() -> list[str]:
        return [part["part"] for part in event.get(f"{V1}/activities/E1").json()["open_parts"]]

    assert still_open() == ["execute", "review"]
    event.put(f"{V1}/activities/E1/execution", json={"process": "按计划", "feedback": "关注养老"})
    review = {"on": "2025-11-13", "reviewer": "王建国", "conclusion": "签单1件"}
    early = event.put(f"{V1}/activities/E1/review", json={**review, "on": "2025-11-11"})
    assert early.status_code == 400
    assert event.put(f"{V1}/activities/E1/review", json=review).json()["review"]["reviewer"] == "王建国"
    assert still_open() == []
    assert edited(event, place="职场二楼").json()["process"] == "按计划"
    gaps = event.get(f"{V1}/activity-gaps?institution=A&month=2025-11").json()
    assert (gaps["open_parts"], gaps["invalid"]) == ([], [])


def test_customers_are_invited_come_and_sign(event: TestClient) -> None:
    event.post(f"{V1}/activities/E1/invitations", json={"customers": ["K1", "K2"]})
    part = {"customer": "K1", "attended": True, "sale": "P1", "temperature_before": 48,
            "temperature_after": "66"}  # fmt: skip
    assert event.put(f"{V1}/activities/E1/participants", json={"parts": [part]}).status_code == 200
    listed = event.get(f"{V1}/activities/E1/participants").json()["items"]
    assert [(each["customer"], each["name"], each["attended"], each["sale"]) for each in listed] == [
        ("K1", "郑**", True, "P1"),
        ("K2", "郑**", None, None),
    ]
    full = event.get(f"{V1}/activities/E1/participants?full=true").json()["items"]
    assert full[0]["name"] == "郑美玲K1"
    (rate,) = event.get(f"{V1}/activity-rates?institution=A&month=2025-11").json()
    assert (rate["invited"], rate["unclear"], rate["arrival"]) == (2, 1, "1")
    assert (rate["conversion"], rate["warming"]) == ("1", "1")
    counted = {name: rate[name] for name in rate if name not in ("scope", "platform")}
    assert event.get(f"{V1}/activities/E1/turnout").json() == counted
    stranger = event.post(f"{V1}/activities/E1/invitations", json={"customers": ["K9"]})
    assert stranger.status_code == 400
    absent = {"customer": "K2", "attended": False, "sale": "P1"}
    refused = event.put(f"{V1}/activities/E1/participants", json={"parts": [absent]})
    assert refused.status_code == 400


def test_an_event_without_a_code_is_given_one(manager: TestClient) -> None:
    body = {key: value for key, value in EVENT.items() if key != "code"}
    made = [manager.post(f"{V1}/activities", json=body).json()["code"] for _ in range(2)]
    assert made == ["A-2025-11-warmup", "A-2025-11-warmup-2"]


def test_an_edit_needs_what_was_read_and_a_code_is_used_once(event: TestClient) -> None:
    body = {key: value for key, value in EVENT.items() if key != "code"}
    assert event.put(f"{V1}/activities/E1", json=body).status_code == 422
    stale = event.put(f"{V1}/activities/E1", json=body, headers={"If-Match": '"old"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert event.post(f"{V1}/activities", json=EVENT).status_code == 409
    wrong = edited(event, starts_at="2025-12-01T09:00:00+08:00", ends_at=None)
    assert (wrong.status_code, "行事历" in wrong.json()["detail"]) == (400, True)
    assert event.post(f"{V1}/activities/E1/cancel").json()["cancelled"] is True


def test_the_calendar_is_downloaded_and_subscribed_to(
    event: TestClient, anonymous: TestClient, service_engine: Engine
) -> None:
    event.post(f"{V1}/activities", json={**EVENT, "code": "E2", "place": None})
    file = event.get(f"{V1}/activity-calendar.ics?institution=A&month=2025-11")
    assert file.headers["content-type"].startswith("text/calendar")
    assert (b"UID:E1@activity.huijian" in file.content, file.headers["X-Left-Out"]) == (True, "1")
    made = event.post(f"{V1}/activity-feeds", json={"institution": "A"}).json()
    path = made["address"].removeprefix("http://127.0.0.1:8000")
    assert anonymous.get(path).content.startswith(b"BEGIN:VCALENDAR")
    assert anonymous.get(f"{V1}/activity-feeds/{'x' * 43}/calendar.ics").status_code == 404
    assert [each["id"] for each in event.get(f"{V1}/activity-feeds").json()] == [made["id"]]
    with transaction(service_engine) as session:
        session.query(Account).filter_by(login="manager-A").one().disabled = True
    assert anonymous.get(path).status_code == 404
    with transaction(service_engine) as session:
        session.query(Account).filter_by(login="manager-A").one().disabled = False
    assert event.delete(f"{V1}/activity-feeds/{made['id']}").status_code == 204
    assert event.delete(f"{V1}/activity-feeds/{made['id']}").status_code == 404
    assert anonymous.get(path).status_code == 404


def test_refusals(event: TestClient, signed_in: SignedIn, anonymous: TestClient) -> None:
    beside = signed_in(Role.MANAGER, institution="B")
    for method, path in (
        ("GET", "activities/E1"),
        ("GET", "activities/E1/participants"),
        ("GET", "activities/E1/turnout"),
        ("POST", "activities/E1/cancel"),
    ):
        assert beside.request(method, f"{V1}/{path}").status_code == 404
        assert anonymous.request(method, f"{V1}/{path}").status_code == 401
    assert beside.post(f"{V1}/activities", json={**EVENT, "code": "E3"}).status_code == 400
    assert beside.post(f"{V1}/activity-feeds", json={"institution": "A"}).status_code == 400
    assert signed_in(Role.QA).post(f"{V1}/activities", json=EVENT).status_code == 403


def test_numbers_in_feedback_are_covered_and_do_not_come_back_covered(event: TestClient) -> None:
    said = {"process": "按计划", "feedback": "客户电话13812345678"}
    done = event.put(f"{V1}/activities/E1/execution", json=said).json()
    assert done["feedback"] == "客户电话138****5678"
    again = event.put(f"{V1}/activities/E1/execution", json={**said, "feedback": done["feedback"]})
    assert (again.status_code, again.json()["problems"]) == (
        422,
        ["feedback：含有隐去后的号码，请填写完整的号码或删去"],
    )
    parts = {"parts": [{"customer": "K1", "feedback": said["feedback"]}]}
    event.post(f"{V1}/activities/E1/invitations", json={"customers": ["K1"]})
    assert event.put(f"{V1}/activities/E1/participants", json=parts).status_code == 200
    path = f"{V1}/activities/E1/participants"
    shown = [event.get(f"{path}{more}").json()["items"][0]["feedback"] for more in ("", "?full=true")]
    assert shown == ["客户电话138****5678", "客户电话13812345678"]

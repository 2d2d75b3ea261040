"""Indicators over the API: definitions, batches of observations, values and rankings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.accounts.tables import Role
from tests.api.conftest import SignedIn
from tests.models.company import Company

V1 = "/api/v1"


@pytest.fixture
def manager(company: Company, signed_in: SignedIn) -> TestClient:
    return signed_in(Role.MANAGER, institution="A")


def row(kind: str, code: str, value: object, *, indicator: str = "visits", day: str = "2026-07-10") -> Any:
    return {"scope": {"kind": kind, "code": code}, "indicator": indicator, "as_of": day, "value": value}


def send(client: TestClient, *rows: Any, status: int = 200) -> Any:
    answer = client.post(f"{V1}/indicators/observations", json={"source": "业务系统", "rows": list(rows)})
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_batch_is_added_corrected_and_known_again(manager: TestClient) -> None:
    batch = (row("office", "A1", 12), row("person", "A1a", "7.5"))
    assert send(manager, *batch) == {"added": 2, "unchanged": 0}
    assert send(manager, *batch) == {"added": 0, "unchanged": 2}
    send(manager, row("office", "A1", 13))
    values = manager.get(f"{V1}/indicators/values?code=visits&office=A1&person=A1a&on=2026-07-12").json()
    assert [(each["scope"]["code"], each["value"], each["revision"]) for each in values] == [
        ("A1", "13", 2),
        ("A1a", "7.5", 1),
    ]
    assert manager.get(f"{V1}/indicators/values?code=visits&office=A1&on=2026-08-01").json() == []


def test_every_wrong_row_is_named_and_nothing_is_written(manager: TestClient) -> None:
    wrong = send(
        manager,
        row("office", "A1", 12),
        row("office", "B1", 3),
        row("office", "A2", 1, indicator="nothing"),
        status=422,
    )
    assert wrong["code"] == "sheet_error"
    assert len(wrong["problems"]) == 2
    assert "第 2 行 字段 scope（营业室代码）：找不到“B1”" in wrong["problems"][0]
    assert "第 3 行 字段 indicator（指标代码）：" in wrong["problems"][1]
    assert manager.get(f"{V1}/indicators/values?code=visits&office=A1&on=2026-07-12").json() == []


def test_r15_the_ranking_drills_down_with_gaps(manager: TestClient) -> None:
    send(manager, row("office", "A1", 12), row("office", "A2", 8), row("person", "A1a", 5))
    found = manager.get(f"{V1}/indicators/visits/ranking?institution=A&on=2026-07-12").json()
    assert (found["average"], found["unknown"]) == ("10", 0)
    assert [(p["place"], p["scope"]["code"], p["gap_to_first"]) for p in found["places"]] == [
        (1, "A1", "0"),
        (2, "A2", "-4"),
    ]
    people = manager.get(f"{V1}/indicators/visits/ranking?office=A1&on=2026-07-12").json()
    assert [(p["place"], p["scope"]["code"]) for p in people["places"]] == [
        (1, "A1a"),
        (None, "A1S"),
        (None, "A1b"),
    ]
    assert manager.get(f"{V1}/indicators/visits/ranking?institution=B").status_code == 404
    assert manager.get(f"{V1}/indicators/visits/ranking").status_code == 400
    assert manager.get(f"{V1}/indicators/nothing/ranking?institution=A").status_code == 400


def approve_july(signed_in: SignedIn) -> TestClient:
    """A plan of July 2026 by which A has to make 80 visits; gives who made it."""
    head = signed_in(Role.HEAD_OFFICE)
    new = {"code": "P1", "name": "七月", "institution": "sub", "month": "2026-07"}
    tag = head.post(f"{V1}/plans", json=new).headers["ETag"]
    for indicator, amount in (("visits", 100), ("regular_premium", 9)):
        body = {"indicator": indicator, "value": amount}
        tag = head.put(f"{V1}/plans/P1/targets", json=body, headers={"If-Match": tag}).headers["ETag"]
    for node in head.get(f"{V1}/plans/P1").json()["nodes"]:
        value = {"visits": "80", "regular_premium": "10"}[node["indicator"]]
        scopes = [{"scope": {"kind": "institution", "code": code}, "value": value} for code in "AB"]
        path = f"{V1}/plans/P1/targets/{node['id']}/assign"
        tag = head.post(path, json={"values": scopes}, headers={"If-Match": tag}).headers["ETag"]
    # Only the root and its children need a result and a process indicator, which both have now.
    assert head.post(f"{V1}/plans/P1/submit", json={}).status_code == 200
    assert signed_in(Role.ADMINISTRATOR).post(f"{V1}/plans/P1/approve", json={}).status_code == 200
    return head


def test_r15_gaps_to_the_approved_target_and_the_schedule(manager: TestClient, signed_in: SignedIn) -> None:
    head = approve_july(signed_in)
    send(manager, row("institution", "A", 60, day="2026-07-31"))
    place = head.get(f"{V1}/indicators/visits/ranking?institution=sub&on=2026-07-31").json()["places"][0]
    assert (place["target"], place["gap_to_target"], place["achievement"]) == ("80", "-20", "0.75")
    assert place["progress_difference"] == "-0.25"


def test_an_older_value_is_held_against_the_working_days_up_to_its_own_day(
    manager: TestClient, signed_in: SignedIn
) -> None:
    head = approve_july(signed_in)
    send(manager, row("institution", "A", 40, day="2026-07-14"))
    place = head.get(f"{V1}/indicators/visits/ranking?institution=sub&on=2026-07-31").json()["places"][0]
    # Of the 23 working days of July 2026 ten were over on the 14th: half of the target is ahead of time.
    assert (place["as_of"], place["achievement"]) == ("2026-07-14", "0.5")
    assert round(Decimal(place["progress_difference"]), 4) == round(Decimal("0.5") - Decimal(10) / 23, 4)


def test_definitions_are_listed_and_only_head_office_adds_them(
    manager: TestClient, signed_in: SignedIn, anonymous: TestClient
) -> None:
    listed = manager.get(f"{V1}/indicators?code=fyc").json()
    assert [(each["code"], each["version"], each["unit"]) for each in listed] == [("fyc", 1, "元")]
    new = {"code": "fyc", "version": 2, "name": "FYC", "unit": "元", "aspect": "result", "formula": "另计",
           "valid_from": "2027-01-01"}  # fmt: skip
    assert manager.post(f"{V1}/indicators", json=new).status_code == 403
    head = signed_in(Role.HEAD_OFFICE)
    assert head.post(f"{V1}/indicators", json=new).json()["version"] == 2
    assert head.post(f"{V1}/indicators", json={**new, "name": "别的"}).status_code == 400
    assert anonymous.get(f"{V1}/indicators").status_code == 401
    batch = {"source": "业务系统", "rows": [row("office", "A1", 12)]}
    assert signed_in(Role.QA).post(f"{V1}/indicators/observations", json=batch).status_code == 403
    assert manager.post(f"{V1}/indicators/observations", json={**batch, "rows": []}).status_code == 422

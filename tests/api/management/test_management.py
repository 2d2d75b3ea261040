"""Management actions over the API: planned, recorded, reviewed; coverage and who is behind."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry, Role
from tests.api.conftest import SignedIn
from tests.models.company import Company

V1 = "/api/v1"
VISIT = {"code": "M1", "kind": "joint_visit", "actor": "A1S", "subject": "A1a", "planned_on": "2025-11-06"}


@pytest.fixture
def manager(company: Company, signed_in: SignedIn) -> TestClient:
    return signed_in(Role.MANAGER, institution="A")


def coverage(client: TestClient, kind: str) -> Any:
    found = client.get(f"{V1}/management-coverage?institution=A&on=2025-11-07").json()
    return next(each for each in found if each["kind"] == kind)


def test_r32_a_joint_visit_counts_with_record_and_review(manager: TestClient) -> None:
    assert manager.post(f"{V1}/management-actions", json=VISIT).status_code == 201
    early = manager.put(f"{V1}/management-actions/M1/review", json={"review": "再练"})
    assert early.status_code == 400
    done = {"done_on": "2025-11-06", "record": "客户关注养老"}
    assert manager.put(f"{V1}/management-actions/M1/record", json=done).status_code == 200
    before = coverage(manager, "joint_visit")
    assert (before["first"], before["last"]) == ("2025-11-01", "2025-11-07")
    assert (before["duties"], before["covered"]) == (2, 0)
    manager.put(f"{V1}/management-actions/M1/review", json={"review": "开门话术再练"})
    after = coverage(manager, "joint_visit")
    assert (after["covered"], after["coverage"]) == (1, "0.5")
    assert [(each["person"]["code"], each["missing"]) for each in after["behind"]] == [("A2S", 1)]


def test_what_is_done_already_is_recorded_at_once_and_given_a_code(manager: TestClient) -> None:
    body = {key: value for key, value in VISIT.items() if key != "code"}
    done = {"record": {"done_on": "2025-11-06", "record": "客户关注养老"}, "review": "开门话术再练"}
    made = manager.post(f"{V1}/management-actions", json={**body, **done}).json()
    assert (made["code"], made["review"]) == ("A1S-2025-11-06-joint_visit", "开门话术再练")
    assert coverage(manager, "joint_visit")["covered"] == 1
    early = manager.post(f"{V1}/management-actions", json={**body, "review": "没有记录"})
    assert early.status_code == 400
    assert manager.get(f"{V1}/management-actions/A1S-2025-11-06-joint_visit-2").status_code == 404


def test_r32_each_platform_kind_is_due_each_month(manager: TestClient) -> None:
    found = coverage(manager, "platform_setup")
    assert (found["first"], found["duties"]) == ("2025-11-01", 3)
    assert [each["platform"] for each in found["behind"]] == ["warmup", "high_value", "high_potential"]
    assert found["behind"][0]["institution"] == "A"


def test_actions_are_listed_by_day_and_edited_as_read(manager: TestClient) -> None:
    manager.post(f"{V1}/management-actions", json=VISIT)
    manager.post(f"{V1}/management-actions", json={**VISIT, "code": "M0", "planned_on": "2025-11-20"})
    path = f"{V1}/management-actions?first=2025-11-01&last=2025-11-30"
    first = manager.get(f"{path}&limit=1").json()
    second = manager.get(f"{path}&limit=1&cursor={first['next']}").json()
    assert [each["code"] for each in first["items"] + second["items"]] == ["M1", "M0"]
    assert manager.get(f"{path}&kind=goal_interview").json()["items"] == []
    read = manager.get(f"{V1}/management-actions/M1")
    body = {key: value for key, value in VISIT.items() if key != "code"} | {"planned_on": "2025-11-09"}
    tag = {"If-Match": read.headers["ETag"]}
    assert manager.put(f"{V1}/management-actions/M1", json=body).status_code == 422
    changed = manager.put(f"{V1}/management-actions/M1", json=body, headers=tag)
    assert (changed.status_code, changed.headers["ETag"]) == (
        200,
        manager.get(f"{V1}/management-actions/M1").headers["ETag"],
    )
    assert manager.put(f"{V1}/management-actions/M1", json=body, headers=tag).status_code == 412
    assert manager.post(f"{V1}/management-actions", json=VISIT).status_code == 409


def test_r32_what_does_not_count_yet_can_be_listed_alone(manager: TestClient) -> None:
    inventory = {"kind": "customer_inventory", "actor": "A1S", "planned_on": "2025-11-06"}
    done = {"done_on": "2025-11-06", "record": "清点十户"}
    for code, body in (
        ("planned", VISIT),
        ("unreviewed", {**VISIT, "record": done}),
        ("reviewed", {**VISIT, "record": done, "review": "再练"}),
        ("inventory", {**inventory, "record": done}),
    ):
        made = manager.post(f"{V1}/management-actions", json={**body, "code": code})
        assert made.status_code == 201
    path = f"{V1}/management-actions?first=2025-11-01&last=2025-11-30"
    assert len(manager.get(path).json()["items"]) == 4
    unfinished = manager.get(f"{path}&unfinished=true").json()["items"]
    assert [each["code"] for each in unfinished] == ["planned", "unreviewed"]


def test_numbers_in_what_was_written_are_shown_only_to_the_level_4_manager_and_it_is_noted(
    manager: TestClient, signed_in: SignedIn, service_engine: Engine
) -> None:
    path, listed = f"{V1}/management-actions/M1", f"{V1}/management-actions?first=2025-11-01&last=2025-11-30"
    manager.post(f"{V1}/management-actions", json=VISIT)
    said = "与客户李先生面谈，电话13812345678，身份证110101199003078515"
    manager.put(f"{path}/record", json={"done_on": "2025-11-06", "record": said})
    manager.put(f"{path}/review", json={"review": "13812345678 再约"})
    covered = "与客户李先生面谈，电话138****5678，身份证110*************15"
    office, above = signed_in(Role.HEAD_OFFICE), signed_in(Role.MANAGER, institution="sub")
    for asker in (manager, office, above):
        for shown in (asker.get(path).json(), asker.get(listed).json()["items"][0]):
            assert (shown["record"], shown["review"]) == (covered, "138****5678 再约")
    assert manager.get(f"{path}?full=true").json()["record"] == said
    assert manager.get(f"{listed}&full=true").json()["items"][0]["record"] == said
    for asker in (office, above, signed_in(Role.ADMINISTRATOR)):
        for asked in (f"{path}?full=true", f"{listed}&full=true"):
            assert asker.get(asked).status_code == 403
    with Session(service_engine) as session:
        noted = select(AuditEntry).where(AuditEntry.action == "customer.read_full")
        entries = [(entry.actor, entry.object_code) for entry in session.scalars(noted)]
    assert entries == [("manager-A", "M1"), ("manager-A", "management_actions")]


def test_what_was_read_masked_does_not_replace_the_original(manager: TestClient) -> None:
    manager.post(f"{V1}/management-actions", json=VISIT)
    record = {"done_on": "2025-11-06", "record": "电话138****5678"}
    refused = manager.put(f"{V1}/management-actions/M1/record", json=record)
    assert refused.status_code == 422
    assert refused.json()["problems"] == ["record：含有隐去后的号码，请填写完整的号码或删去"]


def test_focus_supervisors_with_what_is_not_known(manager: TestClient) -> None:
    found = manager.get(f"{V1}/focus-supervisors?institution=A&on=2025-11-07").json()
    assert found["supervisors"] == []
    assert [person["code"] for person in found["unknown_u"]] == ["A1S", "A2S"]


def test_a_supervisor_is_marked_for_a_time_and_the_mark_is_taken_off(
    manager: TestClient, signed_in: SignedIn
) -> None:
    def listed(day: str) -> Any:
        found = manager.get(f"{V1}/focus-supervisors?institution=A&on={day}").json()
        return [(one["person"]["code"], one["reasons"], one["mark"]) for one in found["supervisors"]]

    path, body = f"{V1}/focus-supervisors", {"person": "A1S", "reason": "团队下滑", "on": "2025-11-03"}
    told = {"reason": "团队下滑", "since": "2025-11-03", "until": "2025-12-01"}
    made = manager.post(path, json={**body, "until": "2025-12-01"})
    assert (made.status_code, made.json()) == (201, told)
    assert listed("2025-11-30") == [("A1S", ["marked"], told)]
    assert listed("2025-12-01") == listed("2025-11-02") == []
    assert "早于上一条记录的终止日" in manager.post(path, json={**body, "on": "2025-11-09"}).json()["detail"]
    assert manager.post(f"{path}/A1S/end", json={"on": "2025-11-10"}).status_code == 204
    assert listed("2025-11-10") == []
    again = manager.post(f"{path}/A1S/end", json={"on": "2025-11-10"})
    assert (again.status_code, "没有重点主管标记" in again.json()["detail"]) == (400, True)
    assert "不是主管" in manager.post(path, json={**body, "person": "A1a"}).json()["detail"]
    assert manager.post(path, json={**body, "person": "B1S"}).status_code == 400
    assert manager.post(f"{path}/B1S/end", json={"on": "2025-11-10"}).status_code == 404
    assert signed_in(Role.QA).post(path, json=body).status_code == 403


def test_refusals(manager: TestClient, signed_in: SignedIn, anonymous: TestClient) -> None:
    manager.post(f"{V1}/management-actions", json=VISIT)
    beside = signed_in(Role.MANAGER, institution="B")
    assert beside.get(f"{V1}/management-actions/M1").status_code == 404
    assert beside.put(f"{V1}/management-actions/M1/review", json={"review": "x"}).status_code == 404
    assert beside.get(f"{V1}/management-coverage?institution=A").status_code == 404
    outside = {**VISIT, "code": "M2", "actor": "B1S"}
    assert manager.post(f"{V1}/management-actions", json=outside).status_code == 400
    alone = {**VISIT, "code": "M2", "subject": None}
    assert manager.post(f"{V1}/management-actions", json=alone).status_code == 400
    assert anonymous.get(f"{V1}/management-actions/M1").status_code == 401
    assert signed_in(Role.QA).post(f"{V1}/management-actions", json=VISIT).status_code == 403

"""Plans over the API: targets of a tree, what is wrong with it, scenarios and approval."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.accounts.tables import Role
from tests.api.conftest import SignedIn
from tests.models.company import Company

V1 = "/api/v1"
NEW = {"code": "P1", "name": "七月", "institution": "A", "month": "2026-07"}


@pytest.fixture
def manager(company: Company, signed_in: SignedIn) -> TestClient:
    return signed_in(Role.MANAGER, institution="A")


@pytest.fixture
def plan(manager: TestClient) -> TestClient:
    """The manager, with the plan P1: 1000 yuan of premium and 50 visits."""
    assert manager.post(f"{V1}/plans", json=NEW).status_code == 201
    for indicator, value in (("regular_premium", "1000"), ("visits", 50)):
        edit(manager, "put", "targets", indicator=indicator, value=value)
    return manager


def edit(client: TestClient, verb: str, path: str, status: int = 200, **body: Any) -> Any:
    """Read the plan, then edit it as it was read."""
    tag = client.get(f"{V1}/plans/P1").headers["ETag"]
    answer = client.request(verb, f"{V1}/plans/P1/{path}", json=body or None, headers={"If-Match": tag})
    assert answer.status_code == status, answer.text
    return answer.json()


def node(client: TestClient, scope: str, *, unassigned: bool = False, code: str = "P1") -> Any:
    nodes = client.get(f"{V1}/plans/{code}").json()["nodes"]
    return next(
        each
        for each in nodes
        if (each["scope"]["code"], each["indicator"], each["is_unassigned"])
        == (scope, "regular_premium", unassigned)
    )


def test_a_plan_has_the_standard_buffer_and_says_what_it_lacks(manager: TestClient) -> None:
    made = manager.post(f"{V1}/plans", json=NEW).json()
    assert (made["buffer_rate"], made["state"], made["month"]) == ("0.05", "draft", "2026-07")
    assert [each["fault"] for each in made["problems"]] == ["no_root"]
    again = manager.post(f"{V1}/plans", json=NEW)
    assert (again.status_code, "P1 已被使用" in again.json()["detail"]) == (409, True)
    listed = manager.get(f"{V1}/plans?month=2026-07&state=draft&below=A").json()["items"]
    assert [each["code"] for each in listed] == ["P1"]
    assert manager.get(f"{V1}/plans?month=2026-08").json()["items"] == []


def test_r27_targets_are_assigned_edited_and_removed_and_the_rest_is_unassigned(plan: TestClient) -> None:
    root = node(plan, "A")["id"]
    office = {"kind": "office", "code": "A1"}
    edit(plan, "post", f"targets/{root}/assign", values=[{"scope": office, "value": "600"}])
    assert node(plan, "A", unassigned=True)["value"] == "450"
    child = node(plan, "A1")["id"]
    edit(plan, "put", f"targets/{child}", value="1050")
    found = plan.get(f"{V1}/plans/P1/problems").json()
    assert [each["fault"] for each in found] == ["no_process"]
    assert found[0]["scope"]["name"] == "A1室"
    edit(plan, "delete", f"targets/{child}")
    assert [each["scope"]["code"] for each in plan.get(f"{V1}/plans/P1").json()["nodes"]] == ["A", "A"]


def test_r27_a_target_is_split_by_weight_to_the_fen(plan: TestClient) -> None:
    root = node(plan, "A")["id"]
    weights = [{"scope": {"kind": "office", "code": code}, "weight": w} for code, w in (("A1", 2), ("A2", 1))]
    edit(plan, "post", f"targets/{root}/break-down", weights=weights)
    assert (node(plan, "A1")["value"], node(plan, "A2")["value"]) == ("700", "350")
    outside = [{"scope": {"kind": "office", "code": "B1"}, "weight": 1}]
    assert (
        "找不到营业室 B1"
        in edit(plan, "post", f"targets/{root}/break-down", status=400, weights=outside)["detail"]
    )
    twice = edit(plan, "post", f"targets/{root}/break-down", status=400, weights=weights[:1] * 2)
    assert "两次" in twice["detail"]


def test_r28_teams_whose_factors_are_not_known_are_named_and_nothing_changes(plan: TestClient) -> None:
    root = node(plan, "A")["id"]
    answer = edit(plan, "post", f"targets/{root}/break-down-to-teams")
    assert answer["unknown"][0].startswith("A1室缺团队基础、职级系数")
    assert len(answer["plan"]["nodes"]) == 2


def test_a_method_says_what_each_below_would_get_and_the_whole_tree_is_broken_down(
    plan: TestClient, signed_in: SignedIn
) -> None:
    root = node(plan, "A")["id"]
    path = f"{V1}/plans/P1/targets/{root}/shares"
    found = plan.get(path, params={"method": "headcount"}).json()
    assert (found["target"], found["required"], found["why_not"]) == ("1000", "1050", None)
    assert [(each["scope"]["code"], each["weight"], each["proposed"]) for each in found["shares"]] == [
        ("A1", "3", "525"),
        ("A2", "3", "525"),
    ]
    unknown = plan.get(path, params={"method": "history"}).json()
    assert "A1室、A2室缺" in unknown["why_not"]
    assert unknown["shares"][0]["proposed"] is None
    assert plan.get(f"{V1}/plans/P1/targets/999999/shares?method=even").status_code == 404
    answer = edit(plan, "post", "spread", method="even", down_to="person")
    assert (answer["added"], answer["unknown"], answer["plan"]["problems"]) == (2 * (2 + 6), [], [])
    again = edit(plan, "post", "spread", status=400, method="even", down_to="office", indicators=["fyc"])
    assert "没有可以往下分解的目标" in again["detail"]
    assert signed_in(Role.QA).post(f"{V1}/plans/P1/spread", json={}).status_code == 403


def test_a_draft_is_renamed_and_deleted_until_it_is_submitted(plan: TestClient) -> None:
    tag = plan.get(f"{V1}/plans/P1").headers["ETag"]
    body = {"name": "七月进取", "buffer_rate": "0.1"}
    assert plan.patch(f"{V1}/plans/P1", json=body).status_code == 422
    changed = plan.patch(f"{V1}/plans/P1", json=body, headers={"If-Match": tag})
    assert (changed.json()["name"], changed.json()["buffer_rate"]) == ("七月进取", "0.1")
    assert plan.delete(f"{V1}/plans/P1", headers={"If-Match": tag}).status_code == 412
    plan.post(f"{V1}/plans/P1/submit", json={})
    plan.post(f"{V1}/plans/P1/take-back", json={})
    kept = plan.delete(f"{V1}/plans/P1", headers={"If-Match": "*"})
    assert "审批记录须保留" in kept.json()["detail"]
    plan.post(f"{V1}/plans", json={**NEW, "code": "P2"})
    assert plan.delete(f"{V1}/plans/P2", headers={"If-Match": "*"}).status_code == 204
    assert plan.get(f"{V1}/plans/P2").status_code == 404


def test_an_edit_of_what_somebody_else_changed_is_refused(plan: TestClient) -> None:
    root = node(plan, "A")["id"]
    path, body = f"{V1}/plans/P1/targets/{root}", {"value": "2000"}
    assert plan.put(path, json=body).status_code == 422
    seen = plan.get(f"{V1}/plans/P1").headers["ETag"]
    first = plan.put(path, json=body, headers={"If-Match": seen})
    assert first.status_code == 200
    second = plan.put(path, json={"value": "3000"}, headers={"If-Match": seen})
    assert (second.status_code, second.json()["code"]) == (412, "stale")
    third = plan.put(path, json={"value": "3000"}, headers={"If-Match": first.headers["ETag"]})
    assert third.status_code == 200


def test_scenarios_are_copied_and_compared(plan: TestClient) -> None:
    root = node(plan, "A")["id"]
    office = {"kind": "office", "code": "A1"}
    edit(plan, "post", f"targets/{root}/assign", values=[{"scope": office, "value": "600"}])
    copy = plan.post(f"{V1}/plans/P1/copies", json={"code": "P2", "name": "进取"})
    assert copy.status_code == 201
    assert node(plan, "A", unassigned=True, code="P2")["value"] == "450"
    other = node(plan, "A", code="P2")["id"]
    tag = copy.headers["ETag"]
    changed = plan.put(f"{V1}/plans/P2/targets/{other}", json={"value": "1200"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    compared = plan.get(f"{V1}/plan-comparisons?plan=P1&plan=P2").json()
    first = compared["nodes"][0]
    assert (first["values"], first["differences"]) == (["1000", "1200"], ["0", "200"])
    assert plan.get(f"{V1}/plan-comparisons?plan=P1").status_code == 400
    wrong = plan.put(f"{V1}/plans/P1/targets/{other}", json={"value": "1"}, headers={"If-Match": "*"})
    assert wrong.status_code == 404


def test_the_plan_of_another_month_begins_with_those_who_are_still_there(
    plan: TestClient, signed_in: SignedIn
) -> None:
    root = node(plan, "A")["id"]
    weights = [{"scope": {"kind": "office", "code": code}, "weight": 1} for code in ("A1", "A2")]
    edit(plan, "post", f"targets/{root}/break-down", weights=weights)
    for office, agents in (("A1", ("A1a", "A1b")), ("A2", ("A2a",))):
        given = [{"scope": {"kind": "person", "code": code}, "value": "200"} for code in agents]
        edit(plan, "post", f"targets/{node(plan, office)['id']}/assign", values=given)
    assert plan.post(f"{V1}/people/A1b/leave", json={"on": "2026-08-01"}).status_code == 200
    for code in ("A2S", "A2a", "A2b"):
        moved = {"institution": "A", "office": "A1", "on": "2026-08-01"}
        assert plan.post(f"{V1}/people/{code}/transfer", json=moved).status_code == 200
    assert plan.post(f"{V1}/offices/A2/close", json={"on": "2026-08-01"}).status_code == 204

    wanted = {"code": "P8", "name": "八月", "month": "2026-08"}
    copy = plan.post(f"{V1}/plans/P1/copies", json=wanted)
    assert copy.status_code == 201, copy.text
    made = copy.json()
    assert (made["month"], made["state"], made["institution"]) == ("2026-08", "draft", "A")
    assert plan.get(f"{V1}/plans/P8/decisions").json() == []
    assert made["left_out"] == [
        "A2室在 2026-08 初不在机构A之下，其目标没有带入。",
        "人员A1b在 2026-08 初不在A1室之下，其目标没有带入。",
    ]
    assert (node(plan, "A", code="P8")["value"], node(plan, "A1a", code="P8")["value"]) == ("1000", "200")
    unassigned = [node(plan, code, code="P8", unassigned=True)["value"] for code in ("A", "A1")]
    assert unassigned == ["525", "325"], "what those who are gone carried is open again"
    tag = copy.headers["ETag"]
    assert plan.patch(f"{V1}/plans/P8", json={"name": "八月进取"}, headers={"If-Match": tag}).is_success

    again = plan.post(f"{V1}/plans/P1/copies", json={**wanted, "code": "P9"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert "2026-08 已有规划“八月进取”（P8），没有复制" in again.json()["detail"]
    assert plan.get(f"{V1}/plans/P9").status_code == 404
    before = plan.post(f"{V1}/plans/P1/copies", json={**wanted, "code": "P0", "month": "2019-12"})
    assert "2019-12 初尚未设立" in before.json()["detail"]
    assert signed_in(Role.QA).post(f"{V1}/plans/P1/copies", json=wanted).status_code == 403
    assert (
        signed_in(Role.MANAGER, institution="B").post(f"{V1}/plans/P1/copies", json=wanted).status_code == 404
    )


def test_a_plan_is_submitted_by_its_editor_and_decided_by_head_office(
    plan: TestClient, signed_in: SignedIn
) -> None:
    head = signed_in(Role.HEAD_OFFICE)
    assert plan.post(f"{V1}/plans/P1/approve", json={}).status_code == 403
    assert head.post(f"{V1}/plans/P1/approve", json={}).status_code == 409
    assert plan.post(f"{V1}/plans/P1/submit", json={}).json()["state"] == "submitted"
    assert edit(plan, "put", "targets", status=400, indicator="visits", value=1)["code"] == "input_error"
    assert head.post(f"{V1}/plans/P1/reject", json={}).status_code == 400
    assert head.post(f"{V1}/plans/P1/reject", json={"comment": "偏低"}).json()["state"] == "rejected"
    assert plan.post(f"{V1}/plans/P1/take-back", json={}).json()["state"] == "draft"
    plan.post(f"{V1}/plans/P1/submit", json={})
    assert head.post(f"{V1}/plans/P1/approve", json={}).json()["state"] == "approved"
    steps = plan.get(f"{V1}/plans/P1/decisions").json()
    assert [(each["after"], each["by"]) for each in steps[1:3]] == [
        ("rejected", "head_office-None"),
        ("draft", "manager-A"),
    ]
    assert steps[1]["comment"] == "偏低"


def test_who_submitted_a_plan_does_not_approve_it(plan: TestClient, signed_in: SignedIn) -> None:
    head = signed_in(Role.HEAD_OFFICE)
    assert head.post(f"{V1}/plans/P1/submit", json={}).is_success
    own = head.post(f"{V1}/plans/P1/approve", json={})
    assert (own.status_code, own.json()["code"]) == (409, "conflict")
    assert own.json()["detail"] == "规划“七月”由您提交，不能由您批准：请由另一位有审批权限的人批准。"
    assert plan.get(f"{V1}/plans/P1").json()["state"] == "submitted"
    assert signed_in(Role.ADMINISTRATOR).post(f"{V1}/plans/P1/approve", json={}).is_success


def test_whoever_made_a_key_does_not_approve_what_it_submitted(
    plan: TestClient, signed_in: SignedIn, app: FastAPI
) -> None:
    owner, head = signed_in(Role.ADMINISTRATOR), signed_in(Role.HEAD_OFFICE)
    asked = {"name": "人力系统", "permissions": ["read_model", "edit_model"]}
    deciding = owner.post(f"{V1}/api-keys", json={**asked, "permissions": ["approve_plans"]})
    assert "只能由人行使" in deciding.text
    made = owner.post(f"{V1}/api-keys", json=asked).json()
    system = TestClient(app, headers={"Authorization": f"Bearer {made['key']}"})
    assert system.post(f"{V1}/plans/P1/submit", json={}).is_success
    assert system.post(f"{V1}/plans/P1/approve", json={}).status_code == 403
    own = owner.post(f"{V1}/plans/P1/approve", json={})
    assert (own.status_code, own.json()["code"]) == (409, "conflict")
    assert own.json()["detail"].startswith("规划“七月”由您建的密钥提交，不能由您批准")
    owner.delete(f"{V1}/api-keys/{made['details']['id']}")
    assert owner.post(f"{V1}/plans/P1/approve", json={}).status_code == 409, "revoked, it was still one's own"
    assert head.post(f"{V1}/plans/P1/approve", json={}).is_success


def test_a_new_key_of_an_old_name_is_answered_for_by_whoever_made_the_new_one(
    plan: TestClient, signed_in: SignedIn, app: FastAPI
) -> None:
    former, present = signed_in(Role.ADMINISTRATOR), signed_in(Role.ADMINISTRATOR, institution="A")
    asked = {"name": "人力系统", "permissions": ["read_model", "edit_model"]}
    made = former.post(f"{V1}/api-keys", json=asked).json()
    assert former.delete(f"{V1}/api-keys/{made['details']['id']}").status_code == 204
    key = present.post(f"{V1}/api-keys", json={**asked, "institution": "A"}).json()["key"]
    system = TestClient(app, headers={"Authorization": f"Bearer {key}"})
    assert system.post(f"{V1}/plans/P1/submit", json={}).is_success
    assert present.post(f"{V1}/plans/P1/approve", json={}).status_code == 409
    assert former.post(f"{V1}/plans/P1/approve", json={}).is_success


def test_a_plan_with_faults_is_not_submitted(manager: TestClient) -> None:
    manager.post(f"{V1}/plans", json=NEW)
    answer = manager.post(f"{V1}/plans/P1/submit", json={})
    assert (answer.status_code, "不符合要求" in answer.json()["detail"]) == (400, True)


def test_plans_outside_the_subtree_are_as_if_they_were_not(
    plan: TestClient, signed_in: SignedIn, anonymous: TestClient
) -> None:
    beside = signed_in(Role.MANAGER, institution="B")
    assert beside.get(f"{V1}/plans").json()["items"] == []
    assert beside.get(f"{V1}/plans/P1").status_code == 404
    assert beside.post(f"{V1}/plans/P1/submit", json={}).status_code == 404
    assert beside.post(f"{V1}/plans", json={**NEW, "code": "P2"}).status_code == 400
    assert anonymous.get(f"{V1}/plans/P1").status_code == 401
    assert signed_in(Role.QA).post(f"{V1}/plans", json=NEW).status_code == 403


def test_the_capacity_gap_needs_every_ranks_productivity(plan: TestClient) -> None:
    before = plan.get(f"{V1}/plans/P1/capacity").json()
    assert (before["target"], before["gap"], before["missing"]) == ("1000", None, ["agent", "supervisor"])
    for rank, value in (("agent", "100"), ("supervisor", "250")):
        body = {"institution": "A", "value": value, "valid_from": "2026-07-01"}
        path = f"{V1}/toolbox/tier_productivity/{rank}"
        assert plan.put(path, json=body).status_code == 200
    after = plan.get(f"{V1}/plans/P1/capacity").json()
    assert [(tier["rank"], tier["headcount"]) for tier in after["tiers"]] == [
        ("agent", 4),
        ("supervisor", 2),
    ]
    assert (after["expected"], after["gap"]) == ("900", "100")

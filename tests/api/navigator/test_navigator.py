"""The navigator over the API: runs, an agent's list, and what becomes of recommendations."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.accounts.tables import Role
from models.customers.tables import Customer
from models.database import transaction
from models.navigator.rules import load_rules
from tests.api.company import add_customers
from tests.api.conftest import SignedIn
from tests.models.company import Company

V1 = "/api/v1"
DAY = "2025-11-06"


@pytest.fixture
def manager(company: Company, service_engine: Engine, signed_in: SignedIn) -> TestClient:
    """K1's policy is renewed soon, and K3 wants no contact."""
    add_customers(service_engine, company)
    with transaction(service_engine) as session:
        session.query(Customer).filter_by(code="K1").one().renewal_on = date(2025, 11, 18)
        session.query(Customer).filter_by(code="K3").one().do_not_contact = True
    return signed_in(Role.MANAGER, institution="A")


def listed(client: TestClient, query: str = "") -> list[Any]:
    answer = client.get(f"{V1}/navigator/recommendations?on={DAY}{query}")
    assert answer.status_code == 200
    found: list[Any] = answer.json()["items"]
    return found


def test_a_run_makes_one_recommendation_a_customer_and_a_second_the_same(manager: TestClient) -> None:
    order = {"institution": "A", "on": DAY}
    first = manager.post(f"{V1}/navigator/runs", json=order).json()
    assert first["customers"] == 3
    tasks = listed(manager)
    assert len(tasks) == first["made"] > 0
    again = manager.post(f"{V1}/navigator/runs", json=order).json()
    assert (again["made"], again["superseded"]) == (first["made"], 0)
    (task,) = [task for task in tasks if task["customer"] == "K1"]
    assert (task["name"], task["agent"]["code"], task["overdue"]) == ("郑**", "A1a", False)
    assert task["reason"]
    assert "郑美玲K1" in [task["name"] for task in listed(manager, "&full=true")]
    assert {task["customer"] for task in listed(manager, "&agent=A1a")} <= {"K1", "K2"}
    early = manager.post(f"{V1}/navigator/runs", json={**order, "on": "2025-11-05"})
    assert early.status_code == 400


def test_a_recommendation_is_done_once(manager: TestClient, signed_in: SignedIn) -> None:
    manager.post(f"{V1}/navigator/runs", json={"institution": "A", "on": DAY})
    first, *_ = listed(manager)
    path = f"{V1}/navigator/recommendations/{first['id']}"
    beside = signed_in(Role.MANAGER, institution="B")
    assert beside.post(f"{path}/done", json={"on": DAY}).status_code == 404
    assert manager.post(f"{path}/done", json={"on": DAY}).status_code == 204
    assert manager.post(f"{path}/dismiss", json={"on": DAY}).status_code == 409
    assert first["id"] not in [task["id"] for task in listed(manager)]


def test_refusals(manager: TestClient, signed_in: SignedIn, anonymous: TestClient) -> None:
    order = {"institution": "A", "on": DAY}
    assert manager.post(f"{V1}/navigator/runs", json={**order, "institution": "B"}).status_code == 400
    assert signed_in(Role.QA).post(f"{V1}/navigator/runs", json=order).status_code == 403
    assert anonymous.get(f"{V1}/navigator/recommendations").status_code == 401
    assert manager.get(f"{V1}/navigator/recommendations?agent=B1a").status_code == 404
    full = f"{V1}/navigator/recommendations?full=true"
    assert signed_in(Role.HEAD_OFFICE).get(full).status_code == 403


def test_the_work_is_told_by_action_and_by_whose_it_is_and_the_list_by_urgency(
    manager: TestClient, signed_in: SignedIn
) -> None:
    manager.post(f"{V1}/navigator/runs", json={"institution": "A", "on": DAY})
    tasks = listed(manager)
    head = signed_in(Role.HEAD_OFFICE)

    def workload(client: TestClient, query: str, on: str = DAY) -> Any:
        return client.get(f"{V1}/navigator/workload?on={on}{query}").json()

    below = workload(head, "&institution=sub")
    assert below["total"] == {"open": len(tasks), "due_today": 0, "overdue": 0}
    assert [(one["scope"]["code"], one["open"]) for one in below["parts"]] == [("A", len(tasks))]
    here = workload(manager, "&institution=A", on="2027-01-01")
    assert sum(one["overdue"] for one in here["parts"]) == here["total"]["overdue"] == len(tasks)
    assert {one["scope"]["code"] for one in here["parts"]} == {task["agent"]["code"] for task in tasks}
    order = [rule.id for rule in load_rules().rules]
    rules = [one["rule"] for one in here["actions"]]
    assert rules == sorted({task["rule"] for task in tasks}, key=order.index)
    assert tasks == sorted(tasks, key=lambda task: (task["due_on"], order.index(task["rule"]), task["id"]))

    chosen = rules[-1]
    wanted = [task for task in tasks if task["rule"] == chosen]
    assert listed(manager, f"&rule={chosen}") == wanted
    of_one = workload(manager, f"&institution=A&rule={chosen}")
    assert (of_one["actions"], sum(one["open"] for one in of_one["parts"])) == (
        workload(manager, "&institution=A")["actions"],
        len(wanted),
    )
    strange = manager.get(f"{V1}/navigator/recommendations?rule=fame")
    assert (strange.status_code, "没有行动“fame”" in strange.json()["detail"]) == (400, True)
    assert manager.get(f"{V1}/navigator/workload?institution=B").status_code == 404


def test_pages_follow_each_other_without_gap_or_repetition(manager: TestClient) -> None:
    manager.post(f"{V1}/navigator/runs", json={"institution": "A", "on": DAY})
    found: list[int] = []
    cursor = ""
    while True:
        page = manager.get(f"{V1}/navigator/recommendations?on={DAY}&limit=1{cursor}").json()
        found += [task["id"] for task in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == [task["id"] for task in listed(manager)]
    assert manager.get(f"{V1}/navigator/recommendations?cursor=WzFd").status_code == 400

"""Customers over the API: masked unless their manager asks, quadrants, inventory and sales."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from api.accounts.tables import AuditEntry, Role
from api.organisation.service import today
from models.database import transaction
from tests.api.company import add_customers
from tests.api.conftest import SignedIn
from tests.models.company import Company

V1 = "/api/v1"
WEEK = "2025-11-07"
LATER = "2025-11-14"


@pytest.fixture
def manager(company: Company, service_engine: Engine, signed_in: SignedIn) -> TestClient:
    add_customers(service_engine, company)
    return signed_in(Role.MANAGER, institution="A")


@pytest.fixture
def assessed(manager: TestClient) -> TestClient:
    """K1 is worth 72 and was visited, K2 40; K3 was never assessed."""
    head = {"value": "50", "valid_from": "2025-01-01", "institution": "A"}
    assert manager.put(f"{V1}/parameters/interaction_weight.visit", json=head).status_code == 200
    visit = {"customer": "K1", "happened_on": "2025-11-07", "kind": "visit"}
    assert manager.post(f"{V1}/customer-interactions", json={"rows": [visit]}).json() == {"rows": 1}
    rows = [{"customer": "K1", "value": "72"}, {"customer": "K2", "value": "40", "potential": "65"}]
    order = {"institution": "A", "week_ends": WEEK, "assessed": rows}
    run = manager.post(f"{V1}/customer-snapshots", json=order).json()
    assert run == {"customers": 3, "without_value": 1, "missing": {}}
    return manager


def test_names_and_phones_are_masked(manager: TestClient) -> None:
    listed = manager.get(f"{V1}/customers").json()["items"]
    assert [(each["code"], each["name"], each["agent"]) for each in listed] == [
        ("K1", "郑**", "A1a"),
        ("K2", "郑**", "A1a"),
        ("K3", "郑**", "A2a"),
    ]
    assert manager.get(f"{V1}/customers/K1").json()["phone"] == "138****5678"


def test_the_manager_of_the_institution_may_ask_for_the_full_text_and_it_is_noted(
    manager: TestClient, signed_in: SignedIn, service_engine: Engine
) -> None:
    full = manager.get(f"{V1}/customers/K1?full=true").json()
    assert (full["name"], full["phone"]) == ("郑美玲K1", "13812345678")
    assert manager.get(f"{V1}/customers?full=true&agent=A2a").json()["items"][0]["name"] == "郑美玲K3"
    with transaction(service_engine) as session:
        trail = session.execute(select(AuditEntry.action, AuditEntry.object_code)).tuples().all()
    assert trail == [("customer.read_full", "K1"), ("customer.read_full", "A2a")]
    for other in (
        signed_in(Role.MANAGER, institution="sub"),
        signed_in(Role.HEAD_OFFICE),
        signed_in(Role.ADMINISTRATOR),
        signed_in(Role.QA, institution="A"),
    ):
        assert other.get(f"{V1}/customers/K1?full=true").status_code == 403
        assert other.get(f"{V1}/customers?full=true").status_code == 403


def test_the_list_is_filtered_and_paged(assessed: TestClient) -> None:
    def found(query: str) -> list[str]:
        answer = assessed.get(f"{V1}/customers?week={WEEK}&{query}")
        return [each["code"] for each in answer.json()["items"]]

    assert found("quadrant=HL") == ["K1"]
    assert found("quadrant=LL") == ["K2"]
    assert found("agent=A2a") == ["K3"]
    assert found("search=K1&source=warm") == ["K1"]
    first = assessed.get(f"{V1}/customers?limit=2").json()
    second = assessed.get(f"{V1}/customers", params={"limit": 2, "cursor": first["next"]}).json()
    assert [each["code"] for each in second["items"]] == ["K3"]


def test_r29_quadrants_and_the_way_of_one_customer(assessed: TestClient) -> None:
    (matrix,) = assessed.get(f"{V1}/customer-quadrants?institution=A&week={WEEK}").json()
    assert (matrix["counts"], matrix["unknown"]) == ({"HH": 0, "HL": 1, "LH": 0, "LL": 1}, 1)
    assert matrix["quality"] == "0.5"
    order = {"institution": "A", "week_ends": LATER, "assessed": [{"customer": "K2", "value": "80"}]}
    assessed.post(f"{V1}/customer-snapshots", json=order)
    moved = assessed.get(f"{V1}/customer-movement?institution=A&before={WEEK}&after={LATER}").json()
    assert {(each["before"], each["after"]): each["customers"] for each in moved["counts"]} == {
        ("HL", "HL"): 1,
        ("LL", "HL"): 1,
    }
    weeks = assessed.get(f"{V1}/customers/K2/snapshots?limit=1").json()
    assert [(each["week_ends"], each["quadrant"]) for each in weeks["items"]] == [(LATER, "HL")]
    one = assessed.get(f"{V1}/customers/K2").json()
    assert (one["institution"], one["strategy"][:4]) == ("A", "重点升温")
    wrong = {**order, "week_ends": "2025-11-10"}
    assert assessed.post(f"{V1}/customer-snapshots", json=wrong).status_code == 400


def left_out(client: TestClient, since: str) -> list[str]:
    """Whom no inventory has labelled since the day."""
    answer = client.get(f"{V1}/customers?not_inventoried_since={since}")
    return [each["code"] for each in answer.json()["items"]]


def test_r32_an_inventory_labels_customers_and_leaves_others_to_be_found(
    manager: TestClient, signed_in: SignedIn
) -> None:
    beside = signed_in(Role.MANAGER, institution="B")
    body = {"taken_on": "2025-11-04", "labels": [{"customer": "K1", "label": "warming"}]}
    assert manager.put(f"{V1}/customer-inventory", json=body).json() == {"rows": 1}
    period = "institution=A&first=2025-11-01&last=2025-11-07"
    (all_,) = manager.get(f"{V1}/customer-inventory?{period}").json()
    assert (all_["customers"], all_["warming"], all_["missing"]) == (3, 1, 2)
    offices = manager.get(f"{V1}/customer-inventory?{period}&by=office").json()
    assert [(each["scope"]["code"], each["coverage"]) for each in offices] == [("A1", "0.5"), ("A2", "0")]
    first = "2025-11-04"
    (until,) = manager.get(f"{V1}/customer-inventory?institution=A&first={first}&last={today()}").json()
    assert until["missing"] == len(left_out(manager, first)) == 2
    assert left_out(manager, first) == ["K2", "K3"]
    assert left_out(manager, "2025-11-05") == ["K1", "K2", "K3"]
    assert left_out(beside, first) == ["K9"]
    other = {**body, "labels": [{"customer": "K9", "label": "warming"}]}
    assert manager.put(f"{V1}/customer-inventory", json=other).status_code == 400


def test_sales_count_until_they_are_withdrawn(manager: TestClient) -> None:
    period = "institution=A&first=2025-11-01&last=2025-11-30"
    (premium,) = manager.get(f"{V1}/sales/premium?{period}").json()
    assert (premium["net"], premium["policies"], premium["fyc"]) == ("12000", 1, "3600")
    buyers = manager.get(f"{V1}/sales/customers?{period}").json()
    assert (buyers["customers"], buyers["premium_per_customer"]) == (1, "12000")
    assert buyers["largest"][0]["name"] == "郑**"
    late = manager.post(f"{V1}/sales/P1/withdrawal", json={"on": "2025-12-01"})
    assert (late.status_code, "犹豫期" in late.json()["detail"]) == (400, True)
    assert manager.post(f"{V1}/sales/P1/withdrawal", json={"on": "2025-11-20"}).status_code == 204
    assert manager.get(f"{V1}/sales/customers?{period}").json()["premium_per_customer"] is None


def test_refusals(manager: TestClient, signed_in: SignedIn, anonymous: TestClient) -> None:
    beside = signed_in(Role.MANAGER, institution="B")
    assert beside.get(f"{V1}/customers/K1").status_code == 404
    assert beside.post(f"{V1}/sales/P1/withdrawal", json={"on": "2025-11-20"}).status_code == 404
    for path in ("customers/K9", "customers?below=B", "customer-quadrants?institution=B"):
        assert manager.get(f"{V1}/{path}").status_code == 404
    assert anonymous.get(f"{V1}/customers").status_code == 401
    order = {"institution": "A", "week_ends": WEEK}
    assert signed_in(Role.QA).post(f"{V1}/customer-snapshots", json=order).status_code == 403
    late = {"rows": [{"customer": "K1", "happened_on": "2099-01-01", "kind": "visit"}]}
    assert manager.post(f"{V1}/customer-interactions", json=late).status_code == 400

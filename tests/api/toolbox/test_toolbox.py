"""The toolbox over the API: computed from sales, set by hand, and which value answers."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.accounts.tables import Role
from tests.api.company import add_customers
from tests.api.conftest import SignedIn
from tests.models.company import Company

V1 = "/api/v1"
HAND = {"institution": "A", "value": "8600", "valid_from": "2025-12-01", "note": "参照上级"}
KEY = f"{V1}/toolbox/premium_per_customer/HH"


@pytest.fixture
def manager(company: Company, service_engine: Engine, signed_in: SignedIn) -> TestClient:
    add_customers(service_engine, company)
    return signed_in(Role.MANAGER, institution="A")


def answer(client: TestClient, key: str, on: str = "2025-12-31") -> Any:
    found = client.get(f"{V1}/toolbox?institution=A&on={on}").json()
    return next(row for row in found if (row["table"], row["key"]) == ("premium_per_customer", key))


def test_values_are_computed_from_the_months(manager: TestClient) -> None:
    order = {"institution": "A", "first": "2025-11", "last": "2025-11"}
    rows = manager.post(f"{V1}/toolbox/computations", json=order).json()
    (row,) = [r for r in rows if (r["table"], r["key"]) == ("premium_per_customer", "all")]
    assert (row["value"], row["sample"], row["valid_from"]) == ("12000", 1, "2025-12-01")
    few = answer(manager, "all")
    assert (few["value"], "样本 1 不足 5" in few["sentence"]) == (None, True)
    backwards = {**order, "last": "2025-10"}
    assert manager.post(f"{V1}/toolbox/computations", json=backwards).status_code == 400
    long = {**order, "first": "2022-01"}
    assert manager.post(f"{V1}/toolbox/computations", json=long).status_code == 400


def test_a_value_set_by_hand_wins_until_it_is_ended(manager: TestClient) -> None:
    assert manager.put(KEY, json=HAND).json()["value"] == "8600"
    found = answer(manager, "HH")
    assert (found["value"], found["institution"], found["is_override"]) == ("8600", "A", True)
    assert manager.post(f"{KEY}/end", json={"institution": "A", "on": "2025-12-15"}).status_code == 204
    assert answer(manager, "HH")["value"] is None
    assert answer(manager, "HH", on="2025-12-10")["value"] == "8600"
    history = manager.get(f"{V1}/toolbox/history?institution=A").json()
    assert [(row["key"], row["valid_to"], row["note"]) for row in history] == [
        ("HH", "2025-12-15", "参照上级")
    ]


def test_refusals(manager: TestClient, signed_in: SignedIn, anonymous: TestClient) -> None:
    assert manager.put(f"{V1}/toolbox/premium_per_customer/XX", json=HAND).status_code == 400
    assert manager.put(f"{V1}/toolbox/nothing/HH", json=HAND).status_code == 422
    assert manager.put(KEY, json={**HAND, "value": "-1"}).status_code == 422
    assert manager.put(KEY, json={**HAND, "institution": "B"}).status_code == 400
    assert manager.get(f"{V1}/toolbox?institution=B").status_code == 404
    assert manager.get(f"{V1}/toolbox/history?institution=B").status_code == 404
    assert manager.post(f"{KEY}/end", json={"institution": "A", "on": "2025-12-15"}).status_code == 400
    assert anonymous.get(f"{V1}/toolbox?institution=A").status_code == 401
    assert signed_in(Role.QA).put(KEY, json=HAND).status_code == 403

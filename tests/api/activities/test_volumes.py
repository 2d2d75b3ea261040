"""Weekly volumes over the API: reported, summed up, and judged."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from fastapi.testclient import TestClient

from api.accounts.tables import Role
from tests.api.conftest import SignedIn
from tests.models.company import Company

V1 = "/api/v1"
WEEK = "2025-11-07"


@pytest.fixture
def manager(company: Company, signed_in: SignedIn) -> TestClient:
    return signed_in(Role.MANAGER, institution="A")


def report(client: TestClient, side: str, *counts: Mapping[str, object], week: str = WEEK) -> int:
    body = {"week_ends": week, "side": side, "counts": list(counts)}
    return client.put(f"{V1}/volumes", json=body).status_code


def test_reports_are_summed_up_and_much_may_be_poor(manager: TestClient) -> None:
    assert report(manager, "planned", {"person": "A1a", "visit": 10}) == 200
    assert report(manager, "done", {"person": "A1a", "visit": 12, "close": 1, "referral": 2}) == 200
    (all_,) = manager.get(f"{V1}/volumes?institution=A&week={WEEK}").json()
    assert (all_["expected"], all_["items"]["visit"]["done"]) == (6, 12)
    assert all_["items"]["visit"]["achievement"] == "1.2"
    assert (all_["conversion"], all_["referral_rate"]) == ("0.083333", "2")
    assert (all_["many_but_poor"], "pvkyc_conversion_floor" in all_["sentence"]) == (None, True)
    floor = {"value": "0.1", "institution": "A", "valid_from": "2025-01-01"}
    manager.put(f"{V1}/parameters/pvkyc_conversion_floor", json=floor)
    (month,) = manager.get(f"{V1}/volumes?institution=A&month=2025-11").json()
    assert (month["many_but_poor"], month["sentence"][:4]) == (True, "量大质低")


def test_who_has_not_reported(manager: TestClient) -> None:
    report(manager, "done", *({"person": code, "visit": 1} for code in ("A1S", "A1a", "A1b", "A2S")))
    missing = manager.get(f"{V1}/volumes/missing?institution=A&week={WEEK}").json()
    assert [person["code"] for person in missing] == ["A2a", "A2b"]


def test_refusals(manager: TestClient, signed_in: SignedIn, anonymous: TestClient) -> None:
    row = {"person": "A1a", "visit": 1}
    assert report(manager, "done", row, week="2025-11-10") == 400
    assert report(manager, "done", {"person": "B1a", "visit": 1}) == 400
    assert report(manager, "done", {"person": "A1a", "visit": -1}) == 422
    assert report(signed_in(Role.QA), "done", row) == 403
    assert report(anonymous, "done", row) == 401
    assert manager.get(f"{V1}/volumes?institution=A").status_code == 400
    assert manager.get(f"{V1}/volumes?institution=B&week={WEEK}").status_code == 404

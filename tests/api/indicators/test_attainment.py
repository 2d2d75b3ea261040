"""U and CT over the API, why an office stays low, and the parameters behind it all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.accounts.tables import Role
from models.database import transaction
from models.indicators.repository import IndicatorRepository, NewObservation
from models.management.repository import ManagementRepository, NewAction
from models.management.tables import ActionKind
from tests.api.conftest import SignedIn
from tests.models.company import Company

V1 = "/api/v1"


@pytest.fixture
def manager(company: Company, signed_in: SignedIn) -> TestClient:
    return signed_in(Role.MANAGER, institution="A")


def observe(engine: Engine, company: Company, *values: tuple[str, str, date, int]) -> None:
    with transaction(engine) as session:
        IndicatorRepository(session).append(
            [NewObservation(company.scope(scope), code, day, Decimal(v)) for scope, code, day, v in values],
            source="业务系统",
            recorded_at=datetime.now(UTC),
        )


def test_ct_and_u_are_unknown_until_their_thresholds_are_set(
    manager: TestClient, company: Company, service_engine: Engine
) -> None:
    day = date(2026, 7, 31)
    observe(service_engine, company, ("A1", "fyc", day, 30000), ("A1a", "fyc", day, 4000))
    path = f"{V1}/attainment?institution=A&on=2026-07-31"
    assert [each["attained"] for each in manager.get(path).json()["offices"]] == [None, None]
    for code, value in (("ct_threshold.fyc", "20000"), ("u_threshold", "3000")):
        body = {"value": value, "institution": "A", "valid_from": "2026-01-01"}
        assert manager.put(f"{V1}/parameters/{code}", json=body).status_code == 200
    found = manager.get(path).json()
    assert [(o["office"]["code"], o["progress"], o["attained"]) for o in found["offices"]] == [
        ("A1", "1.5", True),
        ("A2", None, None),
    ]
    attained = {person["person"]["code"]: person["attained"] for person in found["people"]}
    assert (attained["A1a"], attained["A1b"]) == (True, None)
    run = {"institution": "A", "on": "2026-07-31"}
    assert manager.post(f"{V1}/attainment", json=run).json() == {"added": 3, "unchanged": 0}
    rates = manager.get(f"{V1}/ct-rates?institution=A&months=2&on=2026-07-31").json()
    assert [(each["office"]["code"], each["rates"]) for each in rates] == [
        ("A1", [None, "1"]),
        ("A2", [None, None]),
    ]


def test_r33_a_low_office_is_found_with_its_possible_causes(
    manager: TestClient, company: Company, service_engine: Engine
) -> None:
    for month, last in ((5, 31), (6, 30), (7, 31)):
        day = date(2026, month, last)
        observe(service_engine, company, ("A1", "ct_attained", day, 0), ("A2", "ct_attained", day, 1))
    path = f"{V1}/ct-anomalies?institution=A&on=2026-07-31"
    (found,) = manager.get(path).json()
    assert (found["office"]["code"], found["causes"]) == ("A1", [])
    assert any("人均陪访：本室没有数据" in sentence for sentence in found["unknown"])
    with transaction(service_engine) as session:
        actions = ManagementRepository(session)
        key = {code: person.id for code, person in company.people.items()}
        actions.plan(NewAction(code="M1", kind=ActionKind.JOINT_VISIT, actor_id=key["A2S"],
                               subject_id=key["A2a"], planned_on=date(2026, 7, 6)))  # fmt: skip
        actions.record("M1", done_on=date(2026, 7, 6), record="陪访两户")
        actions.review("M1", "开门话术再练")
    body = {"value": "0.2", "institution": "A", "valid_from": "2026-01-01"}
    manager.put(f"{V1}/parameters/anomaly_threshold.joint_visits", json=body)
    (found,) = manager.get(path).json()
    (cause,) = found["causes"]
    assert (cause["factor"], cause["z"]) == ("joint_visits", None)
    assert cause["sentence"].startswith("可能原因：人均陪访偏少")


def test_parameters_keep_their_history_and_general_ones_are_head_offices(
    manager: TestClient, signed_in: SignedIn
) -> None:
    head = signed_in(Role.HEAD_OFFICE)
    path = f"{V1}/parameters/buffer_rate"
    assert manager.put(path, json={"value": "0.1", "valid_from": "2026-01-01"}).status_code == 400
    head.put(path, json={"value": "0.05", "valid_from": "2026-01-01"})
    head.put(path, json={"value": "0.08", "valid_from": "2026-06-01", "note": "调高"})
    head.put(path, json={"value": "0.2", "institution": "B", "valid_from": "2026-01-01"})
    on = manager.get(f"{V1}/parameters?code=buffer_rate&on=2026-07-01").json()["items"]
    assert [(each["value"], each["note"]) for each in on] == [("0.08", "调高")]
    history = manager.get(f"{path}/history").json()["items"]
    assert [(each["value"], each["valid_to"]) for each in history] == [("0.05", "2026-06-01"), ("0.08", None)]
    assert len(head.get(f"{path}/history").json()["items"]) == 3
    nothing = head.get(f"{path.rsplit('/', 1)[0]}/NOTHING/history")
    assert (nothing.status_code, "参数 NOTHING 不存在" in nothing.json()["detail"]) == (404, True)
    other = {"value": "0.1", "institution": "B", "valid_from": "2026-01-01"}
    assert manager.put(path, json=other).status_code == 400
    own = {"value": "0", "institution": "A", "valid_from": "2026-01-01"}
    assert manager.put(f"{V1}/parameters/temperature_half_life_days", json=own).status_code == 400
    assert manager.put(path, json={**own, "value": "-1"}).status_code == 422


def test_refusals(manager: TestClient, signed_in: SignedIn, anonymous: TestClient) -> None:
    for path in ("attainment", "ct-rates", "ct-anomalies"):
        assert manager.get(f"{V1}/{path}?institution=B").status_code == 404
        assert manager.get(f"{V1}/{path}").status_code == 422
        assert anonymous.get(f"{V1}/{path}?institution=A").status_code == 401
    run = {"institution": "A", "on": "2026-07-31"}
    assert signed_in(Role.QA).post(f"{V1}/attainment", json=run).status_code == 403

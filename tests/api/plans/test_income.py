"""Supervisors' income targets over the API: the three factors, the way back, and every gap by name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.accounts.tables import Role
from models.database import transaction
from models.indicators.parameter_repository import ParameterRepository
from models.indicators.repository import IndicatorRepository, NewObservation
from models.toolbox.repository import ToolboxRepository
from models.toolbox.tables import ToolboxTable
from tests.api.conftest import SignedIn
from tests.models.company import FOUNDED, Company

V1 = "/api/v1"
QUESTION = {"person": "A1S", "month": "2026-07", "income": "20000", "own_fyc": "6000"}


@pytest.fixture
def manager(company: Company, signed_in: SignedIn) -> TestClient:
    return signed_in(Role.MANAGER, institution="A")


@pytest.fixture
def known(company: Company, service_engine: Engine) -> None:
    """Everything that a calculation for A1 needs."""
    with transaction(service_engine) as session:
        IndicatorRepository(session).append(
            [
                NewObservation(company.scope("A1"), "fyc", date(2026, month, 28), Decimal(60000))
                for month in (4, 5, 6)
            ],
            source="业务系统",
            recorded_at=datetime.now(UTC),
        )
        parameters = ParameterRepository(session)
        for code, value in (
            ("allowance_rate", "0.14"),
            ("fyc_rate", "0.25"),
            ("platform_share", "0.5"),
            ("arrival_rate", "0.5"),
            ("closing_rate", "0.1"),
        ):
            parameters.put(code, Decimal(value), valid_from=FOUNDED)
        toolbox, home = ToolboxRepository(session), company.institutions["A"].id
        for table, value in (
            (ToolboxTable.PREMIUM_PER_CUSTOMER, "10000"),
            (ToolboxTable.PLATFORM_CONVERSION, "0.2"),
        ):
            toolbox.override(home, table, "all", Decimal(value), valid_from=FOUNDED)


def test_r28_every_unknown_parameter_is_named(manager: TestClient) -> None:
    answer = manager.post(f"{V1}/income-targets/calculation", json=QUESTION).json()
    assert answer["missing"] == ["团队基础"]
    assert answer["expected"] is None
    assert answer["path"]["missing"] == ["管理津贴率", "平台成交份额"]
    assert answer["path"]["visits"] is None


@pytest.mark.usefixtures("known")
def test_r28_the_way_back_from_income_to_visits(manager: TestClient) -> None:
    answer = manager.post(f"{V1}/income-targets/calculation", json=QUESTION).json()
    assert (answer["rank"], answer["team_base"], answer["market_factor"]) == ("supervisor", "60000", "1")
    assert answer["expected"] == "14400"
    path = answer["path"]
    assert (path["team_fyc"], path["premium"], path["customers"]) == ("100000", "400000", "40")
    assert (path["arrivals"], path["invitations"], path["visits"]) == ("100", "200", "200")
    assert path["missing"] == []


@pytest.mark.usefixtures("known")
def test_r18_targets_are_stored_and_listed(manager: TestClient) -> None:
    body = {"income": "20000", "own_fyc": "6000"}
    assert manager.put(f"{V1}/income-targets/A1S/2026-07", json=body).json()["team_base"] == "60000"
    listed = manager.get(f"{V1}/income-targets?institution=A&month=2026-07").json()
    assert [(line["person"]["code"], bool(line["target"])) for line in listed] == [
        ("A1S", True),
        ("A2S", False),
    ]
    refused = manager.put(f"{V1}/income-targets/A2S/2026-07", json=body)
    assert (refused.status_code, "团队基础" in refused.json()["detail"]) == (400, True)


def test_only_what_lies_in_the_subtree(
    manager: TestClient, signed_in: SignedIn, anonymous: TestClient
) -> None:
    body = {"income": "20000", "own_fyc": "6000"}
    assert manager.put(f"{V1}/income-targets/B1S/2026-07", json=body).status_code == 404
    assert manager.get(f"{V1}/income-targets?institution=B&month=2026-07").status_code == 404
    other = {**QUESTION, "person": "B1S"}
    assert manager.post(f"{V1}/income-targets/calculation", json=other).status_code == 400
    agent = {**QUESTION, "person": "A1a"}
    assert "没有带领" in manager.post(f"{V1}/income-targets/calculation", json=agent).json()["detail"]
    assert anonymous.post(f"{V1}/income-targets/calculation", json=QUESTION).status_code == 401
    assert signed_in(Role.QA).put(f"{V1}/income-targets/A1S/2026-07", json=body).status_code == 403

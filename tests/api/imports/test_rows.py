"""Other systems push rows with their own ids, and ask where they stopped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.access import Permission, hashed
from api.accounts.tables import Account, ApiKey, Role
from models.database import transaction
from models.organisation.tables import Institution
from tests.api.conftest import SignedIn
from tests.models.exchange.filled import ORGANISATION, workbook

V1 = "/api/v1"
CUSTOMER = {
    "code": "K7",
    "name": "郑一",
    "agent_id": "2002",
    "source": "referral",
    "known_since": "2025-05-01",
}


@pytest.fixture
def crm(signed_in: SignedIn, service_engine: Engine) -> TestClient:
    """A key of the CRM for 350102, in a house with an organisation."""
    administrator = signed_in(Role.ADMINISTRATOR)
    file = {"file": ("组织.xlsx", workbook(ORGANISATION))}
    assert administrator.post(f"{V1}/imports", files=file).status_code == 200
    with transaction(service_engine) as session:
        home = session.query(Institution).filter_by(code="350102").one()
        owner = session.query(Account).first()
        assert owner is not None
        session.add(
            ApiKey(name="crm", key_hash=hashed("secret"),
                   permissions=[Permission.IMPORT, Permission.READ_MODEL],
                   institution_id=home.id, created_by=owner.id, created_at=datetime.now(UTC))
        )  # fmt: skip
    key = TestClient(administrator.app, raise_server_exceptions=False)
    key.headers["Authorization"] = "Bearer secret"
    return key


def push(client: TestClient, entity: str, *rows: Any, status: int = 200, **more: Any) -> Any:
    body = {"source": "crm", "rows": list(rows), **more}
    answer = client.post(f"{V1}/imports/{entity}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_rows_are_added_changed_and_known_again(crm: TestClient) -> None:
    assert "customers" in [one["entity"] for one in crm.get(f"{V1}/imports/entities").json()]
    assert push(crm, "customers", CUSTOMER)["added"] == 1
    assert push(crm, "customers", CUSTOMER)["unchanged"] == 1
    assert push(crm, "customers", {**CUSTOMER, "source": "warm"})["changed"] == 1
    assert crm.get(f"{V1}/customers/K7").json()["source"] == "warm"


def test_visits_referrals_participations_and_trainings_come_in(crm: TestClient) -> None:
    contacts = [
        {"customer_id": "K1", "happened_on": "2026-11-05", "kind": kind} for kind in ("visit", "referral")
    ]
    assert push(crm, "interactions", *contacts)["added"] == 2
    part = {"event_id": "E1", "customer_id": "K2", "attended": True, "temperature_before": 40.5}
    assert push(crm, "participations", part)["changed"] == 1
    trained = {"indicator_id": "visits", "person_id": "2002", "as_of": "2026-11-26", "value": 40,
               "source": "培训系统"}  # fmt: skip
    assert push(crm, "observations", trained)["added"] == 1
    event = {"code": "E9", "institution_id": "350102", "platform": "warmup", "month": "2026-11",
             "starts_at": "2026-11-20T06:00:00Z"}  # fmt: skip
    assert push(crm, "activity_events", event)["added"] == 1
    assert crm.get(f"{V1}/activities/E9").json()["starts_at"] == "2026-11-20T14:00:00+08:00"


def test_the_cursor_says_where_a_system_stopped(crm: TestClient, signed_in: SignedIn) -> None:
    assert crm.get(f"{V1}/imports/cursors?source=crm").json() == []
    assert push(crm, "customers", CUSTOMER, cursor="97")["cursor"] == "97"
    lost = push(crm, "customers", CUSTOMER, cursor="200", after="150", status=409)
    assert "“97”" in lost["detail"]
    assert push(crm, "customers", CUSTOMER, cursor="200", after="97")["cursor"] == "200"
    assert push(crm, "customers", cursor="201")["cursor"] == "201"
    (held,) = crm.get(f"{V1}/imports/cursors?source=crm&entity=customers").json()
    assert (held["cursor"], held["received_rows"]) == ("201", 2)
    assert signed_in(Role.MANAGER, institution="350103").get(f"{V1}/imports/cursors").json() == []


def test_nothing_is_taken_and_the_cursor_stays_when_a_row_is_wrong(crm: TestClient) -> None:
    push(crm, "customers", CUSTOMER, cursor="1")
    stranger = {**CUSTOMER, "code": "K8", "agent_id": "9999"}
    wrong = push(crm, "customers", {**CUSTOMER, "code": "K9"}, stranger, cursor="2", status=422)
    assert len(wrong["problems"]) == 1
    assert "第 2 行" in wrong["problems"][0]
    assert crm.get(f"{V1}/customers/K9").status_code == 404
    assert crm.get(f"{V1}/imports/cursors").json()[0]["cursor"] == "1"
    tried = push(crm, "customers", {**CUSTOMER, "code": "K9"}, cursor="2", dry_run=True)
    assert (tried["added"], tried["cursor"]) == (1, "1")
    assert crm.get(f"{V1}/customers/K9").status_code == 404


def test_fields_are_named_when_they_are_unknown_missing_or_uneven(crm: TestClient) -> None:
    def problems(*rows: Any) -> list[str]:
        found: list[str] = push(crm, "customers", *rows, status=422)["problems"]
        return found

    assert problems({**CUSTOMER, "colour": "red"}) == ["表“客户”：没有名为“colour”的字段"]
    assert problems({**CUSTOMER, "source": "朋友", "agent_id": "X9"})[0].startswith(
        "表“客户”第 1 行 字段 source（来源）：“朋友”不在可选项中"
    ), "what JSON has are fields, not columns with letters"
    assert problems({"code": "K7"})[0].startswith("表“客户”：缺少必填字段 name（客户姓名）")
    uneven = problems(CUSTOMER, {**CUSTOMER, "code": "K8", "phone": "13800000000"})
    assert uneven == ["表“客户”：第 2 行的字段与第 1 行不同：请让每行字段一致"]


def test_refusals(crm: TestClient, signed_in: SignedIn, anonymous: TestClient) -> None:
    push(crm, "nothing", status=404)
    push(crm, "meetings", status=403)
    push(signed_in(Role.QA), "customers", CUSTOMER, status=403)
    push(anonymous, "customers", CUSTOMER, status=401)
    assert crm.get(f"{V1}/exports?entity=meetings").status_code == 403
    beside = signed_in(Role.MANAGER, institution="350103")
    assert "不在您的管辖范围内" in push(beside, "customers", CUSTOMER, status=422)["problems"][0]


def test_after_a_transfer_the_former_branch_neither_changes_nor_exports(
    crm: TestClient, signed_in: SignedIn
) -> None:
    move = {"institution": "350103", "on": "2026-11-01"}
    moved = signed_in(Role.HEAD_OFFICE).post(f"{V1}/people/2002/transfer", json=move)
    assert moved.status_code < 300, moved.text
    stolen = {"code": "K1", "name": "郑二", "agent_id": "2001", "source": "warm", "known_since": "2025-05-01"}
    for entity, row in (
        ("customers", stolen),
        ("people", {"code": "2002", "name": "李某", "kind": "agent", "joined_on": "2025-03-01"}),
    ):
        refused = push(crm, entity, row, status=422)
        assert refused["problems"][0].endswith("第 1 行：该记录不在您的管辖范围内"), refused
    back = {"person_id": "2002", "rank_id": "SM1", "institution_id": "350102", "valid_from": "2026-12-01"}
    assert "找不到“2002”，或不在您的管辖范围内" in push(crm, "rank_history", back, status=422)["problems"][0]
    assert "K1" not in crm.get(f"{V1}/exports?entity=customers&format=csv").text
    beside = signed_in(Role.MANAGER, institution="350103")
    assert "K1" in beside.get(f"{V1}/exports?entity=customers&format=csv").text


def test_a_guessed_code_moves_no_action_to_another_branch(crm: TestClient, signed_in: SignedIn) -> None:
    theirs = {"code": "M1", "kind": "customer_inventory", "actor_id": "2002", "done_on": "2026-11-20"}
    moved = signed_in(Role.HEAD_OFFICE).post(
        f"{V1}/people/2002/transfer", json={"institution": "350103", "on": "2026-11-01"}
    )
    assert moved.status_code < 300, moved.text
    beside = signed_in(Role.MANAGER, institution="350103")
    refused = push(beside, "management_actions", theirs, status=422)
    assert refused["problems"] == ["表“管理动作”第 1 行：该记录不在您的管辖范围内"]
    kept = crm.get(f"{V1}/management-actions/M1").json()
    assert (kept["actor"]["code"], kept["record"]) == ("2001", "客户关注养老")

"""The audit trail: found by who, what, which and when; exported; within the subtree."""

from __future__ import annotations

import base64
import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from api.accounts.audit_endpoints import HEADINGS
from api.accounts.tables import AuditEntry, Role
from models.database import transaction
from models.organisation.tables import Institution
from tests.api.accounts.conftest import NewAccount, sign_in

AUDIT = "/api/v1/audit"
NOON = datetime(2026, 9, 8, 4, tzinfo=UTC)


def _fill(engine: Engine, count: int, *, institution: str | None = None, **more: str) -> None:
    with transaction(engine) as session:
        place = session.scalar(select(Institution.id).where(Institution.code == institution))
        for number in range(count):
            values = {"actor": "wang", "action": "recording.play", "object_kind": "recording"} | more
            session.add(
                AuditEntry(
                    at=NOON + timedelta(minutes=number),
                    object_code=f"R{number}",
                    institution_id=place,
                    detail={"part": number},
                    request_id="r",
                    address="10.0.0.1",
                    **values,
                )
            )


def test_entries_are_found_newest_first_and_page_by_page(
    browser: TestClient, account: NewAccount, service_engine: Engine
) -> None:
    _fill(service_engine, 5)
    _fill(service_engine, 1, actor="key:hr", action="compliance.read", object_kind="month")
    auditor = sign_in(browser, account().login)
    given = {"actor": "wang", "limit": 2}
    first = auditor.get(AUDIT, params=given).json()
    second = auditor.get(AUDIT, params=given | {"cursor": first["next"]}).json()
    assert [e["code"] for e in first["items"] + second["items"]] == ["R4", "R3", "R2", "R1"]
    assert first["items"][0]["detail"] == {"part": 4}
    for wanted, codes in (
        ({"action": "compliance.read"}, ["R0"]),
        ({"actor": "key:hr"}, ["R0"]),
        ({"kind": "recording", "code": "R3"}, ["R3"]),
        ({"since": "2026-09-08T12:03:00+08:00", "until": "2026-09-08T12:04:00+08:00"}, ["R3"]),
        ({"actor": "nobody"}, []),
    ):
        assert [e["code"] for e in auditor.get(AUDIT, params=wanted).json()["items"]] == codes
    for wrong in ({"since": "2026-09-08T12:03:00"}, {"limit": 0}, {"actor": "a\x00"}):
        assert auditor.get(AUDIT, params=wrong).status_code == 422


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("[" * 1000, 400),
        ("[" * 10_000, 422),
        ('["9999-12-31T23:59:59-23:59", 1]', 400),
        ('["0001-01-01T00:00:00+23:59", 1]', 400),
        ('["2026-09-08T00:00:00-23:59", 1]', 200),
        ('["2026-09-08T00:00:00", true]', 400),
        ('["2026-09-08T00:00:00", 1e400]', 400),
        ('["2026-09-08T00:00:00"]', 400),
        ("7", 400),
    ],
)
def test_a_made_up_cursor_is_refused(
    browser: TestClient, account: NewAccount, content: str, status: int
) -> None:
    auditor = sign_in(browser, account().login)
    cursor = base64.urlsafe_b64encode(content.encode()).decode()
    answer = auditor.get(AUDIT, params={"cursor": cursor})
    assert answer.status_code == status
    assert status != 400 or "请" in answer.json()["detail"]


def test_an_export_is_a_table_without_formulas_and_is_itself_written_down(
    browser: TestClient, account: NewAccount, service_engine: Engine
) -> None:
    _fill(service_engine, 2, actor="=cmd()")
    auditor = sign_in(browser, account().login)
    answer = auditor.get(f"{AUDIT}/export", params={"kind": "recording"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "audit.csv" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == list(HEADINGS)
    assert rows[1][:5] == ["2026-09-08T12:00:00+08:00", "'=cmd()", "recording.play", "recording", "R0"]
    assert len(rows) == 3
    assert auditor.get(AUDIT, params={"action": "audit.export"}).json()["items"]


def test_only_auditors_read_and_only_within_their_subtree(
    app: FastAPI, browser: TestClient, account: NewAccount, service_engine: Engine
) -> None:
    _fill(service_engine, 1, institution="350102", actor="here")
    _fill(service_engine, 1, institution="35", actor="above")
    _fill(service_engine, 1, actor="nowhere")
    confined = sign_in(browser, account(Role.ADMINISTRATOR, institution="3501").login)
    entries = confined.get(AUDIT, params={"kind": "recording"}).json()["items"]
    assert [(e["actor"], e["institution"]) for e in entries] == [("here", "350102")]
    exported = confined.get(f"{AUDIT}/export").text
    assert "here" in exported
    assert "above" not in exported
    assert "nowhere" not in exported
    manager = sign_in(TestClient(app), account(Role.MANAGER, institution="350102").login)
    for path in (AUDIT, f"{AUDIT}/export"):
        assert manager.get(path).status_code == 403
        assert TestClient(app).get(path).status_code == 401
    assert manager.get("/api/v1/exports?entity=customers&format=csv").status_code == 200
    (entry,) = confined.get(AUDIT, params={"kind": "export"}).json()["items"]
    assert entry["institution"] == "350102"  # of no institution of its own: kept with the caller's

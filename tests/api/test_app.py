"""What holds for every answer of the service: ids, headers, problem+json, migrations."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from api.app import create_app
from api.database import VERSION_TABLE
from api.settings import Settings, from_environment
from api.tables import METADATA
from models.database import connect
from qa_pipeline.errors import InputError


def test_the_migrations_make_exactly_the_tables_of_the_service(service_engine: Engine) -> None:
    with service_engine.connect() as connection:
        options = {
            "version_table": VERSION_TABLE,
            "include_name": lambda name, kind, _: kind != "table" or name in METADATA.tables,
        }
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []


def test_the_audit_trail_is_only_added_to(service_engine: Engine) -> None:
    with service_engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit_entry (at, actor, action, object_kind, object_code, detail, request_id) "
                "VALUES ('2026-11-26 00:00:00', 'a', 'b', 'c', 'd', '{}', 'e')"
            )
        )
    for verb in ("UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry"):
        with pytest.raises(DBAPIError, match="only added"), service_engine.begin() as connection:
            connection.execute(text(verb))


def test_an_unknown_address_is_a_problem_with_an_id_and_secure_headers(anonymous: TestClient) -> None:
    answer = anonymous.get("/api/v1/nothing", headers={"X-Request-ID": "abcdefgh12"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    assert answer.json()["instance"] == answer.headers["X-Request-ID"] == "abcdefgh12"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_wrong_with_a_request_is_said_in_chinese(anonymous: TestClient) -> None:
    answer = anonymous.post("/api/v1/session", json={"login": "", "password": 1}).json()
    assert answer["code"] == "invalid_request"
    assert answer["problems"] == ["login：至少 1 个字符", "password：须为文字"]
    missing = anonymous.post("/api/v1/session", json={"login": "a"}).json()
    assert missing["problems"] == ["password：必填"]


def test_a_database_without_the_tables_is_refused_with_the_command_that_makes_them() -> None:
    with pytest.raises(InputError, match="huijian database upgrade"):
        create_app(Settings(), engine=connect("sqlite://"))


def test_a_wrong_setting_is_named() -> None:
    for name, value in (
        ("SESSION_HOURS", "long"),
        ("SESSION_HOURS", "-1"),
        ("PUBLIC_URL", "huijian.example.com"),
        ("RETENTION_DAYS", "-30"),
        ("SMTP_PORT", "99999"),
    ):
        with pytest.raises(InputError, match=f"HUIJIAN_{name}"):
            from_environment({f"HUIJIAN_{name}": value})
    assert from_environment({"HUIJIAN_SESSION_HOURS": "2", "HOME": "/x"}).session_hours == 2

"""What holds for every answer of the service: ids, headers, problem+json, migrations."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from api.accounts.tables import Role
from api.app import create_app
from api.cli import app as cli
from api.database import VERSION_TABLE
from api.settings import Settings, from_environment, misspelt
from api.tables import METADATA
from models.database import connect
from qa_pipeline.errors import InputError
from tests.api.conftest import SignedIn


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
    assert answer["detail"] == "请填写登录名。密码须为文字。"
    missing = anonymous.post("/api/v1/session", json={"login": "a"}).json()
    assert missing["problems"] == ["password：必填"]
    assert missing["detail"] == "请填写密码。"


def test_a_field_is_called_as_on_its_form_and_told_what_is_expected(signed_in: SignedIn) -> None:
    client = signed_in(Role.ADMINISTRATOR)
    account = {"login": "王 芳", "name": "王芳", "role": "manager"}
    year = {"source": " ", "holidays": [{"day": "2028-13-01", "name": "国庆节"}]}
    receiver = {"channel": "email", "events": []}
    for method, path, body, told in (
        ("POST", "accounts", account, "登录名只能用文字、数字和 . @ _ -，中间不留空格。"),
        ("POST", "accounts", {**account, "login": "w"}, "经理的账号须限定机构：请选择机构。"),
        ("POST", "accounts", {"role": "boss"}, "请填写登录名、姓名。"),
        ("POST", "webhooks", receiver, "请填写名称、接收地址。通知什么至少 1 项。"),
        (
            "POST",
            "meetings",
            {"kind": None, "day": 1},
            "请填写机构代码、月份、会议时段。“kind”不是这里的字段。“day”不是",
        ),
        ("PUT", "calendar/years/2028", year, "请填写依据、调休的工作日。"),
    ):
        answer = client.request(method, f"/api/v1/{path}", json=body).json()
        assert answer["detail"].startswith(told), answer
    assert "第 1 项的日期不是有效的日期或月份。" in answer["detail"]
    listed = client.get("/api/v1/meetings", params={"month": "soon"}).json()
    assert listed["detail"] == "场次所属月份不是有效的日期或月份。"
    told = client.get("/api/v1/people", params={"status": "gone"}).json()["detail"]
    assert told == "状态须为 'current'、'ended'、'coming' 之一。"


@pytest.mark.parametrize("body", ["[" * 100_000, f'{{"what": {"9" * 100_000}}}'])
def test_json_that_cannot_be_read_is_refused_in_a_sentence(signed_in: SignedIn, body: str) -> None:
    client = signed_in(Role.ADMINISTRATOR)
    answer = client.post("/api/v1/actions", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["detail"].startswith("请求的正文无法读取：")


def test_a_filter_that_a_list_does_not_have_is_refused_and_not_left_out(
    signed_in: SignedIn, anonymous: TestClient
) -> None:
    client = signed_in(Role.ADMINISTRATOR)
    misspelt = client.get("/api/v1/meetings", params={"institution": "350102", "limit": 1})
    assert (misspelt.status_code, misspelt.json()["detail"]) == (422, "“institution”不是这里的字段。")
    assert misspelt.json()["problems"] == ["institution：不是这里的字段"]
    assert client.get("/api/v1/meetings", params={"below": "350102", "limit": 1}).status_code == 200
    assert anonymous.get("/api/v1/meetings", params={"institution": "350102"}).status_code == 401


def test_a_database_without_the_tables_is_refused_with_the_command_that_makes_them() -> None:
    with pytest.raises(InputError, match="huijian database upgrade"):
        create_app(Settings(), engine=connect("sqlite://"))


def test_a_wrong_setting_is_named() -> None:
    for name, value, allowed in (
        ("SESSION_HOURS", "long", "须为数字"),
        ("SESSION_HOURS", "-1", "须大于 0"),
        ("PUBLIC_URL", "huijian.example.com", "须以 http:// 或 https:// 开头"),
        ("RETENTION_DAYS", "-30", "不得小于 0"),
        ("SMTP_PORT", "99999", "不得大于 65535"),
        ("SMTP_STARTTLS", "perhaps", "须为 true 或 false"),
    ):
        with pytest.raises(InputError, match=f"HUIJIAN_{name} {allowed}"):
            from_environment({f"HUIJIAN_{name}": value})
    assert from_environment({"HUIJIAN_SESSION_HOURS": "2", "HOME": "/x"}).session_hours == 2


def test_a_misspelt_setting_is_told_by_whatever_command_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "HUIJIAN_DATA_FOLDER": "/x",
        "HUIJIAN_READER_PRICE_IN": "1",
        "HUIJIAN_MODELS": "/y",
        "HOME": "/x",
    }
    assert misspelt(known) == []
    monkeypatch.setenv("HUIJIAN_RETENTION_DAY", "30")
    told = CliRunner().invoke(cli, ["calendar", "2026-09"]).stderr
    assert "提醒：环境变量 HUIJIAN_RETENTION_DAY 不是会鉴的设置" in told
    assert "最接近的是「HUIJIAN_RETENTION_DAYS」" in told

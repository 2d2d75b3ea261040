"""Keys of other systems: what they may do, where, until when, and what is kept of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update

from api.access import CSRF_HEADER, hashed
from api.accounts.tables import ApiKey, Role
from api.limits import SharedBuckets
from models.database import transaction
from tests.api.accounts.conftest import NewAccount, sign_in

KEYS = "/api/v1/api-keys"
GIVEN = {"name": "人力系统", "permissions": ["read_model"]}


def _with(app: FastAPI, key: str) -> TestClient:
    return TestClient(app, headers={"Authorization": f"Bearer {key}"}, raise_server_exceptions=False)


def test_a_key_is_shown_once_and_kept_as_a_hash(
    app: FastAPI, browser: TestClient, account: NewAccount, service_engine: Engine
) -> None:
    administrator = sign_in(browser, account().login)
    answer = administrator.post(KEYS, json=GIVEN)
    assert answer.status_code == 201
    key = answer.json()["key"]
    assert key.startswith("hj_")
    assert len(key) == 3 + 43  # 256 bits
    assert key not in administrator.get(KEYS).text
    with transaction(service_engine) as session:
        kept = session.scalars(select(ApiKey)).one()
    assert kept.key_hash == hashed(key)
    assert kept.expires_at is not None
    assert timedelta(days=364) < kept.expires_at - datetime.now(UTC) <= timedelta(days=365)
    me = _with(app, key).get("/api/v1/session").json()
    assert (me["actor"], me["role"], me["permissions"]) == ("key:人力系统", "api_client", ["read_model"])
    assert me["csrf_token"] is None


def test_a_key_does_what_it_may_and_nothing_else(
    app: FastAPI, browser: TestClient, account: NewAccount
) -> None:
    administrator = sign_in(browser, account().login)
    key = administrator.post(KEYS, json=GIVEN).json()["key"]
    system = _with(app, key)
    assert system.get("/api/v1/institutions").status_code == 200
    for method, path in (("GET", KEYS), ("POST", KEYS), ("GET", "/api/v1/audit"), ("POST", "/api/v1/people")):
        assert system.request(method, path, json={}).status_code == 403
    assert system.delete("/api/v1/session").status_code == 403
    assert system.delete("/api/v1/sessions").status_code == 403
    changed = system.post("/api/v1/session/password", json={"old": "a", "new": "b"})
    assert changed.status_code == 403


def test_a_key_gets_no_more_than_its_creator_has_and_nothing_that_only_people_decide(
    app: FastAPI, browser: TestClient, account: NewAccount
) -> None:
    administrator = sign_in(browser, account().login)
    for personal in ("manage_accounts", "approve_plans", "review", "appeal", "manage_retention"):
        answer = administrator.post(KEYS, json=GIVEN | {"permissions": ["read_model", personal]})
        assert answer.status_code == 400
        assert personal in answer.json()["detail"]
    for wrong in ({"permissions": []}, {"permissions": ["fly"]}, {"name": "a:b"}, {"days": 0}):
        assert administrator.post(KEYS, json=GIVEN | wrong).status_code == 422
    assert administrator.post(KEYS, json=GIVEN | {"institution": "999"}).status_code == 404
    confined = sign_in(TestClient(app), account(Role.ADMINISTRATOR, institution="3501").login)
    assert confined.post(KEYS, json=GIVEN).status_code == 403
    assert confined.post(KEYS, json=GIVEN | {"institution": "35"}).status_code == 404
    key = confined.post(KEYS, json=GIVEN | {"institution": "350102"}).json()["key"]
    shown = _with(app, key).get("/api/v1/institutions").json()["items"]
    assert [one["code"] for one in shown] == ["350102"]


def test_an_administrator_of_a_subtree_sees_the_keys_in_it(
    app: FastAPI, browser: TestClient, account: NewAccount
) -> None:
    administrator = sign_in(browser, account().login)
    wide = administrator.post(KEYS, json=GIVEN).json()["details"]
    deep = administrator.post(KEYS, json=GIVEN | {"name": "b", "institution": "350102"}).json()["details"]
    confined = sign_in(TestClient(app), account(Role.ADMINISTRATOR, institution="3501").login)
    assert [one["id"] for one in confined.get(KEYS).json()["items"]] == [deep["id"]]
    assert confined.delete(f"{KEYS}/{wide['id']}").status_code == 404
    assert confined.delete(f"{KEYS}/{deep['id']}").status_code == 204


def test_a_revoked_or_expired_key_opens_nothing(
    app: FastAPI, browser: TestClient, account: NewAccount, service_engine: Engine
) -> None:
    administrator = sign_in(browser, account().login)
    one = administrator.post(KEYS, json=GIVEN).json()
    assert administrator.post(KEYS, json=GIVEN).status_code == 409  # which of the two would it have been?
    assert administrator.delete(f"{KEYS}/{one['details']['id']}").status_code == 204
    answer = _with(app, one["key"]).get("/api/v1/institutions")
    assert (answer.status_code, answer.json()["detail"]) == (401, "API 密钥无效或已过期。")
    assert administrator.get(KEYS).json()["items"] == []
    revoked = administrator.get(KEYS, params={"revoked": True}).json()["items"]
    assert [bool(k["revoked_at"]) for k in revoked] == [True]
    other = administrator.post(KEYS, json=GIVEN | {"days": 1}).json()
    with transaction(service_engine) as session:
        session.execute(update(ApiKey).values(expires_at=datetime.now(UTC)))
    assert _with(app, other["key"]).get("/api/v1/institutions").status_code == 401
    assert _with(app, "hj_").get("/api/v1/institutions").status_code == 401
    forever = administrator.post(KEYS, json=GIVEN | {"name": "c", "days": None}).json()
    assert forever["details"]["expires_at"] is None
    assert _with(app, forever["key"]).get("/api/v1/institutions").status_code == 200


def test_the_last_use_is_written_down_at_most_once_a_minute(
    app: FastAPI, browser: TestClient, account: NewAccount, service_engine: Engine
) -> None:
    def last_used() -> datetime | None:
        with transaction(service_engine) as session:
            return session.scalars(select(ApiKey.last_used_at)).one()

    key = sign_in(browser, account().login).post(KEYS, json=GIVEN).json()["key"]
    assert last_used() is None
    system = _with(app, key)
    system.get("/api/v1/institutions")
    first = last_used()
    assert first is not None
    system.get("/api/v1/institutions")
    assert last_used() == first
    with transaction(service_engine) as session:
        session.execute(update(ApiKey).values(last_used_at=first - timedelta(minutes=1)))
    assert system.post("/api/v1/people", json={}).status_code == 403  # refused, but used
    assert (last_used() or first) >= first


def test_a_key_needs_no_csrf_token_and_wins_over_a_cookie(browser: TestClient, account: NewAccount) -> None:
    administrator = sign_in(browser, account().login)
    key = administrator.post(KEYS, json=GIVEN).json()["key"]
    del administrator.headers[CSRF_HEADER]
    answer = administrator.post(KEYS, json=GIVEN, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "这个密钥没有 manage_accounts 权限：密钥不能有它，请登录后操作。",
    )
    batch = administrator.post("/api/v1/batches", json={}, headers={"Authorization": f"Bearer {key}"})
    assert batch.json()["detail"] == "这个密钥没有 run_batches 权限：请由管理员另建一个有它的密钥。"


def test_trying_keys_is_slowed_down(app: FastAPI) -> None:
    app.state.limits.strangers = SharedBuckets("stranger", 1, 0.001, engine=app.state.engine)
    stranger = _with(app, "hj_guess")
    answers = [stranger.get("/api/v1/institutions").status_code for _ in range(2)]
    assert answers == [401, 429]

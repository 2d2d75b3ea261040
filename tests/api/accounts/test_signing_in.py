"""Sign in, out, and change the password: what a browser sees, and what an attacker does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher, Type
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update

from api.access import COOKIE, CSRF_HEADER, hashed
from api.accounts import passwords, signing_in
from api.accounts.signing_in import MOST_FAILURES
from api.accounts.tables import Account, AuditEntry, Role, SignIn
from api.app import create_app
from api.settings import Settings
from models.database import transaction
from tests.api.accounts.conftest import HASHER, NOBODY, PASSWORD, NewAccount, sign_in

SESSION = "/api/v1/session"


def _try(client: TestClient, login: str, password: str) -> int:
    return client.post(SESSION, json={"login": login, "password": password}).status_code


def test_signing_in_sets_a_cookie_that_no_script_reads_and_tells_who_one_is(
    browser: TestClient, account: NewAccount, service_engine: Engine
) -> None:
    somebody = account(Role.MANAGER, institution="350102")
    answer = browser.post(SESSION, json={"login": f" {somebody.login.upper()} ", "password": PASSWORD})
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=43200" in cookie
    assert "Secure" not in cookie
    me = browser.get(SESSION).json()
    assert me == answer.json()
    assert (me["actor"], me["role"], me["institution"]) == (somebody.login, "manager", "350102")
    assert "upload" in me["permissions"]
    assert "manage_accounts" not in me["permissions"]
    with transaction(service_engine) as session:
        kept = session.scalars(select(SignIn.token_hash)).all()
    assert kept == [hashed(browser.cookies[COOKIE])]


def test_with_https_the_cookie_is_sent_over_https_only(
    service_engine: Engine, tmp_path: Path, account: NewAccount
) -> None:
    settings = Settings(data_folder=tmp_path, public_url="https://huijian.example")
    client = TestClient(create_app(settings, engine=service_engine), base_url="https://huijian.example")
    answer = client.post(SESSION, json={"login": account().login, "password": PASSWORD})
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_who_signs_in_again_gets_a_fresh_token_and_the_old_one_ends(
    browser: TestClient, app: FastAPI, account: NewAccount
) -> None:
    somebody = account()
    old = sign_in(browser, somebody.login).cookies[COOKIE]
    sign_in(browser, somebody.login)
    assert browser.cookies[COOKIE] != old
    thief = TestClient(app, cookies={COOKIE: old})
    assert thief.get(SESSION).status_code == 401


def test_an_unknown_login_gets_the_same_answer_after_the_same_work(
    browser: TestClient, account: NewAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, kept: str | bytes, given: str | bytes) -> bool:  # type: ignore[override]
            verified.append(str(kept))
            return super().verify(kept, given)

    monkeypatch.setattr(passwords, "_HASHER", Counting(time_cost=1, memory_cost=8, parallelism=1))
    answers = [
        browser.post(SESSION, json={"login": login, "password": "Wrong-0ne-here"})
        for login in (account().login, "nobody.at.all", account(disabled=True).login)
    ]
    assert len(verified) == 3
    assert {a.status_code for a in answers} == {401}
    assert len({a.json()["detail"] for a in answers}) == 1


def test_the_work_for_nobody_is_that_of_a_new_password() -> None:
    assert not HASHER.check_needs_rehash(NOBODY)
    assert HASHER.type is Type.ID
    assert not passwords.matches(None, "anything")


def test_five_failures_lock_the_account_for_a_while(
    browser: TestClient, account: NewAccount, service_engine: Engine
) -> None:
    somebody = account()
    for _ in range(MOST_FAILURES):
        assert _try(browser, somebody.login, "Wrong-0ne-here") == 401
    assert _try(browser, somebody.login, PASSWORD) == 401
    with transaction(service_engine) as session:
        kept = session.scalars(select(Account).where(Account.id == somebody.id)).one()
        assert kept.locked_until is not None
        assert timedelta(minutes=14) < kept.locked_until - datetime.now(UTC) <= signing_in.LOCKED
        actions = session.scalars(select(AuditEntry.action)).all()
        assert actions == ["account.lock"]
        kept.locked_until = datetime.now(UTC)
    assert _try(browser, somebody.login, PASSWORD) == 200


def test_failures_are_counted_in_a_row(
    browser: TestClient, account: NewAccount, service_engine: Engine
) -> None:
    somebody = account()
    for _ in range(MOST_FAILURES - 1):
        assert _try(browser, somebody.login, "Wrong-0ne-here") == 401
    with transaction(service_engine) as session:
        failures = session.scalars(select(Account.failures).where(Account.id == somebody.id)).one()
    assert failures == MOST_FAILURES - 1
    assert _try(browser, somebody.login, PASSWORD) == 200
    assert _try(browser, somebody.login, "Wrong-0ne-here") == 401
    assert _try(browser, somebody.login, PASSWORD) == 200


def test_guessing_at_one_login_is_slowed_down_before_any_work(browser: TestClient) -> None:
    answers = [browser.post(SESSION, json={"login": "x", "password": "y"}) for _ in range(11)]
    assert [a.status_code for a in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert answers[-1].json()["code"] == "too_many_requests"


def test_a_sign_in_begun_by_another_site_is_refused(browser: TestClient, account: NewAccount) -> None:
    given = {"login": account().login, "password": PASSWORD}
    answer = browser.post(SESSION, json=given, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    form = browser.post(SESSION, data=given)
    assert form.status_code == 422  # what a form of another site could send


def test_a_changing_request_needs_the_token_that_only_pages_from_here_know(
    browser: TestClient, account: NewAccount
) -> None:
    sign_in(browser, account().login)
    token = browser.headers.pop(CSRF_HEADER)
    for wrong in ({}, {CSRF_HEADER: "x"}, {CSRF_HEADER: token[:-1]}, {CSRF_HEADER: "错".encode()}):
        answer = browser.delete(SESSION, headers=wrong)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert browser.get(SESSION).status_code == 200
    assert browser.delete(SESSION, headers={CSRF_HEADER: token}).status_code == 204
    assert browser.get(SESSION).status_code == 401


def test_signing_out_everywhere_ends_every_session_of_the_account_only(
    app: FastAPI, account: NewAccount
) -> None:
    somebody, other = account(), account()
    here, there = (sign_in(TestClient(app), somebody.login) for _ in range(2))
    beside = sign_in(TestClient(app), other.login)
    assert there.delete("/api/v1/sessions").status_code == 204
    assert here.get(SESSION).status_code == 401
    assert beside.get(SESSION).status_code == 200


def test_a_session_ends_by_itself(browser: TestClient, account: NewAccount, service_engine: Engine) -> None:
    sign_in(browser, account().login)
    with transaction(service_engine) as session:
        session.execute(update(SignIn).values(expires_at=datetime.now(UTC)))
    answer = browser.get(SESSION)
    assert (answer.status_code, answer.json()["detail"]) == (401, "登录已过期，请重新登录。")


def test_a_one_time_password_opens_nothing_but_the_change_of_password(
    browser: TestClient, account: NewAccount
) -> None:
    somebody = account(must_change_password=True)
    sign_in(browser, somebody.login)
    assert browser.get(SESSION).json()["must_change_password"] is True
    assert browser.get("/api/v1/accounts").status_code == 403
    for weak in ("short1", "only-letters-here", "1234567890123", f"{somebody.login}.X1", PASSWORD, "a1" * 8):
        answer = browser.post(f"{SESSION}/password", json={"old": PASSWORD, "new": weak})
        assert answer.status_code == 400
        assert passwords.RULES in answer.json()["detail"]
    changed = browser.post(f"{SESSION}/password", json={"old": PASSWORD, "new": "Xin-de-mi-ma-2026"})
    assert changed.json()["must_change_password"] is False
    assert browser.get("/api/v1/accounts").status_code == 200
    assert _try(browser, somebody.login, PASSWORD) == 401
    assert _try(browser, somebody.login, "Xin-de-mi-ma-2026") == 200


def test_changing_the_password_ends_the_other_sessions(app: FastAPI, account: NewAccount) -> None:
    somebody = account()
    here, there = (sign_in(TestClient(app), somebody.login) for _ in range(2))
    new = {"old": PASSWORD, "new": "Xin-de-mi-ma-2026"}
    answer = here.post(f"{SESSION}/password", json=new)
    assert answer.status_code == 200
    assert there.get(SESSION).status_code == 401
    assert here.get(SESSION).json()["csrf_token"] == answer.json()["csrf_token"] != here.headers[CSRF_HEADER]


def test_a_stolen_session_cannot_guess_the_password(
    browser: TestClient, account: NewAccount, service_engine: Engine
) -> None:
    somebody = account()
    sign_in(browser, somebody.login)
    for _ in range(MOST_FAILURES):
        answer = browser.post(f"{SESSION}/password", json={"old": "Wrong-0ne", "new": "Xin-de-mi-ma-2026"})
        assert answer.status_code == 400
    right = browser.post(f"{SESSION}/password", json={"old": PASSWORD, "new": "Xin-de-mi-ma-2026"})
    assert right.status_code == 400
    with transaction(service_engine) as session:
        assert session.scalars(select(Account.locked_until).where(Account.id == somebody.id)).one()


def test_a_hash_made_with_less_work_than_today_is_made_anew(
    browser: TestClient, account: NewAccount, service_engine: Engine
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
    somebody = account(password_hash=weak)
    sign_in(browser, somebody.login)
    with transaction(service_engine) as session:
        kept = session.scalars(select(Account.password_hash).where(Account.id == somebody.id)).one()
    assert kept != weak
    assert not passwords.is_outdated(str(kept))
    assert _try(browser, somebody.login, PASSWORD) == 200


def test_an_account_of_the_identity_provider_has_no_password_to_guess(
    browser: TestClient, account: NewAccount
) -> None:
    somebody = account(password_hash=None, subject="s")
    assert _try(browser, somebody.login, "") == 422
    assert _try(browser, somebody.login, PASSWORD) == 401

"""Signing in at the company's identity provider: what is believed, and all that is not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select

from api.access import COOKIE
from api.accounts import oidc
from api.accounts.oidc import CALLBACK
from api.accounts.session_endpoints import OIDC_COOKIE
from api.accounts.tables import Account, AuditEntry, OidcAttempt, Role
from api.settings import Settings
from models.database import transaction
from qa_pipeline.errors import InputError
from tests.api.accounts.conftest import NewAccount
from tests.api.accounts.provider import CLIENT, SECRET, TestProvider, query_of, running

BACKENDS = ("sqlite",)
BEGIN = "/api/v1/session/oidc"
LOGIN = "wang.fang@example.cn"


@pytest.fixture(scope="module")
def _running() -> Iterator[TestProvider]:
    with running() as provider:
        yield provider


@pytest.fixture
def provider(_running: TestProvider) -> TestProvider:
    """As it should be, until a test says otherwise."""
    _running.claims, _running.own_issuer, _running.algorithm = {}, "", "RS256"
    _running.publishes = [_running.signs_with]
    return _running


@pytest.fixture
def settings(provider: TestProvider, tmp_path: Path) -> Settings:
    return Settings(
        data_folder=tmp_path,
        public_url="http://testserver",
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
    )


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, follow_redirects=False, raise_server_exceptions=False)


def _there(client: TestClient, *, next_path: str = "/console/") -> str:
    """Go to the provider and return the address it sends the browser back to."""
    begun = client.get(BEGIN, params={"next": next_path})
    assert begun.status_code == 303, begun.text
    back = httpx2.get(begun.headers["location"])
    assert back.status_code == 303, back.text
    return back.headers["location"]


def test_a_bound_account_signs_in_and_goes_on_to_where_it_wanted(
    client: TestClient, account: NewAccount, provider: TestProvider
) -> None:
    somebody = account(Role.QA, password_hash=None, subject=provider.subject)
    begun = client.get(BEGIN, params={"next": "/console/meetings?month=2026-09"})
    asked = query_of(begun.headers["location"])
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    assert asked["redirect_uri"] == f"http://testserver{CALLBACK}"
    assert "HttpOnly" in begun.headers["set-cookie"]
    assert f"Path={CALLBACK}" in begun.headers["set-cookie"]
    back = client.get(httpx2.get(begun.headers["location"]).headers["location"])
    assert (back.status_code, back.headers["location"]) == (303, "/console/meetings?month=2026-09")
    me = client.get("/api/v1/session").json()
    assert (me["actor"], me["identity_provider"]) == (somebody.login, True)
    assert OIDC_COOKIE not in client.cookies


def test_a_verified_address_binds_the_account_once(
    client: TestClient, account: NewAccount, provider: TestProvider, service_engine: Engine
) -> None:
    somebody = account(Role.QA, login=LOGIN, must_change_password=True)
    provider.claims = {"email": LOGIN.upper()}
    assert client.get(_there(client)).status_code == 303
    assert client.get("/api/v1/session").json()["must_change_password"] is False
    with transaction(service_engine) as session:
        kept = session.scalars(select(Account).where(Account.id == somebody.id)).one()
        assert kept.subject == provider.subject
        assert kept.password_hash is None  # the one-time password nobody changed is void
        assert "account.bind" in session.scalars(select(AuditEntry.action)).all()
    provider.claims = {"sub": "another-subject"}
    assert client.get(_there(client)).status_code == 403


def test_nobody_is_let_in_or_created_by_an_address_that_is_not_vouched_for(
    client: TestClient, account: NewAccount, provider: TestProvider, service_engine: Engine
) -> None:
    account(Role.QA, login=LOGIN)
    refusal = "您还没有会鉴账号，或账号已停用：请联系管理员开通。"
    for claims in (
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": None},
        {"email": "stranger@example.cn"},
    ):
        provider.claims = claims
        answer = client.get(_there(client))
        assert (answer.status_code, answer.json()["detail"]) == (403, refusal), claims
    assert COOKIE not in client.cookies
    with transaction(service_engine) as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 1
        assert session.scalars(select(Account.subject)).one() is None


def test_a_disabled_account_is_not_let_in(
    client: TestClient, account: NewAccount, provider: TestProvider
) -> None:
    account(Role.QA, subject=provider.subject, disabled=True)
    assert client.get(_there(client)).status_code == 403


def test_a_token_with_a_wrong_claim_opens_nothing(
    client: TestClient, account: NewAccount, provider: TestProvider
) -> None:
    account(Role.QA, subject=provider.subject)
    now = int(time.time())
    for claims in (
        {"iss": "https://elsewhere.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"]},  # without azp
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": now - 300},
        {"exp": None},
        {"iat": now + 3600},
        {"sub": None},
        {"sub": 7},
    ):
        provider.claims = claims
        answer = client.get(_there(client))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), claims
    assert COOKIE not in client.cookies


def test_a_token_that_no_private_key_signed_opens_nothing(
    client: TestClient, account: NewAccount, provider: TestProvider
) -> None:
    account(Role.QA, subject=provider.subject)
    for algorithm in ("none", "HS256"):
        provider.algorithm = algorithm
        assert client.get(_there(client)).status_code == 403


def test_a_token_signed_by_another_key_opens_nothing_and_changed_keys_are_fetched_again(
    client: TestClient, account: NewAccount, provider: TestProvider
) -> None:
    account(Role.QA, subject=provider.subject)
    assert client.get(_there(client)).status_code == 303
    provider.change_keys()
    before = provider.key_requests
    assert client.get(_there(client)).status_code == 303
    assert provider.key_requests == before + 1
    _sign_as_a_stranger(provider)
    assert client.get(_there(client)).status_code == 403


def _sign_as_a_stranger(provider: TestProvider) -> None:
    """Another key signs under the name of the published one."""
    published = provider.signs_with
    provider.change_keys()
    provider.signs_with = type(published).import_key(
        provider.signs_with.as_dict(private=True) | {"kid": published.kid}
    )
    provider.publishes = [published]


def test_the_way_back_works_once_in_the_browser_that_began(
    client: TestClient, app: FastAPI, account: NewAccount, provider: TestProvider, service_engine: Engine
) -> None:
    account(Role.QA, subject=provider.subject)
    back = _there(client)
    other = TestClient(app, follow_redirects=False)
    assert other.get(back).status_code == 403
    assert client.get(back).status_code == 403  # the attempt is spent
    back = _there(client)
    assert client.get(back.replace("state=", "state=x")).status_code == 403
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 403
    with transaction(service_engine) as session:
        assert session.scalar(select(func.count()).select_from(OidcAttempt)) == 0


def test_a_code_that_the_provider_did_not_give_is_refused(
    client: TestClient, account: NewAccount, provider: TestProvider
) -> None:
    account(Role.QA, subject=provider.subject)
    asked = query_of(_there(client))
    answer = client.get(CALLBACK, params={"state": asked["state"], "code": "guessed"})
    assert answer.status_code in (403, 503)
    assert COOKIE not in client.cookies
    refused = client.get(CALLBACK, params={"state": "s", "error": "access_denied"})
    assert refused.status_code == 403


def test_the_way_on_never_leads_away_from_here(
    client: TestClient, account: NewAccount, provider: TestProvider
) -> None:
    account(Role.QA, subject=provider.subject)
    for away in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"):
        assert client.get(_there(client, next_path=away)).headers["location"] == "/"


def test_a_provider_that_is_silent_or_calls_itself_something_else_is_unavailable(
    app: FastAPI, client: TestClient, provider: TestProvider, settings: Settings
) -> None:
    provider.own_issuer = "https://elsewhere.example"
    answer = client.get(BEGIN)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    gone = settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    app.state.provider = oidc.Provider(gone)
    assert client.get(BEGIN).status_code == 503


def test_a_service_without_provider_says_so(app: FastAPI, client: TestClient) -> None:
    app.state.provider = None
    for path in (BEGIN, f"{CALLBACK}?state=s&code=c"):
        assert client.get(path).status_code == 404


def test_a_company_may_name_its_own_claim(
    app: FastAPI, client: TestClient, account: NewAccount, provider: TestProvider, settings: Settings
) -> None:
    app.state.provider = oidc.Provider(settings.model_copy(update={"oidc_login_claim": "employee"}))
    account(Role.QA, login="e1001")
    provider.claims = {"employee": "E1001", "email": None}
    assert client.get(_there(client)).status_code == 303


def test_settings_that_are_not_safe_or_not_complete_are_refused(settings: Settings) -> None:
    for change, words in (
        ({"oidc_issuer": "http://idp.example"}, "https"),
        ({"oidc_client_secret": ""}, "HUIJIAN_OIDC_CLIENT_SECRET"),
    ):
        with pytest.raises(InputError, match=words):
            oidc.provider_of(settings.model_copy(update=change))

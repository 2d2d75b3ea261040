"""The first start makes an administrator; the machine's own administrator can always get back in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from api.accounts.bootstrap import FIRST_LOGIN, bootstrap, let_in
from api.accounts.tables import Account
from models.database import transaction
from qa_pipeline.errors import InputError
from tests.api.accounts.conftest import PASSWORD, NewAccount, sign_in


def test_the_first_start_makes_an_administrator_who_must_change_the_password(
    browser: TestClient, service_engine: Engine
) -> None:
    password = bootstrap(service_engine)
    assert password is not None
    me = sign_in(browser, FIRST_LOGIN, password).get("/api/v1/session").json()
    assert (me["role"], me["institution"], me["must_change_password"]) == ("administrator", None, True)
    assert bootstrap(service_engine) is None
    sign_in(browser, FIRST_LOGIN, password)


def test_where_there_is_an_account_nothing_is_made(service_engine: Engine, account: NewAccount) -> None:
    account()
    assert bootstrap(service_engine) is None
    with transaction(service_engine) as session:
        assert len(session.scalars(select(Account)).all()) == 1


def test_of_two_first_starts_at_once_one_prints_a_password_that_works(
    browser: TestClient, service_engine: Engine
) -> None:
    ready = Barrier(2)

    def start() -> str | None:
        ready.wait()
        return bootstrap(service_engine)

    with ThreadPoolExecutor(2) as pool:
        passwords = [pool.submit(start) for _ in range(2)]
    (password,) = [p.result() for p in passwords if p.result() is not None]
    sign_in(browser, FIRST_LOGIN, password)


def test_the_machines_administrator_lets_somebody_in_again(
    browser: TestClient, account: NewAccount, service_engine: Engine
) -> None:
    somebody = account(disabled=True)
    password = let_in(service_engine, somebody.login.upper())
    assert password != PASSWORD
    assert sign_in(browser, somebody.login, password).get("/api/v1/session").json()["must_change_password"]
    with pytest.raises(InputError, match="nobody"):
        let_in(service_engine, "nobody")

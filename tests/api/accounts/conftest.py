"""One application on each database, accounts with passwords, and browsers that sign in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from api.access import CSRF_HEADER
from api.accounts import passwords
from api.accounts.tables import Account, Role
from models.database import transaction
from models.organisation.tables import Institution

HASHER, NOBODY = passwords._HASHER, passwords._NOBODY
PASSWORD = "Kuai-1le-Jian"
NewAccount = Callable[..., Account]
_numbers = count(1)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2id itself, with the least work: what is tested is not how long it takes."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", cheap)
    monkeypatch.setattr(passwords, "_NOBODY", cheap.hash("nobody"))


@pytest.fixture
def browser(app: FastAPI) -> TestClient:
    """Nobody is signed in."""
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def account(service_engine: Engine) -> NewAccount:
    """Makes an account with `PASSWORD`: ``account(Role.MANAGER, institution="350102")``."""

    def make(role: Role = Role.ADMINISTRATOR, *, institution: str | None = None, **more: object) -> Account:
        with transaction(service_engine) as session:
            place = select(Institution.id).where(Institution.code == institution)
            new = Account(
                login=f"somebody.{next(_numbers)}",
                name="某人",
                role=role,
                institution_id=session.scalar(place) if institution else None,
                password_hash=passwords.hash_password(PASSWORD),
                created_at=datetime.now(UTC),
            )
            for field, value in more.items():
                setattr(new, field, value)
            session.add(new)
        return new

    return make


def sign_in(client: TestClient, login: str, password: str = PASSWORD) -> TestClient:
    """The browser, signed in, sending its CSRF token from now on."""
    answer = client.post("/api/v1/session", json={"login": login, "password": password})
    assert answer.status_code == 200, answer.text
    client.headers[CSRF_HEADER] = answer.json()["csrf_token"]
    return client

"""Every route of the service × every role, a key without permissions, and nobody: who is let in.

Grows by itself: whatever router the application has is asked, and a route that says neither which permission
it needs nor why it needs none fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from inspect import isclass
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.access import COOKIE, PERMITTED, Allowed, AnyCaller, Permission, Public, hashed
from api.accounts.tables import Account, ApiKey, Role, SignIn
from models.database import transaction
from tests.api.conftest import SignedIn

PEOPLE = (Role.MANAGER, Role.QA, Role.HEAD_OFFICE, Role.ADMINISTRATOR)
BACKENDS = ("sqlite",)
DOCUMENTATION = "/api/v1/openapi.json"


def _needs(dependant: Dependant) -> Iterator[Allowed | AnyCaller | Public]:
    """What the route says of who may ask."""
    if isinstance(dependant.call, Allowed | AnyCaller | Public):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _needs(inner)


def _routes(app: FastAPI) -> list[tuple[str, str, Dependant]]:
    """Method, path with something in its places, and dependencies of each route."""
    found = []
    for context in iter_route_contexts(app.routes):
        if context.path == DOCUMENTATION or context.methods is None:
            continue
        dependant: Dependant = context.dependant
        path = context.path or ""
        for field in _places(dependant):
            path = path.replace(f"{{{field.alias}}}", _something(field.field_info.annotation))
            path = path.replace(f"{{{field.alias}:path}}", "x")
        found += [(method, path, dependant) for method in sorted(context.methods)]
    return found


def _places(dependant: Dependant) -> Iterator[ModelField]:
    """The places in the route's path, asked for by itself or by what it depends on."""
    yield from dependant.path_params
    for inner in dependant.dependencies:
        yield from _places(inner)


def _something(kind: Any) -> str:
    """A value that the place takes, and that names nothing there is."""
    for inner in (kind, *get_args(kind)):
        if inner is int:
            return "999999"
        if inner is date:
            return "2026-09-01"
        if isclass(inner) and issubclass(inner, Enum):
            return str(next(iter(inner)).value)
    return "nothing-there"


def _key(engine: Engine, *permissions: Permission) -> dict[str, str]:
    """The header of a key with the permissions."""
    key = f"hj_{'_'.join(permissions)}"
    with transaction(engine) as session:
        now = datetime.now(UTC)
        maker = Account(login=f"maker-{len(key)}", name="m", role=Role.ADMINISTRATOR, created_at=now)
        session.add(maker)
        session.flush()
        session.add(
            ApiKey(
                name=key,
                key_hash=hashed(key),
                permissions=list(permissions),
                created_by=maker.id,
                created_at=now,
            )
        )
    return {"Authorization": f"Bearer {key}"}


def _open_again(engine: Engine, client: TestClient) -> None:
    """The client's session, as if nothing had ended it."""
    now = datetime.now(UTC)
    with transaction(engine) as session:
        session.query(SignIn).delete()
        account = session.query(Account).one()
        session.add(
            SignIn(
                account_id=account.id,
                token_hash=hashed(account.login),
                csrf_token="csrf",
                created_at=now,
                expires_at=now + timedelta(hours=1),
            )
        )
    client.cookies.set(COOKIE, account.login)


def _ask(client: TestClient, method: str, path: str) -> int:
    """The status of the answer; in a ``with`` block of the client, which spares it a thread each time."""
    body: dict[str, Any] = {} if method in ("GET", "HEAD", "DELETE") else {"json": {}}
    return client.request(method, path, follow_redirects=False, **body).status_code


def test_every_route_says_once_who_may_ask(app: FastAPI) -> None:
    wrong = [
        f"{method} {path}: {said or 'says nothing'}"
        for method, path, dependant in _routes(app)
        if len(said := list(_needs(dependant))) != 1
    ]
    assert not wrong, "each route takes one allowed(Permission…), AnyCaller or Public"


def test_each_permission_is_somebodys() -> None:
    assert PERMITTED[Role.ADMINISTRATOR] == frozenset(Permission)
    assert PERMITTED[Role.API_CLIENT] == frozenset()
    assert set(PERMITTED) == set(Role)


@pytest.mark.parametrize("role", PEOPLE)
def test_a_role_is_let_in_exactly_where_it_is_permitted(
    app: FastAPI, service_engine: Engine, signed_in: SignedIn, role: Role
) -> None:
    wrong = []
    # What concerns the whole company is refused to whoever is confined, whatever the role.
    client = signed_in(role, institution="3501" if role is Role.MANAGER else None)
    with client:
        for method, path, dependant in _routes(app):
            (need,) = _needs(dependant)
            if isinstance(need, Public):
                continue
            status = _ask(client, method, path)
            if isinstance(need, AnyCaller):  # which may have ended the session
                _open_again(service_engine, client)
            permitted = isinstance(need, AnyCaller) or not PERMITTED[role].isdisjoint(need.permissions)
            if status >= 500 or (status in (401, 403)) == permitted:
                wrong.append(f"{method} {path}: {status}, permitted: {permitted}")
    assert not wrong


def test_nobody_is_let_in_nowhere(app: FastAPI) -> None:
    wrong = []
    with TestClient(app, raise_server_exceptions=False) as nobody:
        for method, path, dependant in _routes(app):
            (need,) = _needs(dependant)
            status = _ask(nobody, method, path)
            if (status >= 500) if isinstance(need, Public) else (status != 401):
                wrong.append(f"{method} {path}: {status}")
    assert not wrong


def test_a_key_is_let_in_exactly_where_its_permission_reaches(app: FastAPI, service_engine: Engine) -> None:
    # A permission that only people have opens nothing, even if it got into the database.
    header = _key(service_engine, Permission.READ_MODEL, Permission.MANAGE_ACCOUNTS)
    wrong = []
    with TestClient(app, raise_server_exceptions=False, headers=header) as client:
        for method, path, dependant in _routes(app):
            (need,) = _needs(dependant)
            if isinstance(need, Allowed):
                status = _ask(client, method, path)
                permitted = Permission.READ_MODEL in need.permissions
                if status >= 500 or (status in (401, 403)) == permitted:
                    wrong.append(f"{method} {path}: {status}, permitted: {permitted}")
    assert not wrong


def test_a_key_without_permission_and_one_that_is_none_are_let_in_nowhere(
    app: FastAPI, service_engine: Engine
) -> None:
    wrong = []
    with TestClient(app, raise_server_exceptions=False, headers=_key(service_engine)) as powerless:
        for method, path, dependant in _routes(app):
            (need,) = _needs(dependant)
            if isinstance(need, Allowed) and (status := _ask(powerless, method, path)) != 403:
                wrong.append(f"{method} {path}: {status}")
        assert not wrong
        powerless.headers["Authorization"] = "Bearer hj_wrong"
        assert _ask(powerless, "GET", "/api/v1/institutions") == 401


def test_who_must_change_the_password_is_let_in_nowhere_else(
    app: FastAPI, service_engine: Engine, signed_in: SignedIn
) -> None:
    client = signed_in(Role.ADMINISTRATOR)
    with transaction(service_engine) as session:
        session.query(Account).update({"must_change_password": True})
    wrong = []
    with client:
        for method, path, dependant in _routes(app):
            (need,) = _needs(dependant)
            if isinstance(need, Allowed) and (status := _ask(client, method, path)) != 403:
                wrong.append(f"{method} {path}: {status}")
    assert not wrong

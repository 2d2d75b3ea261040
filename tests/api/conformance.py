"""Requests made up from the service's own OpenAPI description, and whether the answers keep to it.

Each operation is asked with bodies, parameters and addresses that fit its description (most of them naming
what a small company really has), by every kind of caller.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.access import COOKIE, CSRF_HEADER, FOR_KEYS, hashed
from api.accounts.tables import Account, ApiKey, Role, SignIn
from models.activities.tables import ActivityEvent
from models.customers.tables import Customer, Sale
from models.database import transaction
from models.indicators.tables import Indicator, Parameter
from models.management.tables import ManagementAction
from models.meetings.tables import ActionItem
from models.organisation.tables import Institution, Person, SalesOffice
from models.planning.tables import Plan
from tests.api.company import add_customers, found_company
from tests.api.results import good, hold, inspect

PEOPLE: Final = (Role.MANAGER, Role.QA, Role.HEAD_OFFICE, Role.ADMINISTRATOR)
KEY: Final = "hj_conformance"
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
REAL: Final = 0.7
"""Share of the cases that name what there is."""
ENDS_SESSIONS: Final = ("/api/v1/session", "/api/v1/accounts")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, with what every request of theirs carries."""

    name: str
    headers: Mapping[str, str]


def furnish(engine: Engine) -> dict[str, list[str]]:
    """A small company with two inspected meetings; returns its codes by the word that stands for them."""
    company = found_company(engine)
    add_customers(engine, company)
    meetings = ["M1", "M2"]
    for code, day in zip(meetings, (8, 15), strict=True):
        hold(engine, code, institution="A", day=day)
        inspect(engine, code, good())

    def codes(table: Any) -> list[str]:
        with Session(engine) as session:
            return list(session.scalars(select(table.code).order_by(table.id).limit(3)))

    known = {
        "institution": codes(Institution),
        "office": codes(SalesOffice),
        "person": codes(Person),
        "meeting": meetings,
        "plan": codes(Plan),
        "indicator": codes(Indicator),
        "parameter": codes(Parameter),
        "customer": codes(Customer),
        "sale": codes(Sale),
        "activity": codes(ActivityEvent),
        "management-action": codes(ManagementAction),
        "action": codes(ActionItem),
    }
    return {word: found for word, found in known.items() if found}


def callers(engine: Engine) -> list[Caller]:
    """Somebody of each role, a key with every permission that keys may have, and nobody."""
    found = []
    with transaction(engine) as session:
        place = session.scalars(select(Institution).where(Institution.code == "A")).one()
        now = datetime.now(UTC)
        for role in PEOPLE:
            account = Account(login=f"c-{role}", name=role, role=role, created_at=now)
            account.institution_id = place.id if role is Role.MANAGER else None
            session.add(account)
            session.flush()
            found.append(Caller(role, {"Cookie": f"{COOKIE}={account.login}", CSRF_HEADER: "csrf"}))
        session.add(
            ApiKey(name="c", key_hash=hashed(KEY), permissions=sorted(FOR_KEYS), created_by=account.id,
                   created_at=now)
        )  # fmt: skip
    sign_in(engine)
    return [*found, Caller("key", {"Authorization": f"Bearer {KEY}"}), Caller("nobody", {})]


def sign_in(engine: Engine) -> None:
    """Open the sessions of all callers, those too that a request ended."""
    with transaction(engine) as session:
        session.query(SignIn).delete()
        now = datetime.now(UTC)
        for account in session.scalars(select(Account).where(Account.login.startswith("c-"))):
            account.disabled = False
            session.add(
                SignIn(account_id=account.id, token_hash=hashed(account.login), csrf_token="csrf",
                       created_at=now, expires_at=now + timedelta(hours=1))
            )  # fmt: skip


def explore(
    app: FastAPI,
    engine: Engine,
    *,
    examples: int,
    random_seed: int = 1,
    only: Callable[[str], bool] = lambda label: True,
    whom: Sequence[str] = (*PEOPLE, "key", "nobody"),
) -> list[str]:
    """Ask every operation as each of ``whom``; one line for each way in which an answer was wrong."""
    known = furnish(engine)
    asking = [caller for caller in callers(engine) if caller.name in whom]
    api = schemathesis.openapi.from_dict(app.openapi())
    wrong: dict[str, str] = {}
    with TestClient(app, raise_server_exceptions=False) as client:
        for result in api.get_all_operations():
            operation = result.ok()
            label = operation.label
            if not only(label):
                continue
            chance = random.Random(label)
            for case in _cases(operation, examples, random_seed):
                if chance.random() < REAL:
                    _name_real_things(case, known, chance)
                for caller in asking:
                    answer = _send(client, case, caller)
                    for failure in _failures(case, answer):
                        said = f"{failure.title}: {failure.message[:300]}"
                        asked = f"{answer.request.method} {answer.request.url} as {caller.name}"
                        line = f"{label}: {answer.status_code}, {said} | {asked} | {answer.text[:300]}"
                        wrong.setdefault(f"{label} {failure.title} {answer.status_code}", line)
            if operation.path.startswith(ENDS_SESSIONS):
                sign_in(engine)
    return list(wrong.values())


def _cases(operation: Any, examples: int, random_seed: int) -> list[Any]:
    cases = []

    @seed(random_seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def keep(case: Any) -> None:
        cases.append(case)

    keep()
    return cases


def _name_real_things(case: Any, known: Mapping[str, Sequence[str]], chance: random.Random) -> None:
    """Let addresses, parameters and bodies name what there is."""
    words = case.operation.path.split("/")
    for name in case.path_parameters or {}:
        at = words.index(f"{{{name}}}")
        kind = {"people": "person", "activities": "activity", "compliance": "month"}.get(
            words[at - 1], words[at - 1].removesuffix("s")
        )
        for word in (name, kind):
            if word in known:
                case.path_parameters[name] = chance.choice(known[word])
    for given_ in (case.query, case.body):
        _replace(given_, known, chance)


def _replace(value: Any, known: Mapping[str, Sequence[str]], chance: random.Random) -> None:
    if isinstance(value, list):
        for inner in value:
            _replace(inner, known, chance)
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str) and name in known:
                value[name] = chance.choice(known[name])
            _replace(inner, known, chance)


def _send(client: TestClient, case: Any, caller: Caller) -> Any:
    asked = case.as_transport_kwargs(base_url="http://testserver")
    headers = {**dict(asked.pop("headers", None) or {}), **caller.headers}
    asked.pop("cookies", None)
    if isinstance(asked.get("data"), bytes | str):
        asked["content"] = asked.pop("data")
    request = client.build_request(**asked, headers=headers)
    request.read()  # the checks look at it again
    return client.send(request, follow_redirects=False)


def _failures(case: Any, answer: Any) -> Iterator[Failure]:
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        yield from (e for e in group.exceptions if isinstance(e, Failure))
    except Failure as failure:
        yield failure

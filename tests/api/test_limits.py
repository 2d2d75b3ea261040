"""Token buckets: bursts, refill, one key apart from another, bounded memory; one rate for all processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import cycle

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from starlette.requests import Request

from api import limits
from api.accounts import passwords
from api.accounts.bucket_repository import BucketRepository
from api.accounts.signing_in import MOST_FAILURES
from api.accounts.tables import Account, Role, SharedBucket
from api.app import create_app
from api.limits import Buckets, SharedBuckets, address_of
from api.problems import TooMany
from api.settings import Settings
from models.database import transaction
from tests.api.conftest import SignedIn


def test_a_bucket_lets_a_burst_through_and_then_a_steady_rate() -> None:
    now = 0.0
    buckets = Buckets(3, 0.5, clock=lambda: now)
    for _ in range(3):
        buckets.take("a")
    with pytest.raises(TooMany) as refused:
        buckets.take("a")
    assert refused.value.seconds == 2
    buckets.take("b")
    now = 2
    buckets.take("a")
    with pytest.raises(TooMany):
        buckets.take("a")
    now = 1000
    for _ in range(3):
        buckets.take("a")
    with pytest.raises(TooMany):
        buckets.take("a")


def test_full_buckets_are_forgotten_before_empty_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_KEYS", 3)
    now = 0.0
    buckets = Buckets(1, 1, clock=lambda: now)
    for key in "abc":
        buckets.take(key)
    now = 0.5
    buckets.take("d")
    assert len(buckets._left) == 3  # none was full: the oldest had to go
    now = 1.2
    buckets.take("e")
    assert set(buckets._left) == {"d", "e"}
    with pytest.raises(TooMany):
        buckets.take("d")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_is_what_one_customer_has_to_himself(host: str, address: str) -> None:
    assert address_of(Request({"type": "http", "client": (host, 1)})) == address


def test_one_caller_above_the_rate_waits_and_another_does_not(
    app: FastAPI, signed_in: SignedIn, service_engine: Engine
) -> None:
    app.state.limits.callers = SharedBuckets("caller", 2, 0.01, engine=service_engine)
    busy = signed_in(Role.QA, institution="35")
    answers = [busy.get("/api/v1/session") for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 100
    assert signed_in(Role.QA).get("/api/v1/session").status_code == 200


def test_strangers_from_one_address_share_a_rate_on_public_routes(
    app: FastAPI, anonymous: TestClient, service_engine: Engine
) -> None:
    app.state.limits.strangers = SharedBuckets("stranger", 1, 0.01, engine=service_engine)
    assert [anonymous.get("/ready").status_code for _ in range(2)] == [200, 429]
    assert [anonymous.get("/health").status_code for _ in range(2)] == [200, 200]  # else it were restarted


@pytest.fixture
def beside(app: FastAPI, service_engine: Engine, settings: Settings) -> FastAPI:
    """Another process of the service, on the same database."""
    return create_app(settings, engine=service_engine)


def test_processes_on_one_database_let_through_what_one_would(
    app: FastAPI, beside: FastAPI, signed_in: SignedIn, service_engine: Engine
) -> None:
    here = signed_in(Role.QA, institution="35")
    there = TestClient(beside, cookies=here.cookies)
    for one in (app, beside):
        one.state.limits.callers = SharedBuckets("caller", 40, 0.001, engine=service_engine)
    assert here.get("/api/v1/session").status_code == 200
    with Session(service_engine) as session:
        assert session.scalar(select(func.count()).select_from(SharedBucket)) == 0  # who reads writes nothing
    answers = [client.get("/api/v1/session").status_code for _ in range(30) for client in (here, there)]
    assert 35 <= answers.count(200) <= 47  # 40, and what each has not told yet
    assert answers[-2:] == [429, 429]


def test_guesses_at_a_password_count_together_in_all_processes(
    app: FastAPI, beside: FastAPI, anonymous: TestClient, service_engine: Engine
) -> None:
    with transaction(service_engine) as session:
        session.add(Account(login="li", name="li", role=Role.QA, created_at=datetime.now(UTC),
                            password_hash=passwords.hash_password("right-and-long-1")))  # fmt: skip
    clients = cycle((anonymous, TestClient(beside)))

    def tries(login: str, password: str) -> int:
        given = {"login": login, "password": password}
        return next(clients).post("/api/v1/session", json=given).status_code

    assert [tries("li", "wrong") for _ in range(MOST_FAILURES)] == [401] * MOST_FAILURES
    assert [tries("li", "right-and-long-1") for _ in range(2)] == [401, 401]  # locked in both
    for one in (app, beside):
        one.state.limits.sign_ins_of_login = SharedBuckets("sign-in of", 2, 0.001, engine=service_engine)
    assert [tries("nobody", "wrong") for _ in range(4)] == [401, 401, 429, 429]


def test_a_shared_bucket_is_refilled_and_no_clock_that_is_put_back_keeps_it_empty(
    service_engine: Engine,
) -> None:
    noon = datetime(2026, 9, 8, 12, tzinfo=UTC)

    def wait(tokens: float, at: datetime) -> float:
        with transaction(service_engine) as session:
            spent = BucketRepository(session).spend("k", tokens, burst=10, per_second=1, now=at)
            return round(spent, 3)

    assert wait(12, noon) == 0  # what was let through already is owed
    assert wait(1, noon + timedelta(seconds=2)) == 1
    assert wait(1, noon + timedelta(seconds=3)) == 0
    assert wait(1, noon + timedelta(seconds=1)) == 1  # the other machine's clock is a little behind
    assert wait(1, noon - timedelta(hours=5)) == 1  # and now its own was put back
    assert wait(1, noon - timedelta(hours=5) + timedelta(seconds=1)) == 0
    with transaction(service_engine) as session:
        BucketRepository(session).forget_full(now=noon)
        assert session.scalar(select(func.count()).select_from(SharedBucket)) == 0

"""Token buckets: bursts, refill, one key apart from another, bounded memory."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request

from api import limits
from api.accounts.tables import Role
from api.limits import Buckets, address_of
from api.problems import TooMany
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


def test_one_caller_above_the_rate_waits_and_another_does_not(app: FastAPI, signed_in: SignedIn) -> None:
    app.state.limits.callers = Buckets(2, 0.01)
    busy = signed_in(Role.QA, institution="35")
    answers = [busy.get("/api/v1/session") for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 100
    assert signed_in(Role.QA).get("/api/v1/session").status_code == 200


def test_strangers_from_one_address_share_a_rate_on_public_routes(
    app: FastAPI, anonymous: TestClient
) -> None:
    app.state.limits.strangers = Buckets(1, 0.01)
    assert [anonymous.get("/health").status_code for _ in range(2)] == [200, 429]

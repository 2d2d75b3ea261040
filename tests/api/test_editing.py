"""Edits at the same moment, on both databases: of those who saw the same, one changes it and all others are
told that it is no longer what they saw."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.accounts.tables import Role
from models.database import BUSY_SECONDS
from tests.api.company import found_company
from tests.api.conftest import SignedIn
from tests.api.people import staff
from tests.api.results import hold

V1 = "/api/v1"
TOGETHER = 6
MANY = 60
PRESENCES = ("on_site", "remote")


@pytest.fixture
def administrator(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    """With the plan P1 and the held meeting M, which S1 has to attend."""
    found_company(service_engine)
    staff(service_engine)
    hold(service_engine, "M", institution="350102")
    administrator = signed_in(Role.ADMINISTRATOR)
    plan = {"code": "P1", "name": "七月", "institution": "A", "month": "2026-07"}
    assert administrator.post(f"{V1}/plans", json=plan).status_code == 201
    return administrator


def asked_together(client: TestClient, asked: Sequence[tuple[str, str, Any]], tag: str) -> list[int]:
    """The statuses, in order, of requests that are all sent with one tag at one moment."""
    ready = Barrier(len(asked))

    def ask(method: str, path: str, body: Any) -> int:
        ready.wait()
        return client.request(method, f"{V1}/{path}", json=body, headers={"If-Match": tag}).status_code

    with ThreadPoolExecutor(len(asked)) as pool:
        return sorted(pool.map(ask, *zip(*asked, strict=True)))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "plans/P1/targets", lambda n: {"indicator": "visits", "value": str(n)}),
        ("PATCH", "plans/P1", lambda n: {"name": f"方案{n}"}),
        ("PATCH", "people/A1a", lambda n: {"name": f"某人{n}"}),
        ("PATCH", "offices/A1", lambda n: {"name": f"营业室{n}"}),
        ("PATCH", "institutions/A", lambda n: {"name": f"机构{n}"}),
        ("PATCH", "accounts/Anna", lambda n: {"name": f"安娜{n}"}),
        (
            "PUT",
            "meetings/M/attendance",
            lambda n: {"rows": [{"person": "S1", "presence": PRESENCES[n % 2]}]},
        ),
    ],
)
def test_of_those_who_edit_what_they_saw_at_the_same_moment_one_succeeds(
    administrator: TestClient, method: str, path: str, body: Callable[[int], Any]
) -> None:
    account = {"login": "anna", "name": "安娜", "role": "qa"}
    assert administrator.post(f"{V1}/accounts", json=account).status_code == 201
    tag = administrator.get(f"{V1}/{path.removesuffix('/targets')}").headers["ETag"]
    asked = [(method, path, body(number)) for number in range(1, TOGETHER + 1)]
    assert asked_together(administrator, asked, tag) == [200, *[412] * (TOGETHER - 1)]


def test_an_account_is_the_same_however_its_login_is_written(administrator: TestClient) -> None:
    account = {"login": "anna", "name": "安娜", "role": "qa"}
    assert administrator.post(f"{V1}/accounts", json=account).status_code == 201
    tag = administrator.get(f"{V1}/accounts/anna").headers["ETag"]
    asked = [("PATCH", f"accounts/{login}", {"name": login}) for login in ("anna", "Anna", "ANNA", " anna")]
    assert asked_together(administrator, asked, tag) == [200, 412, 412, 412]


def test_different_edits_of_one_plan_are_edits_of_the_same(administrator: TestClient) -> None:
    tag = administrator.get(f"{V1}/plans/P1").headers["ETag"]
    asked = [
        ("PATCH", "plans/P1", {"name": "八月"}),
        ("PUT", "plans/P1/targets", {"indicator": "visits", "value": "50"}),
        ("PUT", "plans/P1/targets", {"indicator": "regular_premium", "value": "1000"}),
    ]
    assert asked_together(administrator, asked, tag) == [200, 412, 412]


def test_those_who_edit_it_however_it_is_wait_for_their_turn(administrator: TestClient) -> None:
    asked = [("PATCH", "plans/P1", {"name": f"方案{number}"}) for number in range(TOGETHER)]
    assert asked_together(administrator, asked, "*") == [200] * TOGETHER


def test_far_more_writers_than_there_are_threads_do_not_keep_the_first_from_its_answer(
    administrator: TestClient,
) -> None:
    began = time.monotonic()
    asked = [("PATCH", "plans/P1", {"name": f"方案{number}"}) for number in range(MANY)]
    assert asked_together(administrator, asked, "*") == [200] * MANY
    assert time.monotonic() - began < BUSY_SECONDS

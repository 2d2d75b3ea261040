"""Practices that meetings shared are found, counted, and told with how to spread them (R34)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.accounts.tables import Role
from models.database import transaction
from models.meetings.recordings import RecordingRepository
from tests.api.conftest import SignedIn
from tests.api.people import staff
from tests.api.results import good, hold, inspect, poor

V1 = "/api/v1"
SEPTEMBER = "first=2026-09-01&last=2026-09-30"


@pytest.fixture
def manager(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    staff(service_engine)
    hold(service_engine, "A", institution="350102", day=8)
    hold(service_engine, "B", institution="350102", day=15)
    hold(service_engine, "C", institution="350103", day=8)
    return signed_in(Role.MANAGER, institution="350102")


def test_r34_practices_of_a_period_come_from_current_results(
    manager: TestClient, service_engine: Engine, signed_in: SignedIn
) -> None:
    inspect(service_engine, "A", good())
    found = manager.get(f"{V1}/practices?first=2026-09-01&last=2026-09-30").json()["items"]
    assert found
    assert {row["meeting"] for row in found} == {"A"}
    assert all(row["held_on"] == "2026-09-08" for row in found)
    assert manager.get(f"{V1}/practices?first=2026-10-01&last=2026-10-31").json()["items"] == []
    for path in ("practices", "practices/kinds"):
        turned = manager.get(f"{V1}/{path}?first=2026-09-30&last=2026-09-01")
        assert (turned.status_code, turned.json()["detail"]) == (400, "终止日早于起始日：请核对日期。")
    other = signed_in(Role.MANAGER, institution="350103")
    assert other.get(f"{V1}/practices?first=2026-09-01&last=2026-09-30").json()["items"] == []
    first = manager.get(f"{V1}/practices?first=2026-09-01&last=2026-09-30&limit=1").json()
    second = manager.get(
        f"{V1}/practices", params={"first": "2026-09-01", "last": "2026-09-30", "cursor": first["next"]}
    ).json()
    assert first["items"] + second["items"] == found


def test_r34_a_practice_tells_its_number_how_to_spread_it_and_whether_it_can_be_heard(
    manager: TestClient, service_engine: Engine
) -> None:
    inspect(service_engine, "A", poor())
    inspect(service_engine, "A", good())  # only the current result counts, with numbers of its own
    with transaction(service_engine) as session:
        RecordingRepository(session).add("A", part=1, content_hash="0" * 64, file_name="a.m4a", size=1,
                                         duration=60.0)  # fmt: skip
    found = manager.get(f"{V1}/practices?{SEPTEMBER}").json()["items"]
    told = good().findings.practices
    assert {row["number"]: (row["text"], row["suggestion"]) for row in found} == {
        number: (one.label, one.suggestion) for number, one in enumerate(told, 1)
    }
    assert all(row["recorded"] for row in found)
    chosen = manager.get(f"{V1}/practices?{SEPTEMBER}&text={quote(told[1].label)}").json()["items"]
    assert [(row["text"], row["number"]) for row in chosen] == [(told[1].label, 2)]


def test_r34_the_kinds_of_a_period_are_counted_most_meetings_first(
    manager: TestClient, service_engine: Engine, signed_in: SignedIn
) -> None:
    for code in ("A", "B"):
        inspect(service_engine, code, good())
    inspect(service_engine, "C", poor())
    office = signed_in(Role.HEAD_OFFICE)
    kinds = office.get(f"{V1}/practices/kinds?{SEPTEMBER}").json()
    counted = {one["text"]: (one["meetings"], one["institutions"], one["last_on"]) for one in kinds}
    ours, theirs = ({one.label for one in found.findings.practices} for found in (good(), poor()))
    assert counted == {
        label: (2 * (label in ours) + (label in theirs), (label in ours) + (label in theirs),
                "2026-09-15" if label in ours else "2026-09-08")
        for label in ours | theirs
    }  # fmt: skip
    assert [one["meetings"] for one in kinds] == sorted((n for n, _, _ in counted.values()), reverse=True)
    own = manager.get(f"{V1}/practices/kinds?{SEPTEMBER}").json()
    assert {one["text"]: one["meetings"] for one in own} == dict.fromkeys(ours, 2)
    assert manager.get(f"{V1}/practices/kinds?{SEPTEMBER}&below=350103").status_code == 404

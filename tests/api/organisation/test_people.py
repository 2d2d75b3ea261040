"""People are found by the beginning of their number or name; their careers are kept."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.accounts.tables import Role
from models.database import transaction
from models.organisation.tables import Person
from tests.api.conftest import SignedIn
from tests.api.people import staff

V1 = "/api/v1"


@pytest.fixture
def manager(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    staff(service_engine)
    return signed_in(Role.MANAGER, institution="350102")


def found(client: TestClient, query: str) -> list[str]:
    return [row["code"] for row in client.get(f"{V1}/people?{query}").json()["items"]]


def test_the_search_keeps_to_the_subtree(manager: TestClient, signed_in: SignedIn) -> None:
    assert found(manager, "search=S") == ["S1", "S2"]
    assert found(manager, "search=人A") == ["A1"]
    assert found(manager, "search=T") == []
    assert found(manager, "search=%25") == []
    assert found(manager, "supervisors=true") == ["S1", "S2"]
    assert found(manager, "kind=staff") == ["G1"]
    assert found(manager, "on=2023-12-31") == []
    assert found(signed_in(Role.QA), "below=350103") == ["T1"]
    assert manager.get(f"{V1}/people?below=350103").status_code == 404
    assert manager.get(f"{V1}/people/T1").status_code == 404
    assert manager.post(f"{V1}/people/T1/leave", json={"on": "2026-09-01"}).status_code == 404


def test_one_person_shows_the_whole_career_and_a_masked_phone(
    manager: TestClient, service_engine: Engine
) -> None:
    with transaction(service_engine) as session:
        session.query(Person).filter_by(code="A1").one().phone = "13812345678"
    body = {"rank": "CHIEF", "on": "2026-09-01"}
    assert manager.post(f"{V1}/people/A1/promote", json=body).status_code == 200
    person = manager.get(f"{V1}/people/A1").json()
    assert [(row["rank"], row["valid_to"]) for row in person["career"]] == [
        ("SALES", "2026-09-01"),
        ("CHIEF", None),
    ]
    assert person["phone"] == "138****5678"


def test_someone_joins_and_leaves(manager: TestClient) -> None:
    new = {"code": "N1", "name": "新人", "kind": "agent", "joined_on": "2026-09-01", "rank": "SALES",
           "institution": "350102", "upline": "S1"}  # fmt: skip
    assert manager.post(f"{V1}/people", json=new).json()["upline"] == "S1"
    assert (
        manager.post(f"{V1}/people", json={**new, "code": "N2", "institution": "350103"}).status_code == 400
    )
    left = manager.post(f"{V1}/people/N1/leave", json={"on": "2026-10-01"}).json()
    assert left["left_on"] == "2026-10-01"
    again = manager.post(f"{V1}/people/N1/leave", json={"on": "2026-10-02"})
    assert (again.status_code, again.json()["code"]) == (400, "input_error")


def test_a_downline_is_told_generation_by_generation_within_the_subtree(
    manager: TestClient, signed_in: SignedIn
) -> None:
    qa, head = signed_in(Role.QA), signed_in(Role.HEAD_OFFICE)
    for code, upline in {"S2": "S1", "A1": "S2", "T1": "S1"}.items():
        changed = head.patch(f"{V1}/people/{code}", json={"upline": upline}, headers={"If-Match": "*"})
        assert changed.status_code == 200

    def below(client: TestClient, query: str = "") -> list[tuple[str, int, str | None]]:
        answer = client.get(f"{V1}/people/S1/downline?{query}").json()
        return [(row["code"], row["generation"], row["upline"]) for row in answer["items"]]

    assert below(qa) == [("S2", 1, "S1"), ("T1", 1, "S1"), ("A1", 2, "S2")]
    assert below(manager) == [("S2", 1, "S1"), ("A1", 2, "S2")]
    assert below(qa, "on=2023-12-31") == []
    first = qa.get(f"{V1}/people/S1/downline?limit=2").json()["next"]
    assert below(qa, f"cursor={first}") == [("A1", 2, "S2")]
    assert manager.get(f"{V1}/people/T1/downline").status_code == 404


def test_what_was_entered_wrongly_is_put_right_by_whoever_saw_it_as_it_is(manager: TestClient) -> None:
    path = f"{V1}/people/A1"
    seen = manager.get(path).headers["ETag"]
    body = {"name": "陈洁", "phone": "13812345678", "joined_on": "2024-02-01", "upline": "S1"}
    assert manager.patch(path, json=body).status_code == 422
    changed = manager.patch(path, json=body, headers={"If-Match": seen})
    person = changed.json()
    assert (person["name"], person["phone"], person["upline"]) == ("陈洁", "138****5678", "S1")
    assert [row["valid_from"] for row in person["career"]] == ["2024-02-01"]
    stale = manager.patch(path, json={"name": "陈杰"}, headers={"If-Match": seen})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    again = {"If-Match": changed.headers["ETag"]}
    cleared = manager.patch(path, json={"phone": None, "upline": None}, headers=again).json()
    assert (cleared["name"], cleared["phone"], cleared["upline"]) == ("陈洁", None, None)
    assert manager.patch(f"{V1}/people/T1", json=body, headers={"If-Match": "*"}).status_code == 404


def test_a_day_of_joining_leaves_nothing_before_it(manager: TestClient) -> None:
    def refusal(code: str, day: str) -> str:
        asked = {"joined_on": day}
        return str(
            manager.patch(f"{V1}/people/{code}", json=asked, headers={"If-Match": "*"}).json()["detail"]
        )

    assert "在 2024-06-01 之前已有任命" in refusal("G1", "2024-06-01")
    assert "在 2019-01-01 尚未设立" in refusal("A1", "2019-01-01")
    manager.post(f"{V1}/people/A1/promote", json={"rank": "CHIEF", "on": "2026-09-01"})
    assert "不早于 2026-09-01 的职级变更或离职" in refusal("A1", "2026-09-01")


def test_the_newest_rank_is_corrected_and_withdrawn_by_whoever_saw_it_as_it_is(
    manager: TestClient, signed_in: SignedIn
) -> None:
    path = f"{V1}/people/A1"
    manager.post(f"{path}/promote", json={"rank": "CHIEF", "on": "2026-09-01"})
    seen = manager.get(path).headers["ETag"]
    body = {"rank": "CHIEF", "on": "2026-08-15"}
    assert manager.put(f"{path}/career/latest", json=body).status_code == 422
    changed = manager.put(f"{path}/career/latest", json=body, headers={"If-Match": seen})
    assert [(row["rank"], row["valid_from"], row["valid_to"]) for row in changed.json()["career"]] == [
        ("SALES", "2024-01-01", "2026-08-15"),
        ("CHIEF", "2026-08-15", None),
    ]
    stale = manager.delete(f"{path}/career/latest", headers={"If-Match": seen})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    back = manager.delete(f"{path}/career/latest", headers={"If-Match": changed.headers["ETag"]})
    assert [row["rank"] for row in back.json()["career"]] == ["SALES"]
    told = manager.delete(f"{path}/career/latest", headers={"If-Match": "*"}).json()["detail"]
    assert "没有可以撤回的变更" in told
    other = f"{V1}/people/T1/career/latest"
    assert manager.delete(other, headers={"If-Match": "*"}).status_code == 404
    assert signed_in(Role.QA).put(other, json=body, headers={"If-Match": "*"}).status_code == 403


def test_those_who_left_and_those_to_come_are_found_by_their_status(manager: TestClient) -> None:
    manager.post(f"{V1}/people/A1/leave", json={"on": "2026-10-01"})
    new = {"code": "N1", "name": "新人", "kind": "agent", "joined_on": "2026-12-01", "rank": "SALES",
           "institution": "350102"}  # fmt: skip
    manager.post(f"{V1}/people", json=new)
    assert found(manager, "status=ended&on=2026-11-01") == ["A1"]
    assert found(manager, "status=coming&on=2026-11-01") == ["N1"]
    assert found(manager, "on=2026-11-01") == ["G1", "S1", "S2"]


def test_r9_the_roster_of_a_day_names_those_due_and_the_host(manager: TestClient) -> None:
    roster = manager.get(f"{V1}/institutions/350102/roster?on=2026-09-08").json()
    assert [person["code"] for person in roster["due"]] == ["S1", "S2"]
    assert roster["manager"]["code"] == "G1"
    assert manager.get(f"{V1}/institutions/350102/roster?on=0001-01-01").status_code == 422
    assert [rank["code"] for rank in manager.get(f"{V1}/ranks").json()] == ["STAFF", "SALES", "CHIEF"]

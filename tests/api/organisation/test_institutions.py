"""The tree below the caller, and who may change what of it."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from api.accounts.tables import AuditEntry, Role
from api.organisation.service import today
from models.calendar.weeks import month_start, months_later
from models.database import transaction
from tests.api.conftest import SignedIn
from tests.api.people import staff

V1 = "/api/v1"


@pytest.fixture
def head_office(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    staff(service_engine)
    return signed_in(Role.HEAD_OFFICE)


def codes(answer: object) -> list[str]:
    return [row["code"] for row in answer.json()["items"]]  # type: ignore[attr-defined]


def test_the_list_holds_the_subtree_and_what_the_filters_leave(
    head_office: TestClient, signed_in: SignedIn
) -> None:
    assert codes(head_office.get(f"{V1}/institutions")) == ["0", "35", "3501", "350102", "350103"]
    assert codes(head_office.get(f"{V1}/institutions?level=4&must_hold=true")) == ["350102", "350103"]
    assert codes(head_office.get(f"{V1}/institutions?below=350102")) == ["350102"]
    assert codes(head_office.get(f"{V1}/institutions?on=2019-12-31")) == []
    assert codes(head_office.get(f"{V1}/institutions/3501/children")) == ["350102", "350103"]
    manager = signed_in(Role.MANAGER, institution="3501")
    found = manager.get(f"{V1}/institutions").json()["items"]
    assert [(row["code"], row["parent"]) for row in found] == [
        ("3501", None),
        ("350102", "3501"),
        ("350103", "3501"),
    ]


def test_a_page_ends_where_the_next_begins(head_office: TestClient) -> None:
    first = head_office.get(f"{V1}/institutions?limit=3")
    second = head_office.get(f"{V1}/institutions", params={"limit": 3, "cursor": first.json()["next"]})
    assert codes(first) + codes(second) == ["0", "35", "3501", "350102", "350103"]
    assert second.json()["next"] is None
    refused = head_office.get(f"{V1}/institutions?cursor=bm8=")
    assert (refused.status_code, refused.json()["code"]) == (400, "input_error")


def test_what_lies_outside_the_subtree_is_as_if_it_were_not(
    head_office: TestClient, signed_in: SignedIn, anonymous: TestClient
) -> None:
    manager = signed_in(Role.MANAGER, institution="350102")
    for path in ("institutions/350103", "institutions/nothing", "institutions?below=350103"):
        assert manager.get(f"{V1}/{path}").status_code == 404
    assert manager.get(f"{V1}/institutions/350103/roster?on=2026-09-08").status_code == 404
    assert manager.put(f"{V1}/institutions/350103/must-hold", json={"must_hold": False}).status_code == 404
    assert anonymous.get(f"{V1}/institutions").status_code == 401
    assert signed_in(Role.QA).post(f"{V1}/institutions", json={}).status_code == 403


def test_one_institution_names_its_manager_and_what_lies_above(head_office: TestClient) -> None:
    found = head_office.get(f"{V1}/institutions/350102").json()
    assert found["above"] == ["0", "35", "3501"]
    assert found["manager"] == {"code": "G1", "name": "人G1"}


def test_institutions_are_added_moved_and_closed_and_the_trail_says_by_whom(
    head_office: TestClient, service_engine: Engine
) -> None:
    new = {"code": "36", "name": "江西分公司", "parent": "0", "valid_from": "2026-01-01"}
    assert head_office.post(f"{V1}/institutions", json=new).status_code == 201
    again = head_office.post(f"{V1}/institutions", json=new)
    assert (again.status_code, again.json()["detail"]) == (400, "机构代码 36 已被使用：请换一个代码。")
    moved = head_office.post(f"{V1}/institutions/3501/move", json={"parent": "36"})
    assert moved.json()["above"] == ["0", "36"]
    refused = head_office.post(f"{V1}/institutions/350102/close", json={"on": "2026-10-01"})
    assert "名在职人员" in refused.json()["detail"]
    assert head_office.post(f"{V1}/institutions/35/close", json={"on": "2026-10-01"}).status_code == 200
    with transaction(service_engine) as session:
        trail = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert trail == ["institution.add", "institution.move", "institution.close"]


def test_institutions_are_found_by_name_and_status(head_office: TestClient) -> None:
    assert codes(head_office.get(f"{V1}/institutions?search=3501")) == ["3501", "350102", "350103"]
    assert codes(head_office.get(f"{V1}/institutions?search=构0")) == ["0"]
    new = {"code": "36", "name": "江西分公司", "parent": "0", "valid_from": "2099-01-01"}
    head_office.post(f"{V1}/institutions", json=new)
    assert codes(head_office.get(f"{V1}/institutions?status=coming")) == ["36"]
    assert "36" not in codes(head_office.get(f"{V1}/institutions?status=current"))
    assert codes(head_office.get(f"{V1}/institutions?status=ended")) == []
    head_office.post(f"{V1}/institutions/36/close", json={"on": "2099-02-01"})
    assert codes(head_office.get(f"{V1}/institutions?status=ended&on=2099-03-01")) == ["36"]


def test_an_institution_and_an_office_are_renamed_as_they_were_seen(
    head_office: TestClient, signed_in: SignedIn
) -> None:
    path = f"{V1}/institutions/350102"
    seen = {"If-Match": head_office.get(path).headers["ETag"]}
    assert head_office.patch(path, json={"name": "鼓楼支公司"}).status_code == 422
    assert head_office.patch(path, json={"name": "鼓楼支公司"}, headers=seen).json()["name"] == "鼓楼支公司"
    assert head_office.patch(path, json={"name": "鼓楼"}, headers=seen).status_code == 412
    manager = signed_in(Role.MANAGER, institution="350102")
    own = manager.patch(path, json={"name": "鼓楼"}, headers={"If-Match": "*"})
    assert (own.status_code, own.json()["detail"]) == (403, "不能调整您本人所属的机构：请由上级机构办理。")
    office = {"code": "350102-01", "name": "一室", "institution": "350102", "valid_from": "2026-01-01"}
    manager.post(f"{V1}/offices", json=office)
    path = f"{V1}/offices/350102-01"
    seen = {"If-Match": manager.get(path).headers["ETag"]}
    changed = manager.patch(path, json={"market_factor": "1.1"}, headers=seen)
    assert (changed.json()["name"], changed.json()["market_factor"]) == ("一室", "1.1")
    again = {"If-Match": changed.headers["ETag"]}
    assert manager.patch(path, json={"market_factor": None}, headers=again).json()["market_factor"] is None
    assert signed_in(Role.MANAGER, institution="350103").get(path).status_code == 404


def test_nobody_below_head_office_says_who_must_hold_or_closes_their_own(
    head_office: TestClient, signed_in: SignedIn
) -> None:
    manager = signed_in(Role.MANAGER, institution="3501")
    must_hold = f"{V1}/institutions/350102/must-hold"
    assert manager.put(must_hold, json={"must_hold": False}).status_code == 403
    assert head_office.put(must_hold, json={"must_hold": False}).json()["must_hold"] is False
    assert manager.post(f"{V1}/institutions/3501/close", json={"on": "2026-10-01"}).status_code == 403
    assert manager.post(f"{V1}/institutions/3501/move", json={"parent": "350102"}).status_code == 403


def test_meetings_are_owed_from_the_day_an_institution_must_hold_them_and_no_longer(
    head_office: TestClient,
) -> None:
    day = today()
    months = [f"{month:%Y-%m}" for month in (day, months_later(month_start(day), 1))]

    def owed(code: str) -> list[int]:
        slots = [
            head_office.get(f"{V1}/slots?month={month}&below={code}").json()["items"] for month in months
        ]
        return [len(found) for found in slots]

    for code in ("350104", "350105"):
        new = {"code": code, "name": f"机构{code}", "parent": "3501", "valid_from": "2020-01-01"}
        assert head_office.post(f"{V1}/institutions", json={**new, "must_hold": code == "350104"}).is_success
    assert (owed("350104"), owed("350105")) == ([4, 4], [0, 0])
    must_hold = f"{V1}/institutions/350105/must-hold"
    head_office.put(must_hold, json={"must_hold": True})
    assert owed("350105") == [4, 4]
    head_office.put(must_hold, json={"must_hold": False})
    assert owed("350105")[1] == 0  # what was due before stays on record
    closing = {"on": f"{months[1]}-01"}
    assert head_office.post(f"{V1}/institutions/350104/close", json=closing).is_success
    assert owed("350104") == [4, 0]


def test_r8_managers_and_deputies_are_appointed(head_office: TestClient) -> None:
    body = {"person": "S1", "on": "2026-01-01"}
    assert head_office.put(f"{V1}/institutions/350102/manager", json=body).json()["manager"]["code"] == "S1"
    deputy = {"person": "S2", "on": "2026-01-01"}
    found = head_office.post(f"{V1}/institutions/350102/deputies", json=deputy).json()
    assert [person["code"] for person in found["deputies"]] == ["S2"]
    unknown = head_office.put(f"{V1}/institutions/350102/manager", json={**body, "person": "X"})
    assert unknown.status_code == 400


def test_offices_are_opened_led_and_closed(head_office: TestClient) -> None:
    office = {"code": "350102-01", "name": "一室", "institution": "350102", "valid_from": "2026-01-01",
              "market_factor": "1.2"}  # fmt: skip
    assert head_office.post(f"{V1}/offices", json=office).json()["market_factor"] == "1.2"
    found = head_office.get(f"{V1}/offices?without_lead=true").json()["items"]
    assert [(row["code"], row["lead"]) for row in found] == [("350102-01", None)]
    lead = {"person": "S1", "on": "2026-02-01"}
    assert head_office.put(f"{V1}/offices/350102-01/lead", json=lead).status_code == 400
    moved = {"institution": "350102", "office": "350102-01", "on": "2026-02-01"}
    assert head_office.post(f"{V1}/people/S1/transfer", json=moved).status_code == 200
    assert head_office.put(f"{V1}/offices/350102-01/lead", json=lead).status_code == 204
    found = head_office.get(f"{V1}/offices?on=2026-02-02&below=3501").json()["items"]
    assert found[0]["lead"] == {"code": "S1", "name": "人S1"}
    assert codes(head_office.get(f"{V1}/offices?on=2026-02-02&without_lead=true")) == []
    assert codes(head_office.get(f"{V1}/offices?on=2026-01-31&without_lead=true")) == ["350102-01"]
    refused = head_office.post(f"{V1}/offices/350102-01/close", json={"on": "2026-10-01"})
    assert refused.status_code == 400
    assert head_office.post(f"{V1}/offices/nothing/close", json={"on": "2026-10-01"}).status_code == 404

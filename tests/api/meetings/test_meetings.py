"""Slots are made, meetings planned, prepared, held, listed and made void."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine, select

from api.accounts.tables import Role
from models.database import transaction
from models.meetings.facts import FactsRepository
from models.meetings.tables import Scorecard
from models.organisation.tables import Person
from qa_pipeline.values.vocabulary import Status
from tests.api.conftest import SignedIn
from tests.api.people import staff
from tests.api.results import good, hold, inspect

V1 = "/api/v1"
START = "2026-09-08T09:00:00+08:00"


@pytest.fixture
def manager(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    staff(service_engine)
    return signed_in(Role.MANAGER, institution="350102")


def codes(client: TestClient, query: str = "") -> list[str]:
    return [row["code"] for row in client.get(f"{V1}/meetings?{query}").json()["items"]]


def test_the_slots_of_a_month_are_made_once_and_only_below_the_caller(
    manager: TestClient, signed_in: SignedIn
) -> None:
    assert manager.post(f"{V1}/slots/2026-09").json() == {"created": 4, "corrected": 0, "unknown": 0}
    assert manager.post(f"{V1}/slots/2026-09").json()["created"] == 0
    rows = manager.get(f"{V1}/slots?month=2026-09").json()["items"]
    assert [(row["name"], row["state"]) for row in rows] == [(n, "missing") for n in ("W1", "W2", "W3", "MP")]
    assert signed_in(Role.HEAD_OFFICE).post(f"{V1}/slots/2026-09").json()["created"] == 4


def test_slots_come_in_pages_in_the_order_of_the_month(manager: TestClient) -> None:
    manager.post(f"{V1}/slots/2026-09")
    first = manager.get(f"{V1}/slots?month=2026-09&limit=3").json()
    last = manager.get(f"{V1}/slots", params={"month": "2026-09", "limit": 3, "cursor": first["next"]}).json()
    assert [row["name"] for row in (*first["items"], *last["items"])] == ["W1", "W2", "W3", "MP"]
    assert last["next"] is None
    assert manager.get(f"{V1}/slots?month=2026-09&state=held").json()["items"] == []
    assert manager.get(f"{V1}/slots?month=2026-09&cursor=WzFd").status_code == 400


def test_r24_a_meeting_is_planned_prepared_and_held(manager: TestClient) -> None:
    manager.post(f"{V1}/slots/2026-09")
    planned = manager.post(f"{V1}/meetings", json={"institution": "350102", "month": "2026-09", "slot": "W1"})
    assert planned.status_code == 201
    assert planned.json()["code"] == "350102-2026-09-W1"
    assert planned.json()["preparation"] == "warn"
    path = f"{V1}/meetings/350102-2026-09-W1"
    tag = manager.get(path).headers["ETag"]
    body = {"topic": "领跑", "starts_at": "2099-09-08T09:00:00+08:00", "goal": "达U", "flow": "四段"}
    prepared = manager.put(f"{path}/preparation", json=body, headers={"If-Match": tag})
    assert (prepared.json()["preparation"], prepared.json()["topic"]) == ("pass", "领跑")
    stale = manager.put(f"{path}/preparation", json=body, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert manager.put(f"{path}/preparation", json=body).status_code == 422
    held = manager.post(f"{path}/hold", json={"started_at": START, "host": "G1"}).json()
    assert (held["state"], held["host"], held["started_at"]) == ("held", "G1", START)
    assert manager.post(f"{path}/hold", json={"started_at": "2026-09-08T09:00:00"}).status_code == 422


def test_a_meeting_held_unplanned_finds_its_slot(manager: TestClient) -> None:
    body = {"institution": "350102", "kind": "weekly_review", "started_at": START}
    held = manager.post(f"{V1}/meetings/held", json=body)
    assert (held.status_code, held.json()["slot"], held.json()["theme"]) == (201, "W1", "supervisor_lead")
    again = manager.post(f"{V1}/meetings/held", json=body)
    assert "一场只计一次" in again.json()["detail"]
    moved = manager.post(f"{V1}/meetings/held", json={**body, "started_at": "2025-09-30T09:00:00+08:00"})
    assert (moved.json()["slot"], moved.json()["month"]) == ("W1", "2025-10")
    ahead = manager.post(f"{V1}/meetings/held", json={**body, "started_at": "2100-01-08T09:00:00+08:00"})
    assert (ahead.status_code, ahead.json()["code"]) == (400, "input_error")
    assert "2100-01-08 09:00 还没有到" in ahead.json()["detail"]


@pytest.mark.parametrize("digits", ["1788829200", 1788829200, 1788829200.5, " 1788829200 ", "1_788_829_200"])
def test_digits_are_no_moment_and_no_day(manager: TestClient, digits: str | float) -> None:
    body = {"institution": "350102", "kind": "weekly_review", "started_at": digits}
    refused = manager.post(f"{V1}/meetings/held", json=body)
    assert refused.status_code == 422
    assert "不是有效的时间" in refused.json()["detail"]
    midnight = 1788825600  # would be 2026-09-08
    listed = manager.get(f"{V1}/practices?first={midnight}&last=2026-09-30")
    assert (listed.status_code, "不是有效的日期" in listed.json()["detail"]) == (422, True)


def test_the_list_is_filtered_and_sorted(
    manager: TestClient, service_engine: Engine, signed_in: SignedIn
) -> None:
    hold(service_engine, "A", institution="350102", day=8)
    hold(service_engine, "B", institution="350102", day=15)
    hold(service_engine, "C", institution="350103", day=8)
    inspect(service_engine, "A", good())
    everyone = signed_in(Role.QA)
    assert codes(everyone) == ["A", "B", "C"]
    assert codes(manager) == ["A", "B"]
    assert codes(everyone, "sort=-started_at") == ["B", "C", "A"]
    assert codes(everyone, "below=350103") == ["C"]
    assert codes(everyone, "slot=W2&month=2026-09&state=held&kind=weekly_review") == ["B"]
    assert codes(everyone, "verdict=qualified") == codes(everyone, "inspected=true") == ["A"]
    assert codes(everyone, "inspected=false") == ["B", "C"]
    assert codes(everyone, "month=2026-10") == []
    pages, cursor = [], ""
    for _ in range(3):
        answer = everyone.get(
            f"{V1}/meetings",
            params={"sort": "started_at", "limit": 1, **({"cursor": cursor} if cursor else {})},
        ).json()
        pages += [row["code"] for row in answer["items"]]
        cursor = answer["next"]
    assert (pages, cursor) == (["A", "C", "B"], None)


def test_whoever_was_inspected_does_not_take_the_result_back(
    manager: TestClient, service_engine: Engine, signed_in: SignedIn
) -> None:
    hold(service_engine, "A", institution="350102", day=8)
    hold(service_engine, "B", institution="350102", day=15)
    inspect(service_engine, "A", good())
    reason = {"reason": "重复登记"}
    assert manager.post(f"{V1}/meetings/A/void", json=reason).status_code == 403
    assert manager.post(f"{V1}/meetings/B/void", json=reason).json()["state"] == "void"
    assert signed_in(Role.QA).post(f"{V1}/meetings/A/void", json=reason).json()["state"] == "void"


def test_who_reviews_voids_what_was_handed_in_twice_but_corrects_only_what_has_a_result(
    service_engine: Engine, signed_in: SignedIn
) -> None:
    for code, day in (("A", 8), ("B", 15), ("TWICE", 22)):
        hold(service_engine, code, institution="350102", day=day)
    inspect(service_engine, "A", good())
    qa, moved = signed_in(Role.QA), {"started_at": "2026-09-08T09:30:00+08:00"}
    assert qa.post(f"{V1}/meetings/TWICE/void", json={"reason": "重复登记"}).json()["state"] == "void"
    assert qa.post(f"{V1}/meetings/A/hold", json=moved).json()["started_at"] == moved["started_at"]
    refused = qa.post(f"{V1}/meetings/B/hold", json={"started_at": "2026-09-15T09:30:00+08:00"})
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "会议 B 还没有质检结论，由登记会议的人员更正：请联系该机构的经理。",
    )
    head = signed_in(Role.HEAD_OFFICE)  # prepares meetings, and does not review
    assert head.post(f"{V1}/meetings/A/void", json={"reason": "x"}).status_code == 403


def test_whoever_was_inspected_does_not_rewrite_when_the_meeting_was_held(
    manager: TestClient, service_engine: Engine, signed_in: SignedIn
) -> None:
    hold(service_engine, "LATE", institution="350102", day=9)
    inspect(service_engine, "LATE", good())
    path, earlier = f"{V1}/meetings/LATE", {"started_at": "2026-09-08T09:00:00+08:00"}
    anew = {"institution": "350102", "kind": "weekly_review", "code": "LATE", **earlier}
    tag = {"If-Match": manager.get(path).headers["ETag"]}
    starts = {"starts_at": earlier["started_at"]}
    for answer in (
        manager.post(f"{path}/hold", json={**earlier, "ended_at": "2026-09-08T10:00:00+08:00"}),
        manager.post(f"{V1}/meetings/held", json={**anew, "ended_at": "2026-09-08T10:00:00+08:00"}),
        manager.put(f"{path}/preparation", json=starts, headers=tag),
    ):
        assert answer.status_code == 403
        assert "有复核权限的人员更正" in answer.json()["detail"]
    assert manager.get(path).json()["started_at"] == "2026-09-09T09:00:00+08:00"
    reviewer = signed_in(Role.QA)
    corrected = reviewer.post(f"{path}/hold", json={**earlier, "ended_at": "2026-09-08T10:00:00+08:00"})
    assert corrected.json()["started_at"] == earlier["started_at"]


def test_a_meeting_of_more_than_half_a_day_is_refused(manager: TestClient, service_engine: Engine) -> None:
    hold(service_engine, "A", institution="350102", day=8)
    path = f"{V1}/meetings/A/hold"
    moved = manager.post(path, json={"started_at": "2026-09-06T09:00:00+08:00"})
    assert (moved.status_code, "相距超过 12 小时" in moved.json()["detail"]) == (400, True)
    both = {"started_at": "2026-09-07T09:00:00+08:00", "ended_at": "2026-09-07T21:00:00+08:00"}
    assert manager.post(path, json=both).json()["ended_at"] == both["ended_at"]


def test_meetings_outside_the_subtree_are_not_there(
    manager: TestClient, service_engine: Engine, anonymous: TestClient, signed_in: SignedIn
) -> None:
    hold(service_engine, "C", institution="350103")
    for path in ("", "/attendance", "/scorecard", "/scorecards", "/transcript"):
        assert manager.get(f"{V1}/meetings/C{path}").status_code == 404
    assert manager.post(f"{V1}/meetings/C/hold", json={"started_at": START}).status_code == 404
    assert anonymous.get(f"{V1}/meetings").status_code == 401
    assert signed_in(Role.QA).post(f"{V1}/slots/2026-09").status_code == 403


def test_r9_the_sheet_is_prefilled_with_those_due_and_put_whole(
    manager: TestClient, service_engine: Engine
) -> None:
    hold(service_engine, "A", institution="350102")
    answer = manager.get(f"{V1}/meetings/A/attendance")
    sheet = answer.json()
    assert [(row["person"], row["due"], row["presence"]) for row in sheet["rows"]] == [
        ("S1", True, None),
        ("S2", True, None),
    ]
    assert (sheet["rate"], sheet["status"]) == (None, "unknown")
    path, seen = f"{V1}/meetings/A/attendance", {"If-Match": answer.headers["ETag"]}
    rows = [{"person": "S1", "presence": "on_site"}, {"person": "A1", "presence": "remote"}]
    put = manager.put(path, json={"rows": rows}, headers=seen)
    assert (put.json()["present"], put.json()["rate"], put.json()["status"]) == (1, "0.5", "fail")
    assert [row["person"] for row in put.json()["rows"]] == ["S1", "S2", "A1"]
    assert manager.put(path, json={"rows": rows}, headers=seen).status_code == 412
    fewer = manager.put(path, json={"rows": rows[:1]}, headers={"If-Match": put.headers["ETag"]})
    assert [row["person"] for row in fewer.json()["rows"]] == ["S1", "S2"]
    current = {"If-Match": fewer.headers["ETag"]}
    assert manager.put(path, json={"rows": rows[:1] * 2}, headers=current).status_code == 400
    stranger = [{"person": "T1", "presence": "on_site"}]
    assert "T1" in manager.put(path, json={"rows": stranger}, headers=current).json()["detail"]


def test_attendance_that_a_result_rests_on_is_put_right_by_those_who_review_until_a_person_decides(
    manager: TestClient, service_engine: Engine, signed_in: SignedIn
) -> None:
    hold(service_engine, "A", institution="350102")
    path = f"{V1}/meetings/A/attendance"

    def put(client: TestClient, *people: str) -> Response:
        rows = [{"person": person, "presence": "on_site"} for person in people]
        return client.put(path, json={"rows": rows}, headers={"If-Match": "*"})

    qa = signed_in(Role.QA)
    assert put(qa, "S1").status_code == 403  # nothing to review yet: for those who prepare meetings
    assert put(manager, "S1").status_code == 200
    inspect(service_engine, "A", good())
    refused = put(manager, "S1", "S2")
    assert (refused.status_code, "只能由有复核权限的人员更正" in refused.json()["detail"]) == (403, True)
    rows = [{"meeting_id": "A", "person_id": person, "presence": "on_site"} for person in ("S1", "S2")]
    body = {"source": "hr", "rows": rows}
    file = manager.post(f"{V1}/imports/attendance", json=body)  # nor by a file
    assert file.status_code == 422
    assert file.json()["problems"] == [
        "表“参会”第 2 行：会议 A 的结论已依据签到作出，只能由有复核权限的人员更正"
    ]
    assert manager.post(f"{V1}/imports/attendance", json={**body, "rows": rows[:1]}).status_code == 200
    assert put(qa, "S1", "S2").json()["rate"] == "1"

    review = qa.post(f"{V1}/reviews", json={"meeting": "A"}).json()["code"]
    decision = {"verdict": "qualified", "reason": "听过。", "overrides": [], "confirmed": []}
    assert qa.post(f"{V1}/reviews/{review}/decide", json=decision).json()["state"] == "decided"
    for client in (manager, qa):
        decided = put(client, "S1")
        assert (decided.status_code, "已由人复核作出" in decided.json()["detail"]) == (409, True)
    administrator = signed_in(Role.ADMINISTRATOR)
    absent = [{**rows[0], "presence": "absent"}]
    by_file = administrator.post(f"{V1}/imports/attendance", json={**body, "rows": absent})
    assert by_file.json()["problems"] == ["表“参会”第 1 行：会议 A 的结论已由人复核作出，签到不能再改"]


def attend(client: TestClient, meeting: str, **presences: str) -> Response:
    rows = [{"person": person, "presence": presence} for person, presence in presences.items()]
    path = f"{V1}/meetings/{meeting}/attendance"
    return client.put(path, json={"rows": rows}, headers={"If-Match": "*"})


def inspect_by_its_sheet(engine: Engine, meeting: str) -> None:
    """A result that rests on the attendance recorded by now."""
    with transaction(engine) as session:
        facts = FactsRepository(session).facts(meeting)
    inspect(engine, meeting, replace(good(), facts=facts))


def test_a_result_says_that_the_attendance_it_rests_on_was_changed_until_it_is_judged_anew(
    manager: TestClient, service_engine: Engine, signed_in: SignedIn
) -> None:
    hold(service_engine, "A", institution="350102")
    qa = signed_in(Role.QA)

    def changed() -> bool | None:
        answer: bool | None = qa.get(f"{V1}/meetings/A/scorecard").json()["attendance_changed"]
        return answer

    assert attend(manager, "A", S1="on_site", S2="absent").status_code == 200
    inspect_by_its_sheet(service_engine, "A")
    assert changed() is False
    for other in (
        {"S1": "on_site", "S2": "on_site"},
        {"S1": "absent", "S2": "on_site"},  # as many as before, and not the same
        {"S1": "on_site", "S2": "leave"},
        {"S1": "on_site", "S2": "absent", "A1": "on_site"},
        {},
    ):
        assert attend(qa, "A", **other).status_code == 200
        assert changed(), other
    assert attend(qa, "A", S1="on_site", S2="absent").status_code == 200
    assert changed() is False
    assert attend(qa, "A", S1="on_site", S2="remote").status_code == 200
    inspect_by_its_sheet(service_engine, "A")
    assert changed() is False
    with transaction(service_engine) as session:  # erased, in the results too
        session.scalars(select(Person).where(Person.code == "S2")).one().name = "已删除"
    assert changed() is False
    with transaction(service_engine) as session:  # of a generated meeting
        card = session.scalars(select(Scorecard).where(Scorecard.is_current)).one()
        card.result = {**card.result, "facts": {"expected_attendees": 2, "attendees": 1}}
    assert changed() is None


def test_attendance_does_not_change_under_the_hands_of_who_reviews_the_result(
    manager: TestClient, service_engine: Engine, signed_in: SignedIn
) -> None:
    hold(service_engine, "A", institution="350102")
    unknown = replace(good().compliance.on_roster, status=Status.UNKNOWN)
    found = replace(good(), compliance=replace(good().compliance, on_roster=unknown))
    inspect(service_engine, "A", found)
    assert attend(manager, "A", S1="absent").status_code == 200
    qa = signed_in(Role.QA)
    taken = qa.post(f"{V1}/reviews", json={"meeting": "A"}).json()
    review, login = taken["code"], taken["reviewer"]
    refused = attend(manager, "A", S1="on_site")
    assert refused.status_code == 409
    assert refused.json()["detail"] == (
        f"会议 A 正由 {login} 复核，签到暂不能改：请等复核结束，或请其先释放。"
    )
    rows = [{"meeting_id": "A", "person_id": "S1", "presence": "on_site"}]
    file = {"source": "hr", "rows": rows}
    assert manager.post(f"{V1}/imports/attendance", json=file).json()["problems"] == [
        f"表“参会”第 1 行：会议 A 正由 {login} 复核，签到暂不能改"
    ]
    assert attend(qa, "A", S1="leave").status_code == 200

    turned = {"verdict": "not_qualified", "reason": "听过。", "overrides": [], "confirmed": []}
    assert qa.post(f"{V1}/reviews/{review}/decide", json=turned).json()["state"] == "proposed"
    assert attend(qa, "A", S1="absent").status_code == 409  # the second reviewer is to agree to what was seen
    qa.post(f"{V1}/reviews/{review}/release")
    assert attend(manager, "A", S1="on_site").status_code == 200


def test_attendance_that_no_result_rests_on_is_filled_in_after_the_result(
    manager: TestClient, service_engine: Engine
) -> None:
    hold(service_engine, "A", institution="350102")
    unknown = replace(good().compliance.on_roster, status=Status.UNKNOWN)
    found = replace(good(), compliance=replace(good().compliance, on_roster=unknown))
    inspect(service_engine, "A", found)
    for presence in ("on_site", "absent"):
        rows = [{"person": "S1", "presence": presence}]
        put = manager.put(f"{V1}/meetings/A/attendance", json={"rows": rows}, headers={"If-Match": "*"})
        assert put.status_code == 200

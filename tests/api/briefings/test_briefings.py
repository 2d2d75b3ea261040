"""Before the meeting: the briefing of the next slot, and its confirmation as preparation (R24)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.accounts.tables import Role
from models.activities.volume_repository import VolumeRepository
from models.activities.volumes import Pvkyc, Side
from models.base import SHANGHAI
from models.database import transaction
from models.indicators.repository import IndicatorRepository, NewObservation
from models.meetings.repository import MeetingRepository
from models.meetings.slots import SlotRepository
from models.meetings.tables import ActionItem, ActionState
from qa_pipeline.values.vocabulary import MeetingKind
from tests.api.company import found_company
from tests.api.conftest import SignedIn
from tests.models.company import Company

BACKENDS = ("sqlite",)
BRIEFINGS = "/api/v1/briefings"
CONFIRM = f"{BRIEFINGS}/confirm"
SLOT = {"institution": "A", "month": "2026-09", "slot": "W1", "goal": "未达U主管各定一条措施"}


@pytest.fixture
def company(service_engine: Engine) -> Company:
    return found_company(service_engine)


@pytest.fixture
def manager(company: Company, signed_in: SignedIn) -> TestClient:
    return signed_in(Role.MANAGER, institution="A")


def know(engine: Engine, company: Company) -> None:
    """FYC of A's people and offices in September, a PVKYC report, and a commitment of a meeting in August."""
    yesterday = date(2026, 9, 6)
    with transaction(engine) as session:
        IndicatorRepository(session).append(
            [
                NewObservation(company.scope(scope), code, yesterday, Decimal(value))
                for scope, code, value in (
                    ("A1S", "fyc", 9000),
                    ("A2S", "fyc", 100),
                    ("A1a", "fyc", 200),
                    ("A1", "u_headcount", 1),
                    ("A2", "u_headcount", 0),
                )
            ],
            source="业务系统",
            recorded_at=datetime.now(UTC),
        )
        done = Pvkyc(plan=10, visit=4, close=1, warm=2, referral=0)
        VolumeRepository(session).report(date(2026, 9, 7), Side.DONE, {company.people["A2S"].id: done})
        SlotRepository(session).fill_month(date(2026, 8, 1))
        meeting = MeetingRepository(session).record(
            "H1",
            institution="A",
            kind=MeetingKind.WEEKLY_REVIEW,
            started_at=datetime(2026, 8, 21, 9, tzinfo=SHANGHAI),
        )
        session.add(
            ActionItem(code="C1", meeting_id=meeting.id, what="陪访三户", who="张三",
                       due_on=date(2026, 9, 1), state=ActionState.OPEN)
        )  # fmt: skip


def test_the_briefing_has_the_theme_the_standings_the_people_and_the_commitments(
    manager: TestClient, service_engine: Engine, company: Company
) -> None:
    know(service_engine, company)
    body = {"value": "3000", "institution": "A", "valid_from": "2026-01-01"}
    assert manager.put("/api/v1/parameters/u_threshold", json=body).status_code == 200
    found = manager.get(f"{BRIEFINGS}?institution=A&on=2026-09-07").json()
    assert (found["slot"]["name"], found["slot"]["theme"]) == ("W1", "supervisor_lead")
    assert found["slot"]["latest"] == "2026-09-08"
    assert found["as_of"] == "2026-09-06"
    assert "R20" in {item["rule"] for item in found["checklist"]}
    lead, premium = found["rankings"]
    places = [(p["scope"]["code"], p["place"], p["gap_to_first"]) for p in lead["items"][0]["places"]]
    assert places == [("A1", 1, "0"), ("A2", 2, "-1")]
    assert (premium["known"], premium["items"]) == (False, [])
    assert "期缴保费" in premium["reason"]
    people = found["below_standard"]
    assert [p["person"]["code"] for p in people["items"]] == ["A2S", "A1a"]
    assert people["items"][0]["volumes"]["visit"]["done"] == 4
    assert people["items"][0]["conversion"] == "0.25"
    assert people["items"][1]["volumes"] is None
    assert "3 人缺少 FYC" in people["reason"]
    (commitment,) = found["commitments"]["items"]
    assert (commitment["code"], commitment["overdue_days"]) == ("C1", 7)
    assert found["meeting"] is None


def test_what_nobody_entered_is_unknown_with_its_reason_and_never_an_empty_list(manager: TestClient) -> None:
    found = manager.get(f"{BRIEFINGS}?institution=A&month=2026-09&slot=MP&on=2026-09-07").json()
    parts = [*found["rankings"], found["below_standard"], found["commitments"]]
    assert len(parts) == 5
    assert all(part["known"] is False and part["reason"].endswith("。") for part in parts[:-2])
    assert "u_threshold" in parts[-2]["reason"]
    assert "没有登记过" in parts[-1]["reason"]


@pytest.mark.parametrize(("slot", "minutes", "share"), [("W1", 60, "0.7"), ("MP", 120, None)])
def test_r25_the_time_plan_reaches_the_share_of_checking_or_fills_the_monthly_meeting(
    manager: TestClient, slot: str, minutes: int, share: str | None
) -> None:
    plan = manager.get(f"{BRIEFINGS}?institution=A&month=2026-09&slot={slot}").json()["time_plan"]
    assert (plan["minutes"], plan["checking_share"]) == (minutes, share)
    assert sum(segment["minutes"] for segment in plan["segments"]) == minutes
    next_month = [s["minutes"] for s in plan["segments"] if s["chapter"] == "next_month_plan"]
    assert all(5 * m >= minutes for m in next_month)


def test_r24_confirming_the_briefing_prepares_the_meeting_once(manager: TestClient) -> None:
    made = manager.post(CONFIRM, json={**SLOT, "starts_at": "2026-09-08T09:00:00+08:00"})
    assert made.status_code == 201
    meeting = made.json()
    assert meeting["code"] == "A-2026-09-W1"
    assert meeting["topic"].startswith("主管领跑周")
    assert "问题研讨 21 分钟（追问核对 20）" in meeting["flow"]
    assert meeting["prepared_at"] is not None
    again = manager.post(CONFIRM, json={**SLOT, "starts_at": "2026-09-08T10:00:00+08:00"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    shown = manager.get(f"{BRIEFINGS}?institution=A&on=2026-09-07").json()
    assert shown["meeting"]["goal"] == SLOT["goal"]


def test_the_next_slot_is_the_first_one_not_held_yet(manager: TestClient, service_engine: Engine) -> None:
    with transaction(service_engine) as session:
        SlotRepository(session).fill_month(date(2026, 9, 1))
        MeetingRepository(session).record(
            "H2",
            institution="A",
            kind=MeetingKind.WEEKLY_REVIEW,
            started_at=datetime(2026, 9, 8, 9, tzinfo=SHANGHAI),
        )
    found = manager.get(f"{BRIEFINGS}?institution=A&on=2026-09-08").json()
    assert found["slot"]["name"] == "W2"
    assert (found["commitments"]["known"], found["commitments"]["items"]) == (True, [])
    held = manager.post(CONFIRM, json={**SLOT, "starts_at": "2026-09-08T09:00:00+08:00"})
    assert held.status_code == 409


def test_a_year_without_known_holidays_has_no_window_and_says_so(manager: TestClient) -> None:
    slot = manager.get(f"{BRIEFINGS}?institution=A&on=2090-03-02").json()["slot"]
    assert (slot["name"], slot["earliest"], slot["latest"]) == ("W1", None, None)
    assert "节假日未知" in slot["remark"]


def test_briefings_are_for_those_who_prepare_meetings_of_the_subtree(
    manager: TestClient, signed_in: SignedIn, anonymous: TestClient
) -> None:
    assert anonymous.get(f"{BRIEFINGS}?institution=A").status_code == 401
    assert signed_in(Role.QA).get(f"{BRIEFINGS}?institution=A").status_code == 403
    assert manager.get(f"{BRIEFINGS}?institution=B").status_code == 404
    strange = {**SLOT, "institution": "B", "starts_at": "2026-09-08T09:00:00+08:00"}
    assert manager.post(CONFIRM, json=strange).status_code == 404
    assert manager.get(f"{BRIEFINGS}?institution=A&month=2026-09").status_code == 400
    office = signed_in(Role.HEAD_OFFICE).get(f"{BRIEFINGS}?institution=branch")
    assert (office.status_code, office.json()["code"]) == (400, "input_error")
    assert manager.post(CONFIRM, json={**SLOT, "starts_at": "tomorrow"}).status_code == 422

"""The compliance table and what it comes to, for managers, head office and systems with a key."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy import Engine, select

from api.access import Permission, hashed
from api.accounts.tables import Account, ApiKey, AuditEntry, Role
from models.database import transaction
from models.meetings.actions import ActionRepository
from models.meetings.tables import ActionItem, ActionState, Attendance, Meeting, Presence
from models.organisation.tables import Person
from tests.api.conftest import SignedIn
from tests.api.people import staff
from tests.api.results import good, hold, inspect, poor

V1 = "/api/v1/compliance"
AS_OF = "as_of=2026-09-16"
NOON = datetime(2026, 9, 9, 4, tzinfo=UTC)


@pytest.fixture
def everyone(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    """350102 held W1 (qualified) and not W2; 350103 held W1 a day late (not qualified) and W2."""
    staff(service_engine)
    hold(service_engine, "A", institution="350102", day=8)
    hold(service_engine, "B", institution="350103", day=9)
    hold(service_engine, "C", institution="350103", day=15)
    inspect(service_engine, "A", good())
    inspect(service_engine, "B", poor())
    with transaction(service_engine) as session:
        meeting = session.query(Meeting).filter_by(code="A").one()
        for code, presence in (("S1", Presence.ON_SITE), ("S2", Presence.LEAVE)):
            person = session.query(Person).filter_by(code=code).one()
            session.add(Attendance(meeting_id=meeting.id, person_id=person.id, presence=presence))
    return signed_in(Role.HEAD_OFFICE)


def states(client: TestClient, query: str = AS_OF) -> dict[str, list[str]]:
    rows = client.get(f"{V1}/2026-09?{query}").json()["items"]
    return {row["institution"]: [cell["state"] for cell in row["slots"]] for row in rows}


def test_the_table_tells_what_became_of_every_slot(everyone: TestClient, signed_in: SignedIn) -> None:
    assert states(everyone) == {
        "350102": ["held", "missing", "pending", "pending"],
        "350103": ["late", "held", "pending", "pending"],
    }
    assert states(everyone, f"{AS_OF}&slot=W2") == {"350102": ["missing"], "350103": ["held"]}
    assert list(states(everyone, f"{AS_OF}&state=late")) == ["350103"]
    assert list(states(everyone, f"{AS_OF}&below=350102")) == ["350102"]
    assert list(states(signed_in(Role.MANAGER, institution="350103"))) == ["350103"]
    first = everyone.get(f"{V1}/2026-09?{AS_OF}&limit=1").json()
    assert list(states(everyone, f"{AS_OF}&cursor={first['next']}")) == ["350103"]


def test_the_table_is_a_file_for_spreadsheets(everyone: TestClient, service_engine: Engine) -> None:
    text = everyone.get(f"{V1}/2026-09/file?form=csv&{AS_OF}")
    rows = list(csv.reader(io.StringIO(text.content.decode("utf-8-sig"))))
    assert rows[0][:4] == ["月份", "机构代码", "机构", "场次"]
    assert rows[1][1:8] == ["350102", "机构350102", "W1", "主管领跑周", "2026-09-08", "2026-09-08", "已召开"]
    assert rows[1][10] == "合格"
    assert len(rows) == 9
    sheet = load_workbook(io.BytesIO(everyone.get(f"{V1}/2026-09/file?{AS_OF}").content)).worksheets[0]
    assert (sheet.title, sheet.max_row) == ("合规 2026-09", 9)
    with transaction(service_engine) as session:
        noted = session.scalars(select(AuditEntry).filter_by(action="compliance.export")).all()
        assert [(one.object_code, one.detail) for one in noted] == [("2026-09", {"rows": 2})] * 2


def test_r10_r12_the_summary_names_who_is_missing(everyone: TestClient) -> None:
    told = everyone.get(f"{V1}/2026-09/summary?{AS_OF}").json()
    by_slot = {row["slot"]: row for row in told["coverage"]}
    assert (by_slot["W1"]["due"], by_slot["W1"]["rate"]) == (2, "1")
    assert by_slot["W2"]["rate"] == "0.5"
    assert by_slot["W2"]["missing"] == [{"code": "350102", "name": "机构350102"}]
    assert (by_slot["MP"]["due"], by_slot["MP"]["pending"], by_slot["MP"]["rate"]) == (0, 2, None)
    assert told["inspections"]["missing"] == ["C"]
    assert told["inspections"]["rate"] == "0.666667"
    assert told["attendance"] == {"meetings": 1, "due": 2, "present": 1, "rate": "0.5"}
    assert sum(band["meetings"] for band in told["scores"]) == 2
    assert told["states"] == {
        "unknown": 0,
        "pending": 4,
        "missing": 1,
        "late": 1,
        "early": 0,
        "low": 0,
        "held": 2,
    }
    assert told["totals"]["on_schedule"] == "0.5"
    narrowed = everyone.get(f"{V1}/2026-09/summary?{AS_OF}&below=350102").json()
    assert narrowed["inspections"]["rate"] == "1"


def test_the_tree_is_drilled_down_a_level_at_a_time(everyone: TestClient, signed_in: SignedIn) -> None:
    def below(parent: str) -> list[tuple[str, int, str | None]]:
        rows = everyone.get(f"{V1}/2026-09/children?{AS_OF}{parent}").json()
        return [(row["institution"], row["totals"]["due"], row["totals"]["coverage"]) for row in rows]

    assert below("") == [("0", 4, "0.75")]
    assert below("&parent=0") == [("35", 4, "0.75")]
    assert below("&parent=3501") == [("350102", 2, "0.5"), ("350103", 2, "1")]
    assert below("&parent=350102") == []
    manager = signed_in(Role.MANAGER, institution="3501")
    assert [row["institution"] for row in manager.get(f"{V1}/2026-09/children").json()] == ["3501"]
    assert manager.get(f"{V1}/2026-09/children?parent=35").status_code == 404


def test_commitments_due_and_kept_are_summed_down_the_tree(
    everyone: TestClient, service_engine: Engine
) -> None:
    with transaction(service_engine) as session:
        actions = ActionRepository(session)
        for meeting, what, due, kept in (
            ("A", "送建议书", 10, True),
            ("A", "约转介绍", 14, False),
            ("A", "月底交名单", 30, False),
            ("A", "当天还可兑现", 16, False),
            ("B", "陪访三户", 12, False),
        ):
            code = actions.add(meeting, what=what, due_on=date(2026, 9, due), at=NOON).code
            if kept:
                actions.close(code, state=ActionState.KEPT, on=date(2026, 9, due))
    heard = select(ActionItem).where(ActionItem.confirmed_at.is_(None), ActionItem.due_on.is_not(None))
    with transaction(service_engine) as session:
        for action in session.scalars(heard):
            action.due_on = date(2026, 9, 11)
        unconfirmed = len(session.scalars(heard).all())
    rows = everyone.get(f"{V1}/2026-09/children?{AS_OF}&parent=3501").json()
    assert [(row["commitments"]["due"], row["commitments"]["kept"]) for row in rows] == [(2, 1), (1, 0)]
    assert [row["commitments"]["rate"] for row in rows] == ["0.5", "0"]
    whole = everyone.get(f"{V1}/2026-09/summary?{AS_OF}").json()["commitments"]
    assert (whole["due"], whole["kept"], whole["unconfirmed"]) == (3, 1, unconfirmed)
    assert unconfirmed > 0
    later = everyone.get(f"{V1}/2026-09/summary?as_of=2026-10-05&below=350102").json()["commitments"]
    assert (later["due"], later["kept"]) == (4, 1)
    earlier = everyone.get(f"{V1}/2026-08/summary?{AS_OF}").json()["commitments"]
    assert (earlier["due"], earlier["rate"]) == (0, None)


def test_the_trend_has_a_point_a_month(everyone: TestClient) -> None:
    points = everyone.get(f"{V1}/trend?first=2026-08&last=2026-09&{AS_OF}").json()
    assert [(p["month"], p["totals"]["due"]) for p in points] == [("2026-08", 0), ("2026-09", 4)]
    assert points[0]["totals"]["coverage"] is None
    for months in ("first=2026-09&last=2026-08", "first=2020-01&last=2026-09"):
        assert everyone.get(f"{V1}/trend?{months}").status_code == 400


def test_another_system_pulls_the_scores_with_its_key(
    everyone: TestClient, anonymous: TestClient, service_engine: Engine
) -> None:
    with transaction(service_engine) as session:
        owner = session.scalars(select(Account.id)).first()
        for secret, permission in (("hr-secret", Permission.READ_COMPLIANCE), ("other", Permission.UPLOAD)):
            session.add(ApiKey(name=secret, key_hash=hashed(secret), permissions=[permission],
                               created_by=owner, created_at=datetime.now(UTC)))  # fmt: skip
    path = f"{V1}/scores?month=2026-09&{AS_OF}"
    answer = anonymous.get(path, headers={"Authorization": "Bearer hr-secret"})
    first, second = answer.json()["items"]
    assert (first["institution"], first["month"], first["due"], first["held"]) == ("350102", "2026-09", 2, 1)
    parts = {name: Decimal(value) for name, value in first["parts"].items()}
    # W1 passed on time and on quality, W2 was missing: half of what was due.
    assert parts["on_time"] == parts["on_quality"] == Decimal("0.5")
    assert Decimal(first["score"]) == pytest.approx(100 * sum(parts.values()) / 3, abs=Decimal("0.01"))
    assert (first["inspected"], first["reason"]) == (1, None)
    assert (second["on_schedule"], second["qualified"]) == (1, 0)
    assert anonymous.get(path).status_code == 401
    assert anonymous.get(path, headers={"Authorization": "Bearer other"}).status_code == 403
    with transaction(service_engine) as session:
        assert session.scalars(select(AuditEntry.actor)).all() == ["key:hr-secret"]


def test_r12_meetings_that_nobody_inspected_have_no_score(
    everyone: TestClient, service_engine: Engine
) -> None:
    def of(code: str, as_of: str = AS_OF) -> Any:
        rows = everyone.get(f"{V1}/scores?month=2026-09&{as_of}").json()["items"]
        return next(row for row in rows if row["institution"] == code)

    waiting = of("350103")
    assert (waiting["due"], waiting["held"], waiting["inspected"], waiting["score"]) == (2, 2, 1, None)
    assert waiting["reason"] == "已召开的会议 C 还没有质检，得分未知：请上传录音并质检。"
    inspect(service_engine, "C", good())
    inspected = of("350103")
    assert (inspected["inspected"], inspected["reason"]) == (2, None)
    assert Decimal(inspected["score"]) < 100
    none_due = of("350103", "as_of=2026-09-01")
    assert (none_due["score"], none_due["reason"]) == (None, "还没有到期场次，得分未知。")


def test_the_scores_are_those_of_the_day_asked_for(everyone: TestClient) -> None:
    def on(day: str) -> list[tuple[int, int, int]]:
        rows = everyone.get(f"{V1}/scores?month=2026-09&as_of=2026-09-{day}").json()["items"]
        return [(row["due"], row["held"], row["on_schedule"]) for row in rows]

    assert on("07") == [(0, 0, 0), (0, 0, 0)]
    assert on("08") == [(1, 1, 1), (0, 0, 0)]
    assert on("09") == [(1, 1, 1), (1, 1, 0)]


def test_months_and_institutions_that_are_none_are_refused(everyone: TestClient) -> None:
    assert everyone.get(f"{V1}/2026-13").status_code == 422
    assert everyone.get(f"{V1}/2026-09?below=nothing").status_code == 404
    assert everyone.get(f"{V1}/2026-09?slot=W9").status_code == 422
    assert everyone.get(f"{V1}/2026-09?cursor=eyJ9").status_code == 400
    assert everyone.get(f"{V1}/2027-12").json()["items"] == []


@pytest.mark.parametrize("what", ["scores?month=2026-09", "2026-09?", "2026-09/summary?", "2026-09/file?"])
def test_no_score_counts_as_missed_what_is_not_due_yet(everyone: TestClient, what: str) -> None:
    answer = everyone.get(f"{V1}/{what}&as_of=2090-01-31")
    assert (answer.status_code, answer.json()["code"]) == (400, "input_error")
    assert answer.json()["detail"] == "截至日期 2090-01-31 还没有到：请改为今天或更早的日期。"

"""A company with one row of everything that lists show, and the same company with many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Enum,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    insert,
    select,
)
from sqlalchemy.orm import Session

from api.access import COOKIE, CSRF_HEADER, hashed
from api.accounts.tables import Account, ApiKey, AuditEntry, Role, SignIn
from api.activities.tables import CalendarFeed
from api.batches.tables import Batch, BatchFile
from api.calibration.tables import CalibrationMeeting, CalibrationSet, CalibrationSheet
from api.imports.tables import ImportCursor
from api.jobs.tables import InspectionJob
from api.meetings.tables import TranscriptVersion
from api.recordings.tables import Upload
from api.reviews.tables import Appeal, Review
from api.rubrics.tables import CompanyRubric
from api.tables import METADATA
from api.webhooks.tables import Delivery, Subscription
from models.activities.tables import ActivityEvent, EventReview, Participation, WeeklyVolume
from models.base import Base
from models.customers.tables import CustomerSnapshot, Sale
from models.database import transaction
from models.indicators.tables import Indicator, Observation
from models.management.tables import ManagementAction
from models.meetings.tables import ActionItem, Attendance, Recording, Scorecard
from models.navigator.tables import Recommendation
from models.organisation.tables import FocusSupervisor, Person
from models.planning.tables import IncomeTarget, Plan, PlanDecision, Target
from models.toolbox.tables import ToolboxValue
from tests.api.company import add_customers, found_company
from tests.api.results import good, hold, inspect
from tests.models.company import Company

LOGIN: Final = "many"
HEADERS: Final = {"Cookie": f"{COOKIE}={LOGIN}", CSRF_HEADER: "csrf"}
MONTH: Final = date(2026, 9, 1)
DAY: Final = date(2026, 9, 14)
"""Last day of a business week."""
MEETING: Final = "M8"
AT: Final = datetime(2026, 9, 8, 1, tzinfo=UTC)
LATER: Final = datetime(2099, 1, 1, tzinfo=UTC)
APART: Final = 1_000_000
"""Between the key of a row and that of its copy."""
SHARED: Final = frozenset({"rank", "indicator", "parameter", "calendar_year", "calendar_day"})
"""What all of a company share is not copied."""
BESIDE: Final = frozenset({"action_item", "batch_file", "calendar_feed", "delivery"})
"""What is also copied beside itself: more of the same meeting, batch, account or subscription."""


def furnish(engine: Engine) -> Company:
    """Institutions A and B with two inspected meetings of A, and one row of whatever else is listed."""
    company = found_company(engine)
    customers = add_customers(engine, company)
    for day in (8, 15):
        hold(engine, f"M{day}", institution="A", day=day)
        inspect(engine, f"M{day}", good())
    hold(engine, "M22", institution="A", day=22)
    with transaction(engine) as session:
        for table, values in _rows(session, company, customers["K1"]):
            session.execute(insert(table), values)
        session.get_one(Person, company.people["A1a"].id).upline_id = company.people["A1S"].id
    return company


def grow(engine: Engine, company: Company, *, copies: int) -> None:
    """So many copies of the level-4 institutions with all that hangs on them, and as many offices in A,
    whose leaders A1S recruited."""
    with transaction(engine) as session:
        _copy_all(session.connection(), copies)
        company.session = session
        for number in range(copies):
            company.office(f"A{10 + number}", institution="A")
            company.people[f"A{10 + number}S"].upline_id = company.people["A1S"].id


def _rows(session: Session, company: Company, customer: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Table and values, what others refer to first."""
    leader, agent = company.people["A1S"].id, company.people["A1a"].id
    home, office = company.institutions["A"].id, company.offices["A1"].id
    cards = session.scalars(select(Scorecard).order_by(Scorecard.id)).all()
    card, meeting = cards[0].id, cards[0].meeting_id
    premium = session.scalars(select(Indicator.id).where(Indicator.code == "regular_premium")).one()
    sale = session.scalars(select(Sale.id)).one()
    yield Account, {"id": 1, "login": LOGIN, "name": "m", "role": Role.ADMINISTRATOR, "created_at": AT}
    yield Account, {"id": 2, "login": "qa", "name": "q", "role": Role.QA, "created_at": AT}
    yield SignIn, {"account_id": 1, "token_hash": hashed(LOGIN), "csrf_token": "csrf", "created_at": AT,
                   "expires_at": LATER}  # fmt: skip
    yield ApiKey, {"name": "k", "key_hash": "k", "permissions": [], "created_by": 1, "created_at": AT}
    yield AuditEntry, {"at": AT, "actor": LOGIN, "action": "a", "object_kind": "meeting", "object_code": "x",
                       "institution_id": home, "detail": {}, "request_id": "r"}  # fmt: skip
    yield Recording, {"meeting_id": meeting, "part": 1, "content_hash": "0" * 64, "file_name": "1.wav",
                      "size": 1, "duration": 60.0}  # fmt: skip
    yield Attendance, {"meeting_id": meeting, "person_id": leader, "presence": "on_site"}
    yield ActionItem, {"code": "T1", "meeting_id": meeting, "what": "x", "owner_id": agent, "due_on": DAY,
                       "state": "open"}  # fmt: skip
    yield Review, {"code": "R1", "meeting_id": meeting, "scorecard_id": card, "state": "decided",
                   "reviewer_id": 2, "taken_at": AT, "verdict": "qualified", "overrides": [], "judged": {},
                   "decided_at": AT, "result_id": card}  # fmt: skip
    yield Review, {"code": "R2", "meeting_id": cards[1].meeting_id, "scorecard_id": cards[1].id,
                   "state": "taken", "reviewer_id": 2, "taken_at": AT, "overrides": [],
                   "judged": {}}  # fmt: skip
    yield Appeal, {"code": "P1", "meeting_id": cards[1].meeting_id, "scorecard_id": cards[1].id,
                   "state": "open", "opened_by": 2, "opened_at": AT, "reason": "x"}  # fmt: skip
    yield Batch, {"id": 1, "code": "B1", "name": "b", "created_by": "x", "created_at": AT}
    yield BatchFile, {"batch_id": 1, "file": "1.wav", "size": 1, "placing": {}, "together": "x",
                      "state": "waiting"}  # fmt: skip
    yield InspectionJob, {"code": "J1", "meeting_id": meeting, "state": "done", "batch": "B1",
                          "requested_by": "x", "created_at": AT, "started_at": AT}  # fmt: skip
    yield CalibrationSet, {"id": 1, "code": "C1", "title": "c", "opened_by": 2, "opened_at": AT}
    yield CalibrationMeeting, {"id": 1, "set_id": 1, "scorecard_id": card}
    yield CalibrationSheet, {"meeting_id": 1, "account_id": 1, "verdict": "qualified", "scores": {},
                             "handed_in_at": AT}  # fmt: skip
    yield Subscription, {"id": 1, "code": "S1", "name": "s", "channel": "webhook", "target": "https://x.test",
                         "events": [], "institution_id": home, "created_at": AT, "since": AT}  # fmt: skip
    yield Delivery, {"code": "D1", "subscription_id": 1, "event": "e", "subject": "s", "body": {},
                     "sentence": "x", "state": "failed", "next_at": AT, "created_at": AT}  # fmt: skip
    yield CompanyRubric, {"code": "U1", "state": "draft", "title": "t", "text": "x", "edited_by": "x",
                          "edited_at": AT}  # fmt: skip
    yield Upload, {"code": "0" * 32, "actor": LOGIN, "account_id": 1, "length": 9, "file_name": "1.wav",
                   "placing": {}, "sha256": "0" * 64, "created_at": AT, "expires_at": LATER}  # fmt: skip
    yield ImportCursor, {"reach": "/", "source": "crm", "entity": "customers", "cursor": "1",
                         "received_rows": 1, "updated_at": AT}  # fmt: skip
    yield CalendarFeed, {"account_id": 1, "institution_id": home, "token_hash": "t", "created_at": AT}
    yield TranscriptVersion, {"meeting_id": cards[1].meeting_id, "version": 9, "heard": "x",
                              "edited_at": AT, "body": b""}  # fmt: skip
    yield Plan, {"id": 1, "code": "N1", "name": "n", "institution_id": home, "month": MONTH,
                 "buffer_rate": Decimal(0), "state": "approved"}  # fmt: skip
    yield PlanDecision, {"plan_id": 1, "before": "submitted", "after": "approved", "decided_by": "x",
                         "decided_at": AT}  # fmt: skip
    yield Target, {"id": 1, "plan_id": 1, "indicator_id": premium, "value": Decimal(9),
                   "institution_id": home}  # fmt: skip
    yield Target, {"id": 2, "plan_id": 1, "indicator_id": premium, "value": Decimal(9), "office_id": office,
                   "parent_id": 1}  # fmt: skip
    yield IncomeTarget, {"person_id": leader, "month": MONTH, "income": Decimal(9),
                         "rank_id": company.supervisor.id, "team_base": Decimal(9),
                         "market_factor": Decimal(1), "own_fyc": Decimal(1),
                         "recruiting_allowance": Decimal(0), "bonus": Decimal(0)}  # fmt: skip
    for scope in ({"institution_id": home}, {"office_id": office}, {"person_id": agent}):
        yield Observation, {**scope, "indicator_id": premium, "as_of": DAY, "value": Decimal(9),
                            "recorded_at": AT, "source": "x"}  # fmt: skip
    yield ActivityEvent, {"id": 1, "code": "E1", "institution_id": home, "office_id": office,
                          "owner_id": leader, "platform": "warmup", "month": MONTH, "starts_at": AT,
                          "ends_at": AT + timedelta(hours=1)}  # fmt: skip
    yield Participation, {"event_id": 1, "customer_id": customer, "attended": True, "sale_id": sale}
    yield EventReview, {"event_id": 1, "reviewed_on": DAY, "reviewer": "x", "conclusion": "x"}
    yield WeeklyVolume, {"person_id": agent, "week_ends": DAY, "visit_planned": 2, "visit_done": 1}
    yield CustomerSnapshot, {"customer_id": customer, "week_ends": DAY, "value": Decimal(50),
                             "temperature": Decimal(50)}  # fmt: skip
    yield Recommendation, {"customer_id": customer, "agent_id": agent, "rule": "x", "action": "x",
                           "reason": "x", "made_on": MONTH, "due_on": DAY, "state": "open"}  # fmt: skip
    yield ManagementAction, {"code": "G1", "kind": "joint_visit", "actor_id": leader, "subject_id": agent,
                             "customer_id": customer, "planned_on": DAY}  # fmt: skip
    yield FocusSupervisor, {"person_id": leader, "reason": "x", "valid_from": MONTH}
    yield ToolboxValue, {"table_name": "tier_productivity", "key": "agent", "institution_id": home,
                         "value": Decimal(9), "is_override": True, "valid_from": MONTH}  # fmt: skip


def _copy_all(connection: Connection, copies: int) -> None:
    copied: dict[str, set[int]] = {}
    for table in (*Base.metadata.sorted_tables, *METADATA.sorted_tables):
        if table.name in SHARED:
            continue
        rows = connection.execute(select(table)).mappings().all()
        if table.name == "institution":
            rows = [row for row in rows if row["level"] == 4]
        copied[table.name] = {row["id"] for row in rows if "id" in row}
        for number in range(1, copies + 1):
            for row in rows:
                _insert(connection, table, _copy(table, row, copied, number))
                if table.name in BESIDE:
                    _insert(connection, table, _copy(table, row, {}, number + copies))


def _insert(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """What is None is left out: told so, JSON would be the word ``null``."""
    connection.execute(insert(table), {name: value for name, value in row.items() if value is not None})


def _copy(
    table: Table, row: Mapping[str, Any], copied: Mapping[str, set[int]], number: int
) -> dict[str, Any]:
    """The row as its copy: of what was copied it refers to the copy, and no other row is like it."""
    copy = dict(row)
    for column in table.columns:
        for key in column.foreign_keys:
            if row[column.name] in copied.get(key.column.table.name, ()):
                copy[column.name] = row[column.name] + number * APART
    if "id" in copy:
        copy["id"] = row["id"] + number * APART
    if table.name == "institution":
        above = row["path"].removesuffix(f"{row['id']}/")
        copy["path"] = f"{above}{copy['id']}/"
    for columns in _uniques(table):
        told = [copy[column.name] for column in columns]
        if None not in told and told == [row[column.name] for column in columns]:
            text = next(one for one in reversed(columns) if _is_text(one))
            copy[text.name] = f"{copy[text.name]}-{number}"
    return copy


def _uniques(table: Table) -> Iterator[list[Column[Any]]]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint):
            yield list(constraint.columns)
    for index in table.indexes:
        if isinstance(index, Index) and index.unique:
            yield list(index.columns)


def _is_text(column: Column[Any]) -> bool:
    return isinstance(column.type, String) and not isinstance(column.type, Enum | JSON)

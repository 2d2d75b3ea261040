"""However many rows a list shows, the database is asked as often: no statement a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from functools import partial
from typing import Any, Final

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.access import Caller, caller_of
from api.accounts.audit_repository import AuditFilter
from api.accounts.tables import Account
from api.app import equip
from api.console import (
    accounts,
    activities,
    audit,
    batch,
    batches,
    calibration,
    compliance,
    customers,
    home,
    income,
    indicators,
    institution,
    institutions,
    jobs,
    management,
    management_actions,
    meetings,
    navigator,
    notices,
    people,
    person,
    plans,
    practices,
    queue,
    toolbox,
    upload,
    where,
)
from api.organisation.schemas import Standing
from api.settings import Settings
from tests.api.many import DAY, HEADERS, LOGIN, MONTH, furnish, grow
from tests.databases import copied_database
from tests.models.counting import counting_statements

BACKENDS = ("sqlite",)
COPIES: Final = 19
ROUTES: Final = (
    "accounts",
    "api-keys",
    "audit",
    "institutions",
    "institutions/sub/children",
    "institutions/A/roster?on=2026-09-14",
    "offices",
    "people",
    "people/A1S/downline",
    "slots?month=2026-09",
    "meetings",
    "meetings/M8/attendance",
    "meetings/M8/minutes",
    "meetings/M8/recordings",
    "actions",
    "actions/due?institution=A&on=2026-09-14",
    "briefings?institution=A",
    "practices?first=2026-09-01&last=2026-09-30",
    "compliance/scores?month=2026-09",
    "compliance/2026-09",
    "compliance/2026-09/summary",
    "compliance/2026-09/children?parent=sub",
    "reviews/queue?first=2026-09-01&last=2026-09-30",
    "reviews",
    "appeals",
    "calibration-candidates",
    "calibrations",
    "jobs",
    "batches",
    "batches/B1/files",
    "batches/B1/meetings",
    "plans",
    "income-targets?institution=A&month=2026-09",
    "indicators/regular_premium/ranking?institution=sub&on=2026-09-14",
    "indicators/regular_premium/ranking?institution=A&on=2026-09-14",
    "attainment?institution=A&on=2026-09-14",
    "ct-rates?institution=A&on=2026-09-14",
    "customers?week=2026-09-14",
    "customers?not_inventoried_since=2026-09-01",
    "customer-quadrants?institution=sub&week=2026-09-14",
    "customer-inventory?institution=sub&first=2026-09-01&last=2026-09-30",
    "sales/premium?institution=sub&first=2025-01-01&last=2026-09-30",
    "sales/customers?institution=sub&first=2025-01-01&last=2026-09-30",
    "activities?institution=sub&month=2026-09",
    "activity-gaps?institution=sub&month=2026-09",
    "activity-rates?institution=sub&month=2026-09",
    "activity-feeds",
    "volumes?institution=sub&month=2026-09",
    "volumes/missing?institution=sub&week=2026-09-14",
    "management-actions?first=2026-09-01&last=2026-09-30",
    "management-actions?first=2026-09-01&last=2026-09-30&unfinished=true",
    "management-coverage?institution=sub&on=2026-09-14",
    "focus-supervisors?institution=sub&on=2026-09-14",
    "navigator/recommendations?on=2026-09-14",
    "navigator/workload?institution=sub&on=2026-09-14",
    "imports/cursors",
    "uploads",
    "webhooks",
    "webhooks/S1/deliveries",
    "rubrics/drafts",
)
SCREENS: Final[Mapping[str, Callable[[Session, Caller], Any]]] = {
    "home": partial(home.waiting, day=DAY),
    "accounts": partial(accounts.read, role=None, cursor=None),
    "activities": partial(activities.read, month=MONTH, below="sub", day=DAY),
    "batch": partial(batch.read, code="B1", state=None, cursor=None),
    "batches": partial(batches.read, cursor=None),
    "audit": partial(audit.read, wanted=AuditFilter(), cursor=None),
    "calibration": partial(calibration.read_sets, cursor=None),
    "compliance": partial(compliance.read, month=MONTH, below=None, day=DAY),
    "customers": partial(
        customers.read, below="sub", week=DAY, before=MONTH, wanted=customers.Filter(None, None, DAY, None)
    ),
    "income": partial(income.read, month=MONTH, below="A", day=DAY),
    "indicators": partial(indicators.read, code=indicators.PREMIUM, below="sub", office="", day=DAY),
    "institution": partial(institution.read, code="sub"),
    "institution of level 4": partial(institution.read, code="A"),
    "institutions": partial(institutions.read, search=None, level=None, status=None, below=None, cursor=None),
    "jobs": partial(jobs.read, state=None, cursor=None),
    "management": partial(management.read, below="sub", on=DAY, day=DAY),
    "management actions": partial(
        management_actions.read, below="sub", month=MONTH, kind=None, state=None, cursor=None, day=DAY
    ),
    "meetings": partial(meetings.read, month=None, state=None, verdict=None, below=None, cursor=None),
    "navigator": partial(navigator.read, below="sub", agent="", rule="", cursor=""),
    "notices": partial(notices.read, cursor=None),
    "deliveries": partial(notices.log, code="S1", state=None, cursor=None),
    "people": partial(
        people.read,
        search=None,
        below=None,
        kind=None,
        supervisors=None,
        status=Standing.CURRENT,
        cursor=None,
    ),
    "person": partial(person.read, code="A1S"),
    "plans": partial(plans.read, month=MONTH, below=None, state=None, cursor=None),
    "practices": partial(
        practices.read, first=MONTH, last=date(2026, 9, 30), below=None, text=None, cursor=None
    ),
    "queue": partial(queue.read, why=None, whose="", below=None, cursor=None),
    "toolbox": partial(toolbox.read, below="sub", on=DAY),
    "upload": lambda session, asker: list(upload.waiting(session, asker, DAY)),
}

Asked = dict[str, tuple[list[str], int]]
"""List -> the statements that it took, and rows of the longest list in the answer."""


@pytest.fixture(scope="module")
def few_and_many(
    _original: str, _built: FastAPI, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Asked, Asked]]:
    """What every list took with one row, and what with twenty; the institution that was chosen is looked up
    each time, as where there are too many to list."""
    folder = tmp_path_factory.mktemp("lists")
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(where, "FEW", 0)
        for engine in copied_database("sqlite", request, folder, original=_original):
            equip(_built, Settings(data_folder=folder, requests_per_minute=10**7), engine)
            company = furnish(engine)
            few = _ask(_built, engine)
            grow(engine, company, copies=COPIES)
            yield few, _ask(_built, engine)


def _ask(app: FastAPI, engine: Engine) -> Asked:
    asked: Asked = {}
    with TestClient(app, headers=HEADERS) as client:
        for path in ROUTES:
            with counting_statements(engine) as statements:
                answer = client.get(f"/api/v1/{path}")
            assert answer.status_code == 200, f"{path}: {answer.text}"
            asked[path] = statements, _longest(answer.json())
    with Session(engine) as session:
        account = session.query(Account).filter_by(login=LOGIN).one()
        for name, read in SCREENS.items():
            with counting_statements(engine) as statements:
                found = read(session, caller_of(session, account))
            session.expunge_all()
            asked[name] = statements, _longest(found)
    return asked


def _longest(value: Any) -> int:
    """Rows of the longest list inside."""
    if isinstance(value, BaseModel):
        return _longest(dict(value))
    if is_dataclass(value):
        held = [getattr(value, field.name) for field in fields(value)]
        by_code = [len(one) for one in held if isinstance(one, Mapping)]
        return max([*map(_longest, held), *by_code])
    if isinstance(value, Mapping):
        return max(map(_longest, value.values()), default=0)
    if isinstance(value, list | tuple):
        return max([len(value), *map(_longest, value)])
    return 0


@pytest.mark.parametrize("name", [*ROUTES, *SCREENS])
def test_a_list_asks_as_often_for_many_rows_as_for_few(name: str, few_and_many: tuple[Asked, Asked]) -> None:
    (statements, rows), (more_statements, more_rows) = (asked[name] for asked in few_and_many)
    assert more_rows > rows
    assert len(more_statements) <= len(statements), "\n".join(more_statements)

"""Recordings go after their days, scores stay, and a legal hold keeps them."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update

from api.accounts.tables import AuditEntry, Role
from api.retention import tidying
from api.retention.service import expire
from api.retention.tidying import tidy
from api.store import Store, open_store, put
from models.database import transaction
from models.meetings.tables import Meeting, Recording
from models.organisation.tables import Institution
from tests.api.conftest import SignedIn

NOW = datetime(2026, 11, 26, tzinfo=UTC)
OLD, NEW = b"sound of an old meeting", b"sound of a new one"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"), data_folder=tmp_path)


@pytest.fixture
def recorded(service_engine: Engine, store: Store) -> None:
    """An old and a new meeting; the old one's second part is the new one's sound."""
    with transaction(service_engine) as session:
        place = session.scalars(select(Institution.id).where(Institution.code == "350102")).one()
        for code, days, parts in (("OLD", 100, (OLD, NEW)), ("NEW", 10, (NEW,))):
            meeting = Meeting(code=code, institution_id=place, kind="weekly_review", state="held",
                              started_at=NOW - timedelta(days=days))  # fmt: skip
            session.add(meeting)
            session.flush()
            for part, sound in enumerate(parts, 1):
                session.add(Recording(meeting_id=meeting.id, part=part, content_hash=put(store, sound),
                                      file_name="a.m4a", size=len(sound), duration=60.0))  # fmt: skip


def sha(sound: bytes) -> str:
    return hashlib.sha256(sound).hexdigest()


def run(engine: Engine, store: Store, *, days: int = 90) -> int:
    with transaction(engine) as session:
        return expire(session, store, days=days, now=NOW)


@pytest.mark.usefixtures("recorded")
def test_old_sound_goes_and_what_a_younger_meeting_has_stays(service_engine: Engine, store: Store) -> None:
    assert run(service_engine, store) == 1
    assert store.size(sha(OLD)) is None
    assert store.size(sha(NEW)) == len(NEW)
    assert run(service_engine, store) == 0
    with transaction(service_engine) as session:
        assert len(session.scalars(select(Recording)).all()) == 3
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.object_code, entry.detail) == ("OLD#1", {"days": 90, "sha256": sha(OLD)})
        assert entry.institution_id is not None  # whoever audits the institution sees it


@pytest.mark.usefixtures("recorded")
def test_contents_of_no_row_go_once_they_are_old(
    service_engine: Engine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stray, fresh, wanted = put(store, b"no row"), put(store, b"just kept"), put(store, b"asked for again")
    for sha256 in (stray, wanted, sha(OLD)):
        os.utime(store.spool.parent / sha256[:2] / sha256, ((NOW - timedelta(days=4)).timestamp(),) * 2)
    now = datetime.now(UTC)
    put(store, b"asked for again")  # by a job whose row is not written yet
    assert tidy(service_engine, store, now=now) == 1
    assert [store.size(one) is None for one in (stray, fresh, wanted, sha(OLD))] == [
        True,
        False,
        False,
        False,
    ]
    with transaction(service_engine) as session:
        noted = session.scalars(select(AuditEntry)).one()
        assert (noted.action, noted.object_code, noted.detail) == ("content.tidy", stray, {"size": 6})
    monkeypatch.setattr(tidying, "FEW", 0)  # of the two that are left half are known
    assert tidy(service_engine, store, now=now + timedelta(days=4)) == 0
    assert store.size(fresh) is not None


@pytest.mark.usefixtures("recorded")
def test_without_days_nothing_goes(service_engine: Engine, store: Store) -> None:
    assert run(service_engine, store, days=0) == 0


@pytest.mark.usefixtures("recorded")
def test_a_hold_keeps_the_sound_until_it_is_lifted(
    service_engine: Engine, store: Store, signed_in: SignedIn
) -> None:
    keeper: TestClient = signed_in(Role.ADMINISTRATOR)
    assert keeper.put("/api/v1/meetings/OLD/legal-hold", json={"reason": "监管调取"}).status_code == 200
    assert keeper.put("/api/v1/meetings/OLD/legal-hold", json={"reason": "再次"}).status_code == 409
    assert run(service_engine, store) == 0
    assert keeper.delete("/api/v1/meetings/OLD/legal-hold").json()["lifted_by"]
    assert keeper.delete("/api/v1/meetings/OLD/legal-hold").status_code == 409
    assert run(service_engine, store) == 1


@pytest.mark.usefixtures("recorded")
def test_only_who_manages_retention_may_hold(signed_in: SignedIn) -> None:
    manager = signed_in(Role.MANAGER, institution="350102")
    assert manager.put("/api/v1/meetings/OLD/legal-hold", json={"reason": "x"}).status_code == 403


@pytest.mark.usefixtures("recorded")
def test_what_goes_next_is_listed_by_when_it_goes_and_held_meetings_are_not_in_it(
    service_engine: Engine, app: FastAPI, signed_in: SignedIn
) -> None:
    now = datetime.now(UTC)
    with transaction(service_engine) as session:
        for code, days in (("OLD", 89), ("NEW", 10)):
            session.execute(
                update(Meeting).where(Meeting.code == code).values(started_at=now - timedelta(days=days))
            )
    keeper = signed_in(Role.ADMINISTRATOR)
    assert keeper.get("/api/v1/retention").json() == {"days": None, "items": [], "next": None}
    app.state.settings = app.state.settings.model_copy(update={"retention_days": 90})
    found = keeper.get("/api/v1/retention?limit=1").json()
    assert [(one["meeting"], one["parts"]) for one in found["items"]] == [("OLD", 2)]
    assert datetime.fromisoformat(found["items"][0]["leaves_at"]) - now == pytest.approx(
        timedelta(days=1), abs=timedelta(seconds=1)
    )
    further = keeper.get("/api/v1/retention", params={"limit": 1, "cursor": found["next"]}).json()
    assert ([one["meeting"] for one in further["items"]], further["next"]) == (["NEW"], None)
    keeper.put("/api/v1/meetings/OLD/legal-hold", json={"reason": "监管调取"})
    assert [one["meeting"] for one in keeper.get("/api/v1/retention").json()["items"]] == ["NEW"]
    with transaction(service_engine) as session:  # deleted long ago: it goes no more
        gone = update(Meeting).where(Meeting.code == "NEW").values(started_at=now - timedelta(days=95))
        session.execute(gone)
    assert keeper.get("/api/v1/retention").json()["items"] == []
    assert signed_in(Role.HEAD_OFFICE).get("/api/v1/retention").status_code == 403


@pytest.mark.usefixtures("recorded")
def test_holds_are_listed_with_why_and_by_whom_also_when_they_are_lifted(signed_in: SignedIn) -> None:
    keeper = signed_in(Role.ADMINISTRATOR)
    for code in ("OLD", "NEW"):
        keeper.put(f"/api/v1/meetings/{code}/legal-hold", json={"reason": f"调取{code}"})
    keeper.delete("/api/v1/meetings/OLD/legal-hold")
    rows = keeper.get("/api/v1/legal-holds").json()["items"]
    assert [(row["meeting"], row["reason"], row["lifted_by"]) for row in rows] == [
        ("NEW", "调取NEW", None),
        ("OLD", "调取OLD", "administrator-None"),
    ]
    assert {row["institution_name"] for row in rows} == {"机构350102"}
    stands = keeper.get("/api/v1/legal-holds?lifted=false&limit=1").json()
    assert ([row["meeting"] for row in stands["items"]], stands["next"]) == (["NEW"], None)
    elsewhere = signed_in(Role.ADMINISTRATOR, institution="350103")
    assert elsewhere.get("/api/v1/legal-holds").json()["items"] == []

"""A month's archive: found by manifest or pattern, inspected behind what is fresh, paused, and reported."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry, Role
from api.batches import endpoints
from api.batches.tables import Batch
from api.jobs.tables import ARCHIVE, InspectionJob, JobState
from models.database import transaction
from models.meetings.recordings import RecordingRepository
from models.meetings.scorecards import ScorecardRepository
from tests.api.conftest import SignedIn
from tests.api.results import good, hold, inspect

BATCHES = "/api/v1/batches"
MANIFEST = """文件名,机构代码,日期
鼓楼0908.m4a,350102,2026-09-08
同名.m4a,,
同名.m4a,350103,2026/9/15
鼓楼0908.m4a,350103,
没有.m4a,,
"""


@pytest.fixture
def office(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    """350102 has M1 (8th) and M2 (15th), 350103 has N1 and N2; M2 and N2 bear the same file name."""
    for code, institution, day, file in (
        ("M1", "350102", 8, "鼓楼0908.m4a"),
        ("M2", "350102", 15, "同名.m4a"),
        ("N1", "350103", 8, "台江0908.m4a"),
        ("N2", "350103", 15, "同名.m4a"),
    ):
        hold(service_engine, code, institution=institution, day=day)
        with transaction(service_engine) as session:
            RecordingRepository(session).add(code, part=1, content_hash=f"{code:0>64}", file_name=file,
                                             size=1000, duration=60.0)  # fmt: skip
    return signed_in(Role.HEAD_OFFICE)


def run(client: TestClient, **more: Any) -> dict[str, Any]:
    answer = client.post(BATCHES, json={"name": "九月", **more})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def jobs(engine: Engine) -> dict[str, InspectionJob]:
    with Session(engine) as session:
        return {job.code: job for job in session.scalars(select(InspectionJob))}


def test_a_dry_run_lists_what_cannot_be_matched_and_starts_nothing(
    office: TestClient, service_engine: Engine
) -> None:
    found = run(office, manifest=MANIFEST, dry_run=True)
    matched = [(one["file"], one["meeting"]) for one in found["matched"]]
    assert matched == [("鼓楼0908.m4a", "M1"), ("同名.m4a", "N2")]
    reasons = {line["line"]: line["reason"] for line in found["unmatched"]}
    assert sorted(reasons) == [3, 5, 6]
    assert "多场会议（M2、N2）" in reasons[3]
    assert "350102 2026-09-08" in reasons[5]
    assert "没有上传过" in reasons[6]
    assert found["batch"] is None
    assert jobs(service_engine) == {}


def test_a_manifest_starts_the_meetings_it_names_behind_what_is_fresh(
    office: TestClient, service_engine: Engine
) -> None:
    found = run(office, manifest="文件名,机构代码,日期\n同名.m4a,350103,2026-09-15\n")
    assert [one["meeting"] for one in found["matched"]] == ["N2"]
    (job,) = jobs(service_engine).values()
    assert (job.priority, job.batch) == (ARCHIVE, found["batch"]["code"])
    assert found["batch"]["jobs"]["queued"] == 1


def test_a_month_and_a_pattern_choose_and_inspected_meetings_are_left_out(
    office: TestClient, service_engine: Engine
) -> None:
    inspect(service_engine, "M1", good())
    found = run(office, month="2026-09", pattern="*0908.m4a")
    assert [one["meeting"] for one in found["matched"]] == ["M1", "N1"]
    assert found["inspected"] == ["M1"]
    assert sum(found["batch"]["jobs"].values()) == 1
    assert run(office, month="2026-08")["batch"] is None
    again = run(office, pattern="鼓楼*", again=True)
    assert sum(again["batch"]["jobs"].values()) == 1


def test_what_a_person_decided_no_batch_inspects_again(office: TestClient, service_engine: Engine) -> None:
    for code in ("M1", "N1"):
        inspect(service_engine, code, good())
    with transaction(service_engine) as session:
        card = ScorecardRepository(session).current("M1")
        assert card is not None
        card.result = {**card.result, "review": {"by": "qa"}}
    found = run(office, month="2026-09", pattern="*0908.m4a", again=True)
    assert found["inspected"] == ["M1"]
    shown = office.get(f"{BATCHES}/{found['batch']['code']}/meetings").json()["items"]
    assert [row["meeting"] for row in shown] == ["N1"]


def test_a_batch_is_paused_resumed_and_says_how_far_it_is(office: TestClient, service_engine: Engine) -> None:
    code = run(office, month="2026-09")["batch"]["code"]
    path = f"{BATCHES}/{code}"
    assert office.post(f"{path}/pause").json()["paused"] is True
    assert {job.paused for job in jobs(service_engine).values()} == {True}
    assert office.post(f"{path}/resume").json()["paused"] is False
    assert {job.paused for job in jobs(service_engine).values()} == {False}
    assert office.get(path).json()["done_by"] is None
    now = datetime.now(UTC)
    with transaction(service_engine) as session:
        first = session.scalars(select(InspectionJob).order_by(InspectionJob.id)).first()
        assert first is not None
        first.state, first.started_at, first.finished_at = JobState.DONE, now - timedelta(minutes=10), now
    shown = office.get(path).json()
    assert (shown["progress"], shown["finished"], shown["jobs"]["done"]) == (0.25, False, 1)
    expected = now + timedelta(minutes=30)
    assert abs(datetime.fromisoformat(shown["done_by"]) - expected) < timedelta(minutes=1)
    assert [row["code"] for row in office.get(BATCHES).json()["items"]] == [code]


def test_the_workbook_has_the_results_and_why_others_have_none(
    office: TestClient, service_engine: Engine
) -> None:
    code = run(office, month="2026-09")["batch"]["code"]
    inspect(service_engine, "M1", good())
    with transaction(service_engine) as session:
        made, failed, *_ = session.scalars(select(InspectionJob).order_by(InspectionJob.id)).all()
        made.state, made.scorecard_version = JobState.DONE, 1
        failed.state, failed.error = JobState.FAILED, "录音已损坏。"
    answer = office.get(f"{BATCHES}/{code}/results.xlsx")
    book = load_workbook(io.BytesIO(answer.content))
    assert [row[0].value for row in book["会议"].iter_rows(min_row=2)][:1] == ["M1"]
    others = [[cell.value for cell in row] for row in book["未完成"].iter_rows(min_row=2)]
    assert len(others) == 3
    assert any("录音已损坏。" in row for row in others)


def test_what_a_batch_left_out_is_kept_with_it_and_stands_in_the_workbook(
    office: TestClient, service_engine: Engine
) -> None:
    inspect(service_engine, "M1", good())
    found = run(office, month="2026-09", manifest=f"{MANIFEST}台江0908.m4a,,\n鼓楼0908.m4a,350102,\n")
    shown, path = found["batch"], f"{BATCHES}/{found['batch']['code']}"
    assert (shown["inspected"], shown["unmatched"]) == (1, len(found["unmatched"]))
    assert office.get(path).json()["unmatched"] == shown["unmatched"] > 0
    kept = office.get(f"{path}/left-out").json()
    assert kept == {"inspected": ["M1"], "unmatched": found["unmatched"]}
    book = load_workbook(io.BytesIO(office.get(f"{path}/results.xlsx").content))
    told = {row[0]: row for row in book["未完成"].iter_rows(min_row=2, values_only=True)}
    assert "已有结论，没有重新质检" in told["M1"]
    assert any("没有上传过" in str(cell) for cell in told["没有.m4a"])
    with transaction(service_engine) as session:  # as of a batch that began before this was kept
        session.execute(update(Batch).values(inspected=None, unmatched=None))
    assert office.get(path).json()["inspected"] is None
    assert office.get(f"{path}/left-out").json() == {"inspected": None, "unmatched": None}
    assert office.get(f"{path}/results.xlsx").status_code == 200


def test_the_meetings_of_a_batch_tell_their_verdict_once_they_are_done(
    office: TestClient, service_engine: Engine, signed_in: SignedIn
) -> None:
    inspect(service_engine, "M1", good())
    inspect(service_engine, "N1", good())
    code = run(office, month="2026-09", again=True)["batch"]["code"]
    with transaction(service_engine) as session:
        made, failed, *_ = session.scalars(select(InspectionJob).order_by(InspectionJob.id)).all()
        made.state, made.scorecard_version = JobState.DONE, 1
        failed.state, failed.error = JobState.FAILED, "录音已损坏。"
    first = office.get(f"{BATCHES}/{code}/meetings?limit=3").json()
    rest = office.get(f"{BATCHES}/{code}/meetings", params={"cursor": first["next"]}).json()
    rows = {row["meeting"]: row for row in first["items"] + rest["items"]}
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "M1": "qualified", "M2": None, "N1": None, "N2": None
    }  # fmt: skip
    assert float(rows["M1"]["energy_score"]) > 60
    assert (rows["M1"]["institution"], rows["M1"]["started_at"][:10]) == ("350102", "2026-09-08")
    only = office.get(f"{BATCHES}/{code}/meetings?state=failed").json()["items"]
    assert [row["error"] for row in only] == ["录音已损坏。"]
    manager = signed_in(Role.MANAGER, institution="350102")
    for what in ("meetings", "left-out"):
        assert office.get(f"{BATCHES}/NONE/{what}").status_code == 404
        assert manager.get(f"{BATCHES}/{code}/{what}").status_code == 403


def test_while_the_workbook_is_made_others_write(
    office: TestClient, service_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = run(office, month="2026-09")["batch"]["code"]

    def made(rows: Any, file: Path) -> None:
        with transaction(service_engine) as other:
            other.execute(update(InspectionJob).values(error="录音已损坏。"))
        file.write_bytes(b"made")

    monkeypatch.setattr(endpoints, "write_workbook", made)
    assert office.get(f"{BATCHES}/{code}/results.xlsx").content == b"made"
    with Session(service_engine) as session:
        assert "batch.export" in session.scalars(select(AuditEntry.action)).all()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"manifest": "a,b\n1,2\n"}, 400),
        ({"manifest": "文件名,日期\nx.m4a,昨天\n"}, 400),
        ({"manifest": "文件名,日期\n,2026-09-08\n"}, 400),
        ({"manifest": "文件名,段号\nx.m4a,0\n"}, 400),
        ({"manifest": "文件名,段号\nx.m4a,1000\n"}, 400),
        ({"month": "2026-13"}, 422),
        ({"month": "2026-09", "institution": "999"}, 404),
    ],
)
def test_what_does_not_say_which_recordings_is_refused(
    office: TestClient, body: dict[str, Any], status: int
) -> None:
    assert office.post(BATCHES, json={"name": "x", **body}).status_code == status


def test_batches_are_for_the_head_office_and_stay_in_the_subtree(
    office: TestClient, signed_in: SignedIn, anonymous: TestClient
) -> None:
    code = run(office, month="2026-09")["batch"]["code"]
    assert anonymous.get(BATCHES).status_code == 401
    assert signed_in(Role.MANAGER, institution="350102").get(BATCHES).status_code == 403
    below = signed_in(Role.HEAD_OFFICE, institution="350102")
    for path in ("", "/results.xlsx"):
        assert below.get(f"{BATCHES}/{code}{path}").status_code == 404
    assert below.post(f"{BATCHES}/{code}/pause").status_code == 404
    seen = run(below, month="2026-09", dry_run=True)["matched"]
    assert {one["institution"] for one in seen} == {"350102"}

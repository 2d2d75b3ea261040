"""Results: the current one, versions, differences and reports."""

from __future__ import annotations

import io
from dataclasses import asdict, replace

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy import Engine, delete, select

from api.accounts.tables import AuditEntry, Role
from api.meetings.tables import KeptInspection
from models.database import transaction
from qa_pipeline.values.reader import Disagreement, ReaderChoice, ReaderReport
from qa_pipeline.values.scorecard import Critical, Listen
from tests.api.conftest import SignedIn
from tests.api.people import staff
from tests.api.results import PHONE, good, hold, inspect, poor

V1 = "/api/v1"


@pytest.fixture
def manager(service_engine: Engine, signed_in: SignedIn) -> TestClient:
    staff(service_engine)
    hold(service_engine, "A", institution="350102")
    inspect(service_engine, "A", good())
    return signed_in(Role.MANAGER, institution="350102")


def test_the_current_result_shows_items_with_their_evidence(
    manager: TestClient, service_engine: Engine
) -> None:
    card = manager.get(f"{V1}/meetings/A/scorecard").json()
    assert (card["version"], card["verdict"], card["is_current"]) == (1, "qualified", True)
    assert any(item["evidence"][0]["quote"] for item in card["items"] if item["evidence"])
    assert next(row["chapter"] for row in card["chapters"]) == "opening"
    assert {row["kind"] for row in card["findings"]} >= {"practice"}
    with transaction(service_engine) as session:
        assert session.scalars(select(AuditEntry.action)).all() == ["scorecard.read"]


def test_what_to_listen_to_is_told_where_the_machine_is_not_sure(
    manager: TestClient, service_engine: Engine
) -> None:
    assert manager.get(f"{V1}/meetings/A/scorecard").json()["listen"] is None
    passage = Listen(id="I1", start=751.0, end=775.5, reason="「追问」只有 52% 的把握", swing=3.2)
    unsure = replace(good(), scorecard=replace(good().scorecard, listen=passage))
    inspect(service_engine, "A", unsure)
    assert manager.get(f"{V1}/meetings/A/scorecard").json()["listen"] == asdict(passage)


def test_what_decides_is_shown_with_the_words_that_prove_it(
    manager: TestClient, service_engine: Engine
) -> None:
    said = good().scorecard.items[0].evidence[0]
    gate = Critical(id="reader", label="两种读法不一致", reason="请听", evidence=(said,), review=True)
    inspect(service_engine, "A", replace(good(), scorecard=replace(good().scorecard, criticals=(gate,))))
    [told] = manager.get(f"{V1}/meetings/A/scorecard").json()["criticals"]
    [proof] = told["evidence"]
    assert (proof["start"], proof["quote"]) == (pytest.approx(said.start, abs=1e-3), said.quote)


def test_where_two_readers_part_is_told_and_nothing_where_one_read(
    manager: TestClient, service_engine: Engine
) -> None:
    assert manager.get(f"{V1}/meetings/A/scorecard").json()["readers"] is None
    said = replace(good().scorecard.items[0].evidence[0], quote=f"打{PHONE}找我")
    both = ReaderReport(
        asked=ReaderChoice.BOTH,
        used=ReaderChoice.BOTH,
        chapter_agreement=0.864,
        act_agreement=0.978,
        disagreements=(Disagreement(about="action", id="61", reason="只有本地听到的承诺", evidence=(said,)),),
    )
    inspect(service_engine, "A", replace(good(), reader=both))
    told = manager.get(f"{V1}/meetings/A/scorecard").json()["readers"]
    assert (told["used"], told["chapter_agreement"], told["review"]) == ("both", 0.864, "")
    [one] = told["disagreements"]
    assert (one["about"], one["reason"]) == ("action", "只有本地听到的承诺")
    assert one["evidence"][0]["start"] == pytest.approx(said.start, abs=1e-3)
    assert PHONE not in one["evidence"][0]["quote"]


def test_versions_are_kept_and_compared(manager: TestClient, service_engine: Engine) -> None:
    inspect(service_engine, "A", poor())
    heads = manager.get(f"{V1}/meetings/A/scorecards").json()
    assert [(row["version"], row["is_current"]) for row in heads] == [(1, False), (2, True)]
    told = manager.get(f"{V1}/meetings/A/scorecards/compare?before=1&after=2").json()
    assert told["verdict_changed"] is True
    assert all((i["before"], i["status_before"]) != (i["after"], i["status_after"]) for i in told["items"])
    same = manager.get(f"{V1}/meetings/A/scorecards/compare?before=2&after=2").json()
    assert (same["verdict_changed"], same["items"]) == (False, [])
    assert manager.get(f"{V1}/meetings/A/scorecards/1").json()["verdict"] == "qualified"
    for path in ("scorecards/3", "scorecards/compare?before=1&after=3", "scorecards/3/result"):
        assert manager.get(f"{V1}/meetings/A/{path}").status_code == 404
    assert manager.get(f"{V1}/meetings/A/scorecards/0").status_code == 422


def test_reports_are_whole_files_without_personal_numbers(manager: TestClient) -> None:
    base = f"{V1}/meetings/A/scorecards/1"
    page = manager.get(f"{base}/report.html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    workbook = manager.get(f"{base}/report.xlsx")
    assert workbook.headers["content-disposition"].endswith("''A_%E7%BB%93%E8%AE%BA_1.xlsx")
    book = load_workbook(io.BytesIO(workbook.content))
    assert book.sheetnames[0] == "会议"
    result = manager.get(f"{base}/result")
    assert result.json()["verdict"] == "qualified"
    assert PHONE not in page.text + result.text


def test_what_was_not_inspected_or_not_kept_is_not_found(manager: TestClient, service_engine: Engine) -> None:
    hold(service_engine, "B", institution="350102", day=15)
    assert "尚未质检" in manager.get(f"{V1}/meetings/B/scorecard").json()["detail"]
    with transaction(service_engine) as session:
        session.execute(delete(KeptInspection))
    answer = manager.get(f"{V1}/meetings/A/scorecards/1/report.html")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert manager.get(f"{V1}/meetings/A/scorecards/1").status_code == 200

"""Files in and out over the API: templates, every problem by its place, masked exports."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry, Role
from api.imports import endpoints
from api.organisation.service import today
from models.database import transaction
from models.organisation.tables import Person
from models.planning.tables import Plan, PlanState
from tests.api.conftest import SignedIn
from tests.models.exchange.filled import ORGANISATION, Rows, with_row, workbook

V1 = "/api/v1"


@pytest.fixture
def administrator(signed_in: SignedIn) -> TestClient:
    return signed_in(Role.ADMINISTRATOR)


@pytest.fixture
def filled(administrator: TestClient) -> TestClient:
    """The administrator of a house whose organisation came in by a file."""
    answer = send(administrator, ORGANISATION)
    assert answer.status_code == 200, answer.text
    return administrator


def send(client: TestClient, sheets: Mapping[str, Rows], **form: Any) -> Any:
    file = {"file": ("组织.xlsx", workbook(sheets))}
    return client.post(f"{V1}/imports", files=file, data=form)


def part(*titles: str) -> dict[str, Rows]:
    return {title: ORGANISATION[title] for title in titles}


def plan(**cells: object) -> dict[str, Rows]:
    return {"计划方案": with_row("计划方案", **cells)["计划方案"]}


def pages(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = load_workbook(io.BytesIO(content))
    return {page.title: list(page.iter_rows(values_only=True)) for page in book.worksheets}


def test_a_whole_organisation_comes_in_and_is_known_again(filled: TestClient, service_engine: Engine) -> None:
    again = send(filled, ORGANISATION).json()
    assert {each["entity"] for each in again["sheets"]} >= {"institutions", "customers", "targets"}
    assert sum(each["added"] + each["changed"] for each in again["sheets"]) == 0
    owed = filled.get(f"{V1}/slots?month={today():%Y-%m}").json()["items"]
    assert "350102" in {slot["institution"] for slot in owed}  # from today on, not from tomorrow's look
    detail = filled.get(f"{V1}/plans/PL1").json()
    assert (detail["institution"], len(detail["nodes"])) == ("3501", 5)
    with transaction(service_engine) as session:
        assert "import.file" in session.scalars(select(AuditEntry.action)).all()


def test_a_dry_run_writes_nothing(administrator: TestClient) -> None:
    checked = send(administrator, ORGANISATION, dry_run="true").json()
    assert (checked["dry_run"], sum(each["added"] for each in checked["sheets"]) > 40) == (True, True)
    assert administrator.get(f"{V1}/plans").json()["items"] == []


def test_every_problem_is_told_by_sheet_row_and_column(administrator: TestClient) -> None:
    answer = send(administrator, with_row("客户", 服务人员工号="9999", 来源="朋友"))
    assert (answer.status_code, answer.json()["code"]) == (422, "sheet_error")
    (problem,) = answer.json()["problems"]
    assert problem.startswith("表“客户”第 2 行 D 列（来源）：“朋友”不在可选项中")
    assert administrator.get(f"{V1}/plans").json()["items"] == []
    no_table = administrator.post(f"{V1}/imports", files={"file": ("a.xlsx", b"PK\x03\x04")})
    assert (no_table.status_code, no_table.json()["code"]) == (400, "input_error")
    assert administrator.post(f"{V1}/imports").status_code == 422


def test_a_csv_file_says_what_it_holds(filled: TestClient) -> None:
    text = "职级代码,职级名称,职级序号,主管及以上\nSM2,高级主任,50,是\n".encode("gb18030")
    answer = filled.post(f"{V1}/imports", files={"file": ("x.csv", text)}, data={"entity": "ranks"})
    assert answer.json()["sheets"] == [
        {"entity": "ranks", "title": "职级", "added": 1, "changed": 0, "unchanged": 0}
    ]


def test_templates_offer_every_sheet_or_one(administrator: TestClient, signed_in: SignedIn) -> None:
    entities = signed_in(Role.QA).get(f"{V1}/imports/entities").json()
    customers = next(each for each in entities if each["entity"] == "customers")
    agent = next(field for field in customers["fields"] if field["field"] == "agent_id")
    assert (agent["heading"], agent["refers_to"], agent["required"]) == ("服务人员工号", "people", True)
    book = pages(administrator.get(f"{V1}/imports/template").content)
    assert len(book) == len(entities) + 1
    one = administrator.get(f"{V1}/imports/template?entity=customers&format=csv")
    assert one.content.decode("utf-8-sig").startswith("客户代码,客户姓名")
    assert administrator.get(f"{V1}/imports/template?format=csv").status_code == 400
    assert administrator.get(f"{V1}/imports/template?entity=nothing").status_code == 404


def test_exports_mask_and_keep_to_the_subtree(filled: TestClient, signed_in: SignedIn) -> None:
    manager = signed_in(Role.MANAGER, institution="350102")
    text = manager.get(f"{V1}/exports?entity=customers&format=csv").content.decode("utf-8-sig")
    assert ("郑**" in text, "郑美玲" in text, "138****5678" in text) == (True, False, True)
    beside = signed_in(Role.MANAGER, institution="350103")
    other = beside.get(f"{V1}/exports?entity=customers&format=csv").content.decode("utf-8-sig")
    assert other.splitlines()[1:] == []
    book = pages(manager.get(f"{V1}/exports?entity=customers&entity=sales").content)
    assert list(book) == ["客户", "保单"]
    assert manager.get(f"{V1}/exports?format=csv").status_code == 400


def test_only_administrators_export_the_full_text_and_it_is_noted(
    filled: TestClient, signed_in: SignedIn, service_engine: Engine
) -> None:
    path = f"{V1}/exports?entity=customers&format=csv&full=true"
    assert "郑美玲" in filled.get(path).content.decode("utf-8-sig")
    for role, place in ((Role.HEAD_OFFICE, None), (Role.QA, None), (Role.MANAGER, "350102")):
        assert signed_in(role, institution=place).get(path).status_code == 403
    with transaction(service_engine) as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "export.full")).all()
    assert [(each.actor, each.object_code) for each in entries] == [("administrator-None", "customers")]


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_while_a_file_is_made_for_export_others_write(
    filled: TestClient, service_engine: Engine, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    def made(session: Session, *asked: Any, **how: Any) -> bytes:
        session.scalars(select(Person.id)).all()
        with transaction(service_engine) as other:
            other.execute(update(Person).values(phone="13900000000"))
        return b"made"

    for name in ("workbook", "csv_file"):
        monkeypatch.setattr(endpoints, name, made)
    assert filled.get(f"{V1}/exports?entity=people&format={form}").content == b"made"
    with transaction(service_engine) as session:
        assert "export.masked" in session.scalars(select(AuditEntry.action)).all()


def test_no_file_leaves_when_its_audit_entry_cannot_be_written(
    filled: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*asked: Any, **detail: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    monkeypatch.setattr(endpoints, "note", refuse)
    assert filled.get(f"{V1}/exports?entity=people&format=csv").status_code == 503


def test_a_manager_brings_a_new_person_with_the_career_in_one_file(
    filled: TestClient, signed_in: SignedIn
) -> None:
    people: dict[str, Rows] = {
        "人员": [["工号", "姓名", "类别", "入司日期"], ["2003", "新人", "外勤", "2025-06-01"]],
        "职级履历": [
            ["工号", "职级代码", "机构代码", "营业室代码", "生效日期"],
            ["2003", "A1", "350102", "350102-03", "2025-06-01"],
        ],
    }
    manager = signed_in(Role.MANAGER, institution="350102")
    assert [each["added"] for each in send(manager, people).json()["sheets"]] == [1, 1]
    assert manager.get(f"{V1}/people/2003").json()["career"][0]["office"] == "350102-03"


def test_a_file_opens_no_way_around_what_the_caller_may_do(filled: TestClient, signed_in: SignedIn) -> None:
    manager = signed_in(Role.MANAGER, institution="3501")
    for title in ("机构", "会议场次", "会议", "会议录音"):
        assert send(manager, part(title)).status_code == 403, title
    assert "只有总公司管理员可以导入" in send(manager, part("职级")).json()["detail"]
    general = send(manager, part("参数")).json()
    assert [text for text in general["problems"] if "第 2 行" in text and "全公司" in text]
    approved = with_row("计划方案", 方案代码="PL2", 状态="已批准")["计划方案"]
    assert "审批流程" in send(manager, {"计划方案": approved}).json()["problems"][0]
    assert send(manager, part("计划方案", "目标")).status_code == 200


def test_plans_that_are_still_to_be_decided_come_in_as_drafts_only(
    filled: TestClient, signed_in: SignedIn
) -> None:
    """Whoever may approve brings in what was decided of past months, and goes round no second person."""
    for state in ("待审批", "已批准"):
        assert "审批流程" in send(filled, plan(月份=f"{today():%Y-%m}", 状态=state)).json()["problems"][0]
    assert send(filled, plan(月份="2025-12", 状态="已批准")).status_code == 200
    assert send(filled, part("目标")).status_code == 200
    manager = signed_in(Role.MANAGER, institution="3501")
    assert "不是草稿" in send(manager, part("目标")).json()["problems"][0]
    assert "不是草稿" in send(filled, plan(月份=f"{today():%Y-%m}", 状态="")).json()["problems"][0]


def test_a_decided_plan_of_this_month_is_changed_by_nobodys_file(
    filled: TestClient, service_engine: Engine
) -> None:
    assert send(filled, plan(月份=f"{today():%Y-%m}")).status_code == 200
    with transaction(service_engine) as session:
        session.execute(update(Plan).values(state=PlanState.APPROVED))
    for change in (part("目标"), plan(月份=f"{today():%Y-%m}", 缓冲率=0.1), plan(月份="2025-12")):
        assert "不是草稿" in send(filled, change).json()["problems"][0]


def test_refusals(signed_in: SignedIn, anonymous: TestClient) -> None:
    assert send(signed_in(Role.QA), part("职级")).status_code == 403
    assert send(anonymous, part("职级")).status_code == 401
    assert anonymous.get(f"{V1}/exports").status_code == 401

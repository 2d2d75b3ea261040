"""An administrator's screens: accounts, keys, imports, jobs, holidays, the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect
from sqlalchemy import select

from api.accounts.tables import Role
from api.console.audit import OBJECTS, SUBJECTS, fact, words_of
from api.console.calendar import parsed
from api.console.imports import MOST_PROBLEMS, located
from api.jobs.tables import InspectionJob, JobState, Stage
from models.database import transaction
from models.exchange.entities import SHEETS
from models.exchange.exporting import csv_file
from models.exchange.reading import sheet_of
from models.meetings.tables import Meeting
from qa_pipeline.errors import InputError
from tests.api.console.conftest import GOOD, POOR, PageAs, Service, opened, pick, press


def test_an_account_is_made_with_a_password_shown_once_then_changed_and_disabled(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/accounts")
    page.get_by_role("button", name="新建账号").click()
    page.get_by_label("登录名").fill("chen.jie")
    page.get_by_label("姓名", exact=True).fill("陈洁")
    press(page, "新建")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("经理的账号须限定机构")

    pick(page, "机构", "台江支公司", exact=False)
    press(page, "新建")
    expect(page.locator(".secret")).to_have_text(r := page.locator(".secret").inner_text())
    assert len(r.split("-")) == 4
    press(page, "我已记下")

    row = page.get_by_role("row", name="chen.jie")
    expect(row).to_contain_text("台江支公司")
    expect(row).to_contain_text("待改密码")
    expect(page.get_by_text(r)).to_have_count(0)

    row.get_by_role("button", name="停用").press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="取消")).to_be_focused()
    page.keyboard.press("Enter")  # nothing is taken away by a second stroke
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row.get_by_role("button", name="停用")).to_be_focused()
    row.get_by_role("button", name="停用").click()
    press(page, "停用")
    expect(row).to_contain_text("已停用")


def test_the_last_administrator_cannot_be_disabled(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/accounts")
    page.get_by_role("row", name="admin").get_by_role("button", name="停用").click()
    press(page, "停用")

    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("最后一个")


def test_a_key_is_shown_once_and_revoked(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/accounts")
    page.get_by_role("button", name="新建密钥").click()
    page.get_by_label("名称").fill("HR")
    pick(page, "权限", "查看合规")
    page.keyboard.press("Escape")
    press(page, "新建")
    assert page.locator(".secret").inner_text().startswith("hj_")
    press(page, "我已记下")

    row = page.get_by_role("row", name="HR")
    expect(row).to_contain_text("查看合规")
    row.get_by_role("button", name="吊销").click()
    press(page, "吊销")
    expect(row).to_have_count(0)


def test_an_import_reports_every_wrong_cell_and_then_takes_the_mended_file(
    page_as: PageAs, service: Service, tmp_path: Path
) -> None:
    with transaction(service.engine) as session:
        good = csv_file(session, sheet_of("institutions"), mask=False)
    file = tmp_path / "机构.csv"
    file.write_text(good.decode("utf-8-sig").replace("2020-01-01", "某日"), "utf-8-sig")
    page = page_as(Role.ADMINISTRATOR, "/imports")
    page.locator("#import-file").set_input_files(file)
    expect(page.get_by_text("机构.csv")).to_be_visible()
    page.get_by_role("button", name="只检查").click()

    expect(page.get_by_role("alert")).to_contain_text("5 处需要修改")
    report = page.get_by_role("table", name="错误报告")
    expect(report.get_by_role("row")).to_have_count(6)
    expect(report).to_contain_text("某日")

    file.write_bytes(good)
    page.locator("#import-file").set_input_files(file)
    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("导入完成")
    expect(page.get_by_role("table", name="导入结果").get_by_role("row", name="机构")).to_contain_text("5")


def test_one_kind_of_data_is_exported_alone_or_all_together(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/imports")
    for kind, sheets in (("机构", 1), ("全部", len(SHEETS))):
        page.get_by_label("导出哪一类数据").select_option(kind)
        with page.expect_download() as download:
            page.get_by_role("button", name="导出 XLSX").click()
        file = BytesIO(download.value.path().read_bytes())
        assert len(load_workbook(file, read_only=True).sheetnames) == sheets


def test_of_very_many_problems_the_first_are_listed(page_as: PageAs, tmp_path: Path) -> None:
    file = tmp_path / "institutions.csv"
    wrong = "".join(f"9{n:04d},某支公司,4,35,是,某日\n" for n in range(MOST_PROBLEMS + 1))
    file.write_text(f"机构代码,机构名称,层级,上级机构代码,应召开二会,生效日期\n{wrong}", "utf-8")
    page = page_as(Role.ADMINISTRATOR, "/imports")
    page.locator("#import-file").set_input_files(file)
    page.get_by_role("button", name="只检查").click()
    expect(page.get_by_text(f"只列出前 {MOST_PROBLEMS} 处")).to_be_visible()
    expect(page.get_by_role("table", name="错误报告").get_by_role("row")).to_have_count(MOST_PROBLEMS + 1)


@pytest.mark.parametrize(
    ("sentence", "cells"),
    [
        ("表“机构”第 3 行 B 列（名称）：须填写", ["机构", "3", "B 列（名称）", "须填写"]),
        ("表“机构”第 3 行：与第 2 行重复（机构代码）", ["机构", "3", "", "与第 2 行重复（机构代码）"]),
        ("表“机构”第 1 行第 D 列：没有这一列", ["机构", "1", "D", "没有这一列"]),
        ("表“机构”：机构 9 的层级不对", ["机构", "", "", "机构 9 的层级不对"]),
        ("文件读不了", ["", "", "", "文件读不了"]),
    ],
)  # fmt: skip
def test_a_problem_of_an_import_is_laid_out_by_its_place(sentence: str, cells: list[str]) -> None:
    assert located(sentence) == cells


def test_the_monitor_shows_why_a_job_failed_and_queues_it_again(page_as: PageAs, service: Service) -> None:
    with transaction(service.engine) as session:
        meeting = session.scalars(select(Meeting).where(Meeting.code == GOOD)).one()
        session.add(
            InspectionJob(
                code="J1",
                meeting_id=meeting.id,
                state=JobState.FAILED,
                stage=Stage.PROBE,
                error="录音没有音轨：请重新导出后上传。",
                requested_by="manager",
                created_at=datetime.now(UTC),
            )
        )
    page = page_as(Role.MANAGER, "/jobs?state=failed")
    row = page.get_by_role("row", name=GOOD)
    expect(row).to_contain_text("录音没有音轨")

    row.get_by_role("button", name="重试").click()
    expect(page.get_by_text("已重新排队。")).to_be_visible()
    expect(page.get_by_text("没有任务")).to_be_visible()

    with transaction(service.engine) as session:
        job = session.scalars(select(InspectionJob).where(InspectionJob.state == JobState.QUEUED)).one()
        job.error, job.retry_at = "存储没有应答。", datetime(2031, 9, 8, 1, 30, tzinfo=UTC)
    page = page_as(Role.MANAGER, "/jobs?state=queued")
    expect(page.get_by_role("row", name=GOOD)).to_contain_text("09-08 09:30 自动再试")
    page.get_by_role("row", name=GOOD).get_by_role("button", name="取消").click()
    expect(page.get_by_text("没有任务")).to_be_visible()


def test_the_holidays_of_a_year_are_entered_and_taken_back(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/calendar?year=2031")
    expect(page.get_by_role("row", name="2031")).to_contain_text("未知，请录入")
    page.get_by_label("依据").fill("国务院办公厅通知")
    page.get_by_label("法定节假日").fill("2031-10-01 国庆节\n2031-10-99 国庆节")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_contain_text("第 2 行“2031-10-99 国庆节”不对")

    page.get_by_label("法定节假日").fill("2031-10-01 国庆节")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("row", name="2031")).to_contain_text("已录入")

    page.get_by_role("button", name="恢复内置").click()
    press(page, "恢复")
    expect(page.get_by_role("row", name="2031")).to_contain_text("未知，请录入")


def test_a_line_without_a_name_is_refused() -> None:
    assert parsed("\n2031-10-01 国庆节 \n") == [{"day": "2031-10-01", "name": "国庆节"}]
    with pytest.raises(InputError, match="第 1 行缺少名称"):
        parsed("2031-10-01")


@pytest.mark.parametrize(
    ("action", "words"),
    [("account.create", "账号：新建"), ("plan.target.spread", "规划：逐级分解"), ("new.thing", "new：thing")],
)
def test_an_action_is_told_in_words_and_an_unknown_one_as_it_is(action: str, words: str) -> None:
    assert words_of(action) == words


def test_what_an_entry_is_about_and_tells_besides_is_told_in_words() -> None:
    assert set(OBJECTS) <= SUBJECTS.keys()
    assert [fact("version", 2), fact("full", False), fact("new_one", "x")] == [
        "版本：2",
        "未隐去：否",
        "new_one：x",
    ]


def test_the_values_of_an_entry_are_told_in_the_words_of_the_screens() -> None:
    told = [
        fact("role", "qa"),
        fact("verdict", "not_qualified"),
        fact("again_from", "score"),
        fact("fields", "joined_on，phone"),
        fact("permissions", "read_meetings,upload"),
        fact("outcome", "kept"),
        fact("state", "dropped"),
    ]
    assert told == [
        "角色：质检",
        "结论：不合格",
        "重做起点：评分",
        "项目：入职日、手机号",
        "权限：查看会议、上传录音",
        "兑现情况：兑现",
        "状态：已取消",
    ]


def test_at_1024_pixels_no_code_of_the_trail_is_broken(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, f"/meetings/{POOR}", width=1024)
    opened(page, "/audit")
    codes = page.get_by_role("table", name="审计记录").locator(".jointed")
    pieces = "all => all.flatMap(one => [...one.childNodes]).filter(piece => piece.data)"
    lines = codes.evaluate_all(f"""all => ({pieces})(all).map(piece => {{
        const text = document.createRange();
        text.selectNodeContents(piece);
        return text.getClientRects().length;
    }})""")
    assert len(lines) > 3
    assert set(lines) == {1}


def test_the_audit_trail_is_narrowed_and_exported(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/audit")
    with page.expect_download() as download:
        page.get_by_role("link", name="导出 CSV").click()
    assert download.value.path().read_text("utf-8-sig").startswith("时间,操作者")

    page.get_by_label("动作代码").fill("audit.export")
    page.get_by_role("button", name="查看").click()
    rows = page.get_by_role("table", name="审计记录").get_by_role("row")
    expect(rows.filter(has_text="审计：导出").first).to_be_visible()
    expect(rows.filter(has_text="account.create")).to_have_count(0)

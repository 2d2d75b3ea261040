"""The list of meetings, of all that the caller sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry, Role
from api.jobs.tables import InspectionJob, JobState, Stage
from models.database import transaction
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Meeting
from tests.api import results
from tests.api.console.conftest import GOOD, POOR, PageAs, Service, assert_sound, press, submit


def test_a_verdict_narrows_the_list_and_the_address_keeps_it(page_as: PageAs) -> None:
    page = page_as(Role.QA, "/meetings?month=2026-09")
    rows = page.get_by_role("table", name="会议").get_by_role("row")
    expect(rows.filter(has_text=GOOD)).to_have_count(1)

    page.get_by_label("结论").select_option(label="不合格")
    page.get_by_role("button", name="查看").click()

    expect(rows.filter(has_text=GOOD)).to_have_count(0)
    expect(rows.filter(has_text=POOR)).to_have_count(1)
    assert "verdict=not_qualified" in page.url
    assert "month=2026-09" in page.url

    month = page.get_by_label("月份")
    month.fill("2026年8月")
    month.press("Enter")
    page.wait_for_url("**month=2026-08**")
    expect(month).to_have_value("2026-08")
    month.fill("上个月")
    page.get_by_role("button", name="查看").click()
    told = "one => one.validationMessage"
    assert (month.evaluate(told), "2026-08" in page.url) == ("请写成 2026-09 这样的形式。", True)
    page.get_by_role("button", name="打开月历").click()
    expect(page.locator(".picker")).to_have_attribute("type", "month")
    page.locator(".picker").evaluate(
        "one => { one.value = '2026-07'; one.dispatchEvent(new Event('input')); }"
    )
    assert (month.input_value(), month.evaluate(told)) == ("2026-07", "")


def test_a_manager_sees_the_own_institution_alone_and_opens_its_meeting(
    page_as: PageAs, service: Service
) -> None:
    page = page_as(Role.MANAGER, "/meetings?month=2026-09", width=390)
    expect(page.get_by_text("台江支公司")).to_have_count(0)

    page.locator(f'a[href$="/meetings/{GOOD}"]').click()
    expect(page).to_have_url(re.compile(f"/meetings/{GOOD}$"))
    expect(page.get_by_role("heading", name="文字稿")).to_be_visible()
    with Session(service.engine) as session:
        noted = select(AuditEntry.action).where(AuditEntry.object_code == GOOD, AuditEntry.actor == "manager")
        assert {"scorecard.read", "transcript.read"} <= set(session.scalars(noted))


def test_a_figure_said_otherwise_than_the_books_have_it_stands_beside_theirs(page_as: PageAs) -> None:
    page = page_as(Role.QA, f"/meetings/{POOR}")
    compared = page.get_by_role("region", name="数字核对")
    expect(compared.get_by_text("许东 FYC")).to_be_visible()
    expect(compared.get_by_text("会上说 6100 元，系统 5200 元")).to_be_visible()
    expect(compared.get_by_text("不符", exact=True)).to_be_visible()
    expect(compared.get_by_role("button", name="从 03:51 播放")).to_be_visible()


def test_the_report_opens_in_the_print_dialog_which_makes_a_pdf_of_it(page_as: PageAs) -> None:
    page = page_as(Role.QA, f"/meetings/{POOR}", alone=True)
    page.context.add_init_script("window.print = () => { document.documentElement.dataset.printed = 'yes'; }")
    with page.context.expect_page() as opening:
        page.get_by_role("button", name="打印或存为 PDF").click()
    report = opening.value
    expect(report.locator("html[data-printed=yes]")).to_have_count(1)
    assert report.pdf(format="A4").startswith(b"%PDF")


def test_nothing_found_says_what_to_do(page_as: PageAs) -> None:
    page = page_as(Role.QA, "/meetings?month=2020-01")

    expect(page.get_by_text("放宽条件再看")).to_be_visible()


def test_on_a_phone_the_reason_of_what_failed_is_open_and_what_passed_opens_when_asked(
    page_as: PageAs,
) -> None:
    page = page_as(Role.MANAGER, f"/meetings/{GOOD}", width=390)
    passed = page.locator(".verdicts > div").filter(has_text="达标")
    reason = passed.get_by_text("达到合格线")
    expect(reason).to_be_hidden()
    passed.get_by_text("依据").press("Enter")
    expect(reason).to_be_visible()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.reload()
    expect(reason).to_be_visible()
    page = page_as(Role.ADMINISTRATOR, f"/meetings/{POOR}", width=390)
    expect(page.locator(".verdicts > div").filter(has_text="达标").get_by_text("低于合格线")).to_be_visible()


def test_a_phone_is_led_to_each_part_of_a_meeting_which_the_player_does_not_cover(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, f"/meetings/{GOOD}", width=390)
    parts = page.get_by_role("navigation", name="本页内容")
    for title in ("下次怎么提高", "逐项得分", "行动项", "文字稿"):
        parts.get_by_role("link", name=title).press("Enter")
        heading = page.get_by_role("heading", name=title, exact=True)
        expect(heading).to_be_in_viewport()
        assert heading.evaluate("one => one.getBoundingClientRect().top") >= 100


@pytest.fixture
def passing(service: Service) -> Iterator[list[str]]:
    """Meetings that count for no other test: those put here are void afterwards."""
    codes: list[str] = []
    yield codes
    with transaction(service.engine) as session:
        for code in codes:
            MeetingRepository(session).void(code)


def begin(service: Service, meeting: str) -> None:
    """An inspection of the meeting that waits."""
    with transaction(service.engine) as session:
        held = session.scalars(select(Meeting.id).where(Meeting.code == meeting)).one()
        session.add(InspectionJob(code=f"J-{meeting}", meeting_id=held, state=JobState.QUEUED,
                                  requested_by="manager", created_at=datetime.now(UTC)))  # fmt: skip


def bring(service: Service, meeting: str, **values: object) -> None:
    """What a worker would write of it."""
    with transaction(service.engine) as session:
        row = update(InspectionJob).where(InspectionJob.code == f"J-{meeting}")
        session.execute(row.values(**values))


def test_the_page_of_a_meeting_that_is_inspected_tells_how_far_it_is_and_offers_the_result(
    page_as: PageAs, service: Service, passing: list[str]
) -> None:
    code = "350102-AWAITED"
    results.hold(service.engine, code, institution="350102", day=22)
    passing.append(code)
    begin(service, code)
    page = page_as(Role.MANAGER, f"/meetings/{code}", width=390)
    expect(page.get_by_text("质检中：排队等候")).to_be_visible()
    bring(service, code, state=JobState.RUNNING, stage=Stage.TRANSCRIBE, progress=0.42)
    expect(page.get_by_role("status").filter(has_text="质检中：转写")).to_be_visible()
    expect(page.get_by_role("progressbar", name="转写 的进度")).to_have_attribute("aria-valuenow", "42")
    assert_sound(page)
    page.get_by_role("button", name="作废这场会议").click()
    reason = page.get_by_role("dialog").get_by_label("作废原因")
    reason.fill("想一想再说")
    results.inspect(service.engine, code, results.good())
    bring(service, code, state=JobState.DONE, stage=Stage.PUBLISH, progress=1.0, scorecard_version=1)
    offered = page.locator("a", has_text="结论已出，点此查看")
    expect(offered).to_be_attached()
    expect(reason).to_have_value("想一想再说")  # what is being written stays
    press(page, "取消")
    offered.click()
    expect(page.get_by_role("region", name="逐项得分")).to_be_visible()


def test_a_result_that_is_being_replaced_says_so_and_offers_the_new_one(
    page_as: PageAs, service: Service, passing: list[str]
) -> None:
    code = "350103-AGAIN"
    results.hold(service.engine, code, institution="350103", day=22)
    passing.append(code)
    results.inspect(service.engine, code, results.poor())
    begin(service, code)
    bring(service, code, state=JobState.RUNNING, stage=Stage.SCORE, progress=0.5)
    page = page_as(Role.QA, f"/meetings/{code}")
    expect(page.get_by_text("正在重新质检：评分")).to_be_visible()
    bring(service, code, state=JobState.FAILED, error="录音已不在。")
    expect(page.get_by_text("质检没有完成：录音已不在。")).to_be_visible()
    bring(service, code, state=JobState.DONE, error=None)
    page.get_by_role("link", name="新的结论已出，点此查看").click()
    expect(page.get_by_role("heading", name="文字稿")).to_be_visible()
    expect(page.get_by_text("新的结论已出，点此查看")).to_have_count(0)


def test_who_reviews_goes_from_a_meeting_to_its_bench(page_as: PageAs) -> None:
    page = page_as(Role.QA, f"/meetings/{POOR}")
    page.get_by_role("link", name="复核 ›").click()
    expect(page).to_have_url(re.compile(f"/reviews/{POOR}$"))
    page.get_by_role("link", name="台江支公司").click()
    expect(page).to_have_url(re.compile(f"/meetings/{POOR}$"))
    expect(page_as(Role.MANAGER, f"/meetings/{GOOD}").get_by_role("link", name="复核 ›")).to_have_count(0)


def test_a_meeting_that_was_entered_by_mistake_is_voided_on_its_page(
    page_as: PageAs, service: Service
) -> None:
    results.hold(service.engine, "350102-MISTAKEN", institution="350102", day=15)
    page = page_as(Role.MANAGER, "/meetings/350102-MISTAKEN", width=390)
    expect(page.get_by_role("button", name="作废这场会议")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="作废这场会议").click()
    press(page, "作废")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("请写明作废原因。")
    page.get_by_role("dialog").get_by_label("作废原因").fill("传错了录音")
    submit(page, "作废")
    expect(page.get_by_role("note")).to_have_text("这场会议已作废，不计入召开和统计。")
    expect(page.get_by_role("button", name="作废这场会议")).to_have_count(0)
    expect(page.get_by_role("link", name="上传录音")).to_have_count(0)


def test_only_who_reviews_is_offered_to_void_what_has_a_result(page_as: PageAs) -> None:
    for role, offered in ((Role.MANAGER, 0), (Role.QA, 1), (Role.ADMINISTRATOR, 1)):
        page = page_as(role, f"/meetings/{GOOD}")
        expect(page.get_by_role("region", name="文字稿")).to_be_visible()
        expect(page.get_by_role("button", name="作废这场会议")).to_have_count(offered)

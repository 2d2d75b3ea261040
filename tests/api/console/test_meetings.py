"""The list of meetings, of all that the caller sees."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry, Role
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
    for role, offered in ((Role.MANAGER, 0), (Role.ADMINISTRATOR, 1)):
        page = page_as(role, f"/meetings/{GOOD}")
        expect(page.get_by_role("region", name="文字稿")).to_be_visible()
        expect(page.get_by_role("button", name="作废这场会议")).to_have_count(offered)

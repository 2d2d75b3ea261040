"""Who came is filled in on the meeting's page, from the list of those due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from api.accounts.tables import Role
from api.meetings.kept import publish
from models.base import SHANGHAI
from models.database import transaction
from models.meetings.attendance import AttendanceRepository
from models.meetings.facts import FactsRepository
from models.meetings.repository import MeetingRepository
from models.meetings.tables import Presence
from qa_pipeline.values.compliance import ComplianceVerdict
from qa_pipeline.values.vocabulary import MeetingKind, Status
from tests.api import results
from tests.api.console.conftest import GOOD, PageAs, Service, assert_sound, opened, pick, press, submit

NEW = "350102-A1"
"""A meeting that was uploaded and is not inspected yet."""
HELD = "350102-A2"
"""One whose result does not tell whether those due came."""
UNKNOWN = ComplianceVerdict(status=Status.UNKNOWN, reason="")


@pytest.fixture(scope="module", autouse=True)
def uploaded(service: Service) -> None:
    with transaction(service.engine) as session:
        for code, month in ((NEW, 10), (HELD, 8)):
            at = datetime(2026, month, 14, 9, tzinfo=SHANGHAI)
            MeetingRepository(session).record(
                code, institution="350102", kind=MeetingKind.WEEKLY_REVIEW, started_at=at
            )


def fill(page: Page) -> None:
    page.get_by_role("button", name="登记签到").click()
    expect(page.get_by_role("dialog", name="登记签到")).to_be_visible()


def test_the_sheet_begins_with_those_due_and_guests_are_added(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, f"/meetings/{NEW}", width=390)
    sheet = page.get_by_role("region", name="签到")
    expect(sheet).to_contain_text("应到 2 人，还没有登记签到。")
    fill(page)
    pick(page, "人S2 S2", "请假")
    page.get_by_role("button", name="没登记的都记为现场").click()
    page.get_by_label("列席的工号或姓名").fill("人A1、无此人")
    press(page, "保存")
    expect(page.get_by_role("alert")).to_contain_text("没有在职人员的工号或姓名是“无此人”")
    page.get_by_label("列席的工号或姓名").fill("人A1")
    press(page, "保存")
    expect(sheet).to_contain_text("应到 2 人，实到 1 人；现场率 50.0%")
    expect(sheet).to_contain_text("请假：人S2")
    expect(sheet).to_contain_text("列席：人A1")
    assert_sound(page)


def test_who_was_slower_is_told_so_and_nothing_is_overwritten(page_as: PageAs) -> None:
    first, second = (page_as(Role.MANAGER, f"/meetings/{GOOD}") for _ in range(2))
    for page in (first, second):
        page.bring_to_front()  # in the background nothing moves, and nothing comes to rest to be clicked
        fill(page)
        pick(page, "人S2 S2", "缺席")
        page.get_by_role("button", name="没登记的都记为现场").click()
    first.bring_to_front()
    press(first, "保存")
    expect(first.get_by_role("region", name="签到")).to_contain_text("参会率 50.0%")
    second.bring_to_front()
    press(second, "保存")
    expect(second.get_by_role("alert")).to_contain_text("已被他人修改")
    expect(second.get_by_role("button", name="重新读取")).to_be_visible()


def test_what_a_result_rests_on_is_put_right_by_who_reviews_and_read_by_who_prepares(
    page_as: PageAs,
) -> None:
    manager = page_as(Role.MANAGER, f"/meetings/{GOOD}")
    expect(manager.get_by_role("region", name="签到")).to_contain_text("参会率 50.0%")
    expect(manager.get_by_role("button", name="登记签到")).to_have_count(0)
    expect(manager.get_by_text("不是按这份签到作出的")).to_be_visible()
    page = page_as(Role.QA, f"/meetings/{GOOD}", width=390)
    fill(page)
    pick(page, "人S2 S2", "线上")
    press(page, "保存")
    expect(page.get_by_role("region", name="签到")).to_contain_text("参会率 100.0%")


def test_a_change_after_the_result_is_said_beside_it_and_on_the_bench_and_none_is_made_under_the_reviewer(
    page_as: PageAs, service: Service
) -> None:
    with transaction(service.engine) as session:
        AttendanceRepository(session).record(HELD, {"S1": Presence.ON_SITE, "S2": Presence.ABSENT})
        facts = FactsRepository(session).facts(HELD)
        unknown = replace(results.good().compliance, on_roster=UNKNOWN)
        publish(
            session, HELD, replace(results.good(), facts=facts, compliance=unknown), made_at=results.MADE_AT
        )
    manager = page_as(Role.MANAGER, f"/meetings/{HELD}", width=390)
    expect(manager.get_by_role("region", name="签到")).to_contain_text("参会率 50.0%")
    changed = manager.get_by_text("在这一版之后改过：“到人”和结论仍按原来的签到。")
    expect(changed).to_have_count(0)
    fill(manager)
    pick(manager, "人S2 S2", "现场")
    submit(manager, "保存")
    expect(changed).to_be_visible()
    assert_sound(manager)

    page = page_as(Role.QA, f"/reviews/{HELD}")
    page.wait_for_selector("body[data-bench=ready]")
    expect(page.get_by_text("签到在评分之后改过，“到人”仍按原来的签到，可以重新评分。")).to_be_visible()
    expect(page.get_by_role("button", name="重新评分", exact=True)).to_be_visible()
    with page.expect_navigation():
        page.keyboard.press("t")
    page.wait_for_selector("body[data-bench=ready]")
    opened(manager, f"/meetings/{HELD}")
    expect(manager.get_by_role("region", name="签到")).to_contain_text("正由 qa 复核，签到暂不能改")
    expect(manager.get_by_role("button", name="登记签到")).to_have_count(0)
    page.get_by_role("button", name="释放").click()
    page.wait_for_url("**/reviews*")
    opened(manager, f"/meetings/{HELD}")
    expect(manager.get_by_role("button", name="登记签到")).to_be_visible()


def test_who_only_reviews_finds_the_minutes(page_as: PageAs) -> None:
    page = page_as(Role.QA, f"/meetings/{GOOD}")
    page.get_by_role("link", name="会议纪要 ›").click()
    page.wait_for_url(f"**/meetings/{GOOD}/minutes")

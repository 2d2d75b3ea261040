"""Management actions are recorded where they are missing, and finished where they are listed."""

from __future__ import annotations

from playwright.sync_api import expect

from api.accounts.tables import Role
from tests.api.console.conftest import PageAs, assert_sound, press

WEEK = "/management?on=2025-06-10"
"""A week in which no other test has management actions."""


def test_a_joint_visit_counts_once_it_has_its_record_and_review(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, WEEK, width=390)
    behind = page.get_by_role("table", name="陪访落后名单")
    behind.get_by_role("button", name="登记 人S1").click()
    dialog = page.get_by_role("dialog", name="登记陪访")
    expect(dialog.get_by_label("执行人的工号或姓名")).to_have_value("S1")
    expect(dialog.get_by_label("完成日期")).to_have_value("2025-06-10")
    dialog.get_by_label("陪访对象的工号或姓名").fill("人A1")
    dialog.get_by_label("记录").fill("见了两户")
    press(page, "登记")
    expect(dialog.get_by_role("alert")).to_have_text("请写明复盘：陪访有记录和复盘才算。")
    dialog.get_by_label("复盘").fill("下次先问需求")
    press(page, "登记")
    expect(behind.get_by_role("row", name="人S1")).to_have_count(0)
    done = page.get_by_role("table", name="管理动作").get_by_role("row", name="陪访")
    expect(done).to_contain_text("见了两户")
    assert_sound(page)

    done.get_by_role("button", name="改复盘").click()
    page.get_by_label("复盘：结论和改进").fill("下次先约下一次")
    press(page, "保存")
    expect(done).to_contain_text("下次先约下一次")


def test_an_inventory_is_recorded_of_whoever_is_behind(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, WEEK)
    behind = page.get_by_role("table", name="客户盘点落后名单")
    behind.get_by_role("button", name="登记 人T1").click()
    page.get_by_role("dialog").get_by_label("记录").fill("清点十户")
    press(page, "登记")
    expect(behind.get_by_role("row", name="人T1")).to_have_count(0)


def test_a_platform_without_an_activity_is_sent_to_the_calendar_first(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, WEEK)
    page.get_by_role("table", name="平台搭建落后名单").get_by_role("button", name="登记 高潜平台").click()
    expect(page.get_by_text("高潜平台本月还没有活动：请先在“行事历”中新建。")).to_be_visible()


def test_who_only_reviews_records_nothing(page_as: PageAs) -> None:
    page = page_as(Role.QA, WEEK)
    expect(page.get_by_role("table", name="陪访落后名单")).to_be_visible()
    expect(page.get_by_role("button", name="登记")).to_have_count(0)

"""Management actions are recorded where they are missing, and finished where they are listed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import pytest
from playwright.sync_api import expect

from api.accounts.tables import Role
from api.console.management_actions import A_PAGE
from models.database import transaction
from models.management.repository import ManagementRepository, NewAction
from models.management.tables import ActionKind
from models.organisation.people import PeopleRepository
from models.organisation.tables import PersonKind
from tests.api.console.conftest import PageAs, Service, assert_sound, press

WEEK = "/management?on=2025-06-10"
"""A week in which no other test has management actions."""
LONG_AGO: Final = date(2022, 8, 1)
BUSY = "/management?on=2022-08-31&below=350103"
SUPERVISORS: Final = 12
VISITS: Final = 50


@pytest.fixture(scope="module")
def busy(service: Service) -> None:
    """In August 2022 alone 350103 had so many supervisors. The first of them made so many joint visits, two a
    day, and has yet to record one of them and to review another."""
    with transaction(service.engine) as session:
        people, actions = PeopleRepository(session), ManagementRepository(session)
        keys = []
        for number in range(SUPERVISORS):
            person = people.join(
                f"B{number:02}", name=f"忙{number:02}", kind=PersonKind.AGENT, joined_on=LONG_AGO,
                rank="CHIEF", institution="350103",
            )  # fmt: skip
            keys.append(person.id)
            people.leave(person.code, on=date(2022, 9, 1))
        for number in range(VISITS):
            code, day = f"V{number:02}", LONG_AGO + timedelta(days=number // 2)
            visit = NewAction(code=code, kind=ActionKind.JOINT_VISIT, actor_id=keys[0], subject_id=keys[1],
                              planned_on=day)  # fmt: skip
            actions.plan(visit)
            if number != 7:
                actions.record(code, done_on=day, record=f"见了 {number} 户")
            if number not in (7, 9):
                actions.review(code, "先问需求")


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
    done = page.get_by_role("table", name="管理动作", exact=True).get_by_role("row", name="陪访")
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


@pytest.mark.usefixtures("busy")
def test_on_a_phone_what_is_due_stands_first_and_nothing_is_far_down(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, BUSY, width=375)
    page.set_viewport_size({"width": 375, "height": 812})
    first = page.get_by_role("button", name="登记 忙").first.bounding_box()
    assert first is not None
    assert first["y"] + first["height"] <= 812
    assert page.evaluate("document.documentElement.scrollHeight / innerHeight") <= 4

    behind = page.get_by_label("客户盘点", exact=True)
    expect(behind.get_by_role("button", name="登记")).to_have_count(5)
    assert_sound(page)
    behind.locator("summary").press("Enter")
    expect(behind.get_by_role("button", name="登记")).to_have_count(SUPERVISORS)
    assert_sound(page)
    behind.get_by_role("button", name="登记 忙11").click()
    expect(page.get_by_role("dialog").get_by_label("执行人的工号或姓名")).to_have_value("B11")


@pytest.mark.usefixtures("busy")
def test_what_lacks_a_record_or_a_review_stands_apart_from_what_is_done(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, BUSY, width=375)
    lacking = page.get_by_role("table", name="待补的管理动作").get_by_role("row")
    expect(lacking).to_have_count(2)
    expect(lacking.first).to_contain_text("缺记录")
    expect(lacking.last).to_contain_text("见了 9 户")
    expect(lacking.last).to_contain_text("缺复盘")
    lacking.last.get_by_role("button", name="复盘").click()
    page.get_by_label("复盘：结论和改进").fill("下次早约")
    press(page, "保存")
    expect(lacking).to_have_count(1)


@pytest.mark.usefixtures("busy")
def test_every_action_of_a_month_is_found_page_by_page(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, BUSY, width=375)
    page.get_by_role("link", name="8 月的全部管理动作 ›").click()
    rows = page.get_by_role("table", name="管理动作").get_by_role("row")
    expect(rows).to_have_count(A_PAGE)
    expect(rows.first).to_contain_text("见了 49 户")
    assert_sound(page)
    page.get_by_role("link", name="下一页 ›").click()
    expect(rows).to_have_count(VISITS - A_PAGE)
    expect(rows.last).to_contain_text("见了 0 户")
    expect(page.get_by_role("link", name="下一页 ›")).to_have_count(0)

    page.get_by_role("combobox", name="动作").select_option(label="客户盘点")
    page.get_by_label("8 月的管理动作").get_by_role("button", name="查看").click()
    expect(page.get_by_text("没有符合条件的管理动作：换一个月份或条件再看。")).to_be_visible()
    page.get_by_role("combobox", name="动作").select_option(label="陪访")
    page.get_by_role("combobox", name="状态").select_option(label="待补的")
    page.get_by_label("8 月的管理动作").get_by_role("button", name="查看").click()
    expect(rows.first).to_contain_text("缺记录")

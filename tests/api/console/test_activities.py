"""The activity calendar and the cadence of management actions as the screens show them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from api.accounts.tables import Role
from models.activities.entry import Entry
from models.activities.repository import ActivityRepository
from models.activities.tables import Platform
from models.base import SHANGHAI
from models.customers.tables import Customer, CustomerSource
from models.database import transaction
from models.organisation.tables import Institution, Person
from tests.api.console.conftest import PageAs, Service, assert_sound, pick, press, submit
from tests.api.people import JOINED

MONTH: Final = date(2025, 2, 1)
"""A month in which no other test has activities."""


@pytest.fixture(scope="module", autouse=True)
def planned(service: Service) -> None:
    """350102 has in February 2025 a complete activity without feedback, and one that lacks its place."""
    with transaction(service.engine) as session:
        home = session.scalars(select(Institution.id).where(Institution.code == "350102")).one()
        whole = {"content": "养老沙龙", "audience": "中温客户", "goal": "到场 12 人", "preparation": "名单"}
        for code, platform, day, place in (
            ("E1", Platform.WARMUP, 12, "职场三楼"),
            ("E2", Platform.HIGH_VALUE, 18, None),
        ):
            at = datetime(2025, 2, day, 14, tzinfo=SHANGHAI)
            ActivityRepository(session).save(
                Entry(code=code, institution_id=home, platform=platform, month=MONTH, starts_at=at,
                      place=place, **whole)
            )  # fmt: skip


def test_the_month_shows_each_activity_with_what_it_lacks(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/activities?month=2025-02")

    calendar = page.get_by_role("table", name="2025-02 行事历")
    expect(calendar.get_by_role("link", name="14:00 升温平台")).to_contain_text("未闭环")
    expect(calendar.get_by_role("link", name="14:00 价值客户平台")).to_contain_text("六要素不全")
    gaps = page.get_by_role("table", name="要补的")
    expect(gaps.get_by_role("row", name="缺平台")).to_contain_text("高潜平台")
    expect(gaps.get_by_role("row", name="六要素不全")).to_contain_text("缺地点")
    assert_sound(page)

    calendar.get_by_role("link", name="价值客户平台").click()
    expect(page.get_by_role("table", name="六要素").get_by_role("row", name="地点")).to_contain_text("未填")
    assert_sound(page)


def test_on_a_phone_what_is_left_to_do_comes_first_and_what_is_done_opens(
    page_as: PageAs, service: Service
) -> None:
    with transaction(service.engine) as session:
        home = session.scalars(select(Institution.id).where(Institution.code == "350102")).one()
        said = dict.fromkeys(("place", "content", "audience", "goal", "preparation"), "已定")
        activities = ActivityRepository(session)
        for day in range(5, 25):
            at = datetime(2025, 5, day, 14, tzinfo=SHANGHAI)
            entry = Entry(code=f"D{day}", institution_id=home, platform=Platform.WARMUP, month=at.date(),
                          starts_at=at, **said)  # fmt: skip
            activities.save(entry)
            if day != 20:
                activities.carry_out(entry.code, process="讲了四十分钟", feedback="想听养老")
                activities.review(entry.code, on=at.date(), reviewer="人G1", conclusion="可以再办")
    page = page_as(Role.MANAGER, "/activities?month=2025-05", width=375)
    page.set_viewport_size({"width": 375, "height": 812})
    held = page.get_by_role("table", name="2025-05 行事历").get_by_role("link")
    expect(held).to_have_count(1)
    expect(held).to_contain_text("未闭环")
    expect(held).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollHeight / innerHeight") <= 2.5
    page.get_by_text("已办完的 19 天").press("Enter")
    expect(held).to_have_count(20)
    assert_sound(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.reload()
    expect(page.get_by_text("已办完的 19 天")).to_be_hidden()
    expect(held).to_have_count(20)


def test_the_longer_words_of_english_stay_within_their_day(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/activities?month=2025-02", width=1280)
    state = page.locator(".month .event .status span").first
    state.evaluate("one => one.textContent = 'Six essentials incomplete'")
    beyond = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"
    assert page.locator(".month td").evaluate_all(beyond) == []


def test_an_activity_is_moved_by_key_and_by_drag(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/activities?month=2025-02")
    day = page.locator("td[data-day]")
    moved = day.get_by_role("link", name="14:00 价值客户平台")
    moved.focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("#said")).to_have_text("已移到 2025-02-19。")
    expect(moved).to_be_focused()
    moved.drag_to(page.locator("td[data-day='2025-02-18']"))
    expect(page.locator("#said")).to_have_text("已移到 2025-02-18。")


def test_the_calendar_leaves_as_a_file(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/activities?month=2025-02")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 .ics").click()

    text = download.value.path().read_text("utf-8")
    assert "养老沙龙" in text
    assert text.count("BEGIN:VEVENT") == 1


def test_who_is_behind_stands_on_the_cadence_board(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/management?on=2026-09-10")

    behind = page.get_by_role("table", name="客户盘点落后名单")
    expect(behind.get_by_role("row", name="人S1")).to_contain_text("1 次")
    expect(page.get_by_role("table", name="平台搭建落后名单").get_by_role("row")).to_have_count(4)
    assert_sound(page)


def test_a_supervisor_is_marked_as_focus_and_the_mark_is_taken_off(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/management")
    page.get_by_role("button", name="标记重点主管").click()
    dialog = page.get_by_role("dialog", name="标记重点主管")
    dialog.get_by_label("原因").fill("团队下滑")
    press(page, "标记")
    expect(dialog.get_by_role("alert")).to_have_text("请填写主管的工号或姓名。")
    dialog.get_by_label("主管的工号或姓名").fill("A1")
    press(page, "标记")
    expect(dialog.get_by_role("alert")).to_contain_text("不是主管，不能标为重点主管")
    dialog.get_by_label("主管的工号或姓名").fill("人S2")
    submit(page, "标记")
    expect(page.get_by_role("table", name="重点主管").get_by_role("row", name="人S2")).to_contain_text(
        "团队下滑"
    )
    page.get_by_role("button", name="取消标记 人S2").click()
    press(page, "取消标记")
    expect(page.get_by_text("没有重点主管。")).to_be_visible()


def test_an_activity_is_planned_carried_out_reviewed_and_cancelled(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/activities?month=2025-03&below=350103", width=390)
    page.get_by_role("button", name="新建活动").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("日期").fill("2025-03-12")
    press(page, "新建")
    expect(dialog.get_by_role("alert")).to_have_text("请填写开始时间，或把日期也留空。")
    dialog.get_by_label("开始时间").fill("14:00")
    press(page, "新建")
    page.wait_for_url("**/activities/350103-2025-03-warmup")
    expect(page.get_by_text("六要素不全，缺地点、内容、对象、目标、准备")).to_be_visible()

    page.get_by_role("button", name="修改安排").click()
    for name in ("地点", "内容", "对象", "目标", "准备"):
        dialog.get_by_label(name).fill(f"{name}一")
    press(page, "保存")
    expect(page.get_by_text("六要素齐全")).to_be_visible()
    assert_sound(page)

    page.get_by_role("button", name="检视", exact=True).click()
    dialog.get_by_label("检视结论").fill("到场率低")
    dialog.get_by_label("检视日期").fill("2025-03-11")
    press(page, "保存")
    expect(dialog.get_by_role("alert")).to_contain_text("还没有举办，不能检视")
    dialog.get_by_label("检视日期").fill("2025-03-13")
    press(page, "保存")
    loop = page.get_by_role("table", name="闭环")
    expect(loop.get_by_role("row", name="检视")).to_contain_text("到场率低")
    page.get_by_role("button", name="登记执行").click()
    dialog.get_by_label("活动过程").fill("讲了四十分钟")
    dialog.get_by_label("客户反馈").fill("想听养老")
    press(page, "保存")
    expect(loop.get_by_text("已完成")).to_have_count(3)

    page.get_by_role("button", name="取消活动").click()
    press(page, "取消活动")
    expect(page.get_by_text("已取消")).to_be_visible()
    expect(page.get_by_role("button", name="修改安排")).to_have_count(0)


def test_customers_are_invited_and_what_came_of_it_is_recorded(page_as: PageAs, service: Service) -> None:
    at = datetime(2025, 4, 9, 14, tzinfo=SHANGHAI)
    with transaction(service.engine) as session:
        home = session.scalars(select(Institution.id).where(Institution.code == "350103")).one()
        event = Entry(code="E3", institution_id=home, platform=Platform.WARMUP, month=at.date(), starts_at=at)
        ActivityRepository(session).save(event)
        agent = session.scalars(select(Person.id).where(Person.code == "T1")).one()
        invited = Customer(
            code="KE", name="陈小明", agent_id=agent, source=CustomerSource.WARM, known_since=JOINED
        )
        session.add(invited)
    page = page_as(Role.HEAD_OFFICE, "/activities/E3", width=390)
    page.get_by_role("button", name="邀约客户").click()
    page.get_by_role("dialog").get_by_label("客户代码").fill("KE")
    press(page, "邀约")
    listed = page.get_by_role("table", name="参加的客户")
    expect(listed.get_by_role("row", name="KE")).to_contain_text("未知")
    turnout = page.get_by_role("table", name="活动检视").get_by_role("row").last
    expect(turnout).to_contain_text("1 户到场未记")
    listed.get_by_role("button", name="登记").click()
    pick(page, "到场", "到场")
    page.get_by_role("dialog").get_by_label("活动后温度").fill("62.5")
    press(page, "保存")
    expect(listed.get_by_role("row", name="KE")).to_contain_text("未知 → 62.5")
    expect(turnout.get_by_role("cell")).to_have_text(["1", "1", "0", "100.0%", "0.0%", "未知"])
    assert_sound(page)


def test_who_only_reviews_changes_no_activity(page_as: PageAs) -> None:
    page = page_as(Role.QA, "/activities/E1")
    expect(page.get_by_role("table", name="闭环")).to_be_visible()
    for name in ("修改安排", "取消活动", "登记执行", "检视", "邀约客户"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)

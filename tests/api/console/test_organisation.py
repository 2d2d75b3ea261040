"""Institutions, offices and people looked after on screen: found, added, changed, with their history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from api.accounts.tables import Role
from api.organisation.service import today
from models.database import transaction
from models.organisation.people import PeopleRepository
from models.organisation.tables import OfficeLead, Person, RankHistory, SalesOffice
from tests.api.console.conftest import PageAs, Service, assert_sound, opened, pick, press


@pytest.fixture(autouse=True)
def as_it_was(service: Service) -> Iterator[None]:
    """What a test adds is taken away again: other screens count who is there."""
    with transaction(service.engine) as session:
        known = {table: list(session.scalars(select(table.id))) for table in (Person, SalesOffice)}
    yield
    with transaction(service.engine) as session:
        for table, column in (
            (OfficeLead, OfficeLead.person_id),
            (RankHistory, RankHistory.person_id),
            (Person, Person.id),
        ):
            session.execute(delete(table).where(column.not_in(known[Person])))
        session.execute(delete(SalesOffice).where(SalesOffice.id.not_in(known[SalesOffice])))


def fill(page: Page, **values: str) -> None:
    for label, value in values.items():
        page.get_by_role("dialog").get_by_label(label, exact=True).fill(value)


def test_an_office_is_set_up_staffed_and_led_and_who_leaves_stays_in_the_history(
    page_as: PageAs, service: Service
) -> None:
    page = page_as(Role.ADMINISTRATOR, "/institutions?search=福州&level=3")
    expect(page.get_by_role("table", name="机构").get_by_role("row")).to_have_count(2)
    page.get_by_role("button", name="新设机构").click()
    fill(page, 机构代码="350103", 机构名称="仓山支公司", 设立日="2026-01-01")
    pick(page, "上级机构", "福州中心支公司")
    press(page, "设立")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("350103 已被使用")
    opened(page, "/institutions/350103")
    page.get_by_role("button", name="新设营业室").click()
    fill(page, 营业室代码="350103-09", 营业室名称="台江九室", 设立日="2026-01-01")
    fill(page, **{"市场系数（未知则留空）": "很高"})
    press(page, "设立")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("“很高”不是数字")
    fill(page, **{"市场系数（未知则留空）": "1.1"})
    press(page, "设立")
    offices = page.get_by_role("table", name="营业室")
    expect(offices.get_by_role("row", name="台江九室")).to_contain_text("没有主管")

    opened(page, "/people?below=350103")
    page.get_by_role("button", name="办理入职").click()
    fill(page, 工号="N9", 姓名="陈洁", 入职日="2026-02-01")
    pick(page, "职级", "CHIEF")
    pick(page, "营业室（没有则不选）", "台江九室")
    press(page, "入职")
    career = page.get_by_role("table", name="职级经历")
    expect(career).to_contain_text("台江九室")

    opened(page, "/institutions/350103")
    page.get_by_role("button", name="任命主管 台江九室").click()
    fill(page, 工号或姓名="陈", 生效日="2026-03-01")
    press(page, "任命")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("没有在职人员")
    fill(page, 工号或姓名="陈洁")
    press(page, "任命")
    offices.get_by_role("link", name="陈洁").click()
    page.get_by_role("button", name="更正资料").click()
    phone = {"电话（现为 未登记，留空为不变）": "0591-87654321"}
    fill(page, 入职日="2026-02-09", **phone)
    with transaction(service.engine) as session:
        session.scalars(select(Person).where(Person.code == "N9")).one().name = "陈杰"
    press(page, "保存")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("已被他人修改")
    press(page, "重新读取")
    expect(page.locator(".lead")).to_have_text("陈杰")
    page.get_by_role("button", name="更正资料").click()
    fill(page, 入职日="2026-02-09", **phone)
    press(page, "保存")
    expect(page.get_by_label("资料", exact=True)).to_contain_text("059****4321")
    expect(career).to_contain_text("2026-02-09 起")

    page.get_by_role("button", name="调动").click()
    pick(page, "机构", "鼓楼支公司")
    fill(page, 生效日="2026-02-09")
    press(page, "调动")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("不晚于上一条记录的生效日")
    fill(page, 生效日="2026-04-01")
    press(page, "调动")
    newest = career.get_by_role("row").nth(1)
    expect(newest).to_contain_text("鼓楼支公司")
    page.get_by_role("button", name="更正最近一次变更").click()
    fill(page, 生效日="2026-04-10")
    press(page, "更正")
    expect(newest).to_contain_text("2026-04-10 起")
    page.get_by_role("button", name="更正最近一次变更").click()
    press(page, "撤回这次变更")
    press(page, "撤回")
    expect(newest).to_contain_text("台江九室")
    page.get_by_role("button", name="离职").click()
    fill(page, **{"离职日（首个不在职的日期）": f"{today() - timedelta(days=1)}"})
    press(page, "办理离职")
    expect(page.get_by_role("button", name="调动")).to_have_count(0)
    opened(page, "/people?status=ended")
    expect(page.get_by_role("table", name="人员").get_by_role("row", name="陈杰")).to_contain_text("已离职")


def test_a_persons_page_shows_whom_they_recruited_and_whom_those_did(
    page_as: PageAs, service: Service
) -> None:
    upline = {"S2": "S1", "A1": "S2", "T1": "S1"}
    with transaction(service.engine) as session:
        for code, above in upline.items():
            PeopleRepository(session).set_upline(code, upline=above)
    page = page_as(Role.MANAGER, "/people/S1")
    expect(page.get_by_label("下线", exact=True).first).to_contain_text("在职 2 人，其中直接下线 1 人")
    below = page.get_by_role("table", name="下线").get_by_role("row")
    expect(below).to_have_count(3)
    expect(below.nth(2)).to_contain_text("人A1")
    expect(below.nth(2).get_by_role("cell")).to_have_text(["2", "人S2"])
    assert_sound(page)

    below.nth(1).get_by_role("link", name="人S2").click()
    expect(page.get_by_label("资料", exact=True)).to_contain_text("人S1")
    page = page_as(Role.MANAGER, "/people/G1")
    expect(page.get_by_text("没有在职的下线。")).to_be_visible()
    with transaction(service.engine) as session:
        for code in upline:
            PeopleRepository(session).set_upline(code, upline=None)


def test_a_reader_is_offered_nothing_and_a_manager_nothing_of_their_own_institution(page_as: PageAs) -> None:
    page = page_as(Role.QA, "/institutions/350102", width=390, dark=True)
    expect(page.get_by_role("table", name="负责人")).to_contain_text("人G1")
    assert page.get_by_role("button", name="任命行政经理").count() == 0
    page = page_as(Role.MANAGER, "/institutions/350102")
    expect(page.get_by_role("button", name="任命行政经理")).to_be_visible()
    for words in ("改名", "调整上级", "不再应召开二会"):
        assert page.get_by_role("button", name=words).count() == 0

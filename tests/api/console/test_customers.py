"""Customers by value and temperature: the quadrants, what they ask for, and who is in them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from api.accounts.tables import Role
from api.organisation.service import today
from api.weeks import ended_week
from models.customers.repository import CustomerRepository
from models.customers.tables import Customer, CustomerSnapshot, CustomerSource, InventoryLabel
from models.database import transaction
from models.organisation.tables import Person
from tests.api.console.conftest import PageAs, Service, assert_sound


@pytest.fixture(scope="module", autouse=True)
def served(service: Service) -> None:
    """A1 of 350102 serves a customer at both limits, one below them, and one of unknown value."""
    with transaction(service.engine) as session:
        agent = session.scalars(select(Person.id).where(Person.code == "A1")).one()
        for code, name, value, warmth in (
            ("K1", "陈美丽", Decimal(60), Decimal(60)),
            ("K2", "李小龙", Decimal("59.9"), Decimal("12.5")),
            ("K3", "王不知", None, Decimal(70)),
        ):
            customer = Customer(
                code=code, name=name, agent_id=agent, source=CustomerSource.WARM, known_since=date(2025, 1, 1)
            )
            session.add(customer)
            session.flush()
            session.add(
                CustomerSnapshot(
                    customer_id=customer.id, week_ends=ended_week(today()), value=value, temperature=warmth
                )
            )


def test_every_quadrant_has_its_count_and_its_strategy(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/customers?below=350102")

    quadrants = page.get_by_role("navigation", name="四象限")
    both = quadrants.get_by_role("link", name="高价值 · 高温度")
    expect(both).to_contain_text("1 位")
    expect(both).to_contain_text("维护加保")
    expect(quadrants.get_by_role("link", name="低价值 · 低温度")).to_contain_text("1 位")
    expect(quadrants.get_by_role("link", name="高价值 · 低温度")).to_contain_text("0 位")
    expect(page.get_by_text("另有 1 位缺价值或温度，象限未知")).to_be_visible()
    expect(page.get_by_role("img", name="价值与温度散点图")).to_be_visible()
    expect(page.get_by_label("价值 × 温度")).to_contain_text("分界：价值 60、温度 60")


def test_names_are_masked_and_what_is_not_known_reads_unknown(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/customers")

    table = page.get_by_role("table", name="客户名单")
    unknown = table.get_by_role("row", name="K3")
    expect(unknown).to_contain_text("王**")
    expect(unknown).to_contain_text("缘故")
    expect(unknown).to_contain_text("未知")
    assert "陈美丽" not in page.content()


def test_the_screen_is_sound_and_a_quadrant_and_an_agent_narrow_its_list(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/customers")
    assert_sound(page)
    page.get_by_role("link", name="低价值 · 低温度").click()

    table = page.get_by_role("table", name="客户名单")
    expect(table.get_by_role("row", name="K2")).to_be_visible()
    expect(table.get_by_role("row")).to_have_count(2)

    page.get_by_label("服务人员工号").fill("S1")
    page.get_by_label("客户名单").get_by_role("button", name="查看").click()
    expect(page.get_by_text("没有符合条件的客户")).to_be_visible()


def test_who_narrows_the_list_on_a_phone_is_led_to_it(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/customers", width=390)
    heading = page.get_by_role("heading", name="客户名单")
    page.locator("select[name=quadrant]").select_option("HH")
    page.get_by_role("button", name="查看").last.click()
    page.wait_for_url("**quadrant=HH**")
    expect(page.locator("select[name=quadrant]")).to_have_value("HH")
    expect(heading).to_be_in_viewport()

    page.get_by_role("navigation", name="四象限").get_by_role("link", name="高价值 · 低温度").click()
    page.wait_for_url("**quadrant=HL**")
    expect(heading).to_be_in_viewport()


def test_r32_those_not_yet_inventoried_are_listed_alone(page_as: PageAs, service: Service) -> None:
    with transaction(service.engine) as session:
        known = session.scalars(select(Customer.id).where(Customer.code == "K1")).one()
        CustomerRepository(session).take_inventory(today(), {known: InventoryLabel.REGULAR})
    page = page_as(Role.MANAGER, "/customers?agent=A1")
    table = page.get_by_role("table", name="客户名单")
    expect(table.get_by_role("row", name="K1")).to_be_visible()

    narrowed = page.get_by_label("客户名单")
    for period in ("week", "month"):
        narrowed.get_by_label("客户盘点").select_option(period)
        narrowed.get_by_role("button", name="查看").click()
        expect(table.get_by_role("row", name="K1")).to_have_count(0)
        expect(table.get_by_role("row", name="K2")).to_be_visible()
        expect(narrowed.get_by_label("客户盘点")).to_have_value(period)

    page = page_as(Role.MANAGER, "/customers?inventory=year")
    expect(page.get_by_role("alert")).to_contain_text("没有盘点条件“year”")


def test_the_tree_is_walked_down(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/customers?below=3501")
    page.get_by_role("table", name="各单位的四象限").get_by_role("link", name="鼓楼支公司").click()

    trail = page.get_by_role("navigation", name="机构层级")
    expect(trail.get_by_text("鼓楼支公司")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("link", name="高价值 · 高温度")).to_contain_text("1 位")


def test_what_lies_outside_and_what_is_no_week_is_refused_in_words(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/customers?below=350103")
    expect(page.get_by_role("alert")).to_contain_text(
        "没有名称或代码是“350103”的机构，或它不在您的管辖范围内"
    )

    page = page_as(Role.MANAGER, "/customers?week=2026-01-02")
    expect(page.get_by_role("alert")).to_contain_text("不是近三个月内已结束的经营周")

    page = page_as(Role.MANAGER, "/customers?quadrant=XX")
    expect(page.get_by_role("alert")).to_contain_text("没有象限“XX”")

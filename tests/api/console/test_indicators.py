"""The ranking board: who stands where, how far from what, and down the tree."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from api.accounts.tables import Role
from models.base import SHANGHAI, Scope, ScopeKind
from models.database import transaction
from models.indicators.repository import IndicatorRepository, NewObservation
from models.organisation.tables import Institution
from tests.api.console.conftest import PageAs, Service, assert_sound

AS_OF = date(2026, 8, 31)


@pytest.fixture(scope="module", autouse=True)
def observed(service: Service) -> None:
    """August 2026: 期缴保费 of 350102 is known, that of 350103 is not."""
    with transaction(service.engine) as session:
        repository = IndicatorRepository(session)
        repository.define()
        key = session.scalars(select(Institution.id).where(Institution.code == "350102")).one()
        scope = Scope(ScopeKind.INSTITUTION, key)
        repository.append(
            [NewObservation(scope, "regular_premium", AS_OF, Decimal("1234567"))],
            source="测试",
            recorded_at=datetime.now(SHANGHAI),
        )


def test_the_known_are_ranked_and_the_unknown_stand_last_as_unknown(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/indicators?month=2026-08&below=3501")

    table = page.get_by_role("table", name="福州中心支公司下级的期缴保费")
    first, last = table.get_by_role("row").nth(1), table.get_by_role("row").nth(2)
    expect(first).to_contain_text("鼓楼支公司")
    expect(first).to_contain_text("123.46")
    expect(first).to_contain_text("08-31")
    expect(last).to_contain_text("台江支公司")
    expect(last).to_contain_text("未排名")
    expect(last).to_contain_text("未知")
    expect(page.get_by_label("排行")).to_contain_text("1 个没有数据，不参加排名")


def test_the_board_is_sound_and_opens_where_there_is_something_to_compare(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/indicators?month=2026-08")

    trail = page.get_by_role("navigation", name="机构层级")
    expect(trail.get_by_text("福州中心支公司")).to_have_attribute("aria-current", "page")
    assert_sound(page)
    trail.get_by_role("link", name="福建分公司").click()
    page.get_by_role("table").get_by_role("link", name="福州中心支公司").click()
    page.get_by_role("table").get_by_role("link", name="鼓楼支公司").click()
    expect(page.get_by_label("排行")).to_contain_text("当月没有可以排行的下级")
    expect(page.get_by_role("link", name="期缴保费（万元）")).to_contain_text("123.46")


def test_a_tile_leads_to_its_board(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/indicators?month=2026-08")
    page.get_by_role("link", name="CT（室）").click()

    expect(page.get_by_role("link", name="CT（室）")).to_have_attribute("aria-current", "page")
    expect(page.get_by_label("CT 率持续偏低的营业室")).to_contain_text("没有持续偏低的营业室")


def test_what_lies_outside_and_what_is_no_board_is_refused_in_words(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/indicators?below=350103")
    expect(page.get_by_role("alert")).to_contain_text(
        "没有名称或代码是“350103”的机构，或它不在您的管辖范围内"
    )

    page = page_as(Role.MANAGER, "/indicators?code=fame")
    expect(page.get_by_role("alert")).to_contain_text("没有指标看板“fame”")

    page = page_as(Role.MANAGER, "/indicators?office=350103-01")
    expect(page.get_by_role("alert")).to_contain_text("350103-01 不存在或不在您的管辖范围内")

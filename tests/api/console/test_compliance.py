"""The month's compliance: what became of every slot, down the tree, and out as a file."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from api.accounts.tables import Role
from api.compliance.schemas import Aggregate
from api.console.home import decided
from tests.api.console.conftest import POOR, PageAs


def test_the_table_tells_of_every_slot_with_its_state_and_score(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/compliance?month=2026-09")

    table = page.get_by_role("table", name="2026-09 合规表")
    held = table.get_by_role("row", name="鼓楼支公司")
    expect(held).to_contain_text("已召开")
    expect(held).to_contain_text("能量值")
    expect(held).to_contain_text("未召开")
    expect(table.get_by_role("row", name="台江支公司")).to_contain_text("不达标")

    table.get_by_role("link", name="不达标").click()
    expect(page).to_have_url(re.compile(f"/meetings/{POOR}$"))


def test_a_state_narrows_the_table(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/compliance?month=2026-09")
    page.get_by_label("有场次为").select_option(label="不达标")
    page.get_by_label("各机构的四场会议").get_by_role("button", name="查看").click()

    table = page.get_by_role("table", name="2026-09 合规表")
    expect(table.get_by_role("row", name="台江支公司")).to_be_visible()
    expect(table.get_by_role("row", name="鼓楼支公司")).to_have_count(0)


def test_the_tree_is_walked_down_and_back(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/compliance?month=2026-09")
    page.get_by_role("table", name="下级机构").get_by_role("link", name="鼓楼支公司").click()

    trail = page.get_by_role("navigation", name="机构层级")
    expect(trail).to_contain_text("福州中心支公司")
    expect(page.locator(".tile", has_text="承诺兑现率")).to_contain_text("项到期")
    expect(trail.get_by_text("鼓楼支公司")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("row", name="台江支公司")).to_have_count(0)

    trail.get_by_role("link", name="福州中心支公司").click()
    expect(page.get_by_role("table", name="2026-09 合规表").get_by_role("row")).to_have_count(3)


def test_no_screen_of_many_meetings_names_a_pass_line_that_a_rubric_may_have_moved(page_as: PageAs) -> None:
    for path in ("/", "/compliance?month=2026-09"):
        page = page_as(Role.HEAD_OFFICE, path)
        expect(page.locator(".tile", has_text="平均能量值").first).to_contain_text("合格线以各场所用量规为准")
        expect(page.get_by_text(re.compile("60 分为合格线|合格线 60"))).to_have_count(0)


def test_the_months_are_drawn_as_a_trend(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/compliance?month=2026-09")

    expect(page.get_by_role("img", name="逐月走势")).to_be_visible()
    expect(page.get_by_role("img", name="能量值分布")).to_be_visible()


def test_the_table_leaves_as_a_file(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/compliance?month=2026-09&below=350102")
    with page.expect_download() as download:
        page.get_by_role("link", name="导出 CSV").click()

    text = download.value.path().read_text("utf-8-sig")
    assert "鼓楼支公司" in text
    assert "台江支公司" not in text


def test_a_month_that_is_none_and_a_strange_institution_are_refused_in_words(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/compliance?month=2026-13")
    expect(page.get_by_role("alert")).to_contain_text("月份“2026-13”不对")

    page = page_as(Role.MANAGER, "/compliance?month=2026-09&below=350103")
    expect(page.get_by_role("alert")).to_contain_text(
        "没有名称或代码是“350103”的机构，或它不在您的管辖范围内"
    )


def test_on_a_phone_each_meeting_of_an_institution_takes_one_line(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/compliance?month=2026-09", width=390)
    box = (
        page.get_by_role("table", name="2026-09 合规表").get_by_role("row", name="台江支公司").bounding_box()
    )
    assert box is not None
    assert box["height"] < 170


@pytest.mark.parametrize(
    ("undecided", "told"),
    [(0, "8 / 9 场已质检"), (1, "8 / 9 场已质检，1 场待人工复核")],
)
def test_the_share_of_qualified_meetings_says_how_many_a_person_has_yet_to_judge(
    undecided: int, told: str
) -> None:
    totals = Aggregate(
        institutions=3, due=9, held=9, coverage=Decimal(1), on_schedule=Decimal(1), inspected=9,
        inspection_rate=Decimal(1), qualified=8, not_qualified=1 - undecided, needs_review=undecided,
        qualified_rate=Decimal(8) / 9, mean_score=Decimal(79),
    )  # fmt: skip
    assert decided(totals) == told

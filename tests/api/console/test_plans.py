"""Plans: the target tree edited and decided on, scenarios beside each other, income targets worked back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from api.accounts.tables import Role
from api.codes import ScopeOut
from api.console.plan_targets import amount
from api.console.plan_tree import MANY, Line, part_of
from models.base import Scope, ScopeKind
from models.database import transaction
from models.indicators.parameter_repository import ParameterRepository
from models.indicators.repository import IndicatorRepository
from models.organisation.appointments import AppointmentRepository
from models.organisation.people import PeopleRepository
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution, Person, PersonKind
from models.planning.repository import PlanRepository
from models.planning.tables import Plan, PlanDecision, Target
from qa_pipeline.errors import InputError
from tests.api.console.conftest import PageAs, Service, assert_sound, opened, overtype, pick, press

MONTH: Final = date(2026, 12, 1)
LATER: Final = date(2098, 1, 1)
"""When the supervisor of these tests joins: no other test sees her."""


@pytest.fixture(scope="module", autouse=True)
def company(service: Service) -> None:
    """The indicators, and in 2098 the supervisor L1, who leads an office of 350103."""
    with transaction(service.engine) as session:
        IndicatorRepository(session).define()
        office = "350103-98"
        InstitutionRepository(session).add_office(
            office, name="台江一室", institution="350103", valid_from=LATER, market_factor=Decimal("1.1")
        )
        PeopleRepository(session).join(
            "L1", name="林主任", kind=PersonKind.AGENT, joined_on=LATER, rank="CHIEF",
            institution="350103", office=office,
        )  # fmt: skip
        AppointmentRepository(session).lead(office, person="L1", on=LATER)


@pytest.fixture
def plan(service: Service) -> Iterator[str]:
    """A draft of 3501: 1000 yuan and 50 visits, of which 350102 has 600 yuan and 30 visits."""
    code = "3501-2026-12-A"
    with transaction(service.engine) as session:
        keys = dict(session.execute(select(Institution.code, Institution.id)).tuples().all())
        plans = PlanRepository(session)
        made = plans.create(code=code, name="基准", institution_id=keys["3501"], month=MONTH)
        for indicator, value, part in (("regular_premium", 1000, 600), ("visits", 50, 30)):
            root = plans.set_root(made.id, indicator, Decimal(value))
            plans.assign(root.id, {Scope(ScopeKind.INSTITUTION, keys["350102"]): Decimal(part)})
    yield code
    forget_plans(service)


def forget_plans(service: Service) -> None:
    with transaction(service.engine) as session:
        for table in (PlanDecision, Target, Plan):
            session.execute(delete(table))


def test_from_nothing_to_an_approved_plan_for_every_level(page_as: PageAs, service: Service) -> None:
    page = page_as(Role.HEAD_OFFICE, "/plans?month=2027-01")
    expect(page.get_by_text("本月没有符合条件的规划")).to_be_visible()
    page.get_by_role("button", name="新建规划").click()
    pick(page, "机构", "福州中心支公司")
    expect(page.get_by_label("方案代码")).to_have_value("3501-2027-01-A")
    page.get_by_label("缓冲（%）").fill("五")
    press(page, "新建")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("不是数字")
    page.get_by_label("缓冲（%）").fill("10")
    press(page, "新建")
    expect(page.get_by_text("先设定机构目标，再分给下级")).to_be_visible()

    tree = page.get_by_role("table", name="目标树")
    for indicator, value in (("期缴保费", "999"), ("拜访量", "50")):
        page.get_by_role("button", name="设定机构目标").click()
        page.get_by_role("dialog").get_by_label("目标", exact=True).fill(value)
        press(page, "保存")
        expect(tree.get_by_role("button", name=f"修改目标：福州中心支公司 · {indicator}")).to_contain_text(
            value
        )
    page.get_by_role("button", name="分给下级 福州中心支公司 · 期缴保费").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("缺前三个月实绩")
    pick(page, "方法", "平均")
    expect(dialog).to_contain_text("合计 999.00 元")
    overtype(dialog.get_by_label("下级目标 鼓楼支公司"), "400", then=dialog, says="低于本级，还差 99.50")
    press(page, "分给下级")
    expect(tree.get_by_role("row", name="未分配")).to_contain_text("99.50")

    page.get_by_role("button", name="分配 福州中心支公司 · 期缴保费").click()
    page.get_by_role("dialog").get_by_label("下级目标 台江支公司").fill("700")
    press(page, "分给下级")
    expect(tree.get_by_role("row", name="未分配")).to_have_count(0)
    page.get_by_role("button", name="逐级分解").click()
    pick(page, "方法", "按月初外勤人力")
    press(page, "分解")
    expect(tree.get_by_role("row", name="人S1")).to_contain_text("146.67")

    page.get_by_role("button", name="提交审批").click()
    expect(page.get_by_text("您（或您建的密钥）提交的规划须由另一位有审批权限的人批准。")).to_be_visible()
    expect(page.get_by_role("button", name="批准", exact=True)).to_have_count(0)
    page = page_as(Role.ADMINISTRATOR, "/plans/3501-2027-01-A")
    page.get_by_role("button", name="批准", exact=True).click()
    expect(page.get_by_label("目标树", exact=True).first).to_contain_text("已批准的规划不能修改目标")
    expect(page.get_by_role("button", name="设定机构目标")).to_have_count(0)
    forget_plans(service)


def test_a_draft_is_renamed_and_deleted_and_what_cannot_be_broken_down_is_named(
    page_as: PageAs, plan: str
) -> None:
    page = page_as(Role.HEAD_OFFICE, f"/plans/{plan}")
    page.get_by_role("button", name="修改名称和缓冲").click()
    page.get_by_label("方案名称").fill("进取")
    press(page, "保存")
    expect(page.locator(".lead")).to_contain_text("进取")
    page.get_by_role("button", name="逐级分解").click()
    pick(page, "方法", "按前三个月实绩")
    press(page, "分解")
    expect(page.get_by_role("dialog")).to_contain_text("鼓楼支公司的拜访量没有分解")
    press(page, "知道了")
    page.get_by_role("button", name="修改目标：鼓楼支公司 · 拜访量").click()
    press(page, "删除这个目标…")
    press(page, "删除")
    expect(page.get_by_role("table", name="目标树").get_by_role("row", name="鼓楼支公司")).to_contain_text(
        "—"
    )
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="删除草稿").click()
    press(page, "删除")
    expect(page.get_by_text("本月没有符合条件的规划")).to_be_visible()


def test_of_a_large_tree_as_many_levels_are_shown_as_can_be_read() -> None:
    scope = ScopeOut(kind=ScopeKind.OFFICE, code="1", name="一室")
    top = Line("top", 0, scope, False, ())
    upper = [Line(f"u{n}", 1, scope, False, ("top",)) for n in range(10)]
    lower = [Line(f"l{n}", 2, scope, False, ("top", "u0")) for n in range(MANY)]
    assert part_of([top, *upper, *lower], "") == [top, *upper]
    assert part_of([top, *upper, *lower], "u0") == [top, upper[0], *lower]
    assert part_of([top, *upper, *lower[:5]], "") == [top, *upper, *lower[:5]]


def change(page: Page, whose: str, value: str) -> None:
    page.get_by_role("button", name=f"修改目标：{whose} · 期缴保费").click()
    page.get_by_role("dialog").get_by_label("新目标（元）").fill(value)
    page.get_by_role("dialog").get_by_role("button", name="保存").click()


def test_a_target_is_edited_and_the_unassigned_takes_up_the_difference(page_as: PageAs, plan: str) -> None:
    page = page_as(Role.HEAD_OFFICE, f"/plans/{plan}")
    tree = page.get_by_role("table", name="目标树")
    expect(tree.get_by_role("row", name="未分配")).to_contain_text("400.00")
    expect(page.get_by_label("校验", exact=True)).to_contain_text("还有400元未分配到下级")

    change(page, "鼓楼支公司", "很多")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("不是数字")
    page.get_by_role("dialog").get_by_label("新目标（元）").fill("990")
    page.keyboard.press("Enter")
    expect(tree.get_by_role("row", name="未分配")).to_contain_text("10.00")
    expect(tree.get_by_role("row", name="福州中心支公司").first).to_contain_text("未分完")
    change(page, "鼓楼支公司", "1000")
    expect(tree.get_by_role("row", name="福州中心支公司").first).to_contain_text("已分完")


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    page_as: PageAs, service: Service, plan: str
) -> None:
    page = page_as(Role.HEAD_OFFICE, f"/plans/{plan}")
    with transaction(service.engine) as session:
        found = session.scalars(select(Plan).where(Plan.code == plan)).one()
        PlanRepository(session).set_root(found.id, "visits", Decimal(60))

    change(page, "鼓楼支公司", "700")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("已被他人修改")


def test_a_plan_is_submitted_refused_with_a_reason_and_taken_back(page_as: PageAs, plan: str) -> None:
    page = page_as(Role.HEAD_OFFICE, f"/plans/{plan}")
    page.get_by_role("button", name="提交审批").click()
    expect(page.get_by_role("table", name="审批记录")).to_contain_text("待审批")
    expect(page.get_by_role("button", name="修改目标：鼓楼支公司")).to_have_count(0)

    page.get_by_role("button", name="不批准").click()
    expect(page.get_by_role("alert").filter(has_text="须写明原因")).to_be_visible()
    page.get_by_label("意见（不批准时必填）").fill("过程指标偏低")
    page.get_by_role("button", name="不批准").click()
    expect(page.get_by_role("table", name="审批记录")).to_contain_text("过程指标偏低")

    page.get_by_role("button", name="退回草稿修改").click()
    expect(page.get_by_role("button", name="提交审批")).to_be_enabled()


def test_a_tree_with_faults_cannot_be_submitted(page_as: PageAs, service: Service, plan: str) -> None:
    with transaction(service.engine) as session:
        found = session.scalars(select(Plan).where(Plan.code == plan)).one()
        node = next(each for each in PlanRepository(session).nodes(found.id) if each.code == "visits")
        PlanRepository(session).remove(node.id)
    page = page_as(Role.HEAD_OFFICE, f"/plans/{plan}")

    expect(page.get_by_label("校验", exact=True)).to_contain_text("没有过程指标的目标")
    expect(page.get_by_role("button", name="提交审批")).to_be_disabled()


def test_a_scenario_is_copied_approved_and_compared(page_as: PageAs, plan: str) -> None:
    page = page_as(Role.HEAD_OFFICE, f"/plans/{plan}")
    page.get_by_role("button", name="复制为另一方案").click()
    page.get_by_label("方案名称").fill("进取")
    page.get_by_role("button", name="复制", exact=True).click()
    expect(page.locator(".screen")).to_contain_text("3501-2026-12-B")
    change(page, "鼓楼支公司", "800")
    expect(page.get_by_role("row", name="未分配")).to_contain_text("200.00")

    page.get_by_role("link", name="与它对比").click()
    table = page.get_by_role("table", name="逐项对比")
    expect(table.get_by_role("row", name="鼓楼支公司")).to_contain_text("+200.00")
    expect(table.get_by_role("row", name="未分配")).to_contain_text("-200.00")
    assert_sound(page)

    page = page_as(Role.HEAD_OFFICE, "/plans?month=2026-12")
    expect(page.get_by_role("table", name="规划").get_by_role("link", name="与“进取”")).to_be_visible()


def test_another_months_plan_begins_from_this_one_and_only_once(
    page_as: PageAs, service: Service, plan: str
) -> None:
    with transaction(service.engine) as session:
        found = session.scalars(select(Plan).where(Plan.code == plan)).one()
        plans, person = (
            PlanRepository(session),
            session.scalars(select(Person).where(Person.code == "S1")).one(),
        )
        node = next(each for each in plans.nodes(found.id) if each.name == "鼓楼支公司")
        plans.assign(node.id, {Scope(ScopeKind.PERSON, person.id): Decimal(100)})
    page = page_as(Role.HEAD_OFFICE, f"/plans/{plan}")
    page.get_by_role("button", name="复制到其他月份").click()
    page.get_by_role("dialog").get_by_label("月份").fill("2023-12")  # the month before S1 joined
    expect(page.get_by_label("方案代码")).to_have_value("3501-2023-12-A")
    press(page, "复制")
    left = page.get_by_role("dialog", name="没有带入的目标")
    expect(left).to_contain_text("人S1在 2023-12 初不在鼓楼支公司之下，其目标没有带入。")
    press(page, "打开新规划")
    expect(page.locator(".lead")).to_contain_text("12 月基准方案")
    tree = page.get_by_role("table", name="目标树")
    expect(tree.get_by_role("row", name="鼓楼支公司")).to_contain_text("600.00")
    expect(page.get_by_label("审批", exact=True)).to_contain_text("还没有审批记录")

    opened(page, f"/plans/{plan}")
    page.get_by_role("button", name="复制到其他月份").click()
    page.get_by_role("dialog").get_by_label("月份").fill("2023-12")
    expect(page.get_by_label("方案代码")).to_have_value("3501-2023-12-B")
    press(page, "复制")
    refused = page.get_by_role("dialog").get_by_role("alert")
    expect(refused).to_contain_text("2023-12 已有规划“12 月基准方案”（3501-2023-12-A），没有复制")


def test_who_may_only_read_is_offered_nothing_to_change(page_as: PageAs, plan: str) -> None:
    page = page_as(Role.QA, f"/plans/{plan}")
    expect(page.get_by_role("table", name="目标树")).to_be_visible()
    for words in ("提交审批", "修改目标：鼓楼支公司", "复制"):
        expect(page.get_by_role("button", name=words)).to_have_count(0)

    page = page_as(Role.MANAGER, f"/plans/{plan}")
    expect(page.get_by_role("alert")).to_contain_text("不在您的管辖范围内")


def test_whoever_sees_one_institution_finds_no_button_that_asks_for_nothing(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/income?month=2026-09")
    expect(page.get_by_label("2026 年 9 月主管的收入目标")).to_be_visible()
    expect(page.locator("form.filters:not(:has(label))")).to_have_count(0)


def test_an_income_target_names_all_that_is_unknown_and_is_worked_back_once_it_is_known(
    page_as: PageAs, service: Service
) -> None:
    page = page_as(Role.HEAD_OFFICE, "/income?month=2098-01&below=350103")
    expect(page.get_by_role("row", name="林主任")).to_contain_text("未设定")
    page.get_by_role("link", name="林主任").click()
    page.get_by_role("button", name="测算").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写收入目标、本人 FYC")

    page.get_by_label("收入目标（元/月）").fill("20000")
    page.get_by_label("本人 FYC（元/月）").fill("6000")
    page.get_by_role("button", name="测算").click()
    missing = page.get_by_label("缺少的参数")
    for name in ("团队基础", "管理津贴率", "平台成交份额"):
        expect(missing).to_contain_text(name)

    with transaction(service.engine) as session:
        for name, value in (("allowance_rate", "0.14"), ("fyc_rate", "0.25")):
            ParameterRepository(session).put(name, Decimal(value), valid_from=LATER)
    page.get_by_role("button", name="测算").click()
    expect(page.get_by_role("row", name="团队 FYC").first).to_contain_text("100,000.00")
    expect(page.get_by_role("row", name="期缴保费").first).to_contain_text("400,000.00")

    page.get_by_role("button", name="设为目标").click()
    expect(page.get_by_role("alert").filter(has_text="现缺：团队基础")).to_be_visible()


def test_the_screens_fit_and_are_accessible(page_as: PageAs, plan: str) -> None:
    page = page_as(Role.HEAD_OFFICE, f"/plans/{plan}")
    assert_sound(page)
    for path in ("/plans?month=2026-12", "/income/L1?month=2098-01"):
        opened(page, path)
        assert_sound(page)


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity"])
def test_what_is_no_number_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError, match="不是数字"):
        amount(text)


def test_thousands_may_be_separated() -> None:
    assert amount(" 1,200,000.50 ") == Decimal("1200000.50")

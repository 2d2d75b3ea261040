"""The first screen shows everybody what waits for them, and nothing else."""

from __future__ import annotations

from playwright.sync_api import expect

from api.accounts.tables import Role
from models.database import transaction
from tests.api.console.conftest import PageAs, Service


def test_a_manager_sees_the_meetings_of_the_month_and_the_commitments(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/", width=390)

    expect(page.locator(".slot")).to_have_count(4)
    expect(page.get_by_role("heading", name="待检查的承诺")).to_be_visible()
    expect(page.get_by_role("heading", name="应开未开")).to_have_count(0)


def test_whoever_reviews_sees_how_many_results_wait(page_as: PageAs) -> None:
    page = page_as(Role.QA, "/")

    expect(page.get_by_role("heading", name="待复核的结论")).to_be_visible()
    expect(page.locator(".slot")).to_have_count(0)


def test_the_head_office_sees_the_month_at_a_glance(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/")

    for name in ("覆盖率", "质检率", "平均能量值", "合格率"):
        expect(page.locator(".tile", has_text=name)).to_be_visible()
    expect(page.get_by_role("heading", name="应开未开")).to_be_visible()
    expect(page.get_by_role("heading", name="运行")).to_have_count(0)


def test_an_administrator_sees_what_failed_as_well(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/")

    expect(page.get_by_role("heading", name="运行")).to_be_visible()


def test_the_navigation_offers_only_what_the_role_permits(page_as: PageAs) -> None:
    offered = page_as(Role.MANAGER, "/").get_by_role("navigation", name="主导航")
    expect(offered.get_by_text("合规")).to_be_visible()
    expect(offered.get_by_text("账号")).to_have_count(0)

    refused = page_as(Role.MANAGER, "/accounts")
    expect(refused.get_by_role("alert")).to_contain_text("没有打开此页的权限")


def test_a_screen_is_read_while_somebody_writes(page_as: PageAs, service: Service) -> None:
    with transaction(service.engine) as session:
        session.connection()

        expect(page_as(Role.MANAGER, "/").locator(".slot")).to_have_count(4)

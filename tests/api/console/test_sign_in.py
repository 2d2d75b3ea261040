"""Signing in, and what happens when it has expired: nobody is left with a form that does nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Page, expect

from api.accounts.passwords import hash_password
from api.accounts.tables import Account, Role
from api.console import MOUNT
from models.database import transaction
from tests.api.console.conftest import LOGINS, PASSWORD, PageAs, Service, assert_sound, opened, press


def enter(page: Page, login: str) -> None:
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()


def test_a_form_after_the_sign_in_has_expired_leads_to_it_and_back_to_the_same_page(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/accounts?role=qa", alone=True)
    page.get_by_role("button", name="新建账号").click()
    page.context.clear_cookies()
    press(page, "新建")
    page.wait_for_url(f"**{MOUNT}/sign-in?*")
    expect(page.get_by_role("alert").filter(has_text="登录已过期，请重新登录。")).to_be_visible()
    page.wait_for_function("window.did_handshake")
    enter(page, LOGINS[Role.ADMINISTRATOR])
    page.wait_for_url(f"**{MOUNT}/accounts?role=qa")


def test_a_sign_in_that_does_not_reach_the_service_is_said(service: Service, browser: Browser) -> None:
    page = browser.new_page(base_url=service.url, locale="zh-CN")
    opened(page, "/sign-in")
    page.route("**/api/v1/session", lambda route: route.abort())
    enter(page, LOGINS[Role.QA])
    expect(page.get_by_role("alert").filter(has_text="没有连上服务：请检查网络后重试。")).to_be_visible()
    page.unroute("**/api/v1/session")
    enter(page, LOGINS[Role.QA])
    expect(page.get_by_role("heading", name="首页", level=1)).to_be_visible()
    page.close()


def test_a_page_that_asks_for_the_sign_in_is_opened_afterwards_with_all_of_its_address(
    service: Service, browser: Browser
) -> None:
    page = browser.new_page(base_url=service.url, locale="zh-CN")
    opened(page, "/compliance?month=2026-09&below=3501")
    assert parse_qs(urlsplit(page.url).query) == {"next": [f"{MOUNT}/compliance?month=2026-09&below=3501"]}
    expect(page.get_by_text("登录已过期")).to_have_count(0)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_text("请填写登录名、密码。")).to_be_visible()
    enter(page, LOGINS[Role.HEAD_OFFICE])
    page.wait_for_url("**/compliance?month=2026-09&below=3501")
    opened(page, "/sign-in")
    expect(page.get_by_role("heading", name="首页", level=1)).to_be_visible()
    page.close()


def test_who_signs_in_for_the_first_time_is_told_why_the_password_is_to_be_changed(
    service: Service, browser: Browser
) -> None:
    with transaction(service.engine) as session:
        session.add(
            Account(login="fresh", name="新人", role=Role.QA, must_change_password=True,
                    password_hash=hash_password(PASSWORD), created_at=datetime.now(UTC))
        )  # fmt: skip
    page = browser.new_page(base_url=service.url, locale="zh-CN")
    opened(page, "/sign-in")
    enter(page, "fresh")
    expect(page.get_by_text("首次登录或密码被重置后，须先换成自己的密码")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="修改密码", exact=True).click()
    expect(page.get_by_text("请填写原密码、新密码。")).to_be_visible()
    page.get_by_label("原密码").fill(PASSWORD)
    page.get_by_label("新密码", exact=True).fill(f"{PASSWORD}-of-my-own")
    page.get_by_label("再输一次新密码").fill(f"{PASSWORD}-of-my-own")
    page.keyboard.press("Enter")
    expect(page.get_by_text("新人，您好")).to_be_visible()
    page.close()


def test_a_refusal_has_a_way_onward(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/accounts")
    for path in ("/accounts", "/meetings/NOPE"):
        opened(page, path)
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_role("link", name="打开首页 ›").click()
        expect(page.get_by_role("heading", name="首页", level=1)).to_be_visible()

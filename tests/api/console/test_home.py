"""The first screen shows everybody what waits for them, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from nicegui.testing import User
from playwright.sync_api import expect

from api.accounts.tables import Role
from api.console.home import waiting_first
from api.meetings.schemas import SlotRow
from models.base import SHANGHAI
from models.database import transaction
from models.meetings.actions import ActionRepository
from models.meetings.compliance import SlotState
from models.meetings.tables import ActionState, SlotName
from tests.api.conftest import SignedIn
from tests.api.console.conftest import GOOD, PageAs, Play, Service


def test_a_manager_sees_the_meetings_of_the_month_and_the_commitments(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/", width=390)

    expect(page.locator(".slot")).to_have_count(4)
    expect(page.get_by_role("heading", name="待检查的承诺")).to_be_visible()
    expect(page.get_by_role("heading", name="应开未开")).to_have_count(0)


def test_what_is_due_tomorrow_is_not_hidden_by_what_has_lain_for_months(
    page_as: PageAs, service: Service
) -> None:
    today = datetime.now(SHANGHAI).date()
    due = {f"早已过期的第 {n} 件": today - timedelta(days=200 + n) for n in range(12)}
    due["明天到期的那件"] = today + timedelta(days=1)
    with transaction(service.engine) as session:
        actions = ActionRepository(session)
        codes = [
            actions.add(GOOD, what=what, at=datetime.now(UTC), who=None, owner=None, due_on=on).code
            for what, on in due.items()
        ]
    page = page_as(Role.MANAGER, "/", width=390)
    agreed = page.get_by_role("region", name="待检查的承诺")
    expect(agreed.get_by_role("button", name="了结").first).to_have_accessible_name("了结 明天到期的那件")
    expect(agreed.get_by_text("早已过期的第 11 件")).to_be_hidden()
    agreed.locator("summary").click()
    expect(agreed.get_by_text("早已过期的第 11 件")).to_be_visible()
    with transaction(service.engine) as session:
        for code in codes:
            ActionRepository(session).close(code, state=ActionState.DROPPED, on=today)


def test_the_meeting_that_is_to_be_held_now_comes_before_those_that_were() -> None:
    day = date(2026, 11, 28)
    rows = [
        SlotRow.model_construct(name=name, state=state, earliest=earliest)
        for name, state, earliest in (
            (SlotName.W1, SlotState.HELD, date(2026, 11, 6)),
            (SlotName.W2, SlotState.MISSING, date(2026, 11, 13)),
            (SlotName.W3, SlotState.HELD, date(2026, 11, 20)),
            (SlotName.MP, SlotState.PENDING, date(2026, 11, 27)),
        )
    ]
    names = [row.name for row in waiting_first(rows, day)]
    assert names == [SlotName.W2, SlotName.MP, SlotName.W1, SlotName.W3]


def test_whoever_reviews_sees_how_many_results_wait(page_as: PageAs) -> None:
    page = page_as(Role.QA, "/")

    expect(page.get_by_role("heading", name="待复核的结论")).to_be_visible()
    expect(page.locator(".slot")).to_have_count(0)


def test_the_head_office_sees_the_month_at_a_glance(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/")

    for name in ("覆盖率", "质检率", "平均能量值", "合格率"):
        expect(page.locator(".tile", has_text=name)).to_be_visible()
    expect(page.locator(".tile", has_text="合格率")).to_contain_text("场已质检")
    expect(page.get_by_role("heading", name="应开未开")).to_be_visible()
    expect(page.get_by_role("heading", name="运行")).to_have_count(0)


@pytest.mark.parametrize("_original", ["sqlite"], indirect=True)
def test_where_no_meeting_is_due_none_is_said_to_be_held(play: Play, signed_in: SignedIn) -> None:
    async def story(user: User) -> None:
        await user.open("/")
        await user.should_see("本月还没有到期的会议。")
        await user.should_not_see("到期的会议都已召开。")

    play(signed_in(Role.HEAD_OFFICE), story)


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

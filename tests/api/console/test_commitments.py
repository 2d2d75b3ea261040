"""What a meeting agreed on is confirmed, put right and closed where it is listed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from playwright.sync_api import Locator, Page, expect

from api.accounts.tables import Role
from tests.api import results
from tests.api.console.conftest import GOOD, PageAs, Service, assert_sound, opened, press, submit

DOUBTED: Final = "350102-A9"


def test_an_action_is_added_put_right_and_closed_on_the_meeting_page(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, f"/meetings/{GOOD}", width=390)
    page.get_by_role("button", name="添加行动项").click()
    press(page, "添加")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_have_text("请写明做什么。")
    dialog.get_by_label("做什么").fill("陪访两户")
    dialog.get_by_label("责任人").fill("无此人")
    press(page, "添加")
    expect(dialog.get_by_role("alert")).to_contain_text("没有在职人员")
    dialog.get_by_label("责任人").fill("人S1")
    dialog.get_by_label("期限（可不填）").fill("2026-04-02")
    press(page, "添加")
    listed = page.get_by_role("region", name="行动项")
    expect(row(page, "陪访两户")).to_contain_text("人S1 · 2026-04-02")
    assert_sound(page)

    listed.get_by_role("button", name="更正 陪访两户").click()
    dialog.get_by_label("做什么").fill("陪访三户")
    dialog.get_by_label("期限", exact=True).fill("2026-04-01")
    submit(page, "保存")
    expect(row(page, "陪访三户")).to_contain_text("人S1 · 2026-04-01")
    folded(page)
    expect(row(page, "陪访两户")).to_contain_text("已取消")

    listed.get_by_role("button", name="了结 陪访三户").click()
    dialog.get_by_label("哪天").fill("2026-09-08")
    submit(page, "了结")
    folded(page)
    expect(row(page, "陪访三户")).to_contain_text("已兑现")
    expect(listed.get_by_role("button", name="了结 陪访三户")).to_have_count(0)


def test_what_the_machine_heard_is_confirmed_on_the_first_screen(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/", width=390)
    listed = page.get_by_role("table", name="待检查的承诺")
    heard = listed.get_by_role("button", name="确认 ").first
    what = (heard.get_attribute("aria-label") or "").removeprefix("确认 ")
    heard.click()
    page.get_by_role("dialog").get_by_label("责任人").fill("S2")
    press(page, "确认")
    corrected = listed.get_by_role("row").filter(has=page.get_by_role("button", name=f"更正 {what}"))
    expect(corrected).to_contain_text("人S2")
    assert_sound(page)


def test_what_was_promised_is_read_in_lines_beside_how_late_it_is(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, f"/meetings/{GOOD}", width=1024)
    page.get_by_role("button", name="添加行动项").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("做什么").fill("邀约五位客户参加升温平台")
    dialog.get_by_label("责任人").fill("人S1")
    dialog.get_by_label("期限（可不填）").fill("2025-10-20")
    submit(page, "添加")
    opened(page, "/briefing")
    listed = page.get_by_role("table", name="要核对的承诺")
    promised = listed.get_by_role("rowheader", name="邀约五位客户参加升温平台")
    expect(promised.locator("xpath=..")).to_contain_text("2025-10-20，到开会已过")
    box = promised.bounding_box()
    assert box is not None
    assert box["width"] >= 100
    assert_sound(page)


def test_who_only_reviews_reads_what_was_agreed_and_changes_nothing(page_as: PageAs) -> None:
    page = page_as(Role.QA, f"/meetings/{GOOD}")
    listed = page.get_by_role("region", name="行动项")
    expect(listed.get_by_role("row").nth(1)).to_be_visible()
    expect(listed.get_by_role("button", name="确认")).to_have_count(0)
    expect(listed.get_by_role("button", name="了结")).to_have_count(0)


def test_what_was_heard_is_played_from_its_second_and_what_is_doubtful_comes_last(
    page_as: PageAs, service: Service
) -> None:
    found = results.good()
    first, *others = found.findings.actions
    actions = (replace(first, confidence=0.3), *(replace(one, confidence=0.9) for one in others))
    doubted = replace(found, findings=replace(found.findings, actions=actions))
    results.inspect_in_august(service.engine, DOUBTED, 15, doubted)
    page = page_as(Role.MANAGER, f"/meetings/{DOUBTED}")
    listed = page.get_by_role("region", name="行动项")
    first = listed.get_by_role("row").nth(1)
    expect(first).not_to_contain_text("不一定是承诺")
    expect(first.get_by_role("button", name="播放")).to_have_count(1)
    folded(page)
    expect(listed.get_by_role("row").last).to_contain_text("不一定是承诺，请先听")


def row(page: Page, what: str) -> Locator:
    return page.get_by_role("region", name="行动项").get_by_role("row", name=what)


def folded(page: Page) -> None:
    """Open what is folded away."""
    page.get_by_role("region", name="行动项").locator("summary").click()

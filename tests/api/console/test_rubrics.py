"""A rubric is drafted from the shipped one, put right where the editor points, tried, and published."""

from __future__ import annotations

from playwright.sync_api import Dialog, expect

from api.accounts.tables import Role
from api.console.rubrics import next_version
from tests.api.console.conftest import GOOD, PageAs, assert_sound, press

SMALL = """\
extends: weekly_review
id: console_test
version: "1"
label: 试写
pass_line: 100
"""


def test_a_draft_is_written_tried_compared_and_published(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/rubrics")
    page.get_by_role("button", name="以此起草 weekly_review@1.3").click()
    page.wait_for_url("**/rubrics/drafts/*")
    expect(page.get_by_text("写法正确")).to_be_visible()
    editor = page.get_by_role("textbox", name="量规（YAML）")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(SMALL.replace("pass_line", "past_line"))
    expect(page.get_by_role("button", name="跳到第 5 行第 1 列")).to_be_visible()
    expect(page.locator(".cm-wrong")).to_contain_text("past_line")
    assert_sound(page)
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(SMALL)
    expect(page.get_by_text("写法正确")).to_be_visible()

    page.get_by_label("月份").fill("2026-09")
    page.get_by_role("button", name="保存并比较").click()
    flipped = page.get_by_role("table", name="有变化的会议").get_by_role("row", name=GOOD)
    expect(flipped).to_contain_text("合格 →")
    expect(page.get_by_text("场分数或结论有变，其中")).to_be_visible()
    page.get_by_role("button", name="删除草稿…").click()
    press(page, "取消")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="发布…").click()
    press(page, "发布")
    page.wait_for_url("**/rubrics")
    mine = page.get_by_role("row", name="console_test 1")
    expect(mine).to_contain_text("已发布")
    mine.get_by_role("button", name="停用 console_test@1").click()
    press(page, "取消")
    expect(mine).to_contain_text("已发布")
    mine.get_by_role("button", name="停用 console_test@1").click()
    press(page, "停用")
    expect(page.get_by_role("row", name="console_test 1")).to_contain_text("已停用")


def test_a_draft_bears_the_next_version() -> None:
    assert next_version('id: a\nversion: "1.9"   # 说明\n') == 'id: a\nversion: "1.10"\n'
    assert next_version("version: beta\n") == 'version: "beta.1"\n'


def test_a_draft_that_is_not_saved_is_not_left_unasked(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/rubrics")
    page.get_by_role("button", name="以此起草 weekly_review@1.3").click()
    page.wait_for_url("**/rubrics/drafts/*")
    page.get_by_label("名称").fill("改到一半的量规")
    expect(page.get_by_role("status")).to_have_text("有未保存的改动")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="会议").click()
    expect(page.get_by_label("名称")).to_have_value("改到一半的量规")
    assert asked == ["beforeunload"]

    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("已保存")
    page.get_by_role("link", name="会议").click()
    page.wait_for_url("**/meetings")

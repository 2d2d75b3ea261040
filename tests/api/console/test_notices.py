"""Receivers of notices, values of the toolbox, speech models: seen and seen to."""

from __future__ import annotations

from playwright.sync_api import expect

from api.accounts.tables import Role
from tests.api.console.conftest import PageAs, assert_sound, press, submit


def test_a_receiver_is_made_tried_and_removed(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/notices", width=390)
    page.get_by_label("方式").click()
    page.get_by_role("option", name="邮件").click()
    page.get_by_label("名称").fill("质检组")
    page.get_by_label("接收地址").fill("不是邮箱")
    page.get_by_role("button", name="新建").click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    page.get_by_label("接收地址").fill("qa@example.com")
    page.get_by_role("checkbox", name="质检完成").click()
    page.get_by_role("button", name="新建").click()
    row = page.get_by_role("table", name="接收方").get_by_role("row", name="质检组")
    expect(row).to_contain_text("应开未开")
    expect(row).not_to_contain_text("质检完成")
    row.get_by_role("button", name="试发 质检组").click()
    page.wait_for_url("**/notices/*")
    expect(page.get_by_role("table", name="发送记录")).to_contain_text("等待发送")
    assert_sound(page)
    page.get_by_role("navigation", name="位置").get_by_role("link").click()
    page.get_by_role("button", name="删除 质检组").click()
    press(page, "删除")
    expect(page.get_by_text("还没有接收方")).to_be_visible()


def test_the_signing_key_of_a_receiver_is_shown_once(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/notices")
    page.get_by_label("名称").fill("核心系统")
    page.get_by_label("接收地址").fill("https://8.8.8.8/huijian")
    page.get_by_role("button", name="新建").click()
    key = page.locator(".secret").inner_text()
    press(page, "我已记下")
    row = page.get_by_role("table", name="接收方").get_by_role("row", name="核心系统")
    expect(row).to_contain_text("启用")
    expect(page.get_by_text(key)).to_have_count(0)
    row.get_by_role("button", name="删除 核心系统").click()
    press(page, "删除")
    expect(page.get_by_text("还没有接收方")).to_be_visible()


def test_a_value_is_set_by_hand_and_given_back(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/toolbox")
    table = page.get_by_role("table", name="活动平台转化")
    table.get_by_role("button", name="手工设定 升温平台").click()
    page.get_by_label("数值（%）").fill("12.5")
    page.get_by_label("依据").fill("上年经验")
    press(page, "保存")
    row = table.get_by_role("row", name="升温平台")
    expect(row).to_contain_text("12.5%")
    expect(row).to_contain_text("手工")
    row.get_by_role("button", name="恢复计算值 升温平台").click()
    submit(page, "恢复")
    page.get_by_text("1 个数值").click()
    expect(page.get_by_role("table", name="历次数值").get_by_role("row", name="升温平台")).to_contain_text(
        "至"
    )


def test_the_speech_models_are_listed_and_checked(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/speech-models", width=390)
    page.get_by_role("table", name="语音模型").get_by_role("button").last.click()
    expect(page.get_by_role("status")).to_contain_text("完好")

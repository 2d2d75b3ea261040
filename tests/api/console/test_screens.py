"""Every screen can be used with a screen reader, and fits a phone, in light and dark."""

from __future__ import annotations

import json
from typing import Final

from playwright.sync_api import expect

from api.accounts.tables import Role
from tests.api.console.conftest import GOOD, PageAs, assert_sound, opened

SCREENS: Final = (
    *("/", "/meetings?month=2026-09", "/compliance?month=2026-09"),
    *("/upload", "/jobs", "/batches", "/practices", "/imports", "/reviews", "/agreement", "/calibration"),
    *("/income?month=2026-09&below=350102", "/toolbox", "/institutions", "/institutions/350102"),
    *("/people", "/people/S1", "/rubrics", "/rubrics/weekly_review/1.3", "/speech-models", "/notices"),
    *("/accounts", "/calendar", "/audit", "/password"),
)
"""All that need no more than the service has; the others are looked at where they have something to show."""
SMALL: Final = """() => [...document.querySelectorAll(
    ':is(.bar, .screen) :is(.q-btn, .act, select, summary, .timeline button), .filters [data-when]')]
    .filter(one => one.checkVisibility()).map(one => {
        const {top, bottom} = getComputedStyle(one, '::after');
        const beyond = getComputedStyle(one, '::after').position === 'absolute' && parseFloat(top) < 0
            ? parseFloat(top) + parseFloat(bottom) : 0;
        return [one.getBoundingClientRect().height - beyond, one.outerHTML.slice(0, 80)];
    }).filter(([high]) => high < 44)"""
"""What is pressed by a finger and less than 44 pixels high, with what reaches beyond it."""


def test_every_screen_is_sound(page_as: PageAs) -> None:
    page = page_as(Role.ADMINISTRATOR, "/")
    for path in SCREENS:
        opened(page, path)
        expect(page.locator(".refusal")).to_have_count(0)
        assert_sound(page)
    opened(page, "/no-such-page")
    expect(page.get_by_role("alert")).to_contain_text("没有此页：请核对网址，或从首页打开。")
    assert_sound(page)
    page.get_by_role("link", name="打开首页 ›").click()
    expect(page.get_by_role("heading", name="首页", level=1)).to_be_visible()


def test_on_a_phone_the_cells_of_a_list_follow_each_other_and_only_the_unclear_bear_their_title(
    page_as: PageAs,
) -> None:
    page = page_as(Role.ADMINISTRATOR, "/institutions", width=375)
    row = page.get_by_role("table", name="机构").get_by_role("row", name="鼓楼支公司")
    titles = (
        "all => all.map(one => [one.dataset.label, getComputedStyle(one, '::before').display !== 'none'])"
    )
    assert dict(row.get_by_role("cell").evaluate_all(titles)) == {
        "级别": False, "上级": True, "应召开二会": True, "状态": False, "设立": True
    }  # fmt: skip
    box = row.bounding_box()
    assert box is not None
    assert box["height"] < 110


def test_under_a_finger_every_button_and_field_is_44_pixels_high(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/", width=390, alone=True)
    page.context.new_cdp_session(page).send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    for path in (f"/meetings/{GOOD}", "/compliance", "/management/actions", "/customers", "/briefing"):
        opened(page, path)
        page.wait_for_function("matchMedia('(pointer: coarse)').matches")
        assert (path, page.evaluate(SMALL)) == (path, [])


def test_nothing_moves_for_who_wants_no_motion(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/", width=390)
    moving = "document.querySelector('.q-btn') && [...document.querySelectorAll('*')].some(" \
             "one => getComputedStyle(one).transitionDuration !== '0s')"  # fmt: skip
    assert page.evaluate(moving) is False
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) is True


def test_the_meeting_page_is_sound_with_its_waveform_and_goes_on_paper_with_its_proofs(
    page_as: PageAs,
) -> None:
    page = page_as(Role.MANAGER, "/", width=390)
    drawn = json.dumps({"duration": 3600, "columns": [50] * 1200})
    page.route("**/waveform", lambda route: route.fulfill(body=drawn, content_type="application/json"))
    opened(page, f"/meetings/{GOOD}")
    expect(page.locator("#wave")).to_be_visible()
    assert_sound(page)
    proof = page.locator(".item .quote").first
    expect(proof).to_be_hidden()
    page.locator(".item summary").first.press("Enter")
    expect(proof).to_be_visible()
    page.locator(".item summary").first.press("Enter")

    page.evaluate("addEventListener('beforeprint', () => window.folded = document.querySelectorAll("
                  "'details:not([open])').length)")  # fmt: skip
    page.pdf()
    assert page.evaluate("window.folded") == 0
    expect(proof).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="主导航")).to_be_hidden()
    expect(page.get_by_role("button", name="提出申诉")).to_be_hidden()
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator(".item summary").first).to_have_css("color", "rgb(28, 39, 51)")
    assert page.locator(".transcript").evaluate("one => one.scrollHeight <= one.clientHeight")

"""Every screen can be used with a screen reader, and fits a phone, in light and dark."""

from __future__ import annotations

import json
from typing import Final

import pytest
from playwright.sync_api import expect

from api.accounts.tables import Role
from tests.api.console.conftest import GOOD, PageAs, assert_sound, opened, overflow, serious_findings

SCREENS: Final = (
    *("/", "/meetings?month=2026-09", "/compliance?month=2026-09", "/jobs", "/imports"),
    *("/accounts", "/calendar", "/audit"),
)


@pytest.mark.parametrize(("width", "dark"), [(390, True), (1440, False)])
def test_every_screen_is_sound(page_as: PageAs, width: int, dark: bool) -> None:
    page = page_as(Role.ADMINISTRATOR, "/", width=width, dark=dark)
    for path in SCREENS:
        opened(page, path)
        expect(page.locator(".section:visible").first).to_be_visible()
        assert (path, serious_findings(page)) == (path, [])
        assert (path, overflow(page)) == (path, 0)
        if width > 1000:  # magnified to 200 %, the window is half as wide
            page.set_viewport_size({"width": width // 2, "height": 450})
            assert (path, overflow(page)) == (path, 0)
            page.set_viewport_size({"width": width, "height": 900})


def test_the_meeting_page_is_sound_with_its_waveform_and_goes_on_paper_with_its_proofs(
    page_as: PageAs,
) -> None:
    page = page_as(Role.MANAGER, "/", width=390)
    drawn = json.dumps({"duration": 3600, "columns": [50] * 1200})
    page.route("**/waveform", lambda route: route.fulfill(body=drawn, content_type="application/json"))
    opened(page, f"/meetings/{GOOD}")
    expect(page.locator("#wave")).to_be_visible()
    assert_sound(page)
    proof = page.locator(".q-expansion-item .quote").first
    expect(proof).to_be_hidden()

    page.emulate_media(media="print")
    expect(proof).to_be_visible()
    expect(page.get_by_role("navigation", name="主导航")).to_be_hidden()
    expect(page.get_by_role("button", name="提出申诉")).to_be_hidden()
    assert page.locator(".transcript").evaluate("one => one.scrollHeight <= one.clientHeight")

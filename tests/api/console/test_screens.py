"""Every screen can be used with a screen reader, and fits a phone, in light and dark."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import expect

from api.accounts.tables import Role
from tests.api.console.conftest import PageAs, opened, overflow, serious_findings

SCREENS: Final = (
    *("/", "/meetings?month=2026-09", "/compliance?month=2026-09", "/jobs", "/imports"),
    *("/accounts", "/calendar", "/audit"),
)


@pytest.mark.parametrize(("width", "dark"), [(390, True), (1440, False)])
def test_every_screen_is_sound(page_as: PageAs, width: int, dark: bool) -> None:
    page = page_as(Role.ADMINISTRATOR, "/", width=width, dark=dark)
    for path in SCREENS:
        opened(page, path)
        expect(page.locator(".section").first).to_be_visible()
        assert (path, serious_findings(page)) == (path, [])
        assert (path, overflow(page)) == (path, 0)

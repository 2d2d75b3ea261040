"""Good practices on screen: the most frequent first, each with its words, its sound and a card to pass on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete, select

from api.accounts.tables import Role
from api.console.practices import PATH
from models.database import transaction
from models.meetings.recordings import RecordingRepository
from models.meetings.tables import Meeting, Recording
from tests.api import results
from tests.api.console.conftest import GOOD, PageAs, Service, assert_sound, opened
from tests.sound import tone, write_sound

SEPTEMBER = f"{PATH}?first=2026-09-01&last=2026-09-30"


@pytest.fixture
def recorded(service: Service) -> Iterator[None]:
    """The good meeting has a recording, whose sound was deleted since."""
    with transaction(service.engine) as session:
        RecordingRepository(session).add(GOOD, part=1, content_hash="0" * 64, file_name="鼓楼.m4a",
                                         size=1000, duration=3600.0)  # fmt: skip
    yield
    with transaction(service.engine) as session:
        held = select(Meeting.id).where(Meeting.code == GOOD).scalar_subquery()
        session.execute(delete(Recording).where(Recording.meeting_id == held))


def test_practices_are_grouped_by_kind_and_lead_to_their_meetings(page_as: PageAs) -> None:
    found = [one.label for one in results.good().findings.practices]
    page = page_as(Role.HEAD_OFFICE, SEPTEMBER)
    kinds = page.get_by_role("table", name="做法")
    for label in found:
        expect(kinds.get_by_role("row", name=label)).to_contain_text("2026-09-08")
        part = page.get_by_role("region", name=label)
        expect(part.get_by_role("link", name="鼓楼支公司")).to_have_attribute(
            "href", f"/console/meetings/{GOOD}"
        )
        expect(part.locator(".quote").first).to_be_visible()
    expect(page.locator("[data-clip]")).to_have_count(0)  # nothing was recorded
    assert_sound(page)

    kinds.get_by_role("link", name=found[0]).click()
    expect(page.get_by_role("region", name=found[0])).to_be_visible()
    expect(page.get_by_role("region", name=found[1])).to_have_count(0)
    assert_sound(page)


def test_a_period_or_place_without_practices_says_so(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, f"{PATH}?first=2026-10-01&last=2026-10-31")
    expect(page.get_by_text("没有认出值得推广的做法：换一段时间")).to_be_visible()
    opened(page, f"{SEPTEMBER}&text=某种做法")
    expect(page.get_by_text("这段时间没有这种做法")).to_be_visible()
    opened(page, f"{PATH}?first=2026-10-01&last=2026-09-01")
    expect(page.get_by_role("alert")).to_contain_text("终止日早于起始日：请核对日期。")
    opened(page, f"{SEPTEMBER}&below=没有的机构")
    expect(page.get_by_role("alert")).to_contain_text("没有名称或代码是“没有的机构”的机构")


def test_a_manager_sees_the_practices_of_their_own_part(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, SEPTEMBER)
    expect(page.locator("[data-card]").first).to_be_visible()
    expect(page.get_by_role("link", name="台江支公司")).to_have_count(0)


@pytest.mark.usefixtures("recorded")
def test_the_words_are_played_and_where_the_sound_is_gone_that_is_said(
    page_as: PageAs, tmp_path: Path
) -> None:
    page = page_as(Role.HEAD_OFFICE, SEPTEMBER)
    play = page.locator("[data-clip]").first
    play.click()
    expect(page.locator("#said")).to_contain_text("会议")
    expect(page.locator("#said")).to_have_class("shown bad")

    clip = tmp_path / "clip.wav"
    write_sound(clip, tone(440, 2), codec="pcm_s16le")
    page.route(
        "**/practices/*/audio", lambda route: route.fulfill(body=clip.read_bytes(), content_type="audio/wav")
    )
    play.click()
    page.wait_for_function("document.getElementById('sound').currentTime > 0")
    expect(page.locator("#sound")).to_have_attribute("aria-label", "鼓楼支公司 2026-09-08")
    assert_sound(page)


def test_the_card_of_a_practice_is_copied_to_be_passed_on(page_as: PageAs) -> None:
    first = results.good().findings.practices[0]
    page = page_as(Role.HEAD_OFFICE, SEPTEMBER, alone=True)
    page.evaluate("delete Navigator.prototype.canShare")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("region", name=first.label).get_by_role("button", name="发送实践卡").click()
    expect(page.locator("#said")).to_have_text("实践卡已复制：可粘贴到微信、邮件等。")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"【优秀做法】{first.label}\n鼓楼支公司 2026-09-08 周复盘会\n")
    assert first.suggestion[:10] in copied

    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")  # as without https
    page.get_by_role("region", name=first.label).get_by_role("button", name="发送实践卡").click()
    expect(page.locator("#said")).to_have_class("shown")

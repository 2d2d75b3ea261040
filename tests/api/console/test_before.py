"""The briefing is confirmed, the meeting recorded in the browser, the minutes read."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry, Role
from api.console.indicators import observed
from api.indicators.schemas import PlaceOut, RankingOut
from api.jobs.tables import InspectionJob
from models.base import SHANGHAI
from models.meetings.tables import Meeting, Recording
from tests.api.console.conftest import GOOD, PageAs, Service, assert_sound, opened


def test_a_meeting_is_prepared_and_recorded_and_its_inspection_starts_by_itself(
    page_as: PageAs, service: Service
) -> None:
    page = page_as(Role.MANAGER, "/briefing", width=390, alone=True)
    expect(page.get_by_role("region", name="会上必须讲到").locator("li").first).to_be_visible()
    page.get_by_role("button", name="确认，作为会前准备").click()
    expect(page.get_by_role("alert")).to_contain_text("目标")
    page.get_by_label("目标").fill("未达U主管 3 人各定一条措施")
    page.get_by_role("button", name="确认，作为会前准备").click()
    expect(page.get_by_role("table", name="会前准备")).to_contain_text("3 人各定一条措施")
    assert_sound(page)
    page.get_by_role("button", name="现场录音").click()
    page.wait_for_url("**/record/*")

    ready(page)
    page.get_by_role("button", name="开始录音").click()
    expect(page.locator("#recorder-sent")).to_contain_text("已上传")
    address = page.url
    page.close()  # in the middle of it: what was recorded stays on the device

    again = page.context.new_page()
    opened(again, "/")  # the first screen leads back to it
    again.get_by_role("table", name="没有传完的录音").get_by_role("link", name="接着录或接着传").click()
    again.wait_for_url(address)
    ready(again)
    expect(again.get_by_text("上次的录音中断了")).to_be_visible()
    assert_sound(again)
    again.reload()  # as on the phone: without the menu that wider windows showed
    ready(again)
    again.context.set_offline(True)
    again.evaluate(ASKED_FIRST)
    again.get_by_role("button", name="接着录").click()
    expect(again.get_by_text("正在打开麦克风")).to_be_visible()
    expect(again.get_by_role("button", name="结束并质检")).to_have_count(0)
    again.evaluate("allow()")
    expect(again.locator("#recorder-trouble")).to_contain_text("网络不通")
    again.get_by_role("button", name="结束并质检").click()
    again.get_by_role("button", name="再点一次").click()
    again.context.set_offline(False)
    expect(again.get_by_text("质检中：排队等候")).to_be_visible()

    code = address.rsplit("/", 1)[1]
    with Session(service.engine) as session:
        meeting = session.scalars(select(Meeting).where(Meeting.code == code)).one()
        parts = session.scalars(select(Recording).where(Recording.meeting_id == meeting.id)).all()
        assert [part.duration > 0 for part in parts] == [True, True]
        named = datetime.strptime(parts[0].file_name, "现场录音-%Y%m%dT%H%M%S.webm").replace(tzinfo=SHANGHAI)
        assert timedelta() <= datetime.now(SHANGHAI) - named < timedelta(hours=1), "by the clock on the wall"
        jobs = select(InspectionJob).where(InspectionJob.meeting_id == meeting.id)
        assert len(session.scalars(jobs).all()) == 1
        read = select(AuditEntry.actor).where(AuditEntry.action == "briefing.read")
        assert "manager" in session.scalars(read).all()


ASKED_FIRST = """() => {
  const microphone = navigator.mediaDevices, opened = microphone.getUserMedia.bind(microphone);
  const asked = new Promise(allowed => { window.allow = allowed; });
  microphone.getUserMedia = wanted => asked.then(() => opened(wanted));
}"""
"""The microphone opens only when the person at the device says so, after this."""


def ready(page: Page) -> None:
    page.wait_for_selector("body[data-recorder=ready]")


def test_minutes_are_read_and_taken_along_and_the_reading_is_noted(page_as: PageAs, service: Service) -> None:
    page = page_as(Role.MANAGER, f"/meetings/{GOOD}/minutes")
    agreed = page.get_by_role("region", name="行动项")
    expect(agreed.get_by_role("button", name="了结 ")).to_have_count(8)
    agreed.locator("summary").press("Enter")
    expect(agreed.get_by_role("button", name="了结 ").nth(8)).to_be_visible()
    assert_sound(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 Word").click()
    assert download.value.suggested_filename.endswith("_会议纪要.docx")
    with Session(service.engine) as session:
        noted = (
            select(AuditEntry.actor)
            .where(AuditEntry.action == "minutes.read", AuditEntry.object_code == GOOD)
            .order_by(AuditEntry.id.desc())
        )
        assert session.scalars(noted).first() == "manager"


def test_a_ranking_says_of_which_days_its_values_are() -> None:
    def ranked(*days: date | None) -> RankingOut:
        return RankingOut.model_construct(places=[PlaceOut.model_construct(as_of=day) for day in days])

    known = date(2026, 11, 21)
    assert observed(ranked(known, None, known)) == "截至 11-21"
    assert observed(ranked(known, date(2026, 11, 14))) == "各自截至 11-14 至 11-21"


def test_a_briefing_says_of_which_week_its_plans_and_results_are(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/briefing?month=2026-09&slot=W2", width=390)
    below = page.get_by_role("region", name="未达标人员")
    expect(below).to_contain_text("计划 / 实际为经营周 09-08 至 09-14")

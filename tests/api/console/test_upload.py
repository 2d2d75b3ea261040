"""Uploading from a screen: what is wrong is said before a byte is sent, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.accounts.tables import Role
from api.jobs.tables import InspectionJob, JobState
from models.database import transaction
from models.meetings.tables import Meeting, Recording
from tests.api.console.conftest import GOOD, PageAs, Service, assert_sound, opened, press, submit
from tests.sound import tone, write_sound


@pytest.fixture(autouse=True)
def nothing_waits(service: Service) -> Iterator[None]:
    """No other test finds the jobs of these recordings in the queue."""
    yield
    with transaction(service.engine) as session:
        waiting = update(InspectionJob).where(InspectionJob.state == JobState.QUEUED)
        session.execute(waiting.values(state=JobState.CANCELLED))


def send(page: Page, file: Path) -> None:
    page.locator("#files").set_input_files(file)
    page.get_by_role("button", name="开始上传").click()


def say(page: Page, *, day: str, time: str = "09:00", kind: str = "周复盘会") -> None:
    """Of which meeting it is."""
    page.get_by_label("召开日期").fill(day)
    page.get_by_label("开始时间").fill(time)
    page.get_by_label("会议类别").click()
    page.get_by_role("option", name=kind).click()


def pieces(page: Page) -> list[int]:
    """Where each piece that the page sends begins in its file; grows."""
    sent: list[int] = []
    page.on(
        "request",
        lambda asked: sent.append(int(asked.headers["upload-offset"])) if asked.method == "PATCH" else None,
    )
    return sent


def test_an_undated_file_is_refused_before_it_is_sent_and_a_second_one_is_told_its_part(
    page_as: PageAs, tmp_path: Path
) -> None:
    first = write_sound(tmp_path / "录音001.wav", tone(311, 2.0), codec="pcm_s16le")
    page = page_as(Role.MANAGER, "/upload", width=390)
    sent = pieces(page)
    page.get_by_label("开始时间").fill("09:00")
    send(page, first)
    expect(page.get_by_text("填了开始时间，请同时填写召开日期。")).to_be_visible()
    page.get_by_label("开始时间").fill("")
    page.get_by_role("button", name="开始上传").click()
    expect(page.get_by_text("“录音001.wav”看不出会议日期：请填写召开日期，例如 2026-09-08。")).to_be_visible()
    say(page, day="2099-06-08")
    page.get_by_role("button", name="开始上传").click()
    refusal = "会议的开始时间 2099-06-08 09:00 还没有到：请核对日期和时间。"
    expect(page.get_by_text(refusal)).to_be_visible()
    assert_sound(page)
    assert sent == []
    page.get_by_label("召开日期").fill("2026-06-08")
    page.get_by_role("button", name="开始上传").click()
    expect(page.get_by_text("质检中：排队等候")).to_be_visible()

    page.reload()
    page.wait_for_function("window.did_handshake")
    say(page, day="2026-06-08")
    send(page, write_sound(tmp_path / "录音002.wav", tone(322, 2.0), codec="pcm_s16le"))
    told = page.get_by_role("dialog", name="这场会议已有录音")
    expect(told).to_contain_text("鼓楼支公司 06-08 的周复盘会已有 1 段录音，这次上传的将作为第 2 段")
    press(page, "取消")
    expect(page.locator("#uploads li")).to_have_count(0)
    send(page, first)
    press(page, "接着上传")
    expect(page.get_by_role("link", name="这个录音已经传过，点此看会议")).to_be_visible()
    opened(page, "/")
    expect(page.get_by_role("table", name="没有传完的录音")).to_have_count(0)


def test_a_file_whose_date_is_found_missing_at_its_end_is_not_sent_again(
    page_as: PageAs, tmp_path: Path
) -> None:
    file = write_sound(tmp_path / "录音003.m4a", tone(333, 2.0), codec="aac")
    page = page_as(Role.MANAGER, "/upload")
    sent = pieces(page)
    send(page, file)
    expect(page.get_by_text("“录音003.m4a”看不出会议日期")).to_be_visible()
    opened(page, "/")
    unfinished = page.get_by_role("table", name="没有传完的录音").get_by_role("row", name="录音003.m4a")
    unfinished.get_by_role("link", name="再选同一文件，补上会议信息").click()
    page.wait_for_url("**/upload")
    page.wait_for_function("window.did_handshake")
    say(page, day="2026-06-15")
    send(page, file)
    expect(page.get_by_text("质检中：排队等候")).to_be_visible()
    assert sent == [0, file.stat().st_size]
    opened(page, "/")
    expect(page.get_by_role("table", name="没有传完的录音")).to_have_count(0)


def test_who_goes_on_with_a_broken_upload_need_not_choose_the_meeting_again(
    page_as: PageAs, tmp_path: Path
) -> None:
    file = write_sound(tmp_path / "录音008.wav", tone(388, 20.0), codec="pcm_s16le")
    page = page_as(Role.MANAGER, f"/upload?meeting={GOOD}", width=390)
    page.route("**/api/v1/uploads/*", lambda route: route.abort("internetdisconnected"))
    send(page, file)
    expect(page.locator("#uploads")).to_contain_text("网络不稳，正在续传…")
    page.unroute("**/api/v1/uploads/*")
    opened(page, "/")
    unfinished = page.get_by_role("table", name="没有传完的录音").get_by_role("row", name="录音008.wav")
    unfinished.get_by_role("link", name="再选同一文件接着传").click()
    page.wait_for_url(f"**/upload?meeting={GOOD}")
    page.wait_for_function("window.did_handshake")
    send(page, file)
    expect(page.get_by_text("质检中：排队等候")).to_be_visible()


def test_what_a_device_keeps_to_go_on_with_an_upload_does_not_name_the_file(
    page_as: PageAs, tmp_path: Path
) -> None:
    file = write_sound(tmp_path / "张三的家庭聚会.wav", tone(377, 20.0), codec="pcm_s16le")
    page = page_as(Role.MANAGER, "/upload")
    say(page, day="2026-05-15")
    sent = pieces(page)

    def lose_second(route: Route) -> None:
        if route.request.headers.get("upload-offset") == "0":
            return route.fallback()
        return route.abort("internetdisconnected")

    page.route("**/api/v1/uploads/*", lose_second)
    send(page, file)
    expect(page.locator("#uploads")).to_contain_text("网络不稳，正在续传…")
    assert sent[0] == 0
    kept = page.evaluate("Object.entries(localStorage).flat().join()")
    assert "/api/v1/uploads/" in kept
    assert "张三" not in kept

    page.close()
    later = page_as(Role.MANAGER, "/upload")
    say(later, day="2026-05-15")
    sent = pieces(later)
    send(later, file)
    expect(later.get_by_text("质检中：排队等候")).to_be_visible()
    assert sent[0] == 256 * 1024


def test_a_part_that_is_refused_leaves_no_doubt_about_those_after_it(page_as: PageAs, tmp_path: Path) -> None:
    first, second = tmp_path / "1.wav", tmp_path / "2.wav"
    first.write_bytes(b"no sound" * 100)
    write_sound(second, tone(399, 2.0), codec="pcm_s16le")
    page = page_as(Role.MANAGER, "/upload")
    say(page, day="2026-07-20")
    page.locator("#files").set_input_files([first, second])
    page.get_by_role("button", name="开始上传").click()
    rows = page.locator("#uploads li")
    expect(rows.nth(1)).to_contain_text("还没有上传：前一段没有传成，处理好后再点“开始上传”。")
    send(page, second)
    expect(page.get_by_text("质检中：排队等候")).to_be_visible()
    expect(rows).to_have_count(2)


def test_a_document_and_an_empty_file_are_told_what_they_are(page_as: PageAs, tmp_path: Path) -> None:
    page = page_as(Role.MANAGER, "/upload")
    sent = pieces(page)
    minutes, renamed, empty = (tmp_path / name for name in ("会议纪要.docx", "改名.wav", "空.wav"))
    for file in (minutes, renamed):
        file.write_bytes(b"PK\x03\x04" + bytes(9_000_000))
    empty.touch()
    send(page, minutes)
    expect(page.get_by_text("“会议纪要.docx”是文档、图片或压缩包，不是录音")).to_be_visible()
    assert sent == [], "of which meeting it is was asked first"
    say(page, day="2026-06-22")
    send(page, renamed)
    expect(page.get_by_text("改名.wav 是办公文档或压缩包，不是录音")).to_be_visible()
    assert len(sent) == 1, "the rest of it was sent after its first piece"
    send(page, empty)
    expect(page.get_by_text("“空.wav”是空的：请核对后重新选择文件。")).to_be_visible()


def test_a_network_lost_at_any_moment_is_waited_for(page_as: PageAs, tmp_path: Path) -> None:
    page = page_as(Role.MANAGER, "/upload", width=390)
    say(page, day="2026-06-29")
    sent, lost = pieces(page), set[str]()

    def lose_once(route: Route) -> None:
        if (method := route.request.method) in lost:
            return route.fallback()
        lost.add(method)
        return route.abort("internetdisconnected")

    page.route("**/api/v1/uploads**", lose_once)
    page.route("**/api/v1/uploads/**", lose_once)
    send(page, write_sound(tmp_path / "录音004.wav", tone(344, 20.0), codec="pcm_s16le"))
    expect(page.locator("#uploads")).to_contain_text("网络不稳，正在续传…")
    expect(page.get_by_text("质检中：排队等候")).to_be_visible()
    assert lost == {"POST", "PATCH", "HEAD", "GET"}
    assert sent[:3] == [0, 0, 256 * 1024], "the bar of a whole meeting would move but once"


def test_progress_is_followed_past_a_proxy_that_answers_for_the_service(
    page_as: PageAs, tmp_path: Path
) -> None:
    page = page_as(Role.MANAGER, "/upload")
    say(page, day="2026-07-06")
    page.route("**/events", lambda route: route.fulfill(status=502), times=1)
    send(page, write_sound(tmp_path / "录音005.wav", tone(355, 2.0), codec="pcm_s16le"))
    expect(page.get_by_text("质检中：排队等候")).to_be_visible()


def test_a_file_has_one_row_however_often_it_is_tried(page_as: PageAs, tmp_path: Path) -> None:
    file = write_sound(tmp_path / "录音006.wav", tone(366, 2.0), codec="pcm_s16le")
    page = page_as(Role.MANAGER, "/upload")
    sent = pieces(page)
    send(page, file)
    expect(page.get_by_text("“录音006.wav”看不出会议日期")).to_be_visible()
    say(page, day="2026-07-13")
    page.get_by_role("button", name="开始上传").dblclick()
    expect(page.get_by_text("质检中：排队等候")).to_be_visible()
    expect(page.locator("#uploads li")).to_have_count(1)
    assert sent == [0]


def test_the_link_of_a_meeting_that_is_due_says_which_it_is(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/upload?institution=350103&kind=monthly_planning")
    expect(page.get_by_label("机构（不选则自动识别）")).to_have_value("台江支公司")
    expect(page.get_by_label("会议类别（不选则自动识别）")).to_have_value("月规划会")
    opened(page, f"/upload?meeting={GOOD}")
    expect(page.get_by_label("哪一场会议（不选则自动识别）")).to_have_value("鼓楼支公司 · 周复盘会 · 09-08")
    opened(page, "/upload?meeting=350102-W9")
    expect(page.get_by_role("alert")).to_contain_text("350102-W9")

    home = page_as(Role.MANAGER, "/")
    for link in home.get_by_role("link", name="上传录音").all():
        assert link.get_attribute("href") != "/console/upload"


def test_a_part_of_another_meeting_is_taken_back_on_the_page_of_the_meeting(
    page_as: PageAs, service: Service, tmp_path: Path
) -> None:
    page = page_as(Role.MANAGER, "/upload", width=390)
    say(page, day="2026-05-22")
    send(page, write_sound(tmp_path / "复盘.wav", tone(411, 2.0), codec="pcm_s16le"))
    expect(page.get_by_text("质检中：排队等候")).to_be_visible()
    opened(page, "/upload")
    say(page, day="2026-05-22")
    wrong = write_sound(tmp_path / "家庭聚会.wav", tone(422, 2.0), codec="pcm_s16le")
    send(page, wrong)
    press(page, "接着上传")
    expect(page.get_by_text("家庭聚会.wav · 第 2 段")).to_be_visible()
    expect(page.get_by_text("质检中：排队等候")).to_be_visible()
    with Session(service.engine) as session:
        held = select(Meeting.code).join(Recording).where(Recording.file_name == "家庭聚会.wav")
        code = session.scalars(held).one()

    opened(page, f"/meetings/{code}")
    rows = page.get_by_role("table", name="录音分段").get_by_role("row")
    expect(rows).to_have_count(2)
    assert_sound(page)
    rows.filter(has_text="家庭聚会.wav").get_by_role("button", name="撤回 第 2 段").click()
    press(page, "撤回")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("请写明撤回原因。")
    page.get_by_role("dialog").get_by_label("撤回原因").fill("传错了会议")
    submit(page, "撤回")
    expect(rows).to_have_count(1)
    expect(rows.filter(has_text="复盘.wav")).to_be_visible()
    rows.filter(has_text="复盘.wav").get_by_role("button", name="撤回 第 1 段").click()
    expect(page.get_by_role("dialog")).to_contain_text("这场会议不再有录音，质检随之取消")

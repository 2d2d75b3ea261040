"""Batches on screen: which there are, how far one is, why something does not move, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect
from sqlalchemy import delete, select, update

from api.accounts.tables import Role
from api.batches.tables import Batch, BatchFile, FileState
from api.console.batches import PATH
from api.jobs.tables import ARCHIVE, InspectionJob, JobState
from models.database import transaction
from models.meetings.tables import Meeting
from tests.api.console.conftest import GOOD, POOR, PageAs, Service, assert_sound, opened

CODE = "B1"
REASON = "录音没有音轨：请重新导出后再发。"


@pytest.fixture
def batch(service: Service) -> Iterator[None]:
    """Of head's archive one file is refused, one waits to be sent; one meeting is done, one failed, one was
    skipped, and a line of the manifest names no file."""
    now = datetime.now(UTC)
    with transaction(service.engine) as session:
        new = Batch(
            code=CODE, name="九月归档", created_by="head", created_at=now, inspected=["350102-W0"],
            unmatched=[{"line": 7, "file": "没有.m4a", "reason": "没有这个文件：请核对文件名和子文件夹。"}],
        )  # fmt: skip
        session.add(new)
        session.flush()
        for file, state, error in (
            ("福州/坏.m4a", FileState.REFUSED, REASON),
            ("福州/晚到.m4a", FileState.WAITING, None),
        ):
            session.add(BatchFile(batch_id=new.id, file=file, size=1000, placing={}, together=file,
                                  state=state, error=error))  # fmt: skip
        for code, meeting, done, why in (
            ("JB1", GOOD, JobState.DONE, None),
            ("JB2", POOR, JobState.FAILED, "语音模型没有安装。"),
        ):
            held = session.scalars(select(Meeting.id).where(Meeting.code == meeting)).one()
            session.add(InspectionJob(code=code, meeting_id=held, state=done, priority=ARCHIVE, batch=CODE,
                                      requested_by="head", created_at=now, error=why))  # fmt: skip
    yield
    with transaction(service.engine) as session:
        session.execute(delete(InspectionJob).where(InspectionJob.batch == CODE))
        session.execute(delete(BatchFile))
        session.execute(delete(Batch))


def test_without_a_batch_the_screen_says_how_one_is_begun(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, PATH)
    expect(page.get_by_role("navigation", name="主导航").get_by_role("link", name="批次")).to_be_visible()
    expect(page.get_by_text("还没有批次")).to_contain_text("huijian batch 文件夹 --service")
    assert_sound(page)


def test_only_who_runs_batches_sees_them(page_as: PageAs) -> None:
    page = page_as(Role.QA, PATH)
    expect(page.get_by_role("alert")).to_contain_text("没有打开此页的权限")
    expect(page.get_by_role("link", name="批次")).to_have_count(0)


@pytest.mark.usefixtures("batch")
def test_the_list_tells_of_each_batch_how_far_it_is_and_leads_to_it(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, PATH)
    row = page.get_by_role("row", name="九月归档")
    for told in (
        "等着发送",
        "66.6%",
        "1 场完成",
        "1 场失败 · 1 场跳过",
        "1 个等待收取 · 1 个没有收下",
        "head",
    ):
        expect(row).to_contain_text(told)
    assert_sound(page)
    expect(row.get_by_role("link", name="九月归档")).to_have_attribute("href", f"/console{PATH}/{CODE}")
    opened(page, f"{PATH}/{CODE}")
    expect(page.get_by_role("heading", name="没有收下的文件")).to_be_visible()


@pytest.mark.usefixtures("batch")
def test_a_batch_says_why_something_does_not_move_what_was_left_out_and_what_came_of_it(
    page_as: PageAs,
) -> None:
    page = page_as(Role.HEAD_OFFICE, f"{PATH}/{CODE}")
    notes = page.get_by_role("note")
    expect(notes).to_contain_text(["1 个文件等着发送", "1 个文件没有收下", "1 场会议质检失败"])
    expect(
        page.get_by_role("table", name="没有收下的文件").get_by_role("row", name="坏.m4a")
    ).to_contain_text(REASON)
    expect(page.get_by_role("table", name="对不上会议的文件")).to_contain_text("清单第 7 行")
    skipped = page.get_by_role("table", name="已有结论而跳过的会议").get_by_role("link")
    expect(skipped).to_have_attribute("href", "/console/meetings/350102-W0")
    made = page.get_by_role("table", name="批次的会议").get_by_role("row", name=GOOD)
    expect(made).to_contain_text("合格")
    expect(made.get_by_role("link")).to_have_attribute("href", f"/console/meetings/{GOOD}")
    failed = page.get_by_role("table", name="批次的会议").get_by_role("row", name=POOR)
    expect(failed).to_contain_text("语音模型没有安装。")
    expect(failed).not_to_contain_text("不合格")  # its result is not of this batch
    assert_sound(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载结果工作簿").click()
    content = BytesIO(download.value.path().read_bytes())
    rows = load_workbook(content, read_only=True)["未完成"].iter_rows(values_only=True)
    assert {"福州/坏.m4a", "福州/晚到.m4a", POOR, "350102-W0", "没有.m4a"} <= {row[0] for row in rows}

    opened(page, f"{PATH}/{CODE}?state=failed")
    expect(page.get_by_role("table", name="批次的会议").get_by_role("row")).to_have_count(2)


@pytest.mark.usefixtures("batch")
def test_a_batch_is_paused_goes_on_and_tries_again_what_was_refused(
    page_as: PageAs, service: Service
) -> None:
    page = page_as(Role.HEAD_OFFICE, f"{PATH}/{CODE}")
    page.get_by_role("button", name="暂停").click()
    expect(page.get_by_text("已暂停：要接着做请点“继续”。")).to_be_visible()
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_text("2 个文件等着发送")).to_be_visible()
    expect(page.get_by_text("没有：收取的文件都收下了，或还在等待。")).to_be_visible()

    with transaction(service.engine) as session:  # it is refused again while somebody looks
        row = session.scalars(select(BatchFile).where(BatchFile.file == "福州/坏.m4a")).one()
        row.state, row.error = FileState.REFUSED, REASON
    expect(page.get_by_role("table", name="没有收下的文件")).to_contain_text(REASON)
    page.get_by_role("button", name="再试没有收下的文件").click()
    expect(page.get_by_text("2 个文件等着发送")).to_be_visible()

    with transaction(service.engine) as session:  # nothing waits any more, but the batch was paused
        session.execute(update(BatchFile).values(state=FileState.REFUSED, error=REASON))
        session.execute(update(Batch).values(paused=True))
    expect(page.get_by_text("2 个文件没有收下")).to_be_visible()
    page.get_by_role("button", name="再试没有收下的文件").click()
    expect(page.get_by_text("2 个文件等着发送")).to_be_visible()
    expect(page.get_by_role("button", name="暂停")).to_be_visible()

    page.get_by_role("row", name=POOR).get_by_role("button", name="重试").click()
    expect(page.get_by_role("row", name=POOR)).to_contain_text("等待")
    expect(page.get_by_text("没有工作进程在运行，任务不会开始：请联系管理员。")).to_be_visible()

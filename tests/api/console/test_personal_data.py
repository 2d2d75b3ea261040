"""What is kept how long, what must stay, and erasing somebody's data: screens for who looks after them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts.tables import AuditEntry, Role
from models.database import transaction
from models.meetings.repository import MeetingRepository
from models.organisation.tables import Institution, Person, PersonKind, Rank, RankHistory
from tests.api import results
from tests.api.console.conftest import MOUNT, PageAs, Service, assert_sound, press, submit

HELD = "350103-HELD"


@pytest.fixture
def held(service: Service) -> Iterator[str]:
    results.hold(service.engine, HELD, institution="350103", day=15)
    yield HELD
    with transaction(service.engine) as session:
        MeetingRepository(session).void(HELD)


@pytest.fixture
def left(service: Service) -> str:
    """Somebody who left."""
    with transaction(service.engine) as session:
        place = session.scalars(select(Institution.id).where(Institution.code == "350103")).one()
        person = Person(code="GONE1", name="郑远行", kind=PersonKind.AGENT, joined_on=date(2024, 1, 1),
                        left_on=date(2025, 6, 30), phone="13900139000")  # fmt: skip
        session.add(person)
        session.flush()
        rank = session.scalars(select(Rank.id).limit(1)).one()
        ended = date(2025, 6, 29)
        session.add(RankHistory(person_id=person.id, rank_id=rank, institution_id=place,
                                valid_from=person.joined_on, valid_to=ended))  # fmt: skip
    return "GONE1"


def test_a_legal_hold_is_put_on_and_lifted_and_stays_in_the_list(page_as: PageAs, held: str) -> None:
    page = page_as(Role.ADMINISTRATOR, "/retention", width=390)
    kept = page.get_by_role("table", name="保留多久")
    expect(kept.get_by_role("row", name="录音 ").first).to_contain_text("不限")
    expect(page.get_by_text("录音不限期保留，没有要删除的。")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="设为法定保留").click()
    press(page, "设为保留")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("请填写会议编号和原因。")
    page.get_by_role("dialog").get_by_label("会议编号").fill(held)
    page.get_by_role("dialog").get_by_label("原因").fill("监管调取")
    submit(page, "设为保留")
    row = page.get_by_role("table", name="法定保留").get_by_role("row").filter(has_text=held)
    expect(row).to_contain_text("监管调取")
    expect(row).to_contain_text("admin")
    row.get_by_role("button", name=f"解除 {held}").click()
    submit(page, "解除")
    expect(row).to_have_count(0)
    page.get_by_label("状态").select_option(label="已解除")
    page.get_by_role("button", name="查看").click()
    expect(row.get_by_text("已解除")).to_be_visible()


def test_somebody_is_erased_once_the_number_is_typed_again(
    page_as: PageAs, service: Service, left: str
) -> None:
    page = page_as(Role.ADMINISTRATOR, "/erasures", width=390)
    expect(page.get_by_text("还没有办理过。")).to_be_visible()
    page.get_by_role("button", name="看会涉及什么").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写工号或客户编号。")
    page.get_by_label("工号或客户编号").fill("S1")
    page.get_by_role("button", name="看会涉及什么").click()
    expect(page.get_by_role("alert")).to_contain_text("仍在职")
    page.get_by_label("工号或客户编号").fill(left)
    page.get_by_role("button", name="看会涉及什么").click()
    seen = page.get_by_role("table", name="会涉及什么")
    expect(seen).to_contain_text("郑远行")
    expect(seen).to_contain_text("台江支公司")
    assert_sound(page)
    page.get_by_role("button", name="删除个人信息").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("受理编号").fill("PI-2026-014")
    dialog.get_by_label("再输入一遍工号").fill("GONE2")
    press(page, "永久删除")
    expect(dialog.get_by_role("alert")).to_have_text("输入的工号与要删除的不同：请核对是不是此人。")
    dialog.get_by_label("再输入一遍工号").fill(left)
    press(page, "永久删除")
    result = page.get_by_role("dialog", name="已删除个人信息")
    expect(result).to_contain_text("erased-")
    submit(page, "知道了")
    expect(page.get_by_role("table", name="已办理的")).to_contain_text("PI-2026-014")
    with Session(service.engine) as session:
        assert session.scalars(select(Person).where(Person.name == "郑远行")).all() == []
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "person.erase")).one()


@pytest.mark.parametrize("path", ["/retention", "/erasures"])
def test_only_who_looks_after_personal_data_opens_the_screens(page_as: PageAs, path: str) -> None:
    page = page_as(Role.HEAD_OFFICE, path)
    expect(page.get_by_role("alert")).to_contain_text("您的角色没有打开此页的权限")
    expect(page.locator(f'a[href="{MOUNT}{path}"]')).to_have_count(0)

"""An institution is chosen, or found by its name or code: nobody needs to know codes by heart."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction
from playwright.sync_api import expect
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.access import Caller
from api.accounts.tables import Role
from api.console import where
from models.base import EVERYWHERE, Subtree
from models.database import transaction
from models.organisation.repository import InstitutionRepository
from models.organisation.tables import Institution
from models.planning.tables import Plan
from tests.api.conftest import SignedIn
from tests.api.console.conftest import PageAs, Play, assert_sound, opened
from tests.api.people import staff

BACKENDS: Final = ("sqlite",)
HEAD: Final = Caller(actor="head", role=Role.HEAD_OFFICE, permissions=frozenset(), within=EVERYWHERE)


def asker(session: Session, code: str) -> Caller:
    """Somebody who sees the institution and what is below it."""
    path = session.scalars(select(Institution.path).where(Institution.code == code)).one()
    return replace(HEAD, within=Subtree(path))


@pytest.mark.parametrize("said", ["350102", "机构350102", "机构350102 350102", " 350102 ", "鼓楼"], ids=repr)
def test_a_name_a_code_both_or_a_part_of_one_name_tell_the_institution(
    service_engine: Engine, said: str
) -> None:
    with Session(service_engine) as session:
        if said == "鼓楼":
            InstitutionRepository(session).rename("350102", name="福州鼓楼支公司")
        assert where.code_of(session, HEAD, said) == "350102"


def test_a_whole_name_wins_over_those_that_have_it_within(service_engine: Engine) -> None:
    with Session(service_engine) as session:
        assert where.code_of(session, HEAD, "机构35") == "35", "机构3501 has it within"


def test_what_is_none_or_several_or_out_of_sight_is_refused_with_what_to_do(service_engine: Engine) -> None:
    with Session(service_engine) as session:
        with pytest.raises(where.NoSuchInstitution, match="没有名称或代码是“火星”的机构"):
            where.code_of(session, HEAD, "火星")
        with pytest.raises(where.NoSuchInstitution, match="请选定其中一家，如 机构3501 3501、机构350102"):
            where.code_of(session, HEAD, "构3501")
        manager = asker(session, "350102")
        for said in ("350103", "机构350103", "机构350103 350103"):
            with pytest.raises(where.NoSuchInstitution, match="或它不在您的管辖范围内"):
                where.code_of(session, manager, said)


def test_few_are_listed_an_only_one_is_chosen_and_many_weigh_nothing(
    service_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def control(offered: where.Offered, code: str = "") -> str:
        return where.control("below", "机构", code, offered, {"": "全部"})

    with Session(service_engine) as session:
        assert control(where.offered(session, asker(session, "350102"))) == ""
        few = where.offered(session, asker(session, "3501"))
        assert list(few.names) == ["3501", "350102", "350103"]
        assert '<option value="350103" selected>机构350103</option>' in control(few, "350103")
        monkeypatch.setattr(where, "FEW", 2)
        many = where.offered(session, HEAD, "350103", below="3501", level=None)
        assert (many.many, dict(many.names)) == (True, {"350103": "机构350103"})
        field = control(many, "350103")
        assert 'value="机构350103 350103"' in field, "its name is told, not its code alone"
        assert "<option" not in field
        assert 'data-where="below=3501"' in field


def test_in_a_large_company_a_plan_is_begun_for_an_institution_by_its_name(
    play: Play, signed_in: SignedIn, service_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff(service_engine)
    monkeypatch.setattr(where, "FEW", 2)

    async def story(user: User) -> None:
        await user.open("/plans")
        press(user, "新建规划")
        await user.should_see("方案代码")
        box = next(one for one in user.find(ui.input).elements if "data-where" in one.props)
        box.value = "火星"
        press(user, "新建")
        while box.error is None:
            await asyncio.sleep(0.02)
        assert box.error.startswith("没有名称或代码是“火星”的机构")
        box.value = "机构350102"
        code = next(one for one in user.find(ui.input).elements if one.props["label"] == "方案代码")
        while not code.value:
            await asyncio.sleep(0.02)
        press(user, "新建")
        await user.should_see("规划中还没有任何目标", retries=50)

    def press(user: User, words: str) -> None:
        buttons = {one for one in user.find(ui.button).elements if one.text == words}
        UserInteraction(user, buttons, words).click()

    play(signed_in(Role.HEAD_OFFICE), story)
    with transaction(service_engine) as session:
        named = select(Institution.code).join(Plan, Plan.institution_id == Institution.id)
        assert session.scalars(named).all() == ["350102"]


def test_what_is_typed_wrong_is_said_at_its_field_and_put_right_there(page_as: PageAs) -> None:
    page = page_as(Role.HEAD_OFFICE, "/meetings?state=held&below=火星", width=390)
    field = page.get_by_role("combobox", name="机构").or_(page.get_by_role("searchbox", name="机构"))
    expect(field).to_have_value("火星")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_contain_text("没有名称或代码是“火星”的机构，或它不在您的管辖范围内")
    assert_sound(page)
    field.fill("台江")
    proposed = page.locator("#institutions option")
    expect(proposed).to_have_count(1)
    expect(proposed).to_have_attribute("value", "台江支公司 350103")
    field.fill("台江支公司 350103")
    page.get_by_role("button", name="查看").click()
    rows = page.get_by_role("table", name="会议").get_by_role("row")
    expect(rows.filter(has_text="台江支公司")).not_to_have_count(0)
    expect(rows.filter(has_text="鼓楼支公司")).to_have_count(0)
    expect(page.locator("select[name=state]")).to_have_value("held")
    expect(page.locator("select[name=below]")).to_have_value("350103")


def test_a_manager_of_one_institution_is_not_asked_and_sees_no_other(page_as: PageAs) -> None:
    page = page_as(Role.MANAGER, "/people?below=台江支公司", width=390)
    expect(page.get_by_role("alert")).to_contain_text("不在您的管辖范围内")
    for path in ("/people", "/meetings", "/plans"):
        opened(page, path)
        expect(page.get_by_role("button", name="查看").first).to_be_visible()
        expect(page.locator("form").get_by_text("机构", exact=True)).to_have_count(0)

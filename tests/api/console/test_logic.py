"""What the screens decide, without a browser: by NiceGUI's own simulated user, before the real service."""

from __future__ import annotations

import re
from typing import Final

import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction
from sqlalchemy import Engine

from api.access import PERMITTED, Permission
from api.accounts.tables import Role
from api.console import calls
from api.console.frame import DESTINATIONS
from tests.api.conftest import SignedIn
from tests.api.console.conftest import Play
from tests.api.people import staff

BACKENDS: Final = ("sqlite",)
STAFF: Final = (Role.MANAGER, Role.QA, Role.HEAD_OFFICE, Role.ADMINISTRATOR)
EDITS: Final = {
    "/people": "办理入职",
    "/plans": "新建规划",
    "/people/S1": "职级变更",
    "/institutions": "新设机构",
}
"""Screen -> a button of it that changes the model of the company."""


@pytest.fixture(autouse=True)
def _people(service_engine: Engine) -> None:
    staff(service_engine)


def button(user: User, words: str) -> UserInteraction[ui.button]:
    found = user.find(ui.button)
    return UserInteraction(user, {one for one in found.elements if one.text == words}, words)


@pytest.mark.parametrize("role", STAFF)
def test_a_role_is_offered_what_it_may_do_and_nothing_else(
    play: Play, signed_in: SignedIn, role: Role
) -> None:
    async def story(user: User) -> None:
        await user.open("/")
        with user:
            nav = next(one for one in user.find(ui.html).elements if 'class="entry' in one.content)
            led_to = set(re.findall(r'href="/console(/[^"]*)"', nav.content))
        may = PERMITTED[role]
        assert led_to == {one.path for one in DESTINATIONS if one.permission is None or one.permission in may}
        for path, words in EDITS.items():
            await user.open(path)
            await (user.should_see if Permission.EDIT_MODEL in may else user.should_not_see)(words)
        for one in DESTINATIONS:
            if one.permission is not None and one.permission not in may:
                await user.open(one.path)
                await user.should_see("您的角色没有打开此页的权限")

    institution = "350102" if role is Role.MANAGER else None
    play(signed_in(role, institution=institution), story)


def test_what_the_api_refuses_is_said_in_the_dialog_which_stays_open(play: Play, signed_in: SignedIn) -> None:
    async def story(user: User) -> None:
        await user.open("/people/S1")
        button(user, "职级变更").click()
        await user.should_see("升降都可")
        button(user, "变更").click()
        await user.should_see("人S1（S1）的职级已经是 CHIEF，无须变更。")
        await user.should_see("升降都可")

    play(signed_in(Role.HEAD_OFFICE), story)


def test_an_answer_that_does_not_come_is_said_in_the_dialog_which_stays_open(
    play: Play, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "SECONDS", 0.1)

    async def story(user: User) -> None:
        user.javascript_rules.clear()
        await user.open("/people/S1")
        button(user, "职级变更").click()
        await user.should_see("升降都可")
        button(user, "变更").click()
        await user.should_see("秒没有回答：请刷新本页，看是否已经做成，再决定是否重做。")
        await user.should_see("升降都可")

    play(signed_in(Role.HEAD_OFFICE), story)


def test_a_form_keeps_what_was_looked_for(play: Play, signed_in: SignedIn) -> None:
    async def story(user: User) -> None:
        await user.open("/people?search=人A&kind=agent&status=ended")
        form = next(one for one in user.find(ui.html).elements if "<form" in one.content)
        assert 'name="search" value="人A"' in form.content
        for chosen in ("agent", "ended"):
            assert f'<option value="{chosen}" selected>' in form.content
        await user.should_see("没有符合条件的人员")

    play(signed_in(Role.QA), story)

"""What the screens decide, without a browser: by NiceGUI's own simulated user, before the real service.

NiceGUI's fixture `user` is not used: it removes every page of the process, and the modules they are in.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from nicegui import core, run, ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction
from sqlalchemy import Engine

from api.access import PERMITTED, Permission
from api.accounts.tables import Role
from api.console import frame, mount
from api.console.frame import DESTINATIONS
from tests.api.conftest import SignedIn
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
Story = Callable[[User], Awaitable[None]]
Play = Callable[[TestClient, Story], None]


@pytest.fixture(scope="module", autouse=True)
def screens() -> None:
    """The console, once a process, on an application of its own."""
    mount(FastAPI())


@pytest.fixture
def play(app: FastAPI, service_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Tells a story of the simulated user who is signed in as the client is."""
    staff(service_engine)
    monkeypatch.setattr(frame, "_SERVICE", [app])
    for name in ("navigate", "notify", "download"):  # the simulated user puts her own there
        monkeypatch.setattr(ui, name, getattr(ui, name))

    async def told(client: TestClient, story: Story) -> None:
        served = httpx.ASGITransport(core.app)
        async with (
            core.app.router.lifespan_context(core.app),
            httpx.AsyncClient(transport=served, base_url="http://test", cookies=dict(client.cookies)) as http,
        ):
            user = User(http)
            user.javascript_rules[re.compile(r"(?s).*fetch\('/api/v1/'")] = lambda found: asked(client, found)
            await story(user)

    def start(client: TestClient, story: Story) -> None:
        try:
            with ThreadPoolExecutor(1) as apart:  # tests with a browser leave an event loop in this thread
                apart.submit(asyncio.run, told(client, story)).result()
        finally:
            run.reset()  # the service that stopped took the threads of the process with it

    return start


def asked(client: TestClient, script: re.Match[str]) -> dict[str, Any]:
    """What the browser would bring back from the API for the script of `api.console.calls`."""

    def value(behind: str) -> Any:
        _, _, rest = script.string.partition(behind)
        return json.JSONDecoder().raw_decode(rest)[0]

    path, match = value("'/api/v1/' + "), value("match = ")
    answer = client.request(
        value("{method: "), f"/api/v1/{path}", json=value("body = "),
        headers={} if match is None else {"If-Match": match},
    )  # fmt: skip
    return {"ok": answer.is_success, "body": answer.json() if answer.content else None}


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


def test_a_form_keeps_what_was_looked_for(play: Play, signed_in: SignedIn) -> None:
    async def story(user: User) -> None:
        await user.open("/people?search=人A&kind=agent&status=ended")
        form = next(one for one in user.find(ui.html).elements if "<form" in one.content)
        assert 'name="search" value="人A"' in form.content
        for chosen in ("agent", "ended"):
            assert f'<option value="{chosen}" selected>' in form.content
        await user.should_see("没有符合条件的人员")

    play(signed_in(Role.QA), story)

"""Signing in and changing the password."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import run, ui

from api.accounts.passwords import RULES
from api.accounts.tables import Language
from api.console import MOUNT
from api.console.calls import SECONDS, answered, call
from api.console.frame import View, screen, viewer
from api.console.language import known, of_stranger, speak

_POST: Final = """
try {{
  const answer = await fetch('/api/v1/session', {{
    method: 'POST', credentials: 'same-origin',
    headers: {{'Content-Type': 'application/json'}}, body: JSON.stringify({body})}});
  const told = await answer.json();
  if (answer.ok) {{ {then} }}
  return {{ok: answer.ok, body: told}};
}} catch (error) {{
  return {{ok: false, body: {{detail: '没有连上服务：请检查网络后重试。'}}}};
}}
"""
_KEEP: Final = """
if ({when}) await fetch('/api/v1/session/language', {{
  method: 'PUT', headers: {{'Content-Type': 'application/json', 'X-CSRF-Token': told.csrf_token}},
  body: JSON.stringify({{language: '{language}'}})}});
"""
"""The language of the sign-in becomes the account's."""
_NAMES: Final = {Language.CHINESE: "中文", Language.ENGLISH: "English"}


def register() -> None:
    """Add the two screens."""
    ui.page("/sign-in", title="登录 · 会鉴")(sign_in)
    screen("/password", title="修改密码")(change_password)


async def sign_in(
    request: Request, next: str = f"{MOUNT}/", language: str = "", expired: bool = False
) -> RedirectResponse | None:
    """Whoever changes the language here keeps it; so does who signs in in English for the first time.

    ``expired``: was signed in until now. The browser asks the API, which sets the cookie.
    """
    target = next if next.startswith(f"{MOUNT}/") else f"{MOUNT}/"
    if await run.io_bound(viewer, request) is not None:
        return RedirectResponse(target)
    chosen = known(language)
    spoken = chosen or of_stranger(request)
    speak(spoken, remember=chosen is not None)
    first = "told.must_change_password" if spoken is Language.ENGLISH else "false"
    keep = _KEEP.format(when="true" if chosen else first, language=spoken)
    ui.add_head_html(f'<link rel="stylesheet" href="{MOUNT}/assets/console.css">')
    ui.colors(primary="#0b5cad")
    with ui.card().classes("sign-in"):
        ui.label("会鉴").classes("brand").props("role=heading aria-level=1")
        ui.label("登录后上传录音、查看结论")
        login = ui.input("登录名").props("autofocus autocomplete=username outlined").classes("w-full")
        password = ui.input("密码", password=True, password_toggle_button=True)
        password.props("autocomplete=current-password outlined").classes("w-full")
        refused = (
            ui.label("登录已过期，请重新登录。" if expired else "").classes("negative").props("role=alert")
        )

        async def enter() -> None:
            body = json.dumps({"login": login.value, "password": password.value})
            answer = await answered(_POST.format(body=body, then=keep), SECONDS)
            refused.text = answer.refusal
            if answer.ok:
                ui.navigate.to(target.removeprefix(MOUNT))

        password.on("keydown.enter", enter)
        ui.button("登录", on_click=enter).classes("w-full")
        with ui.row().classes("languages").props('role=group aria-label="语言"'):
            for one, name in _NAMES.items():
                link = ui.link(name, f"/sign-in?{urlencode({'next': target, 'language': one})}")
                link.props(f"lang={one} {'aria-current=true' if one is spoken else ''}")
    return None


async def change_password(view: View) -> None:
    with ui.card().classes("form"):
        if view.asker.must_change_password:
            ui.label("首次登录或密码被重置后，须先换成自己的密码，再使用会鉴。").classes("lead")
        ui.label(RULES)
        old = (
            ui.input("原密码", password=True)
            .props("autocomplete=current-password outlined")
            .classes("w-full")
        )
        new = ui.input("新密码", password=True).props("autocomplete=new-password outlined").classes("w-full")
        again = (
            ui.input("再输一次新密码", password=True)
            .props("autocomplete=new-password outlined")
            .classes("w-full")
        )
        refused = ui.label().classes("negative").props("role=alert")

        async def change() -> None:
            if new.value != again.value:
                refused.text = "两次输入的新密码不一样，请重新输入。"
                return
            answer = await call(view, "POST", "session/password", {"old": old.value, "new": new.value})
            refused.text = answer.refusal
            if answer.ok:
                ui.navigate.to("/")

        for box in (old, new, again):
            box.on("keydown.enter", change)
        ui.button("修改密码", on_click=change)

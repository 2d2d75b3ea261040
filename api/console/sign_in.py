"""Signing in and changing the password. Both post to the API, which sets the cookie."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from fastapi import Request
from nicegui import ui

from api.accounts.passwords import RULES
from api.accounts.tables import Language
from api.console import MOUNT
from api.console.frame import View, screen
from api.console.language import known, of_stranger, speak

_POST: Final = """
const answer = await fetch('/api/v1/{path}', {{
  method: 'POST', credentials: 'same-origin',
  headers: {{'Content-Type': 'application/json', 'X-CSRF-Token': '{csrf}'}}, body: JSON.stringify({body})}});
const told = await answer.json();
if (!answer.ok) return told.detail;
{then}
return '';
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


async def post(path: str, body: str, *, csrf: str = "", then: str = "") -> str:
    """Let the browser post JSON to the API; returns the sentence of the refusal, "" when taken."""
    script = _POST.format(path=path, body=body, csrf=csrf, then=then)
    return str(await ui.run_javascript(script, timeout=20))


async def sign_in(request: Request, next: str = f"{MOUNT}/", language: str = "") -> None:
    """Whoever changes the language here keeps it; so does who signs in in English for the first time."""
    chosen = known(language)
    spoken = chosen or of_stranger(request)
    speak(spoken, remember=chosen is not None)
    first = "told.must_change_password" if spoken is Language.ENGLISH else "false"
    keep = _KEEP.format(when="true" if chosen else first, language=spoken)
    ui.add_head_html(f'<link rel="stylesheet" href="{MOUNT}/assets/console.css">')
    ui.colors(primary="#0b5cad")
    target = next if next.startswith(f"{MOUNT}/") else f"{MOUNT}/"
    with ui.card().classes("sign-in"):
        ui.label("会鉴").classes("brand").props("role=heading aria-level=1")
        ui.label("登录后上传录音、查看结论")
        login = ui.input("登录名").props("autofocus autocomplete=username outlined").classes("w-full")
        password = ui.input("密码", password=True, password_toggle_button=True)
        password.props("autocomplete=current-password outlined").classes("w-full")
        refused = ui.label().classes("negative").props("role=alert")

        async def enter() -> None:
            body = f"{{login: {_text(login.value)}, password: {_text(password.value)}}}"
            refused.text = await post("session", body, then=keep)
            if not refused.text:
                ui.navigate.to(target.removeprefix(MOUNT))

        password.on("keydown.enter", enter)
        ui.button("登录", on_click=enter).classes("w-full")
        with ui.row().classes("languages").props('role=group aria-label="语言"'):
            for one, name in _NAMES.items():
                link = ui.link(name, f"/sign-in?{urlencode({'next': target, 'language': one})}")
                link.props(f"lang={one} {'aria-current=true' if one is spoken else ''}")


async def change_password(view: View) -> None:
    with ui.card().classes("form"):
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
            body = f"{{old: {_text(old.value)}, new: {_text(new.value)}}}"
            refused.text = await post("session/password", body, csrf=view.csrf)
            if not refused.text:
                ui.navigate.to("/")

        ui.button("修改密码", on_click=change)


def _text(value: str) -> str:
    import json

    return json.dumps(value)

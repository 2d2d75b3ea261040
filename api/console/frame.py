"""The page around every screen: who looks, what they may open, and how a screen asks the services."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import RedirectResponse, Response
from nicegui import Client, run, ui
from nicegui import app as nicegui_app
from sqlalchemy.orm import Session

from api.access import COOKIE, Caller, Permission, caller_of, hashed
from api.accounts.repository import SignInRepository
from api.accounts.tables import Language
from api.console import MOUNT, listing, parts, where
from api.console.language import of_stranger, speak
from api.settings import Settings
from qa_pipeline.errors import HuijianError

ASSETS: Final = Path(__file__).parent / "assets"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Destination:
    """One entry of the navigation."""

    path: str
    title: str
    icon: str
    permission: Permission | None = None


DESTINATIONS: Final = (
    Destination("/", "首页", "home"),
    Destination("/briefing", "会前", "assignment", Permission.PREPARE_MEETINGS),
    Destination("/upload", "上传", "upload", Permission.UPLOAD),
    Destination("/meetings", "会议", "groups", Permission.READ_MEETINGS),
    Destination("/reviews", "复核", "fact_check", Permission.REVIEW),
    Destination("/agreement", "一致性", "balance", Permission.REVIEW),
    Destination("/compliance", "合规", "event_available", Permission.READ_COMPLIANCE),
    Destination("/practices", "优秀做法", "lightbulb", Permission.READ_MEETINGS),
    Destination("/indicators", "指标", "leaderboard", Permission.READ_MODEL),
    Destination("/customers", "客户", "bubble_chart", Permission.READ_MODEL),
    Destination("/navigator", "导航", "assistant_navigation", Permission.READ_MODEL),
    Destination("/plans", "规划", "account_tree", Permission.READ_MODEL),
    Destination("/income", "收入目标", "calculate", Permission.READ_MODEL),
    Destination("/activities", "行事历", "calendar_month", Permission.READ_MODEL),
    Destination("/management", "管理动作", "supervisor_account", Permission.READ_MODEL),
    Destination("/toolbox", "工具箱", "home_repair_service", Permission.READ_MODEL),
    Destination("/institutions", "机构", "apartment", Permission.READ_MODEL),
    Destination("/people", "人员", "badge", Permission.READ_MODEL),
    Destination("/jobs", "任务", "pending_actions", Permission.UPLOAD),
    Destination("/batches", "批次", "inventory_2", Permission.RUN_BATCHES),
    Destination("/imports", "导入", "upload_file", Permission.IMPORT),
    Destination("/rubrics", "量规", "rule", Permission.MANAGE_RUBRICS),
    Destination("/speech-models", "语音模型", "graphic_eq", Permission.MANAGE_MODELS),
    Destination("/accounts", "账号", "manage_accounts", Permission.MANAGE_ACCOUNTS),
    Destination("/notices", "通知", "notifications", Permission.MANAGE_WEBHOOKS),
    Destination("/calendar", "节假日", "edit_calendar", Permission.MANAGE_CALENDAR),
    Destination("/retention", "保留期", "auto_delete", Permission.MANAGE_RETENTION),
    Destination("/erasures", "个人信息", "person_remove", Permission.MANAGE_RETENTION),
    Destination("/audit", "审计", "policy", Permission.READ_AUDIT),
)
"""In the order in which the navigation shows them; whoever lacks the permission does not see the entry."""
SLOWEST: Final = 30
"""Seconds that a screen may take to be drawn; a month of a large company is not read in three."""
PLACES: Final = frozenset({"below", "institution"})
"""Parts of an address that are an institution."""
_SERVICE: Final[list[FastAPI]] = []


def serve(app: FastAPI) -> None:
    """The service that the screens ask (one a process, as NiceGUI has one application a process)."""
    _SERVICE[:] = [app]
    nicegui_app.add_static_files("/assets", ASSETS)
    nicegui_app.add_exception_handler(404, _lost)
    nicegui_app.add_exception_handler(Exception, _broken)


def settings() -> Settings:
    """Of the service behind the screens."""
    return cast(Settings, _SERVICE[0].state.settings)


@dataclass(frozen=True, slots=True)
class View:
    """What a screen is given: who looks, and how to ask."""

    asker: Caller
    name: str
    csrf: str
    request: Request
    language: Language

    def may(self, permission: Permission) -> bool:
        return permission in self.asker.permissions

    async def ask(self, question: Callable[..., Result], *given: Any, **named: Any) -> Result:
        """Call ``question(session, …)``, which only reads, in a session of its own, off the event loop."""

        def answer() -> Result:
            with Session(_SERVICE[0].state.engine) as session:
                return question(session, *given, **named)

        return cast(Result, await run.io_bound(answer))

    async def witness(self, question: Callable[..., Result], *given: Any, **named: Any) -> Result:
        """For what is confidential: call ``question(request=…, session=…, asker=…, …)`` as a route is called.

        The question notes in the audit trail who saw it.
        """

        def answer() -> Result:
            with Session(_SERVICE[0].state.engine, expire_on_commit=False) as session:
                found = question(*given, request=self.request, session=session, asker=self.asker, **named)
                session.commit()
                return found

        return cast(Result, await run.io_bound(answer))


def screen(
    path: str, *, title: str, permission: Permission | None = None
) -> Callable[[Callable[..., Awaitable[None]]], None]:
    """Register a screen: ``async def draw(view, **address parts)``. Strangers are led to the sign-in.

    An institution of the address may be told by its name: the screen is given its code.
    """

    def register(draw: Callable[..., Awaitable[None]]) -> None:
        @functools.wraps(draw)
        async def page(request: Request, **parts: Any) -> RedirectResponse | None:
            view = await run.io_bound(viewer, request)
            if view is None:
                return RedirectResponse(_sign_in(request))
            if view.asker.must_change_password and path != "/password":
                return RedirectResponse(f"{MOUNT}/password")
            _surround(view, title)
            with ui.column().classes("screen"):
                if permission is not None and not view.may(permission):
                    refusal("您的角色没有打开此页的权限；如有需要请联系管理员。")
                    return None
                try:
                    async with asyncio.timeout(SLOWEST):
                        for name in PLACES & parts.keys():
                            if said := parts[name].strip():
                                parts[name] = await view.ask(where.code_of, view.asker, said)
                        await draw(view, **parts)
                except where.NoSuchInstitution as error:
                    _ask_again(request, str(error))
                except HuijianError as error:
                    refusal(str(error))
                except TimeoutError:
                    refusal(f"此页 {SLOWEST} 秒内没有准备好：请缩小范围（一个机构或一个月），或稍后重试。")
            return None

        page.__signature__ = _signature(draw)  # type: ignore[attr-defined]
        ui.page(path, title=f"{title} · 会鉴", response_timeout=SLOWEST + 5)(page)

    return register


def refusal(sentence: str) -> None:
    """What could not be shown, and why; and the way onward."""
    with ui.row().classes("refusal").props("role=alert"):
        ui.icon("error_outline")
        ui.label(sentence)
    ui.link("打开首页 ›", "/").classes("onward")


def _ask_again(request: Request, refused: str) -> None:
    """The field where an institution was typed, and what is wrong with it; all else that was asked stays."""
    asked = dict(request.query_params)
    asked.pop("cursor", None)
    name = next(name for name in asked if name in PLACES)
    box = listing.Field(name, "机构", asked.pop(name), where.Offered(), refusal=refused)
    listing.filters(request.url.path.removeprefix(MOUNT), [box], **asked)


async def _lost(request: Request, error: Exception) -> Response:
    if request.url.path.startswith((f"{MOUNT}/assets/", f"{MOUNT}/_nicegui")):
        return await http_exception_handler(request, cast(HTTPException, error))
    return await _apart(request, 404, "没有此页", "没有此页：请核对网址，或从首页打开。")


async def _broken(request: Request, error: Exception) -> Response:
    """In place of the error's own words, which are for the log alone."""
    if not request.scope.get("nicegui_page_path"):
        raise error
    return await _apart(request, 500, "出错了", "服务器出错，此页没有打开：请重试；仍不行请联系管理员。")


async def _apart(request: Request, code: int, title: str, sentence: str) -> Response:
    """A page in place of the one that was asked for; with the navigation where somebody is signed in."""
    view = await run.io_bound(viewer, request)
    with Client(ui.page("", title=f"{title} · 会鉴"), request=request) as client:
        if view is None:
            ui.add_head_html(_STYLE)
            speak(of_stranger(request), remember=False)
        else:
            _surround(view, title)
        with ui.column().classes("screen"):
            refusal(sentence)
    return client.build_response(request, code)


def _sign_in(request: Request) -> str:
    """The way to the sign-in and back; assets/page.js knows it too."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    expired = {"expired": "true"} if COOKIE in request.cookies else {}
    return f"{MOUNT}/sign-in?{urlencode({**expired, 'next': here})}"


def viewer(request: Request) -> View | None:
    """Whoever is signed in; None for a stranger."""
    token = request.cookies.get(COOKIE, "")
    with Session(_SERVICE[0].state.engine) as session:
        found = SignInRepository(session).holding(hashed(token), now=datetime.now(UTC)) if token else None
        if found is None:
            return None
        sign_in, account = found
        asker = caller_of(session, account, sign_in_id=sign_in.id)
        return View(asker, account.name, sign_in.csrf_token, request, account.language)


def _surround(view: View, title: str) -> None:
    """Header with the navigation that the role permits; on a phone it folds into a drawer."""
    ui.add_head_html(f'{_STYLE}<script defer src="{MOUNT}/assets/page.js"></script>')
    speak(view.language, remember=True)
    ui.colors(primary="#0b5cad")
    shown = [d for d in DESTINATIONS if d.permission is None or view.may(d.permission)]
    with ui.left_drawer(value=None).props("show-if-above breakpoint=900 width=200 bordered") as drawer:
        entries = "".join(_entry(one, current=one.title == title) for one in shown)
        ui.html(entries, sanitize=False, tag="nav").props('aria-label="主导航"')
    with ui.header().classes("bar"):
        ui.button(icon="menu", on_click=drawer.toggle).props('flat dense aria-label="导航"').classes("menu")
        ui.label("会鉴").classes("brand")
        ui.label(title).classes("title").props("role=heading aria-level=1")
        ui.space()
        ui.button(icon="contrast").props('flat dense aria-label="深浅切换"').on(
            "click", js_handler="() => Quasar.Dark.toggle()"
        )
        with (
            parts.named(ui.button(icon="account_circle").props("flat dense"), f"账号 {view.name}"),
            ui.menu(),
        ):
            ui.menu_item(view.name).props("disable")
            other, name = _OTHER[view.language]
            script = _SPEAK.format(csrf=view.csrf, language=other)
            ui.menu_item(name, lambda: ui.run_javascript(script)).props(f"lang={other}")
            ui.menu_item("修改密码", lambda: ui.navigate.to("/password"))
            leave = _SIGN_OUT.format(csrf=view.csrf, mount=MOUNT, drafts=json.dumps(drafts_of(view)))
            ui.menu_item("退出登录", lambda: ui.run_javascript(leave))


def _entry(one: Destination, *, current: bool) -> str:
    shape = 'class="entry current" aria-current="page"' if current else 'class="entry"'
    icon = f'<i class="q-icon notranslate material-icons" aria-hidden="true">{one.icon}</i>'
    return f'<a {shape} href="{MOUNT}{one.path}">{icon}<span>{one.title}</span></a>'


_STYLE: Final = f'<link rel="stylesheet" href="{MOUNT}/assets/console.css">'
_OTHER: Final = {
    Language.CHINESE: (Language.ENGLISH, "English"),
    Language.ENGLISH: (Language.CHINESE, "中文"),
}
_SPEAK: Final = """
fetch('/api/v1/session/language', {{
  method: 'PUT', headers: {{'X-CSRF-Token': '{csrf}', 'Content-Type': 'application/json'}},
  body: JSON.stringify({{language: '{language}'}})}}).then(() => location.reload())
"""
_SIGN_OUT: Final = """
for (const key of Object.keys(localStorage)) if (key.startsWith({drafts})) localStorage.removeItem(key);
fetch('/api/v1/session', {{method: 'DELETE', headers: {{'X-CSRF-Token': '{csrf}'}}}})
  .then(() => location.assign('{mount}/sign-in'))
"""


def drafts_of(view: View) -> str:
    """With what the keys begin under which a browser keeps the account's drafts, until it signs out."""
    return f"draft {view.asker.actor} "


def _signature(draw: Callable[..., Any]) -> Any:
    """What FastAPI must read from the address: the request, and the screen's own parameters."""
    import inspect

    own = list(inspect.signature(draw, eval_str=True).parameters.values())[1:]
    request = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
    return inspect.Signature([request, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own)])

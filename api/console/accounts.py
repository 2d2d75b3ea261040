"""Accounts of people and keys of other systems: who may do what, for which institutions."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui
from sqlalchemy.orm import Session

from api.access import FOR_KEYS, Caller, Permission
from api.accounts import keys, service
from api.accounts.key_repository import KeyRepository
from api.accounts.repository import AccountRepository
from api.accounts.schemas import AccountOut, KeyOut
from api.accounts.tables import Role
from api.console import listing, parts, where
from api.console.calls import Answer, call
from api.console.dialogs import anew, confirm, deed, dialog, home, told_once
from api.console.frame import View, screen
from api.console.listing import Column, Field, Html
from api.console.meetings import chosen
from api.pages import page
from qa_pipeline.values.vocabulary import Status

PATH: Final = "/accounts"
A_PAGE: Final = 100
ROLES: Final[Mapping[Role, str]] = {
    Role.MANAGER: "经理",
    Role.QA: "质检",
    Role.HEAD_OFFICE: "总公司",
    Role.ADMINISTRATOR: "管理员",
}
PERMISSIONS: Final[Mapping[Permission, str]] = {
    Permission.READ_MEETINGS: "查看会议",
    Permission.PLAY_RECORDINGS: "播放录音",
    Permission.UPLOAD: "上传录音",
    Permission.PREPARE_MEETINGS: "登记会议",
    Permission.READ_COMPLIANCE: "查看合规",
    Permission.READ_MODEL: "查看经营数据",
    Permission.EDIT_MODEL: "修改经营数据",
    Permission.IMPORT: "导入数据",
    Permission.RUN_BATCHES: "批量质检",
    Permission.MANAGE_CALENDAR: "维护节假日",
    Permission.MANAGE_WEBHOOKS: "维护通知地址",
    Permission.READ_AUDIT: "查看审计",
}
"""What a key may be given, in words."""
EVERYTHING: Final = "全部机构"
OF_ACCOUNT: Final = "机构（不选为全部，经理必选）"
LOGIN: Final = "可用文字、数字和 . @ _ -"


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of accounts, the keys in use, and the institutions to choose from."""

    accounts: tuple[AccountOut, ...]
    further: str | None
    keys: tuple[KeyOut, ...]
    institutions: where.Offered


def register() -> None:
    """Add the screen."""
    screen(PATH, title="账号", permission=Permission.MANAGE_ACCOUNTS)(accounts)


def read(session: Session, asker: Caller, role: Role | None, cursor: str | None) -> Shown:
    lines = AccountRepository(session, within=asker.within).lines(
        role=role, disabled=None, cursor=cursor, limit=A_PAGE
    )
    found, further = page(lines, A_PAGE, lambda line: (line.account.login,))
    in_use = KeyRepository(session, within=asker.within).lines(revoked=False, cursor=None, limit=A_PAGE)
    shown, held = tuple(map(service.shown, found)), tuple(map(keys.shown, in_use))
    theirs = [one.institution for one in shown] + [one.institution for one in held]
    return Shown(shown, further, held, where.offered(session, asker, *theirs))


async def accounts(view: View, role: str = "", cursor: str = "") -> None:
    shown = await view.ask(read, view.asker, chosen(Role, role), cursor or None)
    by_login = {one.login: one for one in shown.accounts}

    async def act(name: str, code: str) -> None:
        await ACTIONS[name](view, shown, by_login[code])

    with parts.section("账号", "角色决定能做什么，机构决定能看到哪里"):
        with ui.element("div").classes("toolbar"):
            options = {"": "全部", **{key.value: word for key, word in ROLES.items()}}
            listing.filters(PATH, [Field("role", "角色", role, options=options)])
            ui.button("新建账号", icon="person_add", on_click=lambda: _create(view, shown))
        listing.table(
            "账号",
            [
                Column("登录名"),
                Column("姓名"),
                Column("角色"),
                Column("机构"),
                Column("状态"),
                Column("操作"),
            ],
            [_account(one, shown.institutions.names) for one in shown.accounts],
            on_action=act,
        )
        listing.further(PATH, shown.further, role=role)
    _keys(view, shown)


def _account(one: AccountOut, names: Mapping[str, str]) -> list[object]:
    buttons = [("change", "修改"), ("reset", "重置密码"), ("turn", "启用" if one.disabled else "停用")]
    place = EVERYTHING if one.institution is None else names.get(one.institution, one.institution)
    return [
        one.login,
        one.name,
        ROLES[one.role],
        place,
        _state(one),
        listing.joined(listing.action(name, one.login, words, subject=one.login) for name, words in buttons),
    ]


def _state(one: AccountOut) -> Html:
    if one.disabled:
        return listing.badge(Status.UNKNOWN, "已停用", "block")
    if one.locked_until is not None and one.locked_until > datetime.now(UTC):
        return listing.badge(Status.FAIL, f"锁定至 {one.locked_until:%H:%M}", "lock")
    if one.must_change_password:
        return listing.badge(Status.WARN, "待改密码", "password")
    return listing.badge(Status.PASS, "可用")


# ---------------------------------------------------------------- dialogs


def _create(view: View, shown: Shown) -> None:
    with dialog("新建账号") as opened:
        login = ui.input("登录名").props(f'outlined dense autofocus hint="{LOGIN}"').classes("w-full")
        name = ui.input("姓名").props("outlined dense").classes("w-full")
        role = _role(Role.MANAGER)
        place = home(OF_ACCOUNT, shown.institutions, optional=True)

        async def do() -> Answer:
            body = {
                "login": login.value,
                "name": name.value,
                "role": role.value,
                "institution": await where.given(view, place),
            }
            return await call(view, "POST", "accounts", body)

        deed(opened, "新建", do, _one_time)


def _role(value: Role) -> ui.select:
    options = {key.value: word for key, word in ROLES.items()}
    return ui.select(options, value=value.value, label="角色").props("outlined dense").classes("w-full")


def _one_time(body: Any) -> None:
    note = f"账号 {body['account']['login']} 的一次性密码，只显示这一次；首次登录后须修改。"
    told_once("一次性密码", note, body["one_time_password"])


async def _change(view: View, shown: Shown, one: AccountOut) -> None:
    with dialog(f"修改账号 {one.login}") as opened:
        name = ui.input("姓名", value=one.name).props("outlined dense autofocus").classes("w-full")
        role = _role(one.role)
        place = home(OF_ACCOUNT, shown.institutions, one.institution or "", optional=True)
        ui.label("改变角色或机构后，该账号须重新登录。").classes("soft")

        async def do() -> Answer:
            body = {"name": name.value, "role": role.value, "institution": await where.given(view, place)}
            return await call(view, "PATCH", f"accounts/{quote(one.login)}", body, seen=one)

        deed(opened, "保存", do, anew)


async def _reset(view: View, _: Shown, one: AccountOut) -> None:
    told = "原密码立即失效，所有设备上的登录都会退出。"
    path = f"accounts/{quote(one.login)}/password"
    confirm(f"重置 {one.login} 的密码", told, "重置", lambda: call(view, "POST", path), _one_time)


async def _turn(view: View, _: Shown, one: AccountOut) -> None:
    words = "启用" if one.disabled else "停用"
    title = f"启用账号 {one.login}" if one.disabled else f"停用账号 {one.login}"
    told = "启用后可再次登录。" if one.disabled else "停用后立即退出，不能再登录；数据都保留。"
    body = {"disabled": not one.disabled}

    def do() -> Awaitable[Answer]:
        return call(view, "PATCH", f"accounts/{quote(one.login)}", body, seen=one)

    confirm(title, told, words, do, anew, destroys=not one.disabled)


ACTIONS: Final = {"change": _change, "reset": _reset, "turn": _turn}


# ---------------------------------------------------------------- keys


def _keys(view: View, shown: Shown) -> None:
    def revoke(_: str, code: str) -> None:
        told = "吊销后用它的系统立即连不上，不能恢复。"
        path = f"api-keys/{code}"
        confirm("吊销密钥", told, "吊销", lambda: call(view, "DELETE", path), anew, destroys=True)

    with parts.section("API 密钥", "给其他系统用；只能做授予的事"):
        with ui.element("div").classes("toolbar"):
            ui.button("新建密钥", icon="key", on_click=lambda: _create_key(view, shown))
        if not shown.keys:
            parts.empty("还没有密钥：其他系统要取数或推送数据时新建。")
            return
        listing.table(
            "API 密钥",
            [
                Column("名称"),
                Column("权限"),
                Column("机构"),
                Column("最近使用"),
                Column("到期"),
                Column("操作"),
            ],
            [_key(one, shown.institutions.names) for one in shown.keys],
            on_action=revoke,
        )


def _key(one: KeyOut, names: Mapping[str, str]) -> list[object]:
    words = "、".join(PERMISSIONS[Permission(name)] for name in one.permissions)
    return [
        one.name,
        words,
        EVERYTHING if one.institution is None else names.get(one.institution, one.institution),
        f"{one.last_used_at:%Y-%m-%d %H:%M}" if one.last_used_at else "从未",
        f"{one.expires_at:%Y-%m-%d}" if one.expires_at else "不到期",
        listing.action("revoke", str(one.id), "吊销", subject=one.name),
    ]


def _create_key(view: View, shown: Shown) -> None:
    offered = {
        key.value: word for key, word in PERMISSIONS.items() if key in FOR_KEYS & view.asker.permissions
    }
    with dialog("新建 API 密钥") as opened:
        name = ui.input("名称").props("outlined dense autofocus").classes("w-full")
        may = ui.select(offered, label="权限", multiple=True, value=[]).props("outlined dense use-chips")
        may.classes("w-full")
        place = home("机构（不选为全部机构）", shown.institutions, optional=True)
        days = ui.number("有效天数（空为不到期）", value=365, min=1, max=3650, precision=0)
        days.props("outlined dense").classes("w-full")

        async def do() -> Answer:
            body = {
                "name": name.value,
                "permissions": may.value,
                "institution": await where.given(view, place),
                "days": None if days.value is None else int(days.value),
            }
            return await call(view, "POST", "api-keys", body)

        note = "只显示这一次；放入请求的 Authorization: Bearer 头。"
        deed(opened, "新建", do, lambda body: told_once("API 密钥", note, body["key"]))

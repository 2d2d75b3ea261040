"""Routes of accounts, for administrators."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import Caller, Permission, allowed
from api.accounts import service
from api.accounts.repository import AccountRepository
from api.accounts.schemas import AccountChange, AccountOut, NewAccount, OneTimePassword
from api.accounts.signing_in import as_login
from api.accounts.tables import Account, Role
from api.etags import IfMatch, Tag, require_match
from api.pages import Cursor, Limit, Page, page
from api.sessions import Database

router: Final = APIRouter(prefix="/accounts", tags=["账号"])
Administrator = Annotated[Caller, Depends(allowed(Permission.MANAGE_ACCOUNTS))]


@router.get("", summary="账号列表", operation_id="list_accounts")
def list_accounts(
    session: Database,
    asker: Administrator,
    role: Annotated[Role | None, Query(description="只看此角色")] = None,
    disabled: Annotated[bool | None, Query(description="只看已停用或未停用的")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AccountOut]:
    """按登录名排序。"""
    accounts = AccountRepository(session, within=asker.within)
    lines = accounts.lines(role=role, disabled=disabled, cursor=cursor, limit=limit)
    found, behind = page(lines, limit, lambda line: (line.account.login,))
    return Page(items=[service.shown(line) for line in found], next=behind)


@router.post("", summary="新建账号", operation_id="create_account", status_code=201)
def create_account(
    given: NewAccount, request: Request, response: Response, session: Database, asker: Administrator
) -> OneTimePassword:
    """一次性密码只在这次回答中显示。"""
    account, password = service.create(session, request, asker, given)
    response.headers["Location"] = f"{request.url.path}/{account.login}"
    return OneTimePassword(account=account, one_time_password=password)


@router.get("/{login}", summary="一个账号", operation_id="get_account")
def get_account(login: str, tag: Tag, session: Database, asker: Administrator) -> AccountOut:
    shown = service.shown(AccountRepository(session, within=asker.within).line(as_login(login)))
    tag(shown)
    return shown


@router.patch("/{login}", summary="修改角色、管辖范围，停用或启用账号", operation_id="change_account")
def change_account(
    login: str,
    given: AccountChange,
    request: Request,
    tag: Tag,
    session: Database,
    asker: Administrator,
    if_match: IfMatch,
) -> AccountOut:
    """最后一位管辖全部机构的管理员不能停用，也不能改为其他角色。"""
    line = AccountRepository(session, within=asker.within).line(as_login(login))
    require_match(if_match, service.shown(line))
    shown = service.change(session, request, asker, line.account, given)
    tag(shown)
    return shown


@router.post("/{login}/password", summary="重置为一次性密码", operation_id="reset_password")
def reset_password(login: str, request: Request, session: Database, asker: Administrator) -> OneTimePassword:
    """同时解除锁定；该账号的所有登录失效。"""
    account = _account(session, asker, login)
    password = service.reset_password(session, request, asker, account)
    line = AccountRepository(session, within=asker.within).line(account.login)
    return OneTimePassword(account=service.shown(line), one_time_password=password)


@router.delete(
    "/{login}/sessions", summary="使账号在所有设备上退出", operation_id="close_sessions", status_code=204
)
def close_sessions(login: str, request: Request, session: Database, asker: Administrator) -> None:
    service.close_sessions(session, request, asker, _account(session, asker, login))


def _account(session: Database, asker: Caller, login: str) -> Account:
    return AccountRepository(session, within=asker.within).line(as_login(login)).account

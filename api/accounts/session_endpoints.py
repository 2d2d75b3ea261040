"""Routes of one's own session: sign in and out, who am I, password, identity provider."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Cookie, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.access import COOKIE, AnyCaller, Caller, Public
from api.accounts import oidc_service, service, signing_in
from api.accounts.oidc import CALLBACK
from api.accounts.repository import SignInRepository
from api.accounts.schemas import Credentials, LanguageIn, Me, PasswordChange
from api.accounts.tables import Account
from api.audit import note
from api.limits import address_of
from api.problems import Forbidden
from api.sessions import Database

router: Final = APIRouter(tags=["登录"])
OIDC_COOKIE: Final = "huijian_oidc"
BODY: Final = 16 * 1024
"""No body of these routes is larger, and strangers may send them."""

Oneself = Annotated[Caller, Depends(AnyCaller("everybody may know and end their own session"))]
_SIGN_IN: Final = Public("nobody is signed in before signing in")
Token = Annotated[str, Query(min_length=1, max_length=2048)]


@router.post(
    "/session", summary="登录", operation_id="sign_in", dependencies=[Depends(_SIGN_IN)], max_body_size=BODY
)
def sign_in(given: Credentials, request: Request, response: Response, session: Database) -> Me:
    """返回防伪标记（CSRF），并设置会话 Cookie。"""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden("不接受从其他网站发起的登录。")
    limits = request.app.state.limits
    limits.sign_ins_from_address.take(address_of(request))
    limits.sign_ins_of_login.take(signing_in.as_login(given.login))
    opened = signing_in.sign_in(
        session, request, login=given.login, password=given.password.get_secret_value()
    )
    return _entered(session, request, response, opened)


@router.get("/session", summary="我是谁、能做什么", operation_id="who_am_i")
def who_am_i(request: Request, session: Database, asker: Oneself) -> Me:
    return service.me(session, request, asker)


@router.delete("/session", summary="退出登录", operation_id="sign_out", status_code=204)
def sign_out(request: Request, response: Response, session: Database, asker: Oneself) -> None:
    SignInRepository(session).close(_own(asker))
    note(session, request, asker, "session.close", kind="account", code=asker.actor)
    _forget(request, response)


@router.delete(
    "/sessions", summary="在所有设备上退出登录", operation_id="sign_out_everywhere", status_code=204
)
def sign_out_everywhere(request: Request, response: Response, session: Database, asker: Oneself) -> None:
    SignInRepository(session).close_all(_own_account(asker))
    note(session, request, asker, "session.close_all", kind="account", code=asker.actor)
    _forget(request, response)


@router.post("/session/password", summary="修改密码", operation_id="change_password", max_body_size=BODY)
def change_password(
    given: PasswordChange, request: Request, response: Response, session: Database, asker: Oneself
) -> Me:
    """该账号的所有登录随之失效，并重新登录当前设备。"""
    _own_account(asker)
    opened = signing_in.change_password(
        session,
        request,
        asker,
        old=given.old.get_secret_value(),
        new=given.new.get_secret_value(),
    )
    return _entered(session, request, response, opened)


@router.put("/session/language", summary="控制台用哪种语言", operation_id="set_language", status_code=204)
def set_language(given: LanguageIn, session: Database, asker: Oneself) -> None:
    session.get_one(Account, _own_account(asker)).language = given.language


@router.get(
    "/session/oidc",
    summary="到统一身份登录去",
    operation_id="begin_oidc",
    dependencies=[Depends(_SIGN_IN)],
    status_code=303,
    response_class=RedirectResponse,
)
def begin_oidc(
    request: Request,
    session: Database,
    next_path: Annotated[str, Query(alias="next", max_length=512, description="登录后去的页面")] = "/",
) -> Response:
    sent = oidc_service.begin(session, request, next_path=next_path)
    answer = RedirectResponse(sent.address, status_code=303)
    _set(request, answer, OIDC_COOKIE, sent.browser, seconds=oidc_service.PATIENCE.seconds, path=CALLBACK)
    return answer


@router.get(
    "/session/oidc/callback",
    summary="从统一身份登录回来",
    operation_id="finish_oidc",
    dependencies=[Depends(_SIGN_IN)],
    status_code=303,
    response_class=RedirectResponse,
)
def finish_oidc(
    request: Request,
    session: Database,
    state: Token,
    code: Token | None = None,
    browser: Annotated[str, Cookie(alias=OIDC_COOKIE)] = "",
) -> Response:
    if code is None:
        raise Forbidden("身份提供方没有同意这次登录：请重新登录，或联系管理员。")
    opened, next_path = oidc_service.finish(session, request, state=state, code=code, browser=browser)
    answer = RedirectResponse(next_path, status_code=303)
    _set_session(request, answer, opened)
    answer.delete_cookie(OIDC_COOKIE, path=CALLBACK)
    return answer


def _own(asker: Caller) -> int:
    """The caller's session; a key has none."""
    if asker.sign_in_id is None:
        raise Forbidden("API 密钥没有登录可言：此接口供人使用。")
    return asker.sign_in_id


def _own_account(asker: Caller) -> int:
    if asker.account_id is None:
        raise Forbidden("API 密钥没有登录可言：此接口供人使用。")
    return asker.account_id


def _entered(session: Database, request: Request, response: Response, opened: signing_in.Opened) -> Me:
    _set_session(request, response, opened)
    return service.me_of(session, request, opened)


def _set_session(request: Request, response: Response, opened: signing_in.Opened) -> None:
    seconds = int(request.app.state.settings.session_hours * 3600)
    _set(request, response, COOKIE, opened.token, seconds=seconds)


def _set(
    request: Request, response: Response, name: str, value: str, *, seconds: int, path: str = "/"
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        httponly=True,
        samesite="lax",
        secure=request.app.state.settings.secure,
    )


def _forget(request: Request, response: Response) -> None:
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.app.state.settings.secure)

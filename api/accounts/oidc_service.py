"""A sign-in through the identity provider: sent there, come back, matched to an account."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import Request
from sqlalchemy.orm import Session

from api.access import caller_of, hashed, same
from api.accounts.oidc import Identity, Provider, new_secret
from api.accounts.repository import AccountRepository, SignInRepository
from api.accounts.signing_in import Opened, as_login, open_session
from api.accounts.tables import Account, OidcAttempt
from api.audit import note
from api.problems import Forbidden, NotFound
from api.sessions import begin_writing

PATIENCE: Final = timedelta(minutes=10)
"""How long a person may take at the provider."""
_OWN_PATH: Final = re.compile(r"/(?![/\\])[A-Za-z0-9_./?=&%-]{0,500}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Where the browser goes, and the secret it takes along in a cookie."""

    address: str
    browser: str


def provider_in(request: Request) -> Provider:
    """Raises NotFound when the service has no identity provider."""
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise NotFound("本服务没有接入统一身份登录：请用密码登录。")
    return provider


def begin(session: Session, request: Request, *, next_path: str) -> Sent:
    """Raises NotFound, Unavailable. A path that leads away from here is replaced by the first page."""
    provider = provider_in(request)
    state, nonce, verifier, browser = new_secret(), new_secret(), new_secret(), new_secret()
    address = provider.address(state=state, nonce=nonce, code_verifier=verifier)
    now = datetime.now(UTC)
    begin_writing(session)
    SignInRepository(session).begin_attempt(
        OidcAttempt(
            state_hash=hashed(state),
            browser_hash=hashed(browser),
            nonce=nonce,
            code_verifier=verifier,
            next_path=next_path if _OWN_PATH.fullmatch(next_path) else "/",
            expires_at=now + PATIENCE,
        ),
        now=now,
    )
    return Sent(address=address, browser=browser)


def finish(session: Session, request: Request, *, state: str, code: str, browser: str) -> tuple[Opened, str]:
    """The new session and the path to go on to.

    Raises Forbidden for a state that is not this browser's, for a token that does not hold, and for a person
    without an account.
    """
    provider = provider_in(request)
    begin_writing(session)
    attempt = SignInRepository(session).take_attempt(hashed(state), now=datetime.now(UTC))
    session.commit()  # taken once, whatever comes of it
    if attempt is None or not same(hashed(browser), attempt.browser_hash):
        raise Forbidden("这次登录已过期，或不是从本浏览器开始的：请重新登录。")
    identity = provider.identity(code=code, nonce=attempt.nonce, code_verifier=attempt.code_verifier)
    begin_writing(session)
    account = _matched(session, request, identity)
    return open_session(session, request, account, by="oidc"), attempt.next_path


def _matched(session: Session, request: Request, identity: Identity) -> Account:
    accounts = AccountRepository(session)
    account = accounts.by_subject(identity.subject)
    if account is None and identity.login:
        account = accounts.find(as_login(identity.login), to_change=True)
        if account is not None and account.subject is not None:
            account = None  # bound to somebody else already
        if account is not None and not account.disabled:
            account.subject = identity.subject
            asker = caller_of(session, account)
            note(session, request, asker, "account.bind", kind="account", code=account.login)
    if account is None or account.disabled:
        raise Forbidden("您还没有会鉴账号，或账号已停用：请联系管理员开通。")
    if account.must_change_password:
        # Who signs in here needs no password, and a one-time password nobody changed must not live on.
        account.password_hash = None
        account.must_change_password = False
    return account

"""Signing in with a password, out, and changing the password.

What a refusal leaves behind (the count of failures, the lock) is committed before the refusal is raised,
and nothing is held in the database while a password is hashed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fastapi import Request
from sqlalchemy.orm import Session

from api.access import COOKIE, Caller, caller_of, hashed
from api.accounts import passwords
from api.accounts.repository import AccountRepository, SignInRepository
from api.accounts.tables import Account, SignIn
from api.audit import note
from api.problems import NotSignedIn
from models.base import SHANGHAI
from qa_pipeline.errors import InputError

MOST_FAILURES: Final = 5
LOCKED: Final = timedelta(minutes=15)
REFUSED: Final = (
    f"登录名或密码不对，或账号已停用、已锁定：连续输错 {MOST_FAILURES} 次会锁定 "
    f"{LOCKED.seconds // 60} 分钟；请稍后重试或联系管理员。"
)
"""One answer for every reason, so that nobody learns which logins exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A new session; the token is known to the browser only."""

    token: str
    sign_in: SignIn
    account: Account


def as_login(typed: str) -> str:
    """Logins are kept in lower case."""
    return typed.strip().casefold()


def sign_in(session: Session, request: Request, *, login: str, password: str) -> Opened:
    """Raises NotSignedIn, always with the same words and after the same work."""
    accounts = AccountRepository(session)
    login = as_login(login)
    found = accounts.find(login)
    kept = found.password_hash if found else None
    session.commit()
    right = passwords.matches(kept, password)
    stronger = passwords.hash_password(password) if right and kept and passwords.is_outdated(kept) else None
    account = _counted(session, request, login=login, kept=kept, right=right) if found else None
    if account is None:
        session.commit()
        request.app.state.metrics.refused_sign_ins.inc()
        raise NotSignedIn(REFUSED)
    if stronger:
        account.password_hash = stronger
    return open_session(session, request, account, by="password")


def open_session(session: Session, request: Request, account: Account, *, by: str) -> Opened:
    """A fresh session; the one that the browser brought along ends, so that no token outlives a sign-in."""
    now = datetime.now(SHANGHAI)
    sign_ins = SignInRepository(session)
    sign_ins.forget_ended(now=now)
    if old := request.cookies.get(COOKIE):
        sign_ins.close_token(hashed(old))
    token = secrets.token_urlsafe(32)
    opened = SignIn(
        account_id=account.id,
        token_hash=hashed(token),
        csrf_token=secrets.token_urlsafe(32),
        created_at=now,
        expires_at=now + timedelta(hours=request.app.state.settings.session_hours),
    )
    session.add(opened)
    session.flush()
    request.state.actor = account.login
    note(
        session,
        request,
        caller_of(session, account),
        "session.open",
        kind="account",
        code=account.login,
        institution_id=account.institution_id,
        by=by,
    )
    return Opened(token=token, sign_in=opened, account=account)


def change_password(session: Session, request: Request, asker: Caller, *, old: str, new: str) -> Opened:
    """Every session of the account ends and a fresh one begins.

    Raises InputError for a wrong old password, which counts like one at sign-in, and for a new one that is
    not good enough.
    """
    accounts = AccountRepository(session)
    found = accounts.find(asker.actor)
    if found is None or found.password_hash is None:
        raise InputError("此账号通过公司统一身份登录，没有密码可改。")
    kept = found.password_hash
    session.commit()
    right = passwords.matches(kept, old)
    if right:
        passwords.require_good(new, login=asker.actor, old=old)
    changed = passwords.hash_password(new) if right else None
    account = _counted(session, request, login=asker.actor, kept=kept, right=right)
    if account is None or changed is None:
        session.commit()
        raise InputError(f"原密码不对，或账号已锁定：连续输错 {MOST_FAILURES} 次会锁定。")
    account.password_hash = changed
    account.must_change_password = False
    SignInRepository(session).close_all(account.id)
    _noted(session, request, account, "account.change_password")
    return open_session(session, request, account, by="password")


def _counted(
    session: Session, request: Request, *, login: str, kept: str | None, right: bool
) -> Account | None:
    """The account when it may go on; otherwise None, and a wrong password is counted."""
    now = datetime.now(SHANGHAI)
    account = AccountRepository(session).find(login, to_change=True)
    if account is None:
        return None
    free = account.locked_until is None or account.locked_until <= now
    if right and free and not account.disabled and account.password_hash == kept:
        account.failures = 0
        account.locked_until = None
        return account
    if not right and free:
        account.failures += 1
        account.locked_until = None
        if account.failures >= MOST_FAILURES:
            account.failures = 0
            account.locked_until = now + LOCKED
            _noted(session, request, account, "account.lock")
    return None


def _noted(session: Session, request: Request, account: Account, action: str) -> None:
    note(
        session,
        request,
        caller_of(session, account),
        action,
        kind="account",
        code=account.login,
        institution_id=account.institution_id,
    )

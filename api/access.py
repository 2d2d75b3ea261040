"""Who asks, what the role permits, and which institutions it reaches: decided here and nowhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts.tables import Account, ApiKey, Role, SignIn
from api.problems import Forbidden, NotSignedIn
from api.sessions import Database
from models.base import EVERYWHERE, Subtree
from models.organisation.tables import Institution

COOKIE: Final = "huijian_session"
CSRF_HEADER: Final = "X-CSRF-Token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Permission(StrEnum):
    """What a route needs."""

    READ_MEETINGS = "read_meetings"
    PLAY_RECORDINGS = "play_recordings"
    UPLOAD = "upload"
    PREPARE_MEETINGS = "prepare_meetings"
    APPEAL = "appeal"
    EDIT_TRANSCRIPTS = "edit_transcripts"
    REVIEW = "review"
    READ_COMPLIANCE = "read_compliance"
    READ_MODEL = "read_model"
    """Organisation, plans, indicators, activities, customers of the subtree."""
    EDIT_MODEL = "edit_model"
    APPROVE_PLANS = "approve_plans"
    IMPORT = "import"
    RUN_BATCHES = "run_batches"
    MANAGE_RUBRICS = "manage_rubrics"
    MANAGE_CALENDAR = "manage_calendar"
    MANAGE_WEBHOOKS = "manage_webhooks"
    MANAGE_ACCOUNTS = "manage_accounts"
    READ_AUDIT = "read_audit"
    MANAGE_RETENTION = "manage_retention"


P = Permission
_MANAGER: Final = frozenset(
    {P.READ_MEETINGS, P.PLAY_RECORDINGS, P.UPLOAD, P.PREPARE_MEETINGS, P.APPEAL}
    | {P.READ_COMPLIANCE, P.READ_MODEL, P.EDIT_MODEL, P.IMPORT}
)
_QA: Final = frozenset(
    {
        P.READ_MEETINGS,
        P.PLAY_RECORDINGS,
        P.UPLOAD,
        P.EDIT_TRANSCRIPTS,
        P.REVIEW,
        P.READ_COMPLIANCE,
        P.READ_MODEL,
    }
)
_HEAD_OFFICE: Final = _MANAGER | {P.RUN_BATCHES, P.APPROVE_PLANS}
PERMITTED: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.MANAGER: _MANAGER,
    Role.QA: _QA,
    Role.HEAD_OFFICE: _HEAD_OFFICE,
    Role.ADMINISTRATOR: frozenset(Permission),
    Role.API_CLIENT: frozenset(),
}
"""What each role may do; a key of another system has the permissions it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. Repositories are made with ``within``, so that nothing outside the subtree is reached."""

    actor: str
    """Login, or ``key:NAME``: how the audit trail names the caller."""
    role: Role
    permissions: frozenset[Permission]
    within: Subtree
    account_id: int | None = None
    must_change_password: bool = False


def hashed(secret: str) -> str:
    """How a session token or an API key is kept (both are long and random, so a plain hash is enough)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def caller(request: Request, session: Database) -> Caller:
    """The caller by session cookie or API key. Raises NotSignedIn; Forbidden for a missing CSRF token."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key:
        return _by_key(session, key.strip())
    if token := request.cookies.get(COOKIE):
        return _by_cookie(session, request, token)
    raise NotSignedIn("请先登录，或在 Authorization 头中给出 API 密钥。")


Asker = Annotated[Caller, Depends(caller)]


def allowed(permission: Permission) -> Callable[[Caller], Caller]:
    """A dependency that lets only callers with the permission pass; the route receives the caller."""

    def check(asker: Asker) -> Caller:
        if asker.must_change_password:
            raise Forbidden("首次登录后须先修改密码。")
        if permission not in asker.permissions:
            raise Forbidden("您的角色没有此项权限；如有需要请联系管理员。")
        return asker

    return check


def _by_cookie(session: Session, request: Request, token: str) -> Caller:
    now = datetime.now(UTC)
    found = session.execute(
        select(SignIn, Account)
        .join(Account, Account.id == SignIn.account_id)
        .where(SignIn.token_hash == hashed(token), SignIn.expires_at > now, ~Account.disabled)
    ).one_or_none()
    if found is None:
        raise NotSignedIn("登录已过期，请重新登录。")
    sign_in, account = found
    if request.method not in SAFE and request.headers.get(CSRF_HEADER) != sign_in.csrf_token:
        raise Forbidden("请求缺少防伪标记，请刷新页面后重试。")
    return Caller(
        actor=account.login,
        role=account.role,
        permissions=PERMITTED[account.role],
        within=subtree(session, account.institution_id),
        account_id=account.id,
        must_change_password=account.must_change_password,
    )


def _by_key(session: Session, key: str) -> Caller:
    now = datetime.now(UTC)
    found = session.scalars(
        select(ApiKey).where(ApiKey.key_hash == hashed(key), ApiKey.revoked_at.is_(None))
    ).one_or_none()
    if found is None or (found.expires_at is not None and found.expires_at <= now):
        raise NotSignedIn("API 密钥无效或已过期。")
    return Caller(
        actor=f"key:{found.name}",
        role=Role.API_CLIENT,
        permissions=frozenset(Permission(p) for p in found.permissions),
        within=subtree(session, found.institution_id),
    )


def subtree(session: Session, institution_id: int | None) -> Subtree:
    """The subtree below an institution; everything for None."""
    if institution_id is None:
        return EVERYWHERE
    return Subtree(session.scalars(select(Institution.path).where(Institution.id == institution_id)).one())

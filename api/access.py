"""Who asks, what the role permits, and which institutions it reaches: decided here and nowhere else."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated, Final

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.accounts.key_repository import ACTOR, KeyRepository
from api.accounts.repository import SignInRepository, reach
from api.accounts.tables import Account, Role
from api.limits import address_of
from api.problems import Forbidden, NotSignedIn
from api.sessions import SAFE
from api.validation import require_known_query
from models.base import Subtree
from models.database import transaction

COOKIE: Final = "huijian_session"
CSRF_HEADER: Final = "X-CSRF-Token"
USED_EVERY: Final = timedelta(minutes=1)
"""How often the last use of an API key is written down."""


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
    MANAGE_MODELS = "manage_models"
    """Speech models of the machine."""


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
FOR_KEYS: Final = frozenset(Permission) - {
    *(P.MANAGE_ACCOUNTS, P.MANAGE_RETENTION, P.MANAGE_RUBRICS, P.MANAGE_MODELS),
    *(P.APPEAL, P.REVIEW, P.EDIT_TRANSCRIPTS, P.APPROVE_PLANS),
}
"""What a key may be given: whatever needs a person's judgement stays with people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. Repositories are made with ``within``, so that nothing outside the subtree is reached."""

    actor: str
    """Login, or ``key:NAME``: how the audit trail names the caller."""
    role: Role
    permissions: frozenset[Permission]
    within: Subtree
    institution_id: int | None = None
    """Where the subtree begins; None: everything."""
    account_id: int | None = None
    sign_in_id: int | None = None
    must_change_password: bool = False


def hashed(secret: str) -> str:
    """How a session token or an API key is kept (both are long and random, so a plain hash is enough)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def caller(request: Request) -> Caller:
    """The caller by session cookie or API key.

    Looked up in a session of its own, over at once: a request that holds a connection of the database while
    it waits for a thread keeps those from theirs that have a thread and wait for a connection.

    Raises NotSignedIn; Forbidden for a missing CSRF token; TooMany for a caller above their rate, and for an
    address that keeps trying tokens which do not hold.
    """
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    token = request.cookies.get(COOKIE)
    if not (scheme.lower() == "bearer" and key) and not token:
        raise NotSignedIn("请先登录，或在 Authorization 头中给出 API 密钥。")
    try:
        with Session(request.app.state.engine) as session:
            if scheme.lower() == "bearer" and key:
                asker = _by_key(session, request, key.strip())
            else:
                asker = _by_cookie(session, request, token or "")
    except NotSignedIn:
        request.app.state.limits.strangers.count(request, address_of(request))
        raise
    request.app.state.limits.callers.count(request, asker.actor)
    request.state.actor = asker.actor
    require_known_query(request)
    return asker


Asker = Annotated[Caller, Depends(caller)]


@dataclass(frozen=True, slots=True)
class Allowed:
    """Lets only callers with one of the permissions pass; the route receives the caller."""

    permissions: tuple[Permission, ...]

    async def __call__(self, asker: Asker) -> Caller:
        if asker.must_change_password:
            raise Forbidden("登录用的是一次性密码：请先修改密码，再使用其他功能。")
        if asker.permissions.intersection(self.permissions):
            return asker
        if asker.role is not Role.API_CLIENT:
            raise Forbidden("您的角色没有此项权限；如有需要请联系管理员。")
        needed = next((one for one in self.permissions if one in FOR_KEYS), self.permissions[0])
        able = "请由管理员另建一个有它的密钥。" if needed in FOR_KEYS else "密钥不能有它，请登录后操作。"
        raise Forbidden(f"这个密钥没有 {needed} 权限：{able}")


def allowed(*permissions: Permission) -> Allowed:
    """The dependency of a route that needs the permission, or one of several."""
    return Allowed(permissions)


@dataclass(frozen=True, slots=True)
class AnyCaller:
    """Marks a route for everybody who is signed in, whatever the role, and says why."""

    reason: str

    async def __call__(self, asker: Asker) -> Caller:
        return asker


@dataclass(frozen=True, slots=True)
class Public:
    """Marks a route that nobody need sign in for, and says why; strangers share one rate an address."""

    reason: str
    limited: bool = True
    """Not for what costs nothing and must always answer."""

    async def __call__(self, request: Request) -> None:
        if self.limited:
            request.app.state.limits.strangers.count(request, address_of(request))


def caller_of(session: Session, account: Account, *, sign_in_id: int | None = None) -> Caller:
    """The account as a caller."""
    return Caller(
        actor=account.login,
        role=account.role,
        permissions=PERMITTED[account.role],
        within=reach(session, account.institution_id),
        institution_id=account.institution_id,
        account_id=account.id,
        sign_in_id=sign_in_id,
        must_change_password=account.must_change_password,
    )


def _by_cookie(session: Session, request: Request, token: str) -> Caller:
    found = SignInRepository(session).holding(hashed(token), now=datetime.now(UTC))
    if found is None:
        raise NotSignedIn("登录已过期，请重新登录。")
    sign_in, account = found
    given = request.headers.get(CSRF_HEADER, "")
    if request.method not in SAFE and not same(given, sign_in.csrf_token):
        raise Forbidden("请求缺少防伪标记，请刷新页面后重试。")
    return caller_of(session, account, sign_in_id=sign_in.id)


def _by_key(session: Session, request: Request, key: str) -> Caller:
    now = datetime.now(UTC)
    found = KeyRepository(session).holding(hashed(key), now=now)
    if found is None:
        raise NotSignedIn("API 密钥无效或已过期。")
    if found.last_used_at is None or found.last_used_at <= now - USED_EVERY:
        request.state.afterwards.append(partial(_mark_used, request.app.state.engine, found.id, now))
    return Caller(
        actor=f"{ACTOR}{found.name}",
        role=Role.API_CLIENT,
        permissions=FOR_KEYS & {p for p in Permission if p in found.permissions},
        within=reach(session, found.institution_id),
        institution_id=found.institution_id,
    )


def _mark_used(engine: Engine, key_id: int, now: datetime) -> None:
    with transaction(engine) as session:
        KeyRepository(session).mark_used(key_id, now=now, unless_since=now - USED_EVERY)


def same(given: str, kept: str) -> bool:
    """Whether two secrets are the same, in a time that does not tell how much of them is."""
    return secrets.compare_digest(given.encode(), kept.encode())

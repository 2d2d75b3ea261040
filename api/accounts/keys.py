"""API keys: what another system may do, where, and until when.

A key outlives the account that made it: integrations do not stop when somebody leaves. It never reaches
further, or does more, than that account could when it was made.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from fastapi import Request
from sqlalchemy.orm import Session

from api.access import FOR_KEYS, Caller, hashed
from api.accounts.key_repository import KeyLine, KeyRepository
from api.accounts.schemas import KeyOut, NewKey
from api.accounts.service import placed_within
from api.accounts.tables import ApiKey
from api.audit import note
from api.problems import Conflict, Forbidden
from models.base import SHANGHAI
from qa_pipeline.errors import InputError

PREFIX: Final = "hj_"
"""So that leaked keys are found by those who search for them."""


def create(session: Session, request: Request, asker: Caller, given: NewKey) -> tuple[str, KeyOut]:
    """The key, which is not kept, and its details.

    Raises InputError for permissions that only people have, Forbidden for those that the creator lacks,
    Conflict when a key of the name is in use.
    """
    if asker.account_id is None:
        raise Forbidden("API 密钥不能再创建密钥。")
    asked = frozenset(given.permissions)
    if personal := sorted(asked - FOR_KEYS):
        raise InputError(f"以下权限只能由人行使，不能授予密钥：{'、'.join(personal)}。")
    if lacking := sorted(asked - asker.permissions):
        raise Forbidden(f"您自己没有以下权限，不能授予：{'、'.join(lacking)}。")
    keys = KeyRepository(session)
    if keys.is_taken(given.name):
        raise Conflict(f"已有名为“{given.name}”的密钥：请换一个名称，或先吊销它。")
    key = PREFIX + secrets.token_urlsafe(32)
    now = datetime.now(SHANGHAI)
    new = ApiKey(
        name=given.name,
        key_hash=hashed(key),
        permissions=sorted(asked),
        institution_id=placed_within(session, asker, given.institution),
        created_by=asker.account_id,
        created_at=now,
        expires_at=None if given.days is None else now + timedelta(days=given.days),
    )
    session.add(new)
    session.flush()
    _noted(session, request, asker, new, "api_key.create", permissions=",".join(new.permissions))
    return key, shown(keys.line(new.id))


def revoke(session: Session, request: Request, asker: Caller, key_id: int) -> None:
    """Raises NotFound; does nothing when it was revoked before."""
    key = KeyRepository(session, within=asker.within).line(key_id)[0]
    if key.revoked_at is None:
        key.revoked_at = datetime.now(SHANGHAI)
        _noted(session, request, asker, key, "api_key.revoke")


def shown(line: KeyLine) -> KeyOut:
    key, institution, created_by = line
    return KeyOut(
        id=key.id,
        name=key.name,
        permissions=key.permissions,
        institution=institution,
        created_by=created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )


def _noted(
    session: Session, request: Request, asker: Caller, key: ApiKey, action: str, **detail: str
) -> None:
    note(
        session,
        request,
        asker,
        action,
        kind="api_key",
        code=key.name,
        institution_id=key.institution_id,
        **detail,
    )

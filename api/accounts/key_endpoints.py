"""Routes of API keys, for administrators."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.access import Caller, Permission, allowed
from api.accounts import keys
from api.accounts.key_repository import KeyRepository
from api.accounts.schemas import KeyOut, KeyShown, NewKey
from api.pages import Cursor, Limit, Page, page
from api.sessions import Database

router: Final = APIRouter(prefix="/api-keys", tags=["API 密钥"])
Administrator = Annotated[Caller, Depends(allowed(Permission.MANAGE_ACCOUNTS))]


@router.get("", summary="API 密钥列表", operation_id="list_api_keys")
def list_api_keys(
    session: Database,
    asker: Administrator,
    revoked: Annotated[bool, Query(description="也列出已吊销的")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[KeyOut]:
    """新的在前。"""
    lines = KeyRepository(session, within=asker.within).lines(revoked=revoked, cursor=cursor, limit=limit)
    found, behind = page(lines, limit, lambda line: (line[0].id,))
    return Page(items=[keys.shown(line) for line in found], next=behind)


@router.post("", summary="新建 API 密钥", operation_id="create_api_key", status_code=201)
def create_api_key(given: NewKey, request: Request, session: Database, asker: Administrator) -> KeyShown:
    """密钥只在这次回答中显示。"""
    key, details = keys.create(session, request, asker, given)
    return KeyShown(key=key, details=details)


@router.delete("/{key_id}", summary="吊销 API 密钥", operation_id="revoke_api_key", status_code=204)
def revoke_api_key(key_id: int, request: Request, session: Database, asker: Administrator) -> None:
    """立即生效；密钥仍在列表中，标为已吊销。"""
    keys.revoke(session, request, asker, key_id)

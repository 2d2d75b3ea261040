"""All routes of sessions, accounts, API keys and the audit trail."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from api.accounts import account_endpoints, audit_endpoints, key_endpoints, session_endpoints

router: Final = APIRouter()
for part in (session_endpoints, account_endpoints, key_endpoints, audit_endpoints):
    router.include_router(part.router)

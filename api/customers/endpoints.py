"""All routes of customers."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from api.customers import customers, work

router: Final = APIRouter()
for part in (customers, work):
    router.include_router(part.router)

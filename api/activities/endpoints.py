"""All routes of activities and volumes."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from api.activities import events, feeds, volumes

router: Final = APIRouter()
for part in (events, feeds, volumes):
    router.include_router(part.router)

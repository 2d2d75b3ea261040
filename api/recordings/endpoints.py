"""All routes of recordings."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from api.recordings import routes, tus

router: Final = APIRouter()
for part in (routes, tus):
    router.include_router(part.router)

"""All routes of indicators, attainment and parameters."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from api.indicators import attainment, indicators, parameters

router: Final = APIRouter()
for part in (indicators, attainment, parameters):
    router.include_router(part.router)

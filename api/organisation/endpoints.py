"""All routes of the organisation."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from api.organisation import calendar, institutions, people

router: Final = APIRouter()
for part in (institutions, people, calendar):
    router.include_router(part.router)

"""All routes of meetings."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from api.meetings import actions, practices, routes, scorecards, transcripts

router: Final = APIRouter()
for part in (routes, scorecards, transcripts, actions, practices):
    router.include_router(part.router)

"""All routes of plans, their targets and income targets."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from api.plans import income, plans, targets

router: Final = APIRouter()
for part in (plans, targets, income):
    router.include_router(part.router)

"""A small company with the standard indicators, and its plans."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from models.indicators.repository import IndicatorRepository
from models.planning.repository import PlanRepository
from tests.models.company import Company


@pytest.fixture
def company(session: Session) -> Company:
    IndicatorRepository(session).define()
    return Company(session)


@pytest.fixture
def plans(company: Company) -> PlanRepository:
    return PlanRepository(company.session)

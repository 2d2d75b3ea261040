"""The small company of the model's tests beside the service's own tree, with the standard indicators."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from models.database import transaction
from models.indicators.repository import IndicatorRepository
from tests.models.company import Company


@pytest.fixture
def company(service_engine: Engine) -> Company:
    """Stays readable after its transaction; institutions ``head`` … ``A`` and ``B``."""
    with transaction(service_engine) as session:
        IndicatorRepository(session).define()
        return Company(session)

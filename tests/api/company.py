"""The small company of the model's tests beside the service's own tree, with the standard indicators."""

from __future__ import annotations

from sqlalchemy import Engine

from models.database import transaction
from models.indicators.repository import IndicatorRepository
from tests.models.company import Company


def found_company(engine: Engine) -> Company:
    """Institutions ``head`` … ``A`` and ``B``; readable after its transaction."""
    with transaction(engine) as session:
        IndicatorRepository(session).define()
        return Company(session)

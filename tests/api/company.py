"""The small company of the model's tests beside the service's own tree, with the standard indicators."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import Engine

from models.customers.tables import Customer, CustomerSource, Sale
from models.database import transaction
from models.indicators.repository import IndicatorRepository
from tests.models.company import Company

KNOWN = date(2025, 1, 1)


def found_company(engine: Engine) -> Company:
    """Institutions ``head`` … ``A`` and ``B``; readable after its transaction."""
    with transaction(engine) as session:
        IndicatorRepository(session).define()
        return Company(session)


def add_customers(engine: Engine, company: Company) -> dict[str, int]:
    """K1 and K2 of A1a, K3 of A2a, K9 of B1a, by key; K1 bought the policy P1."""
    with transaction(engine) as session:
        rows = [
            Customer(code=code, name=f"郑美玲{code}", agent_id=company.people[agent].id, phone="13812345678",
                     source=CustomerSource.WARM, known_since=KNOWN)
            for code, agent in (("K1", "A1a"), ("K2", "A1a"), ("K3", "A2a"), ("K9", "B1a"))
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        session.add(
            Sale(code="P1", customer_id=rows[0].id, agent_id=rows[0].agent_id, signed_on=date(2025, 11, 12),
                 premium=Decimal(12000), fyc=Decimal(3600), cooling_off_ends=date(2025, 11, 27))
        )  # fmt: skip
        return {row.code: row.id for row in rows}

"""Drafts of plans for the tests, and how to read their trees."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from models.base import Scope
from models.planning.repository import PlanRepository
from models.planning.tables import Plan
from tests.models.company import Company

JULY = date(2026, 7, 1)
NOW = datetime(2026, 6, 28, 1, tzinfo=UTC)
D = Decimal


def draft(company: Company, code: str = "P1", institution: str = "A") -> Plan:
    return PlanRepository(company.session).create(
        code=code, name=f"七月规划{code}", institution_id=company.institutions[institution].id, month=JULY
    )


def sound(company: Company, code: str = "P1") -> Plan:
    """A draft that may be submitted."""
    plan = draft(company, code)
    repository = PlanRepository(company.session)
    repository.set_root(plan.id, "regular_premium", D(1000))
    repository.set_root(plan.id, "visits", D(50))
    return plan


def values(plans: PlanRepository, plan: Plan) -> dict[tuple[str, str, bool], Decimal]:
    return {(node.name, node.code, node.is_unassigned): node.value for node in plans.nodes(plan.id)}


def child(plans: PlanRepository, plan: Plan, scope: Scope) -> int:
    return next(node.id for node in plans.nodes(plan.id) if node.scope == scope and not node.is_unassigned)

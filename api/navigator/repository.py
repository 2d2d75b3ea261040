"""The state of one recommendation."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from models.base import Repository
from models.customers.placement import placed
from models.customers.tables import Customer
from models.navigator.tables import Recommendation, RecommendationState


class RecommendationRepository(Repository):
    """Recommendations belong to where the customer's agent stands on the day asked about."""

    def state(self, recommendation_id: int, *, on: date) -> RecommendationState | None:
        """None: no such recommendation that may be seen."""
        query = select(Recommendation.state).join(Customer, Customer.id == Recommendation.customer_id)
        query = placed(query, Customer.agent_id, on=on, within=self.within)
        found: RecommendationState | None = self.session.scalar(
            query.where(Recommendation.id == recommendation_id)
        )
        return found

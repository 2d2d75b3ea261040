"""Lists of customers, a page at a time, and one customer's weeks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, not_, select

from api.pages import after
from models.base import Repository
from models.customers.parameters import CustomerParameters
from models.customers.placement import placed
from models.customers.quadrant import Quadrant
from models.customers.repository import in_week
from models.customers.tables import Customer, CustomerSnapshot, CustomerSource, InventoryEntry
from models.organisation.tables import Institution, Person


class CustomerListRepository(Repository):
    """Customers belong to where their agent stands on the day asked about."""

    def customers(
        self,
        *,
        below: str,
        on: date,
        week_ends: date,
        parameters: CustomerParameters,
        agent: str | None,
        quadrant: Quadrant | None,
        source: CustomerSource | None,
        search: str | None,
        not_inventoried_since: date | None,
        cursor: str | None,
        limit: int,
    ) -> Sequence[Row[Any]]:
        """(customer, agent's number, snapshot of the week or None), in the order of the codes.

        ``not_inventoried_since``: those that no inventory labelled from then to ``on``, both included (R32).
        """
        # Which customers these are is told by their codes alone: only those shown are read whole.
        query = self._visible(select(Customer.id), on).where(Institution.path.startswith(below))
        if agent is not None:
            query = query.join(Person, Person.id == Customer.agent_id).where(Person.code == agent)
        if quadrant is not None:
            query = query.join(CustomerSnapshot, in_week(CustomerSnapshot, week_ends)).where(
                _lies_in(quadrant, parameters)
            )
        if source is not None:
            query = query.where(Customer.source == source)
        if search is not None:
            query = query.where(Customer.code.startswith(search, autoescape=True))
        if not_inventoried_since is not None:
            query = query.where(not_(_inventoried(not_inventoried_since, on)))
        shown = after(query, [Customer.code], cursor, limit).subquery()
        whole = (
            select(Customer, Person.code, CustomerSnapshot)
            .join(shown, shown.c.id == Customer.id)
            .join(Person, Person.id == Customer.agent_id)
            .outerjoin(CustomerSnapshot, in_week(CustomerSnapshot, week_ends))
            .order_by(Customer.code)
        )
        return self.session.execute(whole).all()

    def one(self, code: str, *, on: date) -> Row[Any] | None:
        """(customer, agent's number, institution) or None."""
        query = select(Customer, Person.code, Institution).join(Person, Person.id == Customer.agent_id)
        return self.session.execute(self._visible(query, on).where(Customer.code == code)).one_or_none()

    def snapshots(self, customer_id: int, *, cursor: str | None, limit: int) -> Sequence[CustomerSnapshot]:
        """The customer's weeks, the newest first."""
        query = select(CustomerSnapshot).where(CustomerSnapshot.customer_id == customer_id)
        keys = [CustomerSnapshot.week_ends]
        return self.session.scalars(after(query, keys, cursor, limit, descending=True)).all()

    def _visible(self, query: Select[Any], on: date) -> Select[Any]:
        return placed(query, Customer.agent_id, on=on, within=self.within)


def _inventoried(first: date, last: date) -> ColumnElement[bool]:
    entry = InventoryEntry
    return exists().where(entry.customer_id == Customer.id, entry.taken_on.between(first, last))


def _lies_in(quadrant: Quadrant, parameters: CustomerParameters) -> ColumnElement[bool]:
    shot = CustomerSnapshot
    value, warmth = quadrant.value
    return and_(
        shot.value >= parameters.value_limit if value == "H" else shot.value < parameters.value_limit,
        shot.temperature >= parameters.temperature_limit
        if warmth == "H"
        else shot.temperature < parameters.temperature_limit,
    )

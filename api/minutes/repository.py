"""Names that minutes for wider circulation must not show."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from models.base import Repository
from models.customers.placement import placed
from models.customers.tables import Customer
from models.organisation.tables import Person


class CustomerNameRepository(Repository):
    """Customers of the subtree."""

    def named_in(self, text: str, *, on: date) -> list[str]:
        """Names in the text of customers whose agents stood in the subtree on the day, the longest first.

        Somebody of the company who bears the same name is no customer of the text.
        """
        query = placed(select(Customer.name).distinct(), Customer.agent_id, on=on, within=self.within)
        found = {name for name in self.session.scalars(query) if len(name) > 1 and name in text}
        if not found:
            return []
        colleagues = set(self.session.scalars(select(Person.name).where(Person.name.in_(found))))
        return sorted(found - colleagues, key=lambda name: (-len(name), name))
